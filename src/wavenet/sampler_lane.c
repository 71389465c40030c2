/* Stepping streams through the network: on one thread, or one step shared by two.
 *
 * Two threads share a step without barriers. The first runs the lower layers, and while the second
 * runs the upper ones, the head and the draw, it works off what hangs off its own: skips and work
 * ahead for the steps to come. The second does the same for its layers, and takes some of the
 * first's skips, while the first runs. Each layer's weights and past stay with one core: a cache
 * line takes some hundred nanoseconds from core to core, as long as a whole layer does. */
#include "wavenet/sampler_lane.h"

#include <sched.h>
#include <string.h>

#include "agena/audio.h"
#include "base/relax.h"

/* ---- memory ---- */

static void plan(wn_lane *lane, wn_block *block)
{
    const wn_net *net = lane->net;
    size_t rows = (size_t)lane->rows;
    int head = net->head[0].n, widest = head > net->main.skip ? head : net->main.skip;
    lane->condition = wn_block_take(block, rows * (size_t)net->condition.wide, sizeof(float));
    lane->hidden = wn_block_take(block, rows * (size_t)head, sizeof(float));
    lane->params = wn_block_take(block, rows * (size_t)net->head[1].n, sizeof(float));
    lane->room = wn_block_take(block, WN_DRAW_ROOM, sizeof(float));
    lane->q = wn_block_take(block, rows * (size_t)widest, sizeof(int8_t));
    lane->q_scale = wn_block_take(block, rows, sizeof(float));
}

int wn_lane_init(wn_lane *lane, const wn_net *net, const wn_draw *draw, int first, int rows)
{
    memset(lane, 0, sizeof(*lane));
    lane->net = net;
    lane->draw = *draw;
    lane->first = first;
    lane->rows = rows;
    wn_block block = { NULL, 0 };
    plan(lane, &block);
    lane->memory = ag_malloc_aligned(block.used);
    lane->stream = ag_malloc_aligned((size_t)rows * sizeof(*lane->stream));
    if (!lane->memory || !lane->stream)
        return AG_ENOMEM;
    block = (wn_block){ lane->memory, 0 };
    plan(lane, &block);
    int code = wn_stack_init(&lane->main, &net->main, draw->kernels, rows);
    for (int r = 0; r < rows && code == AG_OK; r++)
        code = wn_condition_init(&lane->stream[r].condition, net, draw->kernels);
    return code;
}

void wn_lane_clear(wn_lane *lane)
{
    for (int r = 0; lane->stream && r < lane->rows; r++)
        wn_condition_clear(&lane->stream[r].condition);
    wn_stack_clear(&lane->main);
    ag_free(lane->stream);
    ag_free(lane->memory);
}

/* ---- the parts of a step ---- */

/* The input of a step: what the last one ended with. */
static void begin(wn_lane *lane, int row, int mulaw, float sample)
{
    const wn_net *net = lane->net;
    wn_stack_input(&lane->main, row, net->main.one_hot ? mulaw : 0, sample);
    wn_condition_step(&lane->stream[row].condition, sample,
                      lane->condition + (size_t)row * (size_t)net->condition.wide);
}

static void rectify(float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        x[i] = x[i] > 0 ? x[i] : 0.0f;
}

/* y = bias + head.I' x, with x [rows, n]. */
static void head_layer(wn_lane *lane, int i, const float *x, int n, float *y)
{
    const wn_net *net = lane->net;
    const wn_kernels *kernels = lane->draw.kernels;
    wn_rows rows = { x, n, NULL };
    if (net->kind == AG_WEIGHTS_INT8) {
        kernels->quantise(lane->rows, n, x, n, lane->q, n, lane->q_scale);
        rows = (wn_rows){ lane->q, n, lane->q_scale };
    }
    wn_addend to = { net->head_bias[i], 0, NULL, 0 };
    kernels->multiply[net->kind](&net->head[i], lane->rows, &rows, &to, y, net->head[i].n);
}

static void follow(wn_lane *lane, const wn_run *run, int row, int64_t t)
{
    const wn_net *net = lane->net;
    wn_stream *s = &lane->stream[row];
    size_t at = (size_t)(lane->first + row) * (size_t)run->count + (size_t)t;
    const float *params = lane->params + (size_t)row * (size_t)net->head[1].n;
    if (run->given) {
        memcpy(run->params + at * (size_t)net->outputs, params,
               (size_t)net->outputs * sizeof(float));
        s->sample = run->given[at];
        s->mulaw = ag_mulaw_encode(s->sample);
    } else {
        s->sample = wn_draw_sample(&lane->draw, params, &s->rng, lane->room, &s->mulaw);
        run->audio[at] = s->sample;
    }
}

static void finish(wn_lane *lane, const wn_run *run, int64_t t)
{
    wn_stack_total(&lane->main);
    head_layer(lane, 0, lane->main.total, lane->net->main.skip, lane->hidden);
    rectify(lane->hidden, (size_t)lane->rows * (size_t)lane->net->head[0].n);
    head_layer(lane, 1, lane->hidden, lane->net->head[0].n, lane->params);
    for (int r = 0; r < lane->rows; r++)
        follow(lane, run, r, t);
}

