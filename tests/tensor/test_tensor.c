/* The graph: every operation against finite differences, gradients of gradients, the memory plan,
 * errors, allocation failures, and no allocation while running. */
#include "agena/tensor.h"

#include "tensor/plan.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- no allocation while running: glibc's malloc behind a counter ---- */

/* A sanitizer has a malloc of its own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(SANITIZED)
#define COUNT_ALLOCATIONS 1
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
static volatile long allocations;

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    allocations++;
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    allocations++;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    allocations++;
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : 12;
}
#endif

/* ---- finite differences ---- */

enum { MAX_PARAMS = 4 };

/* A case builds a node from a fresh graph; its parameters get random values in [low, high]. */
typedef ag_node (*build_fn)(ag_graph *g);

typedef struct {
    const char *name;
    build_fn build;
    float low, high;
    double tolerance; /* relative; 0 = 2e-2 for first, 4e-2 for second derivatives */
} gradient_case;

static float uniform(ag_rng *r, float low, float high)
{
    return low + (high - low) * ag_rng_uniform(r);
}

/* The scalar sum(random constant * y), so that every element's derivative is tried with its own
 * weight. */
static ag_node weighted_sum(ag_graph *g, ag_node y, uint64_t seed)
{
    ag_shape s = ag_node_shape(g, y);
    assert_true(s.rank >= 0);
    int64_t n = ag_shape_count(&s);
    float *weights = malloc((size_t)n * sizeof *weights);
    ag_rng r;
    ag_rng_init(&r, seed, 5, 0);
    for (int64_t i = 0; i < n; i++) {
        weights[i] = uniform(&r, 0.5f, 1.5f);
    }
    ag_node c = ag_constant_data(g, weights, s);
    free(weights);
    return ag_sum_all(g, ag_mul(g, c, y));
}

typedef struct {
    ag_plan *plan;
    ag_exec *exec;
    ag_node y;
    ag_node grad[MAX_PARAMS];
    float *value[MAX_PARAMS];
    int64_t size[MAX_PARAMS];
    int params;
} checked;

/* y and its gradients for all parameters of g, compiled and bound to random values. */
static void prepare(checked *k, ag_graph *g, ag_node y, float low, float high)
{
    memset(k, 0, sizeof *k);
    k->y = y;
    k->params = ag_graph_params(g);
    assert_in_range(k->params, 1, MAX_PARAMS);
    ag_node wrt[MAX_PARAMS], outputs[MAX_PARAMS + 1];
    for (int i = 0; i < k->params; i++) {
        wrt[i] = ag_graph_param(g, i);
    }
    int status = ag_grad(g, y, wrt, k->params, k->grad);
    if (status < 0) {
        fail_msg("ag_grad: %s", ag_error());
    }
    outputs[0] = y;
    memcpy(outputs + 1, k->grad, sizeof k->grad);
    if (ag_graph_compile(g, outputs, k->params + 1, &k->plan) < 0 ||
        ag_exec_new(k->plan, &k->exec) < 0) {
        fail_msg("compile: %s", ag_error());
    }
    ag_rng r;
    ag_rng_init(&r, 11, 5, 1);
    for (int i = 0; i < k->params; i++) {
        ag_shape s = ag_node_shape(g, wrt[i]);
        k->size[i] = ag_shape_count(&s);
        k->value[i] = malloc((size_t)k->size[i] * sizeof(float));
        for (int64_t j = 0; j < k->size[i]; j++) {
            k->value[i][j] = uniform(&r, low, high);
        }
        assert_int_equal(ag_exec_bind(k->exec, wrt[i], k->value[i]), 0);
    }
}

static void release(checked *k)
{
    ag_exec_free(k->exec);
    ag_plan_free(k->plan);
    for (int i = 0; i < k->params; i++) {
        free(k->value[i]);
    }
}

static double value_at(checked *k, int p, int64_t j, float x)
{
    float old = k->value[p][j];
    k->value[p][j] = x;
    if (ag_exec_run(k->exec) < 0) {
        fail_msg("run: %s", ag_error());
    }
    k->value[p][j] = old;
    return (double)*(const float *)ag_exec_data(k->exec, k->y);
}

static void compare(const gradient_case *c, checked *k, double tolerance)
{
    for (int p = 0; p < k->params; p++) {
        for (int64_t j = 0; j < k->size[p]; j++) {
            float x = k->value[p][j], h = 5e-3f * fmaxf(1, fabsf(x));
            double up = value_at(k, p, j, x + h), down = value_at(k, p, j, x - h);
            double numeric = (up - down) / ((double)(x + h) - (double)(x - h));
            assert_int_equal(ag_exec_run(k->exec), 0);
            double exact = (double)((const float *)ag_exec_data(k->exec, k->grad[p]))[j];
            double scale = fmax(1, fmax(fabs(numeric), fabs(exact)));
            if (!(fabs(numeric - exact) <= tolerance * scale)) {
                fail_msg("%s: parameter %d, element %lld: %g by differences, %g by ag_grad",
                         c->name, p, (long long)j, numeric, exact);
            }
        }
    }
}

