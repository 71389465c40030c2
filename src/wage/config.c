/* What a network must satisfy before it is built, and the plan of its shapes. */
#include "wage/net.h"

#include <stdio.h>
#include <string.h>

enum { MAX_BATCH = 1 << 16, MAX_KERNEL = 32, MAX_POOL = 8, MAX_CLASSES = 256, GROUP_ROWS = 1024 };

/* So that indices and products of two sizes fit their types. */
static const int64_t MAX_COUNT = INT32_MAX / 2;

static int fail_layer(const ag_wage_config *config, int layer, const char *what)
{
    static const char *const KINDS[] = { "convolution", "pooling", "dense" };
    return ag_fail(AG_EINVAL, "layer %d of %d (%s): %s", layer + 1, config->layers,
                   KINDS[config->layer[layer].kind], what);
}

static int check_bits(const ag_wage_bits *bits, const char *what)
{
    if (bits->weights < 2 || bits->weights > 8)
        return ag_fail(AG_EINVAL, "%s has weights of %d bits: they take 2 to 8", what,
                       bits->weights);
    if (bits->activations < 2 || bits->activations > 8)
        return ag_fail(AG_EINVAL, "%s has activations of %d bits: they take 2 to 8", what,
                       bits->activations);
    if (bits->gradients < 2 || bits->gradients > 16)
        return ag_fail(AG_EINVAL, "%s has gradients of %d bits: they take 2 to 16", what,
                       bits->gradients);
    if (bits->errors < 2 || bits->errors > 16)
        return ag_fail(AG_EINVAL, "%s has errors of %d bits: they take 2 to 16", what,
                       bits->errors);
    if (bits->gradients < bits->weights)
        return ag_fail(AG_EINVAL,
                       "%s has gradients of %d bits and weights of %d: weights are stored on the "
                       "gradients' grid, which must not be coarser",
                       what, bits->gradients, bits->weights);
    return AG_OK;
}

static bool no_bits(const ag_wage_bits *bits)
{
    return bits->weights == 0 && bits->activations == 0 && bits->gradients == 0 &&
           bits->errors == 0;
}

static int check_picture(const ag_wage_config *config, int batch)
{
    if (config->height < 1 || config->height > AG_WAGE_MAX_SIDE || config->width < 1 ||
        config->width > AG_WAGE_MAX_SIDE)
        return ag_fail(AG_EINVAL, "pictures of %d x %d: each side takes 1 to %d", config->height,
                       config->width, AG_WAGE_MAX_SIDE);
    if (config->channels < 1 || config->channels > AG_WAGE_MAX_CHANNELS)
        return ag_fail(AG_EINVAL, "pictures of %d channels: they take 1 to %d", config->channels,
                       AG_WAGE_MAX_CHANNELS);
    if (config->layers < 1 || config->layers > AG_WAGE_MAX_LAYERS)
        return ag_fail(AG_EINVAL, "a network of %d layers: it takes 1 to %d", config->layers,
                       AG_WAGE_MAX_LAYERS);
    if (batch < 0 || batch > MAX_BATCH)
        return ag_fail(AG_EINVAL, "a batch of %d pictures: it takes 0 to %d", batch, MAX_BATCH);
    return check_bits(&config->bits, "the network");
}

static int check_fields(const ag_wage_config *config, int i)
{
    const ag_wage_layer *layer = &config->layer[i];
    bool weights = layer->kind != AG_WAGE_POOL;
    if (weights && (layer->channels < 1 || layer->channels > AG_WAGE_MAX_CHANNELS))
        return fail_layer(config, i, "it has 1 to 8192 channels");
    if (!weights && (layer->channels != 0 || layer->valid || !no_bits(&layer->bits)))
        return fail_layer(config, i, "it has a window and a stride, nothing else");
    if (layer->kind == AG_WAGE_CONV && (layer->kernel < 1 || layer->kernel > MAX_KERNEL))
        return fail_layer(config, i, "its kernel's side is 1 to 32");
    if (layer->kind == AG_WAGE_POOL && (layer->kernel < 2 || layer->kernel > MAX_POOL))
        return fail_layer(config, i, "its window's side is 2 to 8");
    if (layer->kind == AG_WAGE_DENSE && (layer->kernel != 0 || layer->stride != 0 || layer->valid))
        return fail_layer(config, i, "it has no kernel, stride or padding");
    if (layer->stride < 0 || layer->stride > MAX_KERNEL)
        return fail_layer(config, i, "its stride is 1 to 32, or 0 for the usual one");
    if (!no_bits(&layer->bits)) {
        char what[32];
        snprintf(what, sizeof what, "layer %d", i + 1);
        return check_bits(&layer->bits, what);
    }
    return AG_OK;
}

