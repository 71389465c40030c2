/* Recipes: good ones, the sentences about bad ones, and back to text. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recipe_test.h"

enum { OPTIONAL = CYAML_FLAG_OPTIONAL };

static const cyaml_strval_t kinds[] = { { "adam", 0 }, { "sgd", 1 } };
static const cyaml_schema_value_t whole = { CYAML_VALUE_INT(CYAML_FLAG_DEFAULT, int) };
static const cyaml_schema_value_t number = { CYAML_VALUE_FLOAT(CYAML_FLAG_DEFAULT, float) };
static const cyaml_schema_field_t train_fields[] = {
    CYAML_FIELD_INT("steps", CYAML_FLAG_DEFAULT, test_train, steps),
    CYAML_FIELD_FLOAT("rate", OPTIONAL, test_train, rate),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_STRING_PTR("name", OPTIONAL | CYAML_FLAG_POINTER, test_recipe_data, name, 2, 20),
    CYAML_FIELD_FLOAT("scale", OPTIONAL, test_recipe_data, scale),
    CYAML_FIELD_UINT("seed", OPTIONAL, test_recipe_data, seed),
    CYAML_FIELD_INT("big", OPTIONAL, test_recipe_data, big),
    CYAML_FIELD_UINT("small", OPTIONAL, test_recipe_data, small),
    CYAML_FIELD_BOOL("fast", OPTIONAL, test_recipe_data, fast),
    CYAML_FIELD_ENUM("kind", OPTIONAL | CYAML_FLAG_STRICT, test_recipe_data, kind, kinds, 2),
    CYAML_FIELD_SEQUENCE("sizes", OPTIONAL, test_recipe_data, sizes, &whole, 1, 4),
    CYAML_FIELD_SEQUENCE_FIXED("pair", OPTIONAL, test_recipe_data, pair, &number, 2),
    CYAML_FIELD_MAPPING("train", CYAML_FLAG_DEFAULT, test_recipe_data, train, train_fields),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t test_schema = { CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, test_recipe_data,
                                                               fields) };

test_recipe_data *read_recipe(const char *text)
{
    void *out;
    if (ag_recipe_parse(text, strlen(text), "r.yaml", &test_schema, &out) != AG_OK)
        fail_msg("%s", ag_error());
    return out;
}

void assert_refused(const char *text, const char *sentence)
{
    void *out = NULL;
    int code = ag_recipe_parse(text, strlen(text), "r.yaml", &test_schema, &out);
    assert_string_equal(ag_error(), sentence);
    assert_int_equal(code, AG_EFORMAT);
    assert_null(out);
}

static void every_type_is_read(void **state)
{
    (void)state;
    test_recipe_data *r = read_recipe("name: 'speech: one'\nscale: -1.25e-3\n"
                                      "seed: 18446744073709551615\nbig: -9223372036854775808\n"
                                      "small: 255\nfast: true\nkind: sgd\nsizes: [1, -2, 3]\n"
                                      "pair:\n  - 0.5\n  - 7\ntrain: {steps: 100, rate: .001}\n");
    assert_string_equal(r->name, "speech: one");
    assert_true(r->scale == -1.25e-3);
    assert_true(r->seed == UINT64_MAX && r->big == INT64_MIN && r->small == 255);
    assert_true(r->fast && r->kind == 1);
    assert_int_equal(r->sizes_count, 3);
    assert_true(r->sizes[0] == 1 && r->sizes[1] == -2 && r->sizes[2] == 3);
    assert_true(r->pair[0] == 0.5f && r->pair[1] == 7);
    assert_true(r->train.steps == 100 && r->train.rate == .001f);
    ag_recipe_free(&test_schema, r);
}

static void absent_values_are_zero(void **state)
{
    (void)state;
    test_recipe_data *r = read_recipe("train: {steps: 1}");
    assert_true(!r->name && r->scale == 0 && !r->fast && r->sizes_count == 0);
    ag_recipe_free(&test_schema, r);
    ag_recipe_free(&test_schema, NULL);
}

static void keys_are_checked(void **state)
{
    (void)state;
    assert_refused("train: {steps: 1}\nnmae: xx\n",
                   "r.yaml:2: unknown key nmae, did you mean name?");
    assert_refused("train:\n  steps: 1\n  zzzzzz: 1\n", "r.yaml:3: unknown key train.zzzzzz");
    assert_refused("train:\n  rate: 1\n", "r.yaml:2: train.steps is missing");
    assert_refused("name: xx\n", "r.yaml:1: train is missing");
    assert_refused("name: xx\ntrain: {steps: 1}\nname: yy\n", "r.yaml:3: name is there twice");
    assert_refused("? [name]\n: xx\n", "r.yaml:1: a key should be a name");
}

static void types_are_checked(void **state)
{
    (void)state;
    assert_refused("big: 1.5", "r.yaml:1: big should be a whole number, not '1.5'");
    assert_refused("big: 010", "r.yaml:1: big should be a whole number, not '010'");
    assert_refused("big: 1e3", "r.yaml:1: big should be a whole number, not '1e3'");
    assert_refused("big: '-'", "r.yaml:1: big should be a whole number, not '-'");
    assert_refused("big: [1]", "r.yaml:1: big should be a whole number, not a list");
    assert_refused("big: {a: 1}", "r.yaml:1: big should be a whole number, not a mapping");
    assert_refused("seed: -1", "r.yaml:1: seed should be a whole number from 0, not '-1'");
    assert_refused("scale: fast", "r.yaml:1: scale should be a number, not 'fast'");
    assert_refused("scale: 1.0x", "r.yaml:1: scale should be a number, not '1.0x'");
    assert_refused("scale: nan", "r.yaml:1: scale should be a number, not 'nan'");
    assert_refused("scale: -inf", "r.yaml:1: scale should be a finite number, not '-inf'");
    assert_refused("fast: maybe", "r.yaml:1: fast should be true or false, not 'maybe'");
    assert_refused("kind: lamb", "r.yaml:1: kind should be one of adam, sgd, not 'lamb'");
    assert_refused("name:\n  - x\n", "r.yaml:2: name should be text, not a list");
    assert_refused("name: \"a\\0b\"", "r.yaml:1: name holds a 0 byte");
    assert_refused("name:\n", "r.yaml:1: name has no value: it should be text");
    assert_refused("sizes: 3", "r.yaml:1: sizes should be a list");
    assert_refused("train: 3", "r.yaml:1: train should be a mapping of keys to values");
    assert_refused("- 3", "r.yaml:1: a recipe should be a mapping of keys to values");
    assert_refused("\n\nsizes: [1,\n  x]", "r.yaml:4: sizes[1] should be a whole number, not 'x'");
}

static void ranges_are_checked(void **state)
{
    (void)state;
    assert_refused("small: 256", "r.yaml:1: small should be from 0 to 255, not 256");
    assert_refused("seed: 18446744073709551616",
                   "r.yaml:1: seed should be from 0 to 18446744073709551615, not "
                   "18446744073709551616");
    assert_refused(
        "train: {steps: 2147483648}",
        "r.yaml:1: train.steps should be from -2147483648 to 2147483647, not 2147483648");
    assert_refused("big: 9223372036854775808",
                   "r.yaml:1: big should be from -9223372036854775808 to 9223372036854775807, not "
                   "9223372036854775808");
    assert_refused("scale: 1e400", "r.yaml:1: scale should be a finite number, not '1e400'");
    assert_refused("pair: [1e39, 1]", "r.yaml:1: pair[0] should be a finite number, not '1e39'");
    assert_refused("name: x", "r.yaml:1: name should have 2 to 20 bytes, not 1");
    assert_refused("name: xxxxxxxxxxxxxxxxxxxxx",
                   "r.yaml:1: name should have 2 to 20 bytes, not 21");
    assert_refused("sizes: []", "r.yaml:1: sizes should have 1 to 4 entries, not 0");
    assert_refused("sizes: [1, 2, 3, 4, 5]", "r.yaml:1: sizes should have 1 to 4 entries, not 5");
    assert_refused("pair: [1]", "r.yaml:1: pair should have 2 to 2 entries, not 1");
}

static void only_plain_yaml_is_read(void **state)
{
    (void)state;
    assert_refused("", "r.yaml is empty");
    assert_refused("# nothing\n", "r.yaml is empty");
    assert_refused("name: &a xx\n", "r.yaml:1: anchors (&a) are not allowed");
    assert_refused("name: *a\n", "r.yaml:1: aliases (*a) are not allowed");
    assert_refused("big: !!int 3\n", "r.yaml:1: tags (tag:yaml.org,2002:int) are not allowed");
    assert_refused("%YAML 1.1\n---\nbig: 1\n", "r.yaml:1: directives (%) are not allowed");
    assert_refused("train: {steps: 1}\n---\nbig: 1\n", "r.yaml:2: a second document");
    assert_refused("name: [", "r.yaml:2: did not find expected node content");
    assert_refused("name: \xff\xfe", "r.yaml: byte 6: invalid leading UTF-8 octet");
    assert_refused("[[[[[[[[[[[[[[[[[[", "r.yaml:1: nested more than 16 levels deep");
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    void *out;
    size_t size = AG_RECIPE_LIMIT + 1;
    char *text = malloc(size);
    memset(text, '\n', size);
    assert_int_equal(ag_recipe_parse(text, size, "r.yaml", &test_schema, &out), AG_EFORMAT);
    assert_string_equal(ag_error(), "r.yaml is larger than the 1048576 bytes of a recipe");
    memcpy(text, "x: [", 4);
    for (size_t i = 4; i < 300000; i += 2)
        memcpy(text + i, "1,", 2);
    assert_int_equal(ag_recipe_parse(text, 300000, "r.yaml", &test_schema, &out), AG_EFORMAT);
    assert_string_equal(ag_error(), "r.yaml:1: more than 65536 values");
    free(text);
}

static void files_are_read(void **state)
{
    (void)state;
    void *out;
    const char *path = temporary("recipe.yaml");
    write_file(path, "train:\n  steps: five\n");
    assert_int_equal(ag_recipe_load(path, NULL, 0, &test_schema, &out), AG_EFORMAT);
    char sentence[300];
    snprintf(sentence, sizeof sentence, "%s:2: train.steps should be a whole number, not 'five'",
             path);
    assert_string_equal(ag_error(), sentence);
    write_file(path, "train:\n  steps: 5\n");
    assert_int_equal(ag_recipe_load(path, NULL, 0, &test_schema, &out), AG_OK);
    assert_int_equal(((test_recipe_data *)out)->train.steps, 5);
    ag_recipe_free(&test_schema, out);
    assert_int_equal(ag_recipe_load(temporary("none"), NULL, 0, &test_schema, &out), AG_ENOTFOUND);
}

/* Floats that six digits do not hold, and texts that YAML could take for something else. */
static void text_reads_back_bit_for_bit(void **state)
{
    (void)state;
    static const char *const names[] = {
        "true", "12", "a: #b", "- x", "\xc3\xa9t\xc3\xa9", "'q\""
    };
    ag_rng rng;
    ag_rng_init(&rng, 1, AG_PURPOSE_TEST, 0);
    for (int i = 0; i < 200; i++) {
        test_recipe_data r = { .name = (char *)names[i % 6], .big = i - 100, .kind = i % 2 };
        r.scale = ldexp(ag_rng_normal(&rng) + ag_rng_normal(&rng) * 1e-9, i - 100);
        r.pair[0] = ldexpf(ag_rng_normal(&rng), i % 200 - 100);
        r.pair[1] = i % 3 ? -0.1f : 1e-45f;
        r.train.rate = ag_rng_uniform(&rng);
        r.sizes[0] = (int)ag_rng_u32(&rng);
        r.sizes_count = 1;
        char *text;
        assert_int_equal(ag_recipe_text(&test_schema, &r, &text), AG_OK);
        test_recipe_data *back = read_recipe(text);
        assert_string_equal(back->name, r.name);
        assert_memory_equal(&back->scale, &r.scale, sizeof r - offsetof(test_recipe_data, scale));
        ag_recipe_free(&test_schema, back);
        ag_free(text);
    }
}

