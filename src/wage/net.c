/* A network's memory: laid out once to learn its size, then once more inside one block. */
#include "wage/net.h"

#include <string.h>

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

static int64_t stored_bytes(const wg_stage *s)
{
    return s->weight_count * (s->bits.gradients > 8 ? 2 : 1);
}

static void place_weights(ag_wage *net, layout *l)
{
    const wg_kernels *k = net->kernels;
    for (int i = 0; i < net->plan.stages; i++) {
        const wg_stage *s = &net->plan.stage[i];
        net->stored[i] = place(l, stored_bytes(s));
        net->packed[i] =
            place(l, (int64_t)k->pack_bytes(s->windows.segments, s->windows.segment, s->n));
    }
    if (net->plan.stage[0].dense)
        net->input = place(l, net->plan.stage[0].in_count * net->chunk);
}

static void place_passing(ag_wage *net, layout *l)
{
    for (int i = 0; i < net->plan.stages; i++) {
        bool ping = i + 1 < net->plan.conv_stages;
        net->activation[i] = ping ? NULL : place(l, net->plan.stage[i].out_count * net->chunk);
    }
}

static void place_backward(ag_wage *net, int i, layout *l)
{
    const wg_stage *s = &net->plan.stage[i];
    const wg_windows *back = &s->back_windows;
    int64_t shares = s->dense ? 1 : net->threads, batch = net->batch;
    int64_t gradient = s->weight_count * shares * s->digits * (int64_t)sizeof(int32_t);
    if (i > 0) {
        net->errors[i - 1] = place(l, s->in_count * batch * (int64_t)sizeof(int32_t));
        net->packed_back[i] =
            place(l, (int64_t)net->kernels->pack_bytes(back->segments, back->segment, s->channels));
    }
    if (s->digits > 1)
        net->wide_gradient[i] = place(l, s->weight_count * (int64_t)sizeof(int64_t));
    net->gradient[i] = place(l, larger(gradient, 2 * (s->weight_count + 2 * SLACK)));
}

/* The backward pass of a layer needs its own trace and errors and what earlier layers left, so its
 * buffers begin where those of the next layer began. */
static void place_training(ag_wage *net, layout *l)
{
    size_t most = 0;
    for (int i = 0; i < net->plan.stages; i++) {
        int64_t count = net->plan.stage[i].out_count * net->batch;
        net->activation[i] = place(l, count);
        net->trace[i] = place(l, count);
        if (net->plan.stage[i].digits > 1)
            net->digits[i] =
                place(l, net->plan.stage[i].conv_count * net->plan.stage[i].digits * net->batch);
        layout after = *l;
        if (i == net->plan.stages - 1)
            net->errors[i] = place(&after, count * (int64_t)sizeof(int32_t));
        place_backward(net, i, &after);
        most = after.used > most ? after.used : most;
    }
    l->used = most;
}

/* Without training that room holds one layer's quantised weights. */
static void place_quantised(ag_wage *net, layout *l)
{
    int64_t most = 0;
    for (int i = 0; i < net->plan.stages; i++)
        most = larger(most, net->plan.stage[i].weight_count);
    int32_t *room = place(l, most);
    for (int i = 0; i < net->plan.stages; i++)
        net->gradient[i] = room;
}

static int64_t scratch_bytes(const ag_wage *net, const wg_stage *s)
{
    wg_windows at = s->windows;
    at.pictures = s->group;
    if (s->dense)
        at = wg_rows(s, net->batch, s->channels);
    return (int64_t)net->kernels->gradient_bytes(&at, s->n);
}

/* See band_rows() in forward.c: a band has two rows at least; other windows pool whole pictures. */
static int64_t sums_at_once(const wg_stage *s)
{
    bool whole = s->pool && !wg_pools_2x2(s);
    return whole ? s->conv_count : larger(WG_ACC_BUDGET, 2 * (int64_t)s->conv_width * s->n);
}

static void place_worker(const ag_wage *net, layout *l, wg_worker *w)
{
    int64_t padded = 0, unpooled = 0, spread = 0, ping = 0, acc = 0, scratch = 0;
    for (int i = 0; i < net->plan.stages; i++) {
        const wg_stage *s = &net->plan.stage[i];
        acc = larger(acc, sums_at_once(s));
        if (net->batch > 0) {
            scratch = larger(scratch, scratch_bytes(net, s));
            spread = larger(spread, s->spread_count * s->group);
            if (s->digits > 1)
                acc = larger(acc, larger(s->in_count * s->group, s->conv_count));
        }
        if (s->dense)
            continue;
        padded = larger(padded, s->padded_count * larger(s->group, net->group));
        unpooled = larger(unpooled, s->conv_count * s->group);
        ping = larger(ping, s->out_count * net->group);
    }
    w->padded = place(l, padded);
    w->acc = place(l, acc * (int64_t)sizeof(int32_t));
    w->unpooled = place(l, unpooled);
    if (net->batch > 0) {
        w->spread = place(l, spread);
        w->scratch = place(l, scratch);
    } else {
        w->ping[0] = place(l, ping);
        w->ping[1] = place(l, ping);
    }
}

static void lay_out(ag_wage *net, layout *l)
{
    wg_worker *workers = place(l, (int64_t)sizeof(wg_worker) * net->threads), none;
    net->worker = workers;
    place_weights(net, l);
    if (net->batch > 0) {
        place_training(net, l);
    } else {
        place_passing(net, l);
        place_quantised(net, l);
    }
    for (int i = 0; i < net->threads; i++)
        place_worker(net, l, workers ? &workers[i] : &none);
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
    net->group = 1;
    for (int i = 0; i < net->plan.stages; i++) {
        wg_stage *s = &net->plan.stage[i];
        int most = (net->chunk + net->threads - 1) / net->threads;
        s->group = s->group > most ? most : s->group;
        if (!s->dense && s->group > net->group)
            net->group = s->group;
    }
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
        wg_pack(net, i);
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
