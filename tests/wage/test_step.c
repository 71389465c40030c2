/* Whole steps: the same bytes for every table of kernels and any number of threads; arguments;
 * learning. */
#include "wage_test.h"

#include "agena/classify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 24, SKY = 32 * 32 * 3 };

static ag_wage *trained(const wg_kernels *kernels, ag_wage_config config, ag_pool *pool, int steps)
{
    ag_wage *net;
    assert_int_equal(wg_new_with(kernels, &config, BATCH, 7, pool, &net), AG_OK);
    train(net, BATCH, steps, 3);
    return net;
}

static void assert_same(const ag_wage *a, const ag_wage *b)
{
    int64_t count, also;
    int16_t *x = all_weights(a, &count), *y = all_weights(b, &also);
    assert_int_equal(count, also);
    assert_memory_equal(x, y, (size_t)count * sizeof *x);
    free(x);
    free(y);
}

/* Wide enough that every path of the fast kernels is taken. */
static ag_wage_config broad(int which)
{
    ag_wage_config config = test_net(which);
    for (int i = 0; i + 1 < config.layers; i++)
        if (config.layer[i].channels > 0)
            config.layer[i].channels = 7 * config.layer[i].channels + 3;
    return config;
}

static const ag_wage_bits WIDTHS[] = {
    { 2, 8, 8, 8 }, { 8, 8, 8, 8 }, { 3, 4, 6, 5 }, { 2, 8, 12, 15 }
};

static void test_kernels(void **state)
{
    (void)state;
    const wg_kernels *list[4];
    int versions = wg_kernels_all(list);
    for (int i = 0; i < NETS; i++)
        for (size_t j = 0; j < sizeof WIDTHS / sizeof *WIDTHS; j++) {
            ag_wage_config config = broad(i);
            config.bits = WIDTHS[j];
            ag_wage *plain = trained(list[0], config, NULL, 4);
            for (int v = 1; v < versions; v++) {
                ag_wage *fast = trained(list[v], config, NULL, 4);
                assert_same(plain, fast);
                ag_wage_free(fast);
            }
            ag_wage_free(plain);
        }
}

static void test_threads(void **state)
{
    (void)state;
    for (int i = 0; i < NETS; i++)
        for (size_t j = 0; j < sizeof WIDTHS / sizeof *WIDTHS; j++) {
            ag_wage_config config = broad(i);
            config.bits = WIDTHS[j];
            ag_wage *alone = trained(wg_kernels_best(), config, NULL, 4);
            for (int threads = 1; threads <= 3; threads++) {
                ag_pool *pool;
                assert_int_equal(ag_pool_new(threads, &pool), AG_OK);
                ag_wage *net = trained(wg_kernels_best(), config, pool, 4);
                assert_same(alone, net);
                ag_wage_free(net);
                ag_pool_free(pool);
            }
            ag_wage_free(alone);
        }
}

/* Outputs depend neither on how many pictures come at once nor on the room for training. */
static void test_predict(void **state)
{
    (void)state;
    enum { COUNT = 600 };
    for (int i = 0; i < NETS; i++) {
        ag_wage_config config = test_net(i);
        ag_wage *net[2];
        assert_int_equal(ag_wage_new(&config, 0, 3, NULL, &net[0]), AG_OK);
        assert_int_equal(ag_wage_new(&config, 5, 3, NULL, &net[1]), AG_OK);
        int classes = classes_of(&config);
        size_t picture = (size_t)(config.height * config.width * config.channels);
        uint8_t *pictures = some_pictures(&config, COUNT, 1);
        int8_t *at_once = malloc((size_t)(COUNT * classes)), one[256];
        assert_int_equal(ag_wage_predict(net[0], pictures, COUNT, at_once), AG_OK);
        for (int p = 0; p < COUNT; p += 7) {
            assert_int_equal(ag_wage_predict(net[p % 2], pictures + (size_t)p * picture, 1, one),
                             AG_OK);
            assert_memory_equal(one, at_once + p * classes, (size_t)classes);
        }
        assert_int_equal(ag_wage_predict(net[0], NULL, 0, NULL), AG_OK);
        assert_int_equal(ag_wage_predict(net[0], NULL, -1, NULL), AG_EINVAL);
        ag_wage_free(net[0]);
        ag_wage_free(net[1]);
        free(pictures);
        free(at_once);
    }
}

