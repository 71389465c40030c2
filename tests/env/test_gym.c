/* gym: with real packages (run_gym.py sees to them) and with the worlds of gym_worlds.py: what is
 * observed, taken and told. */
#include <math.h>
#include <stdlib.h>

#include "env_test.h"

static void cartpole_is_played(void **state)
{
    (void)state;
    ag_env_options options = { .batch = 3, .seed = 4, .auto_reset = true };
    play p;
    play_open(&p, "gym:CartPole-v1", &options);
    assert_int_equal(p.spec->observations, 1);
    assert_string_equal(p.spec->observation[0].name, "observation");
    assert_int_equal(p.spec->observation[0].type, AG_OBSERVE_FLOATS);
    assert_int_equal(p.spec->observation[0].shape[0], 4);
    assert_true(p.spec->frames_per_second == 50);
    assert_int_equal(p.spec->actions, 1);
    assert_true(p.spec->action[0].low == 0 && p.spec->action[0].high == 1);
    uint64_t hash = play_run(&p, 100, 1);
    play_close(&p);
    play_open(&p, "gym:CartPole-v1", &options);
    assert_true(play_run(&p, 100, 1) == hash);
    /* Further episodes of the same batch are others. */
    assert_true(play_run(&p, 100, 1) != hash);
    play_close(&p);
    options.seed = 5;
    play_open(&p, "gym:CartPole-v1", &options);
    assert_true(play_run(&p, 100, 1) != hash);
    play_close(&p);
}

/* Always pushed one way, a pole falls in 8 to 11 steps, theirs as ours (test_batch.c compares
 * numbers). */
static void cartpole_falls_as_ours(void **state)
{
    (void)state;
    play theirs, ours;
    play_open(&theirs, "gym:CartPole-v1", &(ag_env_options){ .batch = 1, .action_repeat = 2 });
    play_open(&ours, "classic/cartpole", &(ag_env_options){ .batch = 1, .action_repeat = 2 });
    int lengths[2] = { 0, 0 };
    play *both[] = { &theirs, &ours };
    for (int k = 0; k < 2; k++) {
        assert_int_equal(ag_env_reset(both[k]->env, NULL, &both[k]->out), AG_OK);
        float sum = 0;
        while (!both[k]->out.terminated[0]) {
            double push = 1;
            assert_int_equal(ag_env_step(both[k]->env, &push, &both[k]->out), AG_OK);
            sum += both[k]->out.reward[0];
        }
        lengths[k] = (int)sum;
    }
    assert_in_range(lengths[0], 8, 11);
    assert_in_range(lengths[1], 8, 11);
    play_close(&theirs);
    play_close(&ours);
}

static void auto_reset_begins_the_seeded_episode(void **state)
{
    (void)state;
    play automatic, manual;
    play_open(&automatic, "gym:gym_worlds:Troubled-v0",
              &(ag_env_options){ .batch = 2, .seed = 8, .auto_reset = true });
    play_open(&manual, "gym:gym_worlds:Troubled-v0", &(ag_env_options){ .batch = 2, .seed = 8 });
    double actions[] = { 0, 0 };
    ag_env_reset(automatic.env, NULL, &automatic.out);
    ag_env_reset(manual.env, NULL, &manual.out);
    for (int t = 1; t <= 12; t++) {
        if (t == 7) { /* in the midst of an episode: the next one is its first */
            ag_env_seed(automatic.env, 1, 99);
            ag_env_seed(manual.env, 1, 99);
        }
        assert_int_equal(ag_env_step(automatic.env, actions, &automatic.out), AG_OK);
        assert_int_equal(ag_env_step(manual.env, actions, &manual.out), AG_OK);
        assert_int_equal(manual.out.terminated[0], t % 5 == 0);
        if (t % 5 == 0)
            ag_env_reset(manual.env, NULL, &manual.out);
        assert_memory_equal(automatic.out.observation[0], manual.out.observation[0], 8);
    }
    play alone;
    play_open(&alone, "gym:gym_worlds:Troubled-v0", &(ag_env_options){ .batch = 1, .seed = 99 });
    ag_env_reset(alone.env, NULL, &alone.out);
    ag_env_step(alone.env, actions, &alone.out);
    ag_env_step(alone.env, actions, &alone.out);
    assert_memory_equal(alone.out.observation[0], (float *)manual.out.observation[0] + 1, 4);
    play_close(&alone);
    play_close(&automatic);
    play_close(&manual);
}

