/* Batches: the same bytes for any number of threads, ends of episodes, seeds, checked actions. */
#include <math.h>

#include "env_test.h"

static const char *const classics[] = { "classic/cartpole", "classic/gridworld", "classic/reach",
                                        "classic/spell" };
enum { CLASSICS = sizeof classics / sizeof classics[0] };

static uint64_t run(const char *name, ag_env_options options, int steps)
{
    play p;
    play_open(&p, name, &options);
    uint64_t hash = play_run(&p, steps, 5);
    play_close(&p);
    return hash;
}

static void bytes_do_not_depend_on_threads(void **state)
{
    (void)state;
    for (int i = 0; i < CLASSICS; i++) {
        ag_env_options o = { .batch = 131, .threads = 1, .seed = 3, .auto_reset = true };
        uint64_t one = run(classics[i], o, 60);
        o.threads = 2;
        assert_true(run(classics[i], o, 60) == one);
        o.threads = 5;
        assert_true(run(classics[i], o, 60) == one);
        o.seed = 4;
        assert_true(run(classics[i], o, 60) != one);
    }
}

/* Environment i of a batch is the one that its seed alone makes. */
static void environments_do_not_depend_on_the_batch(void **state)
{
    (void)state;
    for (int i = 0; i < CLASSICS; i++) {
        play many, one;
        play_open(&many, classics[i], &(ag_env_options){ .batch = 3, .seed = 9 });
        play_open(&one, classics[i], &(ag_env_options){ .batch = 1, .seed = 77 });
        assert_int_equal(ag_env_seed(many.env, 2, 1234), AG_OK);
        assert_int_equal(ag_env_seed(one.env, 0, 1234), AG_OK);
        for (int episode = 0; episode < 2; episode++) {
            assert_int_equal(ag_env_reset(many.env, NULL, &many.out), AG_OK);
            assert_int_equal(ag_env_reset(one.env, NULL, &one.out), AG_OK);
            size_t bytes = one.spec->observation[0].bytes;
            assert_memory_equal((uint8_t *)many.out.observation[0] + 2 * bytes,
                                one.out.observation[0], bytes);
        }
        play_close(&many);
        play_close(&one);
    }
}

/* Gymnasium's CartPole-v1 set to our first state and pushed right, right, left, right, left, left,
 * ..., as computed by gymnasium 1.4. */
static void cartpole_moves_as_in_gymnasium(void **state)
{
    (void)state;
    static const float expected[][4] = { { -0.03809259f, -0.03300317f, -0.00947469f, -0.04287308f },
                                         { -0.03875266f, 0.16225335f, -0.01033215f, -0.33853024f },
                                         { -0.03550759f, 0.35752079f, -0.01710276f, -0.63445336f },
                                         { -0.02835717f, 0.16264153f, -0.02979182f, -0.34720516f },
                                         { -0.02510434f, 0.35817429f, -0.03673593f, -0.64913166f },
                                         { -0.01794086f, 0.16358282f, -0.04971856f, -0.36823931f },
                                         { -0.01466920f, 0.35937467f, -0.05708335f, -0.67617542f },
                                         { -0.00748171f, 0.55524141f, -0.07060686f, -0.98627037f },
                                         { 0.00362312f, 0.75123429f, -0.09033226f, -1.30026829f },
                                         { 0.01864780f, 0.55736744f, -0.11633763f, -1.03717530f },
                                         { 0.02979515f, 0.75382733f, -0.13708113f, -1.36399925f },
                                         { 0.04487170f, 0.56066269f, -0.16436112f, -1.11714613f } };
    play p;
    play_open(&p, "classic/cartpole", &(ag_env_options){ .batch = 1, .seed = 1 });
    ag_env_reset(p.env, NULL, &p.out);
    for (int t = 0; t < 12; t++) {
        const float *now = p.out.observation[0];
        for (int k = 0; k < 4; k++)
            assert_true(fabsf(now[k] - expected[t][k]) < 1e-6f);
        assert_int_equal(ag_env_step(p.env, &(double){ (0x2B >> (t % 6)) & 1 }, &p.out), AG_OK);
        assert_true(p.out.reward[0] == 1);
    }
    play_close(&p);
}

