/* Rooms with objects that are worth something: good and bad ones, one that pays later, and the one
 * that does not match. The walls of each are always the same; what lies where, the
 * start and colours that mean nothing are drawn anew. */
#include "lab/levels/levels.h"

static void paint_floor(lab_world *w, int room, lab_texture texture, uint32_t rgb)
{
    uint8_t material = lab_material_of(w, texture, rgb);
    for (int i = 0; i < w->map.width * w->map.height; i++) {
        if (w->map.cell[i].room == room && w->map.cell[i].mark != '#')
            w->map.cell[i].floor_material = material;
    }
    lab_relight(w);
}

/* `count` objects at random free places of a room. */
static void strew(lab_world *w, int room, int count, lab_shape shape, lab_colour colour,
                  float reward)
{
    lab_place place;
    for (int i = 0; i < count && lab_random_place(w, room, 0, &place); i++)
        lab_add_object(w, place, shape, colour, 0.4f, reward);
}

static void put_player_in(lab_world *w, int room)
{
    lab_place start;
    if (lab_random_place(w, room, 0, &start))
        lab_put_player(w, start, -1);
}

static void take_good(lab_world *w, int repeat, int *action)
{
    lab_take(w, lab_nearest_good(w), repeat, action);
}

/* ---- rooms_collect_good_objects ---- */

enum { OF_EACH = 10, PICKUPS = 10, STYLE_1 = 1, STYLE_2 = 4 };

static const char HALL[] = "###########\n"
                           "#.........#\n"
                           "#.........#\n"
                           "#.........#\n"
                           "#.........#\n"
                           "#.........#\n"
                           "#.........#\n"
                           "###########\n";
static const char HALL_ROOMS[] = "           \n"
                                 " AAAAAAAAA \n"
                                 " AAAAAAAAA \n"
                                 " AAAAAAAAA \n"
                                 " AAAAAAAAA \n"
                                 " AAAAAAAAA \n"
                                 " AAAAAAAAA \n"
                                 "           \n";

typedef struct {
    int taken;
} collect_state;

static collect_state *collect_of(lab_world *w)
{
    return (collect_state *)w->state;
}

static int build_collect(lab_world *w)
{
    int rc = lab_map_text(w, HALL, HALL_ROOMS, 1, 1);
    if (rc)
        return rc;
    const bool *test = w->level->config;
    bool hats = *test || lab_chance(w, 0.5f); /* hat and can, else cake and balloon */
    int style = *test ? STYLE_2 : hats || lab_chance(w, 0.5f) ? STYLE_1 : STYLE_2;
    lab_paint(w, -1, lab_theme_of(w, style));
    put_player_in(w, 1);
    strew(w, 1, OF_EACH, hats ? LAB_HAT : LAB_CAKE, hats ? LAB_BLUE : LAB_PINK, 1);
    strew(w, 1, OF_EACH, hats ? LAB_CAN : LAB_BALLOON, hats ? LAB_YELLOW : LAB_RED, -1);
    return 0;
}

static void pickup_collect(lab_world *w, lab_entity *e)
{
    (void)e;
    if (++collect_of(w)->taken == PICKUPS)
        lab_end(w);
}

/* ---- rooms_exploit_deferred_effects ---- */

enum { FIRST_ROOM = 1, SECOND_ROOM, APPLES = 10, CAKES = 10 };

static const char TWO_ROOMS[] = "###############\n"
                                "#......#......#\n"
                                "#......#......#\n"
                                "#......+......#\n"
                                "#......#......#\n"
                                "#......#......#\n"
                                "###############\n";
static const char TWO_ROOMS_ROOMS[] = "               \n"
                                      " AAAAAA BBBBBB \n"
                                      " AAAAAA BBBBBB \n"
                                      " AAAAAA BBBBBB \n"
                                      " AAAAAA BBBBBB \n"
                                      " AAAAAA BBBBBB \n"
                                      "               \n";
static const lab_place DOORWAY = { 7, 3 };

typedef enum { BOX_ALONE, SHUT, OPEN, BOX_AND_SHUT } deferred_kind;

typedef struct {
    deferred_kind kind;
} deferred_state;

static deferred_state *deferred_of(lab_world *w)
{
    return (deferred_state *)w->state;
}

static void set_floor(lab_world *w, bool bright)
{
    paint_floor(w, FIRST_ROOM, LAB_TEX_TILES,
                bright ? LAB_RGB(255, 246, 190) : LAB_RGB(70, 66, 84));
}

static void wall_up(lab_world *w, lab_place place)
{
    lab_cell *cell = lab_cell_at(w, place.x, place.y);
    cell->floor = cell->ceiling;
    cell->mark = '#';
    cell->wall_material = lab_cell_at(w, place.x, place.y - 1)->wall_material;
}

