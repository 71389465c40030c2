/* bench/bench_env.c: what a step of a batch costs beyond the environments' own work: through the
 * bridge to Gymnasium, whose environments here do nothing. AGENA_PYTHON, else the virtual
 * environment of the tests (./dev test env-gym makes it), has gymnasium. */
#include "bench.h"

#include <stdlib.h>
#include <unistd.h>

#include "agena/env.h"

enum { BATCH = 8, STEPS = 20000 };

static int open_bridge(const bench_case *self, void **state)
{
    (void)self;
    if (!getenv("AGENA_PYTHON") && access(BENCH_GYM_PYTHON, X_OK) == 0)
        setenv("AGENA_PYTHON", BENCH_GYM_PYTHON, 1);
    setenv("PYTHONPATH", bench_peers_folder(), 1);
    ag_env *env;
    int code = ag_env_open("gym:trivial_world:Trivial-v0",
                           &(ag_env_options){ .batch = BATCH, .auto_reset = true }, &env);
    if (code == AG_OK)
        code = ag_env_reset(env, NULL, NULL);
    *state = env;
    return code;
}

static void close_bridge(void *state)
{
    ag_env_close(state);
}

static int measure_bridge(const bench_case *self, void *state, double *value)
{
    (void)self;
    static const double actions[BATCH];
    float observation[BATCH][4], reward[BATCH];
    uint8_t terminated[BATCH], truncated[BATCH];
    ag_env_buffers out = { .observation = { observation },
                           .reward = reward,
                           .terminated = terminated,
                           .truncated = truncated };
    double start = ag_seconds();
    int code = AG_OK;
    for (int i = 0; i < STEPS && code == AG_OK; i++)
        code = ag_env_step(state, actions, &out);
    *value = (ag_seconds() - start) / STEPS * 1e6;
    return code;
}

static const bench_case cases[] = {
    { .name = "env-bridge",
      .unit = "us/step",
      .lower_is_better = true,
      .repeats = 5,
      .open = open_bridge,
      .measure = measure_bridge,
      .close = close_bridge },
};

const bench_list bench_env_cases = { cases, sizeof(cases) / sizeof(cases[0]) };