static void cartpole_is_truncated_after_500_steps(void **state)
{
    (void)state;
    play p;
    play_open(&p, "classic/cartpole", &(ag_env_options){ .batch = 1, .seed = 1 });
    ag_env_reset(p.env, NULL, &p.out);
    for (int t = 1; t <= 500; t++) {
        const float *now = p.out.observation[0];
        double push = now[2] + 0.5f * now[3] + 0.05f * now[0] + 0.1f * now[1] > 0;
        assert_int_equal(ag_env_step(p.env, &push, &p.out), AG_OK);
        assert_false(p.out.terminated[0]);
        assert_int_equal(p.out.truncated[0], t == 500);
    }
    double push = 0;
    assert_int_equal(ag_env_step(p.env, &push, &p.out), AG_EINVAL);
    assert_contains(ag_error(), "environment 0 of the batch has no episode; reset it first");
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
    assert_int_equal(ag_env_step(p.env, &push, &p.out), AG_OK);
    play_close(&p);
}

/* Pushed always right, a pole falls within a dozen steps: rewards of a repeated action stop there.
 */
static void repeated_actions_stop_at_the_end(void **state)
{
    (void)state;
    play one, four;
    play_open(&one, "classic/cartpole", &(ag_env_options){ .batch = 1, .seed = 7 });
    play_open(&four, "classic/cartpole",
              &(ag_env_options){ .batch = 1, .seed = 7, .action_repeat = 4 });
    ag_env_reset(one.env, NULL, &one.out);
    ag_env_reset(four.env, NULL, &four.out);
    int length = 0;
    float sum = 0;
    double push = 1;
    while (!one.out.terminated[0]) {
        assert_int_equal(ag_env_step(one.env, &push, &one.out), AG_OK);
        length++;
    }
    while (!four.out.terminated[0]) {
        assert_int_equal(ag_env_step(four.env, &push, &four.out), AG_OK);
        sum += four.out.reward[0];
    }
    assert_true(length > 4 && length < 16 && length % 4 != 0);
    assert_true(sum == (float)length);
    assert_memory_equal(one.out.observation[0], four.out.observation[0], 16);
    play_close(&one);
    play_close(&four);
}

static void auto_reset_shows_the_next_episode(void **state)
{
    (void)state;
    play automatic, manual;
    play_open(&automatic, "classic/cartpole",
              &(ag_env_options){ .batch = 2, .seed = 8, .auto_reset = true });
    play_open(&manual, "classic/cartpole", &(ag_env_options){ .batch = 2, .seed = 8 });
    ag_env_reset(automatic.env, NULL, &automatic.out);
    ag_env_reset(manual.env, NULL, &manual.out);
    int ends = 0;
    for (int t = 0; t < 100; t++) {
        assert_int_equal(play_step(&automatic), AG_OK);
        assert_int_equal(play_step(&manual), AG_OK);
        uint8_t *ended = manual.out.terminated;
        assert_memory_equal(automatic.out.terminated, ended, 2);
        ends += ended[0] + ended[1];
        if (ended[0] || ended[1])
            assert_memory_not_equal(automatic.out.observation[0], manual.out.observation[0], 32);
        ag_env_reset(manual.env, (uint8_t[]){ ended[0], ended[1] }, &manual.out);
        assert_memory_equal(automatic.out.observation[0], manual.out.observation[0], 32);
    }
    assert_true(ends > 2);
    play_close(&automatic);
    play_close(&manual);
}

static void reset_writes_only_where_asked(void **state)
{
    (void)state;
    play p;
    play_open(&p, "classic/reach", &(ag_env_options){ .batch = 2 });
    uint8_t *all = p.out.observation[0];
    memset(all, 0xAB, 32);
    assert_int_equal(ag_env_reset(p.env, (uint8_t[]){ 0, 1 }, &p.out), AG_OK);
    for (int i = 0; i < 16; i++)
        assert_int_equal(all[i], 0xAB);
    assert_memory_not_equal(all, all + 16, 16);
    assert_int_equal(play_step(&p), AG_EINVAL);
    assert_contains(ag_error(), "environment 0 of the batch has no episode");
    play_close(&p);
}