/* First derivative, then the derivative of a weighted sum of the first derivatives. */
static void check_case(void **state)
{
    const gradient_case *c = *state;
    for (int order = 1; order <= 2; order++) {
        ag_graph *g = NULL;
        assert_int_equal(ag_graph_new(&g), 0);
        ag_node y = weighted_sum(g, c->build(g), 3);
        if (ag_graph_error(g) < 0) {
            fail_msg("%s: %s", c->name, ag_error());
        }
        if (order == 2) {
            ag_node wrt[MAX_PARAMS], d[MAX_PARAMS];
            int n = ag_graph_params(g);
            for (int i = 0; i < n; i++) {
                wrt[i] = ag_graph_param(g, i);
            }
            assert_int_equal(ag_grad(g, y, wrt, n, d), 0);
            y = AG_NONE;
            for (int i = 0; i < n; i++) {
                ag_node part =
                    weighted_sum(g, ag_add(g, d[i], ag_square(g, d[i])), 20 + (uint64_t)i);
                y = y == AG_NONE ? part : ag_add(g, y, part);
            }
        }
        checked k;
        prepare(&k, g, y, c->low, c->high);
        compare(c, &k, c->tolerance > 0 ? c->tolerance : 2e-2 * order);
        release(&k);
        ag_graph_free(g);
    }
}

static ag_node p2(ag_graph *g, const char *name, int64_t a, int64_t b)
{
    return ag_param(g, name, AG_SHAPE(a, b));
}

static ag_node index_of(ag_graph *g, ag_shape shape)
{
    return ag_input(g, "index", AG_I32, shape);
}

#define UNARY(name, expression)                                                                    \
    static ag_node name(ag_graph *g)                                                               \
    {                                                                                              \
        ag_node x = p2(g, "x", 3, 5);                                                              \
        return expression;                                                                         \
    }
UNARY(build_affine, ag_affine(g, ag_square(g, x), 2, -1))
UNARY(build_neg, ag_neg(g, ag_square(g, x)))
UNARY(build_sqrt, ag_sqrt(g, x))
UNARY(build_exp, ag_exp(g, x))
UNARY(build_log, ag_log(g, x))
UNARY(build_abs, ag_abs(g, ag_mul(g, x, x)))
UNARY(build_tanh, ag_tanh(g, x))
UNARY(build_sigmoid, ag_sigmoid(g, x))
UNARY(build_softplus, ag_softplus(g, x))
UNARY(build_relu, ag_square(g, ag_relu(g, x)))
UNARY(build_leaky, ag_square(g, ag_leaky_relu(g, x, 0.2f)))
UNARY(build_clamp, ag_mul(g, x, ag_clamp(g, x, -10, 10)))
UNARY(build_stop, ag_mul(g, x, ag_mul(g, x, ag_stop_gradient(g, ag_constant(g, 2, AG_SCALAR)))))
UNARY(build_softmax, ag_softmax(g, x))
UNARY(build_log_softmax, ag_log_softmax(g, x))
UNARY(build_sum0, ag_square(g, ag_sum(g, x, 1, false)))
UNARY(build_sum1, ag_square(g, ag_sum(g, x, 2, true)))
UNARY(build_mean, ag_square(g, ag_mean_all(g, x)))
UNARY(build_max, ag_square(g, ag_max(g, x, 1, false)))
UNARY(build_slice, ag_square(g, ag_slice(g, x, 1, 1, 3)))
UNARY(build_pad, ag_square(g, ag_affine(g, ag_pad(g, x, 0, 2, 1), 1, 0.5f)))
UNARY(build_permute, ag_matmul(g, ag_square(g, x), ag_permute(g, x, (int[]){ 1, 0 }), false, false))
UNARY(build_reshape, ag_square(g, ag_reshape(g, x, AG_SHAPE(5, -1))))
UNARY(build_broadcast, ag_square(g, ag_broadcast(g, x, AG_SHAPE(2, 3, 5))))

static ag_node pair(ag_graph *g, ag_node (*op)(ag_graph *, ag_node, ag_node))
{
    ag_node a = ag_param(g, "a", AG_SHAPE(2, 3, 4)), b = ag_param(g, "b", AG_SHAPE(3, 1));
    ag_node c = ag_param(g, "c", AG_SHAPE(4));
    return ag_square(g, op(g, op(g, a, b), c));
}

