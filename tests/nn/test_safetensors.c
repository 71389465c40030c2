/* Checkpoints: what is saved is loaded again; number formats; failures that keep the previous file.
 */
#include "nn_test.h"
#include "nn/half.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static ag_safetensors *sample_file(const ag_tensors *t)
{
    ag_safetensors *f;
    assert_int_equal(ag_safetensors_new(&f), AG_OK);
    assert_int_equal(ag_safetensors_set_meta(f, "recipe", "old"), AG_OK);
    assert_int_equal(ag_safetensors_set_meta(f, "text", "a \"b\"\n\xc3\xa9 \x01\\"), AG_OK);
    assert_int_equal(ag_safetensors_set_meta(f, "recipe", "width: 3"), AG_OK);
    assert_int_equal(ag_safetensors_add(f, "", t), AG_OK);
    assert_int_equal(ag_safetensors_add(f, "adam.m.", t), AG_OK);
    return f;
}

static void round_trip(void **state)
{
    (void)state;
    ag_tensors *t = sample_set(1), *back;
    ag_safetensors *f = sample_file(t), *g;
    const char *path = temporary("round.safetensors");
    assert_int_equal(ag_safetensors_save(f, path, AG_STORE_F32), AG_OK);
    assert_int_equal(ag_safetensors_load(path, &g), AG_OK);

    assert_int_equal(ag_safetensors_count(g), 6);
    assert_string_equal(ag_safetensors_name(g, 4), "adam.m.b");
    assert_int_equal(ag_safetensors_shape(g, 4).rank, 3);
    assert_memory_equal(ag_safetensors_data(g, 4), ag_tensors_data(t, 1), 64 * sizeof(float));
    assert_string_equal(ag_safetensors_meta(g, "recipe"), "width: 3");
    assert_string_equal(ag_safetensors_meta(g, "text"), "a \"b\"\n\xc3\xa9 \x01\\");
    assert_null(ag_safetensors_meta(g, "nothing"));
    assert_int_equal(ag_tensors_like(t, &back), AG_OK);
    assert_int_equal(ag_safetensors_get(g, "adam.m.", back), AG_OK);
    assert_same_bytes(t, back);
    ag_tensors_free(t);
    ag_tensors_free(back);
    ag_safetensors_free(f);
    ag_safetensors_free(g);
}

static void alignment(void **state)
{
    (void)state;
    ag_tensors *t = sample_set(1);
    for (int length = 0; length < 9; length++) {
        ag_safetensors *f;
        char text[16] = "xxxxxxxxx";
        text[length] = 0;
        assert_int_equal(ag_safetensors_new(&f), AG_OK);
        assert_int_equal(ag_safetensors_set_meta(f, "k", text), AG_OK);
        assert_int_equal(ag_safetensors_add(f, "", t), AG_OK);
        const char *path = temporary("aligned.safetensors");
        assert_int_equal(ag_safetensors_save(f, path, AG_STORE_F32), AG_OK);
        void *data;
        size_t size;
        assert_int_equal(ag_file_read(path, 4096, &data, &size), AG_OK);
        size_t header = size - 8 - 86 * sizeof(float);
        assert_int_equal(header % 8, 0);
        assert_int_equal(((uint8_t *)data)[0] + 256 * ((uint8_t *)data)[1], header);
        ag_free(data);
        ag_safetensors_free(f);
    }
    ag_tensors_free(t);
}

static void nothing_to_save(void **state)
{
    (void)state;
    ag_safetensors *f, *g;
    const char *path = temporary("empty.safetensors");
    assert_int_equal(ag_safetensors_new(&f), AG_OK);
    assert_int_equal(ag_safetensors_save(f, path, AG_STORE_F32), AG_OK);
    assert_int_equal(ag_safetensors_load(path, &g), AG_OK);
    assert_int_equal(ag_safetensors_count(g), 0);
    ag_safetensors_free(f);
    ag_safetensors_free(g);
}

static float bf16_of(float value)
{
    uint8_t bytes[2];
    float back;
    nn_to_bf16(bytes, &value, 1);
    nn_from_bf16(&back, bytes, 1);
    return back;
}

