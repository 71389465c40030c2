/* What the test files of this room share: worlds of their own. */
#include "lab_test.h"

lab_world *world_of(const lab_level *level, uint64_t seed)
{
    lab_world *w;
    assert_int_equal(lab_world_new(level, &w), 0);
    assert_int_equal(lab_world_episode(w, seed, 0), 0);
    return w;
}

static const char *text_to_build;

static int build_text(lab_world *w)
{
    int rc = lab_map_text(w, text_to_build, NULL, 1, 1);
    lab_place place;
    if (!rc && lab_random_place(w, -1, 'P', &place))
        lab_put_player(w, place, 0);
    return rc;
}

static const lab_level text_level = { .name = "text", .seconds = 60, .build = build_text };

lab_world *world_of_text(const char *text)
{
    text_to_build = text;
    return world_of(&text_level, 1);
}

void tick(lab_world *w, int look, int strafe, int move)
{
    int action[LAB_ACTIONS] = { look, 0, strafe, move, 0, 0, 0 };
    assert_int_equal(lab_world_tick(w, action), 0);
}

void random_action(ag_rng *rng, int *action)
{
    uint32_t chance = ag_rng_u32(rng);
    action[LAB_LOOK_X] = (int)(chance % 81) - 40;
    action[LAB_LOOK_Y] = (int)(chance >> 8 & 15) - 8;
    action[LAB_STRAFE] = (int)(chance >> 12 & 7) % 3 - 1;
    action[LAB_MOVE] = chance >> 16 & 3 ? 1 : -1;
    action[LAB_FIRE] = chance >> 20 & 1;
    action[LAB_JUMP] = (chance >> 21 & 7) == 0;
    action[LAB_CROUCH] = (chance >> 24 & 7) == 0;
}

void touch(lab_world *w, const lab_entity *e)
{
    lab_move_player(w, e->x, e->y, -1);
    tick(w, 0, 0, 0);
}

int count_objects(const lab_world *w, int shape, float reward)
{
    int n = 0;
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *e = &w->entity[i];
        n += e->kind == LAB_OBJECT && e->touch && (shape < 0 || e->shape == shape) &&
             e->reward == reward;
    }
    return n;
}

int count_taken(const lab_world *w)
{
    int n = 0;
    for (int i = 0; i < w->entities; i++)
        n += w->entity[i].kind == LAB_OBJECT && w->entity[i].hidden;
    return n;
}

lab_entity *object_of(lab_world *w, int shape)
{
    for (int i = 0; i < w->entities; i++) {
        if (w->entity[i].kind == LAB_OBJECT && w->entity[i].shape == shape)
            return &w->entity[i];
    }
    fail_msg("there is no %s", lab_shape_names[shape]);
    return NULL;
}

uint64_t mixed(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001B3u;
    return hash;
}

/* ---- a level with everything ---- */

static int build_busy(lab_world *w)
{
    lab_maze maze = { 17, 17, 5, 3, 5, 2, 6, 1, 1 };
    lab_place places[64];
    int rc = lab_make_maze(w, &maze);
    if (rc)
        return rc;
    for (int room = 0; room < w->map.rooms; room++)
        lab_paint(w, room + 1, lab_theme_of(w, lab_below(w, LAB_THEMES)));
    lab_hang_posters(w, 6);
    w->map.panel[0].picture = 0;
    int doors = lab_places(w, -1, 'D', places, 64);
    for (int i = 0; i < doors; i += 3)
        lab_door_add(w, places[i], i % 2 ? LAB_RED : -1, i % 2 == 0);
    int rooms = lab_places(w, -1, 'R', places, 64);
    lab_shuffle(w, places, rooms);
    lab_put_player(w, places[0], -1);
    lab_add_key(w, places[1], LAB_RED, 1);
    lab_add_pad(w, places[2], places[3], 0);
    for (int i = 4; i < 14; i++) {
        int shape = lab_below(w, LAB_SHAPES), colour = lab_below(w, LAB_COLOURS);
        lab_add_object(w, places[i], (lab_shape)shape, (lab_colour)colour, 0.4f, 1)->returns = 100;
    }
    for (int i = 0; i < 3; i++)
        lab_add_opponent(w, places[14 + i], LAB_BLUE);
    w->gadget.enabled = w->opponents_gadget.enabled = true;
    lab_picture_abstract(w->picture, 7, 0, 0, LAB_PICTURE);
    lab_picture_show(w->picture);
    lab_instruct(w, "seed %d", lab_below(w, 1000));
    return 0;
}

static void open_and_shut(lab_world *w)
{
    if (w->tick % 50 == 0 && w->map.doors)
        lab_door_set(w, w->tick / 50 % w->map.doors, lab_chance(w, 0.5f));
    if (w->tick % 500 == 0)
        lab_restart(w);
}

const lab_level busy_level = {
    .name = "busy", .seconds = 30, .pictures = 1, .build = build_busy, .tick = open_and_shut
};