static int check_order(const ag_wage_config *config, int i)
{
    ag_wage_kind kind = config->layer[i].kind;
    if (kind == AG_WAGE_POOL && (i == 0 || config->layer[i - 1].kind != AG_WAGE_CONV))
        return fail_layer(config, i, "it follows a convolution");
    if (kind == AG_WAGE_CONV && i > 0 && config->layer[i - 1].kind == AG_WAGE_DENSE)
        return fail_layer(config, i, "it cannot follow a dense layer");
    if (i == config->layers - 1 && kind != AG_WAGE_DENSE)
        return fail_layer(config, i, "the last layer is dense");
    if (i == config->layers - 1 && config->layer[i].channels > MAX_CLASSES)
        return fail_layer(config, i, "labels are bytes: there are at most 256 classes");
    return AG_OK;
}

/* Padding and size of one axis of a convolution: *out cells from `size` with *before zeros ahead of
 * it, over *padded cells. */
static void plan_axis(int size, int kernel, int stride, bool valid, int *before, int *padded,
                      int *out)
{
    *out = valid ? (size - kernel) / stride + 1 : (size + stride - 1) / stride;
    int missing = (*out - 1) * stride + kernel - size;
    *before = missing > 0 ? missing / 2 : 0;
    *padded = size + (missing > 0 ? missing : 0);
}

/* Lines from `end` on. */
static int beyond(int lines, int end)
{
    return lines > end ? lines - end : 0;
}

static void plan_conv(const ag_wage_layer *layer, wg_stage *s)
{
    s->kernel = s->dense ? 1 : layer->kernel;
    s->stride = layer->stride ? layer->stride : 1;
    plan_axis(s->height, s->kernel, s->stride, layer->valid, &s->top, &s->padded_height,
              &s->conv_height);
    plan_axis(s->width, s->kernel, s->stride, layer->valid, &s->left, &s->padded_width,
              &s->conv_width);
    s->windows = (wg_windows){
        .pictures = 1,
        .height = s->conv_height,
        .width = s->conv_width,
        .stride_picture = (ptrdiff_t)s->padded_height * s->padded_width * s->channels,
        .stride_y = (ptrdiff_t)s->stride * s->padded_width * s->channels,
        .stride_x = (ptrdiff_t)s->stride * s->channels,
        .segments = s->kernel,
        .segment = s->kernel * s->channels,
        .stride_segment = (ptrdiff_t)s->padded_width * s->channels,
        .top = s->top,
        .bottom = beyond((s->conv_height - 1) * s->stride + s->kernel, s->top + s->height),
    };
    s->margin_top = s->kernel - 1 - s->top;
    s->margin_left = s->kernel - 1 - s->left;
    s->spread_height = s->height + s->kernel - 1;
    s->spread_width = s->width + s->kernel - 1;
    s->back_windows = (wg_windows){
        .pictures = 1,
        .height = s->height,
        .width = s->width,
        .stride_picture = (ptrdiff_t)s->spread_height * s->spread_width * s->n,
        .stride_y = (ptrdiff_t)s->spread_width * s->n,
        .stride_x = s->n,
        .segments = s->kernel,
        .segment = s->kernel * s->n,
        .stride_segment = (ptrdiff_t)s->spread_width * s->n,
        .top = s->margin_top,
        .bottom = beyond(s->spread_height, s->margin_top + (s->conv_height - 1) * s->stride + 1),
    };
}

static void plan_pool(const ag_wage_layer *layer, wg_stage *s)
{
    s->pool = layer->kernel;
    s->pool_stride = layer->stride ? layer->stride : layer->kernel;
    int places = s->pool * s->pool;
    s->which_bits = places <= 4 ? 2 : places <= 16 ? 4 : 8;
}

/* Cells of a side after pooling; 0 or less when the window does not fit. */
static int pooled(const wg_stage *s, int side)
{
    if (!s->pool)
        return side;
    return side < s->pool ? 0 : (side - s->pool) / s->pool_stride + 1;
}

static int64_t volume(int64_t a, int64_t b, int64_t c)
{
    return a * b * c; /* sides <= 1024 + 62, channels <= 2^13 * 2^10: below 2^44 */
}

static int count_elements(const ag_wage_config *config, wg_stage *s)
{
    s->in_count = volume(s->height, s->width, s->channels);
    s->padded_count = volume(s->padded_height, s->padded_width, s->channels);
    s->conv_count = volume(s->conv_height, s->conv_width, s->n);
    s->out_count = volume(s->out_height, s->out_width, s->n);
    s->spread_count = volume(s->spread_height, s->spread_width, s->n);
    s->fan_in = volume(s->kernel, s->kernel, s->channels);
    if (s->padded_count > MAX_COUNT || s->conv_count > MAX_COUNT || s->spread_count > MAX_COUNT)
        return fail_layer(config, s->layer, "its activations are more than 2^30 a picture");
    if (s->fan_in * s->n > MAX_COUNT)
        return fail_layer(config, s->layer, "it has more than 2^30 weights");
    s->weight_count = s->fan_in * s->n;
    return AG_OK;
}

/* Errors that can meet at one place of overlapping pooling windows. */
static int overlap(const wg_stage *s)
{
    int side = s->pool ? (s->pool + s->pool_stride - 1) / s->pool_stride : 1;
    return side * side;
}