static ag_node build_add(ag_graph *g)
{
    return pair(g, ag_add);
}

static ag_node build_sub(ag_graph *g)
{
    return pair(g, ag_sub);
}

static ag_node build_mul(ag_graph *g)
{
    return pair(g, ag_mul);
}

static ag_node build_div(ag_graph *g)
{
    return pair(g, ag_div);
}

static ag_node build_maximum(ag_graph *g)
{
    ag_node a = p2(g, "a", 3, 4), b = p2(g, "b", 3, 4);
    return ag_square(g,
                     ag_maximum(g, ag_affine(g, a, 1, 3), ag_minimum(g, b, ag_affine(g, a, 1, 8))));
}

static ag_node build_where(ag_graph *g)
{
    ag_node a = p2(g, "a", 3, 4), b = p2(g, "b", 3, 4);
    float mask[12] = { 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 0 };
    return ag_square(g, ag_where(g, ag_constant_data(g, mask, AG_SHAPE(3, 4)), a, b));
}

static ag_node build_gated(ag_graph *g)
{
    return ag_gated(g, p2(g, "x", 3, 10));
}

static ag_node build_concat(ag_graph *g)
{
    ag_node x[3] = { p2(g, "a", 2, 3), p2(g, "b", 2, 1), AG_NONE };
    x[2] = x[0];
    return ag_square(g, ag_concat(g, x, 3, 1));
}

static ag_node build_matmul(ag_graph *g)
{
    ag_node a = ag_param(g, "a", AG_SHAPE(2, 3, 4)), b = p2(g, "b", 4, 5), c = p2(g, "c", 5, 3);
    ag_node y = ag_matmul(g, a, b, false, false); /* shared matrix */
    return ag_matmul(g, y, c, false, false);
}

static ag_node build_matmul_transposed(ag_graph *g)
{
    ag_node a = ag_param(g, "a", AG_SHAPE(2, 4, 3)), b = ag_param(g, "b", AG_SHAPE(2, 5, 4));
    ag_node c = p2(g, "c", 6, 3);
    ag_node batched = ag_matmul(g, a, b, true, true); /* [2, 3, 5] */
    return ag_matmul(g, batched, c, true, true);      /* [2, 5, 6] */
}

/* The sum that absorbs a product must not lose what else reads its operands. */
static ag_node build_fused(ag_graph *g)
{
    ag_node x = p2(g, "x", 4, 4), w = p2(g, "w", 4, 4), b = ag_param(g, "b", AG_SHAPE(4));
    ag_node y = ag_add(g, ag_tanh(g, x), ag_matmul(g, ag_tanh(g, x), w, false, false));
    ag_node z = ag_add(g, ag_matmul(g, y, w, false, true), b);
    return ag_mul(g, ag_add(g, y, ag_matmul(g, y, w, false, false)), z);
}

static ag_node conv_case(ag_graph *g, ag_conv_params p, int64_t h, int64_t w, int64_t kh,
                         int64_t kw)
{
    ag_node x = ag_param(g, "x", AG_SHAPE(2, h, w, 3)),
            k = ag_param(g, "k", AG_SHAPE(kh, kw, 3, 2));
    return ag_square(g, ag_conv2d(g, x, k, p));
}

static ag_node build_conv(ag_graph *g)
{
    return conv_case(g, (ag_conv_params){ { 1, 1 }, { 1, 1 }, { { 1, 1 }, { 1, 1 } } }, 4, 3, 3, 3);
}

static ag_node build_conv_strided(ag_graph *g)
{
    return conv_case(g, (ag_conv_params){ { 2, 3 }, { 1, 1 }, { { 1, 0 }, { 2, 1 } } }, 5, 6, 3, 2);
}

static ag_node build_conv_dilated(ag_graph *g)
{
    return conv_case(g, (ag_conv_params){ { 1, 1 }, { 2, 1 }, { { 2, -1 }, { 0, 1 } } }, 5, 4, 2,
                     2);
}

static ag_node build_conv_transposed(ag_graph *g)
{
    ag_conv_params p = { { 2, 2 }, { 1, 1 }, { { 1, 1 }, { 1, 1 } } };
    ag_node y = ag_param(g, "y", AG_SHAPE(1, 2, 3, 2)), k = ag_param(g, "k", AG_SHAPE(4, 4, 3, 2));
    return ag_square(g, ag_conv2d_transposed(g, y, k, p, 4, 6));
}