static void bf16_rounding(void **state)
{
    (void)state;
    /* bfloat16 has 8 bits of significand: from 1 on, steps of 2^-7 */
    assert_true(bf16_of(1.0f) == 1.0f);
    assert_true(bf16_of(1.0f + 0x1p-8f) == 1.0f);                      /* tie to even, down */
    assert_true(bf16_of(1.0f + 0x3p-8f) == 1.0f + 0x1p-6f);            /* tie to even, up */
    assert_true(bf16_of(1.0f + 0x1p-8f + 0x1p-20f) == 1.0f + 0x1p-7f); /* past the tie */
    assert_true(bf16_of(-1.0f - 0x3p-9f) == -1.0f - 0x1p-7f);
    assert_true(bf16_of(0x1.fffffep127f) == INFINITY);
    assert_true(bf16_of(-INFINITY) == -INFINITY);
    assert_true(isnan(bf16_of(NAN)));
    assert_true(signbit(bf16_of(-0.0f)));
    uint32_t bits = 0x7f800001; /* a NaN whose upper half is infinity's */
    float quiet;
    memcpy(&quiet, &bits, sizeof(quiet));
    assert_true(isnan(bf16_of(quiet)));
}

static void half_widening(void **state)
{
    (void)state;
    const struct {
        uint16_t half;
        float value;
    } known[] = {
        { 0x0000, 0.0f },
        { 0x3c00, 1.0f },
        { 0xc000, -2.0f },
        { 0x7bff, 65504.0f },
        { 0x0400, 0x1p-14f },
        { 0x0001, 0x1p-24f },
        { 0x83ff, -1023 * 0x1p-24f },
        { 0x3555, 0x1.554p-2f },
        { 0x7c00, INFINITY },
        { 0xfc00, -INFINITY },
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        uint8_t bytes[2] = { (uint8_t)known[i].half, (uint8_t)(known[i].half >> 8) };
        float value;
        nn_from_f16(&value, bytes, 1);
        assert_true(value == known[i].value);
    }
    float value;
    nn_from_f16(&value, (const uint8_t[]){ 0x00, 0x7e }, 1);
    assert_true(isnan(value));
    nn_from_f16(&value, (const uint8_t[]){ 0x00, 0x80 }, 1);
    assert_true(value == 0 && signbit(value));
}

static void stored_as_bf16(void **state)
{
    (void)state;
    ag_tensors *t = sample_set(1);
    ag_safetensors *f = sample_file(t), *g;
    const char *path = temporary("bf16.safetensors");
    assert_int_equal(ag_safetensors_save(f, path, AG_STORE_BF16), AG_OK);
    assert_int_equal(ag_safetensors_load(path, &g), AG_OK);
    for (int i = 0; i < 64; i++)
        assert_true(ag_safetensors_data(g, 1)[i] == bf16_of(ag_tensors_data(t, 1)[i]));
    ag_tensors_free(t);
    ag_safetensors_free(f);
    ag_safetensors_free(g);
}

static void missing_and_misshapen(void **state)
{
    (void)state;
    ag_tensors *t = sample_set(1), *before = sample_set(1), *other;
    ag_safetensors *f = sample_file(t);
    const char *names[] = { "a", "b" };
    const ag_shape shapes[] = { AG_SHAPE(3, 5), AG_SHAPE(8, 8) };
    assert_int_equal(ag_tensors_make(2, names, shapes, &other), AG_OK);
    assert_int_equal(ag_safetensors_get(f, "", other), AG_EFORMAT);
    assert_non_null(strstr(ag_error(), "'b'"));
    assert_non_null(strstr(ag_error(), "[2, 4, 8], not [8, 8]"));
    assert_true(ag_tensors_data(other, 0)[0] == 0.0f); /* nothing is copied then */
    assert_int_equal(ag_safetensors_get(f, "adam.v.", t), AG_EFORMAT);
    assert_non_null(strstr(ag_error(), "'adam.v.a'"));
    assert_same_bytes(t, before);
    ag_tensors_free(t);
    ag_tensors_free(before);
    ag_tensors_free(other);
    ag_safetensors_free(f);
}

static void names_that_cannot_be_saved(void **state)
{
    (void)state;
    ag_tensors *t = sample_set(1);
    ag_safetensors *f = sample_file(t);
    assert_int_equal(ag_safetensors_add(f, "", t), AG_EINVAL); /* already there */
    assert_int_equal(ag_safetensors_add(f, "new\n", t), AG_EINVAL);
    assert_int_equal(ag_safetensors_count(f), 6);
    const char *name = "metadata__";
    ag_tensors *reserved;
    assert_int_equal(ag_tensors_make(1, &name, &AG_SHAPE(1), &reserved), AG_OK);
    assert_int_equal(ag_safetensors_add(f, "__", reserved), AG_EINVAL);

    const char *path = temporary("utf8.safetensors");
    assert_int_equal(ag_safetensors_set_meta(f, "text", "\xff\xfe"), AG_OK);
    assert_int_equal(ag_safetensors_save(f, path, AG_STORE_F32), AG_EINVAL);
    assert_int_equal(ag_safetensors_set_meta(f, "text", "fine"), AG_OK);
    assert_int_equal(ag_safetensors_add(f, "\xc3", t), AG_OK);
    assert_int_equal(ag_safetensors_save(f, path, AG_STORE_F32), AG_EINVAL);
    assert_int_equal(ag_safetensors_load(path, &(ag_safetensors *){ NULL }), AG_ENOTFOUND);
    ag_tensors_free(t);
    ag_tensors_free(reserved);
    ag_safetensors_free(f);
}

