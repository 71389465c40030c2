/* Exploring a maze with rooms: find the goal again and again, or collect every apple. */
#include <string.h>

#include "lab/levels/levels.h"

typedef struct {
    int side, rooms, apples; /* apples 0: there is a goal instead */
} explore_config;

typedef struct {
    lab_place goal;
    lab_place apple[64];
    int apples, left;
} explore_state;

static const explore_config SMALL_GOAL = { 11, 4, 0 }, LARGE_GOAL = { 17, 9, 0 };
static const explore_config SMALL_OBJECTS = { 11, 4, 12 }, LARGE_OBJECTS = { 17, 9, 24 };

enum { STYLES_APART = 3, FAR_STEPS = 6 };

static explore_state *state_of(lab_world *w)
{
    return (explore_state *)w->state;
}

/* Corridors in one style, each room in another; pictures on walls to know places by. */
static void decorate(lab_world *w)
{
    int style = lab_below(w, LAB_THEMES);
    lab_paint(w, -1, lab_theme_of(w, style));
    for (int room = 0; room < w->map.rooms; room++)
        lab_paint(w, room + 1, lab_theme_of(w, style + 1 + STYLES_APART * (room % 3)));
    lab_hang_posters(w, 10);
}

/* Put the player and what it looks for; the same things at the same places after each restart. */
static int begin(lab_world *w)
{
    explore_state *s = state_of(w);
    const explore_config *config = w->level->config;
    lab_place start;
    lab_remove_all(w);
    for (int i = 0; i < s->apples; i++)
        lab_add_object(w, s->apple[i], LAB_APPLE, LAB_RED, 0.4f, 1);
    s->left = s->apples;
    if (config->apples > 0) {
        lab_random_place(w, -1, 0, &start);
    } else {
        lab_add_object(w, s->goal, LAB_GOAL, LAB_GREEN, 0.6f, 10);
        lab_random_far(w, s->goal, FAR_STEPS, &start);
    }
    lab_put_player(w, start, -1);
    return 0;
}

static int build(lab_world *w)
{
    explore_state *s = state_of(w);
    const explore_config *config = w->level->config;
    lab_maze maze = { .width = config->side,
                      .height = config->side,
                      .rooms = config->rooms,
                      .room_min = 3,
                      .room_max = 3,
                      .exits = 2,
                      .loops = config->side / 4,
                      .wall = 1,
                      .ceiling = 1 };
    int rc = lab_make_maze(w, &maze);
    if (rc)
        return rc;
    decorate(w);
    lab_place places[LAB_MAX_CELLS];
    int count = lab_places(w, -1, 'R', places, LAB_MAX_CELLS);
    lab_shuffle(w, places, count);
    s->goal = places[0];
    s->apples = config->apples < count ? config->apples : count;
    memcpy(s->apple, places, (size_t)s->apples * sizeof *places);
    return begin(w);
}

static void pickup(lab_world *w, lab_entity *e)
{
    explore_state *s = state_of(w);
    if (e->shape == LAB_GOAL || --s->left == 0)
        lab_restart(w);
}

static void expert(lab_world *w, int repeat, int *action)
{
    const lab_entity *wanted = lab_nearest_good(w);
    if (wanted)
        lab_walk(w, wanted->x, wanted->y, 0, NULL, repeat, action);
}

#define EXPLORE(NAME, SUMMARY, SECONDS, CONFIG)                                                    \
    {                                                                                              \
        .name = NAME, .summary = SUMMARY, .seconds = SECONDS, .config = CONFIG, .build = build,    \
        .restart = begin, .pickup = pickup, .expert = expert                                       \
    }

const lab_level lab_explore_levels[] = {
    EXPLORE("explore_goal_locations_small", "find the goal of a small maze, again and again", 90,
            &SMALL_GOAL),
    EXPLORE("explore_goal_locations_large", "find the goal of a large maze, again and again", 120,
            &LARGE_GOAL),
    EXPLORE("explore_object_locations_small", "collect the apples in the rooms of a small maze", 90,
            &SMALL_OBJECTS),
    EXPLORE("explore_object_locations_large", "collect the apples in the rooms of a large maze",
            120, &LARGE_OBJECTS),
    { .name = NULL },
};
