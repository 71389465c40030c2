/* Stepping streams through the network: on one thread, or one step shared by two.
 *
 * Two threads share a step without barriers. The first runs the chain of layers, each of which
 * needs the one before. The second follows with what hangs off the chain, the skips, and then makes
 * the head and the draw; meanwhile the first works ahead, for the steps to come. */
#include "wavenet/sampler_lane.h"

#include <sched.h>
#include <string.h>

#include "agena/audio.h"

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
    lane->stream = ag_calloc((size_t)rows, sizeof(*lane->stream));
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

static void begin(wn_lane *lane)
{
    const wn_net *net = lane->net;
    for (int r = 0; r < lane->rows; r++) {
        wn_stream *s = &lane->stream[r];
        wn_stack_input(&lane->main, r, net->main.one_hot ? s->mulaw : 0, s->sample);
        wn_condition_step(&s->condition, s->sample,
                          lane->condition + (size_t)r * (size_t)net->condition.wide);
    }
}

static void rectify(float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        x[i] = x[i] > 0 ? x[i] : 0.0f;
}

/* y = bias + head.I' relu(x); x [rows, n] is overwritten. */
static void head_layer(wn_lane *lane, int i, float *x, int n, float *y)
{
    const wn_net *net = lane->net;
    const wn_kernels *kernels = lane->draw.kernels;
    rectify(x, (size_t)lane->rows * (size_t)n);
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
    head_layer(lane, 0, lane->main.sum, lane->net->main.skip, lane->hidden);
    head_layer(lane, 1, lane->hidden, lane->net->head[0].n, lane->params);
    for (int r = 0; r < lane->rows; r++)
        follow(lane, run, r, t);
}

void wn_lane_run(wn_lane *lane, const wn_run *run)
{
    for (int64_t t = run->begin; t < run->end; t++) {
        begin(lane);
        for (int l = 0; l < lane->net->main.layers; l++) {
            wn_stack_chain(&lane->main, l, lane->condition, lane->net->condition.wide);
            wn_stack_skip(&lane->main, l);
            wn_stack_ahead(&lane->main, l);
        }
        finish(lane, run, t);
    }
}

/* ---- two threads ---- */

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Spin for some microseconds, which is what a wait takes when both threads run; then let others
 * run. *known: the counter's last value seen here, so that its cache line is not asked for too
 * often. */
static void wait_for(wn_counter *counter, int64_t value, int64_t *known)
{
    enum { SPINS = 1000 };
    for (int spin = 0; *known < value; spin++) {
        *known = atomic_load_explicit(&counter->value, memory_order_acquire);
        if (spin < SPINS)
            relax();
        else
            sched_yield();
    }
}

static void post(wn_counter *counter, int64_t value)
{
    atomic_store_explicit(&counter->value, value, memory_order_release);
}

/* A counter's cache line takes time to go from core to core: tell of several layers at once, but of
 * the last one alone, for which the other thread waits. */
enum { LAYERS_AT_ONCE = 4 };

static bool tells(const wn_lane *lane, int done)
{
    int layers = lane->net->main.layers;
    return done % LAYERS_AT_ONCE == 0 || done >= layers - 1;
}

/* The second thread works ahead for the layers below this one: about what it has time for between
 * the skips, as it follows the chain and may not delay the end. */
static int border_of(const wn_lane *lane)
{
    return lane->net->main.layers * 3 / 10;
}

static void run_chain(wn_lane *lane, const wn_run *run)
{
    int layers = lane->net->main.layers, border = border_of(lane);
    int64_t finished = 0;
    for (int64_t step = 0; step < run->end - run->begin; step++) {
        wait_for(&lane->finished, step, &finished);
        begin(lane);
        for (int l = 0; l < layers; l++) {
            if (l + 2 < border)
                wn_stack_fetch_ahead(&lane->main, l + 2);
            wn_stack_chain(&lane->main, l, lane->condition, lane->net->condition.wide);
            if (tells(lane, l + 1))
                post(&lane->chained, step * layers + l + 1);
        }
        for (int l = border; l < layers; l++)
            wn_stack_ahead(&lane->main, l);
    }
}

/* What hangs off layers [from, to). */
static void run_branch(wn_lane *lane, int from, int to)
{
    for (int l = from; l < to; l++)
        wn_stack_fetch_gated(&lane->main, l);
    for (int l = from; l < to; l++)
        wn_stack_skip(&lane->main, l);
    for (int l = from; l < to && l < border_of(lane); l++)
        wn_stack_ahead(&lane->main, l);
}

static void run_branches(wn_lane *lane, const wn_run *run)
{
    int layers = lane->net->main.layers;
    int64_t chained = 0;
    for (int64_t step = 0; step < run->end - run->begin; step++) {
        for (int from = 0, to = 1; from < layers; from = to++) {
            while (!tells(lane, to))
                to++;
            wait_for(&lane->chained, step * layers + to, &chained);
            run_branch(lane, from, to);
        }
        finish(lane, run, run->begin + step);
        post(&lane->finished, step + 1);
    }
}

void wn_lane_prepare(wn_lane *lane)
{
    post(&lane->chained, 0);
    post(&lane->finished, 0);
}

void wn_lane_run_part(wn_lane *lane, const wn_run *run, int part)
{
    if (part == 0)
        run_chain(lane, run);
    else
        run_branches(lane, run);
}
