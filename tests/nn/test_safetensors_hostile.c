/* Spoilt and hostile safetensors files: each gets a sentence and an error code, none is believed.
 */
#include "nn_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file of this header, as many spaces after it as asked for, and zeros as data. */
static int parse(const char *header, size_t spaces, size_t data, ag_safetensors **out)
{
    size_t text = strlen(header), length = text + spaces, size = 8 + length + data;
    uint8_t *bytes = calloc(1, size);
    assert_non_null(bytes);
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)length >> (8 * i));
    memcpy(bytes + 8, header, text);
    memset(bytes + 8 + text, ' ', spaces);
    int code = ag_safetensors_parse(bytes, size, "spoilt.safetensors", out);
    free(bytes);
    return code;
}

static void refuse(const char *header, size_t data, const char *sentence)
{
    ag_safetensors *f;
    assert_int_equal(parse(header, 0, data, &f), AG_EFORMAT);
    assert_null(f);
    if (!strstr(ag_error(), sentence) || !strstr(ag_error(), "spoilt.safetensors: "))
        fail_msg("'%s' has no '%s'", ag_error(), sentence);
}

#define F32(name, shape, begin, end)                                                               \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end "]}"

static void sound_files(void **state)
{
    (void)state;
    ag_safetensors *f;
    /* Not in the order of the data; an empty tensor; a scalar; trailing spaces. */
    assert_int_equal(parse("{" F32("b", "2", "4", "12") "," F32("e", "0,7", "12", "12") "," F32(
                               "s", "", "0", "4") "}",
                           5, 12, &f),
                     AG_OK);
    assert_int_equal(ag_safetensors_count(f), 3);
    assert_string_equal(ag_safetensors_name(f, 0), "s");
    assert_int_equal(ag_safetensors_shape(f, 0).rank, 0);
    assert_string_equal(ag_safetensors_name(f, 1), "b");
    assert_string_equal(ag_safetensors_name(f, 2), "e");
    assert_non_null(ag_safetensors_data(f, 2));
    ag_safetensors_free(f);
    assert_int_equal(parse("{}", 0, 0, &f), AG_OK);
    ag_safetensors_free(f);
}

static void hostile_headers(void **state)
{
    (void)state;
    refuse("{", 0, "does not fit");
    refuse("[]", 0, "does not begin with '{'");
    refuse(" {}", 0, "does not begin with '{'");
    refuse("{} x", 0, "not correct JSON");
    refuse("{'a':1}", 0, "not correct JSON");
    refuse("{\"a\xff\":1}", 0, "not correct JSON");
    refuse("{\"a\\u0000b\":1}", 0, "not correct JSON");
    refuse("{" F32("a", "1", "0", "4") "," F32("a", "1", "0", "4") "}", 4, "twice");
    refuse("{\"__metadata__\":{\"k\":\"v\",\"k\":\"w\"}}", 0, "twice");
    refuse("{\"__metadata__\":[]}", 0, "no map of strings");
    refuse("{\"__metadata__\":{\"k\":{\"nested\":\"x\"}}}", 0, "something else than strings");
    refuse("{\"__metadata__\":{\"k\":1}}", 0, "something else than strings");
    refuse("{\"a\":7}", 0, "not described");
    refuse("{\"a\":{}}", 0, "not described");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}", 4,
           "not described");
    refuse("{" F32("", "1", "0", "4") "}", 4, "name of a tensor");
    refuse("{" F32("a\\u001b[2J", "1", "0", "4") "}", 4, "name of a tensor");
}

