/* classic/reach: push a point mass to a mark on the plane; continuous actions. */
#include <math.h>

#include "env/classic.h"

enum { LONGEST = 200 };

static const double SECONDS = 0.05, DRAG = 0.95, NEAR = 0.1;

typedef struct {
    double x, y, speed_x, speed_y, mark_x, mark_y;
    int steps;
} reach;

static int specify(const char *name, const ag_env_options *options, ag_env_spec *spec)
{
    (void)name;
    if (options->width || options->height || options->depth)
        return ag_fail(AG_EINVAL, "its observation is no picture, whose size could be chosen");
    env_observe(spec, "mass", AG_OBSERVE_FLOATS, 2, (const int[]){ 2, 2 }); /* place, speed */
    env_observe(spec, "mark", AG_OBSERVE_FLOATS, 1, (const int[]){ 2 });
    env_act(spec, "push_x", true, -1, 1);
    env_act(spec, "push_y", true, -1, 1);
    spec->frames_per_second = 1 / SECONDS;
    return AG_OK;
}

static int open_reach(const char *name, const ag_env_options *options, void **state)
{
    (void)name, (void)options;
    *state = ag_calloc(1, sizeof(reach));
    return *state ? AG_OK : AG_ENOMEM;
}

static int episode(void *state, uint64_t seed, uint64_t number)
{
    reach *r = state;
    ag_rng rng;
    ag_rng_init(&rng, seed, AG_PURPOSE_EPISODE, number);
    double *start[] = { &r->x, &r->y, &r->mark_x, &r->mark_y };
    for (int i = 0; i < 4; i++)
        *start[i] = 2 * (double)ag_rng_uniform(&rng) - 1;
    r->speed_x = r->speed_y = 0;
    r->steps = 0;
    return AG_OK;
}

static int step(void *state, const double *action, env_outcome *out)
{
    reach *r = state;
    r->speed_x = DRAG * r->speed_x + SECONDS * action[0];
    r->speed_y = DRAG * r->speed_y + SECONDS * action[1];
    r->x += SECONDS * r->speed_x;
    r->y += SECONDS * r->speed_y;
    r->steps++;
    double dx = r->x - r->mark_x, dy = r->y - r->mark_y, distance = sqrt(dx * dx + dy * dy);
    out->terminated = distance < NEAR;
    out->truncated = !out->terminated && r->steps >= LONGEST;
    out->reward = out->terminated ? 1 : -SECONDS * distance;
    return AG_OK;
}

static int observe(void *state, int observation, void *out)
{
    const reach *r = state;
    float *values = out;
    if (observation == 0) {
        values[0] = (float)r->x;
        values[1] = (float)r->y;
        values[2] = (float)r->speed_x;
        values[3] = (float)r->speed_y;
    } else {
        values[0] = (float)r->mark_x;
        values[1] = (float)r->mark_y;
    }
    return AG_OK;
}

const env_class env_reach = {
    .name = "classic/reach",
    .summary = "push a point mass to a mark (continuous actions)",
    .share = 64,
    .specify = specify,
    .open = open_reach,
    .close = ag_free,
    .episode = episode,
    .step = step,
    .observe = observe,
};
