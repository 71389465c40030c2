/* What ag_wage_check refuses, and the sentence it gives; the setup of section 3.2. */
#include "wage_test.h"

#include <limits.h>
#include <math.h>
#include <string.h>

static void refused(const ag_wage_config *config, int batch, const char *why)
{
    assert_int_equal(ag_wage_check(config, batch), AG_EINVAL);
    if (!strstr(ag_error(), why))
        fail_msg("the error is '%s', without '%s'", ag_error(), why);
    ag_wage *net;
    assert_int_equal(ag_wage_new(config, batch, 1, NULL, &net), AG_EINVAL);
    assert_null(net);
}

static void test_good(void **state)
{
    (void)state;
    for (int net = 0; net < NETS; net++) {
        ag_wage_config config = test_net(net);
        assert_int_equal(ag_wage_check(&config, 0), AG_OK);
        assert_int_equal(ag_wage_check(&config, 128), AG_OK);
    }
}

static void test_pictures(void **state)
{
    (void)state;
    ag_wage_config config = test_net(NET_LENET);
    static const int SIDES[] = { 0, -1, AG_WAGE_MAX_SIDE + 1, INT_MAX, INT_MIN };
    for (int i = 0; i < 5; i++) {
        config.height = SIDES[i];
        refused(&config, 1, "each side takes 1 to 1024");
        config.height = 12;
        config.width = SIDES[i];
        refused(&config, 1, "each side takes 1 to 1024");
        config.width = 12;
    }
    config.channels = 0;
    refused(&config, 1, "pictures of 0 channels");
    config.channels = INT_MAX;
    refused(&config, 1, "pictures of 2147483647 channels");
    config.channels = 1;
    config.layers = 0;
    refused(&config, 1, "a network of 0 layers");
    config.layers = AG_WAGE_MAX_LAYERS + 1;
    refused(&config, 1, "a network of 33 layers");
    config = test_net(NET_LENET);
    refused(&config, -1, "a batch of -1 pictures");
    refused(&config, INT_MAX, "a batch of 2147483647 pictures");
}

static void test_widths(void **state)
{
    (void)state;
    ag_wage_config config = test_net(NET_DENSE);
    static const int BAD[][4] = { { 1, 8, 8, 8 },  { 9, 8, 16, 8 },      { 2, 1, 8, 8 },
                                  { 2, 9, 8, 8 },  { 2, 8, 1, 8 },       { 2, 8, 17, 8 },
                                  { 2, 8, 8, 1 },  { 2, 8, 8, 17 },      { 0, 0, 0, 0 },
                                  { -2, 8, 8, 8 }, { 2, 8, INT_MAX, 8 }, { 2, 8, 8, INT_MIN } };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        ag_wage_config bad = with_bits(config, BAD[i][0], BAD[i][1], BAD[i][2], BAD[i][3]);
        refused(&bad, 4, "the network has");
        bad = config;
        bad.layer[1].bits = (ag_wage_bits){ BAD[i][0], BAD[i][1], BAD[i][2], BAD[i][3] };
        if (BAD[i][0] != 0)
            refused(&bad, 4, "layer 2 has");
    }
    config = with_bits(config, 8, 8, 7, 8);
    refused(&config, 4, "must not be coarser");
    config = test_net(NET_DENSE);
    config.layer[0].bits.errors = 8; /* not all of them */
    refused(&config, 4, "layer 1 has weights of 0 bits");
}

static void test_layers(void **state)
{
    (void)state;
    ag_wage_config config = test_net(NET_LENET);
#define WITH(index, field, value, why)                                                             \
    do {                                                                                           \
        ag_wage_config bad = config;                                                               \
        bad.layer[index].field = value;                                                            \
        refused(&bad, 4, why);                                                                     \
    } while (0)
    WITH(0, channels, 0, "layer 1 of 6 (convolution): it has 1 to 8192 channels");
    WITH(0, channels, 8193, "layer 1 of 6 (convolution): it has 1 to 8192 channels");
    WITH(5, channels, 257, "layer 6 of 6 (dense): labels are bytes");
    WITH(0, kernel, 0, "its kernel's side is 1 to 32");
    WITH(0, kernel, INT_MAX, "its kernel's side is 1 to 32");
    WITH(0, stride, -1, "its stride is 1 to 32");
    WITH(0, stride, INT_MAX, "its stride is 1 to 32");
    WITH(1, kernel, 9, "layer 2 of 6 (pooling): its window's side is 2 to 8");
    WITH(1, kernel, 1, "its window's side is 2 to 8");
    WITH(1, channels, 4, "it has a window and a stride, nothing else");
    WITH(1, bits.errors, 8, "it has a window and a stride, nothing else");
    WITH(1, valid, true, "it has a window and a stride, nothing else");
    WITH(4, kernel, 3, "layer 5 of 6 (dense): it has no kernel");
    WITH(4, valid, true, "layer 5 of 6 (dense): it has no kernel");
    WITH(2, kind, (ag_wage_kind)7, "layer 3 of 6 is of no known kind");
    WITH(2, kind, (ag_wage_kind)-1, "layer 3 of 6 is of no known kind");
    WITH(3, kernel, 8, "layer 4 of 6 (pooling): its window is larger than its input");
    ag_wage_config bad = config;
    bad.layer[2].kernel = 7;
    bad.layer[2].valid = true;
    refused(&bad, 4, "layer 3 of 6 (convolution): its kernel is larger than its input");
#undef WITH
}