static void hostile_fields(void **state)
{
    (void)state;
    refuse("{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "another dtype");
    refuse("{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "another size");
    refuse("{\"a\":{\"dtype\":\"I16\",\"shape\":[3],\"data_offsets\":[0,3]}}", 3, "another size");
    refuse("{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "no dtype");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", 4,
           "list of at most 6");
    refuse("{" F32("a", "1,1,1,1,1,1,1", "0", "4") "}", 4, "list of at most 6");
    refuse("{" F32("a", "[1]", "0", "4") "}", 4, "else than integers");
    refuse("{" F32("a", "1.0", "0", "4") "}", 4, "else than integers");
    refuse("{" F32("a", "1e0", "0", "4") "}", 4, "else than integers");
    refuse("{" F32("a", "-1", "0", "4") "}", 4, "negative or larger");
    refuse("{" F32("a", "-1,-1", "0", "4") "}", 4, "negative or larger");
    refuse("{" F32("a", "4294967296,4294967296", "0", "0") "}", 0, "negative or larger");
    refuse("{" F32("a", "0,9223372036854775807", "0", "0") "}", 0, "negative or larger");
    refuse("{" F32("a", "65536,65536", "0", "0") "}", 0, "negative or larger");
    refuse("{" F32("a", "99999999999999999999", "0", "4") "}", 4, "not correct JSON");
    refuse("{" F32("a", "2", "0", "4") "}", 4, "another size");
    refuse("{" F32("a", "1", "0", "8") "}", 8, "another size");
    refuse("{" F32("a", "1", "0.0", "4") "}", 4, "no pair of integers");
    refuse("{" F32("a", "1", "0", "4,4") "}", 4, "no pair of integers");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":{}}}", 4,
           "no pair of integers");
    refuse("{" F32("a", "1", "4", "0") "}", 4, "outside the file");
    refuse("{" F32("a", "1", "-4", "0") "}", 4, "outside the file");
    refuse("{" F32("a", "2", "0", "8") "}", 4, "outside the file");
    refuse("{" F32("a", "1", "9223372036854775803", "9223372036854775807") "}", 4,
           "outside the file");
}

static void hostile_ranges(void **state)
{
    (void)state;
    refuse("{" F32("a", "2", "0", "8") "," F32("b", "2", "4", "12") "}", 12, "overlaps");
    refuse("{" F32("a", "2", "0", "8") "," F32("b", "2", "0", "8") "}", 8, "overlaps");
    refuse("{" F32("a", "1", "0", "4") "," F32("b", "1", "8", "12") "}", 12, "follows a gap");
    refuse("{" F32("a", "1", "4", "8") "}", 8, "follows a gap");
    refuse("{" F32("a", "1", "0", "4") "}", 5, "1 bytes at the end");
    refuse("{}", 1, "belong to no tensor");
}

static void hostile_lengths(void **state)
{
    (void)state;
    ag_safetensors *f;
    const uint8_t lengths[][10] = {
        { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, '{', '}' },
        { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, '{', '}' },
        { 1, 0, 0, 1, 0, 0, 0, 0, '{', '}' }, /* 16 MiB + 1 */
        { 3, 0, 0, 0, 0, 0, 0, 0, '{', '}' },
        { 0, 0, 0, 0, 0, 0, 0, 0, '{', '}' },
    };
    for (int i = 0; i < 5; i++)
        assert_int_equal(ag_safetensors_parse(lengths[i], 10, "f", &f), AG_EFORMAT);
    for (size_t size = 0; size < 8; size++)
        assert_int_equal(ag_safetensors_parse(lengths[0], size, "f", &f), AG_EFORMAT);
}

static void deep_nesting(void **state)
{
    (void)state;
    enum { DEPTH = 200000 };
    char *header = malloc(DEPTH + 8);
    assert_non_null(header);
    strcpy(header, "{\"a\":");
    memset(header + 5, '[', DEPTH);
    header[5 + DEPTH] = 0;
    refuse(header, 0, "not correct JSON");
    free(header);
}

/* A file of our own, in memory; free it with ag_free. */
static uint8_t *good_file(size_t *size)
{
    ag_tensors *t = sample_set(1);
    ag_safetensors *f;
    assert_int_equal(ag_safetensors_new(&f), AG_OK);
    assert_int_equal(ag_safetensors_set_meta(f, "key", "value"), AG_OK);
    assert_int_equal(ag_safetensors_add(f, "", t), AG_OK);
    const char *path = temporary("good.safetensors");
    assert_int_equal(ag_safetensors_save(f, path, AG_STORE_F32), AG_OK);
    void *data;
    assert_int_equal(ag_file_read(path, 1 << 20, &data, size), AG_OK);
    ag_tensors_free(t);
    ag_safetensors_free(f);
    return data;
}

static void every_truncation(void **state)
{
    (void)state;
    size_t size;
    uint8_t *good = good_file(&size);
    for (size_t cut = 0; cut < size; cut++) {
        /* a copy of exactly that length, so that a sanitizer sees every byte read beyond it */
        uint8_t *copy = malloc(cut ? cut : 1);
        assert_non_null(copy);
        memcpy(copy, good, cut);
        ag_safetensors *f;
        assert_int_equal(ag_safetensors_parse(copy, cut, "cut", &f), AG_EFORMAT);
        assert_null(f);
        free(copy);
    }
    ag_free(good);
}

static void every_flipped_bit(void **state)
{
    (void)state;
    size_t size;
    uint8_t *good = good_file(&size);
    int refused = 0;
    for (size_t bit = 0; bit < 8 * (size - 86 * sizeof(float)); bit++) {
        good[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ag_safetensors *f;
        int code = ag_safetensors_parse(good, size, "flipped", &f);
        assert_true(code == AG_OK || code == AG_EFORMAT);
        assert_true(code == AG_OK ? f && ag_safetensors_count(f) <= 3 : !f && *ag_error());
        refused += code == AG_EFORMAT;
        ag_safetensors_free(f);
        good[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(refused > 1000); /* the others change a name, a text or a space */
    ag_free(good);
}

void test_safetensors_hostile(test_list *list)
{
    ADD_TEST(list, "hostile safetensors", sound_files);
    ADD_TEST(list, "hostile safetensors", hostile_headers);
    ADD_TEST(list, "hostile safetensors", hostile_fields);
    ADD_TEST(list, "hostile safetensors", hostile_ranges);
    ADD_TEST(list, "hostile safetensors", hostile_lengths);
    ADD_TEST(list, "hostile safetensors", deep_nesting);
    ADD_TEST(list, "hostile safetensors", every_truncation);
    ADD_TEST(list, "hostile safetensors", every_flipped_bit);
}
