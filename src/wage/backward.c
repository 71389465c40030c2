/* The backward pass (section 3.3.3): errors are multiplied with the inputs for the gradients and
 * with the weights for the errors of the layer before.
 *
 * Those errors overwrite the activations that they belong to. A convolution may do so picture by
 * picture, for its workers sum gradients over pictures. A dense layer goes through its inputs in
 * slices, twice: to find the largest gradient, and to step by it; no more than a slice's gradients
 * are ever there. Its power of two is often that of the step before: the first time takes it for
 * granted and makes the new weights, and only if it was wrong the second time makes them anew. */
#include "wage/net.h"

#include <string.h>

typedef struct {
    ag_wage *net;
    const uint8_t *pictures;
    int count, stage, group;
    wg_update update;
    /* dense: */
    bool steps; /* not all gradients are 0 */
    bool guess; /* the first time makes the new weights */
    bool right; /* and they are right */
} pass;

/* ---- a convolution ---- */

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

/* w->acc [windows, n] = those of e times the weights, from all digits, `apart` bytes from one to
 * the next. */
static void multiply_digits(const ag_wage *net, const wg_stage *s, const int8_t *e, int64_t apart,
                            const wg_windows *at, const int8_t *packed, int n, wg_worker *w)
{
    int64_t sums = (int64_t)at->pictures * at->height * at->width * n;
    net->kernels->product(e, WG_SIGNED, at, packed, n, w->acc);
    for (int d = 1; d < s->digits; d++) {
        net->kernels->product(e + d * apart, WG_SIGNED, at, packed, n, w->digit);
        for (int64_t i = 0; i < sums; i++)
            w->acc[i] += w->digit[i] * (1 << 7 * d);
    }
}

/* Errors of the layer before, of pictures from `first` on: several at a time, or a band. */
static void conv_data(ag_wage *net, int stage, int64_t first, int count, const int8_t *e,
                      int64_t apart, wg_worker *w)
{
    const wg_stage *s = &net->plan.stage[stage];
    int64_t fit = WG_ACC_BUDGET / s->in_count;
    int several = fit < 1 ? 1 : fit > count ? count : (int)fit;
    for (int p = 0; p < count; p += several)
        for (int y = 0, block = 0; y < s->height; y += s->band, block++) {
            int rows = s->height - y < s->band ? s->height - y : s->band;
            int64_t sums = (int64_t)rows * s->width * s->channels;
            wg_windows at = wg_band(&s->back_windows, y, rows);
            at.pictures = count - p < several ? count - p : several;
            multiply_digits(net, s, e + p * s->spread_count + y * at.stride_y, apart, &at,
                            net->packed_back[stage], s->channels, w);
            for (int i = 0; i < at.pictures; i++)
                wg_keep_errors(net, stage - 1, first + p + i, block, w->acc + i * sums, sums, w);
        }
}

static int backward_conv(void *user, int task, int worker)
{
    const pass *b = user;
    ag_wage *net = b->net;
    wg_worker *w = &net->worker[worker];
    const wg_stage *s = &net->plan.stage[b->stage];
    int64_t first = (int64_t)task * b->group;
    int count = b->count - (int)first < b->group ? b->count - (int)first : b->group;
    const int8_t *before = s->first ? NULL : net->activation[b->stage - 1] + first * s->in_count;
    wg_range range = s->first ? WG_SIGNED : WG_UNSIGNED;
    wg_pad(net, b->stage, b->pictures + first * s->in_count, before, count, w->padded);
    wg_windows at = s->windows;
    at.pictures = count;
    const int8_t *e = wg_conv_errors(net, b->stage, first, count, w), *spreads = NULL;
    for (int d = 0; d < s->digits; d++) {
        const int8_t *digit = e + d * s->conv_count * count;
        int64_t share = (int64_t)worker * s->digits + d;
        net->kernels->pack_errors(digit, range, &at, s->n, w->errors);
        net->kernels->gradient(w->padded, range, &at, w->errors, s->n, true,
                               net->gradient[b->stage] + share * s->weight_count, w->scratch);
        const int8_t *to =
            s->first ? NULL : spread(s, digit, count, w->spread + d * s->spread_count * count);
        spreads = d == 0 ? to : spreads;
    }
    if (!s->first)
        conv_data(net, b->stage, first, count, spreads, s->spread_count * count, w);
    return AG_OK;
}

