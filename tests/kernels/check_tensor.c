/* check_tensor.c: the tensor room's inner kernels, every version against the plain C one. */
#include "checkkernels.h"

#include "tensor/kernels/kernels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TRIES = 40, MOST = 300 };

static vt_kernels plain;

/* A table and its name, for the messages. */
typedef struct {
    const char *name;
    vt_kernels k;
} version;

/* ---- elementwise -------------------------------------------------------------------------------
 */

/* A unary kernel and what may differ: relative error against plain C, whose own is about 1.5e-7. */
typedef struct {
    const char *name;
    double relative;
    float spread; /* of the random arguments */
} unary_case;

static const unary_case unaries[VTK_UNARY] = {
    [VTK_AFFINE] = { "affine", 0, 2 },
    [VTK_NEG] = { "neg", 0, 2 },
    [VTK_SQUARE] = { "square", 0, 2 },
    [VTK_SQRT] = { "sqrt", 0, 2 },
    [VTK_EXP] = { "exp", 3e-7, 30 },
    [VTK_LOG] = { "log", 3e-7, 10 },
    [VTK_ABS] = { "abs", 0, 2 },
    [VTK_SIGN] = { "sign", 0, 2 },
    [VTK_STEP] = { "step", 0, 2 },
    [VTK_TANH] = { "tanh", 4e-7, 3 },
    [VTK_SIGMOID] = { "sigmoid", 5e-7, 10 },
    [VTK_SOFTPLUS] = { "softplus", 4e-7, 10 },
    [VTK_RELU] = { "relu", 0, 2 },
    [VTK_LEAKY_RELU] = { "leaky_relu", 0, 2 },
    [VTK_CLAMP] = { "clamp", 0, 2 },
    [VTK_RECIPROCAL] = { "reciprocal", 0, 2 },
};

static const float specials[] = { 0.0f,    -0.0f,   INFINITY, -INFINITY, NAN,
                                  1e-40f,  -1e-40f, 1e-30f,   -1e-30f,   88.5f,
                                  -88.5f,  104.5f,  -104.5f,  1e30f,     -1e30f,
                                  3.4e38f, 1.0f,    -1.0f,    0x1p-126f, 0.9999999f };
enum { SPECIALS = sizeof specials / sizeof specials[0] };

static void check_unary(const version *v)
{
    float *x = ck_buffer(MOST * sizeof *x), *got = ck_buffer(MOST * sizeof *x);
    float *want = ck_buffer(MOST * sizeof *x);
    for (int op = 0; op < VTK_UNARY; op++) {
        const unary_case *u = &unaries[op];
        for (int try = 0; try < TRIES; try++) {
            char shape[64];
            int64_t n = try == 0 ? SPECIALS : ck_between(1, MOST);
            snprintf(shape, sizeof shape, "%s", try == 0 ? "special values" : "random values");
            ck_normal(x, n, u->spread);
            if (try == 0) {
                memcpy(x, specials, sizeof specials);
            }
            plain.unary[op](n, want, x, -0.5f, 0.25f);
            memcpy(got, x, (size_t)n * sizeof *x);
            v->k.unary[op](n, got, got, -0.5f, 0.25f);
            ck_close(u->name, v->name, shape, got, want, n, 3e-45, u->relative);
        }
    }
}

