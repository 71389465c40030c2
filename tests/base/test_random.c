/* Philox and the streams made of it. */
#include <math.h>
#include <string.h>

#include "base_test.h"

/* The vectors for philox4x32 with 10 rounds that come with Random123 (kat_vectors). */
static void philox_known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
          { 0xffffffff, 0xffffffff },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint32_t out[4];
        ag_philox4x32(known[i].counter, known[i].key, out);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
}

static void equal_keys_give_equal_numbers(void **state)
{
    (void)state;
    ag_rng a, b;
    ag_rng_init(&a, 42, AG_PURPOSE_TEST, 7);
    ag_rng_init(&b, 42, AG_PURPOSE_TEST, 7);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(ag_rng_u32(&a), ag_rng_u32(&b));
    ag_rng copy = a;
    assert_int_equal(ag_rng_u32(&copy), ag_rng_u32(&a));
}

static void every_part_of_the_key_matters(void **state)
{
    (void)state;
    const struct {
        uint64_t seed;
        uint32_t purpose;
        uint64_t step;
    } keys[] = { { 1, 1, 1 }, { 2, 1, 1 }, { 1ULL << 32 | 1, 1, 1 },
                 { 1, 2, 1 }, { 1, 1, 2 }, { 1, 1, 1ULL << 32 | 1 } };
    uint32_t first[6];
    for (int i = 0; i < 6; i++) {
        ag_rng rng;
        ag_rng_init(&rng, keys[i].seed, keys[i].purpose, keys[i].step);
        first[i] = ag_rng_u32(&rng);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(first[i], first[j]);
    }
}

/* Pearson's statistic of 1,000 expected a bin: 99.9 % of true ones stay below the bound. */
static void below_is_uniform(void **state)
{
    (void)state;
    ag_rng rng;
    ag_rng_init(&rng, 3, AG_PURPOSE_TEST, 0);
    int bins[7] = { 0 };
    for (int i = 0; i < 7000; i++)
        bins[ag_rng_below(&rng, 7)]++;
    double statistic = 0;
    for (int i = 0; i < 7; i++)
        statistic += (bins[i] - 1000.0) * (bins[i] - 1000.0) / 1000.0;
    assert_true(statistic < 22.5);
    assert_int_equal(ag_rng_below(&rng, 1), 0);
}

static void below_takes_large_bounds(void **state)
{
    (void)state;
    ag_rng rng;
    ag_rng_init(&rng, 3, AG_PURPOSE_TEST, 1);
    uint64_t n = 3ULL << 62; /* a quarter of the 64-bit numbers must be drawn again */
    int high = 0;
    for (int i = 0; i < 3000; i++) {
        uint64_t x = ag_rng_below(&rng, n);
        assert_true(x < n);
        high += x >= 1ULL << 63;
    }
    assert_true(high > 900 && high < 1100);
}

static void uniform_covers_its_interval(void **state)
{
    (void)state;
    ag_rng rng;
    ag_rng_init(&rng, 4, AG_PURPOSE_TEST, 0);
    double sum = 0;
    float least = 1, most = 0;
    for (int i = 0; i < 100000; i++) {
        float x = ag_rng_uniform(&rng);
        assert_true(x >= 0 && x < 1);
        assert_true(x * 0x1p24f == floorf(x * 0x1p24f));
        least = fminf(least, x);
        most = fmaxf(most, x);
        sum += x;
    }
    assert_true(least < 1e-4f && most > 0.9999f);
    assert_true(fabs(sum / 100000 - 0.5) < 4 * sqrt(1.0 / 12 / 100000));
}

static void normal_has_its_moments(void **state)
{
    (void)state;
    ag_rng rng;
    ag_rng_init(&rng, 5, AG_PURPOSE_TEST, 0);
    double sum = 0, square = 0, fourth = 0;
    int count = 100000;
    for (int i = 0; i < count; i++) {
        double x = ag_rng_normal(&rng);
        assert_true(isfinite(x));
        sum += x;
        square += x * x;
        fourth += x * x * x * x;
    }
    assert_true(fabs(sum / count) < 4 / sqrt(count));
    assert_true(fabs(square / count - 1) < 4 * sqrt(2.0 / count));
    assert_true(fabs(fourth / count - 3) < 4 * sqrt(96.0 / count));
}

static void normal_uses_two_words(void **state)
{
    (void)state;
    ag_rng a, b;
    ag_rng_init(&a, 6, AG_PURPOSE_TEST, 0);
    b = a;
    ag_rng_normal(&a);
    ag_rng_u32(&b);
    ag_rng_u32(&b);
    assert_int_equal(ag_rng_u32(&a), ag_rng_u32(&b));
}

void test_random(test_list *list)
{
    ADD_TEST(list, "random", philox_known_answers);
    ADD_TEST(list, "random", equal_keys_give_equal_numbers);
    ADD_TEST(list, "random", every_part_of_the_key_matters);
    ADD_TEST(list, "random", below_is_uniform);
    ADD_TEST(list, "random", below_takes_large_bounds);
    ADD_TEST(list, "random", uniform_covers_its_interval);
    ADD_TEST(list, "random", normal_has_its_moments);
    ADD_TEST(list, "random", normal_uses_two_words);
}
