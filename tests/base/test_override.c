/* Overrides of recipe values from the command line. */
#include <string.h>

#include "recipe_test.h"

static const char recipe[] = "name: xx\nsizes: [1, 2, 3]\ntrain:\n  steps: 100\n";

static int load(const char *const *overrides, int count, test_recipe_data **out)
{
    const char *path = temporary("override.yaml");
    void *data;
    write_file(path, recipe);
    int code = ag_recipe_load(path, overrides, count, &test_schema, &data);
    *out = data;
    return code;
}

static void values_are_changed_and_added(void **state)
{
    (void)state;
    static const char *const overrides[] = { "train.steps=7", "sizes=[4]", "train.rate=1e-4",
                                             "name=a=b", "pair=[1, 2.5]" };
    test_recipe_data *r;
    assert_int_equal(load(overrides, 5, &r), AG_OK);
    assert_int_equal(r->train.steps, 7);
    assert_true(r->train.rate == 1e-4f);
    assert_int_equal(r->sizes_count, 1);
    assert_int_equal(r->sizes[0], 4);
    assert_string_equal(r->name, "a=b");
    assert_true(r->pair[1] == 2.5f);
    ag_recipe_free(&test_schema, r);
}

static void the_last_one_wins(void **state)
{
    (void)state;
    static const char *const overrides[] = { "train.steps=7", "train={rate: 3, steps: 1}",
                                             "train.steps=9" };
    test_recipe_data *r;
    assert_int_equal(load(overrides, 3, &r), AG_OK);
    assert_int_equal(r->train.steps, 9);
    assert_true(r->train.rate == 3);
    ag_recipe_free(&test_schema, r);
}

static void missing_mappings_are_made(void **state)
{
    (void)state;
    static const char *const overrides[] = { "train.steps=7" };
    const char *path = temporary("bare.yaml");
    void *out;
    write_file(path, "name: xx\n");
    assert_int_equal(ag_recipe_load(path, overrides, 1, &test_schema, &out), AG_OK);
    assert_int_equal(((test_recipe_data *)out)->train.steps, 7);
    ag_recipe_free(&test_schema, out);
}

static void assert_override_refused(const char *override, const char *sentence)
{
    const char *const overrides[] = { "big=1", override, "small=1" };
    test_recipe_data *r;
    int code = load(overrides, 3, &r);
    assert_string_equal(ag_error(), sentence);
    assert_int_equal(code, AG_EINVAL);
    assert_null(r);
}

static void errors_name_the_override(void **state)
{
    (void)state;
    assert_override_refused(
        "train.steps=x", "override train.steps=x: train.steps should be a whole number, not 'x'");
    assert_override_refused("sizes=[1, x]",
                            "override sizes=[1, x]: sizes[1] should be a whole number, not 'x'");
    assert_override_refused("train.stesp=1",
                            "override train.stesp=1: unknown key train.stesp, did you mean steps?");
    assert_override_refused("foo.bar=1", "override foo.bar=1: unknown key foo");
    assert_override_refused("train.steps.x=1",
                            "override train.steps.x=1: steps has no keys of its own");
    assert_override_refused("train.steps=", "override train.steps=: value is empty");
    assert_override_refused("sizes=[1", "override sizes=[1: value:2: did not find expected ',' or "
                                        "']'");
    assert_override_refused("name=*x", "override name=*x: value:1: aliases (*x) are not allowed");
}

static void keys_are_paths(void **state)
{
    (void)state;
    static const char shape[] = "it should be KEY=VALUE, such as train.steps=100";
    static const char names[] = "its key should be names with dots between";
    static const char *const wrong[][2] = {
        { "train", shape },    { "=3", shape },       { "", shape },
        { ".steps=3", names }, { "train.=3", names }, { "train..steps=3", names },
        { "tr ain=3", names }, { "tr\xff=3", names },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char sentence[200] = "override ";
        strcat(sentence, wrong[i][0]);
        strcat(sentence, ": ");
        strcat(sentence, wrong[i][1]);
        assert_override_refused(wrong[i][0], sentence);
    }
    assert_override_refused("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r=1",
                            "override a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r=1: nested more than 16 "
                            "levels deep");
}

static void errors_in_the_file_still_name_the_line(void **state)
{
    (void)state;
    static const char *const overrides[] = { "train.rate=1" };
    const char *path = temporary("bad.yaml");
    void *out;
    write_file(path, "name: xx\ntrain:\n  steps: many\n");
    assert_int_equal(ag_recipe_load(path, overrides, 1, &test_schema, &out), AG_EFORMAT);
    assert_contains(ag_error(), "bad.yaml:3: train.steps");
    write_file(path, "- a\n");
    assert_int_equal(ag_recipe_load(path, overrides, 1, &test_schema, &out), AG_EFORMAT);
    assert_contains(ag_error(), "bad.yaml:1: a recipe should be a mapping");
}

void test_override(test_list *list)
{
    ADD_TEST(list, "override", values_are_changed_and_added);
    ADD_TEST(list, "override", the_last_one_wins);
    ADD_TEST(list, "override", missing_mappings_are_made);
    ADD_TEST(list, "override", errors_name_the_override);
    ADD_TEST(list, "override", keys_are_paths);
    ADD_TEST(list, "override", errors_in_the_file_still_name_the_line);
}
