/* The nearest power of two, stochastic rounding and its bounds. */
#include "wage_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void test_nearest_power(void **state)
{
    (void)state;
    for (uint64_t m = 1; m < 1 << 20; m++) {
        int k = wg_nearest_power(m);
        /* |log2 m - k| < 1/2: 2^(2k-1) < m^2 < 2^(2k+1). */
        assert_true(2 * m * m > UINT64_C(1) << 2 * k && m * m < UINT64_C(2) << 2 * k);
    }
    /* floor and ceiling of 2^(k + 1/2) are apart. */
    assert_int_equal(wg_nearest_power(3037000499), 31);
    assert_int_equal(wg_nearest_power(3037000500), 32);
    assert_int_equal(wg_nearest_power(UINT64_C(13043817825332782212)), 63);
    assert_int_equal(wg_nearest_power(UINT64_C(13043817825332782213)), 64);
}

/* A network of one dense layer whose gradients are the test's. */
static ag_wage *one_layer(ag_wage_bits bits, bool nearest)
{
    ag_wage_config config = { .height = 64,
                              .width = 64,
                              .channels = 1,
                              .layers = 1,
                              .layer = { { .kind = AG_WAGE_DENSE, .channels = 4 } },
                              .bits = bits,
                              .nearest = nearest };
    ag_wage *net;
    assert_int_equal(ag_wage_new(&config, 1, 5, NULL, &net), AG_OK);
    static const int16_t zeros[64 * 64 * 4];
    assert_int_equal(ag_wage_set_weights(net, 0, zeros), AG_OK);
    return net;
}

enum { WEIGHTS = 64 * 64 * 4 }; /* more than a task takes */

/* One update with gradient g everywhere but `first`, which sets the power of two; returns the mean
 * step of the others. */
static double mean_step(ag_wage *net, int32_t first, int32_t g, int rate, uint64_t step)
{
    static const int16_t zeros[WEIGHTS];
    int16_t w[WEIGHTS];
    assert_int_equal(ag_wage_set_weights(net, 0, zeros), AG_OK);
    static int32_t gradients[WEIGHTS];
    for (int i = 0; i < WEIGHTS; i++)
        gradients[i] = i == 0 ? first : g;
    const wg_gradient by = { .g = gradients, .shares = 1 };
    uint64_t steepest = wg_sum_gradient(net, 0, &by, 0, WEIGHTS);
    if (steepest > 0) {
        wg_update u = wg_update_of(net, 0, wg_nearest_power(steepest), rate, step);
        wg_update_weights(net, &u, 0, &by, 0, WEIGHTS);
    }
    ag_wage_get_weights(net, 0, w);
    double sum = 0;
    for (int i = 1; i < WEIGHTS; i++)
        sum -= w[i];
    return sum / (WEIGHTS - 1);
}

static void test_stochastic_mean(void **state)
{
    (void)state;
    ag_wage *net = one_layer((ag_wage_bits){ 2, 8, 8, 8 }, false);
    static const int RATES[] = { -2, 0, 3, 6 };
    for (int i = 0; i < 4; i++)
        for (int32_t g = -900000; g <= 900000; g += 123457) {
            double expected = ldexp(g, RATES[i] - 20);
            double sum = 0, fraction = fabs(expected) - floor(fabs(expected));
            for (uint64_t step = 0; step < 16; step++)
                sum += mean_step(net, 1 << 20, g, RATES[i], step);
            double deviation = sqrt(fraction * (1 - fraction) / (16.0 * (WEIGHTS - 1)));
            if (fabs(expected) < 64)
                assert_true(fabs(sum / 16 - expected) <= 5 * deviation + 1.0 / 65536);
        }
    ag_wage_free(net);
}