static ag_node build_conv_filter(ag_graph *g)
{
    ag_conv_params p = { { 1, 2 }, { 1, 1 }, { { 0, 1 }, { 1, 0 } } };
    ag_node x = ag_param(g, "x", AG_SHAPE(2, 3, 4, 2)), y = ag_param(g, "y", AG_SHAPE(2, 3, 2, 2));
    return ag_conv2d_filter(g, x, y, p, 2, 3);
}

static ag_node build_causal(ag_graph *g)
{
    ag_node x = ag_param(g, "x", AG_SHAPE(2, 7, 3)), w = ag_param(g, "w", AG_SHAPE(3, 3, 4));
    return ag_square(g, ag_conv1d_causal(g, x, w, 2));
}

static ag_node build_upsample(ag_graph *g)
{
    ag_node y = ag_param(g, "y", AG_SHAPE(2, 3, 2)), w = ag_param(g, "w", AG_SHAPE(6, 4, 2));
    return ag_square(g, ag_conv1d_transposed(g, y, w, 3, 1, 2, 9));
}

static ag_node build_max_pool(ag_graph *g)
{
    ag_conv_params p = { { 2, 2 }, { 1, 1 }, { { 1, 0 }, { 0, 1 } } };
    return ag_square(g, ag_max_pool(g, ag_param(g, "x", AG_SHAPE(2, 5, 4, 2)), 3, 2, p));
}

static ag_node build_avg_pool(ag_graph *g)
{
    ag_conv_params p = { { 2, 1 }, { 1, 1 }, { { 1, 1 }, { 0, 1 } } };
    return ag_square(g, ag_avg_pool(g, ag_param(g, "x", AG_SHAPE(2, 4, 3, 2)), 2, 2, p));
}

static ag_node build_lstm(ag_graph *g)
{
    ag_node gates = p2(g, "gates", 2, 12), c = p2(g, "c", 2, 3), h;
    ag_lstm_cell(g, gates, c, &c, &h);
    return ag_add(g, ag_square(g, c), h);
}

/* Logistic mixtures at 3 bits: wide bins, so that finite differences see smooth values; targets in
 * the middle and at both edges. */
static ag_node build_mol(ag_graph *g)
{
    float target[6] = { 0.1f, -0.7f, 1, -1, 0.4f, -0.2f };
    return ag_mol_loss(g, p2(g, "p", 6, 9), ag_constant_data(g, target, AG_SHAPE(6)), 3, -7);
}

static ag_node build_mol_target(ag_graph *g)
{
    return ag_mol_loss(g, p2(g, "p", 4, 6), ag_affine(g, ag_param(g, "t", AG_SHAPE(4)), 0.3f, 0), 4,
                       -7);
}

static ag_node build_gaussian(ag_graph *g)
{
    return ag_gaussian_loss(g, p2(g, "p", 4, 2), ag_param(g, "t", AG_SHAPE(4)), -7);
}

/* Gradient penalty of a small critic: the case that needs exact second derivatives. */
static ag_node build_penalty(ag_graph *g)
{
    float picture[32];
    for (int i = 0; i < 32; i++) {
        picture[i] = sinf((float)i);
    }
    ag_node x = ag_constant_data(g, picture, AG_SHAPE(1, 4, 4, 2));
    ag_node k = ag_param(g, "k", AG_SHAPE(3, 3, 2, 2)), w = p2(g, "w", 8, 1);
    ag_conv_params p = { { 2, 2 }, { 1, 1 }, { { 1, 1 }, { 1, 1 } } };
    ag_node h = ag_tanh(g, ag_conv2d(g, x, k, p));
    ag_node d = ag_matmul(g, ag_reshape(g, h, AG_SHAPE(1, 8)), w, false, false), dx;
    if (ag_grad(g, ag_sum_all(g, d), &x, 1, &dx) < 0) {
        return AG_NONE;
    }
    ag_node norm = ag_sqrt(g, ag_affine(g, ag_sum_all(g, ag_square(g, dx)), 1, 1e-3f));
    return ag_square(g, ag_affine(g, norm, 1, -1));
}