static void full_disk(void **state)
{
    (void)state;
    const char *path = temporary("full.safetensors"), *name = "w";
    ag_tensors *t = sample_set(1), *large;
    ag_safetensors *f = sample_file(t), *g;
    assert_int_equal(ag_safetensors_save(f, path, AG_STORE_F32), AG_OK);
    assert_int_equal(ag_tensors_make(1, &name, &AG_SHAPE(300, 1000), &large), AG_OK);
    assert_int_equal(ag_safetensors_add(f, "", large), AG_OK);

    signal(SIGXFSZ, SIG_IGN);
    limit_files(1000000);
    int code = ag_safetensors_save(f, path, AG_STORE_F32);
    limit_files(RLIM_INFINITY);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(code, AG_EIO);
    assert_non_null(strstr(ag_error(), "full.safetensors"));

    assert_int_equal(ag_safetensors_load(path, &g), AG_OK);
    assert_int_equal(ag_safetensors_count(g), 6);
    ag_tensors_free(t);
    ag_tensors_free(large);
    ag_safetensors_free(f);
    ag_safetensors_free(g);
}

static int fill(void *user)
{
    ag_safetensors *f;
    int code = ag_safetensors_new(&f);
    char key[] = "k0";
    for (int i = 0; i < 20 && code == AG_OK; i++, key[1]++) /* past the first room of 16 */
        code = ag_safetensors_set_meta(f, key, "value");
    if (code == AG_OK)
        code = ag_safetensors_set_meta(f, "k0", "another");
    if (code == AG_OK)
        code = ag_safetensors_add(f, "p.", user);
    ag_safetensors_free(f);
    return code;
}

typedef struct {
    ag_safetensors *file;
    const char *path;
} stored;

static int save(void *user)
{
    stored *s = user;
    return ag_safetensors_save(s->file, s->path, AG_STORE_F32);
}

static int load(void *user)
{
    stored *s = user;
    ag_safetensors *f;
    int code = ag_safetensors_load(s->path, &f);
    if (code != AG_OK)
        assert_null(f);
    ag_safetensors_free(f);
    return code;
}

static void failing_allocations(void **state)
{
    (void)state;
    ag_tensors *t = sample_set(1);
    assert_true(survive_failing_allocations(fill, t) > 40);
    stored s = { sample_file(t), temporary("memory.safetensors") };
    assert_true(survive_failing_allocations(save, &s) >= 2);
    assert_true(survive_failing_allocations(load, &s) > 15);
    ag_tensors_free(t);
    ag_safetensors_free(s.file);
}

