/* Finding, checking and packing a WaveNet's weights for the sampler. */
#include "wavenet/sampler_net.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void *wn_block_take(wn_block *block, size_t count, size_t size)
{
    char *piece = block->memory ? block->memory + block->used : NULL;
    block->used += (count * size + 63) / 64 * 64;
    return piece;
}

/* ---- finding ---- */

typedef struct {
    const ag_tensors *weights;
    wn_block block;
    wn_net *net;
    int code; /* the first error; nothing is read after it */
} loader;

static int check_finite(const float *data, int64_t count, const char *name)
{
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(data[i]))
            return ag_fail(AG_EINVAL, "weight '%s' holds a value that is no finite number", name);
    return AG_OK;
}

static int find(const ag_tensors *weights, const char *name, const ag_shape *shape,
                const float **out)
{
    int index = ag_tensors_find(weights, name);
    if (index < 0)
        return ag_fail(AG_EINVAL, "the weights lack '%s', which this configuration needs", name);
    ag_shape found = ag_tensors_shape(weights, index);
    bool same = found.rank == shape->rank;
    for (int i = 0; same && i < shape->rank; i++)
        same = found.dim[i] == shape->dim[i];
    if (!same)
        return ag_fail(AG_EINVAL, "weight '%s' has another shape than this configuration needs",
                       name);
    *out = ag_tensors_data(weights, index);
    return check_finite(*out, ag_shape_count(&found), name);
}

static const float *want(loader *l, ag_shape shape, const char *format, ...) AG_PRINTF(3, 4);

/* A tensor by name; NULL after an error. Values are checked while measuring, that is once. */
static const float *want(loader *l, ag_shape shape, const char *format, ...)
{
    char name[96];
    va_list list;
    va_start(list, format);
    vsnprintf(name, sizeof(name), format, list);
    va_end(list);
    const float *data = NULL;
    if (l->block.memory)
        return ag_tensors_data(l->weights, ag_tensors_find(l->weights, name));
    if (l->code == AG_OK)
        l->code = find(l->weights, name, &shape, &data);
    return data;
}

/* ---- packing ---- */

/* Where a packed matrix comes from: columns go through `blocks` (layers), in each through `parts`
 * (gate halves) of `width` columns padded to `padded`; rows in groups of `rows` padded to
 * `rows_padded` come from `groups` (taps). blocks[b * groups + g] is [rows, parts * width]. */
typedef struct {
    const float *const *blocks;
    int groups, rows, rows_padded;
    int parts, width, padded;
} source;

static float source_at(const void *user, int i, int j)
{
    const source *s = user;
    int span = s->parts * s->padded, block = j / span;
    int part = j % span / s->padded, column = j % s->padded;
    int group = i / s->rows_padded, row = i % s->rows_padded;
    if (group >= s->groups || row >= s->rows || column >= s->width)
        return 0.0f;
    const float *data = s->blocks[block * s->groups + group];
    return data[(size_t)row * (size_t)(s->parts * s->width) + (size_t)(part * s->width + column)];
}

static void pack(loader *l, ag_weights kind, const source *s, int blocks, wn_matrix *out)
{
    int k = (s->groups - 1) * s->rows_padded + s->rows;
    if (kind == AG_WEIGHTS_INT8)
        k = (k + 3) / 4 * 4;
    int n = blocks * s->parts * s->padded;
    void *memory = wn_block_take(&l->block, 1, wn_matrix_bytes(kind, k, n));
    if (memory)
        wn_matrix_pack(kind, k, n, source_at, s, memory, out);
}

/* data [rows, parts * width] */
static void pack_one(loader *l, ag_weights kind, const float *data, int rows, int parts, int width,
                     wn_matrix *out)
{
    int padded = parts == 1 ? wn_padded(width) : wn_padded(2 * width) / 2;
    source s = { &data, 1, rows, wn_padded(rows), parts, width, padded };
    pack(l, kind, &s, 1, out);
}

/* A vector of `parts` of `width` values, padded as pack_one pads columns, at *out. */
static void copy_vector(loader *l, const float *data, int parts, int width, float **out)
{
    int padded = parts == 1 ? wn_padded(width) : wn_padded(2 * width) / 2;
    float *memory = wn_block_take(&l->block, (size_t)(parts * padded), sizeof(float));
    for (int part = 0; memory && part < parts; part++)
        memcpy(memory + part * padded, data + part * width, (size_t)width * sizeof(float));
    *out = memory;
}

