/* Stored weights, and their quantised copies in the order that the products want. */
#include "wage/net.h"

#include <string.h>

/* The stage of a layer, -1 for pooling and layers that are not there. */
static int stage_of(const ag_wage *net, int layer)
{
    for (int i = 0; i < net->plan.stages; i++)
        if (net->plan.stage[i].layer == layer)
            return i;
    return -1;
}

static int16_t stored_at(const ag_wage *net, int stage, int64_t i)
{
    return net->plan.stage[stage].bits.gradients > 8 ? ((const int16_t *)net->stored[stage])[i]
                                                     : ((const int8_t *)net->stored[stage])[i];
}

int64_t ag_wage_weight_count(const ag_wage *net, int layer)
{
    int stage = stage_of(net, layer);
    return stage < 0 ? 0 : net->plan.stage[stage].weight_count;
}

int ag_wage_scale_shift(const ag_wage *net, int layer)
{
    int stage = stage_of(net, layer);
    return stage < 0 ? 0 : net->plan.stage[stage].alpha;
}

void ag_wage_get_weights(const ag_wage *net, int layer, int16_t *weights)
{
    int stage = stage_of(net, layer);
    for (int64_t i = 0; i < ag_wage_weight_count(net, layer); i++)
        weights[i] = stored_at(net, stage, i);
}

int ag_wage_set_weights(ag_wage *net, int layer, const int16_t *weights)
{
    int stage = stage_of(net, layer);
    if (stage < 0)
        return ag_fail(AG_EINVAL, "layer %d has no weights", layer + 1);
    const wg_stage *s = &net->plan.stage[stage];
    int limit = wg_weight_limit(s);
    for (int64_t i = 0; i < s->weight_count; i++)
        if (weights[i] > limit || weights[i] < -limit)
            return ag_fail(
                AG_EFORMAT, "layer %d: weight %lld is %d, outside +-%d (%d bits on a grid of %d)",
                layer + 1, (long long)i, weights[i], limit, s->bits.weights, s->bits.gradients);
    for (int64_t i = 0; i < s->weight_count; i++) {
        if (s->bits.gradients > 8)
            ((int16_t *)net->stored[stage])[i] = weights[i];
        else
            ((int8_t *)net->stored[stage])[i] = (int8_t)weights[i];
    }
    wg_pack(net, stage);
    return AG_OK;
}

void wg_quantise_weights(const ag_wage *net, int stage, int8_t *out)
{
    const wg_stage *s = &net->plan.stage[stage];
    int shift = s->bits.gradients - s->bits.weights, limit = (1 << (s->bits.weights - 1)) - 1;
    if (s->bits.gradients <= 8) {
        net->kernels->narrow(net->stored[stage], s->weight_count, shift, limit, out);
        return;
    }
    const int16_t *stored = net->stored[stage];
    int half = 1 << shift >> 1;
    for (int64_t i = 0; i < s->weight_count; i++) {
        int size = ((stored[i] < 0 ? -stored[i] : stored[i]) + half) >> shift;
        size = size > limit ? limit : size;
        out[i] = (int8_t)(stored[i] < 0 ? -size : size);
    }
}

void ag_wage_get_quantised(const ag_wage *net, int layer, int8_t *weights)
{
    int stage = stage_of(net, layer);
    if (stage >= 0)
        wg_quantise_weights(net, stage, weights);
}

void wg_pack(ag_wage *net, int stage)
{
    const wg_stage *s = &net->plan.stage[stage];
    int8_t *quantised = (int8_t *)net->gradient[stage];
    wg_quantise_weights(net, stage, quantised);
    net->kernels->pack(quantised, s->windows.segments, s->windows.segment, s->n,
                       net->packed[stage]);
}

/* The kernel turned by half a turn, inputs and outputs exchanged: [kernel, kernel, out, in]. */
void wg_pack_back(ag_wage *net, int stage)
{
    const wg_stage *s = &net->plan.stage[stage];
    int8_t *quantised = (int8_t *)net->gradient[stage];
    int64_t tap = (int64_t)s->channels * s->n, taps = (int64_t)s->kernel * s->kernel;
    int8_t *turned = quantised + (s->weight_count + 127) / 64 * 64;
    wg_quantise_weights(net, stage, quantised);
    for (int64_t i = 0; i < taps; i++)
        net->kernels->transpose(quantised + i * tap, s->channels, s->n,
                                turned + (taps - 1 - i) * tap);
    net->kernels->pack(turned, s->back_windows.segments, s->back_windows.segment, s->channels,
                       net->packed_back[stage]);
}