/* Errors against double precision over a dense sweep. */
static void check_accuracy(const version *v)
{
    static const struct {
        vtk_unary op;
        double (*exact)(double);
        float from, to;
    } sweeps[] = { { VTK_EXP, exp, -87.0f, 88.0f },
                   { VTK_TANH, tanh, -12.0f, 12.0f },
                   { VTK_TANH, tanh, -0.01f, 0.01f },
                   { VTK_LOG, log, 1e-5f, 3.0f },
                   { VTK_LOG, log, 3.0f, 1e5f } };
    enum { POINTS = 20000 };
    float *x = ck_buffer(POINTS * sizeof *x), *y = ck_buffer(POINTS * sizeof *y);
    float *want = ck_buffer(POINTS * sizeof *y);
    for (size_t s = 0; s < sizeof sweeps / sizeof sweeps[0]; s++) {
        for (int i = 0; i < POINTS; i++) {
            float part = ((float)i + 0.5f) / POINTS;
            x[i] = sweeps[s].from + (sweeps[s].to - sweeps[s].from) * part;
            want[i] = (float)sweeps[s].exact((double)x[i]);
        }
        v->k.unary[sweeps[s].op](POINTS, y, x, 0.0f, 0.0f);
        ck_close(unaries[sweeps[s].op].name, v->name, "a sweep", y, want, POINTS, 0, 2e-7);
    }
}

static const char *const binary_names[VTK_BINARY] = { "add",     "sub",          "mul",
                                                      "div",     "maximum",      "minimum",
                                                      "greater", "greater_equal" };

static void check_binary(const version *v)
{
    enum { ROWS = 5 };
    float *a = ck_buffer(ROWS * MOST * sizeof *a), *b = ck_buffer(ROWS * MOST * sizeof *a);
    float *got = ck_buffer(ROWS * MOST * sizeof *a), *want = ck_buffer(ROWS * MOST * sizeof *a);
    for (int op = 0; op < VTK_BINARY; op++) {
        for (int try = 0; try < TRIES; try++) {
            int64_t rows = ck_between(1, ROWS), n = ck_between(1, MOST);
            int64_t a_row = ck_between(0, 1) * n, b_row = ck_between(0, 1) * n;
            vtk_form form = (vtk_form)ck_between(0, VTK_FORMS - 1);
            ck_normal(a, ROWS * MOST, 1.0f);
            ck_normal(b, ROWS * MOST, 1.0f);
            memcpy(b, a, 8 * sizeof *a); /* equal operands */
            a[9] = NAN;
            b[10] = NAN;
            plain.binary[op][form](rows, n, want, n, a, a_row, b, b_row);
            v->k.binary[op][form](rows, n, got, n, a, a_row, b, b_row);
            ck_close(binary_names[op], v->name, "rows", got, want, rows * n, 0, 0);
        }
    }
}

static void check_fill_and_where(const version *v)
{
    float *x = ck_buffer(3 * MOST * sizeof *x);
    float *got = ck_buffer(MOST * sizeof *x), *want = ck_buffer(MOST * sizeof *x);
    for (int try = 0; try < TRIES; try++) {
        int64_t n = ck_between(1, MOST);
        ck_normal(x, 3 * MOST, 1.0f);
        for (int64_t i = 0; i < n; i += ck_between(1, 3)) {
            x[i] = 0.0f;
        }
        plain.where(n, want, x, x + MOST, x + 2 * MOST);
        v->k.where(n, got, x, x + MOST, x + 2 * MOST);
        ck_close("where", v->name, "random values", got, want, n, 0, 0);
        plain.fill(n, want, x[MOST]);
        v->k.fill(n, got, x[MOST]);
        ck_close("fill", v->name, "random values", got, want, n, 0, 0);
    }
}

/* ---- reductions ---------------------------------------------------------------------------------
 */

typedef void reduce_fn(int64_t rows, int64_t n, float *y, const float *x, int64_t x_row,
                       bool accumulate);

static void check_reduction(const version *v, const char *name, reduce_fn *fast, reduce_fn *exact)
{
    enum { ROWS = 400, WIDTH = 150 };
    float *x = ck_buffer(ROWS * WIDTH * sizeof *x);
    float *got = ck_buffer(ROWS * sizeof *x), *want = ck_buffer(ROWS * sizeof *x);
    for (int try = 0; try < TRIES; try++) {
        int64_t rows = ck_between(1, ROWS), n = ck_between(1, WIDTH), stride = ck_between(n, WIDTH);
        bool accumulate = try % 2 == 1;
        ck_normal(x, ROWS * WIDTH, 1.0f);
        ck_normal(got, ROWS, 1.0f);
        memcpy(want, got, ROWS * sizeof *got);
        exact(rows, n, want, x, stride, accumulate);
        fast(rows, n, got, x, stride, accumulate);
        ck_close(name, v->name, "a matrix", got, want, ROWS, 1e-5, 2e-6);
    }
}

