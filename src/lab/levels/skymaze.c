/* Platforms under the sky: without jumping every drop is one-way, so plan the way to the goal. */
#include "lab/levels/levels.h"

typedef struct {
    float difficulty; /* below 0: drawn for each episode */
} sky_config;

static const sky_config HARD = { 0.9f }, VARIED = { -1 };

static const float SLOW = 1.4f; /* cells a second */

typedef struct {
    lab_place start, goal;
} sky_state;

static sky_state *state_of(lab_world *w)
{
    return (sky_state *)w->state;
}

static int build(lab_world *w)
{
    const sky_config *config = w->level->config;
    sky_state *s = state_of(w);
    float difficulty =
        config->difficulty >= 0 ? config->difficulty : 0.1f * (float)lab_below(w, 11);
    lab_platforms platforms = { .width = 25, .height = 25, .difficulty = difficulty };
    int rc = lab_make_platforms(w, &platforms);
    if (rc)
        return rc;
    s->start = platforms.start;
    s->goal = platforms.goal;
    lab_add_object(w, s->goal, LAB_GOAL, LAB_GREEN, 0.6f, 100);
    lab_put_player(w, s->start, -1);
    return 0;
}

static void pickup(lab_world *w, lab_entity *e)
{
    (void)e;
    lab_end(w);
}

/* Whoever falls off starts again. */
static void fell(lab_world *w)
{
    lab_put_player(w, state_of(w)->start, -1);
}

/* Slowly: who runs over an edge flies past the platform below it. */
static void expert(lab_world *w, int repeat, int *action)
{
    const sky_state *s = state_of(w);
    const lab_player *p = &w->player;
    lab_walk(w, lab_middle(s->goal.x), lab_middle(s->goal.y), 0, NULL, repeat, action);
    if (p->vx * p->vx + p->vy * p->vy > SLOW * SLOW || !p->on_ground)
        action[LAB_MOVE] = 0;
}

#define SKYMAZE(NAME, SUMMARY, CONFIG)                                                             \
    {                                                                                              \
        .name = NAME, .summary = SUMMARY, .seconds = 60, .config = CONFIG, .build = build,         \
        .pickup = pickup, .fell = fell, .expert = expert                                           \
    }

const lab_level lab_skymaze_levels[] = {
    SKYMAZE("skymaze_irreversible_path_hard", "drop from platform to platform to the goal", &HARD),
    SKYMAZE("skymaze_irreversible_path_varied",
            "drop from platform to platform to the goal, easy or hard", &VARIED),
    { .name = NULL },
};
