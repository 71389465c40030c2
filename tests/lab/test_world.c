/* Episodes: determinism, every level under random actions, failing allocations, refusals. */
#include "lab_test.h"

enum { WIDTH = 32, HEIGHT = 24 };
#define BUSY_HASH 0x0F5238B534C41675u

/* Everything seen, rewarded and written in some steps of random actions; the view is w's own. */
static uint64_t run(lab_world *w, lab_view *view, uint64_t seed, int steps)
{
    static uint8_t rgb[WIDTH * HEIGHT * 3];
    uint64_t hash = 0xCBF29CE484222325u;
    ag_rng rng;
    ag_rng_init(&rng, seed, AG_PURPOSE_TEST, 0);
    assert_int_equal(lab_world_episode(w, seed, 0), 0);
    for (int i = 0; i < steps; i++) {
        int action[LAB_ACTIONS];
        random_action(&rng, action);
        for (int t = 0; t < 4; t++) {
            assert_int_equal(lab_world_tick(w, action), 0);
            hash = mixed(hash, &w->reward, sizeof w->reward);
        }
        lab_render(w, view);
        lab_view_rgb(view, rgb);
        hash = mixed(hash, rgb, sizeof rgb);
        hash = mixed(hash, w->instruction, sizeof w->instruction);
        if (w->ended || w->tick >= w->ticks)
            assert_int_equal(lab_world_episode(w, seed, (uint64_t)i), 0);
    }
    return hash;
}

/* The same on every compiler and machine, hence a number. */
static void bytes_are_a_function_of_seed_and_actions(void **state)
{
    (void)state;
    lab_world *w = world_of(&busy_level, 0);
    lab_view *view;
    assert_int_equal(lab_view_new(WIDTH, HEIGHT, false, &view), 0);
    uint64_t first = run(w, view, 5, 600);
    assert_true(run(w, view, 6, 600) != first);
    assert_true(run(w, view, 5, 600) == first);
    printf("# busy level: 0x%016llXu\n", (unsigned long long)first);
    assert_true(first == BUSY_HASH);
    lab_view_free(view);
    lab_world_free(w);
}

static void every_level_stands_random_actions(void **state)
{
    (void)state;
    const lab_level *level;
    int levels = 0;
    for (; (level = lab_level_at(levels)); levels++) {
        assert_ptr_equal(lab_level_find(level->name), level);
        uint64_t hash[2];
        for (int i = 0; i < 2; i++) { /* whatever the world was before */
            lab_world *w = world_of(level, i ? 99 : 0);
            lab_view *view;
            assert_int_equal(lab_view_new(WIDTH, HEIGHT, false, &view), 0);
            hash[i] = run(w, view, 1, 120);
            lab_view_free(view);
            lab_world_free(w);
        }
        if (hash[0] != hash[1])
            fail_msg("%s: an episode depends on the one before it", level->name);
    }
    assert_true(levels > 0);
    assert_null(lab_level_find("nowhere"));
}

static void actions_out_of_range_are_refused(void **state)
{
    (void)state;
    lab_world *w = world_of(&busy_level, 0);
    for (int i = 0; i < LAB_ACTIONS; i++) {
        int action[LAB_ACTIONS] = { 0 };
        action[i] = i < 2 ? -513 : 2;
        assert_int_equal(lab_world_tick(w, action), AG_EINVAL);
    }
    assert_int_equal(w->tick, 0);
    lab_world_free(w);
}

static void failing_allocations_are_errors(void **state)
{
    (void)state;
    int failed = 0, rc = AG_ENOMEM;
    for (uint64_t n = 1; rc == AG_ENOMEM && n < 100; n++) {
        lab_world *w = NULL;
        lab_view *view = NULL;
        ag_alloc_fail_at(n);
        rc = lab_world_new(&busy_level, &w);
        if (!rc)
            rc = lab_view_new(WIDTH, HEIGHT, true, &view);
        if (!rc)
            rc = lab_world_episode(w, 1, 0);
        ag_alloc_fail_at(0);
        failed += rc == AG_ENOMEM;
        assert_true(rc == 0 || rc == AG_ENOMEM);
        lab_view_free(view);
        lab_world_free(w);
    }
    assert_int_equal(rc, 0);
    assert_true(failed >= 10);
}

/* Episodes, ticks and pictures allocate nothing. */
static void nothing_is_allocated_after_the_start(void **state)
{
    (void)state;
    lab_world *w = world_of(&busy_level, 0);
    lab_view *view;
    assert_int_equal(lab_view_new(WIDTH, HEIGHT, false, &view), 0);
    ag_alloc_fail_at(0);
    run(w, view, 1, 100);
    assert_int_equal(ag_alloc_fail_at(0), 0);
    lab_view_free(view);
    lab_world_free(w);
}

void test_world(test_list *list)
{
    ADD_TEST(list, "world", bytes_are_a_function_of_seed_and_actions);
    ADD_TEST(list, "world", every_level_stands_random_actions);
    ADD_TEST(list, "world", actions_out_of_range_are_refused);
    ADD_TEST(list, "world", failing_allocations_are_errors);
    ADD_TEST(list, "world", nothing_is_allocated_after_the_start);
}
