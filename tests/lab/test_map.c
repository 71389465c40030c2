/* Maps: text, hostile text, and what generators promise. */
#include "lab_test.h"

static lab_world *w;
static const lab_level nothing = { .name = "nothing", .seconds = 1 };

static int setup(void **state)
{
    (void)state;
    return lab_world_new(&nothing, &w);
}

static int teardown(void **state)
{
    (void)state;
    lab_world_free(w);
    return 0;
}

static void text_gives_walls_heights_marks_and_rooms(void **state)
{
    (void)state;
    assert_int_equal(lab_map_text(w, "#####\n#P2~#\n#A#\n", "\n.BB\n.A\n", 1, 2), 0);
    assert_int_equal(w->map.width, 5);
    assert_int_equal(w->map.height, 3);
    assert_true(lab_cell_at(w, 0, 0)->floor == 1.0f);
    assert_true(lab_cell_at(w, 1, 1)->floor == 0.0f);
    assert_true(lab_cell_at(w, 1, 1)->ceiling == 2.0f);
    assert_int_equal(lab_cell_at(w, 1, 1)->mark, 'P');
    assert_true(lab_cell_at(w, 2, 1)->floor == 0.5f);
    assert_true(lab_cell_at(w, 3, 1)->floor == LAB_VOID);
    assert_int_equal(lab_cell_at(w, 4, 2)->mark, '#'); /* a short row */
    assert_int_equal(w->map.rooms, 2);
    assert_int_equal(w->map.room[1].x, 1);
    assert_int_equal(w->map.room[1].width, 2);
    assert_int_equal(lab_cell_at(w, 1, 2)->room, 1);
    assert_false(lab_standable(w, 3, 1));
    assert_true(lab_standable(w, 1, 1));
    assert_false(lab_standable(w, 4, 1));
    assert_false(lab_standable(w, 9, -1));
}

static void bad_text_is_refused(void **state)
{
    (void)state;
    char wide[LAB_MAX_SIDE + 3], high[2 * LAB_MAX_SIDE + 5];
    memset(wide, '.', sizeof wide);
    wide[sizeof wide - 1] = 0;
    for (int i = 0; i < LAB_MAX_SIDE + 2; i++)
        memcpy(high + 2 * i, ".\n", 3);
    assert_int_equal(lab_map_text(w, "", NULL, 1, 1), AG_EINVAL);
    assert_int_equal(lab_map_text(w, "\n\n\n", NULL, 1, 1), AG_EINVAL);
    assert_int_equal(lab_map_text(w, wide, NULL, 1, 1), AG_EINVAL);
    assert_int_equal(lab_map_text(w, high, NULL, 1, 1), AG_EINVAL);
    assert_int_equal(lab_map_text(w, "###\n#\x01#\n", NULL, 1, 1), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "row 2"));
}

/* Any bytes give a map or a refusal, and a world that can be walked in and seen. */
static void hostile_text_does_no_harm(void **state)
{
    (void)state;
    ag_rng rng;
    lab_view *view;
    assert_int_equal(lab_view_new(24, 18, false, &view), 0);
    ag_rng_init(&rng, 3, AG_PURPOSE_TEST, 0);
    int made = 0;
    for (int i = 0; i < 400; i++) {
        static const char LETTERS[] = "#*~0129 .PAG\n\n";
        char text[600], rooms[300];
        int length = (int)ag_rng_below(&rng, sizeof text - 1);
        bool wild = ag_rng_below(&rng, 8) == 0;
        for (int j = 0; j < length; j++)
            text[j] =
                wild ? (char)ag_rng_u32(&rng) : LETTERS[ag_rng_below(&rng, sizeof LETTERS - 1)];
        text[length] = 0;
        for (int j = 0; j < (int)sizeof rooms - 1; j++)
            rooms[j] = (char)ag_rng_below(&rng, 128);
        rooms[sizeof rooms - 1] = 0;
        int rc = lab_map_text(w, text, rooms, 1, i % 2 ? LAB_SKY : 1);
        assert_true(rc == 0 || rc == AG_EINVAL);
        if (rc)
            continue;
        made++;
        lab_move_player(w, ag_rng_uniform(&rng) * (float)w->map.width,
                        ag_rng_uniform(&rng) * (float)w->map.height, 100);
        lab_hang_posters(w, 3);
        for (int t = 0; t < 60; t++)
            tick(w, 30, 0, 1);
        lab_render(w, view);
    }
    assert_true(made > 50);
    lab_view_free(view);
}

/* From any standable cell every other can be reached. */
static void assert_connected(void)
{
    lab_place places[LAB_MAX_CELLS];
    lab_field field;
    int count = lab_places(w, -1, 0, places, LAB_MAX_CELLS);
    assert_true(count > 0);
    lab_field_to(w, places[0], true, NULL, &field);
    for (int i = 0; i < count; i++)
        assert_int_not_equal(field.steps[places[i].y * w->map.width + places[i].x], LAB_FAR);
}