static void expect(const ag_observation_spec *o, const char *name, ag_observation_type type,
                   int rank, const int *shape)
{
    assert_string_equal(o->name, name);
    assert_int_equal(o->type, type);
    assert_int_equal(o->rank, rank);
    for (int i = 0; i < rank; i++)
        assert_int_equal(o->shape[i], shape[i]);
}

static void spaces_of_all_kinds(void **state)
{
    (void)state;
    play p;
    play_open(&p, "gym:gym_worlds:Mixed-v0?mission=caf%C3%A9%20",
              &(ag_env_options){ .batch = 2, .auto_reset = true });
    const ag_observation_spec *o = p.spec->observation;
    assert_int_equal(p.spec->observations, 7);
    expect(&o[0], "deep", AG_OBSERVE_FLOATS, 1, (int[]){ 12 });
    expect(&o[1], "flags", AG_OBSERVE_BYTES, 1, (int[]){ 3 });
    expect(&o[2], "inner.0", AG_OBSERVE_FLOATS, 2, (int[]){ 2, 2 });
    expect(&o[3], "inner.1", AG_OBSERVE_FLOATS, 1, (int[]){ 1 });
    expect(&o[4], "lone", AG_OBSERVE_FLOATS, 1, (int[]){ 1 });
    expect(&o[5], "mission", AG_OBSERVE_TEXT, 1, (int[]){ 81 });
    expect(&o[6], "picture", AG_OBSERVE_IMAGE, 3, (int[]){ 3, 4, 3 });
    assert_true(o[2].low == -1 && o[2].high == 1 && o[3].low == 10 && o[3].high == 14);
    assert_true(o[0].low == -INFINITY && o[0].high == INFINITY);
    const char *names[] = { "jump", "legs.0", "legs.1", "turn.0", "turn.1.0", "turn.1.1" };
    assert_int_equal(p.spec->actions, 6);
    for (int i = 0; i < 6; i++) {
        assert_string_equal(p.spec->action[i].name, names[i]);
        assert_int_equal(p.spec->action[i].continuous, i == 3);
    }
    assert_true(p.spec->action[0].low == -1 && p.spec->action[0].high == 1);
    assert_true(p.spec->action[2].high == 3 && p.spec->action[3].high == 2);
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
    const char *mission = p.out.observation[5];
    assert_int_equal(strlen(mission), 80);
    assert_memory_equal(mission, "café café", 11);
    double actions[] = { -1, 0, 0, 0, 0, 0, 1, 1, 3, -0.75, 0, 1 };
    for (int t = 0; t < 3; t++)
        assert_int_equal(ag_env_step(p.env, actions, &p.out), AG_OK);
    const float *inner = (float *)p.out.observation[2] + 4;
    assert_true(inner[0] == -0.75f && inner[1] == 1 && inner[2] == 3 && inner[3] == 0.5f);
    assert_true(((float *)p.out.observation[3])[1] == 13);
    assert_true(((float *)p.out.observation[4])[1] == 2);
    assert_memory_equal((uint8_t *)p.out.observation[1] + 3, ((uint8_t[]){ 0, 1, 1 }), 3);
    assert_string_equal(mission + 81, "café ");
    assert_int_equal(((uint8_t *)p.out.observation[6])[71], 3);
    assert_true(p.out.reward[0] == 0.25f && !p.out.truncated[0]);
    assert_int_equal(ag_env_step(p.env, actions, &p.out), AG_OK);
    assert_true(p.out.truncated[1] && !p.out.terminated[1]);
    assert_int_equal(((uint8_t *)p.out.observation[6])[71], 0);
    play_close(&p);
}

static void pictures_for_people(void **state)
{
    (void)state;
    play p;
    const uint8_t *rgb;
    int width, height;
    play_open(&p, "gym:gym_worlds:Mixed-v0?render_mode=rgb_array", &(ag_env_options){ .batch = 2 });
    ag_env_reset(p.env, NULL, &p.out);
    assert_int_equal(play_step(&p), AG_OK);
    assert_int_equal(ag_env_render(p.env, 1, &rgb, &width, &height), AG_OK);
    assert_true(width == 7 && height == 5);
    for (int i = 0; i < 5 * 7 * 3; i++)
        assert_int_equal(rgb[i], 101);
    play_close(&p);
    play_open(&p, "gym:gym_worlds:Mixed-v0", &(ag_env_options){ .batch = 2 });
    ag_env_reset(p.env, NULL, &p.out);
    assert_int_equal(ag_env_render(p.env, 1, &rgb, &width, &height), AG_EIO);
    assert_contains(ag_error(), "environment 1 of the batch");
    assert_contains(ag_error(), "render_mode=rgb_array");
    assert_int_equal(play_step(&p), AG_OK);
    play_close(&p);
}