static void check_reductions(const version *v)
{
    check_reduction(v, "sum_rows", v->k.sum_rows, plain.sum_rows);
    check_reduction(v, "sum_columns", v->k.sum_columns, plain.sum_columns);
    check_reduction(v, "max_rows", v->k.max_rows, plain.max_rows);
    check_reduction(v, "max_columns", v->k.max_columns, plain.max_columns);
}

/* A long sum must not drift: 2^22 times 0.1 in float, added one by one, is 2 % off. */
static void check_long_sum(const version *v)
{
    enum { N = 1 << 22 };
    float *x = ck_buffer(N * sizeof *x), got, want = (float)(N * (double)0.1f);
    plain.fill(N, x, 0.1f);
    v->k.sum_rows(1, N, &got, x, N, false);
    ck_close("sum_rows", v->name, "a long row", &got, &want, 1, 0, 3e-7);
    v->k.sum_columns(N, 1, &got, x, 1, false);
    ck_close("sum_columns", v->name, "a long column", &got, &want, 1, 0, 3e-7);
}

/* ---- softmax, gates, likelihoods ---- */

enum { ROWS = 9, CLASSES = 300 };

static void random_targets(int32_t *target, int64_t rows, int64_t classes)
{
    for (int64_t r = 0; r < rows; r++) {
        target[r] = (int32_t)ck_between(0, classes - 1);
    }
}

static void check_softmax(const version *v)
{
    float *x = ck_buffer(ROWS * CLASSES * sizeof *x), *dloss = ck_buffer(ROWS * sizeof *x);
    float *got = ck_buffer(ROWS * CLASSES * sizeof *x),
          *want = ck_buffer(ROWS * CLASSES * sizeof *x);
    int32_t target[ROWS];
    for (int try = 0; try < TRIES; try++) {
        int64_t rows = ck_between(1, ROWS), n = ck_between(1, CLASSES);
        ck_normal(x, rows * n, try % 2 ? 1.0f : 30.0f);
        ck_normal(dloss, rows, 1.0f);
        random_targets(target, rows, n);
        plain.softmax(rows, n, want, x);
        v->k.softmax(rows, n, got, x);
        ck_close("softmax", v->name, "rows", got, want, rows * n, 1e-12, 3e-6);
        plain.log_softmax(rows, n, want, x);
        v->k.log_softmax(rows, n, got, x);
        ck_close("log_softmax", v->name, "rows", got, want, rows * n, 1e-6, 1e-6);
        plain.cross_entropy(rows, n, want, x, target);
        v->k.cross_entropy(rows, n, got, x, target);
        ck_close("cross_entropy", v->name, "rows", got, want, rows, 1e-6, 1e-6);
        plain.cross_entropy_grad(rows, n, want, x, target, dloss);
        v->k.cross_entropy_grad(rows, n, got, x, target, dloss);
        ck_close("cross_entropy_grad", v->name, "rows", got, want, rows * n, 1e-6, 1e-6);
    }
}

static void check_bad_targets(const version *v)
{
    float x[ROWS * 4] = { 0 }, y[ROWS * 4];
    for (int try = 0; try < TRIES; try++) {
        int32_t target[ROWS];
        random_targets(target, ROWS, 4);
        int64_t bad = ck_between(0, ROWS - 1), found;
        target[bad] = try % 2 ? 4 : -1;
        found = v->k.cross_entropy(ROWS, 4, y, x, target);
        ck_equal("cross_entropy", v->name, "a bad target", &found, &bad, sizeof bad);
        found = v->k.cross_entropy_grad(ROWS, 4, y, x, target, x);
        ck_equal("cross_entropy_grad", v->name, "a bad target", &found, &bad, sizeof bad);
    }
}