static void test_order(void **state)
{
    (void)state;
    ag_wage_config config = test_net(NET_LENET), bad = config;
    bad.layers = 4;
    refused(&bad, 4, "layer 4 of 4 (pooling): the last layer is dense");
    bad.layers = 3;
    refused(&bad, 4, "layer 3 of 3 (convolution): the last layer is dense");
    bad = config;
    bad.layer[0] = config.layer[1];
    refused(&bad, 4, "layer 1 of 6 (pooling): it follows a convolution");
    bad = config;
    bad.layer[2] = config.layer[1];
    refused(&bad, 4, "layer 3 of 6 (pooling): it follows a convolution");
    bad = config;
    bad.layer[0] = config.layer[4];
    bad.layer[1] = config.layer[0];
    refused(&bad, 4, "layer 2 of 6 (convolution): it cannot follow a dense layer");
}

/* The paper's net for CIFAR-10 just fits batches of 128: 128 x 32 x 32 x 127 x 127 < 2^31. */
static ag_wage_config vgg(void)
{
    ag_wage_config config = { .height = 32, .width = 32, .channels = 3, .bits = { 2, 8, 8, 8 } };
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 2; j++)
            config.layer[config.layers++] =
                (ag_wage_layer){ .kind = AG_WAGE_CONV, .channels = 128 << i, .kernel = 3 };
        config.layer[config.layers++] = (ag_wage_layer){ .kind = AG_WAGE_POOL, .kernel = 2 };
    }
    config.layer[config.layers++] = (ag_wage_layer){ .kind = AG_WAGE_DENSE, .channels = 1024 };
    config.layer[config.layers++] = (ag_wage_layer){ .kind = AG_WAGE_DENSE, .channels = 10 };
    return config;
}

static void test_overflow(void **state)
{
    (void)state;
    ag_wage_config config = vgg();
    assert_int_equal(ag_wage_check(&config, 128), AG_OK);
    assert_int_equal(ag_wage_check(&config, 130), AG_OK);
    refused(&config, 131, "layer 1 of 11: a gradient may reach 134144 x 127 x 127");
    config = with_bits(config, 2, 8, 8, 7); /* half the errors, twice the pictures */
    assert_int_equal(ag_wage_check(&config, 256), AG_OK);
    config = with_bits(config, 8, 8, 16, 16);
    refused(&config, 1, "layer 2 of 11: an error may reach 1152 x 32767 x 127");
    /* 8 x 8 x 8192 inputs of a dense layer, 127 each, with weights of 8 bits. */
    config = with_bits(test_net(NET_DENSE), 8, 8, 8, 8);
    config.height = config.width = 8;
    config.channels = 8192;
    refused(&config, 0, "layer 1 of 2: an output may reach 524288 x 127 x 127");
    config = with_bits(config, 2, 8, 8, 8);
    assert_int_equal(ag_wage_check(&config, 1), AG_OK);
}

/* AlexNet's shape with its overlapping windows, in batches as the paper's. */
static void test_alexnet(void **state)
{
    (void)state;
    static const int CHANNELS[] = { 96, 0, 256, 0, 384, 384, 256, 0, 4096, 4096, 256 };
    static const int KERNEL[] = { 11, 3, 5, 3, 3, 3, 3, 3, 0, 0, 0 };
    ag_wage_config config = { 227, 227, 3, .layers = 11, .bits = { 2, 8, 8, 8 } };
    for (int i = 0; i < config.layers; i++)
        config.layer[i] = (ag_wage_layer){ .kind = CHANNELS[i] == 0 ? AG_WAGE_POOL
                                                   : KERNEL[i] == 0 ? AG_WAGE_DENSE
                                                                    : AG_WAGE_CONV,
                                           .channels = CHANNELS[i],
                                           .kernel = KERNEL[i],
                                           .stride = CHANNELS[i] == 0 ? 2
                                                     : i == 0         ? 4
                                                                      : 0,
                                           .valid = i == 0 };
    assert_int_equal(ag_wage_check(&config, 128), AG_OK);
    wg_plan plan;
    assert_int_equal(wg_plan_make(&config, 128, &plan), AG_OK);
    assert_int_equal(plan.stage[0].out_height, 27);
    assert_int_equal(plan.stage[5].channels, 6 * 6 * 256);
    assert_int_equal(plan.stage[0].digits, 2); /* four errors may meet */
    assert_int_equal(plan.stage[2].digits, 1);
}

