/* Movement: speeds, walls, steps, falls, doors. */
#include <math.h>

#include "lab_test.h"

/* Nothing of the circle is in a cell that is too high or too low for it. */
static bool clear_of_walls(const lab_world *w)
{
    const lab_player *p = &w->player;
    for (int i = 0; i < 64; i++) {
        for (int ring = 1; ring <= 4; ring++) {
            float r = (LAB_RADIUS - 2e-3f) * (float)ring / 4;
            float x = p->x + r * lab_cos((uint32_t)i << 26);
            float y = p->y + r * lab_sin((uint32_t)i << 26);
            const lab_cell *cell = lab_cell_of(w, (int)floorf(x), (int)floorf(y));
            if (!cell || cell->floor > p->z + LAB_STEP + 1e-4f ||
                cell->ceiling < p->z + LAB_BODY - 1e-4f)
                return false;
        }
    }
    return true;
}

/* Random walks in random caves: never in a wall, never faster than a body goes. */
static void bodies_stay_out_of_walls(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        ag_rng rng;
        ag_rng_init(&rng, seed, AG_PURPOSE_TEST, 2);
        char text[13 * 12 + 1];
        for (int y = 0; y < 12; y++) {
            for (int x = 0; x < 12; x++)
                text[y * 13 + x] =
                    x == 0 || y == 0 || x == 11 || y == 11 || ag_rng_below(&rng, 100) < 30
                        ? '#'
                        : "....12"[ag_rng_below(&rng, 6)];
            text[y * 13 + 12] = '\n';
        }
        text[13 * 6 + 6] = 'P';
        text[13 * 12] = 0;
        lab_world *w = world_of_text(text);
        for (int t = 0; t < 600; t++) {
            float x = w->player.x, y = w->player.y;
            int action[LAB_ACTIONS];
            random_action(&rng, action);
            assert_int_equal(lab_world_tick(w, action), 0);
            assert_true(clear_of_walls(w));
            assert_true(lab_distance(x, y, w->player.x, w->player.y) < LAB_RADIUS);
        }
        lab_world_free(w);
    }
}

static void walking_reaches_its_top_speed_and_stops(void **state)
{
    (void)state;
    lab_world *w = world_of_text("##############\n#P...........#\n##############\n");
    for (int t = 0; t < 60; t++)
        tick(w, 0, 0, 1);
    assert_true(fabsf(w->player.vx - 3.2f) < 0.02f);
    assert_true(w->player.vy == 0);
    for (int t = 0; t < 60; t++)
        tick(w, 0, 0, 0);
    assert_true(w->player.vx < 0.02f);
    lab_world_free(w);
}

static void looking_57_pixels_a_frame_turns_once_in_a_second(void **state)
{
    (void)state;
    lab_world *w = world_of_text("###\n#P#\n###\n");
    uint32_t before = w->player.yaw;
    for (int t = 0; t < LAB_TICKS; t++)
        tick(w, 57, 0, 0);
    int32_t rest = (int32_t)(w->player.yaw - before);
    assert_true(rest > -3420 && rest < 3420);
    for (int t = 0; t < LAB_TICKS; t++) {
        int action[LAB_ACTIONS] = { 0, 512 };
        assert_int_equal(lab_world_tick(w, action), 0);
    }
    assert_int_equal(w->player.pitch, LAB_MAX_PITCH);
    lab_world_free(w);
}

/* A slanted walk along a wall made of many cells keeps most of its speed. */
static void bodies_slide_along_walls(void **state)
{
    (void)state;
    lab_world *w = world_of_text("##############\n#P...........#\n##############\n");
    lab_move_player(w, 1.5f, 1.5f, 65536 / 12); /* 30 degrees to the right */
    for (int t = 0; t < 120; t++)
        tick(w, 0, 0, 1);
    assert_true(w->player.x > 6);
    assert_true(w->player.y > 1.75f && w->player.y < 1.81f);
    lab_world_free(w);
}

static void steps_are_climbed_and_drops_are_fallen(void **state)
{
    (void)state;
    lab_world *w = world_of_text("########\n#P.1240#\n########\n");
    for (int i = 0; i < w->map.width * w->map.height; i++) {
        w->map.cell[i].ceiling = 4;
        w->map.cell[i].floor = w->map.cell[i].mark == '#' ? 4 : w->map.cell[i].floor;
    }
    for (int t = 0; t < 120; t++)
        tick(w, 0, 0, 1);
    assert_true(w->player.z == 0.5f); /* 1.0 is too high for a step */
    assert_true(w->player.x < 5.0f);
    lab_move_player(w, 5.5f, 1.5f, 0);
    assert_true(w->player.z == 1.0f);
    bool fell = false;
    for (int t = 0; t < 90; t++) {
        tick(w, 0, 0, 1);
        fell = fell || (!w->player.on_ground && w->player.z < 0.9f && w->player.z > 0.1f);
    }
    assert_true(fell);
    assert_true(w->player.on_ground && w->player.z == 0.0f && w->player.x > 6.2f);
    lab_world_free(w);
}