static void convolution(pass *b, int rate, uint64_t step)
{
    ag_wage *net = b->net;
    const wg_stage *s = &net->plan.stage[b->stage];
    int share = (b->count + net->threads - 1) / net->threads;
    int64_t sums = s->weight_count * s->digits * net->threads;
    b->group = s->group > share ? share : s->group;
    if (!s->first)
        wg_pack_back(net, b->stage, 0, s->channels, (int8_t *)net->gradient[b->stage],
                     net->packed_back[b->stage]);
    memset(net->gradient[b->stage], 0, (size_t)sums * sizeof(int32_t));
    wg_run(net, (b->count + b->group - 1) / b->group, backward_conv, b);
    wg_update_conv(net, b->stage, rate, step);
}

/* ---- a dense layer ---- */

static int64_t packed_apart(const ag_wage *net, const wg_stage *s)
{
    wg_windows at = wg_rows(net->batch, 0, 0);
    return ((int64_t)net->kernels->errors_bytes(&at, s->n) + 127) / 64 * 64;
}

/* The features of a task. */
static int slice_of(const pass *b, int task, int *from)
{
    const wg_stage *s = &b->net->plan.stage[b->stage];
    *from = task * s->slice;
    return s->channels - *from < s->slice ? s->channels - *from : s->slice;
}

static wg_gradient dense_gradient(const pass *b, int from, int features, wg_worker *w)
{
    const ag_wage *net = b->net;
    const wg_stage *s = &net->plan.stage[b->stage];
    wg_windows at = wg_rows(b->count, features, features);
    wg_gradient g = {
        .g = w->gradient, .wide = w->wide, .shares = 1, .apart = (int64_t)s->slice * s->n
    };
    wg_take_rows(net, b->stage, b->pictures, 0, b->count, from, features, w->padded);
    for (int d = 0; d < s->digits; d++)
        net->kernels->gradient(w->padded, s->first ? WG_SIGNED : WG_UNSIGNED, &at,
                               net->packed_errors[b->stage] + d * packed_apart(net, s), s->n, false,
                               g.g + d * g.apart, w->scratch);
    return g;
}

/* The weights of a slice, as stored. */
static void move_weights(const pass *b, int from, int features, const void *source, void *target)
{
    const wg_stage *s = &b->net->plan.stage[b->stage];
    int64_t at = wg_stored_bytes(s, (int64_t)from * s->n);
    memcpy((char *)target + at, (const char *)source + at,
           (size_t)wg_stored_bytes(s, (int64_t)features * s->n));
}

static int find_steepest(void *user, int task, int worker)
{
    const pass *b = user;
    wg_worker *w = &b->net->worker[worker];
    int from, features = slice_of(b, task, &from);
    wg_gradient g = dense_gradient(b, from, features, w);
    int64_t weights = (int64_t)features * b->net->plan.stage[b->stage].n;
    uint64_t most = wg_sum_gradient(b->net, b->stage, &g, 0, weights);
    w->steepest = most > w->steepest ? most : w->steepest;
    if (b->guess) {
        move_weights(b, from, features, b->net->stored[b->stage], b->net->guessed[b->stage]);
        wg_update_weights(b->net, &b->update, (int64_t)from * b->net->plan.stage[b->stage].n, &g, 0,
                          weights);
    }
    return AG_OK;
}

