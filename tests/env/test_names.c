/* Names of environments, and the settings in them. */
#include "env/settings.h"
#include "env_test.h"

static void built_in_names_are_listed(void **state)
{
    (void)state;
    bool cartpole = false;
    for (int i = 0; i < ag_env_count(); i++) {
        assert_non_null(ag_env_name(i));
        assert_true(strlen(ag_env_summary(i)) > 0);
        cartpole = cartpole || strcmp(ag_env_name(i), "classic/cartpole") == 0;
        for (int j = 0; j < i; j++)
            assert_string_not_equal(ag_env_name(i), ag_env_name(j));
    }
    assert_true(cartpole);
    assert_null(ag_env_name(ag_env_count()));
    assert_null(ag_env_name(-1));
    assert_null(ag_env_summary(ag_env_count()));
}

static void every_name_opens(void **state)
{
    (void)state;
    for (int i = 0; i < ag_env_count(); i++) {
        ag_env *env;
        if (ag_env_open(ag_env_name(i), NULL, &env) != AG_OK)
            fail_msg("%s", ag_error());
        const ag_env_spec *spec = ag_env_specification(env);
        assert_true(spec->observations > 0 && spec->actions > 0);
        assert_int_equal(ag_env_configuration(env)->batch, 1);
        assert_int_equal(ag_env_configuration(env)->action_repeat, 1);
        assert_true(ag_env_configuration(env)->threads >= 1);
        /* Before the first episode nothing moves, and a picture is harmless. */
        const uint8_t *rgb;
        int width, height;
        double actions[AG_ENV_MAX_ACTIONS] = { 0 };
        assert_int_equal(ag_env_step(env, actions, NULL), AG_EINVAL);
        int code = ag_env_render(env, 0, &rgb, &width, &height);
        assert_true(code == AG_OK || code == AG_EINVAL);
        ag_env_close(env);
    }
}

static void unknown_name_lists_the_known(void **state)
{
    (void)state;
    assert_refused("classic/cartpol", NULL, AG_ENOTFOUND, "did you mean 'classic/cartpole'");
    assert_contains(ag_error(), "classic/gridworld, ");
    assert_contains(ag_error(), "lab/... (");
    assert_contains(ag_error(), "plugin:FILE.so and gym:ID");
    assert_refused("", NULL, AG_ENOTFOUND, "there is no environment ''");
}

static void parse(const char *text, env_settings *s)
{
    if (env_settings_parse(text, true, s) != AG_OK)
        fail_msg("%s", ag_error());
}

static void names_are_taken_apart(void **state)
{
    (void)state;
    env_settings s;
    parse("/a:b/c.so:connect_it?level=x%2Fy%26z&empty=&level=last", &s);
    assert_string_equal(s.target, "/a:b/c.so");
    assert_string_equal(s.symbol, "connect_it");
    assert_int_equal(s.count, 3);
    assert_string_equal(s.list[0].value, "x/y&z");
    assert_string_equal(s.list[1].value, "");
    assert_false(s.list[0].taken);
    assert_string_equal(env_settings_take(&s, "level"), "last");
    assert_true(s.list[0].taken);
    assert_null(env_settings_take(&s, "other"));
    env_settings_free(&s);
    parse("/a:b/c.so?", &s);
    assert_string_equal(s.target, "/a:b/c.so");
    assert_string_equal(s.symbol, "");
    assert_int_equal(s.count, 0);
    env_settings_free(&s);
}

static void whole_numbers_are_read(void **state)
{
    (void)state;
    env_settings s;
    parse("x?n=17&bad=1x&big=1000", &s);
    int value;
    assert_int_equal(env_settings_take_int(&s, "n", 0, 20, 3, &value), AG_OK);
    assert_int_equal(value, 17);
    assert_int_equal(env_settings_take_int(&s, "none", 0, 20, 3, &value), AG_OK);
    assert_int_equal(value, 3);
    assert_int_equal(env_settings_take_int(&s, "bad", 0, 20, 3, &value), AG_EINVAL);
    assert_contains(ag_error(), "setting bad is '1x', not a whole number from 0 to 20");
    assert_int_equal(env_settings_take_int(&s, "big", 0, 20, 3, &value), AG_EINVAL);
    env_settings_free(&s);
}

static void bad_names_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *part;
    } cases[] = {
        { "", "the name ends" },          { "?a=1", "the name ends" },
        { "x?novalue", "not key=value" }, { "x?=1", "not key=value" },
        { "x?a=1&", "not key=value" },    { "x?a=%4", "no %XX" },
        { "x?a=%zz", "no %XX" },          { "x?a=%00", "no %XX" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        env_settings s;
        assert_int_equal(env_settings_parse(cases[i].name, true, &s), AG_EINVAL);
        assert_contains(ag_error(), cases[i].part);
        env_settings_free(&s);
    }
}

static void too_many_settings_are_refused(void **state)
{
    (void)state;
    char name[4 * (ENV_MOST_SETTINGS + 2)] = "x?";
    for (int i = 0; i <= ENV_MOST_SETTINGS; i++)
        strcat(name, i ? "&a=" : "a=");
    env_settings s;
    assert_int_equal(env_settings_parse(name, false, &s), AG_EINVAL);
    assert_contains(ag_error(), "257 settings; 256 are the most");
    env_settings_free(&s);
}

void test_names(test_list *list)
{
    ADD_TEST(list, "names", built_in_names_are_listed);
    ADD_TEST(list, "names", every_name_opens);
    ADD_TEST(list, "names", unknown_name_lists_the_known);
    ADD_TEST(list, "names", names_are_taken_apart);
    ADD_TEST(list, "names", whole_numbers_are_read);
    ADD_TEST(list, "names", bad_names_are_refused);
    ADD_TEST(list, "names", too_many_settings_are_refused);
}