static const gradient_case cases[] = {
    { "affine", build_affine, -1, 1, 0 },
    { "neg", build_neg, -1, 1, 0 },
    { "sqrt", build_sqrt, 0.5f, 2, 0 },
    { "exp", build_exp, -1, 1, 0 },
    { "log", build_log, 0.5f, 2, 0 },
    { "abs", build_abs, 0.2f, 1, 0 },
    { "tanh", build_tanh, -1, 1, 0 },
    { "sigmoid", build_sigmoid, -2, 2, 0 },
    { "softplus", build_softplus, -2, 2, 0 },
    { "relu", build_relu, -1, 1, 0 },
    { "leaky_relu", build_leaky, -1, 1, 0 },
    { "clamp", build_clamp, -1, 1, 0 },
    { "stop_gradient", build_stop, -1, 1, 0 },
    { "softmax", build_softmax, -1, 1, 0 },
    { "log_softmax", build_log_softmax, -1, 1, 0 },
    { "sum, first axis", build_sum0, -1, 1, 0 },
    { "sum, last axis", build_sum1, -1, 1, 0 },
    { "mean", build_mean, -1, 1, 0 },
    { "max", build_max, -4, 4, 0 },
    { "slice", build_slice, -1, 1, 0 },
    { "pad", build_pad, -1, 1, 0 },
    { "permute", build_permute, -1, 1, 0 },
    { "reshape", build_reshape, -1, 1, 0 },
    { "broadcast", build_broadcast, -1, 1, 0 },
    { "add", build_add, -1, 1, 0 },
    { "sub", build_sub, -1, 1, 0 },
    { "mul", build_mul, -1, 1, 0 },
    { "div", build_div, 1, 2, 0 },
    { "maximum, minimum", build_maximum, -1, 1, 0 },
    { "where", build_where, -1, 1, 0 },
    { "gated", build_gated, -1, 1, 0 },
    { "concat", build_concat, -1, 1, 0 },
    { "matmul", build_matmul, -1, 1, 0 },
    { "matmul, transposed", build_matmul_transposed, -1, 1, 0 },
    { "fused sums", build_fused, -1, 1, 0 },
    { "conv2d", build_conv, -1, 1, 0 },
    { "conv2d, strided", build_conv_strided, -1, 1, 0 },
    { "conv2d, dilated and cropped", build_conv_dilated, -1, 1, 0 },
    { "conv2d_transposed", build_conv_transposed, -1, 1, 0 },
    { "conv2d_filter", build_conv_filter, -1, 1, 0 },
    { "conv1d_causal", build_causal, -1, 1, 0 },
    { "conv1d_transposed", build_upsample, -1, 1, 0 },
    { "max_pool", build_max_pool, -8, 8, 0 },
    { "avg_pool", build_avg_pool, -1, 1, 0 },
    { "lstm_cell", build_lstm, -1, 1, 0 },
    { "mol_loss", build_mol, -1, 0.5f, 0 },
    { "mol_loss, target", build_mol_target, -1, 0.5f, 0 },
    { "gaussian_loss", build_gaussian, -1, 1, 0 },
    { "gradient penalty", build_penalty, -1, 1, 0 },
};

/* ---- operations with indices ---- */

static ag_node build_gather(ag_graph *g)
{
    return ag_square(g, ag_gather(g, p2(g, "table", 4, 3), index_of(g, AG_SHAPE(2, 3))));
}

static ag_node build_scatter(ag_graph *g)
{
    ag_node x = ag_param(g, "x", AG_SHAPE(2, 3, 2));
    return ag_square(g, ag_scatter_add(g, x, index_of(g, AG_SHAPE(2, 3)), 4));
}

static ag_node build_pick(ag_graph *g)
{
    return ag_square(g,
                     ag_pick(g, ag_param(g, "x", AG_SHAPE(2, 3, 4)), index_of(g, AG_SHAPE(2, 3))));
}

static ag_node build_unpick(ag_graph *g)
{
    return ag_square(g, ag_unpick(g, p2(g, "x", 2, 3), index_of(g, AG_SHAPE(2, 3)), 4));
}

static ag_node build_cross_entropy(ag_graph *g)
{
    ag_node logits = ag_param(g, "x", AG_SHAPE(2, 3, 4));
    return ag_cross_entropy(g, logits, index_of(g, AG_SHAPE(2, 3)));
}

static const gradient_case indexed[] = {
    { "gather", build_gather, -1, 1, 0 },
    { "scatter_add", build_scatter, -1, 1, 0 },
    { "pick", build_pick, -1, 1, 0 },
    { "unpick", build_unpick, -1, 1, 0 },
    { "cross_entropy", build_cross_entropy, -1, 1, 0 },
};

static int32_t indices[6] = { 3, 0, 1, 3, 2, 3 };

static void check_indexed(void **state)
{
    const gradient_case *c = *state;
    for (int order = 1; order <= 2; order++) {
        ag_graph *g = NULL;
        assert_int_equal(ag_graph_new(&g), 0);
        ag_node y = weighted_sum(g, c->build(g), 3);
        ag_node x = ag_graph_param(g, 0), d;
        if (order == 2) {
            assert_int_equal(ag_grad(g, y, &x, 1, &d), 0);
            y = weighted_sum(g, ag_square(g, d), 9);
        }
        checked k;
        prepare(&k, g, y, c->low, c->high);
        assert_int_equal(ag_exec_bind(k.exec, ag_graph_find(g, "index"), indices), 0);
        compare(c, &k, 2e-2 * order);
        indices[4] = 4; /* just outside */
        assert_int_equal(ag_exec_run(k.exec), AG_EINVAL);
        assert_non_null(strstr(ag_error(), "index 4 at position 4"));
        indices[4] = 2;
        release(&k);
        ag_graph_free(g);
    }
}