static void refuse(play *p, double first, double second, const char *part)
{
    uint64_t before = play_hash(p, 1);
    double actions[] = { 3, 0, first, second };
    assert_int_equal(ag_env_step(p->env, actions, &p->out), AG_EINVAL);
    assert_contains(ag_error(), part);
    assert_true(play_hash(p, 1) == before);
}

static void actions_are_checked(void **state)
{
    (void)state;
    play p;
    play_open(&p, "classic/spell", &(ag_env_options){ .batch = 2 });
    ag_env_reset(p.env, NULL, &p.out);
    refuse(&p, 26, 0,
           "classic/spell: action letter of environment 1 is 26, not a whole number "
           "from 0 to 25");
    refuse(&p, -1, 0, "action letter of environment 1 is -1");
    refuse(&p, 0.5, 0, "action letter of environment 1 is 0.5");
    refuse(&p, 0, NAN, "action shift of environment 1 is nan");
    play_close(&p);
    play_open(&p, "classic/reach", &(ag_env_options){ .batch = 2 });
    ag_env_reset(p.env, NULL, &p.out);
    double actions[] = { 0.25, -1, 1, 1.01 };
    assert_int_equal(ag_env_step(p.env, actions, &p.out), AG_EINVAL);
    assert_contains(ag_error(),
                    "action push_y of environment 1 is 1.01, not a number from -1 to 1");
    play_close(&p);
}

static void options_are_checked(void **state)
{
    (void)state;
    const char *name = "classic/gridworld";
    assert_refused(name, &(ag_env_options){ .batch = 0 }, AG_EINVAL, "a batch has 1 to");
    assert_refused(name, &(ag_env_options){ .batch = 1, .threads = -1 }, AG_EINVAL, "-1 threads");
    assert_refused(name, &(ag_env_options){ .batch = 1, .action_repeat = -1 }, AG_EINVAL,
                   "an action is repeated");
    assert_refused(name, &(ag_env_options){ .batch = 1, .width = 4, .height = 8 }, AG_EINVAL,
                   "its picture has 8 to 1024 pixels a side, not 4 by 8");
    assert_refused(name, &(ag_env_options){ .batch = 1, .depth = true }, AG_EINVAL, "no depth");
    assert_refused("classic/cartpole", &(ag_env_options){ .batch = 1, .width = 64 }, AG_EINVAL,
                   "classic/cartpole: its observation is no picture");
    ag_env *env;
    assert_int_equal(ag_env_open(name, &(ag_env_options){ .batch = 3 }, &env), AG_OK);
    assert_int_equal(ag_env_seed(env, 3, 0), AG_EINVAL);
    assert_contains(ag_error(), "there is no environment 3 in a batch of 3");
    ag_env_close(env);
    ag_env_close(NULL);
}

static void gridworld_is_seen_and_won(void **state)
{
    (void)state;
    play p;
    play_open(&p, "classic/gridworld",
              &(ag_env_options){ .batch = 4, .width = 24, .height = 16, .auto_reset = true });
    assert_int_equal(p.spec->observation[0].type, AG_OBSERVE_IMAGE);
    assert_int_equal(p.spec->observation[0].bytes, 16 * 24 * 3);
    ag_env_reset(p.env, NULL, &p.out);
    int won = 0, lost = 0;
    for (int t = 0; t < 2000; t++) {
        assert_int_equal(play_step(&p), AG_OK);
        for (int i = 0; i < 4; i++) {
            won += p.out.terminated[i];
            lost += p.out.truncated[i];
            assert_true((p.out.reward[i] == 1) == (p.out.terminated[i] == 1));
        }
    }
    assert_true(won > 10 && lost > 10);
    const uint8_t *rgb;
    int width, height;
    assert_int_equal(ag_env_render(p.env, 2, &rgb, &width, &height), AG_OK);
    assert_memory_equal(rgb, (uint8_t *)p.out.observation[0] + (size_t)(2 * 16 * 24 * 3),
                        16 * 24 * 3);
    play_close(&p);
}

