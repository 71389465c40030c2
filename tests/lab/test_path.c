/* Ways, lines of sight and of walking, directions. */
#include <math.h>

#include "lab_test.h"

static void sines_and_directions_are_right(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 4096; i++) {
        uint32_t turn = (uint32_t)(i << 20) + 12345;
        double angle = (double)turn / 4294967296.0 * 2 * 3.14159265358979323846;
        assert_true(fabs((double)lab_sin(turn) - sin(angle)) < 1e-6);
        assert_true(fabs((double)lab_cos(turn) - cos(angle)) < 1e-6);
        int32_t error = (int32_t)(lab_direction(lab_cos(turn) * 3, lab_sin(turn) * 3) - turn);
        assert_true(fabs((double)error / 4294967296.0) < 3e-6);
    }
    assert_int_equal(lab_direction(0, 0), 0);
}

/* Against a relaxation that knows nothing of queues. */
static void fields_are_shortest_ways(void **state)
{
    (void)state;
    lab_world *w = world_of_text("##########\n#P..#....#\n#.#.#.##.#\n#.#...#..#\n#.###.#.##\n"
                                 "#...#.#..#\n###.#.##.#\n#...#....#\n##########\n");
    lab_field field;
    lab_field_to(w, (lab_place){ 1, 1 }, false, NULL, &field);
    int width = w->map.width, steps[LAB_MAX_CELLS];
    for (int i = 0; i < width * w->map.height; i++)
        steps[i] = LAB_FAR;
    steps[width + 1] = 0;
    for (int pass = 0; pass < 100; pass++) {
        for (int i = width; i < width * (w->map.height - 1); i++) {
            int around[4] = { i - 1, i + 1, i - width, i + width };
            for (int k = 0; k < 4; k++) {
                if (w->map.cell[i].mark != '#' && steps[around[k]] + 1 < steps[i])
                    steps[i] = steps[around[k]] + 1;
            }
        }
    }
    for (int i = 0; i < width * w->map.height; i++)
        assert_int_equal(field.steps[i], steps[i]);
    uint8_t avoid[LAB_MAX_CELLS] = { 0 };
    avoid[2 * width + 1] = avoid[width + 2] = 1;
    lab_field_to(w, (lab_place){ 1, 1 }, false, avoid, &field);
    assert_int_equal(field.steps[3 * width + 1], LAB_FAR);
    lab_world_free(w);
}

/* Drops are one-way: the two kinds of fields agree cell by cell, and differ in each direction. */
static void ways_from_are_ways_to(void **state)
{
    (void)state;
    lab_world *w = world_of(&busy_level, 1);
    lab_terrain terrain = { 20, 20, 3, 5, 0.3f, 0, 0.04f };
    lab_place places[LAB_MAX_CELLS], from;
    lab_field away, to;
    int uneven = 0;
    assert_int_equal(lab_make_terrain(w, &terrain), 0);
    lab_remove_all(w);
    assert_true(lab_random_place(w, -1, 0, &from));
    lab_field_from(w, from, &away);
    int count = lab_places(w, -1, 0, places, LAB_MAX_CELLS), start = from.y * 20 + from.x;
    assert_true(count > 100);
    for (int i = 0; i < count; i++) {
        int cell = places[i].y * 20 + places[i].x;
        lab_field_to(w, places[i], false, NULL, &to);
        assert_int_equal(away.steps[cell], to.steps[start]);
        lab_field_to(w, from, false, NULL, &to);
        uneven += to.steps[cell] != away.steps[cell];
    }
    assert_true(uneven > 0);
    lab_world_free(w);
}