/* ---- values, plan, errors ---- */

static void reports_mistakes(void **state)
{
    (void)state;
    ag_graph *g = NULL;
    ag_plan *plan = NULL;
    assert_int_equal(ag_graph_new(&g), 0);
    ag_node a = p2(g, "a", 2, 3), b = p2(g, "b", 2, 3);
    ag_node bad = ag_matmul(g, a, b, false, false);
    assert_int_equal(bad, AG_NONE);
    ag_node after = ag_relu(g, ag_add(g, bad, a));
    assert_int_equal(after, AG_NONE);
    assert_int_equal(ag_graph_compile(g, &after, 1, &plan), AG_EINVAL);
    assert_string_equal(ag_error(), "matmul: [2, 3] and [2, 3] do not fit");
    assert_null(plan);
    ag_graph_free(g);

    assert_int_equal(ag_graph_new(&g), 0);
    p2(g, "twice", 1, 1);
    assert_int_equal(p2(g, "twice", 1, 1), AG_NONE);
    assert_int_equal(ag_graph_error(g), AG_EINVAL);
    ag_graph_free(g);

    assert_int_equal(ag_graph_new(&g), 0);
    assert_int_equal(ag_param(g, "huge", AG_SHAPE((int64_t)1 << 30, (int64_t)1 << 30)), AG_NONE);
    assert_int_equal(ag_graph_error(g), AG_EINVAL);
    ag_graph_free(g);
}

static void wants_every_leaf_bound(void **state)
{
    (void)state;
    ag_graph *g = NULL;
    ag_plan *plan = NULL;
    ag_exec *exec = NULL;
    assert_int_equal(ag_graph_new(&g), 0);
    ag_node y = ag_square(g, p2(g, "forgotten", 2, 2));
    assert_int_equal(ag_graph_compile(g, &y, 1, &plan), 0);
    ag_graph_free(g);
    assert_int_equal(ag_exec_new(plan, &exec), 0);
    assert_int_equal(ag_exec_run(exec), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "forgotten"));
    ag_exec_free(exec);
    ag_plan_free(plan);
}

/* Outputs that are leaves, views of each other or the same value get buffers of their own. */
static void outputs_do_not_share(void **state)
{
    (void)state;
    ag_graph *g = NULL;
    ag_plan *plan = NULL;
    ag_exec *exec = NULL;
    assert_int_equal(ag_graph_new(&g), 0);
    ag_node x = p2(g, "x", 2, 2), y = ag_square(g, x), flat = ag_reshape(g, y, AG_SHAPE(4));
    ag_node z = ag_exp(g, y), outputs[5] = { x, y, flat, z, y };
    assert_int_equal(ag_graph_compile(g, outputs, 5, &plan), 0);
    assert_int_equal(ag_exec_new(plan, &exec), 0);
    float in[4] = { 1, 2, 3, 4 }, bound[4] = { 0 };
    assert_int_equal(ag_exec_bind(exec, y, bound), 0);
    /* x is leaf and output at once: binding names the output, so bind its leaf through another plan
     */
    ag_exec_free(exec);
    ag_plan_free(plan);
    assert_int_equal(ag_graph_compile(g, outputs + 1, 4, &plan), 0);
    assert_int_equal(ag_exec_new(plan, &exec), 0);
    assert_int_equal(ag_exec_bind(exec, x, in), 0);
    assert_int_equal(ag_exec_bind(exec, y, bound), 0);
    assert_int_equal(ag_exec_run(exec), 0);
    const float *f = ag_exec_data(exec, flat), *e = ag_exec_data(exec, z);
    for (int i = 0; i < 4; i++) {
        assert_true(bound[i] == in[i] * in[i] && f[i] == bound[i]);
        assert_true(fabsf(e[i] - expf(bound[i])) <= 1e-6f * expf(bound[i]));
    }
    assert_ptr_not_equal(f, bound);
    ag_exec_free(exec);
    ag_plan_free(plan);
    ag_graph_free(g);
}