static void test_arguments(void **state)
{
    (void)state;
    ag_wage_config config = test_net(NET_LENET);
    ag_wage *net;
    assert_int_equal(ag_wage_new(&config, 4, 3, NULL, &net), AG_OK);
    uint8_t *pictures = some_pictures(&config, 5, 1);
    uint8_t labels[5] = { 0, 1, 2, 4, 5 };
    uint32_t before = weights_crc(net);
    ag_wage_result result;
    assert_int_equal(ag_wage_step(net, pictures, labels, 5, 0, 0, &result), AG_EINVAL);
    assert_string_equal(ag_error(), "a step of 5 pictures: this network takes 1 to 4");
    assert_int_equal(ag_wage_step(net, pictures, labels, 0, 0, 0, &result), AG_EINVAL);
    assert_int_equal(ag_wage_step(net, pictures, labels, 4, 16, 0, &result), AG_EINVAL);
    assert_int_equal(ag_wage_step(net, pictures, labels, 4, -16, 0, &result), AG_EINVAL);
    labels[2] = 5;
    assert_int_equal(ag_wage_step(net, pictures, labels, 4, 0, 0, &result), AG_EINVAL);
    assert_string_equal(ag_error(), "picture 2 has label 5: this network has 5 classes");
    assert_int_equal(weights_crc(net), before);
    ag_wage_free(net);
    assert_int_equal(ag_wage_new(&config, 0, 3, NULL, &net), AG_OK);
    assert_int_equal(ag_wage_step(net, pictures, labels, 1, 0, 0, &result), AG_EINVAL);
    assert_string_equal(ag_error(), "this network was made for inference alone");
    ag_wage_free(net);
    free(pictures);
}

/* What comes out of get_weights goes back in, and only what the width can say. */
static void test_weights(void **state)
{
    (void)state;
    ag_wage_config config = with_bits(test_net(NET_LENET), 3, 8, 10, 8);
    ag_wage *net, *copy;
    assert_int_equal(ag_wage_new(&config, 4, 3, NULL, &net), AG_OK);
    assert_int_equal(ag_wage_new(&config, 4, 4, NULL, &copy), AG_OK);
    assert_int_equal(ag_wage_seed(copy), 4);
    int16_t w[2000];
    for (int i = 0; i < config.layers; i++) {
        if (ag_wage_weight_count(net, i) == 0)
            continue;
        ag_wage_get_weights(net, i, w);
        assert_int_equal(ag_wage_set_weights(copy, i, w), AG_OK);
    }
    assert_same(net, copy);
    int8_t q[100];
    w[0] = 384;
    w[1] = -384;
    w[2] = 64; /* half a step of 3 bits */
    w[3] = -63;
    assert_int_equal(ag_wage_set_weights(copy, 0, w), AG_OK);
    ag_wage_get_quantised(copy, 0, q);
    assert_memory_equal(q, ((int8_t[]){ 3, -3, 1, 0 }), 4);
    w[1] = -385;
    assert_int_equal(ag_wage_set_weights(copy, 0, w), AG_EFORMAT);
    assert_string_equal(ag_error(),
                        "layer 1: weight 1 is -385, outside +-384 (3 bits on a grid of 10)");
    static const int NONE[] = { 1, -1, 6, 40 };
    for (int i = 0; i < 4; i++) {
        assert_int_equal(ag_wage_weight_count(net, NONE[i]), 0);
        assert_int_equal(ag_wage_set_weights(net, NONE[i], w), AG_EINVAL);
    }
    ag_wage_free(net);
    ag_wage_free(copy);
}

/* A bright bar in one of five places, in noise. */
static void draw_bar(uint8_t *picture, int label, ag_rng *rng)
{
    for (int i = 0; i < 12 * 12; i++)
        picture[i] = (uint8_t)ag_rng_below(rng, 120);
    int top = 1 + label % 3 * 4, left = 1 + label / 3 * 5;
    for (int y = 0; y < 2; y++)
        for (int x = 0; x < 5; x++)
            picture[(top + y) * 12 + left + x] = (uint8_t)(180 + ag_rng_below(rng, 76));
}

static void bars(uint8_t *pictures, uint8_t *labels, int count, uint64_t seed)
{
    ag_rng rng;
    ag_rng_init(&rng, seed, AG_PURPOSE_TEST, 2);
    for (int p = 0; p < count; p++) {
        labels[p] = (uint8_t)ag_rng_below(&rng, 5);
        draw_bar(pictures + p * 12 * 12, labels[p], &rng);
    }
}

