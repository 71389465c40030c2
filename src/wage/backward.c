/* The backward pass (section 3.3.3): errors are renormalised by their largest, quantised, passed
 * through rectifier and pooling, and multiplied: with the inputs for the gradients, with the
 * weights for the errors of the layer before. */
#include "wage/net.h"

#include <string.h>

enum { FEATURES_APART = 64 };

typedef struct {
    ag_wage *net;
    const uint8_t *pictures;
    int count, stage, group;
    int shift;    /* of the errors' quantisation */
    int products; /* dense: tasks for the errors before those for gradients */
} pass;

int wg_nearest_power(uint64_t m)
{
    int k = 63 - __builtin_clzll(m);
    /* One more above 2^k sqrt(2): compared as 64-bit fractions with floor(2^63 sqrt(2)). */
    return k + (m << (63 - k) > UINT64_C(0xB504F333F9DE6484));
}

static int32_t divide_wide(int32_t v, int shift, int32_t limit)
{
    int64_t size = v < 0 ? -(int64_t)v : v;
    size = shift > 0 ? (size + ((int64_t)1 << (shift - 1))) >> shift : size << -shift;
    size = size > limit ? limit : size;
    return (int32_t)(v < 0 ? -size : size);
}

/* ---- quantisation ---- */

/* Errors of one picture of more than 8 bits, or of overlapping windows, at their places before
 * pooling. */
static void unpool_wide(const wg_stage *s, const int32_t *v, const uint8_t *trace, int shift,
                        int32_t *out)
{
    int32_t limit = (1 << (s->bits.errors - 1)) - 1;
    memset(out, 0, (size_t)s->conv_count * sizeof *out);
    int side = s->pool ? s->pool : 1, apart = s->pool ? s->pool_stride : 1;
    for (int y = 0; y < s->out_height; y++)
        for (int x = 0; x < s->out_width; x++)
            for (int c = 0; c < s->n; c++, v++, trace++) {
                if (!(*trace & WG_TRACE_POSITIVE))
                    continue;
                int which = *trace >> WG_TRACE_WHICH;
                int64_t cell =
                    (int64_t)(y * apart + which / side) * s->conv_width + x * apart + which % side;
                out[cell * s->n + c] += divide_wide(*v, shift, limit);
            }
}

static void split_digits(const int32_t *v, int64_t count, int digits, int64_t apart, int8_t *out)
{
    for (int64_t i = 0; i < count; i++) {
        int32_t rest = v[i];
        for (int d = 0; d < digits; d++, rest /= 128)
            out[d * apart + i] = (int8_t)(rest % 128);
    }
}

static int quantise_group(void *user, int task, int worker)
{
    const pass *b = user;
    ag_wage *net = b->net;
    const wg_stage *s = &net->plan.stage[b->stage];
    int first = task * b->group;
    int count = b->count - first < b->group ? b->count - first : b->group;
    const int32_t *v = net->errors[b->stage] + first * s->out_count;
    const uint8_t *trace = net->trace[b->stage] + first * s->out_count;
    if (s->digits == 1) {
        net->kernels->quantise_positive(v, trace, count * s->out_count, b->shift, s->bits.errors,
                                        net->activation[b->stage] + first * s->out_count);
        return AG_OK;
    }
    int32_t *whole = net->worker[worker].acc;
    for (int p = 0; p < count; p++) {
        unpool_wide(s, v + p * s->out_count, trace + p * s->out_count, b->shift, whole);
        split_digits(whole, s->conv_count, s->digits, s->conv_count * net->batch,
                     net->digits[b->stage] + (first + p) * s->conv_count);
    }
    return AG_OK;
}

/* Any windows; where they overlap the plan made sure that the sums of errors have 8 bits. */
static void unpool_any(const wg_stage *s, const int8_t *e, const uint8_t *trace, int8_t *out)
{
    memset(out, 0, (size_t)s->conv_count);
    for (int y = 0; y < s->out_height; y++)
        for (int x = 0; x < s->out_width; x++)
            for (int c = 0; c < s->n; c++) {
                int which = *trace++ >> WG_TRACE_WHICH;
                int64_t cell = (int64_t)(y * s->pool_stride + which / s->pool) * s->conv_width +
                               x * s->pool_stride + which % s->pool;
                out[cell * s->n + c] = (int8_t)(out[cell * s->n + c] + *e++);
            }
}

