/* The update (section 3.3.4): the gradient renormalised by its largest, times the rate,
 * stochastically rounded to steps of the stored weights' grid. */
#include "wage/net.h"

#include <stdlib.h>

/* Weights that are updated at a time: whole blocks of random numbers. */
enum { CHUNK = 8192, HALFWORDS = 8 };

/* ---- the sum of all shares and digits ---- */

/* Digit d of share w is part w * digits + d. */
static uint64_t sum_digits(const wg_stage *s, const wg_gradient *of, int64_t from, int64_t count)
{
    uint64_t most = 0;
    for (int64_t i = from; i < from + count; i++) {
        int64_t sum = 0;
        for (int part = 0; part < of->shares * s->digits; part++)
            sum += (int64_t)of->g[part * of->apart + i] * (1 << 7 * (part % s->digits));
        of->wide[i] = sum;
        most = (uint64_t)llabs(sum) > most ? (uint64_t)llabs(sum) : most;
    }
    return most;
}

uint64_t wg_sum_gradient(const ag_wage *net, int stage, const wg_gradient *of, int64_t from,
                         int64_t count)
{
    const wg_stage *s = &net->plan.stage[stage];
    if (s->digits > 1)
        return sum_digits(s, of, from, count);
    int32_t *sum = of->g + from;
    for (int share = 1; share < of->shares; share++)
        for (int64_t i = 0; i < count; i++)
            sum[i] += sum[share * of->apart + i];
    return net->kernels->largest(sum, count);
}

void wg_forget_steepest(ag_wage *net)
{
    for (int i = 0; i < net->threads; i++)
        net->worker[i].steepest = 0;
}

uint64_t wg_steepest(const ag_wage *net)
{
    uint64_t most = 0;
    for (int i = 0; i < net->threads; i++)
        most = net->worker[i].steepest > most ? net->worker[i].steepest : most;
    return most;
}

/* ---- the step ---- */

/* floor(size / 2^shift), and one more by the part cut off; see update() of the kernels. */
static int64_t step_size(uint64_t size, int shift, const uint16_t *random)
{
    if (shift <= 0) /* far beyond any weight's range */
        return size >> (31 + shift) > 0 ? INT32_MAX : (int64_t)(size << -shift);
    uint64_t cut = size & ((UINT64_C(1) << shift) - 1);
    bool up = random ? *random < (shift > 16 ? cut >> (shift - 16) : cut << (16 - shift))
                     : cut >> (shift - 1) != 0;
    return (int64_t)(size >> shift) + up;
}

/* Any width of gradients, errors and weights. */
static void update_wide(const ag_wage *net, const wg_update *u, int64_t first,
                        const wg_gradient *by, int64_t from, int64_t count, const uint16_t *random)
{
    const wg_stage *s = &net->plan.stage[u->stage];
    bool wide = s->bits.gradients > 8;
    int16_t *w16 = u->weights;
    int8_t *w8 = u->weights;
    for (int64_t i = 0; i < count; i++) {
        int64_t g = s->digits > 1 ? by->wide[from + i] : by->g[from + i];
        int64_t step = step_size((uint64_t)llabs(g), u->shift, random ? &random[i] : NULL);
        int64_t w = (wide ? w16[first + i] : w8[first + i]) - (g < 0 ? -step : step);
        w = w > u->limit ? u->limit : w < -u->limit ? -u->limit : w;
        if (wide)
            w16[first + i] = (int16_t)w;
        else
            w8[first + i] = (int8_t)w;
    }
}

static void update_chunk(const ag_wage *net, const wg_update *u, int64_t first,
                         const wg_gradient *by, int64_t from, int64_t count)
{
    const wg_stage *s = &net->plan.stage[u->stage];
    uint16_t bits[CHUNK], *random = net->config.nearest ? NULL : bits;
    if (random) {
        uint32_t key[2] = { (uint32_t)net->seed, (uint32_t)(net->seed >> 32) };
        uint32_t counter[4] = { (uint32_t)(first / HALFWORDS),
                                AG_PURPOSE_ROUNDING + (uint32_t)s->layer, (uint32_t)u->step,
                                (uint32_t)(u->step >> 32) };
        net->kernels->random(counter, key, (count + HALFWORDS - 1) / HALFWORDS, random);
    }
    if (s->bits.gradients > 8 || s->digits > 1 || u->shift > 31 || u->shift < -31)
        update_wide(net, u, first, by, from, count, random);
    else
        net->kernels->update((int8_t *)u->weights + first, by->g + from, random, count, u->shift,
                             u->limit);
}

wg_update wg_update_of(const ag_wage *net, int stage, int power, int rate, uint64_t step)
{
    return (wg_update){ .stage = stage,
                        .shift = power - rate,
                        .limit = wg_weight_limit(&net->plan.stage[stage]),
                        .step = step,
                        .weights = net->stored[stage] };
}

void wg_update_weights(const ag_wage *net, const wg_update *u, int64_t first, const wg_gradient *by,
                       int64_t from, int64_t count)
{
    for (int64_t i = 0; i < count; i += CHUNK)
        update_chunk(net, u, first + i, by, from + i, count - i < CHUNK ? count - i : CHUNK);
}

/* ---- a convolution ---- */

typedef struct {
    ag_wage *net;
    wg_gradient gradient;
    wg_update update;
} pass;

static int64_t chunk_of(const pass *c, int task, int64_t *from)
{
    int64_t count = c->net->plan.stage[c->update.stage].weight_count;
    *from = (int64_t)task * CHUNK;
    return count - *from < CHUNK ? count - *from : CHUNK;
}

static int sum_task(void *user, int task, int worker)
{
    const pass *c = user;
    wg_worker *w = &c->net->worker[worker];
    int64_t from, count = chunk_of(c, task, &from);
    uint64_t most = wg_sum_gradient(c->net, c->update.stage, &c->gradient, from, count);
    w->steepest = most > w->steepest ? most : w->steepest;
    return AG_OK;
}

static int update_task(void *user, int task, int worker)
{
    (void)worker;
    const pass *c = user;
    int64_t from, count = chunk_of(c, task, &from);
    wg_update_weights(c->net, &c->update, from, &c->gradient, from, count);
    return AG_OK;
}

void wg_update_conv(ag_wage *net, int stage, int rate, uint64_t step)
{
    const wg_stage *s = &net->plan.stage[stage];
    pass c = { .net = net,
               .gradient = { .g = net->gradient[stage],
                             .wide = net->wide_gradient[stage],
                             .shares = net->threads,
                             .apart = s->weight_count },
               .update.stage = stage };
    int tasks = (int)((s->weight_count + CHUNK - 1) / CHUNK);
    wg_forget_steepest(net);
    wg_run(net, tasks, sum_task, &c);
    uint64_t most = wg_steepest(net);
    if (most == 0)
        return;
    c.update = wg_update_of(net, stage, wg_nearest_power(most), rate, step);
    wg_run(net, tasks, update_task, &c);
}