static void chain(wn_lane *lane, int layer)
{
    wn_stack_chain(&lane->main, layer, lane->condition, lane->net->condition.wide);
}

void wn_lane_run(wn_lane *lane, const wn_run *run)
{
    for (int64_t t = run->begin; t < run->end; t++) {
        for (int r = 0; r < lane->rows; r++)
            begin(lane, r, lane->stream[r].mulaw, lane->stream[r].sample);
        for (int l = 0; l < lane->net->main.layers; l++) {
            chain(lane, l);
            wn_stack_skip(&lane->main, l);
            wn_stack_ahead(&lane->main, l);
        }
        finish(lane, run, t);
    }
}

/* ---- two threads ---- */

/* Spin for some microseconds, which is what a wait takes when both threads run; then let others
 * run. */
static void wait_for(const _Atomic int64_t *counter, int64_t value)
{
    enum { SPINS = 1000 };
    for (int spin = 0; atomic_load_explicit(counter, memory_order_acquire) < value; spin++)
        if (spin < SPINS)
            base_relax();
        else
            sched_yield();
}

static void post(_Atomic int64_t *counter, int64_t value)
{
    atomic_store_explicit(counter, value, memory_order_release);
}

/* After how many layers the first thread tells: of the skips that the second takes, several layers
 * at once. */
static bool tells(const wn_stack *stack, int done)
{
    enum { AT_ONCE = 4 };
    return done == stack->border || (done <= stack->apart && (stack->apart - done) % AT_ONCE == 0);
}

static void lead_step(wn_lane *lane)
{
    const wn_stack *stack = &lane->net->main;
    int64_t before = lane->shared++ * stack->layers;
    begin(lane, 0, lane->answered.mulaw, lane->answered.sample);
    if (stack->border < stack->layers)
        wn_stack_claim_input(&lane->main, stack->border);
    __builtin_prefetch(&lane->through);
    for (int l = 0; l < stack->border; l++) {
        /* The second's first input takes the place of one that it may still be working ahead with.
         */
        if (l + 1 == stack->border)
            wait_for(&lane->through.value, lane->shared - 1);
        chain(lane, l);
        if (tells(stack, l + 1))
            post(&lane->chained.value, before + l + 1);
    }
    for (int l = stack->apart; l < stack->border; l++)
        wn_stack_skip(&lane->main, l);
    post(&lane->summed.value, lane->shared);
    for (int l = 0; l < stack->border; l++)
        wn_stack_ahead(&lane->main, l);
    wn_stack_claim_gated(&lane->main);
}

void wn_lane_lead(wn_lane *lane, const wn_run *run)
{
    wn_stream *stream = &lane->stream[0];
    lane->run = run;
    lane->run_from = lane->shared;
    lane->answered.mulaw = stream->mulaw;
    lane->answered.sample = stream->sample;
    for (int64_t t = run->begin; t < run->end; t++) {
        lead_step(lane);
        wait_for(&lane->answered.value, lane->shared);
    }
    wait_for(&lane->through.value, lane->shared);
}

/* The first thread's skips below stack->apart, as it tells of them: asked for one batch ahead. */
static void follow_skips(wn_lane *lane, int64_t before)
{
    int apart = lane->net->main.apart;
    for (int added = 0, asked = 0; added < apart;) {
        if (added == asked)
            wait_for(&lane->chained.value, before + asked + 1);
        int64_t told = atomic_load_explicit(&lane->chained.value, memory_order_acquire) - before;
        int from = asked;
        for (; asked < told && asked < apart; asked++)
            wn_stack_fetch_gated(&lane->main, asked);
        for (; added < from; added++)
            wn_stack_skip(&lane->main, added);
        if (told >= apart)
            for (; added < apart; added++)
                wn_stack_skip(&lane->main, added);
    }
}

void wn_lane_follow(wn_lane *lane, int64_t step)
{
    const wn_stack *stack = &lane->net->main;
    int64_t before = step * stack->layers;
    follow_skips(lane, before);
    wait_for(&lane->chained.value, before + stack->border);
    for (int l = stack->border; l < stack->layers; l++) {
        chain(lane, l);
        if (l == stack->border || l + 1 == stack->layers)
            wn_stack_fetch_sum(&lane->main);
        wn_stack_skip(&lane->main, l);
    }
    wait_for(&lane->summed.value, step + 1);
    finish(lane, lane->run, lane->run->begin + (step - lane->run_from));
    lane->answered.mulaw = lane->stream[0].mulaw;
    lane->answered.sample = lane->stream[0].sample;
    post(&lane->answered.value, step + 1);
    for (int l = stack->border; l < stack->layers; l++)
        wn_stack_ahead(&lane->main, l);
    post(&lane->through.value, step + 1);
}

bool wn_lane_leads(const wn_lane *lane, int64_t step)
{
    return atomic_load_explicit(&lane->chained.value, memory_order_acquire) >
           step * lane->net->main.layers;
}