static void check_gated(const version *v)
{
    float *x = ck_buffer(2 * MOST * ROWS * sizeof *x), *dy = ck_buffer(MOST * ROWS * sizeof *x);
    float *got = ck_buffer(2 * MOST * ROWS * sizeof *x),
          *want = ck_buffer(2 * MOST * ROWS * sizeof *x);
    for (int try = 0; try < TRIES; try++) {
        int64_t rows = ck_between(1, ROWS), c = ck_between(1, MOST);
        ck_normal(x, 2 * rows * c, try % 2 ? 1.0f : 60.0f);
        ck_normal(dy, rows * c, 1.0f);
        if (try == 0) {
            x[0] = INFINITY;
            x[c] = -INFINITY;
            x[2 * c - 1] = INFINITY;
        }
        plain.gated(rows, c, want, x);
        v->k.gated(rows, c, got, x);
        ck_close("gated", v->name, "rows", got, want, rows * c, 1e-12, 1e-6);
        plain.gated_grad(rows, c, want, x, dy);
        v->k.gated_grad(rows, c, got, x, dy);
        ck_close("gated_grad", v->name, "rows", got, want, 2 * rows * c, 1e-6, 1e-6);
    }
}

static void check_lstm(const version *v)
{
    enum { H = 70 };
    float *gates = ck_buffer(4 * H * ROWS * sizeof *gates), *c = ck_buffer(H * ROWS * sizeof *c);
    float *d = ck_buffer(2 * H * ROWS * sizeof *d);
    float *got = ck_buffer(5 * H * ROWS * sizeof *d), *want = ck_buffer(5 * H * ROWS * sizeof *d);
    for (int try = 0; try < TRIES; try++) {
        int64_t rows = ck_between(1, ROWS), h = ck_between(1, H);
        ck_normal(gates, 4 * rows * h, try % 2 ? 1.0f : 10.0f);
        ck_normal(c, rows * h, 1.0f);
        ck_normal(d, 2 * rows * h, 1.0f);
        plain.lstm(rows, h, want, want + h, 2 * h, gates, c);
        v->k.lstm(rows, h, got, got + h, 2 * h, gates, c);
        ck_close("lstm", v->name, "rows", got, want, 2 * rows * h, 1e-6, 1e-6);
        plain.lstm_grad(rows, h, want, want + 4 * h, 5 * h, gates, c, d, d + h, 2 * h);
        v->k.lstm_grad(rows, h, got, got + 4 * h, 5 * h, gates, c, d, d + h, 2 * h);
        ck_close("lstm_grad", v->name, "rows", got, want, 5 * rows * h, 2e-6, 2e-6);
    }
}

/* A row of a mixture: some weights, means near the target, log scales from very narrow to wide. */
static void random_mixture(float *params, int64_t rows, int64_t k, const float *target)
{
    for (int64_t r = 0; r < rows; r++) {
        float *row = params + 3 * k * r;
        ck_normal(row, 3 * k, 1.0f);
        for (int64_t j = 0; j < k; j++) {
            row[k + j] = target[r] + 0.1f * row[k + j];
            row[2 * k + j] = -4.0f + 2.5f * row[2 * k + j];
        }
    }
}

/* Levels of a 16-bit grid, both ends among them. */
static void random_levels(float *target, int64_t rows)
{
    for (int64_t r = 0; r < rows; r++) {
        target[r] = (float)(2.0 * (double)ck_between(0, 65535) / 65535.0 - 1.0);
    }
    target[0] = -1.0f;
    target[rows - 1] = 1.0f;
}

