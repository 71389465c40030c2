/* Counted costs, against numbers worked out by hand. */
#include "classify_test.h"

#include <math.h>

static ag_wage_config configuration(int side, const char *network)
{
    ag_wage_config c = { .height = side, .width = side, .channels = 1, .bits = { 2, 8, 8, 8 } };
    assert_int_equal(ag_classify_parse_network(network, &c), 0);
    return c;
}

static void close_to(double a, double b)
{
    if (fabs(a - b) > 1e-9 * fabs(b)) {
        fail_msg("%.12g instead of %.12g", a, b);
    }
}

/* 4x4 pictures, a convolution to 2 channels, pooling to 2x2, 3 classes. */
static void small_network(void **state)
{
    (void)state;
    ag_wage_config c = configuration(4, "2C3-MP2-3");
    ag_classify_cost w, f;
    assert_int_equal(ag_classify_count(&c, 10, false, &w), 0);
    assert_int_equal(ag_classify_count(&c, 10, true, &f), 0);
    assert_int_equal(w.weights, 18 + 24);
    assert_int_equal(w.activations, 8 + 3);
    assert_int_equal(w.forward, 16 * 18 + 24);
    assert_int_equal(w.gradient, 16 * 18 + 24);
    assert_int_equal(w.backward, 24);
    close_to(w.inference_bits, 16 * 8 + 42 * 2 + 2 * 8 * 11);
    close_to(f.inference_bits, 16 * 8 + 42 * 32 + 2 * 32 * 11);
    /* Ternary products are free, those of 8 by 8 bits cost 0.2 pJ, sums 0.1. */
    close_to(w.inference_compute, 312 * 0.1);
    close_to(f.inference_compute, 312 * 4.6);
    close_to(w.training_compute, 312 * 0.1 + 312 * 0.3 + 24 * 0.1);
    close_to(f.training_compute, (312 + 312 + 24) * 4.6);
    close_to(w.inference_memory, w.inference_bits * 20);
    close_to(w.training_bits,
             2 * 128 + (18 * (16 + 64 + 2) + 24 * (16 + 64 + 4)) / 10.0 + 11 * (3 * 8 + 2 * 8));
}

static void assert_products(const ag_classify_products *p, int left, int right, int64_t forward,
                            int64_t backward, int64_t gradient)
{
    assert_int_equal(p->left, left);
    assert_int_equal(p->right, right);
    assert_int_equal(p->forward, forward);
    assert_int_equal(p->backward, backward);
    assert_int_equal(p->gradient, gradient);
}

/* The pictures have 8 bits whatever the activations have, and a layer may have widths of its own.
 */
static void products_by_width(void **state)
{
    (void)state;
    ag_wage_config c = configuration(4, "2C3-MP2-5FC-3[8-8-8-8]");
    ag_classify_cost w;
    c.bits = (ag_wage_bits){ 2, 4, 8, 6 };
    assert_int_equal(ag_classify_count(&c, 10, false, &w), 0);
    assert_int_equal(w.widths, 7);
    assert_products(&w.by_width[0], 8, 2, 288, 0, 0);
    assert_products(&w.by_width[1], 8, 6, 0, 0, 288);
    assert_products(&w.by_width[2], 4, 2, 40, 0, 0);
    assert_products(&w.by_width[3], 4, 6, 0, 0, 40);
    assert_products(&w.by_width[4], 6, 2, 0, 40, 0);
    assert_products(&w.by_width[5], 4, 8, 15, 0, 15);
    assert_products(&w.by_width[6], 8, 8, 0, 15, 0);
}

static void batches_too_large_to_train_are_counted(void **state)
{
    (void)state;
    ag_wage_config c = configuration(64, "4C3-10");
    ag_classify_cost w;
    assert_int_equal(ag_wage_check(&c, 128), AG_EINVAL);
    assert_int_equal(ag_classify_count(&c, 128, false, &w), 0);
    assert_int_equal(w.forward, 64 * 64 * 9 * 4 + 64 * 64 * 4 * 10);
}

static void papers_network(void **state)
{
    (void)state;
    ag_wage_config c = configuration(28, "32C5-MP2-64C5-MP2-512FC-10");
    ag_classify_cost w;
    assert_int_equal(ag_classify_count(&c, 64, false, &w), 0);
    assert_int_equal(w.weights, 800 + 51200 + 3136 * 512 + 5120);
    assert_int_equal(w.forward, 784 * 800 + 196 * 51200 + 3136 * 512 + 5120);
}

static void impossible_requests(void **state)
{
    (void)state;
    ag_wage_config c = configuration(4, "2C3-MP2-3");
    ag_classify_cost w;
    assert_int_equal(ag_classify_count(&c, 0, false, &w), AG_EINVAL);
    c.bits.weights = 1;
    assert_int_equal(ag_classify_count(&c, 1, false, &w), AG_EINVAL);
}

void test_cost(test_list *list)
{
    ADD_TEST(list, "cost", small_network);
    ADD_TEST(list, "cost", products_by_width);
    ADD_TEST(list, "cost", batches_too_large_to_train_are_counted);
    ADD_TEST(list, "cost", papers_network);
    ADD_TEST(list, "cost", impossible_requests);
}
