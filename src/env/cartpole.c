/* classic/cartpole: a pole on a cart (Barto, Sutton and Anderson 1983) with the equations, bounds
 * and the end after 500 steps of Gymnasium's CartPole-v1. */
#include <math.h>

#include "env/classic.h"

enum { LONGEST = 500, WIDTH = 300, HEIGHT = 200 };

static const double PI = 3.14159265358979323846;
static const double GRAVITY = 9.8, CART_MASS = 1, POLE_MASS = 0.1, HALF_POLE = 0.5, FORCE = 10;
static const double SECONDS = 0.02, FARTHEST = 2.4;

typedef struct {
    double x, speed, angle, turn; /* metres, metres/s, radians, radians/s */
    int steps;
    uint8_t picture[WIDTH * HEIGHT * 3];
} cartpole;

static double steepest(void)
{
    return 12 * 2 * PI / 360;
}

static int specify(const char *name, const ag_env_options *options, ag_env_spec *spec)
{
    (void)name;
    if (options->width || options->height || options->depth)
        return ag_fail(AG_EINVAL, "its observation is no picture, whose size could be chosen");
    env_observe(spec, "state", AG_OBSERVE_FLOATS, 1, (const int[]){ 4 });
    env_act(spec, "push", false, 0, 1);
    spec->frames_per_second = 1 / SECONDS;
    return AG_OK;
}

static int open_cartpole(const char *name, const ag_env_options *options, void **state)
{
    (void)name, (void)options;
    *state = ag_calloc(1, sizeof(cartpole));
    return *state ? AG_OK : AG_ENOMEM;
}

static int episode(void *state, uint64_t seed, uint64_t number)
{
    cartpole *c = state;
    ag_rng rng;
    ag_rng_init(&rng, seed, AG_PURPOSE_EPISODE, number);
    double *start[] = { &c->x, &c->speed, &c->angle, &c->turn };
    for (int i = 0; i < 4; i++)
        *start[i] = 0.1 * (double)ag_rng_uniform(&rng) - 0.05;
    c->steps = 0;
    return AG_OK;
}

static int step(void *state, const double *action, env_outcome *out)
{
    cartpole *c = state;
    double sine = sin(c->angle), cosine = cos(c->angle), mass = CART_MASS + POLE_MASS;
    double moment = POLE_MASS * HALF_POLE;
    double pushed = ((action[0] > 0 ? FORCE : -FORCE) + moment * (c->turn * c->turn) * sine) / mass;
    double turning = (GRAVITY * sine - cosine * pushed) /
                     (HALF_POLE * (4.0 / 3.0 - POLE_MASS * (cosine * cosine) / mass));
    double speeding = pushed - moment * turning * cosine / mass;
    c->x += SECONDS * c->speed;
    c->speed += SECONDS * speeding;
    c->angle += SECONDS * c->turn;
    c->turn += SECONDS * turning;
    c->steps++;
    out->reward = 1;
    out->terminated = fabs(c->x) > FARTHEST || fabs(c->angle) > steepest();
    out->truncated = c->steps >= LONGEST;
    return AG_OK;
}

static int observe(void *state, int observation, void *out)
{
    (void)observation;
    const cartpole *c = state;
    float *values = out;
    values[0] = (float)c->x;
    values[1] = (float)c->speed;
    values[2] = (float)c->angle;
    values[3] = (float)c->turn;
    return AG_OK;
}

static int render(void *state, const uint8_t **rgb, int *width, int *height)
{
    cartpole *c = state;
    env_canvas canvas = { c->picture, WIDTH, HEIGHT };
    double metre = WIDTH / (2 * FARTHEST);
    int middle = (int)lround(WIDTH / 2 + c->x * metre), ground = 150;
    env_fill(&canvas, 0, 0, WIDTH, HEIGHT, 0xffffff);
    env_fill(&canvas, 0, ground, WIDTH, ground + 1, 0x000000);
    env_fill(&canvas, middle - 12, ground - 8, middle + 12, ground + 8, 0x303030);
    for (int i = 0; i <= 100; i++) {
        double up = 2 * HALF_POLE * metre * i / 100;
        int x = (int)lround(middle + sin(c->angle) * up);
        int y = (int)lround(ground - 8 - cos(c->angle) * up);
        env_fill(&canvas, x - 2, y - 2, x + 2, y + 2, 0xc89664);
    }
    *rgb = c->picture;
    *width = WIDTH;
    *height = HEIGHT;
    return AG_OK;
}

const env_class env_cartpole = {
    .name = "classic/cartpole",
    .summary = "balance a pole on a cart, 500 steps at most",
    .share = 64,
    .specify = specify,
    .open = open_cartpole,
    .close = ag_free,
    .episode = episode,
    .step = step,
    .observe = observe,
    .render = render,
};
