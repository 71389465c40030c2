/* The simulation of sim.h. Equation numbers and sections are the paper's. */
#include "sim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- equations 1 to 7: numbers of k bits ---- */

static double sigma(int k)
{
    return ldexp(1, 1 - k);
}

static double clip(double x, double bound)
{
    return fmin(fmax(x, -bound), bound);
}

static double quantise(double x, int k)
{
    return clip(sigma(k) * round(x / sigma(k)), 1 - sigma(k));
}

static double shift_of(double x)
{
    return exp2(round(log2(x)));
}

/* ---- building ---- */

static double he_limit(const sim *net, const sim_layer *l)
{
    return sqrt((net->config.he ? 6.0 : 3.0) / ((double)l->kernel * l->kernel * l->in.channels));
}

static double least_limit(const sim_layer *l)
{
    return 1.5 * sigma(l->bits.weights);
}

/* Stored weights stay inside what kW bits can say. */
static double stored_bound(const sim_layer *l)
{
    return 1 - sigma(l->bits.weights);
}

static void draw(sim *net, sim_layer *l)
{
    double limit = fmax(he_limit(net, l), least_limit(l)), grid = sigma(l->bits.gradients);
    long range = (long)round(limit / grid);
    ag_rng rng;
    ag_rng_init(&rng, net->seed, AG_PURPOSE_INIT + (uint32_t)l->index, 0);
    for (long i = 0; i < l->weights; i++) {
        long n = (long)ag_rng_below(&rng, 2 * (uint64_t)range + 1) - range;
        l->w[i] = clip((double)n * grid, stored_bound(l));
    }
}

static sim_shape shape_of_conv(sim_layer *l)
{
    int h = l->in.height, w = l->in.width, k = l->kernel, s = l->stride;
    sim_shape out = { (h - k) / s + 1, (w - k) / s + 1, l->layer.channels };
    if (!l->layer.valid) {
        out.height = (h + s - 1) / s;
        out.width = (w + s - 1) / s;
        l->top = (int)fmax((out.height - 1) * s + k - h, 0) / 2;
        l->left = (int)fmax((out.width - 1) * s + k - w, 0) / 2;
    }
    return out;
}

static long elements(sim_shape s)
{
    return (long)s.height * s.width * s.channels;
}

static void add_layer(sim *net, int index, sim_shape *shape)
{
    const ag_wage_config *config = &net->config;
    sim_layer *l = &net->layer[net->layers++];
    l->index = index;
    l->layer = config->layer[index];
    l->bits = l->layer.bits.weights ? l->layer.bits : config->bits;
    l->last = index == config->layers - 1;
    bool dense = l->layer.kind == AG_WAGE_DENSE;
    l->in = dense ? (sim_shape){ 1, 1, (int)elements(*shape) } : *shape;
    l->kernel = dense ? 1 : l->layer.kernel;
    l->stride = l->layer.stride ? l->layer.stride : 1;
    l->conv = l->out = shape_of_conv(l);
    if (!l->last && config->layer[index + 1].kind == AG_WAGE_POOL) {
        const ag_wage_layer *pool = &config->layer[index + 1];
        l->pool = pool->kernel;
        l->pool_stride = pool->stride ? pool->stride : pool->kernel;
        l->out.height = (l->conv.height - l->pool) / l->pool_stride + 1;
        l->out.width = (l->conv.width - l->pool) / l->pool_stride + 1;
    }
    l->alpha = config->unscaled ? 1 : fmax(shift_of(least_limit(l) / he_limit(net, l)), 1);
    l->weights = (long)l->kernel * l->kernel * l->in.channels * l->conv.channels;
    l->w = calloc((size_t)l->weights, sizeof *l->w);
    size_t outputs = (size_t)elements(l->out) * (size_t)net->batch;
    l->a = calloc(outputs, sizeof *l->a);
    l->x = calloc(outputs, sizeof *l->x);
    l->places = calloc(outputs, sizeof *l->places);
    l->e = calloc(outputs, sizeof *l->e);
    draw(net, l);
    *shape = l->out;
}

sim *sim_new(const ag_wage_config *config, int batch, uint64_t seed)
{
    sim *net = calloc(1, sizeof *net);
    net->config = *config;
    net->batch = batch;
    net->seed = seed;
    sim_shape shape = { config->height, config->width, config->channels };
    for (int i = 0; i < config->layers; i++)
        if (config->layer[i].kind != AG_WAGE_POOL)
            add_layer(net, i, &shape);
    return net;
}

