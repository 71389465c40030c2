/* Pictures: distances against rays that march, things before and behind walls, sizes. */
#include <math.h>
#include <stdlib.h>

#include "lab_test.h"

enum { WIDTH = 48, HEIGHT = 36 };

/* The distance along the direction of view of what a ray through (column, row) meets. */
static float march(const lab_world *w, float column, float row)
{
    const lab_player *p = &w->player;
    float focal = WIDTH / 2.0f, across = (2 * column - WIDTH) / WIDTH;
    float horizon =
        HEIGHT / 2.0f + lab_sin((uint32_t)p->pitch) / lab_cos((uint32_t)p->pitch) * focal;
    float cx = lab_cos(p->yaw), cy = lab_sin(p->yaw);
    float dx = cx - cy * across, dy = cy + cx * across, dz = (horizon - row) / focal;
    for (float t = 0.002f; t < 100; t += 0.002f) {
        float x = p->x + dx * t, y = p->y + dy * t, z = p->z + LAB_EYE + dz * t;
        const lab_cell *cell = lab_cell_of(w, (int)floorf(x), (int)floorf(y));
        if (!cell)
            return 1e6f;
        if (z <= cell->floor || z >= cell->ceiling)
            return t;
    }
    return 1e6f;
}

/* Close to what the ray finds, or to what one a little beside it finds (at edges). */
static bool agrees(const lab_world *w, int x, int y, float depth)
{
    for (int i = 0; i < 5; i++) {
        static const float DX[5] = { 0, 0.1f, -0.1f, 0, 0 }, DY[5] = { 0, 0, 0, 0.1f, -0.1f };
        float found = march(w, (float)x + 0.5f + DX[i], (float)y + 0.5f + DY[i]);
        if (fabsf(found - depth) < 0.01f + 0.02f * depth || (found > 1e5f && depth > 1e5f))
            return true;
    }
    return false;
}

static void assert_depths(lab_world *w, ag_rng *rng)
{
    lab_view *view;
    w->map.sight = 1000;
    assert_int_equal(lab_view_new(WIDTH, HEIGHT, true, &view), 0);
    lab_render(w, view);
    for (int i = 0; i < 60; i++) {
        int x = (int)ag_rng_below(rng, WIDTH), y = (int)ag_rng_below(rng, HEIGHT);
        assert_true(agrees(w, x, y, lab_view_depth(view)[y * WIDTH + x]));
    }
    lab_view_free(view);
}

static void stand_anywhere(lab_world *w, ag_rng *rng)
{
    lab_place place;
    assert_true(lab_random_place(w, -1, 0, &place));
    lab_put_player(w, place, (int32_t)ag_rng_below(rng, 65536));
    w->player.x += ag_rng_uniform(rng) * 0.5f - 0.25f;
    w->player.y += ag_rng_uniform(rng) * 0.5f - 0.25f;
    w->player.pitch = (int32_t)ag_rng_below(rng, 1u << 29) - (1 << 28);
}

static void depths_are_those_of_marching_rays(void **state)
{
    (void)state;
    ag_rng rng;
    ag_rng_init(&rng, 11, AG_PURPOSE_TEST, 0);
    lab_world *w = world_of(&busy_level, 1);
    for (uint64_t i = 0; i < 24; i++) {
        lab_terrain terrain = { 20, 20, 3, 5, 0.3f, 0, 0.04f };
        lab_platforms platforms = { .width = 20, .height = 20, .difficulty = 0.7f };
        if (i % 3 == 0)
            assert_int_equal(lab_world_episode(w, i, 0), 0);
        else if (i % 3 == 1)
            assert_int_equal(lab_make_terrain(w, &terrain), 0);
        else
            assert_int_equal(lab_make_platforms(w, &platforms), 0);
        lab_remove_all(w);
        stand_anywhere(w, &rng);
        assert_depths(w, &rng);
    }
    lab_world_free(w);
}

/* How many pixels differ from the picture without the entity. */
static int seen_pixels(lab_world *w, lab_view *view, lab_entity *e)
{
    uint8_t with[WIDTH * HEIGHT * 3], without[WIDTH * HEIGHT * 3];
    lab_render(w, view);
    lab_view_rgb(view, with);
    e->hidden = true;
    lab_render(w, view);
    lab_view_rgb(view, without);
    e->hidden = false;
    int differ = 0;
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        differ += memcmp(with + 3 * i, without + 3 * i, 3) != 0;
    return differ;
}