/* A deep chain needs memory for few of its values. */
static void memory_is_reused(void **state)
{
    (void)state;
    ag_graph *g = NULL;
    ag_plan *plan = NULL;
    assert_int_equal(ag_graph_new(&g), 0);
    ag_node x = p2(g, "x", 64, 64), w = p2(g, "w", 64, 64);
    for (int i = 0; i < 50; i++) {
        x = ag_tanh(g, ag_matmul(g, x, w, false, false));
    }
    assert_int_equal(ag_graph_compile(g, &x, 1, &plan), 0);
    assert_in_range(ag_plan_memory(plan), 2 * 64 * 64 * 4, 3 * 64 * 64 * 4);
    assert_true(ag_plan_flops(plan) == 50 * 2.0 * 64 * 64 * 64);
    ag_plan_free(plan);
    ag_graph_free(g);
}

/* A small network with a bit of everything that is fused. */
static ag_node small_network(ag_graph *g)
{
    ag_node x = ag_param(g, "x", AG_SHAPE(2, 16, 8)), w = ag_param(g, "w", AG_SHAPE(2, 8, 16));
    ag_node r = ag_param(g, "r", AG_SHAPE(8, 8)), b = ag_param(g, "b", AG_SHAPE(16));
    for (int i = 0; i < 3; i++) {
        ag_node z = ag_gated(g, ag_add(g, b, ag_conv1d_causal(g, x, w, 1 << i)));
        x = ag_add(g, x, ag_matmul(g, z, r, false, false));
    }
    return ag_mean_all(g, ag_square(g, x));
}

#ifdef COUNT_ALLOCATIONS
static void running_allocates_nothing(void **state)
{
    (void)state;
    ag_graph *g = NULL;
    assert_int_equal(ag_graph_new(&g), 0);
    checked k;
    prepare(&k, g, small_network(g), -1, 1);
    assert_int_equal(ag_exec_run(k.exec), 0); /* OpenBLAS takes its buffer at the first call */
    long before = allocations;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(ag_exec_run(k.exec), 0);
    }
    assert_int_equal(allocations - before, 0);
    void *volatile probe = malloc(1);
    free(probe);
    assert_true(allocations > before); /* the counter does count */
    release(&k);
    ag_graph_free(g);
}
#endif

static int build_once(void)
{
    ag_graph *g = NULL;
    ag_plan *plan = NULL;
    ag_exec *exec = NULL;
    int status = ag_graph_new(&g);
    if (status < 0) {
        return status;
    }
    ag_node y = small_network(g), x = AG_NONE, d;
    status = ag_graph_error(g);
    if (status == 0) {
        x = ag_graph_param(g, 0);
        status = ag_grad(g, y, &x, 1, &d);
    }
    if (status == 0) {
        status = ag_graph_compile(g, &d, 1, &plan);
    }
    if (status == 0) {
        status = ag_exec_new(plan, &exec);
    }
    ag_exec_free(exec);
    ag_plan_free(plan);
    ag_graph_free(g);
    return status;
}

static void survives_allocation_failure(void **state)
{
    (void)state;
    ag_alloc_fail_at(0);
    assert_int_equal(build_once(), 0);
    uint64_t total = ag_alloc_fail_at(0);
    assert_true(total > 20);
    for (uint64_t n = 1; n <= total; n++) {
        ag_alloc_fail_at(n);
        assert_int_equal(build_once(), AG_ENOMEM);
    }
    ag_alloc_fail_at(0);
    assert_int_equal(build_once(), 0);
}

/* One plan, two execs with their own inputs: neither disturbs the other. */
static void execs_share_a_plan(void **state)
{
    (void)state;
    ag_graph *g = NULL;
    ag_plan *plan = NULL;
    ag_exec *exec[2] = { NULL, NULL };
    assert_int_equal(ag_graph_new(&g), 0);
    ag_node x = p2(g, "x", 2, 2), y = ag_sum_all(g, ag_mul(g, x, ag_exp(g, x)));
    assert_int_equal(ag_graph_compile(g, &y, 1, &plan), 0);
    float in[2][4] = { { 0, 1, 0, 0 }, { 2, 0, 0, 0 } };
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ag_exec_new(plan, &exec[i]), 0);
        assert_int_equal(ag_exec_bind(exec[i], x, in[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ag_exec_run(exec[i]), 0);
    }
    assert_true(fabsf(*(const float *)ag_exec_data(exec[0], y) - 2.7182818f) < 1e-5f);
    assert_true(fabsf(*(const float *)ag_exec_data(exec[1], y) - 14.7781122f) < 1e-4f);
    for (int i = 0; i < 2; i++) {
        ag_exec_free(exec[i]);
    }
    ag_plan_free(plan);
    ag_graph_free(g);
}

/* ---- strips ---- */

enum { SERIES = 2, STEPS = 2400, SLOW = 40, WIDTH = 24, LAYERS = 3 };

