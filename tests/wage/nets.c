/* Networks, pictures and comparisons. */
#include "nets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends a test that cannot go on. */
static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "%s: %s\n", what, ag_error());
    exit(1);
}

static ag_wage_layer conv(int channels, int kernel, int stride, bool valid)
{
    return (ag_wage_layer){ .kind = AG_WAGE_CONV,
                            .channels = channels,
                            .kernel = kernel,
                            .stride = stride,
                            .valid = valid };
}

static ag_wage_layer pool(int window, int stride)
{
    return (ag_wage_layer){ .kind = AG_WAGE_POOL, .kernel = window, .stride = stride };
}

static ag_wage_layer dense(int channels)
{
    return (ag_wage_layer){ .kind = AG_WAGE_DENSE, .channels = channels };
}

#define LAYERS(...)                                                                                \
    .layers = sizeof((ag_wage_layer[]){ __VA_ARGS__ }) / sizeof(ag_wage_layer),                    \
    .layer = { __VA_ARGS__ }

ag_wage_config test_net(int which)
{
    const ag_wage_bits bits = { 2, 8, 8, 8 };
    switch (which) {
    case NET_DENSE:
        return (ag_wage_config){ 4, 4, 1, LAYERS(dense(8), dense(3)), .bits = bits };
    case NET_LENET:
        return (ag_wage_config){ 12, 12, 1,
                                 LAYERS(conv(4, 5, 0, false), pool(2, 0), conv(6, 5, 1, false),
                                        pool(2, 2), dense(10), dense(5)),
                                 .bits = bits };
    case NET_VGG:
        return (ag_wage_config){ 8, 8, 3,
                                 LAYERS(conv(4, 3, 0, false), conv(4, 3, 0, false), pool(2, 0),
                                        conv(6, 3, 0, false), conv(6, 3, 0, false), pool(2, 0),
                                        dense(9), dense(4)),
                                 .bits = bits };
    case NET_STRIDED:
        return (ag_wage_config){ 9, 7, 2,
                                 LAYERS(conv(3, 3, 0, true), conv(5, 3, 2, false), pool(2, 0),
                                        conv(4, 2, 3, false), conv(3, 1, 0, false), dense(4)),
                                 .bits = bits };
    case NET_ALEXNET:
        return (ag_wage_config){ 23, 23, 3,
                                 LAYERS(conv(4, 5, 2, true), pool(3, 2), conv(6, 3, 0, false),
                                        pool(3, 2), dense(7), dense(6)),
                                 .bits = bits };
    default:
        return (ag_wage_config){ 13, 11, 1,
                                 LAYERS(conv(3, 3, 0, false), pool(3, 0), conv(4, 2, 0, false),
                                        pool(2, 1), conv(4, 3, 0, false), dense(3)),
                                 .bits = bits };
    }
}

ag_wage_config with_bits(ag_wage_config config, int kw, int ka, int kg, int ke)
{
    config.bits = (ag_wage_bits){ kw, ka, kg, ke };
    return config;
}

int classes_of(const ag_wage_config *config)
{
    return config->layer[config->layers - 1].channels;
}

uint8_t *some_pictures(const ag_wage_config *config, int count, uint64_t seed)
{
    size_t size = (size_t)config->height * (size_t)config->width * (size_t)config->channels;
    uint8_t *pictures = malloc(size * (size_t)count);
    must(pictures != NULL, "memory");
    ag_rng rng;
    ag_rng_init(&rng, seed, AG_PURPOSE_TEST, 0);
    for (size_t i = 0; i < size * (size_t)count; i++)
        pictures[i] = (uint8_t)ag_rng_u32(&rng);
    return pictures;
}

uint8_t *some_labels(const ag_wage_config *config, int count, uint64_t seed)
{
    uint8_t *labels = malloc((size_t)count);
    must(labels != NULL, "memory");
    ag_rng rng;
    ag_rng_init(&rng, seed, AG_PURPOSE_TEST, 1);
    for (int i = 0; i < count; i++)
        labels[i] = (uint8_t)ag_rng_below(&rng, (uint64_t)classes_of(config));
    return labels;
}

int16_t *all_weights(const ag_wage *net, int64_t *count)
{
    int layers = ag_wage_configuration(net)->layers;
    *count = 0;
    for (int i = 0; i < layers; i++)
        *count += ag_wage_weight_count(net, i);
    int16_t *weights = calloc((size_t)*count, sizeof *weights), *at = weights;
    must(weights != NULL, "memory");
    for (int i = 0; i < layers; i++) {
        ag_wage_get_weights(net, i, at);
        at += ag_wage_weight_count(net, i);
    }
    return weights;
}

uint32_t weights_crc(const ag_wage *net)
{
    int64_t count;
    int16_t *weights = all_weights(net, &count);
    uint32_t crc = ~0u;
    for (int64_t i = 0; i < 2 * count; i++) {
        crc ^= (uint16_t)weights[i / 2] >> (i % 2 * 8) & 0xFF;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78 : 0);
    }
    free(weights);
    return ~crc;
}

void train(ag_wage *net, int batch, int steps, int rate)
{
    const ag_wage_config *config = ag_wage_configuration(net);
    for (int step = 0; step < steps; step++) {
        int count = batch - step % 3;
        uint8_t *pictures = some_pictures(config, count, (uint64_t)step % 4);
        uint8_t *labels = some_labels(config, count, (uint64_t)step % 4);
        ag_wage_result result;
        int code = ag_wage_step(net, pictures, labels, count, rate, (uint64_t)step, &result);
        must(code == AG_OK, "a step");
        free(pictures);
        free(labels);
    }
}
