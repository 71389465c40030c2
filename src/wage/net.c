/* A network's memory: laid out once to learn its size, then once more inside one block. */
#include "wage/net.h"

#include <string.h>

#include "wage/kernels/fields.h"

/* Kernels may read 64 bytes past an operand; everything begins on 64 bytes. */
enum { SLACK = 64, INFERENCE_CHUNK = 256 };

typedef struct {
    uint8_t *base; /* NULL: count alone */
    size_t used;
} layout;

static void *place(layout *l, int64_t bytes)
{
    void *at = l->base ? l->base + l->used : NULL;
    l->used += ((size_t)bytes + SLACK + 63) / 64 * 64;
    return at;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- what a step needs beside the workers' rooms ---- */

static void place_stored(ag_wage *net, layout *l)
{
    for (int i = 0; i < net->plan.stages; i++) {
        const wg_stage *s = &net->plan.stage[i];
        net->stored[i] = place(l, wg_stored_bytes(s, s->weight_count));
    }
}

static void place_packed(ag_wage *net, layout *l)
{
    int64_t quantised = 0;
    for (int i = 0; i < net->plan.stages; i++) {
        const wg_stage *s = &net->plan.stage[i];
        const wg_windows *at = &s->windows;
        net->packed[i] =
            place(l, (int64_t)net->kernels->pack_bytes(at->segments, at->segment, s->n));
        if (s->bits.gradients > 8)
            quantised = larger(quantised, s->weight_count);
    }
    net->quantised = place(l, quantised);
}

static void place_passing(ag_wage *net, layout *l)
{
    for (int i = 0; i < net->plan.stages; i++) {
        bool ping = i + 1 < net->plan.conv_stages;
        net->activation[i] = ping ? NULL : place(l, net->plan.stage[i].out_count * net->chunk);
    }
}

/* Errors of a stage until they are quantised; wide ones have a place of their own. */
static void place_errors(ag_wage *net, int i, layout *l)
{
    const wg_stage *s = &net->plan.stage[i];
    if (s->bits.errors > 8)
        return;
    net->errors[i].low = place(l, wg_low_bytes(s) * net->batch);
    net->errors[i].cuts = place(l, (int64_t)s->blocks * net->batch);
}

static void place_dense(ag_wage *net, int i, layout *l)
{
    const wg_stage *s = &net->plan.stage[i];
    wg_windows at = wg_rows(net->batch, 0, 0);
    int64_t packed = (int64_t)net->kernels->errors_bytes(&at, s->n) + SLACK;
    if (s->digits > 1)
        net->digits[i] = place(l, s->out_count * s->digits * net->batch);
    net->packed_errors[i] = place(l, (packed + 63) / 64 * 64 * s->digits);
    net->guessed[i] = place(l, wg_stored_bytes(s, s->weight_count));
}

/* Two copies of weights in bytes, for wg_pack_back(). */
static int64_t two_copies(int64_t weights)
{
    return 2 * (weights + 2 * SLACK);
}

static void place_conv(ag_wage *net, int i, layout *l)
{
    const wg_stage *s = &net->plan.stage[i];
    const wg_windows *back = &s->back_windows;
    int64_t shares = s->weight_count * net->threads * s->digits;
    if (i > 0)
        net->packed_back[i] =
            place(l, (int64_t)net->kernels->pack_bytes(back->segments, back->segment, s->channels));
    if (s->digits > 1)
        net->wide_gradient[i] = place(l, s->weight_count * (int64_t)sizeof(int64_t));
    net->gradient[i] =
        place(l, larger(shares * (int64_t)sizeof(int32_t), two_copies(s->weight_count)));
}

static void place_outputs(ag_wage *net, int i, layout *l)
{
    const wg_stage *s = &net->plan.stage[i];
    net->activation[i] = place(l, s->out_count * net->batch);
    if (s->pool)
        net->which[i] = place(l, wg_fields_bytes(s->out_count, s->which_bits) * net->batch);
    if (s->bits.errors > 8)
        net->errors[i].wide = place(l, s->out_count * net->batch * (int64_t)sizeof(int32_t));
}

/* The backward pass of a layer needs what the forward pass left of it and of earlier layers, so its
 * buffers begin where those of the next layer began; the packed weights of the forward pass are
 * there too. Errors that wait in such a buffer are quantised before it is used for anything else.
 */
static void place_training(ag_wage *net, layout *l)
{
    size_t most = 0;
    int last = net->plan.stages - 1;
    net->clipped = place(l, net->plan.stage[last].out_count * net->batch);
    for (int i = 0; i <= last; i++) {
        place_outputs(net, i, l);
        layout after = *l;
        if (i == last)
            place_errors(net, i, &after);
        if (i > 0)
            place_errors(net, i - 1, &after);
        if (net->plan.stage[i].dense)
            place_dense(net, i, &after);
        else
            place_conv(net, i, &after);
        most = after.used > most ? after.used : most;
    }
    place_packed(net, l);
    l->used = l->used > most ? l->used : most;
}

/* ---- the workers' rooms ---- */

/* See band_rows() in forward.c: a band has two rows at least; other windows pool whole pictures. */
static int64_t sums_at_once(const wg_stage *s)
{
    bool whole = s->pool && !wg_pools_2x2(s);
    return whole ? s->conv_count : larger(WG_ACC_BUDGET, 2 * (int64_t)s->conv_width * s->n);
}

/* For all layers, and both passes. */
static void place_common(const ag_wage *net, layout *l, wg_worker *w)
{
    int64_t padded = 0, acc = 0, ping = 0, digit = 0, scratch = 0;
    for (int i = 0; i < net->plan.stages; i++) {
        const wg_stage *s = &net->plan.stage[i];
        acc = larger(acc, sums_at_once(s));
        if (s->dense) {
            int64_t rows = net->batch > 0 || s->first ? smaller(WG_DENSE_ROWS, net->chunk) : 0;
            padded = larger(padded, larger(s->channels * rows, (int64_t)s->slice * net->batch));
        } else {
            padded = larger(padded, s->padded_count * larger(s->group, net->group));
            ping = larger(ping, s->out_count * net->group);
        }
        if (net->batch == 0)
            continue;
        wg_windows at = s->dense ? wg_rows(net->batch, s->slice, s->slice) : s->windows;
        at.pictures = s->dense ? 1 : s->group;
        scratch = larger(scratch, (int64_t)net->kernels->gradient_bytes(&at));
        int64_t errors = s->dense || s->first ? 0 : (int64_t)s->band * s->width * s->channels;
        acc = larger(acc, larger(errors, s->digits > 1 ? s->conv_count : 0));
        if (s->digits > 1)
            digit = larger(digit, larger(errors, WG_ACC_BUDGET));
    }
    w->padded = place(l, padded);
    w->acc = place(l, acc * (int64_t)sizeof(int32_t));
    if (net->batch > 0) {
        w->digit = place(l, digit * (int64_t)sizeof(int32_t));
        w->scratch = place(l, scratch);
        return;
    }
    w->ping[0] = place(l, ping);
    w->ping[1] = place(l, ping);
}

static void place_conv_room(const ag_wage *net, layout *l, wg_worker *w)
{
    int64_t which = 0, unpooled = 0, spread = 0, errors = 0;
    for (int i = 0; i < net->plan.conv_stages; i++) {
        const wg_stage *s = &net->plan.stage[i];
        which = larger(which, s->pool ? s->out_count : 0);
        if (net->batch == 0)
            continue;
        wg_windows at = s->windows;
        at.pictures = s->group;
        errors = larger(errors, (int64_t)net->kernels->errors_bytes(&at, s->n));
        if (s->pool || s->digits > 1)
            unpooled = larger(unpooled, s->conv_count * s->group * s->digits);
        if (!s->first)
            spread = larger(spread, s->spread_count * s->group * s->digits);
    }
    w->which = place(l, which);
    if (net->batch == 0)
        return;
    w->unpooled = place(l, unpooled);
    w->spread = place(l, spread);
    w->errors = place(l, errors);
}

static void place_dense_room(const ag_wage *net, layout *l, wg_worker *w)
{
    int64_t gradient = 0, wide = 0, back = 0;
    for (int i = net->plan.conv_stages; i < net->plan.stages; i++) {
        const wg_stage *s = &net->plan.stage[i];
        int64_t weights = (int64_t)s->slice * s->n;
        gradient = larger(gradient, weights * s->digits * (int64_t)sizeof(int32_t));
        gradient = larger(gradient, two_copies(weights));
        wide = larger(wide, s->digits > 1 ? weights * (int64_t)sizeof(int64_t) : 0);
        back = larger(back, (int64_t)net->kernels->pack_bytes(1, s->n, s->slice));
    }
    w->gradient = place(l, gradient);
    w->wide = place(l, wide);
    w->packed_back = place(l, back);
}

/* Convolutions and dense layers never run at the same time. */
static void place_worker(const ag_wage *net, layout *l, wg_worker *w)
{
    place_common(net, l, w);
    layout conv = *l, dense = *l;
    place_conv_room(net, &conv, w);
    if (net->batch > 0)
        place_dense_room(net, &dense, w);
    l->used = conv.used > dense.used ? conv.used : dense.used;
}

static void lay_out(ag_wage *net, layout *l)
{
    wg_worker *workers = place(l, (int64_t)sizeof(wg_worker) * net->threads), none;
    net->worker = workers;
    place_stored(net, l);
    if (net->batch > 0) {
        place_training(net, l);
    } else {
        place_packed(net, l);
        place_passing(net, l);
    }
    for (int i = 0; i < net->threads; i++)
        place_worker(net, l, workers ? &workers[i] : &none);
}

/* ---- how much at a time ---- */

enum { FEATURES_APART = 64 };

/* Features of a dense layer's input whose gradients fit a worker's budget, in shares of whole cache
 * lines, several for each worker. */
static int slice_of(const ag_wage *net, const wg_stage *s)
{
    int64_t fit = WG_ACC_BUDGET / larger(s->n, net->batch);
    int64_t share = (s->channels + 2 * net->threads - 1) / (2 * net->threads);
    share = (share + FEATURES_APART - 1) / FEATURES_APART * FEATURES_APART;
    fit = larger(fit / FEATURES_APART * FEATURES_APART, FEATURES_APART);
    return (int)smaller(smaller(fit, share), s->channels);
}

/* How a stage's errors are divided into blocks: by what the next stage makes of them at a time. */
static void plan_block(wg_stage *s, const wg_stage *next)
{
    s->block = !next         ? s->out_count
               : next->dense ? next->slice
                             : (int64_t)next->band * next->width * next->channels;
    s->blocks = (int)((s->out_count + s->block - 1) / s->block);
}

static void plan_amounts(ag_wage *net)
{
    net->group = 1;
    for (int i = net->plan.stages - 1; i >= 0; i--) {
        wg_stage *s = &net->plan.stage[i];
        int most = (net->chunk + net->threads - 1) / net->threads;
        s->group = s->group > most ? most : s->group;
        if (!s->dense && s->group > net->group)
            net->group = s->group;
        int64_t rows = WG_ACC_BUDGET / ((int64_t)s->width * s->channels);
        s->band = (int)larger(smaller(rows, s->height), 1);
        s->slice = s->dense && net->batch > 0 ? slice_of(net, s) : 0;
        if (net->batch > 0)
            plan_block(s, s->last ? NULL : s + 1);
    }
}

/* Q(p / 127.5 - 1, 8) = round((2p - 255) * 128 / 255), clipped. */
static void fill_pixels(int8_t pixel[256])
{
    for (int p = 0; p < 256; p++) {
        int scaled = (2 * p - 255) * 128;
        int n = ((scaled < 0 ? -scaled : scaled) * 2 + 255) / (2 * 255);
        n = n > 127 ? 127 : n;
        pixel[p] = (int8_t)(scaled < 0 ? -n : n);
    }
}

static int fit(ag_wage *net)
{
    net->chunk = net->batch > 0 ? net->batch : INFERENCE_CHUNK;
    plan_amounts(net);
    layout l = { .base = NULL };
    lay_out(net, &l);
    net->memory = ag_malloc_aligned(l.used);
    if (!net->memory)
        return AG_ENOMEM;
    net->bytes = sizeof *net + l.used;
    l = (layout){ .base = net->memory };
    lay_out(net, &l);
    return AG_OK;
}

int wg_new_with(const wg_kernels *kernels, const ag_wage_config *config, int batch, uint64_t seed,
                ag_pool *pool, ag_wage **out)
{
    *out = NULL;
    ag_wage *net = ag_calloc(1, sizeof *net);
    if (!net)
        return AG_ENOMEM;
    net->config = *config;
    net->batch = batch;
    net->seed = seed;
    net->pool = pool;
    net->threads = pool ? ag_pool_threads(pool) : 1;
    net->kernels = kernels;
    fill_pixels(net->pixel);
    int code = wg_plan_make(config, batch, &net->plan);
    if (code == AG_OK)
        code = fit(net);
    if (code != AG_OK) {
        ag_wage_free(net);
        return code;
    }
    for (int i = 0; i < net->plan.stages; i++) {
        wg_draw(net, i);
        net->power[i] = -1;
    }
    *out = net;
    return AG_OK;
}

int ag_wage_new(const ag_wage_config *config, int batch, uint64_t seed, ag_pool *pool,
                ag_wage **out)
{
    return wg_new_with(wg_kernels_best(), config, batch, seed, pool, out);
}

void ag_wage_free(ag_wage *net)
{
    if (!net)
        return;
    ag_free(net->memory);
    ag_free(net);
}

const ag_wage_config *ag_wage_configuration(const ag_wage *net)
{
    return &net->config;
}

uint64_t ag_wage_seed(const ag_wage *net)
{
    return net->seed;
}

size_t ag_wage_bytes(const ag_wage *net)
{
    return net->bytes;
}

void wg_run(ag_wage *net, int tasks, ag_task_fn fn, void *user)
{
    if (net->pool) {
        ag_pool_run(net->pool, tasks, fn, user);
        return;
    }
    for (int i = 0; i < tasks; i++)
        fn(user, i, 0);
}