static void pictures_for_people(void **state)
{
    (void)state;
    play p;
    const uint8_t *rgb;
    int width = 0, height = 0;
    play_open(&p, "classic/cartpole", &(ag_env_options){ .batch = 1 });
    ag_env_reset(p.env, NULL, &p.out);
    assert_int_equal(ag_env_render(p.env, 0, &rgb, &width, &height), AG_OK);
    int dark = 0;
    for (int i = 0; i < width * height; i++)
        dark += rgb[3 * i] < 0x80;
    assert_true(dark > 100 && dark < width * height / 4);
    play_close(&p);
    play_open(&p, "classic/spell", &(ag_env_options){ .batch = 1 });
    assert_int_equal(ag_env_render(p.env, 0, &rgb, &width, &height), AG_EINVAL);
    assert_contains(ag_error(), "no picture");
    play_close(&p);
}

static void words_are_spelt(void **state)
{
    (void)state;
    play p;
    play_open(&p, "classic/spell", &(ag_env_options){ .batch = 1, .seed = 2 });
    ag_env_reset(p.env, NULL, &p.out);
    const char *text = p.out.observation[0];
    assert_memory_equal(text, "type ", 5);
    for (const char *letter = text + 5; *letter; letter++) {
        assert_false(p.out.terminated[0]);
        double action[] = { (*letter | 0x20) - 'a', !(*letter & 0x20) };
        assert_int_equal(ag_env_step(p.env, action, &p.out), AG_OK);
        assert_true(p.out.reward[0] == 1);
    }
    assert_int_equal(p.out.terminated[0], 1);
    play_close(&p);
}

static void steps_allocate_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < CLASSICS; i++) {
        play p;
        play_open(&p, classics[i],
                  &(ag_env_options){ .batch = 130, .threads = 2, .auto_reset = true });
        ag_env_reset(p.env, NULL, &p.out);
        ag_alloc_fail_at(0);
        for (int t = 0; t < 120; t++)
            assert_int_equal(play_step(&p), AG_OK);
        assert_int_equal(ag_alloc_fail_at(0), 0);
        play_close(&p);
    }
}

static int open_and_step(void *user)
{
    ag_env *env;
    int code =
        ag_env_open(user, &(ag_env_options){ .batch = 20, .threads = 2, .auto_reset = true }, &env);
    if (code == AG_OK)
        code = ag_env_reset(env, NULL, NULL);
    double actions[40] = { 0 };
    if (code == AG_OK)
        code = ag_env_step(env, actions, NULL);
    ag_env_close(env);
    return code;
}

static void failing_allocations_are_errors(void **state)
{
    (void)state;
    for (int i = 0; i < CLASSICS; i++)
        survive_failing_allocations(open_and_step, (void *)classics[i]);
}

void test_batch(test_list *list)
{
    ADD_TEST(list, "batch", bytes_do_not_depend_on_threads);
    ADD_TEST(list, "batch", environments_do_not_depend_on_the_batch);
    ADD_TEST(list, "batch", cartpole_moves_as_in_gymnasium);
    ADD_TEST(list, "batch", cartpole_is_truncated_after_500_steps);
    ADD_TEST(list, "batch", repeated_actions_stop_at_the_end);
    ADD_TEST(list, "batch", auto_reset_shows_the_next_episode);
    ADD_TEST(list, "batch", reset_writes_only_where_asked);
    ADD_TEST(list, "batch", actions_are_checked);
    ADD_TEST(list, "batch", options_are_checked);
    ADD_TEST(list, "batch", gridworld_is_seen_and_won);
    ADD_TEST(list, "batch", pictures_for_people);
    ADD_TEST(list, "batch", words_are_spelt);
    ADD_TEST(list, "batch", steps_allocate_nothing);
    ADD_TEST(list, "batch", failing_allocations_are_errors);
}
