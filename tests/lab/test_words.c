/* Pictures for people: letters, what is cut off, lines; the map from above. */
#include <stdlib.h>

#include "lab/film.h"
#include "lab/words.h"
#include "lab_test.h"

enum { WIDTH = 40, HEIGHT = 30, BYTES = 3 * WIDTH * HEIGHT };

static int lit(const uint8_t *rgb, uint8_t of)
{
    int n = 0;
    for (int i = 0; i < BYTES; i += 3)
        n += rgb[i] == of;
    return n;
}

static void letters_are_all_different(void **state)
{
    (void)state;
    for (int a = ' '; a <= '~'; a++) {
        for (int b = ' '; b < a; b++)
            assert_memory_not_equal(lab_glyph((char)a), lab_glyph((char)b), LAB_GLYPH_ROWS);
        for (int row = 0; row < LAB_GLYPH_ROWS; row++)
            assert_true(lab_glyph((char)a)[row] < 32);
    }
    assert_ptr_equal(lab_glyph('\n'), lab_glyph('?'));
    assert_ptr_equal(lab_glyph((char)200), lab_glyph('?'));
}

/* An I has 11 points: three, five of its stem, three. */
static void words_stay_in_the_picture(void **state)
{
    (void)state;
    uint8_t rgb[BYTES] = { 0 };
    lab_canvas c = { rgb, 3 * WIDTH, WIDTH, HEIGHT };
    lab_write(&c, 0, 0, 1, LAB_RGB(255, 255, 255), "I", 1);
    assert_int_equal(lit(rgb, 255), 11);
    lab_write(&c, 10, 0, 2, LAB_RGB(200, 255, 255), "I", 1);
    assert_int_equal(lit(rgb, 200), 44);
    lab_write(&c, WIDTH - 3, 10, 1, LAB_RGB(100, 0, 0), "II", 2);
    assert_int_equal(lit(rgb, 100), 2 * 2 + 5); /* two points of each end, and the stem */
    lab_write(&c, -50, HEIGHT - 1, 3, LAB_RGB(50, 0, 0), "I", 1);
    lab_write(&c, 0, -100, 3, LAB_RGB(50, 0, 0), "I", 1);
    assert_int_equal(lit(rgb, 50), 0);
}

/* Six letters of a point go into 40 pixels. */
static void captions_are_broken_at_spaces(void **state)
{
    (void)state;
    uint8_t rgb[BYTES];
    memset(rgb, 100, sizeof rgb);
    lab_canvas c = { rgb, 3 * WIDTH, WIDTH, HEIGHT };
    assert_int_equal(lab_caption_lines(&c, 1, ""), 0);
    assert_int_equal(lab_caption_lines(&c, 1, "red"), 1);
    assert_int_equal(lab_caption_lines(&c, 1, "red ba"), 1);
    assert_int_equal(lab_caption_lines(&c, 1, "red ball"), 2);
    assert_int_equal(lab_caption_lines(&c, 1, "umbrellas"), 2);
    assert_int_equal(lab_caption_lines(&c, 100, "red"), 0); /* no letter fits */
    assert_int_equal(lab_caption(&c, 0, 1, LAB_RGB(255, 255, 255), "red ball"), 2 * LAB_LINE);
    assert_int_equal(rgb[0], 25);
    assert_int_equal(rgb[3 * WIDTH * 2 * LAB_LINE], 100);
    assert_true(lit(rgb, 255) > 40);
}

/* The map from above: a shut door is not like the floor, an open one is. */
static void doors_are_seen_from_above(void **state)
{
    (void)state;
    enum {
        SIDE = 50,
        STRIDE = 3 * SIDE,
        DOOR = 3 * (25 + 15 * SIDE),
        FLOOR = 3 * (35 + 15 * SIDE)
    };
    static uint8_t rgb[STRIDE * SIDE];
    lab_world *w = world_of_text("#####\n#P..#\n#####\n");
    int door = lab_door_add(w, (lab_place){ 2, 1 }, LAB_RED, false);
    lab_overview(w, SIDE, rgb, STRIDE);
    assert_true(rgb[DOOR] > 2 * rgb[DOOR + 1]);
    w->map.door[door].high = 0.4f; /* one can look over it */
    lab_door_jump(w, door, false);
    lab_overview(w, SIDE, rgb, STRIDE);
    assert_true(rgb[DOOR] > 2 * rgb[DOOR + 1]);
    lab_door_jump(w, door, true);
    lab_overview(w, SIDE, rgb, STRIDE);
    assert_memory_equal(rgb + DOOR, rgb + FLOOR, 3);
    lab_world_free(w);
}

void test_words(test_list *list)
{
    ADD_TEST(list, "words", letters_are_all_different);
    ADD_TEST(list, "words", words_stay_in_the_picture);
    ADD_TEST(list, "words", captions_are_broken_at_spaces);
    ADD_TEST(list, "words", doors_are_seen_from_above);
}