static void things_are_hidden_by_walls(void **state)
{
    (void)state;
    lab_world *w = world_of_text("#########\n#P......#\n#.......#\n#########\n");
    lab_view *view;
    assert_int_equal(lab_view_new(WIDTH, HEIGHT, false, &view), 0);
    lab_entity *e = lab_add_object(w, (lab_place){ 4, 1 }, LAB_BALL, LAB_RED, 0.5f, 0);
    int all = seen_pixels(w, view, e);
    assert_true(all > 10);
    lab_cell *cell = lab_cell_at(w, 3, 1);
    cell->floor = 0.3f; /* half of it behind a low wall */
    int half = seen_pixels(w, view, e);
    assert_true(half > 0 && half < all);
    cell->floor = 1;
    assert_int_equal(seen_pixels(w, view, e), 0);
    cell->floor = 0;
    e->x = 1.2f; /* behind the eye */
    assert_int_equal(seen_pixels(w, view, e), 0);
    lab_view_free(view);
    lab_world_free(w);
}

/* Every shape in every colour makes a picture of its own, small as it is at 96 x 72. */
static void shapes_and_colours_can_be_told_apart(void **state)
{
    (void)state;
    enum { KINDS = LAB_SHAPES * LAB_COLOURS, SIZE = 96 * 72 * 3 };
    lab_world *w = world_of_text("#########\n#P......#\n#########\n");
    lab_view *view;
    uint8_t *pictures = malloc((size_t)KINDS * SIZE);
    assert_non_null(pictures);
    assert_int_equal(lab_view_new(96, 72, false, &view), 0);
    lab_entity *e = lab_add_object(w, (lab_place){ 3, 1 }, LAB_BALL, LAB_RED, 0.4f, 0);
    for (int i = 0; i < KINDS; i++) {
        e->shape = (uint8_t)(i / LAB_COLOURS);
        e->colour = (uint8_t)(i % LAB_COLOURS);
        lab_render(w, view);
        lab_view_rgb(view, pictures + (size_t)i * SIZE);
    }
    for (int i = 0; i < KINDS; i++) {
        for (int j = 0; j < i; j++) {
            int differ = 0;
            const uint8_t *a = pictures + (size_t)i * SIZE, *b = pictures + (size_t)j * SIZE;
            for (int k = 33 * 96 * 3; k < 60 * 96 * 3 && differ < 20; k++)
                differ += abs(a[k] - b[k]) > 24;
            if (differ < 20)
                fail_msg("%s %s looks like %s %s", lab_colour_names[i % LAB_COLOURS],
                         lab_shape_names[i / LAB_COLOURS], lab_colour_names[j % LAB_COLOURS],
                         lab_shape_names[j / LAB_COLOURS]);
        }
    }
    free(pictures);
    lab_view_free(view);
    lab_world_free(w);
}

static uint8_t *pixel_at(uint8_t *rgb, int x, int y)
{
    return rgb + 3 * (y * WIDTH + x);
}

/* A board with a frame about it, and the wall beside it as if nothing hung there. */
static void posters_are_framed(void **state)
{
    (void)state;
    uint8_t bare[WIDTH * HEIGHT * 3], hung[WIDTH * HEIGHT * 3];
    lab_world *w = world_of_text("####\n#P.#\n####\n");
    lab_view *view;
    assert_int_equal(lab_view_new(WIDTH, HEIGHT, false, &view), 0);
    lab_render(w, view);
    lab_view_rgb(view, bare);
    lab_panel poster = { { 3, 1 }, LAB_WEST, 1, 0.2f, 0.8f, -1, LAB_BALL, LAB_RED };
    assert_int_equal(lab_panel_add(w, &poster), 0);
    lab_render(w, view);
    lab_view_rgb(view, hung);
    /* The wall is 1.5 cells away: 16 pixels a cell, so that the poster is 9.6 pixels a side. */
    int left = WIDTH / 2 - 5, top = HEIGHT / 2 - 5;
    const uint8_t *board = pixel_at(hung, left + 1, top + 1);
    assert_true(board[0] > 180 && board[1] > 180 && board[2] > 180);
    assert_true(pixel_at(hung, left, top + 5)[0] < 110);
    const uint8_t *ball = pixel_at(hung, WIDTH / 2, HEIGHT / 2);
    assert_true(ball[0] > 120 && ball[1] < 100);
    assert_memory_equal(pixel_at(hung, left - 1, top + 5), pixel_at(bare, left - 1, top + 5), 3);
    assert_memory_equal(pixel_at(hung, left + 5, top - 1), pixel_at(bare, left + 5, top - 1), 3);
    lab_view_free(view);
    lab_world_free(w);
}