static void check_mixture(const version *v)
{
    enum { K = 37 };
    const float floor = -7.0f;
    float target[ROWS], dloss[ROWS], got_t[ROWS], want_t[ROWS];
    float *params = ck_buffer(3 * K * ROWS * sizeof *params);
    float *got = ck_buffer(3 * K * ROWS * sizeof *got),
          *want = ck_buffer(3 * K * ROWS * sizeof *got);
    for (int try = 0; try < TRIES; try++) {
        int64_t rows = ck_between(2, ROWS), k = ck_between(1, K);
        random_levels(target, rows);
        random_mixture(params, rows, k, target);
        ck_normal(dloss, rows, 1.0f);
        plain.mol_loss(rows, k, want, params, target, 16, floor);
        v->k.mol_loss(rows, k, got, params, target, 16, floor);
        ck_close("mol_loss", v->name, "rows", got, want, rows, 1e-5, 2e-6);
        plain.mol_loss_grad(rows, k, want, want_t, params, target, dloss, 16, floor);
        v->k.mol_loss_grad(rows, k, got, got_t, params, target, dloss, 16, floor);
        ck_close("mol_loss_grad", v->name, "rows", got, want, 3 * rows * k, 1e-4, 1e-4);
        ck_close("mol_loss_grad", v->name, "targets", got_t, want_t, rows, 1e-3, 1e-4);
    }
}

/* The reference itself: a mixture's masses over all levels of its grid sum to 1. */
static void check_mixture_mass(const version *v)
{
    enum { K = 3, BITS = 8, LEVELS = 1 << BITS };
    float params[3 * K] = { 0.3f, -0.2f, 1.0f, -0.5f, 0.9f, 0.1f, -3.0f, -2.0f, -4.0f };
    for (int try = 0; try < TRIES; try++) {
        ck_normal(params, 2 * K, 0.7f);
        double mass = 0.0;
        for (int i = 0; i < LEVELS; i++) {
            float target = 2.0f * (float)i / (LEVELS - 1) - 1.0f, loss;
            v->k.mol_loss(1, K, &loss, params, &target, BITS, -7.0f);
            mass += exp(-(double)loss);
        }
        float got = (float)mass, want = 1.0f;
        ck_close("mol_loss", v->name, "all levels", &got, &want, 1, 2e-4, 0);
    }
}

static void check_gaussian(const version *v)
{
    float params[2 * ROWS], target[ROWS], dloss[ROWS], got[2 * ROWS], want[2 * ROWS], got_t[ROWS];
    float want_t[ROWS];
    for (int try = 0; try < TRIES; try++) {
        ck_normal(params, 2 * ROWS, 2.0f);
        ck_normal(target, ROWS, 1.0f);
        ck_normal(dloss, ROWS, 1.0f);
        plain.gaussian_loss(ROWS, want, params, target, -2.0f);
        v->k.gaussian_loss(ROWS, got, params, target, -2.0f);
        ck_close("gaussian_loss", v->name, "rows", got, want, ROWS, 1e-6, 2e-6);
        plain.gaussian_loss_grad(ROWS, want, want_t, params, target, dloss, -2.0f);
        v->k.gaussian_loss_grad(ROWS, got, got_t, params, target, dloss, -2.0f);
        ck_close("gaussian_loss_grad", v->name, "rows", got, want, 2 * ROWS, 1e-6, 2e-6);
        ck_close("gaussian_loss_grad", v->name, "targets", got_t, want_t, ROWS, 1e-6, 2e-6);
    }
}

/* ---- times ---- */

enum { T = 8000, GATES = 64 };

typedef struct {
    const vt_kernels *k;
    vtk_unary op;
    float *x, *y, *loss;
    int32_t *target;
} timing;

static void time_unary(void *user)
{
    timing *t = user;
    t->k->unary[t->op](4096, t->y, t->x, 0.5f, 0.5f);
}

static void time_add_row(void *user)
{
    timing *t = user;
    t->k->binary[VTK_ADD][VTK_VECTOR_VECTOR](T, 128, t->y, 128, t->x, 128, t->loss, 0);
}

static void time_sum_columns(void *user)
{
    timing *t = user;
    t->k->sum_columns(T, 128, t->y, t->x, 128, false);
}