static void test_size(void **state)
{
    (void)state;
    ag_wage_config config = test_net(NET_DENSE);
    config.height = config.width = 1024;
    config.channels = 8192;
    refused(&config, 0, "more than 2^30");
    config.layer[0] =
        (ag_wage_layer){ .kind = AG_WAGE_CONV, .channels = 8192, .kernel = 32, .stride = 32 };
    refused(&config, 0, "more than 2^30");
    config.height = config.width = 32;
    refused(&config, 0, "layer 1 of 2 (convolution): it has more than 2^30 weights");
}

/* Alpha against section 3.2 in floating point, for every width. */
static void test_alpha(void **state)
{
    (void)state;
    for (int bits = 2; bits <= 8; bits++)
        for (int64_t fan_in = 1; fan_in < 40000; fan_in += 1 + fan_in / 64) {
            double least = 1.5 * ldexp(1, 1 - bits), he = sqrt(6.0 / (double)fan_in);
            double lecun = sqrt(3.0 / (double)fan_in);
            assert_int_equal(wg_alpha(fan_in, bits, true), fmax(round(log2(least / he)), 0));
            assert_int_equal(wg_alpha(fan_in, bits, false), fmax(round(log2(least / lecun)), 0));
        }
    ag_wage *net;
    ag_wage_config config = vgg();
    assert_int_equal(ag_wage_new(&config, 0, 1, NULL, &net), AG_OK);
    assert_int_equal(ag_wage_scale_shift(net, 1), 4); /* 0.75 / sqrt(3 / 1152) = 14.7 */
    assert_int_equal(ag_wage_scale_shift(net, 2), 0); /* pooling */
    assert_int_equal(ag_wage_scale_shift(net, 9), 5); /* 0.75 / sqrt(3 / 8192) = 39.2 */
    ag_wage_free(net);
    config.he = true;
    assert_int_equal(ag_wage_new(&config, 0, 1, NULL, &net), AG_OK);
    assert_int_equal(ag_wage_scale_shift(net, 1), 3); /* 0.75 / sqrt(6 / 1152) = 10.4 */
    assert_int_equal(ag_wage_scale_shift(net, 9), 5); /* 0.75 / sqrt(6 / 8192) = 27.7 */
    ag_wage_free(net);
}

/* Drawn weights fill their range evenly. */
static void test_draw(void **state)
{
    (void)state;
    ag_wage_config config = with_bits(test_net(NET_DENSE), 4, 8, 8, 8);
    config.height = config.width = 16;
    config.layer[0].channels = 256;
    ag_wage *net;
    assert_int_equal(ag_wage_new(&config, 0, 99, NULL, &net), AG_OK);
    static int16_t w[256 * 256];
    assert_int_equal(ag_wage_weight_count(net, 0), 256 * 256);
    ag_wage_get_weights(net, 0, w);
    /* L = 1.5 / 8, on the grid of 1 / 128: 24 each way. */
    int histogram[49] = { 0 };
    for (int i = 0; i < 256 * 256; i++) {
        assert_in_range(w[i] + 24, 0, 48);
        histogram[w[i] + 24]++;
    }
    for (int i = 0; i < 49; i++)
        assert_in_range(histogram[i], 1337 - 6 * 37, 1337 + 6 * 37); /* six deviations */
    ag_wage_free(net);
}

void test_config(test_list *list)
{
    ADD_TEST(list, "config", test_good);
    ADD_TEST(list, "config", test_pictures);
    ADD_TEST(list, "config", test_widths);
    ADD_TEST(list, "config", test_layers);
    ADD_TEST(list, "config", test_order);
    ADD_TEST(list, "config", test_overflow);
    ADD_TEST(list, "config", test_alexnet);
    ADD_TEST(list, "config", test_size);
    ADD_TEST(list, "config", test_alpha);
    ADD_TEST(list, "config", test_draw);
}