static int read_and_write(void *user)
{
    static const char *const overrides[] = { "train.rate=0.25", "sizes=[4, 5]", "name=hello" };
    void *out;
    char *text = NULL;
    int code = ag_recipe_load(user, overrides, 3, &test_schema, &out);
    if (code != AG_OK)
        return code;
    code = ag_recipe_text(&test_schema, out, &text);
    ag_recipe_free(&test_schema, out);
    ag_free(text);
    return code;
}

static void recipes_survive_failing_allocations(void **state)
{
    (void)state;
    const char *path = temporary("memory.yaml");
    write_file(path, "name: xx\nfast: true\nsizes: [1]\npair: [1, 2]\ntrain: {steps: 5}\n");
    assert_true(survive_failing_allocations(read_and_write, (void *)path) > 10);
}

static void whole_numbers_have_ranges(void **state)
{
    (void)state;
    ag_recipe_range ranges[] = { { "train.steps", 5, 1, 5 }, { "batch", -2, -2, 9 } };
    assert_int_equal(ag_recipe_check_ranges(ranges, 2), AG_OK);
    ranges[0].value = 6;
    assert_int_equal(ag_recipe_check_ranges(ranges, 2), AG_EINVAL);
    assert_string_equal(ag_error(), "train.steps is 6, not from 1 to 5");
    ranges[0].value = 1;
    ranges[1].value = -3;
    assert_int_equal(ag_recipe_check_ranges(ranges, 1), AG_OK);
    assert_int_equal(ag_recipe_check_ranges(ranges, 2), AG_EINVAL);
    assert_string_equal(ag_error(), "batch is -3, not from -2 to 9");
}

void test_recipe(test_list *list)
{
    ADD_TEST(list, "recipe", every_type_is_read);
    ADD_TEST(list, "recipe", absent_values_are_zero);
    ADD_TEST(list, "recipe", keys_are_checked);
    ADD_TEST(list, "recipe", types_are_checked);
    ADD_TEST(list, "recipe", ranges_are_checked);
    ADD_TEST(list, "recipe", whole_numbers_have_ranges);
    ADD_TEST(list, "recipe", only_plain_yaml_is_read);
    ADD_TEST(list, "recipe", sizes_are_bounded);
    ADD_TEST(list, "recipe", files_are_read);
    ADD_TEST(list, "recipe", text_reads_back_bit_for_bit);
    ADD_TEST(list, "recipe", recipes_survive_failing_allocations);
}
