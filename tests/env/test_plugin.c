/* Plug-ins: what the awkward one (awkward.c) shows, and the sentence for each thing that is wrong
 * with it. */
#include "env_test.h"

#include <stdlib.h>

/* "plugin:FILE:connect?settings"; the last four stay valid. */
static const char *awkward(const char *connect, const char *settings)
{
    static char names[4][1024];
    static int next;
    char *name = names[next++ % 4];
    snprintf(name, sizeof names[0], "plugin:%s%s%s", getenv("awkward"), connect, settings);
    return name;
}

static const char *awkward_mode(const char *mode)
{
    char settings[64];
    snprintf(settings, sizeof settings, "?mode=%s", mode);
    return awkward(":awkward_connect", settings);
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

static void specifications_are_read(void **state)
{
    (void)state;
    play p;
    play_open(&p, awkward(":awkward_connect", ""), &(ag_env_options){ .batch = 1, .width = 6 });
    const ag_observation_spec *o = p.spec->observation;
    assert_int_equal(p.spec->observations, 7);
    expect(&o[0], "VECTOR", AG_OBSERVE_FLOATS, 1, (int[]){ 3 });
    expect(&o[1], "PICTURE", AG_OBSERVE_IMAGE, 3, (int[]){ 4, 6, 3 });
    expect(&o[2], "CUBE", AG_OBSERVE_BYTES, 4, (int[]){ 2, 3, 4, 5 });
    expect(&o[3], "TEXT", AG_OBSERVE_TEXT, 1, (int[]){ 4096 });
    expect(&o[4], "VARIES", AG_OBSERVE_FLOATS, 2, (int[]){ 2, 2 });
    expect(&o[5], "SCALAR", AG_OBSERVE_BYTES, 1, (int[]){ 1 });
    expect(&o[6], "EVENTS", AG_OBSERVE_FLOATS, 1, (int[]){ 3 });
    assert_int_equal(p.spec->actions, 3);
    assert_string_equal(p.spec->action[0].name, "LOOK");
    assert_true(p.spec->action[0].low == -512 && p.spec->action[0].high == 512);
    assert_string_equal(p.spec->action[2].name, "PUSH");
    assert_true(p.spec->action[2].continuous && p.spec->action[2].high == 2.5);
    play_close(&p);
}

static void steps_are_passed_on(void **state)
{
    (void)state;
    play p;
    play_open(&p, awkward(":awkward_connect", "?level=caf%C3%A9&mode=plain"),
              &(ag_env_options){ .batch = 2, .action_repeat = 2 });
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
    const float *vector = p.out.observation[0], *events = p.out.observation[6];
    assert_true(vector[0] != vector[3]); /* seeds */
    assert_true(events[0] == 0 && events[2] == 0);
    assert_string_equal((char *)p.out.observation[3] + 4096, "café 0: ");
    double actions[] = { 0, 0, 0, -300, 1, 0.5 };
    assert_int_equal(ag_env_step(p.env, actions, &p.out), AG_OK);
    assert_true(p.out.reward[1] == 1.5f); /* 0.5 and 1 */
    assert_true(vector[4] == 2 && vector[5] == 700.5f);
    assert_true(events[3] == 1 && events[4] == 0 && events[5] == 2);
    assert_int_equal(((uint8_t *)p.out.observation[2])[239], 4);
    play_close(&p);
}

/* 510 bytes of "é" do not fit beside the words before: the last whole one is kept. */
static void texts_are_cut_at_a_character(void **state)
{
    (void)state;
    play p;
    play_open(&p, awkward(":awkward_connect", "?level=ab&agena.text=512"),
              &(ag_env_options){ .batch = 1 });
    assert_int_equal(p.spec->observation[3].shape[0], 512);
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(play_step(&p), AG_OK);
    const char *text = p.out.observation[3];
    assert_memory_equal(text, "ab 5: é", 8);
    assert_int_equal(strlen(text), 510);
    assert_memory_equal(text + 508, "é\0\0", 4);
    play_close(&p);
}

/* Without the setting there is room for all of it. */
static void long_texts_come_whole(void **state)
{
    (void)state;
    play p;
    play_open(&p, awkward(":awkward_connect", "?level=ab"), &(ag_env_options){ .batch = 1 });
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(play_step(&p), AG_OK);
    const char *text = p.out.observation[3];
    assert_int_equal(strlen(text), 1000);
    assert_string_equal(text + 998, "é");
    play_close(&p);
    assert_refused(awkward(":awkward_connect", "?agena.text=1"), NULL, AG_EINVAL, "agena.text");
}

static void say(const play *p, int action, const char *text)
{
    assert_int_equal(ag_env_say(p->env, 1, action, text, strlen(text)), AG_OK);
}

/* What environment 1 heard: each text and what its length is more than it should be. */
static void expect_heard(play *p, const char *text)
{
    assert_int_equal(play_step(p), AG_OK);
    assert_string_equal((char *)p->out.observation[3] + 4096, text);
    assert_string_equal(p->out.observation[3], " 0| 0");
}

static void texts_are_said(void **state)
{
    (void)state;
    play p;
    play_open(&p, awkward_mode("echo"), &(ag_env_options){ .batch = 2, .auto_reset = true });
    assert_int_equal(p.spec->text_actions, 2);
    assert_string_equal(p.spec->text_action[1], "WRITE");
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
    expect_heard(&p, " 0| 0");
    say(&p, 0, "hello");
    say(&p, 1, "nothing yet");
    say(&p, 1, "Wörld");
    expect_heard(&p, "hello 0|Wörld 0");
    expect_heard(&p, "hello 0|Wörld 0");
    say(&p, 0, "");
    expect_heard(&p, " 0|Wörld 0");
    for (int t = 4; t < 10; t++) /* an episode ends */
        assert_int_equal(play_step(&p), AG_OK);
    expect_heard(&p, " 0| 0");
    play_close(&p);
}

static void texts_are_checked(void **state)
{
    (void)state;
    play p;
    play_open(&p, awkward_mode("echo"), &(ag_env_options){ .batch = 2 });
    char *long_one = calloc(1, AG_ENV_MAX_TEXT + 1);
    memset(long_one, 'x', AG_ENV_MAX_TEXT + 1);
    assert_int_equal(ag_env_say(p.env, 1, 0, long_one, AG_ENV_MAX_TEXT), AG_OK);
    assert_int_equal(ag_env_say(p.env, 1, 1, long_one, AG_ENV_MAX_TEXT + 1), AG_EINVAL);
    assert_contains(ag_error(), "text action WRITE has at most 65536 bytes");
    free(long_one);
    assert_int_equal(ag_env_say(p.env, 1, 0, "a\0b", 3), AG_EINVAL);
    assert_int_equal(ag_env_say(p.env, 1, 2, "a", 1), AG_EINVAL);
    assert_contains(ag_error(), "there is no text action 2; it has 2");
    assert_int_equal(ag_env_say(p.env, 1, -1, "a", 1), AG_EINVAL);
    assert_int_equal(ag_env_say(p.env, 2, 0, "a", 1), AG_EINVAL);
    assert_contains(ag_error(), "there is no environment 2 in a batch of 2");
    play_close(&p);
    play_open(&p, "classic/spell", &(ag_env_options){ .batch = 1 });
    assert_int_equal(ag_env_say(p.env, 0, 0, "a", 1), AG_EINVAL);
    assert_contains(ag_error(), "classic/spell: there is no text action 0; it has 0");
    play_close(&p);
}

/* Counts and shapes that are others once an episode runs: what was told first holds. */
static void later_counts_are_not_asked_for(void **state)
{
    (void)state;
    play p;
    play_open(&p, awkward_mode("changing"), &(ag_env_options){ .batch = 2, .auto_reset = true });
    play_run(&p, 25, 1);
    const float *vector = p.out.observation[0];
    assert_true(vector[1] == 5); /* the same three elements in another shape */
    play_close(&p);
    play_open(&p, awkward_mode("nan"), &(ag_env_options){ .batch = 1 });
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
    assert_int_equal(play_step(&p), AG_OK);
    assert_true(p.out.reward[0] != p.out.reward[0]); /* as it came */
    play_close(&p);
}

static void ends_are_kept_apart(void **state)
{
    (void)state;
    play p;
    for (int interrupt = 0; interrupt < 2; interrupt++) {
        play_open(&p, awkward_mode(interrupt ? "interrupt" : "plain"),
                  &(ag_env_options){ .batch = 1 });
        assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
        for (int i = 0; i < 10; i++)
            assert_int_equal(play_step(&p), AG_OK);
        assert_int_equal(p.out.terminated[0], !interrupt);
        assert_int_equal(p.out.truncated[0], interrupt);
        /* It must not be asked any more: zeros. But events are counted. */
        assert_true(((float *)p.out.observation[0])[1] == 0);
        assert_true(((float *)p.out.observation[6])[2] == 2);
        assert_int_equal(play_step(&p), AG_EINVAL);
        play_close(&p);
    }
}

static void start_is_called_again(void **state)
{
    (void)state;
    play p;
    play_open(&p, awkward_mode("eagain"), &(ag_env_options){ .batch = 1, .auto_reset = true });
    play_run(&p, 35, 1);
    play_close(&p);
    play_open(&p, awkward(":awkward_connect", "?mode=eagain_forever&agena.observations=TEXT"),
              &(ag_env_options){ .batch = 1 });
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_EIO);
    assert_contains(ag_error(), "the plug-in asked 1000 times to be called again");
    play_close(&p);
}