static void mazes_are_connected_and_have_their_rooms(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        ag_rng_init(&w->rng, seed, AG_PURPOSE_TEST, 1);
        lab_maze maze = { 11 + 2 * (int)(seed % 5), 11, 4, 3, 3, 2, (int)seed % 4, 1, 1 };
        assert_int_equal(lab_make_maze(w, &maze), 0);
        assert_int_equal(w->map.rooms, 4);
        assert_connected();
        for (int x = 0; x < w->map.width; x++)
            assert_false(lab_standable(w, x, 0) || lab_standable(w, x, w->map.height - 1));
    }
}

static void scattered_rooms_are_connected(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        ag_rng_init(&w->rng, seed, AG_PURPOSE_TEST, 1);
        lab_scatter scatter = { 24, 20, 1 + (int)(seed % 6), 3, 5, 1, 1 };
        assert_int_equal(lab_make_rooms(w, &scatter), 0);
        assert_int_equal(w->map.rooms, scatter.rooms);
        assert_connected();
    }
}

static void terrain_is_connected(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        ag_rng_init(&w->rng, seed, AG_PURPOSE_TEST, 1);
        lab_terrain terrain = { 32, 32, 3, 6, 0.3f, 0.04f, 0.03f };
        assert_int_equal(lab_make_terrain(w, &terrain), 0);
        assert_connected();
    }
}

/* The goal is reached from the start and not the start from the goal; some places are traps. */
static void platforms_go_one_way(void **state)
{
    (void)state;
    int traps = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        ag_rng_init(&w->rng, seed, AG_PURPOSE_TEST, 1);
        lab_platforms p = { .width = 20, .height = 20, .difficulty = (float)(seed % 11) / 10 };
        assert_int_equal(lab_make_platforms(w, &p), 0);
        lab_field field;
        lab_field_to(w, p.goal, true, NULL, &field);
        assert_int_not_equal(field.steps[p.start.y * w->map.width + p.start.x], LAB_FAR);
        lab_place places[LAB_MAX_CELLS];
        int count = lab_places(w, -1, 0, places, LAB_MAX_CELLS);
        for (int i = 0; i < count; i++)
            traps += field.steps[places[i].y * w->map.width + places[i].x] == LAB_FAR;
        lab_field_to(w, p.start, true, NULL, &field);
        assert_int_equal(field.steps[p.goal.y * w->map.width + p.goal.x], LAB_FAR);
    }
    assert_true(traps > 100);
}

static void generators_refuse_bad_sizes(void **state)
{
    (void)state;
    lab_maze even = { 10, 11, 4, 3, 3, 2, 0, 1, 1 }, huge = { 65, 65, 4, 3, 3, 2, 0, 1, 1 };
    lab_maze low = { 11, 11, 4, 3, 3, 2, 0, 1, 0.2f };
    lab_scatter none = { 20, 20, 0, 3, 5, 1, 1 }, large = { 9, 9, 2, 20, 20, 1, 1 };
    lab_terrain flat = { 3, 3, 1, 6, 0, 0, 0 };
    lab_platforms steep = { .width = 20, .height = 20, .difficulty = 2 };
    assert_int_equal(lab_make_maze(w, &even), AG_EINVAL);
    assert_int_equal(lab_make_maze(w, &huge), AG_EINVAL);
    assert_int_equal(lab_make_maze(w, &low), AG_EINVAL);
    assert_int_equal(lab_make_rooms(w, &none), AG_EINVAL);
    assert_int_equal(lab_make_rooms(w, &large), AG_EINVAL);
    assert_int_equal(lab_make_terrain(w, &flat), AG_EINVAL);
    assert_int_equal(lab_make_platforms(w, &steep), AG_EINVAL);
}

void test_map(test_list *list)
{
    ADD_TEST_IN(list, "map", text_gives_walls_heights_marks_and_rooms, setup, teardown);
    ADD_TEST_IN(list, "map", bad_text_is_refused, setup, teardown);
    ADD_TEST_IN(list, "map", hostile_text_does_no_harm, setup, teardown);
    ADD_TEST_IN(list, "map", mazes_are_connected_and_have_their_rooms, setup, teardown);
    ADD_TEST_IN(list, "map", scattered_rooms_are_connected, setup, teardown);
    ADD_TEST_IN(list, "map", terrain_is_connected, setup, teardown);
    ADD_TEST_IN(list, "map", platforms_go_one_way, setup, teardown);
    ADD_TEST_IN(list, "map", generators_refuse_bad_sizes, setup, teardown);
}
