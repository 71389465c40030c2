/* The integers against the paper's formulas in real numbers: outputs, losses, errors and weights
 * are equal, not close. */
#include "wage_test.h"

#include <math.h>
#include <stdlib.h>

#include "sim.h"

enum { BATCH = 7, STEPS = 5 };

typedef struct {
    ag_wage_config config;
    ag_wage *net;
    sim *twin;
} pair;

static void compare_weights(const pair *p)
{
    for (int i = 0; i < p->twin->layers; i++) {
        const sim_layer *l = &p->twin->layer[i];
        double grid = ldexp(1, 1 - l->bits.gradients);
        assert_int_equal(ag_wage_weight_count(p->net, l->index), l->weights);
        int16_t *weights = malloc((size_t)l->weights * sizeof *weights);
        ag_wage_get_weights(p->net, l->index, weights);
        for (long j = 0; j < l->weights; j++)
            if (weights[j] * grid != l->w[j])
                fail_msg("layer %d: weight %ld is %d, and %g in the simulation", l->index, j,
                         weights[j], l->w[j] / grid);
        free(weights);
    }
}

/* After a step the room of the first layer's activations holds its errors (of 8 bits and less);
 * those of the others show in the weights. */
static void compare_errors(const pair *p, int count)
{
    const sim_layer *l = &p->twin->layer[0];
    if (p->net->plan.stage[0].digits > 1)
        return;
    double grid = ldexp(1, 1 - l->bits.errors);
    for (long j = 0; j < count * p->net->plan.stage[0].out_count; j++)
        if (p->net->activation[0][j] * grid != l->e[j])
            fail_msg("error %ld is %d, and %g in the simulation", j, p->net->activation[0][j],
                     l->e[j] / grid);
}

static void compare_outputs(const pair *p, const uint8_t *pictures, int count)
{
    int n = count * classes_of(&p->config);
    int8_t *outputs = malloc((size_t)n);
    double *twin = malloc((size_t)n * sizeof *twin);
    assert_int_equal(ag_wage_predict(p->net, pictures, count, outputs), AG_OK);
    sim_predict(p->twin, pictures, count, twin);
    int bits = p->net->plan.stage[p->net->plan.stages - 1].bits.activations;
    for (int i = 0; i < n; i++)
        assert_true(outputs[i] * ldexp(1, 1 - bits) == twin[i]);
    free(outputs);
    free(twin);
}

static void one_step(const pair *p, int step, int rate)
{
    int count = BATCH - step % 3;
    uint8_t *pictures = some_pictures(&p->config, count, (uint64_t)step);
    uint8_t *labels = some_labels(&p->config, count, (uint64_t)step);
    compare_outputs(p, pictures, count);
    ag_wage_result result;
    assert_int_equal(
        ag_wage_step(p->net, pictures, labels, count, rate, (uint64_t)step << 31, &result), AG_OK);
    double loss = sim_step(p->twin, pictures, labels, count, rate, (uint64_t)step << 31);
    int bits = p->net->plan.stage[p->net->plan.stages - 1].bits.activations;
    assert_true(ldexp((double)result.loss, 2 - 2 * bits) == loss);
    compare_errors(p, count);
    compare_weights(p);
    free(pictures);
    free(labels);
}

static void run(ag_wage_config config, int rate, uint64_t seed)
{
    pair p = { .config = config };
    assert_int_equal(ag_wage_new(&config, BATCH, seed, NULL, &p.net), AG_OK);
    p.twin = sim_new(&config, BATCH, seed);
    for (int i = 0; i < p.twin->layers; i++)
        assert_true(ldexp(1, ag_wage_scale_shift(p.net, p.twin->layer[i].index)) ==
                    p.twin->layer[i].alpha);
    compare_weights(&p);
    for (int step = 0; step < STEPS; step++)
        one_step(&p, step, rate);
    ag_wage_free(p.net);
    sim_free(p.twin);
}

static void test_usual_widths(void **state)
{
    (void)state;
    for (int net = 0; net < NETS; net++)
        run(test_net(net), net % 4, 0x123456789A + (uint64_t)net);
}

static void test_narrow_widths(void **state)
{
    (void)state;
    for (int net = 0; net < NETS; net++) {
        run(with_bits(test_net(net), 2, 2, 2, 2), 1, 1);
        run(with_bits(test_net(net), 3, 4, 5, 6), 0, 2);
        run(with_bits(test_net(net), 2, 6, 8, 4), 2, 3);
    }
}

static void test_wide_weights(void **state)
{
    (void)state;
    for (int net = 0; net < NETS; net++) {
        run(with_bits(test_net(net), 8, 8, 8, 8), 3, 4);
        run(with_bits(test_net(net), 5, 8, 7, 8), 3, 5);
    }
}

static void test_wide_errors_and_gradients(void **state)
{
    (void)state;
    for (int net = 0; net < NETS; net++) {
        run(with_bits(test_net(net), 2, 8, 12, 8), 5, 6);
        run(with_bits(test_net(net), 2, 8, 8, 12), 3, 7);
        run(with_bits(test_net(net), 2, 8, 16, 15), 9, 8);
        run(with_bits(test_net(net), 4, 8, 16, 16), 11, 9);
    }
}

static void test_rates(void **state)
{
    (void)state;
    static const int RATES[] = { -15, -3, 7, 15 };
    for (int i = 0; i < 4; i++) {
        run(test_net(NET_LENET), RATES[i], 10);
        run(with_bits(test_net(NET_VGG), 2, 8, 16, 16), RATES[i], 11);
    }
}

static void test_studies(void **state)
{
    (void)state;
    for (int net = 0; net < NETS; net++) {
        ag_wage_config config = test_net(net);
        config.nearest = true;
        run(config, 3, 12);
        config = test_net(net);
        config.unscaled = true;
        run(config, 3, 13);
        config.nearest = true;
        run(with_bits(config, 2, 7, 13, 14), 6, 14);
        config = test_net(net);
        config.he = true;
        run(config, 3, 15);
        run(with_bits(config, 8, 8, 8, 8), 3, 16);
    }
}

static void test_widths_of_a_layer(void **state)
{
    (void)state;
    for (int net = 0; net < NETS; net++) {
        ag_wage_config config = test_net(net);
        config.layer[0].bits = (ag_wage_bits){ 8, 7, 8, 8 };
        config.layer[config.layers - 1].bits = (ag_wage_bits){ 4, 8, 16, 16 };
        run(config, 3, 15);
    }
}

void test_exact(test_list *list)
{
    ADD_TEST(list, "exact", test_usual_widths);
    ADD_TEST(list, "exact", test_narrow_widths);
    ADD_TEST(list, "exact", test_wide_weights);
    ADD_TEST(list, "exact", test_wide_errors_and_gradients);
    ADD_TEST(list, "exact", test_rates);
    ADD_TEST(list, "exact", test_studies);
    ADD_TEST(list, "exact", test_widths_of_a_layer);
}