static int largest_of(int bits)
{
    return (1 << (bits - 1)) - 1;
}

static int digits_for(int64_t size)
{
    int digits = 1;
    for (int64_t most = 127; most < size; most = most * 128 + 127)
        digits++;
    return digits;
}

static int check_sum(const ag_wage_config *config, int layer, const char *what, int64_t terms,
                     int64_t a, int64_t b)
{
    if (terms > INT32_MAX / (a * b))
        return ag_fail(AG_EINVAL,
                       "layer %d of %d: %s may reach %lld x %lld x %lld, and sums have 32 bits "
                       "(at most 2147483647): use fewer bits, channels or pictures",
                       layer + 1, config->layers, what, (long long)terms, (long long)a,
                       (long long)b);
    return AG_OK;
}

/* No sum of 32 bits can overflow, whatever the data. */
static int check_sums(const ag_wage_config *config, wg_stage *s, int batch)
{
    int64_t x = largest_of(s->first ? 8 : s->in_bits), w = largest_of(s->bits.weights);
    int64_t e = largest_of(s->bits.errors) * (int64_t)overlap(s);
    s->digits = digits_for(e);
    int code = check_sum(config, s->layer, "an output", s->fan_in, x, w);
    if (code == AG_OK && batch > 0 && !s->first)
        code = check_sum(config, s->layer, "an error", (int64_t)s->kernel * s->kernel * s->n, e, w);
    /* The gradient by one digit: a window of the pooling puts its error at one place. */
    int64_t windows = (int64_t)s->out_height * s->out_width;
    int64_t digit = s->digits > 1 ? 127 : largest_of(s->bits.errors);
    if (code == AG_OK && batch > 0)
        code = check_sum(config, s->layer, "a gradient", batch * windows, x, digit);
    return code;
}

static int plan_stage(const ag_wage_config *config, int layer, wg_plan *plan, int batch)
{
    wg_stage *s = &plan->stage[plan->stages];
    const wg_stage *before = plan->stages > 0 ? s - 1 : NULL;
    const ag_wage_layer *l = &config->layer[layer];
    s->layer = layer;
    s->dense = l->kind == AG_WAGE_DENSE;
    s->first = !before;
    s->last = layer == config->layers - 1;
    s->bits = no_bits(&l->bits) ? config->bits : l->bits;
    s->in_bits = before ? before->bits.activations : 8;
    s->height = before ? before->out_height : config->height;
    s->width = before ? before->out_width : config->width;
    s->channels = before ? before->n : config->channels;
    if (s->dense) {
        int64_t features = volume(s->height, s->width, s->channels);
        if (features > MAX_COUNT)
            return fail_layer(config, layer, "it has more than 2^30 inputs");
        s->channels = (int)features;
        s->height = s->width = 1;
    }
    s->n = l->channels;
    if (l->valid && (l->kernel > s->height || l->kernel > s->width))
        return fail_layer(config, layer, "its kernel is larger than its input");
    plan_conv(l, s);
    if (layer + 1 < config->layers && config->layer[layer + 1].kind == AG_WAGE_POOL)
        plan_pool(&config->layer[layer + 1], s);
    s->out_height = pooled(s, s->conv_height);
    s->out_width = pooled(s, s->conv_width);
    if (s->out_height < 1 || s->out_width < 1)
        return fail_layer(config, layer + 1, "its window is larger than its input");
    int code = count_elements(config, s);
    if (code == AG_OK)
        code = check_sums(config, s, batch);
    if (code != AG_OK)
        return code;
    s->he = config->he;
    s->alpha = config->unscaled ? 0 : wg_alpha(s->fan_in, s->bits.weights, s->he);
    s->shift = s->in_bits - 1 + s->bits.weights - 1 + s->alpha - (s->bits.activations - 1);
    int rows = s->conv_height * s->conv_width;
    s->group = rows < GROUP_ROWS ? GROUP_ROWS / rows : 1;
    plan->stages++;
    plan->conv_stages += !s->dense;
    return AG_OK;
}

int wg_plan_make(const ag_wage_config *config, int batch, wg_plan *plan)
{
    memset(plan, 0, sizeof *plan);
    int code = check_picture(config, batch);
    for (int i = 0; i < config->layers && code == AG_OK; i++) {
        if ((unsigned)config->layer[i].kind > AG_WAGE_DENSE)
            return ag_fail(AG_EINVAL, "layer %d of %d is of no known kind", i + 1, config->layers);
        code = check_fields(config, i);
        if (code == AG_OK)
            code = check_order(config, i);
    }
    for (int i = 0; i < config->layers && code == AG_OK; i++)
        if (config->layer[i].kind != AG_WAGE_POOL)
            code = plan_stage(config, i, plan, batch);
    return code;
}

int ag_wage_check(const ag_wage_config *config, int batch)
{
    wg_plan plan;
    return wg_plan_make(config, batch, &plan);
}