static void jumping_is_for_levels_that_allow_it(void **state)
{
    (void)state;
    lab_world *w = world_of_text("###\n#P#\n###\n");
    for (int i = 0; i < 9; i++)
        w->map.cell[i].ceiling = 9;
    int jump[LAB_ACTIONS] = { 0, 0, 0, 0, 0, 1, 0 };
    for (int allowed = 0; allowed < 2; allowed++) {
        w->jumping = allowed;
        float highest = 0;
        for (int t = 0; t < 30; t++) {
            assert_int_equal(lab_world_tick(w, jump), 0);
            highest = w->player.z > highest ? w->player.z : highest;
        }
        assert_true(allowed ? highest > 0.3f : highest == 0);
    }
    lab_world_free(w);
}

/* A jump in a low room ends at its ceiling, and does not hold up who walks. */
static void heads_stay_under_ceilings(void **state)
{
    (void)state;
    lab_world *w = world_of_text("###########\n#P........#\n###########\n");
    int jump[LAB_ACTIONS] = { 0, 0, 0, 1, 0, 1, 0 };
    float highest = 0;
    w->jumping = true;
    lab_move_player(w, 1.5f, 1.5f, 0);
    for (int t = 0; t < 120; t++) {
        assert_int_equal(lab_world_tick(w, jump), 0);
        assert_true(w->player.z + LAB_BODY <= 1);
        assert_true(w->player.z >= 0);
        highest = w->player.z > highest ? w->player.z : highest;
    }
    assert_true(highest > 0.35f);
    assert_true(w->player.x > 5);
    lab_world_free(w);
}

static void who_falls_into_the_void_comes_back(void **state)
{
    (void)state;
    lab_world *w = world_of_text("######\n#P.~~#\n######\n");
    w->map.bottom = -4;
    float lowest = 0;
    for (int t = 0; t < 200; t++) {
        tick(w, 0, 0, 1);
        lowest = w->player.z < lowest ? w->player.z : lowest;
        assert_true(w->player.z > w->map.bottom - 1);
    }
    assert_true(lowest < -2);
    assert_true(w->player.x < 5);
    lab_world_free(w);
}

static void doors_shut_open_and_unlock(void **state)
{
    (void)state;
    lab_world *w = world_of_text("########\n#P.D...#\n########\n");
    int door = lab_door_add(w, (lab_place){ 3, 1 }, LAB_RED, false);
    for (int t = 0; t < 90; t++)
        tick(w, 0, 0, 1);
    assert_true(w->player.x < 3 && w->player.x > 2.7f);
    w->player.key = LAB_BLUE;
    tick(w, 0, 0, 1);
    assert_false(w->map.door[door].open);
    w->player.key = LAB_RED;
    for (int t = 0; t < 90; t++)
        tick(w, 0, 0, 1);
    assert_true(w->map.door[door].open);
    assert_int_equal(w->player.key, -1);
    assert_true(w->player.x > 4);
    lab_move_player(w, 3.5f, 1.5f, 0);
    lab_door_set(w, door, false);
    for (int t = 0; t < 60; t++)
        tick(w, 0, 0, 0);
    assert_true(lab_cell_at(w, 3, 1)->floor == 0); /* it does not shut on who stands there */
    lab_world_free(w);
}

void test_physics(test_list *list)
{
    ADD_TEST(list, "physics", bodies_stay_out_of_walls);
    ADD_TEST(list, "physics", walking_reaches_its_top_speed_and_stops);
    ADD_TEST(list, "physics", looking_57_pixels_a_frame_turns_once_in_a_second);
    ADD_TEST(list, "physics", bodies_slide_along_walls);
    ADD_TEST(list, "physics", steps_are_climbed_and_drops_are_fallen);
    ADD_TEST(list, "physics", jumping_is_for_levels_that_allow_it);
    ADD_TEST(list, "physics", heads_stay_under_ceilings);
    ADD_TEST(list, "physics", who_falls_into_the_void_comes_back);
    ADD_TEST(list, "physics", doors_shut_open_and_unlock);
}