/* Against points along the line. */
static void sight_is_what_points_along_the_line_say(void **state)
{
    (void)state;
    lab_world *w = world_of(&busy_level, 7);
    ag_rng rng;
    ag_rng_init(&rng, 5, AG_PURPOSE_TEST, 0);
    int seen = 0, wrong = 0;
    for (int i = 0; i < 3000; i++) {
        float c[6];
        for (int k = 0; k < 6; k++)
            c[k] = ag_rng_uniform(&rng) * (k % 3 == 2 ? 1.0f : 17.0f);
        if (i % 2 == 0) {
            c[3] = c[0] + (c[3] - 8.5f) / 5;
            c[4] = c[1] + (c[4] - 8.5f) / 5;
        }
        bool clear = true;
        for (int k = 0; k <= 2000; k++) {
            float s = (float)k / 2000;
            float x = c[0] + (c[3] - c[0]) * s, y = c[1] + (c[4] - c[1]) * s;
            float z = c[2] + (c[5] - c[2]) * s;
            const lab_cell *cell = lab_cell_of(w, (int)floorf(x), (int)floorf(y));
            clear = clear && cell && z >= cell->floor && z <= cell->ceiling;
        }
        bool sees = lab_sees(w, c[0], c[1], c[2], c[3], c[4], c[5]);
        seen += sees;
        /* The points may pass over the corner of a wall that the line cuts; never the reverse. */
        assert_true(clear || !sees);
        wrong += clear != sees;
    }
    assert_true(seen > 100);
    assert_true(wrong < 10);
    lab_world_free(w);
}

static void gaze_finds_the_point_of_a_panel(void **state)
{
    (void)state;
    lab_world *w = world_of_text("#######\n#.....#\n#..P..#\n#.....#\n#######\n");
    lab_panel panel[4] = { { { 6, 2 }, LAB_WEST, 1, 0.1f, 0.9f, -1, LAB_CAR, LAB_RED },
                           { { 4, 4 }, LAB_NORTH, 3, 0, 1, -1, LAB_CAR, LAB_RED },
                           { { 0, 2 }, LAB_EAST, 1, 0, 1, -1, LAB_CAR, LAB_RED },
                           { { 2, 0 }, LAB_SOUTH, 2, 0, 1, -1, LAB_CAR, LAB_RED } };
    /* The first cell is the left one as seen: on the north face one looks south, east is left. */
    for (int i = 0; i < 4; i++)
        assert_int_equal(lab_panel_add(w, &panel[i]), i);
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 9; k++) {
            float u = 0.2f + 0.3f * (float)(k % 3), v = 0.2f + 0.3f * (float)(k / 3), got_u, got_v;
            bool there = false;
            for (int t = 0; t < 100 && !there; t++) {
                int action[LAB_ACTIONS] = { 0 };
                there = lab_look_panel(w, i, u, v, 4, action);
                for (int n = 0; n < 4; n++)
                    assert_int_equal(lab_world_tick(w, action), 0);
            }
            assert_true(there);
            assert_int_equal(lab_gaze(w, &got_u, &got_v), i);
            assert_true(fabsf(u - got_u) < 0.05f && fabsf(v - got_v) < 0.05f);
        }
    }
    lab_world_free(w);
}

/* An expert that only walks gets from anywhere to anywhere. */
static void walking_gets_there(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        lab_world *w = world_of(&busy_level, seed);
        lab_remove_all(w);
        w->map.doors = 0;
        for (int i = 0; i < w->map.width * w->map.height; i++) {
            if (w->map.cell[i].door)
                w->map.cell[i].floor = 0;
            w->map.cell[i].door = 0;
        }
        lab_place to;
        assert_true(lab_random_far(w, w->player.at, 10, &to));
        bool there = false;
        for (int t = 0; t < 400 && !there; t++) {
            int action[LAB_ACTIONS] = { 0 };
            there = lab_walk(w, lab_middle(to.x), lab_middle(to.y), 0.3f, NULL, 4, action);
            w->restart_asked = false;
            for (int n = 0; n < 4; n++) {
                w->tick = 1;
                assert_int_equal(lab_world_tick(w, action), 0);
            }
        }
        assert_true(there);
        lab_world_free(w);
    }
}

void test_path(test_list *list)
{
    ADD_TEST(list, "path", sines_and_directions_are_right);
    ADD_TEST(list, "path", fields_are_shortest_ways);
    ADD_TEST(list, "path", ways_from_are_ways_to);
    ADD_TEST(list, "path", sight_is_what_points_along_the_line_say);
    ADD_TEST(list, "path", gaze_finds_the_point_of_a_panel);
    ADD_TEST(list, "path", walking_gets_there);
}