static void varying_shapes(void **state)
{
    (void)state;
    play p;
    play_open(&p, awkward_mode("grow"), &(ag_env_options){ .batch = 1 });
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
    assert_int_equal(play_step(&p), AG_OK);
    assert_int_equal(play_step(&p), AG_OK);
    assert_int_equal(play_step(&p), AG_EFORMAT);
    assert_contains(ag_error(), "observation 4 has 9 elements, not 4; ?agena.pad=N");
    play_close(&p);
    play_open(&p, awkward(":awkward_connect", "?mode=grow&agena.pad=7&agena.observations=VARIES"),
              &(ag_env_options){ .batch = 1 });
    assert_int_equal(p.spec->observations, 1);
    assert_int_equal(p.spec->observation[0].shape[0], 7);
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
    const float *values = p.out.observation[0];
    assert_true(values[3] == 0.75f && values[4] == 0);
    assert_int_equal(play_step(&p), AG_OK);
    assert_int_equal(play_step(&p), AG_OK);
    assert_int_equal(play_step(&p), AG_EFORMAT);
    play_close(&p);
}

static void names_that_lead_nowhere(void **state)
{
    (void)state;
    assert_refused("plugin:", NULL, AG_EINVAL, "the name ends where");
    assert_refused("plugin:/nowhere/at-all.so", NULL, AG_ENOTFOUND, "cannot open shared object");
    assert_refused("plugin:nowhere.so", NULL, AG_ENOTFOUND, "; a file in this folder is ./FILE");
    assert_refused(awkward("", ""), NULL, AG_ENOTFOUND,
                   "neither agena_lab_connect nor dmlab_connect");
    assert_refused(awkward(":missing_connect", ""), NULL, AG_ENOTFOUND,
                   "no function missing_connect");
    /* libc's connect, which the library sees too, must not be called. */
    assert_refused(awkward(":connect", ""), NULL, AG_ENOTFOUND, "no function connect");
    assert_refused(awkward(":closed_connect", ""), NULL, AG_EIO, "refuses to connect (13)");
    assert_refused(awkward(":hollow_connect", ""), NULL, AG_EFORMAT, "leaves out functions");
    assert_refused(awkward(":awkward_connect", "?colour=red"), NULL, AG_EINVAL,
                   "setting colour=red: refused: this key is unheard of");
    assert_refused(awkward(":awkward_connect", "?agena.pad=0"), NULL, AG_EINVAL, "agena.pad");
    assert_refused(awkward(":awkward_connect", "?agena.observations=NONE"), NULL, AG_EINVAL,
                   "no observation of those chosen: NONE");
    assert_refused(awkward(":awkward_connect", ""), &(ag_env_options){ .batch = 1, .depth = true },
                   AG_EINVAL, "depth");
}

