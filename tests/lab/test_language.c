/* Levels with words: the instruction is true of exactly the object that is right. */
#include "lab_test.h"

/* What an instruction says about an object; -1 = nothing. */
typedef struct {
    int shape, colour, not_colour, floor;
    int big; /* 1 big, 0 small */
    bool single;
} meaning;

static int index_of(const char *word, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(word, names[i]) == 0)
            return i;
    }
    return -1;
}

static int colour_of(const char *word)
{
    int colour = index_of(word, lab_colour_names, LAB_COLOURS);
    assert_true(colour >= 0);
    return colour;
}

static int shape_of(const char *word)
{
    int shape = index_of(word, lab_shape_names, LAB_SHAPES);
    if (shape < 0)
        fail_msg("no shape: %s", word);
    return shape;
}

static meaning understood(const char *text)
{
    meaning m = { -1, -1, -1, -1, -1, false };
    char one[32], two[32];
    if (strcmp(text, "object that has no like") == 0) {
        m.single = true;
    } else if (sscanf(text, "object that is not %31s", one) == 1) {
        m.not_colour = colour_of(one);
    } else if (sscanf(text, "pick the %31s object in the %31s room", one, two) == 2) {
        m.colour = colour_of(one);
        m.floor = colour_of(two);
    } else if (sscanf(text, "%31s %31s", one, two) == 1) {
        m.shape = shape_of(one);
    } else {
        if (strcmp(one, "big") == 0 || strcmp(one, "small") == 0)
            m.big = one[0] == 'b';
        else
            m.colour = colour_of(one);
        if (strcmp(two, "object") != 0)
            m.shape = shape_of(two);
    }
    return m;
}

static bool fits(const lab_world *w, const meaning *m, const lab_entity *e)
{
    const lab_cell *cell = lab_cell_of(w, (int)e->x, (int)e->y);
    uint32_t floor = w->map.material[cell->floor_material].tint;
    int like = 0;
    for (int i = 0; i < w->entities; i++)
        like += w->entity[i].kind == LAB_OBJECT && w->entity[i].shape == e->shape;
    return (m->shape < 0 || e->shape == m->shape) && (m->colour < 0 || e->colour == m->colour) &&
           (m->not_colour < 0 || e->colour != m->not_colour) &&
           (m->floor < 0 || (cell->room > 0 && floor == lab_paint_rgb(m->floor))) &&
           (m->big < 0 || (e->size > 0.5f) == m->big) && (!m->single || like == 1);
}

/* There is a way to it on which nothing wrong is touched. */
static bool can_be_taken_alone(const lab_world *w, const lab_entity *right)
{
    uint8_t avoid[LAB_MAX_CELLS] = { 0 };
    lab_field way;
    lab_avoid(w, right, avoid);
    lab_field_to(w, (lab_place){ (int16_t)right->x, (int16_t)right->y }, false, avoid, &way);
    return way.steps[w->player.at.y * w->map.width + w->player.at.x] != LAB_FAR;
}

/* Many tasks of a level, each after the pick-up before; returns how many kinds of words came. */
static int check_tasks(const char *name, int tasks)
{
    lab_world *w = world_of(lab_level_find(name), 1);
    unsigned kinds = 0;
    for (int task = 0; task < tasks; task++) {
        meaning m = understood(w->instruction);
        lab_entity *right = NULL, *any = NULL;
        int objects = 0;
        for (int i = 0; i < w->entities; i++) {
            lab_entity *e = &w->entity[i];
            if (e->kind != LAB_OBJECT)
                continue;
            objects++;
            if (fits(w, &m, e) != (e->reward == 10) || (e->reward != 10 && e->reward != -10))
                fail_msg("%s: \"%s\", but a %s %s has %g", name, w->instruction,
                         lab_colour_names[e->colour], lab_shape_names[e->shape], (double)e->reward);
            if (e->reward > 0) {
                assert_null(right);
                right = e;
            } else {
                any = e;
            }
        }
        assert_true(right && any && objects >= 2);
        if (m.floor >= 0) /* rooms with doorways; in the hall one walks between things */
            assert_true(can_be_taken_alone(w, right));
        kinds |= 1u << ((m.shape >= 0) + 2 * (m.colour >= 0) + 4 * (m.floor >= 0)) |
                 1u << (8 + (m.big >= 0)) | (unsigned)m.single << 10 |
                 (unsigned)(m.not_colour >= 0) << 11;
        double before = w->score;
        touch(w, task % 3 ? right : any);
        assert_true(w->score == before + (task % 3 ? 10 : -10));
        assert_int_equal(w->restarts, task + 1);
    }
    lab_world_free(w);
    int count = 0;
    for (; kinds; kinds &= kinds - 1)
        count++;
    return count;
}