void sim_free(sim *net)
{
    for (int i = 0; i < net->layers; i++) {
        free(net->layer[i].w);
        free(net->layer[i].a);
        free(net->layer[i].x);
        free(net->layer[i].places);
        free(net->layer[i].e);
    }
    free(net);
}

/* ---- convolution: every product named by its places ---- */

static long at(sim_shape s, int y, int x, int c)
{
    return ((long)y * s.width + x) * s.channels + c;
}

static long weight_at(const sim_layer *l, int ky, int kx, int i, int o)
{
    return (((long)ky * l->kernel + kx) * l->in.channels + i) * l->conv.channels + o;
}

typedef void visit_fn(void *user, long input, long weight, long output);

/* Every (input, weight, output) of a convolution of one picture. */
static void visit(const sim_layer *l, visit_fn *fn, void *user)
{
    for (int y = 0; y < l->conv.height; y++)
        for (int x = 0; x < l->conv.width; x++)
            for (int ky = 0; ky < l->kernel; ky++)
                for (int kx = 0; kx < l->kernel; kx++) {
                    int iy = y * l->stride + ky - l->top, ix = x * l->stride + kx - l->left;
                    if (iy < 0 || ix < 0 || iy >= l->in.height || ix >= l->in.width)
                        continue;
                    for (int i = 0; i < l->in.channels; i++)
                        for (int o = 0; o < l->conv.channels; o++)
                            fn(user, at(l->in, iy, ix, i), weight_at(l, ky, kx, i, o),
                               at(l->conv, y, x, o));
                }
}

typedef struct {
    double *input, *weight, *output;
} operands;

static void add_to_output(void *user, long input, long weight, long output)
{
    operands *o = user;
    o->output[output] += o->input[input] * o->weight[weight];
}

static void add_to_input(void *user, long input, long weight, long output)
{
    operands *o = user;
    o->input[input] += o->output[output] * o->weight[weight];
}

static void add_to_weight(void *user, long input, long weight, long output)
{
    operands *o = user;
    o->weight[weight] += o->input[input] * o->output[output];
}

/* ---- forward: section 3.3.2 ---- */

static void forward_one(sim_layer *l, const double *wq, double *input, double *a, double *x,
                        double *places)
{
    double *sums = calloc((size_t)elements(l->conv), sizeof *sums);
    visit(l, add_to_output, &(operands){ input, (double *)wq, sums });
    int window = l->pool ? l->pool : 1, apart = l->pool ? l->pool_stride : 1;
    for (int oy = 0; oy < l->out.height; oy++)
        for (int ox = 0; ox < l->out.width; ox++)
            for (int c = 0; c < l->out.channels; c++) {
                long best = at(l->conv, oy * apart, ox * apart, c);
                for (int y = 0; y < window; y++)
                    for (int i = 0; i < window; i++) {
                        long here = at(l->conv, oy * apart + y, ox * apart + i, c);
                        best = sums[here] > sums[best] ? here : best;
                    }
                long out = at(l->out, oy, ox, c);
                places[out] = (double)best;
                x[out] = sums[best] / l->alpha;
                a[out] = quantise(l->last ? x[out] : fmax(x[out], 0), l->bits.activations);
            }
    free(sums);
}

static double *pixels(const sim *net, const uint8_t *pictures, int count)
{
    long n = (long)net->config.height * net->config.width * net->config.channels * count;
    double *x = calloc((size_t)n, sizeof *x);
    for (long i = 0; i < n; i++)
        x[i] = quantise(pictures[i] / 127.5 - 1, 8);
    return x;
}

static double *quantised_weights(const sim_layer *l)
{
    double *wq = calloc((size_t)l->weights, sizeof *wq);
    for (long i = 0; i < l->weights; i++)
        wq[i] = quantise(l->w[i], l->bits.weights);
    return wq;
}

static void forward(sim *net, double *input, int count)
{
    for (int i = 0; i < net->layers; i++) {
        sim_layer *l = &net->layer[i];
        double *wq = quantised_weights(l);
        long in = elements(l->in), out = elements(l->out);
        for (int p = 0; p < count; p++)
            forward_one(l, wq, input + p * in, l->a + p * out, l->x + p * out, l->places + p * out);
        free(wq);
        input = l->a;
    }
}

