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
    net->packed_now = false;
    return AG_OK;
}

/* How stored weights become those of kW bits. */
static int shift_of(const wg_stage *s)
{
    return s->bits.gradients - s->bits.weights;
}

static int limit_of(const wg_stage *s)
{
    return (1 << (s->bits.weights - 1)) - 1;
}

void wg_quantise_weights(const ag_wage *net, int stage, int64_t from, int64_t count, int8_t *out)
{
    const wg_stage *s = &net->plan.stage[stage];
    int shift = shift_of(s), limit = limit_of(s);
    if (s->bits.gradients <= 8) {
        net->kernels->narrow((const int8_t *)net->stored[stage] + from, count, shift, limit, out);
        return;
    }
    const int16_t *stored = (const int16_t *)net->stored[stage] + from;
    int half = 1 << shift >> 1;
    for (int64_t i = 0; i < count; i++) {
        int size = ((stored[i] < 0 ? -stored[i] : stored[i]) + half) >> shift;
        size = size > limit ? limit : size;
        out[i] = (int8_t)(stored[i] < 0 ? -size : size);
    }
}

void ag_wage_get_quantised(const ag_wage *net, int layer, int8_t *weights)
{
    int stage = stage_of(net, layer);
    if (stage >= 0)
        wg_quantise_weights(net, stage, 0, net->plan.stage[stage].weight_count, weights);
}

typedef struct {
    const ag_wage *net;
    int stage; /* the only one to pack, -1: all */
} pass;

static int columns_tasks(const wg_stage *s)
{
    return (s->n + WG_PACK_COLUMNS - 1) / WG_PACK_COLUMNS;
}

/* Some columns of a stage whose weights are bytes, or were made so. */
static int pack_columns(void *user, int task, int worker)
{
    (void)worker;
    const pass *k = user;
    const ag_wage *net = k->net;
    int stage = k->stage < 0 ? 0 : k->stage;
    for (; task >= columns_tasks(&net->plan.stage[stage]); stage++)
        task -= columns_tasks(&net->plan.stage[stage]);
    const wg_stage *s = &net->plan.stage[stage];
    bool wide = s->bits.gradients > 8;
    int from = task * WG_PACK_COLUMNS;
    int to = s->n - from < WG_PACK_COLUMNS ? s->n : from + WG_PACK_COLUMNS;
    if (!wide || k->stage >= 0)
        net->kernels->pack(wide ? net->quantised : net->stored[stage], s->windows.segments,
                           s->windows.segment, s->n, from, to, wide ? 0 : shift_of(s), limit_of(s),
                           net->packed[stage]);
    return AG_OK;
}

void wg_pack(ag_wage *net)
{
    pass k = { .net = net, .stage = -1 };
    int tasks = 0;
    if (net->packed_now)
        return;
    for (int i = 0; i < net->plan.stages; i++)
        tasks += columns_tasks(&net->plan.stage[i]);
    wg_run(net, tasks, pack_columns, &k);
    for (k.stage = 0; k.stage < net->plan.stages; k.stage++) {
        const wg_stage *s = &net->plan.stage[k.stage];
        if (s->bits.gradients <= 8)
            continue;
        wg_quantise_weights(net, k.stage, 0, s->weight_count, net->quantised);
        wg_run(net, columns_tasks(s), pack_columns, &k);
    }
    net->packed_now = true;
}

/* The kernel turned by half a turn, inputs and outputs exchanged: [kernel, kernel, out, in]. */
void wg_pack_back(const ag_wage *net, int stage, int from, int channels, int8_t *room,
                  int8_t *packed)
{
    const wg_stage *s = &net->plan.stage[stage];
    int64_t tap = (int64_t)channels * s->n, taps = (int64_t)s->kernel * s->kernel;
    int8_t *turned = room + (tap * taps + 127) / 64 * 64;
    wg_quantise_weights(net, stage, (int64_t)from * s->n, tap * taps, room);
    for (int64_t i = 0; i < taps; i++)
        net->kernels->transpose(room + i * tap, channels, s->n, turned + (taps - 1 - i) * tap);
    net->kernels->pack(turned, s->back_windows.segments, s->back_windows.segment, channels, 0,
                       channels, 0, limit_of(s), packed);
}
