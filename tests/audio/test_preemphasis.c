/* Pre-emphasis against its definition, and its inverse block by block. */
#include "audio_test.h"

enum { N = 1000 };

static void difference_equation(void **state)
{
    (void)state;
    float *x = noise(1.0F, N), y[N];
    memcpy(y, x, sizeof y);
    ag_preemphasis(y, N, 0.85F);
    assert_true(y[0] == x[0]);
    for (int t = 1; t < N; t++) {
        assert_near(y[t], (double)x[t] - 0.85 * (double)x[t - 1], 1e-6);
    }
    free(x);
}

static void inverse_in_blocks_of_any_size(void **state)
{
    (void)state;
    float *x = noise(1.0F, N), y[N], last = 0;
    memcpy(y, x, sizeof y);
    ag_preemphasis(y, N, 0.85F);
    for (int at = 0, size = 1; at < N; at += size, size = size * 3 % 101) {
        ag_deemphasis(y + at, at + size < N ? size : N - at, 0.85F, &last);
    }
    for (int t = 0; t < N; t++) {
        assert_near(y[t], (double)x[t], 1e-5);
    }
    free(x);
}

static void nothing_without_an_amount(void **state)
{
    (void)state;
    float *x = noise(1.0F, N), y[N], last = 0.5F;
    memcpy(y, x, sizeof y);
    ag_preemphasis(y, N, 0);
    ag_deemphasis(y, N, 0, &last);
    assert_memory_equal(x, y, sizeof y);
    free(x);
}

void test_preemphasis(test_list *list)
{
    ADD_TEST_IN(list, "preemphasis", difference_equation, NULL, NULL);
    ADD_TEST_IN(list, "preemphasis", inverse_in_blocks_of_any_size, NULL, NULL);
    ADD_TEST_IN(list, "preemphasis", nothing_without_an_amount, NULL, NULL);
}