static int correct_of(ag_wage *net)
{
    enum { COUNT = 500 };
    static uint8_t pictures[COUNT * 12 * 12], labels[COUNT];
    static int8_t outputs[COUNT * 5];
    bars(pictures, labels, COUNT, 1000000);
    assert_int_equal(ag_wage_predict(net, pictures, COUNT, outputs), AG_OK);
    int correct = 0;
    for (int p = 0; p < COUNT; p++) {
        int best = 0;
        for (int c = 1; c < 5; c++)
            best = outputs[p * 5 + c] > outputs[p * 5 + best] ? c : best;
        correct += best == labels[p];
    }
    return correct;
}

static void test_learns(void **state)
{
    (void)state;
    ag_wage_config config = test_net(NET_LENET);
    config.layer[0].channels = config.layer[2].channels = 8;
    config.layer[4].channels = 32;
    ag_wage *net;
    assert_int_equal(ag_wage_new(&config, 32, 1, NULL, &net), AG_OK);
    assert_in_range(correct_of(net), 0, 250);
    uint8_t pictures[32 * 12 * 12], labels[32];
    int64_t first = 0, last = 0;
    for (int step = 0; step < 150; step++) {
        bars(pictures, labels, 32, (uint64_t)step);
        ag_wage_result result;
        assert_int_equal(
            ag_wage_step(net, pictures, labels, 32, step < 100 ? 2 : 0, (uint64_t)step, &result),
            AG_OK);
        first += step < 10 ? result.loss : 0;
        last += step >= 140 ? result.loss : 0;
        if (step == 149)
            assert_in_range(result.correct, 28, 32);
    }
    assert_true(last * 4 < first);
    assert_in_range(correct_of(net), 475, 500);
    ag_wage_free(net);
}

/* A smooth picture, as photographs are: one bright colour for every two classes, fading to one of
 * two sides, in a little noise. */
static void draw_sky(uint8_t *picture, int label, ag_rng *rng)
{
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++)
            for (int c = 0; c < 3; c++, picture++) {
                int shade = 4 * (label % 2 ? x : y);
                int lit = (label / 2 + 1) >> c & 1 ? 240 - shade : 100 - shade / 2;
                *picture = (uint8_t)(lit - 12 + (int)ag_rng_below(rng, 24));
            }
}

/* Mean loss of a picture over the first five steps of the paper's network for CIFAR-10; outputs at
 * random ends make about ten. */
static double loss_of_wide(bool he)
{
    enum { COUNT = 4, STEPS = 5 };
    static uint8_t pictures[COUNT * SKY], labels[COUNT];
    ag_wage_config config = { 32, 32, 3, .bits = { 2, 8, 8, 8 }, .he = he };
    assert_int_equal(
        ag_classify_parse_network("2x(128C3)-MP2-2x(256C3)-MP2-2x(512C3)-MP2-1024FC-10", &config),
        AG_OK);
    ag_wage *net;
    ag_pool *pool;
    assert_int_equal(ag_pool_new(2, &pool), AG_OK);
    assert_int_equal(ag_wage_new(&config, COUNT, 1, pool, &net), AG_OK);
    ag_rng rng;
    ag_rng_init(&rng, 5, AG_PURPOSE_TEST, 3);
    double loss = 0;
    for (int step = 0; step < STEPS; step++) {
        for (int p = 0; p < COUNT; p++) {
            labels[p] = (uint8_t)ag_rng_below(&rng, 10);
            draw_sky(pictures + p * SKY, labels[p], &rng);
        }
        ag_wage_result result;
        assert_int_equal(ag_wage_step(net, pictures, labels, COUNT, 2, (uint64_t)step, &result),
                         AG_OK);
        loss += (double)result.loss / (128 * 128 * COUNT * STEPS);
    }
    ag_wage_free(net);
    ag_pool_free(pool);
    return loss;
}

/* The scale alpha keeps the outputs of wide networks inside their range, but not by He's bound. */
static void test_wide(void **state)
{
    (void)state;
    double lecun = loss_of_wide(false), he = loss_of_wide(true);
    printf("# mean loss of the first five steps: LeCun's bound %.2f, He's %.2f\n", lecun, he);
    assert_true(lecun < 1);
    assert_true(he > 5);
}

void test_step(test_list *list)
{
    ADD_TEST(list, "step", test_kernels);
    ADD_TEST(list, "step", test_threads);
    ADD_TEST(list, "step", test_predict);
    ADD_TEST(list, "step", test_arguments);
    ADD_TEST(list, "step", test_weights);
    ADD_TEST(list, "step", test_learns);
    ADD_TEST(list, "step", test_wide);
}