/* Green pixels at the lower left: the longer, the more shield is left. */
static int bar_of(lab_world *w, lab_view *view, int shield)
{
    uint8_t rgb[WIDTH * HEIGHT * 3];
    int n = 0;
    w->player.shield = shield;
    lab_render(w, view);
    lab_view_rgb(view, rgb);
    for (int x = 0; x < WIDTH / 2; x++) {
        const uint8_t *p = pixel_at(rgb, x, HEIGHT - 2);
        n += p[1] > 150 && p[0] < 80 && p[2] < 80;
    }
    return n;
}

static void the_shield_is_seen(void **state)
{
    (void)state;
    lab_world *w = world_of_text("####\n#P.#\n####\n");
    lab_view *view;
    assert_int_equal(lab_view_new(WIDTH, HEIGHT, false, &view), 0);
    assert_int_equal(bar_of(w, view, 125), 0);
    w->gadget.enabled = true;
    assert_int_equal(bar_of(w, view, 125), HEIGHT / 2);
    assert_int_equal(bar_of(w, view, 75), HEIGHT * 3 / 10);
    assert_int_equal(bar_of(w, view, 25), 0); /* red by then */
    lab_view_free(view);
    lab_world_free(w);
}

static void pictures_are_functions_of_the_world(void **state)
{
    (void)state;
    static const int SIZES[][2] = { { 1, 1 }, { 3, 200 }, { 200, 3 }, { 97, 71 }, { 96, 72 } };
    lab_world *w = world_of(&busy_level, 3);
    for (int i = 0; i < 5; i++) {
        size_t size = (size_t)SIZES[i][0] * (size_t)SIZES[i][1];
        lab_view *view, *fresh;
        uint8_t *a = malloc(size * 4), *b = malloc(size * 4), *c = malloc(size * 3);
        assert_true(a && b && c);
        assert_int_equal(lab_view_new(SIZES[i][0], SIZES[i][1], true, &view), 0);
        assert_int_equal(lab_view_new(SIZES[i][0], SIZES[i][1], true, &fresh), 0);
        for (int t = 0; t < 50; t++) {
            tick(w, 25, 0, 1);
            lab_render(w, view);
        }
        lab_render(w, fresh);
        lab_view_rgbd(view, a);
        lab_view_rgbd(fresh, b);
        lab_view_rgb(view, c);
        assert_memory_equal(a, b, size * 4);
        for (size_t k = 0; k < size; k++)
            assert_memory_equal(a + 4 * k, c + 3 * k, 3);
        lab_view_free(view);
        lab_view_free(fresh);
        free(a);
        free(b);
        free(c);
    }
    lab_world_free(w);
}

/* The key in the corner of the picture is cut where a narrow picture ends. */
static void a_carried_key_shows_in_its_corner_alone(void **state)
{
    (void)state;
    enum { TALL = 200, MOST = 200 * 4 };
    static const int WIDTHS[] = { 1, 3, 40, 200 };
    lab_world *w = world_of_text("#####\n#P..#\n#####\n");
    for (int i = 0; i < 4; i++) {
        static uint8_t with[MOST * TALL], without[MOST * TALL];
        size_t row = 3 * (size_t)WIDTHS[i];
        lab_view *view;
        assert_int_equal(lab_view_new(WIDTHS[i], TALL, false, &view), 0);
        lab_render(w, view);
        lab_view_rgb(view, without);
        w->player.key = LAB_RED;
        lab_render(w, view);
        lab_view_rgb(view, with);
        w->player.key = -1;
        assert_memory_equal(with, without, row * (TALL * 3 / 4));
        if (WIDTHS[i] >= 40)
            assert_memory_not_equal(with, without, row * TALL);
        lab_view_free(view);
    }
    lab_world_free(w);
}

static void bad_sizes_are_refused(void **state)
{
    (void)state;
    lab_view *view;
    assert_int_equal(lab_view_new(0, 72, false, &view), AG_EINVAL);
    assert_int_equal(lab_view_new(96, -1, false, &view), AG_EINVAL);
    assert_int_equal(lab_view_new(LAB_VIEW_MAX + 1, 72, false, &view), AG_EINVAL);
    assert_null(view);
}

void test_render(test_list *list)
{
    ADD_TEST(list, "render", depths_are_those_of_marching_rays);
    ADD_TEST(list, "render", things_are_hidden_by_walls);
    ADD_TEST(list, "render", shapes_and_colours_can_be_told_apart);
    ADD_TEST(list, "render", posters_are_framed);
    ADD_TEST(list, "render", the_shield_is_seen);
    ADD_TEST(list, "render", pictures_are_functions_of_the_world);
    ADD_TEST(list, "render", a_carried_key_shows_in_its_corner_alone);
    ADD_TEST(list, "render", bad_sizes_are_refused);
}
