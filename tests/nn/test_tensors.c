/* Sets of named tensors: layout, names, limits, failing allocations. */
#include "nn_test.h"

static void layout(void **state)
{
    (void)state;
    ag_tensors *t = sample_set(1);
    assert_int_equal(ag_tensors_count(t), 3);
    assert_int_equal(ag_tensors_elements(t), 15 + 64 + 7);
    assert_int_equal(ag_tensors_block_size(t), 16 + 64 + 16);
    float *block = ag_tensors_block(t);
    const int64_t begin[] = { 0, 16, 80 };
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(ag_tensors_data(t, i), block + begin[i]);
        assert_int_equal((uintptr_t)ag_tensors_data(t, i) % 64, 0);
    }
    assert_true(block[15] == 0.0f);
    for (int i = 87; i < 96; i++)
        assert_true(block[i] == 0.0f);
    assert_int_equal(ag_tensors_find(t, "b"), 1);
    assert_int_equal(ag_tensors_find(t, "d"), AG_NONE);
    assert_string_equal(ag_tensors_name(t, 2), "c");
    ag_shape shape = ag_tensors_shape(t, 1);
    assert_int_equal(shape.rank, 3);
    assert_int_equal(shape.dim[0], 2);
    assert_int_equal(shape.dim[2], 8);
    ag_tensors_free(t);
}

static void from_a_graph(void **state)
{
    (void)state;
    ag_graph *g;
    assert_int_equal(ag_graph_new(&g), AG_OK);
    ag_param(g, "w", AG_SHAPE(4, 3));
    ag_input(g, "x", AG_F32, AG_SHAPE(2, 4));
    ag_param(g, "scale", AG_SCALAR);
    ag_tensors *t;
    assert_int_equal(ag_tensors_new(g, &t), AG_OK);
    ag_graph_free(g);
    assert_int_equal(ag_tensors_count(t), 2);
    assert_string_equal(ag_tensors_name(t, 0), "w");
    assert_string_equal(ag_tensors_name(t, 1), "scale");
    assert_int_equal(ag_tensors_elements(t), 13);
    assert_int_equal(ag_tensors_shape(t, 1).rank, 0);
    ag_tensors_free(t);
}

static void copies(void **state)
{
    (void)state;
    ag_tensors *a = sample_set(1), *b, *other;
    assert_int_equal(ag_tensors_like(a, &b), AG_OK);
    assert_true(ag_tensors_data(b, 0)[3] == 0.0f);
    assert_int_equal(ag_tensors_copy(b, a), AG_OK);
    assert_same_bytes(a, b);

    const char *names[] = { "a", "b", "c" };
    const ag_shape shapes[] = { AG_SHAPE(5, 3), AG_SHAPE(2, 4, 8), AG_SHAPE(7) };
    assert_int_equal(ag_tensors_make(3, names, shapes, &other), AG_OK);
    assert_int_equal(ag_tensors_copy(other, a), AG_EINVAL);
    ag_tensors_free(a);
    ag_tensors_free(b);
    ag_tensors_free(other);
}

static void refuse(int count, const char *const *names, const ag_shape *shapes)
{
    ag_tensors *t;
    assert_int_equal(ag_tensors_make(count, names, shapes, &t), AG_EINVAL);
    assert_null(t);
    assert_true(*ag_error());
}

static void impossible_sets(void **state)
{
    (void)state;
    const int64_t big = INT64_C(1) << 31;
    refuse(-1, NULL, NULL);
    refuse(1, (const char *[]){ "" }, (ag_shape[]){ AG_SHAPE(1) });
    refuse(2, (const char *[]){ "a", "a" }, (ag_shape[]){ AG_SHAPE(1), AG_SHAPE(2) });
    refuse(1, (const char *[]){ "a" }, (ag_shape[]){ AG_SHAPE(3, 0) });
    refuse(1, (const char *[]){ "a" }, (ag_shape[]){ AG_SHAPE(-2, -2) });
    refuse(1, (const char *[]){ "a" }, (ag_shape[]){ { AG_MAX_RANK + 1, { 1 } } });
    refuse(1, (const char *[]){ "a" }, (ag_shape[]){ AG_SHAPE(big + 1) });
    refuse(1, (const char *[]){ "a" }, (ag_shape[]){ AG_SHAPE(big, big, 4) });
    refuse(2, (const char *[]){ "a", "b" }, (ag_shape[]){ AG_SHAPE(1), AG_SHAPE(big) });
    ag_tensors *none;
    assert_int_equal(ag_tensors_make(0, NULL, NULL, &none), AG_OK);
    assert_int_equal(ag_tensors_block_size(none), 0);
    ag_tensors_free(none);
}

static int make_and_free(void *user)
{
    ag_tensors *t;
    int code = ag_tensors_like(user, &t);
    ag_tensors_free(t);
    return code;
}

static void failing_allocations(void **state)
{
    (void)state;
    ag_tensors *t = sample_set(1);
    /* the list, the set, its entries, three names, the block */
    assert_int_equal(survive_failing_allocations(make_and_free, t), 7);
    ag_tensors_free(t);
}

void test_tensors(test_list *list)
{
    ADD_TEST(list, "tensors", layout);
    ADD_TEST(list, "tensors", from_a_graph);
    ADD_TEST(list, "tensors", copies);
    ADD_TEST(list, "tensors", impossible_sets);
    ADD_TEST(list, "tensors", failing_allocations);
}
