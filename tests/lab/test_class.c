/* The world as environments of a batch: specifications, pictures, words, ends. */
#include <stdlib.h>

#include "agena/env.h"
#include "lab_test.h"

static ag_env *opened(const char *name, const ag_env_options *options)
{
    ag_env *env;
    if (ag_env_open(name, options, &env))
        fail_msg("%s", ag_error());
    return env;
}

static void levels_are_listed_and_open(void **state)
{
    (void)state;
    int levels = 0;
    for (int i = 0; i < ag_env_count(); i++) {
        if (strncmp(ag_env_name(i), "lab/", 4) != 0)
            continue;
        levels++;
        assert_true(strlen(ag_env_summary(i)) > 0);
        ag_env *env = opened(ag_env_name(i), &(ag_env_options){ .batch = 1 });
        const ag_env_spec *spec = ag_env_specification(env);
        const ag_observation_spec *picture = &spec->observation[0];
        assert_string_equal(picture->name, "RGB_INTERLEAVED");
        assert_true(picture->shape[0] == 72 && picture->shape[1] == 96 && picture->shape[2] == 3);
        assert_int_equal(spec->actions, LAB_ACTIONS);
        assert_string_equal(spec->action[LAB_MOVE].name, "MOVE_BACK_FORWARD");
        bool words = lab_level_find(ag_env_name(i) + 4)->language;
        assert_int_equal(spec->observations, words ? 3 : 2);
        if (words)
            assert_int_equal(spec->observation[2].type, AG_OBSERVE_TEXT);
        ag_env_close(env);
    }
    assert_true(levels >= 30);
    ag_env *env;
    assert_int_equal(ag_env_open("lab/nowhere", &(ag_env_options){ .batch = 1 }, &env),
                     AG_ENOTFOUND);
}

/* A picture of any size, with distances when they are asked for: near walls, and less far than
 * nothing. */
static void depth_is_the_fourth_channel(void **state)
{
    (void)state;
    ag_env_options options = { .batch = 1, .width = 40, .height = 30, .depth = true };
    ag_env *env = opened("lab/explore_goal_locations_small", &options);
    const ag_observation_spec *picture = &ag_env_specification(env)->observation[0];
    assert_string_equal(picture->name, "RGBD_INTERLEAVED");
    assert_int_equal(picture->bytes, 40 * 30 * 4);
    static uint8_t pixels[40 * 30 * 4];
    assert_int_equal(ag_env_reset(env, NULL, &(ag_env_buffers){ .observation = { pixels } }), 0);
    for (int i = 0; i < 40 * 30; i++)
        assert_in_range(pixels[4 * i + 3], 1, 200);
    ag_env_close(env);
}

/* 90 seconds of 60 ticks, four a step: the 1350th step ends the episode by its time. */
static void episodes_end_by_time(void **state)
{
    (void)state;
    ag_env_options options = { .batch = 1, .action_repeat = 4 };
    ag_env *env = opened("lab/explore_goal_locations_small", &options);
    double actions[LAB_ACTIONS] = { 0 };
    float frames = 0;
    uint8_t terminated = 0, truncated = 0;
    ag_env_buffers out = { .observation = { NULL, &frames },
                           .terminated = &terminated,
                           .truncated = &truncated };
    assert_int_equal(ag_env_reset(env, NULL, &out), 0);
    assert_true(frames == 90 * LAB_TICKS);
    for (int i = 1; i <= 1350; i++) {
        assert_int_equal(truncated, 0);
        assert_int_equal(ag_env_step(env, actions, &out), 0);
    }
    assert_int_equal(truncated, 1);
    assert_int_equal(terminated, 0);
    ag_env_close(env);
}

static uint64_t run_batch(int threads)
{
    enum { BATCH = 6, BYTES = 24 * 18 * 3 };
    static uint8_t pixels[BATCH * BYTES];
    float reward[BATCH];
    ag_env_options options = { .batch = BATCH,
                               .threads = threads,
                               .action_repeat = 4,
                               .seed = 3,
                               .auto_reset = true,
                               .width = 24,
                               .height = 18 };
    ag_env *env = opened("lab/lasertag_three_opponents_small", &options);
    ag_env_buffers out = { .observation = { pixels }, .reward = reward };
    uint64_t hash = 1;
    ag_rng rng;
    ag_rng_init(&rng, 1, AG_PURPOSE_TEST, 0);
    assert_int_equal(ag_env_reset(env, NULL, &out), 0);
    for (int i = 0; i < 100; i++) {
        double actions[BATCH * LAB_ACTIONS];
        for (int k = 0; k < BATCH; k++) {
            int action[LAB_ACTIONS];
            random_action(&rng, action);
            for (int a = 0; a < LAB_ACTIONS; a++)
                actions[k * LAB_ACTIONS + a] = action[a];
        }
        assert_int_equal(ag_env_step(env, actions, &out), 0);
        hash = mixed(mixed(hash, pixels, sizeof pixels), reward, sizeof reward);
    }
    ag_env_close(env);
    return hash;
}

static void bytes_do_not_depend_on_threads(void **state)
{
    (void)state;
    assert_true(run_batch(1) == run_batch(3));
}

void test_class(test_list *list)
{
    ADD_TEST(list, "class", levels_are_listed_and_open);
    ADD_TEST(list, "class", depth_is_the_fourth_channel);
    ADD_TEST(list, "class", episodes_end_by_time);
    ADD_TEST(list, "class", bytes_do_not_depend_on_threads);
}