/* Errors of the layer before, of a slice: as many pictures at a time as there is room for. */
static void dense_data(const pass *b, int slice, int features, wg_worker *w)
{
    ag_wage *net = b->net;
    const wg_stage *s = &net->plan.stage[b->stage];
    const int8_t *e = s->digits > 1 ? net->digits[b->stage] : net->activation[b->stage];
    int several = WG_ACC_BUDGET / features;
    for (int p = 0; p < b->count; p += several) {
        wg_windows at = wg_rows(b->count - p < several ? b->count - p : several, s->n, s->n);
        multiply_digits(net, s, e + (int64_t)p * s->n, (int64_t)b->count * s->n, &at,
                        w->packed_back, features, w);
        for (int i = 0; i < at.width; i++)
            wg_keep_errors(net, b->stage - 1, p + i, slice, w->acc + (int64_t)i * features,
                           features, w);
    }
}

/* The weights go backward before they step, and gradients need the activations before errors take
 * their place. */
static int step_slice(void *user, int task, int worker)
{
    const pass *b = user;
    ag_wage *net = b->net;
    wg_worker *w = &net->worker[worker];
    const wg_stage *s = &net->plan.stage[b->stage];
    int from, features = slice_of(b, task, &from);
    wg_gradient g = { 0 };
    if (!s->first)
        wg_pack_back(net, b->stage, from, features, (int8_t *)w->gradient, w->packed_back);
    if (b->steps && !b->right) {
        g = dense_gradient(b, from, features, w);
        if (s->digits > 1)
            wg_sum_gradient(net, b->stage, &g, 0, (int64_t)features * s->n);
    }
    if (!s->first)
        dense_data(b, task, features, w);
    if (b->right)
        move_weights(b, from, features, net->guessed[b->stage], net->stored[b->stage]);
    else if (b->steps)
        wg_update_weights(net, &b->update, (int64_t)from * s->n, &g, 0, (int64_t)features * s->n);
    return AG_OK;
}

static void pack_dense_errors(const pass *b)
{
    const ag_wage *net = b->net;
    const wg_stage *s = &net->plan.stage[b->stage];
    const int8_t *e = net->activation[b->stage];
    int64_t count = (int64_t)b->count * s->n;
    wg_windows at = wg_rows(b->count, 0, 0);
    if (s->digits > 1) {
        wg_split_digits(net->errors[b->stage].wide, count, s->digits, count, net->digits[b->stage]);
        e = net->digits[b->stage];
    }
    for (int d = 0; d < s->digits; d++)
        net->kernels->pack_errors(e + d * count, s->first ? WG_SIGNED : WG_UNSIGNED, &at, s->n,
                                  net->packed_errors[b->stage] + d * packed_apart(net, s));
}

static void dense(pass *b, int rate, uint64_t step)
{
    ag_wage *net = b->net;
    const wg_stage *s = &net->plan.stage[b->stage];
    int slices = (s->channels + s->slice - 1) / s->slice, power = net->power[b->stage];
    pack_dense_errors(b);
    wg_forget_steepest(net);
    b->guess = power >= 0;
    b->update = wg_update_of(net, b->stage, power, rate, step);
    b->update.weights = net->guessed[b->stage];
    wg_run(net, slices, find_steepest, b);
    uint64_t steepest = wg_steepest(net);
    b->steps = steepest > 0;
    net->power[b->stage] = b->steps ? wg_nearest_power(steepest) : -1;
    b->right = b->steps && net->power[b->stage] == power;
    b->update = wg_update_of(net, b->stage, net->power[b->stage], rate, step);
    wg_run(net, slices, step_slice, b);
}

/* ---- all layers ---- */

void wg_backward(ag_wage *net, const uint8_t *pictures, int count, uint32_t largest, int rate,
                 uint64_t step)
{
    pass b = { .net = net, .pictures = pictures, .count = count };
    net->packed_now = false;
    for (b.stage = net->plan.stages - 1; b.stage >= 0; b.stage--) {
        wg_quantise_errors(net, b.stage, count, largest);
        for (int i = 0; i < net->threads; i++)
            net->worker[i].largest = 0;
        if (net->plan.stage[b.stage].dense)
            dense(&b, rate, step);
        else
            convolution(&b, rate, step);
        largest = 0;
        for (int i = 0; i < net->threads; i++)
            largest = net->worker[i].largest > largest ? net->worker[i].largest : largest;
    }
}
