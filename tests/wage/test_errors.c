/* Errors that wait in 10 bits come out as the plain formula makes them of all 32. */
#include "wage_test.h"

#include <stdlib.h>
#include <string.h>

enum { FEATURES = 4096, BLOCK = FEATURES / 2, RANDOM_TRIES = 400 };

/* Round v / 2^shift half away from zero, clip to +-limit. */
static int plainly(int32_t v, int shift, int limit)
{
    int64_t size = v < 0 ? -(int64_t)v : v;
    size = shift > 0 ? (size + ((int64_t)1 << (shift - 1))) >> shift : size << -shift;
    size = size > limit ? limit : size;
    return (int)(v < 0 ? -size : size);
}

/* A convolution's outputs, which the dense layer after it takes in two slices. */
static ag_wage *two_blocks(const wg_kernels *kernels, int error_bits)
{
    ag_wage_config config = { .height = 64,
                              .width = 64,
                              .channels = 1,
                              .layers = 2,
                              .layer = { { .kind = AG_WAGE_CONV, .channels = 1, .kernel = 1 },
                                         { .kind = AG_WAGE_DENSE, .channels = 2 } },
                              .bits = { 2, 8, 8, error_bits } };
    ag_wage *net;
    assert_int_equal(wg_new_with(kernels, &config, 1, 5, NULL, &net), AG_OK);
    assert_int_equal(net->plan.stage[0].block, BLOCK);
    return net;
}

static uint32_t largest_of(const int32_t *v)
{
    uint32_t most = 0;
    for (int i = 0; i < BLOCK; i++)
        most = (uint32_t)abs(v[i]) > most ? (uint32_t)abs(v[i]) : most;
    return most;
}

/* v [2][BLOCK]. */
static void compare(ag_wage *net, const int32_t *v)
{
    uint32_t most[2] = { largest_of(v), largest_of(v + BLOCK) };
    uint32_t largest = most[0] > most[1] ? most[0] : most[1];
    for (int block = 0; block < 2; block++)
        wg_store_errors(net, 0, 0, block, v + (ptrdiff_t)block * BLOCK, BLOCK, most[block]);
    wg_quantise_errors(net, 0, 1, largest);
    int bits = net->config.bits.errors, limit = (1 << (bits - 1)) - 1;
    int shift = (largest > 0 ? wg_nearest_power(largest) : 0) - (bits - 1);
    for (int i = 0; i < FEATURES; i++) {
        int want = plainly(v[i], shift, limit);
        if (net->activation[0][i] != want)
            fail_msg("%s, %d bits: %d of at most %u and %u is %d, not %d", net->kernels->name, bits,
                     v[i], most[i / BLOCK], largest, net->activation[0][i], want);
    }
}

/* Every number of a block whose largest is 1 to 1023, beside larger and larger blocks. */
static void every_number(ag_wage *net)
{
    static int32_t v[FEATURES];
    for (int32_t most = 1; most < BLOCK / 2; most++)
        for (int32_t other = most; other < 1 << 14; other += other / 3 + 1) {
            for (int i = 0; i < BLOCK; i++) {
                v[i] = i - BLOCK / 2;
                v[i] = v[i] > most ? most : v[i] < -most ? -most : v[i];
                v[BLOCK + i] = i % 2 ? other - i / 2 : i / 2 - other;
                v[BLOCK + i] = abs(v[BLOCK + i]) > other ? 0 : v[BLOCK + i];
            }
            compare(net, v);
        }
}

/* Numbers of all sizes up to 2^31 - 1, many of them just where rounding turns. */
static int32_t some_number(ag_rng *rng, int32_t most)
{
    int64_t v = (int64_t)ag_rng_below(rng, (uint64_t)most + 1);
    if (ag_rng_below(rng, 2)) {
        int bit = (int)ag_rng_below(rng, 31);
        v = (v >> bit << bit) + (INT64_C(1) << bit >> 1) + (int64_t)ag_rng_below(rng, 3) - 1;
    }
    v = v > most ? most : v < -most ? -most : v;
    return (int32_t)(ag_rng_below(rng, 2) ? v : -v);
}

static void random_numbers(ag_wage *net)
{
    static int32_t v[FEATURES];
    ag_rng rng;
    ag_rng_init(&rng, 1, AG_PURPOSE_TEST, 3);
    for (int t = 0; t < RANDOM_TRIES; t++)
        for (int block = 0; block < 2; block++) {
            int32_t most = (int32_t)(ag_rng_u32(&rng) >> 1 >> ag_rng_below(&rng, 31));
            for (int i = 0; i < BLOCK; i++)
                v[block * BLOCK + i] = some_number(&rng, most);
            compare(net, v);
        }
}

static void test_ten_bits(void **state)
{
    (void)state;
    static const int BITS[] = { 8, 5, 2 };
    const wg_kernels *list[4];
    int versions = wg_kernels_all(list);
    for (int k = 0; k < versions; k++)
        for (int i = 0; i < 3; i++) {
            ag_wage *net = two_blocks(list[k], BITS[i]);
            random_numbers(net);
            if (k == versions - 1 && BITS[i] == 8)
                every_number(net);
            ag_wage_free(net);
        }
}

/* What clipping and the rectifier held back, and the largest of what clipping did not. */
static void test_marks(void **state)
{
    (void)state;
    ag_wage *net = two_blocks(wg_kernels_best(), 8);
    const uint8_t marks[] = { 0, 0x80, 5, 127, 0xff };
    int32_t v[] = { -900, 100, -120, 127, 1000 };
    memcpy(net->activation[0], marks, sizeof marks);
    net->worker[0].largest = 800;
    wg_keep_errors(net, 0, 0, 0, v, 5, &net->worker[0]);
    assert_int_equal(net->worker[0].largest, 900);
    assert_memory_equal(v, ((int32_t[]){ 0, 100, -120, 127, 0 }), sizeof v);
    ag_wage_free(net);
}

void test_errors(test_list *list)
{
    ADD_TEST(list, "errors", test_ten_bits);
    ADD_TEST(list, "errors", test_marks);
}