static const float *vector(loader *l, const float *data, int width)
{
    float *out;
    copy_vector(l, data, 1, width, &out);
    return out;
}

/* ---- a stack ---- */

/* input [rows, R] times tap [R, 2Z] into out [rows, 2 z], in double: it is done once. */
static void multiply_table(const wn_stack *stack, const ag_wavenet_stack *c, int rows,
                           const float *tap, float *out)
{
    int half = c->gate / 2;
    double sum[AG_WAVENET_MAX_CHANNELS];
    for (int r = 0; r < rows; r++) {
        const float *x = stack->input + (size_t)r * (size_t)stack->residual;
        memset(sum, 0, sizeof(sum));
        for (int i = 0; i < c->residual; i++)
            for (int j = 0; j < c->gate; j++)
                sum[j] += (double)x[i] * (double)tap[(size_t)i * (size_t)c->gate + (size_t)j];
        float *row = out + (size_t)r * (size_t)(2 * stack->z);
        for (int j = 0; j < c->gate; j++)
            row[j < half ? j : stack->z + j - half] = (float)sum[j];
    }
}

/* The input layer and the first layer's taps as tables. */
static void build_first(loader *l, wn_stack *stack, const ag_wavenet_stack *c, const char *prefix,
                        const float *taps)
{
    int rows = stack->one_hot ? WN_NO_INPUT : 1, inputs = stack->one_hot ? WN_NO_INPUT : 2;
    const float *weight = want(l, AG_SHAPE(rows, c->residual), "%sinput.weight", prefix);
    const float *bias = want(l, AG_SHAPE(c->residual), "%sinput.bias", prefix);
    size_t width = (size_t)stack->residual,
           table = (size_t)wn_first_rows(stack) * 2 * (size_t)stack->z;
    float *input = wn_block_take(&l->block, (size_t)inputs * width, sizeof(float));
    float *first = wn_block_take(&l->block, (size_t)c->kernel * table, sizeof(float));
    if (!input)
        return;
    for (int r = 0; r < inputs; r++)
        for (int j = 0; j < c->residual; j++)
            input[(size_t)r * width + (size_t)j] =
                stack->one_hot ? weight[(size_t)r * (size_t)c->residual + (size_t)j] + bias[j]
                               : (r == 0 ? weight : bias)[j];
    stack->input = input;
    stack->first = first;
    for (int k = 0; k < c->kernel; k++)
        multiply_table(stack, c, inputs, taps + (size_t)k * (size_t)c->residual * (size_t)c->gate,
                       first + (size_t)k * table);
}

static const float *want_taps(loader *l, const ag_wavenet_stack *c, const char *prefix, int n)
{
    return want(l, AG_SHAPE(c->kernel, c->residual, c->gate), "%slayers.%d.dilated.weight", prefix,
                n);
}

static void pack_tap(loader *l, const wn_stack *stack, const ag_wavenet_stack *c,
                     const char *prefix, int n, int k, wn_matrix *out)
{
    const float *taps = want_taps(l, c, prefix, n);
    const float *tap = taps ? taps + (size_t)k * (size_t)c->residual * (size_t)c->gate : NULL;
    pack_one(l, stack->kind, tap, c->residual, 2, c->gate / 2, out);
}

/* What the chain from layer to layer reads. */
static void pack_chain(loader *l, wn_stack *stack, const ag_wavenet_stack *c, const char *prefix,
                       int n)
{
    wn_layer *layer = &stack->layer[n];
    if (n > 0)
        pack_tap(l, stack, c, prefix, n, c->kernel - 1, &layer->now);
    if (n + 1 == c->layers)
        return;
    int z = c->gate / 2;
    pack_one(l, stack->kind,
             want(l, AG_SHAPE(z, c->residual), "%slayers.%d.residual.weight", prefix, n), z, 1,
             c->residual, &layer->residual);
    layer->residual_bias = vector(
        l, want(l, AG_SHAPE(c->residual), "%slayers.%d.residual.bias", prefix, n), c->residual);
}

