/* bench/bench_lab.c: the 3-D world at 96 x 72 pixels: observations a second with movement, rewards
 * and resets, one action for four ticks, of one environment and of a batch on one thread and two;
 * and what a reset costs, in the mean of one level and at most in any. */
#include "bench.h"

#include <string.h>

#include "agena/env.h"

enum { REPEAT = 4, ACTIONS = 7, PIXELS = 96 * 72 * 3, MOST_BATCH = 32, RESETS = 2000, SEEDS = 100 };

static const double SECONDS = 0.5, LEVEL_SECONDS = 0.04;

typedef struct {
    const char *level; /* NULL: all, one after the other */
    int batch, threads;
} workload;

typedef struct {
    ag_env *env;
    int batch;
    ag_rng rng;
    uint8_t pixels[MOST_BATCH * PIXELS];
    float reward[MOST_BATCH];
    uint8_t terminated[MOST_BATCH], truncated[MOST_BATCH];
} room;

/* Mostly forward, with some turning: what an untrained agent's pictures are like. */
static int step(room *r)
{
    double actions[MOST_BATCH * ACTIONS] = { 0 };
    for (int i = 0; i < r->batch; i++) {
        uint32_t chance = ag_rng_u32(&r->rng);
        actions[i * ACTIONS] = (double)(chance % 9) * 5 - 20;
        actions[i * ACTIONS + 2] = (chance >> 8 & 7) == 0;
        actions[i * ACTIONS + 3] = chance >> 16 & 3 ? 1 : 0;
        actions[i * ACTIONS + 4] = (chance >> 20 & 3) == 0;
    }
    ag_env_buffers out = { .observation = { r->pixels },
                           .reward = r->reward,
                           .terminated = r->terminated,
                           .truncated = r->truncated };
    return ag_env_step(r->env, actions, &out);
}

static int open_env(room *r, const char *name, int batch, int threads)
{
    ag_env_options options = {
        .batch = batch, .threads = threads, .action_repeat = REPEAT, .auto_reset = true
    };
    r->batch = batch;
    int code = ag_env_open(name, &options, &r->env);
    return code ? code : ag_env_reset(r->env, NULL, NULL);
}

/* Observations a second over about `seconds`. */
static int rate(room *r, double seconds, double *value)
{
    int code = AG_OK;
    int64_t observations = 0;
    double start = ag_seconds(), passed = 0;
    while (code == AG_OK && passed < seconds) {
        for (int i = 0; i < 16 && code == AG_OK; i++)
            code = step(r);
        observations += (int64_t)16 * r->batch;
        passed = ag_seconds() - start;
    }
    *value = (double)observations / passed;
    return code;
}

static void close_room(void *state)
{
    room *r = state;
    if (r)
        ag_env_close(r->env);
    ag_free(r);
}

static int open_room(const bench_case *self, void **state)
{
    const workload *work = self->options;
    room *r = ag_calloc(1, sizeof *r);
    *state = r;
    if (!r)
        return AG_ENOMEM;
    ag_rng_init(&r->rng, 1, AG_PURPOSE_TEST, 0);
    int code = work->level ? open_env(r, work->level, work->batch, work->threads) : AG_OK;
    if (code) {
        close_room(r);
        *state = NULL;
    }
    return code;
}

static int measure_rate(const bench_case *self, void *state, double *value)
{
    (void)self;
    return rate(state, SECONDS, value);
}

/* The lowest, or highest, of what `measure` says of each level. */
static int over_levels(room *r, int (*measure)(room *, double *), bool highest, double *value)
{
    *value = highest ? 0 : 1e12;
    for (int i = 0; i < ag_env_count(); i++) {
        double one = 0;
        if (strncmp(ag_env_name(i), "lab/", 4) != 0)
            continue;
        int code = open_env(r, ag_env_name(i), 1, 1);
        if (!code)
            code = measure(r, &one);
        ag_env_close(r->env);
        r->env = NULL;
        if (code)
            return code;
        if (highest ? one > *value : one < *value)
            *value = one;
    }
    return AG_OK;
}

static int level_rate(room *r, double *value)
{
    return rate(r, LEVEL_SECONDS, value);
}

static int measure_slowest(const bench_case *self, void *state, double *value)
{
    (void)self;
    return over_levels(state, level_rate, false, value);
}

static int measure_reset(const bench_case *self, void *state, double *value)
{
    (void)self;
    room *r = state;
    int code = AG_OK;
    ag_env_buffers out = { .observation = { r->pixels } };
    double start = ag_seconds();
    for (int i = 0; i < RESETS && code == AG_OK; i++)
        code = ag_env_reset(r->env, NULL, &out);
    *value = (ag_seconds() - start) / RESETS * 1e6;
    return code;
}

/* Of one episode: the best of a few tries, since other programs slow down this one. */
static int time_reset(room *r, uint64_t seed, double *value)
{
    ag_env_buffers out = { .observation = { r->pixels } };
    int code = AG_OK;
    *value = 1e12;
    for (int i = 0; i < 3 && code == AG_OK; i++) {
        code = ag_env_seed(r->env, 0, seed);
        double start = ag_seconds();
        if (!code)
            code = ag_env_reset(r->env, NULL, &out);
        double one = (ag_seconds() - start) * 1e6;
        *value = one < *value ? one : *value;
    }
    return code;
}

static int level_reset(room *r, double *value)
{
    int code = AG_OK;
    *value = 0;
    for (uint64_t seed = 0; seed < SEEDS && !code; seed++) {
        double one;
        code = time_reset(r, seed, &one);
        *value = one > *value ? one : *value;
    }
    return code;
}

static int measure_longest_reset(const bench_case *self, void *state, double *value)
{
    (void)self;
    return over_levels(state, level_reset, true, value);
}

static const workload small = { "lab/explore_goal_locations_small", 1, 1 };
static const workload batch = { "lab/explore_goal_locations_small", 32, 1 };
static const workload two_threads = { "lab/explore_goal_locations_small", 32, 2 };
static const workload all_levels = { NULL, 1, 1 };

#define LAB_RATE(NAME, WORKLOAD, MEASURE)                                                          \
    .name = NAME, .unit = "observations/s", .repeats = 5, .options = &(WORKLOAD),                  \
    .open = open_room, .measure = MEASURE, .close = close_room

static const bench_case cases[] = {
    { LAB_RATE("lab-render", small, measure_rate), .peer_name = "ViZDoom",
      .peer = { "vizdoom_steps.py" } },
    { LAB_RATE("lab-render-batch", batch, measure_rate) },
    { LAB_RATE("lab-render-2threads", two_threads, measure_rate) },
    { LAB_RATE("lab-render-slowest", all_levels, measure_slowest) },
    { .name = "lab-reset",
      .unit = "us/reset",
      .lower_is_better = true,
      .repeats = 5,
      .options = &small,
      .open = open_room,
      .measure = measure_reset,
      .close = close_room },
    { .name = "lab-reset-longest",
      .unit = "us/reset",
      .lower_is_better = true,
      .repeats = 5,
      .options = &all_levels,
      .open = open_room,
      .measure = measure_longest_reset,
      .close = close_room },
};

const bench_list bench_lab_cases = { cases, sizeof(cases) / sizeof(cases[0]) };
