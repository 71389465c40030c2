/* What a network costs: operations by width, memory traffic, energy. */
#include "agena/classify.h"

#include "classify/shapes.h"

/* Picojoule at 45 nm (Horowitz, ISSCC 2014). The energy of a product of integers goes with the
 * product of their widths; a product by a ternary weight is an addition, a subtraction or nothing.
 */
static const double mult_int8 = 0.2, add_int32 = 0.1, mult_float = 3.7, add_float = 0.9,
                    dram_bit = 640.0 / 32;

static double multiply_add(int a, int b, bool real)
{
    if (real) {
        return mult_float + add_float;
    }
    bool ternary = a == 2 || b == 2;
    return add_int32 + (ternary ? 0 : mult_int8 * a * b / 64);
}

/* The row of a pair of widths. */
static ag_classify_products *row_of(int left, int right, bool real, ag_classify_cost *cost)
{
    left = real ? 32 : left;
    right = real ? 32 : right;
    int i = 0;
    while (i < cost->widths &&
           (cost->by_width[i].left != left || cost->by_width[i].right != right)) {
        i++;
    }
    if (i == cost->widths) {
        cost->by_width[cost->widths++] = (ag_classify_products){ left, right, 0, 0, 0 };
    }
    return &cost->by_width[i];
}

static void add_products(int64_t products, ag_wage_bits bits, int in_bits, bool first, bool real,
                         ag_classify_cost *cost)
{
    cost->forward += products;
    cost->gradient += products;
    row_of(in_bits, bits.weights, real, cost)->forward += products;
    row_of(in_bits, bits.errors, real, cost)->gradient += products;
    if (!first) {
        cost->backward += products;
        row_of(bits.errors, bits.weights, real, cost)->backward += products;
    }
}

/* Add one layer's share. in_bits: of the activations that it reads. */
static void add_layer(const cl_shape *s, const ag_wage_layer *l, ag_wage_bits bits, int in_bits,
                      bool first, int batch, bool real, ag_classify_cost *cost)
{
    int64_t places = s->out_height * s->out_width;
    int64_t window = l->kind == AG_WAGE_CONV ? (int64_t)l->kernel * l->kernel : 1;
    int64_t weights = window * s->channels * s->out_channels, products = places * weights;
    cost->weights += weights;
    add_products(products, bits, in_bits, first, real, cost);
    int w = real ? 32 : bits.weights, g = real ? 32 : bits.gradients;
    /* Forward and backward read the weights; the update reads and writes the stored ones, and the
     * gradient is written once and read once. */
    double update = (double)weights * (2.0 * g + 2.0 * 32 + (first ? 1 : 2) * w) / batch;
    cost->inference_bits += (double)weights * w;
    cost->training_bits += update;
    double forward = (double)products * multiply_add(in_bits, bits.weights, real);
    cost->inference_compute += forward;
    cost->training_compute +=
        forward + (double)products * multiply_add(in_bits, bits.errors, real) +
        (first ? 0 : (double)products * multiply_add(bits.errors, bits.weights, real));
}

/* Activations are written and read in inference; training reads them again for the gradients, and
 * writes and reads the errors. */
static void add_activations(int64_t values, ag_wage_bits bits, bool real, ag_classify_cost *cost)
{
    double a = real ? 32 : bits.activations, e = real ? 32 : bits.errors;
    cost->activations += values;
    cost->inference_bits += 2 * a * (double)values;
    cost->training_bits += (3 * a + 2 * e) * (double)values;
}

int ag_classify_count(const ag_wage_config *config, int batch, bool real, ag_classify_cost *cost)
{
    int status = ag_wage_check(config, 0);
    if (status < 0) {
        return status;
    }
    if (batch < 1) {
        return ag_fail(AG_EINVAL, "a batch of %d pictures: at least 1", batch);
    }
    cl_shape shapes[AG_WAGE_MAX_LAYERS];
    cl_shapes(config, shapes);
    *cost = (ag_classify_cost){ 0 };
    double pixels = 8.0 * config->height * config->width * config->channels;
    cost->inference_bits += pixels;
    cost->training_bits += 2 * pixels;
    int in_bits = 8;
    for (int i = 0; i < config->layers; i++) {
        const ag_wage_layer *l = &config->layer[i];
        bool pooled = i + 1 < config->layers && config->layer[i + 1].kind == AG_WAGE_POOL;
        ag_wage_bits bits = cl_bits(config, l->kind == AG_WAGE_POOL ? i - 1 : i);
        if (l->kind != AG_WAGE_POOL) {
            add_layer(&shapes[i], l, bits, in_bits, i == 0, batch, real, cost);
            in_bits = bits.activations;
        }
        if (!pooled) {
            const cl_shape *s = &shapes[i];
            add_activations(s->out_height * s->out_width * s->out_channels, bits, real, cost);
        }
    }
    cost->inference_memory = cost->inference_bits * dram_bit;
    cost->training_memory = cost->training_bits * dram_bit;
    return 0;
}