static void time_gated(void *user)
{
    timing *t = user;
    t->k->gated(T, GATES, t->y, t->x);
}

static void time_gated_grad(void *user)
{
    timing *t = user;
    t->k->gated_grad(T, GATES, t->y, t->x, t->loss);
}

static void time_cross_entropy(void *user)
{
    timing *t = user;
    t->k->cross_entropy(1000, 256, t->loss, t->x, t->target);
}

static void time_cross_entropy_grad(void *user)
{
    timing *t = user;
    t->k->cross_entropy_grad(1000, 256, t->y, t->x, t->target, t->loss);
}

static void time_mol(void *user)
{
    timing *t = user;
    t->k->mol_loss(1000, 10, t->y, t->x, t->loss, 16, -7.0f);
}

static void time_mol_grad(void *user)
{
    timing *t = user;
    t->k->mol_loss_grad(1000, 10, t->y, NULL, t->x, t->loss, t->loss, 16, -7.0f);
}

static void time_lstm(void *user)
{
    timing *t = user;
    t->k->lstm(32, 256, t->y, t->y + 256, 512, t->x, t->loss);
}

static void report(const char *name, const vt_kernels *k, void (*call)(void *), timing *t,
                   double elements)
{
    ck_report(name, k->name, ck_seconds(call, t), elements * 1e-9, "elements/ns");
}

static void time_kernels(const vt_kernels *k)
{
    timing t = { .k = k,
                 .x = ck_buffer(T * 256 * sizeof(float)),
                 .y = ck_buffer(T * 256 * sizeof(float)),
                 .loss = ck_buffer(T * 256 * sizeof(float)),
                 .target = ck_buffer(T * sizeof(int32_t)) };
    ck_normal(t.x, T * 256, 1.0f);
    ck_normal(t.loss, T * 256, 0.3f);
    random_targets(t.target, 1000, 256);
    for (t.op = 0; t.op < VTK_UNARY; t.op++) {
        report(unaries[t.op].name, k, time_unary, &t, 4096.0);
    }
    report("add, [8000,128] + [128]", k, time_add_row, &t, T * 128.0);
    report("sum_columns, [8000,128]", k, time_sum_columns, &t, T * 128.0);
    report("gated, [8000,64]", k, time_gated, &t, T * (double)GATES);
    report("gated_grad, [8000,64]", k, time_gated_grad, &t, T * (double)GATES);
    report("cross_entropy, [1000,256]", k, time_cross_entropy, &t, 256e3);
    report("cross_entropy_grad, [1000,256]", k, time_cross_entropy_grad, &t, 256e3);
    report("mol_loss, [1000], K = 10", k, time_mol, &t, 10e3);
    report("mol_loss_grad, [1000], K = 10", k, time_mol_grad, &t, 10e3);
    report("lstm, [32,256]", k, time_lstm, &t, 32.0 * 256.0);
}

static void check_version(const version *v)
{
    check_unary(v);
    check_accuracy(v);
    check_binary(v);
    check_fill_and_where(v);
    check_reductions(v);
    check_long_sum(v);
    check_softmax(v);
    check_bad_targets(v);
    check_gated(v);
    check_lstm(v);
    check_mixture(v);
    check_mixture_mass(v);
    check_gaussian(v);
    if (ck_timing()) {
        time_kernels(&v->k);
    }
}

void check_tensor(void)
{
    ck_version versions[CK_MAX_VERSIONS];
    int count = ck_versions(versions);
    vt_kernels_fill(&plain, 0);
    version reference = { "c", plain };
    check_accuracy(&reference);
    check_long_sum(&reference);
    check_mixture_mass(&reference);
    check_bad_targets(&reference);
    if (ck_timing()) {
        time_kernels(&plain);
    }
    for (int i = 0; i < count; i++) {
        version v = { versions[i].name, plain };
        vt_kernels_fill(&v.k, versions[i].features);
        check_version(&v);
    }
}