static void pack_skip(loader *l, wn_stack *stack, const ag_wavenet_stack *c, const char *prefix,
                      int n)
{
    int z = c->gate / 2;
    const float *data = want(l, AG_SHAPE(z, c->skip), "%slayers.%d.skip.weight", prefix, n);
    pack_one(l, stack->kind, data, z, 1, c->skip, &stack->layer[n].skip);
}

static void build_stack(loader *l, wn_stack *stack, const ag_wavenet_stack *c, const char *prefix)
{
    stack->layers = c->layers;
    /* Parts of about the same time, whichever the weights. */
    stack->border = c->layers > 1 ? c->layers * 17 / 20 : 1;
    stack->apart = c->layers > 1 ? c->layers * 13 / 20 : 1;
    stack->kernel = c->kernel;
    stack->residual = wn_padded(c->residual);
    stack->z = wn_padded(c->gate) / 2;
    stack->skip = wn_padded(c->skip);
    build_first(l, stack, c, prefix, want_taps(l, c, prefix, 0));
    for (int n = 0; n < c->layers; n++) {
        stack->layer[n].dilation = ag_wavenet_dilation(c, n);
        pack_chain(l, stack, c, prefix, n);
        pack_skip(l, stack, c, prefix, n);
    }
    for (int n = 1; n < c->layers; n++)
        for (int k = 0; k + 1 < c->kernel; k++)
            pack_tap(l, stack, c, prefix, n, k, &stack->layer[n].old[k]);
    stack->skip_bias = vector(l, want(l, AG_SHAPE(c->skip), "%sskip.bias", prefix), c->skip);
}

/* ---- conditioning ---- */

/* layers.N.NAME.weight [rows, 2Z] of all layers side by side. */
static void pack_wide(loader *l, const char *name, int rows, wn_matrix *out)
{
    const ag_wavenet_stack *c = &l->net->config.main;
    const float *blocks[AG_WAVENET_MAX_LAYERS];
    for (int n = 0; n < c->layers; n++)
        blocks[n] = want(l, AG_SHAPE(rows, c->gate), "layers.%d.%s.weight", n, name);
    source s = { blocks, 1, rows, wn_padded(rows), 2, c->gate / 2, wn_padded(c->gate) / 2 };
    pack(l, AG_WEIGHTS_F32, &s, c->layers, out);
}

static void build_upsample(loader *l, wn_upsample *up, int index)
{
    const ag_wavenet_config *c = &l->net->config;
    int channels = c->local_channels, u = c->upsample[index];
    size_t tap = (size_t)channels * (size_t)channels;
    const float *weight =
        want(l, AG_SHAPE(2 * u, channels, channels), "local.upsample.%d.weight", index);
    up->factor = u;
    up->phase = wn_block_take(&l->block, (size_t)u, sizeof(wn_matrix));
    for (int k = 0; k < u; k++) {
        const float *taps[2] = { NULL, NULL };
        if (weight) { /* of the earlier input, then of the later one */
            taps[0] = weight + (size_t)(k + u) * tap;
            taps[1] = weight + (size_t)k * tap;
        }
        wn_matrix unused, *out = up->phase ? &up->phase[k] : &unused;
        source s = { taps, 2, channels, wn_padded(channels), 1, channels, wn_padded(channels) };
        pack(l, AG_WEIGHTS_F32, &s, 1, out);
    }
    up->bias = vector(l, want(l, AG_SHAPE(channels), "local.upsample.%d.bias", index), channels);
}

static void build_local(loader *l, wn_condition_net *out)
{
    const ag_wavenet_config *c = &l->net->config;
    int width = 2 * c->local_context + 1, channels = c->local_channels;
    out->features = c->local_features;
    out->context_frames = c->local_context;
    out->hop = ag_wavenet_cond_hop(c);
    out->channels = wn_padded(channels);
    out->upsamples = c->upsamples;
    pack_one(l, AG_WEIGHTS_F32,
             want(l, AG_SHAPE(width, c->local_features, channels), "local.conv.weight"),
             width * c->local_features, 1, channels, &out->conv);
    out->conv_bias = vector(l, want(l, AG_SHAPE(channels), "local.conv.bias"), channels);
    for (int i = 0; i < c->upsamples; i++)
        build_upsample(l, &out->upsample[i], i);
    pack_wide(l, "local", channels, &out->local);
}

