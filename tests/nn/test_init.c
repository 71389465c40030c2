/* Initialisers: distributions, orthogonality, independence; and learning-rate schedules. */
#include "nn_test.h"

#include <math.h>

static ag_tensors *one(const char *name, ag_shape shape)
{
    ag_tensors *t;
    assert_int_equal(ag_tensors_make(1, &name, &shape, &t), AG_OK);
    return t;
}

/* Mean and mean square of a set's only tensor. */
static void moments(const ag_tensors *t, double *mean, double *square)
{
    const float *x = ag_tensors_data(t, 0);
    double n = (double)ag_tensors_elements(t);
    *mean = *square = 0;
    for (int64_t i = 0; i < ag_tensors_elements(t); i++) {
        *mean += x[i] / n;
        *square += (double)x[i] * x[i] / n;
    }
}

static void distributions(void **state)
{
    (void)state;
    /* fan in 3 x 40 = 120, fan out 3 x 50 = 150; 6000 numbers: standard error 1.3 % of the
     * deviation */
    ag_tensors *t = one("w", AG_SHAPE(3, 40, 50));
    double mean, square;

    ag_init_constant(t, 0, 2.5f);
    moments(t, &mean, &square);
    assert_near(mean, 2.5, 1e-9);
    ag_init_zero(t, 0);
    moments(t, &mean, &square);
    assert_true(square == 0);

    ag_init_normal(t, 0, 7, 0.5f);
    moments(t, &mean, &square);
    assert_near(mean, 0, 0.5 * 0.06);
    assert_near(sqrt(square), 0.5, 0.5 * 0.05);

    ag_init_he_normal(t, 0, 7);
    moments(t, &mean, &square);
    assert_near(sqrt(square), sqrt(2.0 / 120), sqrt(2.0 / 120) * 0.05);

    ag_init_xavier_uniform(t, 0, 7, 2.0f);
    double limit = 2.0 * sqrt(6.0 / (120 + 150)), most = 0;
    for (int i = 0; i < 6000; i++)
        most = fmax(most, fabs(ag_tensors_data(t, 0)[i]));
    assert_true(most <= limit * 1.000001 && most > limit * 0.99);
    moments(t, &mean, &square);
    assert_near(sqrt(square), limit / sqrt(3), limit / sqrt(3) * 0.05);
    ag_tensors_free(t);
}

static void small_shapes(void **state)
{
    (void)state;
    ag_tensors *vector = one("v", AG_SHAPE(1000)), *scalar = one("s", AG_SCALAR);
    ag_init_xavier_uniform(vector, 0, 3, 1.0f); /* fan in 1, fan out 1000 */
    for (int i = 0; i < 1000; i++)
        assert_true(fabsf(ag_tensors_data(vector, 0)[i]) <= sqrtf(6.0f / 1001.0f));
    assert_int_equal(ag_init_orthogonal(scalar, 0, 3, 2.0f), AG_OK);
    assert_near(fabsf(ag_tensors_data(scalar, 0)[0]), 2, 1e-6);
    ag_tensors_free(vector);
    ag_tensors_free(scalar);
}

/* The greatest error of w^T w (columns) or w w^T (rows) against gain^2 times the identity. */
static double orthogonality(const float *w, int rows, int columns, double gain)
{
    int count = rows >= columns ? columns : rows, length = rows >= columns ? rows : columns;
    int step = rows >= columns ? columns : 1, stride = rows >= columns ? 1 : columns;
    double worst = 0;
    for (int a = 0; a < count; a++)
        for (int b = 0; b < count; b++) {
            double dot = 0;
            for (int i = 0; i < length; i++)
                dot += (double)w[a * stride + i * step] * w[b * stride + i * step];
            worst = fmax(worst, fabs(dot - (a == b ? gain * gain : 0)));
        }
    return worst;
}

static void orthogonal(void **state)
{
    (void)state;
    const ag_shape shapes[] = { AG_SHAPE(64, 64), AG_SHAPE(2, 30, 17), AG_SHAPE(9, 40) };
    const int rows[] = { 64, 60, 9 }, columns[] = { 64, 17, 40 };
    for (int i = 0; i < 3; i++) {
        ag_tensors *t = one("w", shapes[i]);
        assert_int_equal(ag_init_orthogonal(t, 0, 11, 1.5f), AG_OK);
        assert_true(orthogonality(ag_tensors_data(t, 0), rows[i], columns[i], 1.5) < 1e-5);
        ag_tensors_free(t);
    }
}

static int init_orthogonal(void *user)
{
    return ag_init_orthogonal(user, 0, 1, 1.0f);
}

static void orthogonal_without_memory(void **state)
{
    (void)state;
    ag_tensors *t = sample_set(1);
    assert_int_equal(survive_failing_allocations(init_orthogonal, t), 1);
    ag_tensors_free(t);
}

static void streams_are_independent(void **state)
{
    (void)state;
    ag_tensors *a = sample_set(1), *b = sample_set(2);
    ag_init_normal(b, 1, 1, 1.0f);
    assert_memory_equal(ag_tensors_data(a, 1), ag_tensors_data(b, 1), 64 * sizeof(float));
    assert_memory_not_equal(ag_tensors_data(a, 0), ag_tensors_data(b, 0), 15 * sizeof(float));
    assert_memory_not_equal(ag_tensors_data(a, 0), ag_tensors_data(a, 1), 15 * sizeof(float));
    ag_tensors_free(a);
    ag_tensors_free(b);
}

static void assert_rate(const ag_schedule *s, int64_t step, double rate)
{
    assert_near(ag_schedule_rate(s, step), rate, 1e-6);
}

static void schedules(void **state)
{
    (void)state;
    ag_schedule constant = { .kind = AG_LR_CONSTANT, .base = 0.5f, .warmup = 4 };
    assert_rate(&constant, 0, 0.125);
    assert_rate(&constant, 1, 0.25);
    assert_rate(&constant, 3, 0.5);
    assert_rate(&constant, 1000000000000, 0.5);

    ag_schedule linear = { .kind = AG_LR_LINEAR, .base = 1, .final = 0.2f, .steps = 100 };
    assert_rate(&linear, 0, 1);
    assert_rate(&linear, 50, 0.6);
    assert_rate(&linear, 100, 0.2);
    assert_rate(&linear, 500, 0.2);

    ag_schedule cosine = { .kind = AG_LR_COSINE, .base = 1, .final = 0.2f, .steps = 100 };
    assert_rate(&cosine, 0, 1);
    assert_rate(&cosine, 25, 0.2 + 0.8 * 0.5 * (1 + sqrt(0.5)));
    assert_rate(&cosine, 50, 0.6);
    assert_rate(&cosine, 101, 0.2);

    ag_schedule halving = { .kind = AG_LR_HALVING, .base = 1, .steps = 10 };
    assert_rate(&halving, 9, 1);
    assert_rate(&halving, 10, 0.5);
    assert_rate(&halving, 35, 0.125);
}

void test_init(test_list *list)
{
    ADD_TEST(list, "init", distributions);
    ADD_TEST(list, "init", small_shapes);
    ADD_TEST(list, "init", orthogonal);
    ADD_TEST(list, "init", orthogonal_without_memory);
    ADD_TEST(list, "init", streams_are_independent);
    ADD_TEST(list, "init", schedules);
}
