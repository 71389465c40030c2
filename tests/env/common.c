/* Batches with buffers, random play, checksums; failing allocations. */
#include <math.h>
#include <stdlib.h>

#include "env_test.h"

void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not contain '%s'", text, part);
}

void assert_refused(const char *name, const ag_env_options *options, int code, const char *part)
{
    ag_env *env;
    int got = ag_env_open(name, options, &env);
    if (got != code)
        fail_msg("%s: %d instead of %d (%s)", name, got, code, ag_error());
    assert_null(env);
    assert_contains(ag_error(), part);
}

void play_open(play *p, const char *name, const ag_env_options *options)
{
    *p = (play){ .batch = options->batch };
    if (ag_env_open(name, options, &p->env) != AG_OK)
        fail_msg("%s", ag_error());
    p->spec = ag_env_specification(p->env);
    size_t batch = (size_t)p->batch;
    for (int i = 0; i < p->spec->observations; i++)
        p->out.observation[i] = calloc(batch, p->spec->observation[i].bytes);
    p->out.reward = calloc(batch, sizeof(float));
    p->out.terminated = calloc(batch, 1);
    p->out.truncated = calloc(batch, 1);
    p->actions = calloc(batch * (size_t)p->spec->actions, sizeof(double));
    ag_rng_init(&p->rng, 0, AG_PURPOSE_TEST, 0);
}

void play_close(play *p)
{
    for (int i = 0; i < p->spec->observations; i++)
        free(p->out.observation[i]);
    free(p->out.reward);
    free(p->out.terminated);
    free(p->out.truncated);
    free(p->actions);
    ag_env_close(p->env);
}

static double random_action(const ag_action_spec *a, ag_rng *rng)
{
    double low = fmax(a->low, -1e6), high = fmin(a->high, 1e6);
    if (a->continuous)
        return low + (high - low) * (double)ag_rng_uniform(rng);
    return low + (double)ag_rng_below(rng, (uint64_t)(high - low) + 1);
}

int play_step(play *p)
{
    for (int i = 0; i < p->batch * p->spec->actions; i++)
        p->actions[i] = random_action(&p->spec->action[i % p->spec->actions], &p->rng);
    return ag_env_step(p->env, p->actions, &p->out);
}

/* FNV-1a. */
static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001B3u;
    return hash;
}

uint64_t play_hash(const play *p, uint64_t hash)
{
    size_t batch = (size_t)p->batch;
    for (int i = 0; i < p->spec->observations; i++)
        hash = mix(hash, p->out.observation[i], batch * p->spec->observation[i].bytes);
    hash = mix(hash, p->out.reward, batch * sizeof(float));
    hash = mix(hash, p->out.terminated, batch);
    return mix(hash, p->out.truncated, batch);
}

uint64_t play_run(play *p, int steps, uint64_t actions_seed)
{
    ag_rng_init(&p->rng, actions_seed, AG_PURPOSE_TEST, 0);
    assert_int_equal(ag_env_reset(p->env, NULL, &p->out), AG_OK);
    uint64_t hash = play_hash(p, 0xCBF29CE484222325u);
    for (int i = 0; i < steps; i++) {
        if (play_step(p) != AG_OK)
            fail_msg("%s", ag_error());
        hash = play_hash(p, hash);
    }
    return hash;
}
