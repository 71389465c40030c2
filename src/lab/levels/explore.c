/* Exploring a maze with rooms: find the goal again and again, or collect what is good. */
#include "lab/levels/levels.h"

typedef struct {
    int side, rooms;
    int apples;     /* to collect */
    int categories; /* of objects, half of them good; with neither, there is a goal */
    bool doors;     /* opened and shut at random at each restart */
} explore_config;

typedef struct {
    lab_place place;
    lab_shape shape;
    lab_colour colour;
    float reward;
} thing;

typedef struct {
    thing things[64]; /* the goal, or what is to be collected */
    int count, left;  /* things of the map; good ones that are left */
} explore_state;

static const explore_config SMALL_GOAL = { .side = 11, .rooms = 4 },
                            LARGE_GOAL = { .side = 17, .rooms = 9 },
                            SMALL_DOORS = { .side = 11, .rooms = 4, .doors = true },
                            LARGE_DOORS = { .side = 17, .rooms = 9, .doors = true },
                            SMALL_OBJECTS = { .side = 11, .rooms = 4, .apples = 12 },
                            LARGE_OBJECTS = { .side = 17, .rooms = 9, .apples = 24 },
                            FEW_REWARDS = { .side = 11, .rooms = 4, .categories = 4 },
                            MANY_REWARDS = { .side = 17, .rooms = 9, .categories = 8 };

enum { STYLES_APART = 3, FAR_STEPS = 6, EACH = 2 /* objects of a category */ };

static explore_state *state_of(lab_world *w)
{
    return (explore_state *)w->state;
}

static bool has_goal(const explore_config *config)
{
    return config->apples == 0 && config->categories == 0;
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

/* Half of the doors shut, but never all the ways to the goal. */
static void set_doors(lab_world *w, lab_place start, lab_place goal)
{
    int door[LAB_MAX_DOORS], count = w->map.doors;
    for (int i = 0; i < count; i++)
        door[i] = i;
    lab_shuffle_ints(w, door, count);
    for (int i = 0; i < count; i++)
        lab_door_jump(w, door[i], i >= count / 2);
    lab_field way;
    for (int i = 0; i < count / 2; i++) {
        lab_field_to(w, goal, false, NULL, &way);
        if (way.steps[start.y * w->map.width + start.x] != LAB_FAR)
            return;
        lab_door_jump(w, door[i], true);
    }
}

/* Put the player and what it looks for; the same things at the same places after each restart. */
static int begin(lab_world *w)
{
    explore_state *s = state_of(w);
    const explore_config *config = w->level->config;
    lab_place start = s->things[0].place;
    lab_remove_all(w);
    s->left = 0;
    for (int i = 0; i < s->count; i++) {
        const thing *t = &s->things[i];
        lab_add_object(w, t->place, t->shape, t->colour, has_goal(config) ? 0.6f : 0.4f, t->reward);
        s->left += t->reward > 0;
    }
    if (has_goal(config))
        lab_random_far(w, s->things[0].place, FAR_STEPS, &start);
    else
        lab_random_place(w, -1, 0, &start);
    lab_put_player(w, start, -1);
    if (config->doors)
        set_doors(w, start, s->things[0].place);
    return 0;
}

static void add_thing(explore_state *s, lab_place place, lab_shape shape, lab_colour colour,
                      float reward)
{
    s->things[s->count++] =
        (thing){ .place = place, .shape = shape, .colour = colour, .reward = reward };
}

/* What lies where in this episode; places are those of rooms, shuffled. */
static void choose_things(lab_world *w, const lab_place *places, int count)
{
    explore_state *s = state_of(w);
    const explore_config *config = w->level->config;
    if (has_goal(config))
        add_thing(s, places[0], LAB_GOAL, LAB_GREEN, 10);
    for (int i = 0; i < config->apples && i < count; i++)
        add_thing(s, places[i], LAB_APPLE, LAB_RED, 1);
    int shapes[LAB_SHAPES], colours[LAB_COLOURS];
    for (int i = 0; i < LAB_SHAPES; i++)
        shapes[i] = i;
    for (int i = 0; i < LAB_COLOURS; i++)
        colours[i] = i;
    lab_shuffle_ints(w, shapes, LAB_SHAPES);
    lab_shuffle_ints(w, colours, LAB_COLOURS);
    for (int i = 0; i < config->categories * EACH && i < count; i++) {
        int category = i / EACH;
        add_thing(s, places[i], (lab_shape)shapes[category], (lab_colour)colours[category],
                  category % 2 ? -1 : 2);
    }
}

static int build(lab_world *w)
{
    const explore_config *config = w->level->config;
    lab_maze maze = { .width = config->side,
                      .height = config->side,
                      .rooms = config->rooms,
                      .room_min = 3,
                      .room_max = 3,
                      .exits = config->doors ? 3 : 2,
                      .loops = config->side / 4,
                      .wall = 1,
                      .ceiling = 1 };
    int rc = lab_make_maze(w, &maze);
    if (rc)
        return rc;
    decorate(w);
    lab_place places[LAB_MAX_CELLS];
    int count = lab_places(w, -1, 'D', places, LAB_MAX_CELLS);
    for (int i = 0; config->doors && i < count; i++)
        lab_door_add(w, places[i], -1, true);
    count = lab_places(w, -1, 'R', places, LAB_MAX_CELLS);
    if (config->categories > 0) /* what costs something bars no way */
        count = lab_keep_inner(w, places, count);
    lab_shuffle(w, places, count);
    choose_things(w, places, count);
    return begin(w);
}

static void pickup(lab_world *w, lab_entity *e)
{
    if (e->reward > 0 && --state_of(w)->left == 0)
        lab_restart(w);
}

static void expert(lab_world *w, int repeat, int *action)
{
    lab_take(w, lab_nearest_good(w), repeat, action);
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
    EXPLORE("explore_obstructed_goals_small",
            "find the goal of a small maze whose doors open and shut", 90, &SMALL_DOORS),
    EXPLORE("explore_obstructed_goals_large",
            "find the goal of a large maze whose doors open and shut", 120, &LARGE_DOORS),
    EXPLORE("explore_object_locations_small", "collect the apples in the rooms of a small maze", 90,
            &SMALL_OBJECTS),
    EXPLORE("explore_object_locations_large", "collect the apples in the rooms of a large maze",
            120, &LARGE_OBJECTS),
    EXPLORE("explore_object_rewards_few", "find out which of 4 kinds of objects are good", 90,
            &FEW_REWARDS),
    EXPLORE("explore_object_rewards_many", "find out which of 8 kinds of objects are good", 120,
            &MANY_REWARDS),
    { .name = NULL },
};