/* rows [count, channels] as they are; NULL without rows. */
static const float *copy_table(loader *l, const char *name, int count, int channels)
{
    if (count == 0)
        return NULL;
    size_t elements = (size_t)count * (size_t)channels;
    const float *data = want(l, AG_SHAPE(count, channels), "%s", name);
    float *memory = wn_block_take(&l->block, elements, sizeof(float));
    if (memory)
        memcpy(memory, data, elements * sizeof(float));
    return memory;
}

static void build_condition(loader *l, wn_condition_net *out)
{
    const ag_wavenet_config *c = &l->net->config;
    const ag_wavenet_stack *main = &c->main;
    int span = wn_padded(main->gate);
    out->wide = main->layers * span;
    for (int n = 0; n < main->layers; n++) {
        float *row;
        copy_vector(l, want(l, AG_SHAPE(main->gate), "layers.%d.dilated.bias", n), 2,
                    main->gate / 2, &row); /* a whole number of cache lines: the rows touch */
        if (n == 0)
            out->bias = row;
    }
    out->speakers = c->speakers;
    out->languages = c->languages;
    out->global_channels = c->global_channels;
    if (c->global_channels) {
        out->speaker = copy_table(l, "speaker.weight", c->speakers, c->global_channels);
        out->language = copy_table(l, "language.weight", c->languages, c->global_channels);
        pack_wide(l, "global", c->global_channels, &out->global);
    }
    if (c->local_features)
        build_local(l, out);
    if (c->context.layers) {
        out->context_rate = c->context_rate;
        pack_wide(l, "context", c->context.skip, &out->context);
    }
}

/* The context stack's own biases have no conditioning to join: its condition row is its bias. */
static void build_context(loader *l, wn_net *net)
{
    const ag_wavenet_stack *c = &net->config.context;
    net->context.kind = AG_WEIGHTS_F32; /* it runs once in context_rate samples */
    net->context.one_hot = false;
    build_stack(l, &net->context, c, "context.");
    for (int n = 0; n < c->layers; n++) {
        float *row;
        copy_vector(l, want(l, AG_SHAPE(c->gate), "context.layers.%d.dilated.bias", n), 2,
                    c->gate / 2, &row);
        if (n == 0)
            net->context_bias = row;
    }
}

static void build_head(loader *l, wn_net *net)
{
    const ag_wavenet_config *c = &net->config;
    int in[2] = { c->main.skip, c->head }, out[2] = { c->head, net->outputs };
    for (int i = 0; i < 2; i++) {
        pack_one(l, net->kind, want(l, AG_SHAPE(in[i], out[i]), "head.%d.weight", i), in[i], 1,
                 out[i], &net->head[i]);
        net->head_bias[i] = vector(l, want(l, AG_SHAPE(out[i]), "head.%d.bias", i), out[i]);
    }
}

static void build(loader *l)
{
    wn_net *net = l->net;
    net->main.kind = net->kind;
    net->main.one_hot = net->config.input == AG_WAVENET_ONE_HOT;
    build_stack(l, &net->main, &net->config.main, "");
    build_head(l, net);
    build_condition(l, &net->condition);
    if (net->config.context.layers)
        build_context(l, net);
}

int wn_net_new(const ag_wavenet_config *config, const ag_tensors *weights, ag_weights kind,
               wn_net **out)
{
    *out = NULL;
    wn_net *net = ag_calloc(1, sizeof(*net));
    if (!net)
        return AG_ENOMEM;
    net->config = *config;
    net->kind = kind;
    net->outputs = ag_wavenet_outputs(config);
    loader l = { .weights = weights, .net = net };
    build(&l);
    if (l.code == AG_OK) {
        net->memory = ag_malloc_aligned(l.block.used);
        l.code = net->memory ? AG_OK : AG_ENOMEM;
    }
    if (l.code < 0) {
        wn_net_free(net);
        return l.code;
    }
    l.block = (wn_block){ net->memory, 0 };
    build(&l);
    *out = net;
    return AG_OK;
}

void wn_net_free(wn_net *net)
{
    if (!net)
        return;
    ag_free(net->memory);
    ag_free(net);
}