/* A gated layer with all that a strip meets: a series read by a dilated convolution and, last of
 * all, by an operation that may overwrite it; an operand of few rows, each repeated; and, in the
 * gradient, sums over rows. */
static ag_node strip_layer(ag_graph *g, ag_node x, ag_node slow, ag_node w, ag_node mix, int l)
{
    ag_node pre = ag_conv1d_causal(g, x, w, 1 << 3 * l);
    pre = ag_reshape(g, pre, AG_SHAPE(SERIES, STEPS / SLOW, SLOW, 2 * WIDTH));
    pre = ag_reshape(g, ag_add(g, slow, pre), AG_SHAPE(SERIES, STEPS, 2 * WIDTH));
    return ag_add(g, ag_relu(g, x), ag_matmul(g, ag_gated(g, pre), mix, false, false));
}

static ag_node strip_loss(ag_graph *g)
{
    ag_node x = ag_tanh(g, ag_param(g, "x", AG_SHAPE(SERIES, STEPS, WIDTH)));
    ag_node w = ag_param(g, "w", AG_SHAPE(2, WIDTH, 2 * WIDTH)), mix = p2(g, "mix", WIDTH, WIDTH);
    ag_node slow = ag_param(g, "slow", AG_SHAPE(SERIES, STEPS / SLOW, 1, 2 * WIDTH));
    for (int l = 0; l < LAYERS; l++) {
        x = strip_layer(g, x, slow, w, mix, l);
    }
    ag_node target = ag_constant(g, 0.25f, AG_SHAPE(SERIES, STEPS));
    return ag_mean_all(g, ag_mol_loss(g, x, target, 8, -5));
}

static float *copy_gradient(const checked *k, int p)
{
    size_t bytes = (size_t)k->size[p] * sizeof(float);
    float *copy = malloc(bytes);
    memcpy(copy, ag_exec_data(k->exec, k->grad[p]), bytes);
    return copy;
}

/* What steps give a strip at a time they give one after the other, but for the order of sums. */
static void strips_change_nothing(void **state)
{
    (void)state;
    ag_graph *g = NULL;
    checked k;
    assert_int_equal(ag_graph_new(&g), 0);
    prepare(&k, g, strip_loss(g), -0.5f, 0.5f);
    assert_true(k.plan->strips_count > LAYERS);
    assert_int_equal(ag_exec_run(k.exec), 0);
    float loss = *(const float *)ag_exec_data(k.exec, k.y), *got[MAX_PARAMS];
    for (int p = 0; p < k.params; p++) {
        got[p] = copy_gradient(&k, p);
    }
    for (int s = 0; s < k.plan->steps_count; s++) {
        k.plan->steps[s].strip = -1;
    }
    assert_int_equal(ag_exec_run(k.exec), 0);
    assert_true(fabsf(loss - *(const float *)ag_exec_data(k.exec, k.y)) < 1e-5f * fabsf(loss));
    for (int p = 0; p < k.params; p++) {
        const float *want = ag_exec_data(k.exec, k.grad[p]);
        float most = 0, apart = 0;
        for (int64_t i = 0; i < k.size[p]; i++) {
            most = fmaxf(most, fabsf(want[i]));
            apart = fmaxf(apart, fabsf(got[p][i] - want[i]));
        }
        assert_true(most > 0 && apart <= 1e-5f * most);
        free(got[p]);
    }
    release(&k);
    ag_graph_free(g);
}

int main(void)
{
    enum { CASES = sizeof cases / sizeof cases[0], INDEXED = sizeof indexed / sizeof indexed[0] };
    const struct CMUnitTest others[] = {
        cmocka_unit_test(reports_mistakes),
        cmocka_unit_test(wants_every_leaf_bound),
        cmocka_unit_test(outputs_do_not_share),
        cmocka_unit_test(memory_is_reused),
#ifdef COUNT_ALLOCATIONS
        cmocka_unit_test(running_allocates_nothing),
#endif
        cmocka_unit_test(survives_allocation_failure),
        cmocka_unit_test(execs_share_a_plan),
        cmocka_unit_test(strips_change_nothing),
    };
    enum { OTHERS = sizeof others / sizeof others[0] };
    struct CMUnitTest all[CASES + INDEXED + OTHERS];
    for (int i = 0; i < CASES; i++) {
        all[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL,
                                      (void *)(uintptr_t)&cases[i] };
    }
    for (int i = 0; i < INDEXED; i++) {
        all[CASES + i] = (struct CMUnitTest){ indexed[i].name, check_indexed, NULL, NULL,
                                              (void *)(uintptr_t)&indexed[i] };
    }
    memcpy(all + CASES + INDEXED, others, sizeof others);
    return cmocka_run_group_tests_name("tensor", all, NULL, NULL);
}