void sim_predict(sim *net, const uint8_t *pictures, int count, double *outputs)
{
    double *input = pixels(net, pictures, count);
    forward(net, input, count);
    const sim_layer *last = &net->layer[net->layers - 1];
    memcpy(outputs, last->a, (size_t)(elements(last->out) * count) * sizeof *outputs);
    free(input);
}

/* ---- backward: section 3.3.3 ---- */

static double largest(const double *x, long n)
{
    double most = 0;
    for (long i = 0; i < n; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

/* e of a layer's activations -> quantised errors before its pooling. */
static double *errors_before(sim_layer *l, double *e, int count)
{
    long out = elements(l->out), conv = elements(l->conv);
    double *before = calloc((size_t)(conv * count), sizeof *before);
    for (long i = 0; i < out * count; i++)
        if (fabs(fmax(l->x[i], l->last ? -1e9 : 0)) > 1 - sigma(l->bits.activations))
            e[i] = 0;
    double most = largest(e, out * count);
    for (long i = 0; i < out * count; i++) {
        double q = most > 0 ? quantise(e[i] / shift_of(most), l->bits.errors) : 0;
        l->e[i] = l->last || l->x[i] > 0 ? q : 0;
        before[i / out * conv + (long)l->places[i]] += l->e[i];
    }
    return before;
}

static int random_bits(const sim *net, const sim_layer *l, uint64_t step, long i)
{
    uint32_t key[2] = { (uint32_t)net->seed, (uint32_t)(net->seed >> 32) }, block[4];
    uint32_t counter[4] = { (uint32_t)(i / 8), AG_PURPOSE_ROUNDING + (uint32_t)l->index,
                            (uint32_t)step, (uint32_t)(step >> 32) };
    ag_philox4x32(counter, key, block);
    return (int)(block[i % 8 / 2] >> (i % 2 * 16) & 0xFFFF);
}

/* Section 3.3.4. */
static void update(const sim *net, sim_layer *l, const double *g, int rate, uint64_t step)
{
    double most = largest(g, l->weights);
    for (long i = 0; i < l->weights && most > 0; i++) {
        double gs = fabs(ldexp(1, rate) * g[i] / shift_of(most));
        double rest = gs - floor(gs);
        double bits = random_bits(net, l, step, i);
        bool up = net->config.nearest ? rest >= 0.5 : bits < floor(rest * 65536);
        double size = sigma(l->bits.gradients) * (floor(gs) + up);
        l->w[i] = clip(l->w[i] - copysign(size, g[i]), stored_bound(l));
    }
}

static void backward(sim *net, double *input, double *e, int count, int rate, uint64_t step)
{
    for (int i = net->layers - 1; i >= 0; i--) {
        sim_layer *l = &net->layer[i];
        double *x = i > 0 ? net->layer[i - 1].a : input;
        double *before = errors_before(l, e, count), *wq = quantised_weights(l);
        double *g = calloc((size_t)l->weights, sizeof *g);
        long in = elements(l->in), conv = elements(l->conv);
        double *next = calloc((size_t)(in * count), sizeof *next);
        for (int p = 0; p < count; p++) {
            visit(l, add_to_weight, &(operands){ x + p * in, g, before + p * conv });
            visit(l, add_to_input, &(operands){ next + p * in, wq, before + p * conv });
        }
        update(net, l, g, rate, step);
        free(before);
        free(wq);
        free(g);
        free(e);
        e = next;
    }
    free(e);
}

double sim_step(sim *net, const uint8_t *pictures, const uint8_t *labels, int count, int rate,
                uint64_t step)
{
    double *input = pixels(net, pictures, count), loss = 0;
    forward(net, input, count);
    const sim_layer *last = &net->layer[net->layers - 1];
    int classes = last->out.channels;
    double *e = calloc((size_t)(classes * count), sizeof *e);
    for (int i = 0; i < classes * count; i++) {
        e[i] = last->a[i] - (labels[i / classes] == i % classes);
        loss += e[i] * e[i];
    }
    backward(net, input, e, count, rate, step);
    free(input);
    return loss;
}