/* Integers keep every bit, beside float32 that is stored as bfloat16, at odd addresses too. */
static void integers(void **state)
{
    (void)state;
    const int8_t i8[3] = { -128, -1, 127 };
    const uint8_t u8[2] = { 0, 255 };
    const int16_t i16[2][2] = { { -32768, 32767 }, { 1, -2 } };
    const int64_t i64[1] = { INT64_MIN + 1 };
    ag_tensors *t = sample_set(1), *back;
    ag_safetensors *f = sample_file(t), *g;
    assert_int_equal(ag_safetensors_add_integers(f, "i8", AG_STORED_I8, AG_SHAPE(3), i8), AG_OK);
    assert_int_equal(ag_safetensors_add_integers(f, "u8", AG_STORED_U8, AG_SHAPE(2), u8), AG_OK);
    assert_int_equal(ag_safetensors_add_integers(f, "i16", AG_STORED_I16, AG_SHAPE(2, 2), i16),
                     AG_OK);
    assert_int_equal(ag_safetensors_add_integers(f, "i64", AG_STORED_I64, AG_SCALAR, i64), AG_OK);
    assert_int_equal(ag_safetensors_add_integers(f, "i8", AG_STORED_I8, AG_SHAPE(3), i8),
                     AG_EINVAL);
    assert_int_equal(ag_safetensors_add_integers(f, "f", AG_STORED_F32, AG_SHAPE(3), i8),
                     AG_EINVAL);
    assert_int_equal(ag_safetensors_add_integers(f, "", AG_STORED_I8, AG_SHAPE(3), i8), AG_EINVAL);
    const char *path = temporary("integers.safetensors");
    assert_int_equal(ag_safetensors_save(f, path, AG_STORE_BF16), AG_OK);
    assert_int_equal(ag_safetensors_load(path, &g), AG_OK);
    union {
        int8_t i8[3];
        uint8_t u8[2];
        int16_t i16[4];
        int64_t i64[1];
    } to;
    assert_int_equal(ag_safetensors_get_integers(g, "i8", AG_STORED_I8, AG_SHAPE(3), &to), AG_OK);
    assert_memory_equal(&to, i8, sizeof(i8));
    assert_int_equal(ag_safetensors_get_integers(g, "u8", AG_STORED_U8, AG_SHAPE(2), &to), AG_OK);
    assert_memory_equal(&to, u8, sizeof(u8));
    assert_int_equal(ag_safetensors_get_integers(g, "i16", AG_STORED_I16, AG_SHAPE(2, 2), &to),
                     AG_OK);
    assert_memory_equal(&to, i16, sizeof(i16));
    assert_int_equal(ag_safetensors_get_integers(g, "i64", AG_STORED_I64, AG_SCALAR, &to), AG_OK);
    assert_memory_equal(&to, i64, sizeof(i64));
    int index = ag_safetensors_find(g, "i16");
    assert_int_equal(ag_safetensors_type(g, index), AG_STORED_I16);
    assert_null(ag_safetensors_data(g, index));
    assert_int_equal(ag_safetensors_find(g, "i32"), AG_NONE);
    assert_int_equal(ag_safetensors_get_integers(g, "i32", AG_STORED_I8, AG_SHAPE(3), &to),
                     AG_EFORMAT);
    assert_int_equal(ag_safetensors_get_integers(g, "i8", AG_STORED_U8, AG_SHAPE(3), &to),
                     AG_EFORMAT);
    assert_string_equal(ag_error(), "tensor 'i8' of the checkpoint is of type I8, not U8");
    assert_int_equal(ag_safetensors_get_integers(g, "i16", AG_STORED_I16, AG_SHAPE(4), &to),
                     AG_EFORMAT);
    assert_string_equal(ag_error(), "tensor 'i16' of the checkpoint has shape [2, 2], not [4]");
    assert_int_equal(ag_tensors_like(t, &back), AG_OK);
    assert_int_equal(ag_safetensors_get(g, "adam.m.", back), AG_OK);
    ag_tensors_free(t);
    ag_tensors_free(back);
    ag_safetensors_free(f);
    ag_safetensors_free(g);
}

/* A set is not filled from integers, whatever their shape. */
static void integers_are_no_weights(void **state)
{
    (void)state;
    const char *name = "w";
    const int16_t values[4] = { 1, 2, 3, 4 };
    ag_shape shape = AG_SHAPE(4);
    ag_tensors *t;
    ag_safetensors *f;
    assert_int_equal(ag_tensors_make(1, &name, &shape, &t), AG_OK);
    assert_int_equal(ag_safetensors_new(&f), AG_OK);
    assert_int_equal(ag_safetensors_add_integers(f, "w", AG_STORED_I16, shape, values), AG_OK);
    assert_int_equal(ag_safetensors_get(f, "", t), AG_EFORMAT);
    assert_string_equal(ag_error(), "tensor 'w' of the checkpoint holds integers (I16)");
    ag_safetensors_free(f);
    ag_tensors_free(t);
}

void test_safetensors(test_list *list)
{
    ADD_TEST(list, "safetensors", round_trip);
    ADD_TEST(list, "safetensors", alignment);
    ADD_TEST(list, "safetensors", nothing_to_save);
    ADD_TEST(list, "safetensors", bf16_rounding);
    ADD_TEST(list, "safetensors", half_widening);
    ADD_TEST(list, "safetensors", stored_as_bf16);
    ADD_TEST(list, "safetensors", integers);
    ADD_TEST(list, "safetensors", integers_are_no_weights);
    ADD_TEST(list, "safetensors", missing_and_misshapen);
    ADD_TEST(list, "safetensors", names_that_cannot_be_saved);
    ADD_TEST(list, "safetensors", full_disk);
    ADD_TEST(list, "safetensors", failing_allocations);
}