static int build_deferred(lab_world *w)
{
    deferred_state *s = deferred_of(w);
    int rc = lab_map_text(w, TWO_ROOMS, TWO_ROOMS_ROOMS, 1, 1);
    if (rc)
        return rc;
    const bool *test = w->level->config;
    s->kind = *test ? BOX_AND_SHUT : (deferred_kind)lab_below(w, 3);
    int style = lab_below(w, LAB_THEMES);
    lab_paint(w, -1, lab_theme_of(w, style));
    lab_paint(w, SECOND_ROOM, lab_theme_of(w, style + 3));
    set_floor(w, s->kind == OPEN);
    if (s->kind == BOX_ALONE) /* one room: no door that the box does not open */
        wall_up(w, DOORWAY);
    else
        lab_door_add(w, DOORWAY, -1, s->kind == OPEN);
    put_player_in(w, FIRST_ROOM);
    strew(w, FIRST_ROOM, APPLES, LAB_APPLE, LAB_RED, 1);
    if (s->kind == BOX_ALONE || s->kind == BOX_AND_SHUT)
        strew(w, FIRST_ROOM, 1, LAB_BOX, LAB_BROWN, -3);
    if (s->kind != BOX_ALONE)
        strew(w, SECOND_ROOM, CAKES, LAB_CAKE, LAB_PINK, 10);
    return 0;
}

static void pickup_deferred(lab_world *w, lab_entity *e)
{
    if (e->shape != LAB_BOX)
        return;
    set_floor(w, true);
    if (deferred_of(w)->kind == BOX_AND_SHUT)
        lab_door_set(w, 0, true);
}

/* The box first, where it opens the way to the cakes. */
static void expert_deferred(lab_world *w, int repeat, int *action)
{
    const lab_entity *wanted = lab_nearest_good(w);
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *e = &w->entity[i];
        if (deferred_of(w)->kind == BOX_AND_SHUT && e->kind == LAB_OBJECT && e->shape == LAB_BOX &&
            !e->hidden)
            wanted = e;
    }
    lab_take(w, wanted, repeat, action);
}

/* ---- rooms_select_nonmatching_object ---- */

/* To the left the shown object on its stand, with the pad before it; to the right the choice. */
static const char SHOW_AND_CHOICE[] = "###########\n"
                                      "#.2.#######\n"
                                      "#...##...##\n"
                                      "#...##...##\n"
                                      "######...##\n"
                                      "###########\n";
static const lab_place STAND = { 2, 1 }, PAD = { 2, 2 }, CHOICE_START = { 7, 4 },
                       CHOICE[2] = { { 6, 2 }, { 8, 2 } };
enum { NORTH = 3 << 14 };

typedef struct {
    int shape[2], colour[2]; /* the shown object, and the other one */
} match_state;

static void draw_pair(lab_world *w)
{
    match_state *s = (match_state *)w->state;
    s->shape[0] = lab_below(w, LAB_SHAPES);
    s->shape[1] = (s->shape[0] + 1 + lab_below(w, LAB_SHAPES - 1)) % LAB_SHAPES;
    s->colour[0] = lab_below(w, LAB_COLOURS);
    s->colour[1] = (s->colour[0] + 1 + lab_below(w, LAB_COLOURS - 1)) % LAB_COLOURS;
}

static int begin_match(lab_world *w)
{
    match_state *s = (match_state *)w->state;
    lab_remove_all(w);
    draw_pair(w);
    lab_entity *shown =
        lab_add_object(w, STAND, (lab_shape)s->shape[0], (lab_colour)s->colour[0], 0.5f, 0);
    if (shown)
        shown->touch = false;
    lab_entity *pad = lab_add_pad(w, PAD, CHOICE_START, NORTH);
    if (pad)
        pad->reward = 1;
    int match = lab_below(w, 2); /* the side of the matching one */
    for (int i = 0; i < 2; i++) {
        int other = i != match;
        lab_add_object(w, CHOICE[i], (lab_shape)s->shape[other], (lab_colour)s->colour[other], 0.5f,
                       other ? 10 : -10);
    }
    lab_put_player(w, (lab_place){ (int16_t)(1 + lab_below(w, 3)), 3 }, NORTH);
    return 0;
}

static int build_match(lab_world *w)
{
    int rc = lab_map_text(w, SHOW_AND_CHOICE, NULL, 1, 1);
    if (rc)
        return rc;
    lab_paint(w, -1, lab_theme_of(w, lab_below(w, LAB_THEMES)));
    return begin_match(w);
}

static void pickup_match(lab_world *w, lab_entity *e)
{
    if (e->kind == LAB_OBJECT)
        lab_restart(w);
}

#define ROOMS(NAME, SUMMARY, SECONDS, CONFIG, BUILD, PICKUP, EXPERT)                               \
    .name = NAME, .summary = SUMMARY, .seconds = SECONDS, .config = CONFIG, .build = BUILD,        \
    .pickup = PICKUP, .expert = EXPERT

static const bool TRAIN = false, TEST = true;

const lab_level lab_rooms_objects_levels[] = {
    { ROOMS("rooms_collect_good_objects_train", "collect good objects, whatever the room's colours",
            60, &TRAIN, build_collect, pickup_collect, take_good) },
    { ROOMS("rooms_collect_good_objects_test",
            "the same where shapes and colours meet for the first time", 60, &TEST, build_collect,
            pickup_collect, take_good) },
    { ROOMS("rooms_exploit_deferred_effects_train", "see what a box does to the floor and a door",
            60, &TRAIN, build_deferred, pickup_deferred, expert_deferred) },
    { ROOMS("rooms_exploit_deferred_effects_test", "take the box that costs and opens the way", 60,
            &TEST, build_deferred, pickup_deferred, expert_deferred) },
    { ROOMS("rooms_select_nonmatching_object", "take the object that does not match the shown one",
            12, NULL, build_match, pickup_match, take_good),
      .restart = begin_match },
    { .name = NULL },
};