static void words_describe_the_right_object_alone(void **state)
{
    (void)state;
    assert_int_equal(check_tasks("language_select_described_object", 150), 5);
}

static void words_locate_the_right_object_alone(void **state)
{
    (void)state;
    assert_int_equal(check_tasks("language_select_located_object", 150), 2);
}

static void there_are_two_to_six_rooms_in_turn(void **state)
{
    (void)state;
    int rooms[7] = { 0 };
    lab_world *w = world_of(lab_level_find("language_select_located_object"), 0);
    for (uint64_t seed = 0; seed < 200; seed++) {
        assert_int_equal(lab_world_episode(w, seed, 0), 0);
        assert_in_range(w->map.rooms, 2, 6);
        rooms[w->map.rooms]++;
    }
    for (int n = 2; n <= 6; n++)
        assert_in_range(rooms[n], 20, 60);
    lab_world_free(w);
}

static void random_tasks_are_of_all_kinds(void **state)
{
    (void)state;
    assert_int_equal(check_tasks("language_execute_random_task", 200), 9);
}

/* ---- questions ---- */

static int count_scenery(const lab_world *w, int shape, int colour)
{
    int n = 0;
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *e = &w->entity[i];
        n += e->kind == LAB_OBJECT && !e->touch && (shape < 0 || e->shape == shape) &&
             (colour < 0 || e->colour == colour);
    }
    return n;
}

static int singular(char *word)
{
    size_t length = strlen(word);
    if (length && word[length - 1] == 's' && index_of(word, lab_shape_names, LAB_SHAPES) < 0)
        word[length - 1] = 0;
    return shape_of(word);
}

/* The true answer; kind 0..3 of the question. */
static bool answer_to(const lab_world *w, int *kind)
{
    char one[32], two[32];
    if (sscanf(w->instruction, "is anything %31[a-z]?", one) == 1) {
        *kind = 2;
        return count_scenery(w, -1, colour_of(one)) > 0;
    }
    *kind = sscanf(w->instruction, "are all %31s %31[a-z]?", one, two) == 2    ? 0
            : sscanf(w->instruction, "is any %31s %31[a-z]?", one, two) == 2   ? 1
            : sscanf(w->instruction, "are most %31s %31[a-z]?", one, two) == 2 ? 3
                                                                               : -1;
    assert_true(*kind >= 0);
    int shape = *kind == 1 ? shape_of(one) : singular(one);
    int all = count_scenery(w, shape, -1), both = count_scenery(w, shape, colour_of(two));
    assert_true(all > 0);
    return *kind == 0 ? both == all : *kind == 1 ? both > 0 : 2 * both > all;
}

static void white_is_yes_and_black_is_no(void **state)
{
    (void)state;
    lab_world *w = world_of(lab_level_find("language_answer_quantitative_question"), 1);
    int answers[4][2] = { { 0 } };
    for (int question = 0; question < 200; question++) {
        int kind, balls = 0;
        bool yes = answer_to(w, &kind);
        lab_entity *right = NULL;
        for (int i = 0; i < w->entities; i++) {
            lab_entity *e = &w->entity[i];
            if (e->kind != LAB_OBJECT || !e->touch)
                continue;
            balls++;
            assert_true(e->shape == LAB_BALL && (e->colour == LAB_WHITE || e->colour == LAB_BLACK));
            assert_true(e->reward == ((e->colour == LAB_WHITE) == yes ? 10 : -10));
            right = e->reward > 0 ? e : right;
        }
        assert_int_equal(balls, 2);
        answers[kind][yes]++;
        touch(w, right);
    }
    /* Neither answer pays by itself: of about 50 questions of a kind half are yes, within 3
     * standard deviations. */
    for (int kind = 0; kind < 4; kind++) {
        int all = answers[kind][0] + answers[kind][1], beyond = 2 * answers[kind][1] - all;
        assert_in_range(all, 30, 70);
        assert_true(beyond * beyond <= 9 * all);
    }
    assert_true(w->score == 2000);
    lab_world_free(w);
}

void test_language(test_list *list)
{
    ADD_TEST(list, "language", words_describe_the_right_object_alone);
    ADD_TEST(list, "language", words_locate_the_right_object_alone);
    ADD_TEST(list, "language", there_are_two_to_six_rooms_in_turn);
    ADD_TEST(list, "language", random_tasks_are_of_all_kinds);
    ADD_TEST(list, "language", white_is_yes_and_black_is_no);
}