static void absurd_answers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *mode, *part;
        int code;
    } cases[] = {
        { "init", "it does not start: the moon is not full", AG_EIO },
        { "start", "the episode does not start: no level fits", AG_EIO },
        { "minus_actions", "-1 discrete actions", AG_EFORMAT },
        { "many_actions", "takes 66 actions and 2 texts at once; 64 and 8 are the most",
          AG_EFORMAT },
        { "many_texts", "takes 3 actions and 9 texts at once; 64 and 8 are the most", AG_EFORMAT },
        { "no_name", "continuous action 0 of the plug-in has no name", AG_EFORMAT },
        { "bounds", "action FIRE goes from 0 to -3", AG_EFORMAT },
        { "minus_observations", "-5 observations", AG_EFORMAT },
        { "million", "1000000 observations", AG_EFORMAT },
        { "many", "over 32 observations; ?agena.observations=NAME,NAME chooses", AG_EINVAL },
        { "million_events", "1000000 types of events", AG_EFORMAT },
        { "type", "observation VECTOR has the type 9", AG_EFORMAT },
        { "dims", "observation VECTOR has 1073741824 axes", AG_EFORMAT },
        { "null_shape", "observation VECTOR has 1 axes without a shape", AG_EFORMAT },
        { "minus_shape", "observation VECTOR has an axis of -4 elements", AG_EFORMAT },
        { "huge_shape", "observation VECTOR is over the most of", AG_EINVAL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(awkward_mode(cases[i].mode), NULL, cases[i].code, cases[i].part);
}

static void trouble_in_a_step(void **state)
{
    (void)state;
    static const struct {
        const char *mode, *part;
        int code;
    } cases[] = {
        { "advance", "environment 0 of the batch: a step fails: the cable is unplugged", AG_EIO },
        { "status", "a step ends with the status 42", AG_EFORMAT },
        { "event", "event 0 is of type 3, and the plug-in has 3 types", AG_EFORMAT },
        { "minus_events", "tells of -1 events", AG_EFORMAT },
        { "null_payload", "observation 0 comes with", AG_EFORMAT },
        { "other_type", "observation 0 comes with another type", AG_EFORMAT },
        { "flood", "tells of 1073741824 events; 0 to 1048576 are believed", AG_EFORMAT },
        { "speechless", "a step fails: the plug-in gives no reason", AG_EIO },
        { "many_axes", "observation 0 comes with another type or an absurd shape", AG_EFORMAT },
        { "minus_axis", "observation 0 comes with another type or an absurd shape", AG_EFORMAT },
        { "overflow", "observation 0 comes with another type or an absurd shape", AG_EFORMAT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        play p;
        play_open(&p, awkward_mode(cases[i].mode), &(ag_env_options){ .batch = 1 });
        assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
        int code = AG_OK;
        for (int t = 0; t < 3 && code == AG_OK; t++)
            code = play_step(&p);
        assert_int_equal(code, cases[i].code);
        assert_contains(ag_error(), cases[i].part);
        /* Until it is reset, nothing moves. */
        assert_int_equal(play_step(&p), AG_EINVAL);
        assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
        play_close(&p);
    }
}

static int open_awkward(void *user)
{
    ag_env *env;
    int code = ag_env_open(user, &(ag_env_options){ .batch = 2 }, &env);
    if (code == AG_OK)
        code = ag_env_reset(env, NULL, NULL);
    if (code == AG_OK)
        code = ag_env_say(env, 1, 0, "hello", 5);
    ag_env_close(env);
    return code;
}

static void failing_allocations_are_errors(void **state)
{
    (void)state;
    survive_failing_allocations(open_awkward,
                                (void *)awkward(":awkward_connect", "?level=x&mode=plain"));
}

void test_plugin(test_list *list)
{
    ADD_TEST(list, "plug-in", specifications_are_read);
    ADD_TEST(list, "plug-in", steps_are_passed_on);
    ADD_TEST(list, "plug-in", texts_are_cut_at_a_character);
    ADD_TEST(list, "plug-in", long_texts_come_whole);
    ADD_TEST(list, "plug-in", texts_are_said);
    ADD_TEST(list, "plug-in", texts_are_checked);
    ADD_TEST(list, "plug-in", later_counts_are_not_asked_for);
    ADD_TEST(list, "plug-in", ends_are_kept_apart);
    ADD_TEST(list, "plug-in", start_is_called_again);
    ADD_TEST(list, "plug-in", varying_shapes);
    ADD_TEST(list, "plug-in", names_that_lead_nowhere);
    ADD_TEST(list, "plug-in", absurd_answers_are_refused);
    ADD_TEST(list, "plug-in", trouble_in_a_step);
    ADD_TEST(list, "plug-in", failing_allocations_are_errors);
}