static void test_nearest(void **state)
{
    (void)state;
    ag_wage *net = one_layer((ag_wage_bits){ 2, 8, 8, 8 }, true);
    assert_true(mean_step(net, 1 << 20, (1 << 19) - 1, 0, 0) == 0);
    assert_true(mean_step(net, 1 << 20, 1 << 19, 0, 0) == 1);
    assert_true(mean_step(net, 1 << 20, -(1 << 19), 0, 0) == -1);
    assert_true(mean_step(net, 1 << 20, 3 << 18, 2, 0) == 3);
    ag_wage_free(net);
}

static void test_clipped(void **state)
{
    (void)state;
    static const struct {
        ag_wage_bits bits;
        int limit;
    } CASES[] = { { { 2, 8, 8, 8 }, 64 },
                  { { 8, 8, 8, 8 }, 127 },
                  { { 3, 8, 8, 8 }, 96 },
                  { { 2, 8, 16, 8 }, 16384 },
                  { { 2, 2, 2, 2 }, 1 } };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        ag_wage *net = one_layer(CASES[i].bits, false);
        assert_int_equal(wg_weight_limit(&net->plan.stage[0]), CASES[i].limit);
        assert_true(mean_step(net, 1 << 20, 1 << 20, 15, 0) == CASES[i].limit);
        assert_true(mean_step(net, 1 << 20, -(1 << 20), 15, 0) == -CASES[i].limit);
        ag_wage_free(net);
    }
}

/* Different steps, layers and seeds round differently, the same ones alike. */
static void test_keys(void **state)
{
    (void)state;
    ag_wage *net = one_layer((ag_wage_bits){ 2, 8, 8, 8 }, false);
    int16_t w[3][WEIGHTS];
    static const uint64_t STEPS[] = { 1, UINT64_C(1) << 32 | 1, 1 };
    for (int i = 0; i < 3; i++) {
        mean_step(net, 1 << 20, 1 << 19, 0, STEPS[i]);
        ag_wage_get_weights(net, 0, w[i]);
    }
    assert_memory_not_equal(w[0], w[1], sizeof w[0]);
    assert_memory_equal(w[0], w[2], sizeof w[0]);
    net->seed ^= UINT64_C(1) << 40;
    mean_step(net, 1 << 20, 1 << 19, 0, 1);
    ag_wage_get_weights(net, 0, w[1]);
    assert_memory_not_equal(w[0], w[1], sizeof w[0]);
    ag_wage_free(net);
}

/* The random numbers of the header: element i has half-word i % 8 of block i / 8. */
static void test_random_bits(void **state)
{
    (void)state;
    ag_wage *net = one_layer((ag_wage_bits){ 2, 8, 8, 8 }, false);
    int16_t w[WEIGHTS];
    mean_step(net, 1 << 20, 3 << 18, 0, UINT64_C(0x123456789));
    ag_wage_get_weights(net, 0, w);
    for (uint32_t i = 1; i < WEIGHTS; i++) {
        uint32_t counter[4] = { i / 8, AG_PURPOSE_ROUNDING, 0x23456789, 1 }, block[4];
        ag_philox4x32(counter, (uint32_t[]){ 5, 0 }, block);
        bool up = (block[i % 8 / 2] >> (i % 2 * 16) & 0xFFFF) < 0xC000;
        assert_int_equal(w[i], up ? -1 : 0);
    }
    ag_wage_free(net);
}

/* Neither gradients of zero nor errors of zero change a weight or divide by nothing. */
static void test_zero(void **state)
{
    (void)state;
    ag_wage *net = one_layer((ag_wage_bits){ 2, 8, 8, 8 }, false);
    assert_true(mean_step(net, 0, 0, 15, 0) == 0);
    ag_wage_free(net);
}

void test_update(test_list *list)
{
    ADD_TEST(list, "update", test_nearest_power);
    ADD_TEST(list, "update", test_stochastic_mean);
    ADD_TEST(list, "update", test_nearest);
    ADD_TEST(list, "update", test_clipped);
    ADD_TEST(list, "update", test_keys);
    ADD_TEST(list, "update", test_random_bits);
    ADD_TEST(list, "update", test_zero);
}