/* Errors [count, conv] of pictures from `first` on, one digit of them. */
static const int8_t *conv_errors(const ag_wage *net, int stage, int64_t first, int count, int digit,
                                 wg_worker *w)
{
    const wg_stage *s = &net->plan.stage[stage];
    if (s->digits > 1)
        return net->digits[stage] + (digit * (int64_t)net->batch + first) * s->conv_count;
    const int8_t *e = net->activation[stage] + first * s->out_count;
    const uint8_t *trace = net->trace[stage] + first * s->out_count;
    if (!s->pool)
        return e;
    for (int p = 0; p < count; p++, e += s->out_count, trace += s->out_count) {
        int8_t *to = w->unpooled + p * s->conv_count;
        if (wg_pools_2x2(s))
            net->kernels->unpool(e, trace, s->conv_height, s->conv_width, s->n, to);
        else
            unpool_any(s, e, trace, to);
    }
    return w->unpooled;
}

/* ---- the data gradient ---- */

/* Errors spread by the stride inside the margins that turn the adjoint into a convolution. */
static const int8_t *spread(const wg_stage *s, const int8_t *e, int count, int8_t *out)
{
    if (s->spread_count == s->conv_count && s->stride == 1)
        return e;
    memset(out, 0, (size_t)(s->spread_count * count));
    int64_t row = (int64_t)s->conv_width * s->n;
    for (int p = 0; p < count; p++)
        for (int y = 0; y < s->conv_height; y++, e += row) {
            int64_t line = s->margin_top + (int64_t)y * s->stride;
            int8_t *to =
                out + p * s->spread_count + (line * s->spread_width + s->margin_left) * s->n;
            if (s->stride == 1)
                memcpy(to, e, (size_t)row);
            else
                for (int x = 0; x < s->conv_width; x++)
                    memcpy(to + (int64_t)x * s->stride * s->n, e + (int64_t)x * s->n, (size_t)s->n);
        }
    return out;
}

static void add_scaled(int32_t *sum, const int32_t *v, int64_t count, int digit)
{
    for (int64_t i = 0; i < count; i++)
        sum[i] += v[i] * (1 << 7 * digit);
}

/* v [count pictures, in] = errors of the layer before, from digits of e. */
static void data_gradient(const ag_wage *net, int stage, int64_t first, int count, wg_worker *w,
                          const wg_windows *at, const int8_t *e, int digit)
{
    const wg_stage *s = &net->plan.stage[stage];
    int64_t elements = s->in_count * count;
    int32_t *errors = net->errors[stage - 1] + first * s->in_count;
    int32_t *to = digit == 0 ? errors : w->acc;
    net->kernels->product(e, WG_SIGNED, at, net->packed_back[stage], s->channels, to);
    if (digit > 0)
        add_scaled(errors, to, elements, digit);
    if (digit == s->digits - 1) {
        uint32_t most = net->kernels->keep_inside(
            errors, net->trace[stage - 1] + first * s->in_count, elements);
        w->largest = most > w->largest ? most : w->largest;
    }
}

/* ---- both for a convolution ---- */

static int backward_conv(void *user, int task, int worker)
{
    const pass *b = user;
    ag_wage *net = b->net;
    wg_worker *w = &net->worker[worker];
    const wg_stage *s = &net->plan.stage[b->stage];
    int64_t first = (int64_t)task * b->group;
    int count = b->count - (int)first < b->group ? b->count - (int)first : b->group;
    const int8_t *before = s->first ? NULL : net->activation[b->stage - 1] + first * s->in_count;
    wg_pad(net, b->stage, b->pictures + first * s->in_count, before, count, w->padded);
    wg_windows at = s->windows, back = s->back_windows;
    at.pictures = back.pictures = count;
    for (int d = 0; d < s->digits; d++) {
        const int8_t *e = conv_errors(net, b->stage, first, count, d, w);
        int64_t share = (int64_t)worker * s->digits + d;
        net->kernels->gradient(w->padded, s->first ? WG_SIGNED : WG_UNSIGNED, &at, e, s->n, true,
                               net->gradient[b->stage] + share * s->weight_count, w->scratch);
        if (!s->first)
            data_gradient(net, b->stage, first, count, w, &back, spread(s, e, count, w->spread), d);
    }
    return AG_OK;
}

/* ---- both for a dense layer ---- */

