/* Shapes, offsets and memory of an exported network. */
#include "wage/export.h"
#include "wage/net.h"

enum { MAX_BATCH = 16 };

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int pack_bits(int bits)
{
    return bits == 2 ? 2 : bits <= 4 ? 4 : 8;
}

static void plan_layer(const wg_stage *s, wg_export_layer *l)
{
    *l = (wg_export_layer){
        .height = s->height,
        .width = s->width,
        .channels = s->channels,
        .kernel = s->kernel,
        .stride = s->stride,
        .top = s->top,
        .left = s->left,
        .outputs = s->n,
        .rows = (int)s->fan_in,
        .pool = s->pool ? s->pool : 1,
        .pool_stride = s->pool ? s->pool_stride : 1,
        .out_height = s->out_height,
        .out_width = s->out_width,
        .shift = s->shift,
        .limit = (1 << (s->bits.activations - 1)) - 1,
        .weight_limit = (1 << (s->bits.weights - 1)) - 1,
        .weight_shift = s->bits.gradients - s->bits.weights,
        .stored_limit = wg_weight_limit(s),
        .error_bits = s->bits.errors,
        .pack_bits = pack_bits(s->bits.weights),
        .number = s->layer,
    };
}

static bool dense(const wg_export_layer *l)
{
    return l->height * l->width * l->kernel == 1;
}

/* 32-bit numbers that learning layer i needs: see device/wage_train.c. */
static int64_t work_of(const wg_export *out, int i)
{
    const wg_export_layer *l = &out->layer[i];
    if (dense(l))
        return l->outputs + out->batch;
    return (int64_t)l->outputs * l->rows +
           (i > 0 ? (int64_t)l->height * l->width * l->channels : 0);
}

static void plan_offsets(wg_export *out)
{
    const wg_export_layer *first = &out->layer[0];
    int64_t input = (int64_t)first->height * first->width * first->channels;
    out->values = input;
    for (int i = 0; i < out->layers; i++) {
        wg_export_layer *l = &out->layer[i];
        int64_t weights = (int64_t)l->rows * l->outputs, each = 8 / l->pack_bits;
        int64_t size = (int64_t)l->out_height * l->out_width * l->outputs;
        l->weights = out->weights;
        l->packed = out->packed;
        l->input = out->values - input;
        l->output = out->values;
        out->weights += weights;
        out->packed += (l->rows + each - 1) / each * l->outputs;
        out->largest = larger(out->largest, weights);
        out->column = larger(out->column, l->rows);
        if (out->batch > 0 && dense(l))
            out->column = larger(out->column, l->outputs);
        out->runner_values = larger(out->runner_values, input + size);
        out->work = larger(out->work, work_of(out, i));
        out->values += size;
        input = size;
    }
}

int64_t wg_export_traced(const wg_export *out)
{
    return out->values - out->layer[0].output;
}

static void plan_memory(wg_export *out)
{
    ag_wage_footprint *f = &out->footprint;
    f->weights = out->weights;
    f->packed_bytes = out->packed;
    f->inference_bytes = out->runner_values + out->column;
    if (out->batch == 0)
        return;
    f->stored_bytes = out->weights * (out->wide_weights ? 2 : 1);
    f->training_bytes = 4 * out->work + 8 + f->stored_bytes + out->batch * out->values +
                        out->batch * wg_export_traced(out) + out->batch + out->column;
    f->training_bytes = (f->training_bytes + 3) / 4 * 4;
}

int wg_export_plan(const ag_wage *net, int batch, wg_export *out)
{
    const ag_wage_config *config = &net->config;
    if (batch < 0 || batch > MAX_BATCH)
        return ag_fail(AG_EINVAL,
                       "export: a device learns from 1 to %d pictures at a time (0: it does not "
                       "learn), not %d",
                       MAX_BATCH, batch);
    int failed = ag_wage_check(config, batch);
    if (failed)
        return failed;
    *out = (wg_export){ .batch = batch,
                        .picture = { config->height, config->width, config->channels },
                        .seed = net->seed,
                        .nearest = config->nearest,
                        .layers = net->plan.stages };
    for (int i = 0; i < out->layers; i++) {
        plan_layer(&net->plan.stage[i], &out->layer[i]);
        out->wide_weights |= net->plan.stage[i].bits.gradients > 8;
        if (batch > 0 && out->layer[i].error_bits > 8)
            return ag_fail(
                AG_EINVAL,
                "export: layer %d has errors of %d bits; a device learns with at most 8, "
                "or export for inference alone",
                out->layer[i].number + 1, out->layer[i].error_bits);
    }
    plan_offsets(out);
    plan_memory(out);
    if (out->footprint.packed_bytes > INT32_MAX || out->footprint.inference_bytes > INT32_MAX ||
        out->footprint.training_bytes > INT32_MAX)
        return ag_fail(AG_EINVAL, "export: the network takes more than 2 GiB");
    return AG_OK;
}