static void names_that_lead_nowhere(void **state)
{
    (void)state;
    assert_refused("gym:", NULL, AG_EINVAL, "the name ends where");
    assert_refused("gym:NoSuchWorld-v7", NULL, AG_EIO, "gym:NoSuchWorld-v7: ");
    assert_contains(ag_error(), "NoSuchWorld");
    assert_refused("gym:CartPole-v1?colour=3", NULL, AG_EIO, "colour");
    assert_refused("gym:CartPole-v1?timeout=0", NULL, AG_EINVAL, "timeout");
    assert_refused("gym:CartPole-v1?python=/bin/false", NULL, AG_EIO,
                   "its Python process ended with status 1");
    assert_refused("gym:gym_worlds:Unheard-v0", NULL, AG_EIO, "Sequence are not supported");
    assert_refused("gym:gym_worlds:Wide-v0", NULL, AG_EINVAL, "65 components; 64 are the most");
    assert_refused("gym:CartPole-v1", &(ag_env_options){ .batch = 1, .width = 64 }, AG_EINVAL,
                   "sizes of pictures");
}

static void python_must_be_there(void **state)
{
    (void)state;
    assert_refused("gym:CartPole-v1?python=/nowhere/python3", NULL, AG_EIO,
                   "/nowhere/python3 cannot be started: No such file");
}

static int open_and_reset(void *user)
{
    ag_env *env;
    int code = ag_env_open(user, &(ag_env_options){ .batch = 1 }, &env);
    if (code == AG_OK)
        code = ag_env_reset(env, NULL, NULL);
    ag_env_close(env);
    return code;
}

static void failing_allocations_are_errors(void **state)
{
    (void)state;
    survive_failing_allocations(open_and_reset, (void *)"gym:CartPole-v1?timeout=60");
}

/* Steps with random actions; pictures must change, and stay within the specification. */
static void play_package(const char *name, int batch, const char *picture, int height, int width)
{
    play p;
    play_open(&p, name,
              &(ag_env_options){ .batch = batch, .auto_reset = true, .action_repeat = 2 });
    int k = 0;
    while (k < p.spec->observations && strcmp(p.spec->observation[k].name, picture) != 0)
        k++;
    assert_true(k < p.spec->observations);
    const ag_observation_spec *o = &p.spec->observation[k];
    expect(o, picture, AG_OBSERVE_IMAGE, 3, (int[]){ height, width, 3 });
    uint64_t hash = play_run(&p, 50, 3);
    uint8_t *pixels = p.out.observation[k];
    assert_memory_not_equal(pixels, pixels + 1, o->bytes - 1);
    assert_true(play_run(&p, 50, 3) != hash);
    play_close(&p);
}

static void pong(void **state)
{
    (void)state;
    play_package("gym:ale_py:ALE/Pong-v5", 2, "observation", 210, 160);
}

static void vizdoom_basic(void **state)
{
    (void)state;
    play_package("gym:vizdoom.gymnasium_wrapper:VizdoomBasic-v1", 2, "screen", 240, 320);
}

static void minigrid(void **state)
{
    (void)state;
    play_package("gym:minigrid:MiniGrid-DoorKey-5x5-v0", 2, "image", 7, 7);
}

void test_gym(test_list *list)
{
    ADD_TEST(list, "gym", cartpole_is_played);
    ADD_TEST(list, "gym", cartpole_falls_as_ours);
    ADD_TEST(list, "gym", auto_reset_begins_the_seeded_episode);
    ADD_TEST(list, "gym", spaces_of_all_kinds);
    ADD_TEST(list, "gym", pictures_for_people);
    ADD_TEST(list, "gym", names_that_lead_nowhere);
    /* qemu-user's posix_spawn does not tell that a program cannot be started. */
    if (!emulated())
        ADD_TEST(list, "gym", python_must_be_there);
    ADD_TEST(list, "gym", failing_allocations_are_errors);
    ADD_TEST(list, "gym", pong);
    ADD_TEST(list, "gym", vizdoom_basic);
    ADD_TEST(list, "gym", minigrid);
}