static const int8_t *dense_errors(const ag_wage *net, int stage, int digit)
{
    const wg_stage *s = &net->plan.stage[stage];
    return s->digits > 1 ? net->digits[stage] + digit * s->conv_count * net->batch
                         : net->activation[stage];
}

static void dense_data(const pass *b, int task, wg_worker *w)
{
    ag_wage *net = b->net;
    const wg_stage *s = &net->plan.stage[b->stage];
    int64_t first = (int64_t)task * b->group;
    int rows = b->count - (int)first < b->group ? b->count - (int)first : b->group;
    wg_windows at = {
        .pictures = 1, .height = 1, .width = rows, .stride_x = s->n, .segments = 1, .segment = s->n
    };
    for (int d = 0; d < s->digits; d++)
        data_gradient(net, b->stage, first, rows, w, &at,
                      dense_errors(net, b->stage, d) + first * s->n, d);
}

/* Input features from + 0 .. features - 1, of all rows. */
static void dense_gradient(const pass *b, int from, int features, wg_worker *w)
{
    ag_wage *net = b->net;
    const wg_stage *s = &net->plan.stage[b->stage];
    const int8_t *x = s->first ? net->input : net->activation[b->stage - 1];
    wg_windows at = wg_rows(s, b->count, features);
    for (int d = 0; d < s->digits; d++) {
        int32_t *dw = net->gradient[b->stage] + d * s->weight_count + (int64_t)from * s->n;
        net->kernels->gradient(x + from, s->first ? WG_SIGNED : WG_UNSIGNED, &at,
                               dense_errors(net, b->stage, d), s->n, false, dw, w->scratch);
    }
}

/* The inputs of a dense layer are split into shares of whole cache lines. */
static int features_share(const ag_wage *net, const wg_stage *s)
{
    int share = (s->channels + 2 * net->threads - 1) / (2 * net->threads);
    return (share + FEATURES_APART - 1) / FEATURES_APART * FEATURES_APART;
}

static int backward_dense(void *user, int task, int worker)
{
    const pass *b = user;
    wg_worker *w = &b->net->worker[worker];
    const wg_stage *s = &b->net->plan.stage[b->stage];
    if (task < b->products) {
        dense_data(b, task, w);
        return AG_OK;
    }
    int share = features_share(b->net, s), from = (task - b->products) * share;
    dense_gradient(b, from, s->channels - from < share ? s->channels - from : share, w);
    return AG_OK;
}

/* ---- all layers ---- */

static int groups(const pass *b)
{
    return (b->count + b->group - 1) / b->group;
}

static void quantise_errors(pass *b, uint32_t largest)
{
    const wg_stage *s = &b->net->plan.stage[b->stage];
    b->group = (b->count + 4 * b->net->threads - 1) / (4 * b->net->threads);
    /* Of errors that are all 0 any power of two makes 0. */
    b->shift = (largest > 0 ? wg_nearest_power(largest) : 0) - (s->bits.errors - 1);
    wg_run(b->net, groups(b), quantise_group, b);
}

static void multiply_errors(pass *b)
{
    ag_wage *net = b->net;
    const wg_stage *s = &net->plan.stage[b->stage];
    if (!s->first)
        wg_pack_back(net, b->stage);
    int share = (b->count + net->threads - 1) / net->threads;
    b->group = s->group > share ? share : s->group;
    if (s->dense) {
        b->products = s->first ? 0 : groups(b);
        int features = features_share(net, s);
        wg_run(net, b->products + (s->channels + features - 1) / features, backward_dense, b);
    } else {
        int64_t sums = s->weight_count * s->digits * net->threads;
        memset(net->gradient[b->stage], 0, (size_t)sums * sizeof(int32_t));
        wg_run(net, groups(b), backward_conv, b);
    }
}

void wg_backward(ag_wage *net, const uint8_t *pictures, int count, uint32_t largest, int rate,
                 uint64_t step)
{
    pass b = { .net = net, .pictures = pictures, .count = count };
    for (b.stage = net->plan.stages - 1; b.stage >= 0; b.stage--) {
        quantise_errors(&b, largest);
        for (int i = 0; i < net->threads; i++)
            net->worker[i].largest = 0;
        multiply_errors(&b);
        largest = 0;
        for (int i = 0; i < net->threads; i++)
            largest = net->worker[i].largest > largest ? net->worker[i].largest : largest;
        wg_update(net, b.stage, net->plan.stage[b.stage].dense ? 1 : net->threads, rate, step);
    }
}
