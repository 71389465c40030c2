/* The update (section 3.3.4): the gradient renormalised by its largest, times the rate,
 * stochastically rounded to steps of the stored weights' grid. */
#include "wage/net.h"

#include <stdlib.h>

/* Weights that a task takes: whole blocks of random numbers. */
enum { CHUNK = 8192, HALFWORDS = 8 };

typedef struct {
    ag_wage *net;
    int stage, shares, shift, limit;
    uint64_t step;
} pass;

static int chunk_of(const pass *u, int task, int64_t *from)
{
    int64_t count = u->net->plan.stage[u->stage].weight_count;
    *from = (int64_t)task * CHUNK;
    return count - *from < CHUNK ? (int)(count - *from) : CHUNK;
}

/* ---- the sum of all shares and digits ---- */

/* Digit d of share w is at ((w * digits) + d) * weights. */
static uint64_t sum_digits(const pass *u, int64_t from, int count)
{
    const wg_stage *s = &u->net->plan.stage[u->stage];
    uint64_t most = 0;
    for (int64_t i = from; i < from + count; i++) {
        int64_t sum = 0;
        for (int part = 0; part < u->shares * s->digits; part++)
            sum += (int64_t)u->net->gradient[u->stage][part * s->weight_count + i] *
                   (1 << 7 * (part % s->digits));
        u->net->wide_gradient[u->stage][i] = sum;
        most = (uint64_t)llabs(sum) > most ? (uint64_t)llabs(sum) : most;
    }
    return most;
}

static int sum_chunk(void *user, int task, int worker)
{
    const pass *u = user;
    const wg_stage *s = &u->net->plan.stage[u->stage];
    int64_t from;
    int count = chunk_of(u, task, &from);
    uint64_t most;
    if (s->digits > 1) {
        most = sum_digits(u, from, count);
    } else {
        int32_t *sum = u->net->gradient[u->stage] + from;
        for (int share = 1; share < u->shares; share++)
            for (int i = 0; i < count; i++)
                sum[i] += sum[share * s->weight_count + i];
        most = u->net->kernels->largest(sum, count);
    }
    wg_worker *w = &u->net->worker[worker];
    w->steepest = most > w->steepest ? most : w->steepest;
    return AG_OK;
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

static int64_t gradient_at(const pass *u, int64_t i)
{
    return u->net->plan.stage[u->stage].digits > 1 ? u->net->wide_gradient[u->stage][i]
                                                   : u->net->gradient[u->stage][i];
}

/* Any width of gradients, errors and weights. */
static void update_wide(const pass *u, int64_t from, int count, const uint16_t *random)
{
    bool wide = u->net->plan.stage[u->stage].bits.gradients > 8;
    int16_t *w16 = u->net->stored[u->stage];
    int8_t *w8 = u->net->stored[u->stage];
    for (int64_t i = from; i < from + count; i++) {
        int64_t g = gradient_at(u, i);
        int64_t step = step_size((uint64_t)llabs(g), u->shift, random ? &random[i - from] : NULL);
        int64_t w = (wide ? w16[i] : w8[i]) - (g < 0 ? -step : step);
        w = w > u->limit ? u->limit : w < -u->limit ? -u->limit : w;
        if (wide)
            w16[i] = (int16_t)w;
        else
            w8[i] = (int8_t)w;
    }
}

static int update_chunk(void *user, int task, int worker)
{
    (void)worker;
    const pass *u = user;
    ag_wage *net = u->net;
    const wg_stage *s = &net->plan.stage[u->stage];
    int64_t from;
    int count = chunk_of(u, task, &from);
    uint16_t bits[CHUNK], *random = net->config.nearest ? NULL : bits;
    if (random) {
        uint32_t key[2] = { (uint32_t)net->seed, (uint32_t)(net->seed >> 32) };
        uint32_t counter[4] = { (uint32_t)(from / HALFWORDS),
                                AG_PURPOSE_ROUNDING + (uint32_t)s->layer, (uint32_t)u->step,
                                (uint32_t)(u->step >> 32) };
        net->kernels->random(counter, key, (count + HALFWORDS - 1) / HALFWORDS, random);
    }
    if (s->bits.gradients > 8 || s->digits > 1 || u->shift > 31 || u->shift < -31)
        update_wide(u, from, count, random);
    else
        net->kernels->update((int8_t *)net->stored[u->stage] + from, net->gradient[u->stage] + from,
                             random, count, u->shift, u->limit);
    return AG_OK;
}

void wg_update(ag_wage *net, int stage, int shares, int rate, uint64_t step)
{
    const wg_stage *s = &net->plan.stage[stage];
    pass u = { .net = net, .stage = stage, .shares = shares, .step = step };
    int tasks = (int)((s->weight_count + CHUNK - 1) / CHUNK);
    for (int i = 0; i < net->threads; i++)
        net->worker[i].steepest = 0;
    wg_run(net, tasks, sum_chunk, &u);
    uint64_t most = 0;
    for (int i = 0; i < net->threads; i++)
        most = net->worker[i].steepest > most ? net->worker[i].steepest : most;
    if (most == 0)
        return;
    u.shift = wg_nearest_power(most) - rate;
    u.limit = wg_weight_limit(s);
    wg_run(net, tasks, update_chunk, &u);
    wg_pack(net, stage);
}
