/* classic/gridworld: find the goal in a walled square of cells, seen from above as a picture.
 * Walls, start and goal are drawn anew each episode, and there is always a way. */
#include <string.h>

#include "env/classic.h"

enum { SIDE = 8, CELLS = SIDE * SIDE, INNER_WALLS = 10, LONGEST = 100, USUAL = 56, MOST = 1024 };

typedef struct {
    bool wall[CELLS];
    int agent, goal, steps;
    env_canvas canvas; /* its picture, for people */
} gridworld;

static int specify(const char *name, const ag_env_options *options, ag_env_spec *spec)
{
    (void)name;
    int width = options->width ? options->width : USUAL;
    int height = options->height ? options->height : USUAL;
    if (width < SIDE || width > MOST || height < SIDE || height > MOST)
        return ag_fail(AG_EINVAL, "its picture has %d to %d pixels a side, not %d by %d", SIDE,
                       MOST, width, height);
    if (options->depth)
        return ag_fail(AG_EINVAL, "its picture has no depth");
    env_observe(spec, "RGB_INTERLEAVED", AG_OBSERVE_IMAGE, 3, (const int[]){ height, width, 3 });
    env_act(spec, "direction", false, 0, 3); /* up, right, down, left */
    spec->frames_per_second = 4;
    return AG_OK;
}

static int open_gridworld(const char *name, const ag_env_options *options, void **state)
{
    (void)name;
    gridworld *g = ag_calloc(1, sizeof *g);
    if (!g)
        return AG_ENOMEM;
    g->canvas.width = options->width ? options->width : USUAL;
    g->canvas.height = options->height ? options->height : USUAL;
    g->canvas.rgb = ag_malloc((size_t)g->canvas.width * (size_t)g->canvas.height * 3);
    if (!g->canvas.rgb) {
        ag_free(g);
        return AG_ENOMEM;
    }
    *state = g;
    return AG_OK;
}

static void close_gridworld(void *state)
{
    gridworld *g = state;
    ag_free(g->canvas.rgb);
    ag_free(g);
}

/* The neighbouring cell in a direction; the outer cells are walls and are never left. */
static int beside(int cell, int direction)
{
    static const int offset[] = { -SIDE, 1, SIDE, -1 };
    return cell + offset[direction];
}

/* Is there a way from the agent to the goal? */
static bool reachable(const gridworld *g)
{
    bool seen[CELLS] = { false };
    int queue[CELLS], begin = 0, end = 0;
    queue[end++] = g->agent;
    seen[g->agent] = true;
    while (begin < end) {
        int cell = queue[begin++];
        for (int d = 0; d < 4; d++) {
            int next = beside(cell, d);
            if (!g->wall[next] && !seen[next]) {
                seen[next] = true;
                queue[end++] = next;
            }
        }
    }
    return seen[g->goal];
}

static int random_inner(ag_rng *rng)
{
    int x = 1 + (int)ag_rng_below(rng, SIDE - 2), y = 1 + (int)ag_rng_below(rng, SIDE - 2);
    return y * SIDE + x;
}

static void draw_map(gridworld *g, ag_rng *rng)
{
    for (int i = 0; i < CELLS; i++) {
        int x = i % SIDE, y = i / SIDE;
        g->wall[i] = x == 0 || y == 0 || x == SIDE - 1 || y == SIDE - 1;
    }
    for (int i = 0; i < INNER_WALLS; i++)
        g->wall[random_inner(rng)] = true;
    do
        g->agent = random_inner(rng);
    while (g->wall[g->agent]);
    do
        g->goal = random_inner(rng);
    while (g->wall[g->goal] || g->goal == g->agent);
}

static int episode(void *state, uint64_t seed, uint64_t number)
{
    gridworld *g = state;
    ag_rng rng;
    ag_rng_init(&rng, seed, AG_PURPOSE_EPISODE, number);
    do
        draw_map(g, &rng);
    while (!reachable(g));
    g->steps = 0;
    return AG_OK;
}

static int step(void *state, const double *action, env_outcome *out)
{
    gridworld *g = state;
    int next = beside(g->agent, (int)action[0]);
    if (!g->wall[next])
        g->agent = next;
    g->steps++;
    out->terminated = g->agent == g->goal;
    out->truncated = !out->terminated && g->steps >= LONGEST;
    out->reward = out->terminated ? 1 : -0.01;
    return AG_OK;
}

static void paint(const gridworld *g, env_canvas canvas)
{
    for (int i = 0; i < CELLS; i++) {
        int x = i % SIDE, y = i / SIDE;
        uint32_t colour = i == g->agent  ? 0x3060ff
                          : i == g->goal ? 0x30c040
                          : g->wall[i]   ? 0x505050
                                         : 0xf0f0e8;
        env_fill(&canvas, x * canvas.width / SIDE, y * canvas.height / SIDE,
                 (x + 1) * canvas.width / SIDE, (y + 1) * canvas.height / SIDE, colour);
    }
}

static int observe(void *state, int observation, void *out)
{
    (void)observation;
    const gridworld *g = state;
    paint(g, (env_canvas){ out, g->canvas.width, g->canvas.height });
    return AG_OK;
}

static int render(void *state, const uint8_t **rgb, int *width, int *height)
{
    gridworld *g = state;
    paint(g, g->canvas);
    *rgb = g->canvas.rgb;
    *width = g->canvas.width;
    *height = g->canvas.height;
    return AG_OK;
}

const env_class env_gridworld = {
    .name = "classic/gridworld",
    .summary = "find the goal in a small maze seen from above",
    .share = 8,
    .specify = specify,
    .open = open_gridworld,
    .close = close_gridworld,
    .episode = episode,
    .step = step,
    .observe = observe,
    .render = render,
};
