/* The sampler's kernels against their plain C reference. */
#include "checkkernels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "wavenet/kernels/kernels.h"

static const char *const kind_names[] = { "multiply f32", "multiply bf16", "multiply int8" };

/* ---- products ---- */

typedef struct {
    const float *values; /* [k, n] */
    int n;
} table;

static float element(const void *user, int i, int j)
{
    const table *t = user;
    return t->values[(size_t)i * (size_t)t->n + (size_t)j];
}

typedef struct {
    ag_weights kind;
    int rows, k, n;
    table dense;
    wn_matrix w;
    wn_rows x;
    wn_addend to;
    float *y;
    ptrdiff_t y_stride;
    wn_multiply_fn *multiply;
} product;

static float *floats(int64_t count)
{
    return ck_buffer((size_t)count * sizeof(float));
}

static void random_rows(product *p)
{
    ptrdiff_t stride = wn_padded(p->k) + 64;
    float *x = floats(p->rows * stride);
    ck_normal(x, p->rows * stride, 1.0f);
    p->x = (wn_rows){ x, stride, NULL };
    if (p->kind != AG_WEIGHTS_INT8)
        return;
    int8_t *q = ck_buffer((size_t)(p->rows * stride));
    float *scale = floats(p->rows);
    wn_kernels_c.quantise(p->rows, wn_padded(p->k), x, stride, q, stride, scale);
    p->x = (wn_rows){ q, stride, scale };
}

static product random_product(ag_weights kind, int rows, int k, int n)
{
    product p = { .kind = kind, .rows = rows, .k = k, .n = n, .y_stride = n + 16 };
    float *values = floats((int64_t)k * n);
    ck_normal(values, (int64_t)k * n, 1.0f / sqrtf((float)k));
    p.dense = (table){ values, n };
    wn_matrix_pack(kind, k, n, element, &p.dense, ck_buffer(wn_matrix_bytes(kind, k, n)), &p.w);
    random_rows(&p);
    float *a = floats(rows * (int64_t)n), *b = floats(n);
    ck_normal(a, rows * (int64_t)n, 1.0f);
    ck_normal(b, n, 1.0f);
    p.to = (wn_addend){ a, n, ck_between(0, 1) ? b : NULL, 0 };
    p.y = floats(rows * p.y_stride);
    return p;
}

/* Largest difference that another order of the sums may make: they are of about k products of size
 * 1 / sqrt(k). The integers themselves are exact. */
static double product_tolerance(const product *p)
{
    return p->kind == AG_WEIGHTS_INT8 ? 1e-6 : 2e-6 * sqrt(sqrt((double)p->k));
}

static void check_product(ag_weights kind, const wn_kernels *fast, const char *version)
{
    int k = (int)ck_between(1, 150), n = wn_padded((int)ck_between(1, 300));
    if (kind == AG_WEIGHTS_INT8)
        k = (k + 3) / 4 * 4;
    product p = random_product(kind, (int)ck_between(1, 11), k, n);
    char shape[80];
    snprintf(shape, sizeof(shape), "%d rows, [%d, %d]", p.rows, k, n);
    int64_t size = p.rows * p.y_stride;
    float *want = floats(size);
    wn_kernels_c.multiply[kind](&p.w, p.rows, &p.x, &p.to, want, p.y_stride);
    fast->multiply[kind](&p.w, p.rows, &p.x, &p.to, p.y, p.y_stride);
    ck_close(kind_names[kind], version, shape, p.y, want, size, product_tolerance(&p), 1e-6);

    /* A row's bytes do not depend on how many rows there are. */
    float *alone = floats(n);
    for (int r = 0; r < p.rows; r++) {
        wn_rows x = p.x;
        size_t bytes = kind == AG_WEIGHTS_INT8 ? 1 : sizeof(float);
        x.data = (const char *)x.data + (size_t)(r * x.stride) * bytes;
        x.scale = x.scale ? x.scale + r : NULL;
        wn_addend to = p.to;
        to.a += r * to.a_stride;
        fast->multiply[kind](&p.w, 1, &x, &to, alone, 0);
        ck_equal(kind_names[kind], version, "one row of several", alone, p.y + r * p.y_stride,
                 (size_t)n * sizeof(float));
    }
}

static double input_of(const product *p, int row, int i)
{
    ptrdiff_t at = row * p->x.stride + i;
    if (p->kind == AG_WEIGHTS_INT8)
        return (double)p->x.scale[row] * ((const int8_t *)p->x.data)[at];
    return (double)((const float *)p->x.data)[at];
}

static float largest_weight(const product *p, int column)
{
    float most = 0;
    for (int i = 0; i < p->k; i++)
        most = fmaxf(most, fabsf(element(&p->dense, i, column)));
    return most;
}

/* One output of the reference, against the dense matrix it was packed from. */
static void check_output(const product *p, int row, int column)
{
    static const double step[] = { 5e-7, 1.0 / 256, 1.0 / 200 };
    double sum = p->to.a[row * p->to.a_stride + column], size = fabs(sum);
    double most = (double)largest_weight(p, column);
    sum += p->to.b ? p->to.b[column] : 0.0f;
    for (int i = 0; i < p->k; i++) {
        double x = input_of(p, row, i), w = (double)element(&p->dense, i, column);
        sum += w * x;
        size += fabs(x) * (p->kind == AG_WEIGHTS_INT8 ? most : fabs(w));
    }
    float got = p->y[row * p->y_stride + column], want = (float)sum;
    ck_close(kind_names[p->kind], "c", "the dense matrix", &got, &want, 1,
             1e-6 + step[p->kind] * size, 0);
}

static void check_reference(ag_weights kind)
{
    int k = 4 * (int)ck_between(1, 40), n = wn_padded((int)ck_between(1, 200));
    product p = random_product(kind, 2, k, n);
    wn_kernels_c.multiply[kind](&p.w, p.rows, &p.x, &p.to, p.y, p.y_stride);
    for (int row = 0; row < p.rows; row++)
        for (int column = 0; column < n; column++)
            check_output(&p, row, column);
}

static void call_product(void *user)
{
    const product *p = user;
    p->multiply(&p->w, p->rows, &p->x, &p->to, p->y, p->y_stride);
}

static void time_products(ag_weights kind, const wn_kernels *fast, const char *version)
{
    static const int rows[] = { 1, 8 };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        product p = random_product(kind, rows[i], 64, 128);
        p.multiply = fast->multiply[kind];
        char name[80];
        snprintf(name, sizeof(name), "%s, %d x [64, 128]", kind_names[kind], rows[i]);
        ck_report(name, version, ck_seconds(call_product, &p), 2e-9 * rows[i] * 64 * 128,
                  "GFLOP/s");
    }
}

/* ---- elementwise ---- */

typedef struct {
    const wn_kernels *kernels;
    int rows, n;
    float *x, *out, *scale;
    int8_t *q;
} vectors;

static vectors random_vectors(const wn_kernels *kernels, int rows, int n, float stddev)
{
    vectors v = { .kernels = kernels, .rows = rows, .n = n };
    v.x = floats((int64_t)rows * 2 * n);
    v.out = floats((int64_t)rows * 2 * n);
    v.scale = floats(rows + n);
    v.q = ck_buffer((size_t)(rows * 2 * n));
    ck_normal(v.x, (int64_t)rows * 2 * n, stddev);
    return v;
}

static void call_gate(void *user)
{
    const vectors *v = user;
    v->kernels->gate(v->rows, v->n, v->x, 2 * v->n, v->out, v->n);
}

static void call_gate_int8(void *user)
{
    const vectors *v = user;
    v->kernels->gate_int8(v->rows, v->n, v->x, 2 * v->n, v->q, v->n);
}

static void call_quantise(void *user)
{
    const vectors *v = user;
    v->kernels->quantise(v->rows, v->n, v->x, v->n, v->q, v->n, v->scale);
}

static void call_exp_groups(void *user)
{
    const vectors *v = user;
    v->kernels->exp_groups(v->n, v->x, 0.7f, v->out, v->scale);
}

/* Gates of all sizes, the clamps' region and infinities, against the definition in double. */
static void check_gate(const wn_kernels *kernels, const char *version)
{
    vectors v = random_vectors(kernels, 3, 16 * (int)ck_between(1, 20), 6.0f);
    int64_t inputs = (int64_t)v.rows * 2 * v.n, outputs = inputs / 2;
    static const float special[] = { 0.0f, -0.0f, INFINITY, -INFINITY, 1e30f, -1e30f, 1e-30f };
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
        v.x[ck_between(0, inputs - 1)] = special[i];
    float *want = floats(outputs), *got = floats(outputs);
    for (int64_t i = 0; i < outputs; i++) {
        const float *pre = v.x + i / v.n * 2 * v.n + i % v.n;
        want[i] = (float)(tanh((double)pre[0]) / (1 + exp(-(double)pre[v.n])));
    }
    call_gate(&v);
    ck_close("gate", version, "normal and special values", v.out, want, outputs, 4e-7, 0);
    call_gate_int8(&v);
    for (int64_t i = 0; i < outputs; i++)
        got[i] = (float)v.q[i] / 127.0f;
    ck_close("gate_int8", version, "normal and special values", got, want, outputs,
             0.5 / 127 + 1e-6, 0);
}

static void check_quantise(const wn_kernels *kernels, const char *version)
{
    vectors v = random_vectors(kernels, 3, 16 * (int)ck_between(1, 20), 3.0f);
    memset(v.x + v.n, 0, (size_t)v.n * sizeof(float)); /* the second row is silent */
    call_quantise(&v);
    float *got = floats(v.rows * v.n);
    for (int r = 0; r < v.rows; r++) {
        float peak = 0, error = 0, zero = 0;
        for (int i = r * v.n; i < (r + 1) * v.n; i++) {
            peak = fmaxf(peak, fabsf(v.x[i]));
            got[i] = v.scale[r] * (float)v.q[i];
            error = fmaxf(error, fabsf(got[i] - v.x[i]));
        }
        ck_close("quantise", version, "error of a row", &error, &zero, 1, 0.501 * peak / 127, 0);
    }
}

static void check_exp_groups(const wn_kernels *kernels, const char *version)
{
    vectors v = random_vectors(kernels, 1, WN_GROUP * (int)ck_between(1, 20), 30.0f);
    float peak = -INFINITY;
    for (int i = 0; i < v.n; i++)
        peak = fmaxf(peak, v.x[i]);
    float *want = floats(v.n), *groups = floats(v.n);
    for (int i = 0; i < v.n; i++) {
        /* The power as float32 has it: its rounding alone makes 5e-6 of the exponential. */
        float power = (v.x[i] - peak) * 0.7f;
        want[i] = (float)exp((double)power);
        groups[i / WN_GROUP] += want[i];
    }
    call_exp_groups(&v);
    ck_close("exp_groups", version, "exponentials", v.out, want, v.n, 2e-38, 1.2e-5);
    ck_close("exp_groups", version, "sums", v.scale, groups, v.n / WN_GROUP, 2e-37, 1.3e-5);
}

static void time_elementwise(const wn_kernels *kernels, const char *version)
{
    vectors one = random_vectors(kernels, 1, 64, 2.0f), all = random_vectors(kernels, 1, 256, 2.0f);
    ck_report("gate, 64", version, ck_seconds(call_gate, &one), 64e-9, "Gvalues/s");
    ck_report("gate_int8, 64", version, ck_seconds(call_gate_int8, &one), 64e-9, "Gvalues/s");
    ck_report("quantise, 64", version, ck_seconds(call_quantise, &one), 64e-9, "Gvalues/s");
    ck_report("exp_groups, 256", version, ck_seconds(call_exp_groups, &all), 256e-9, "Gvalues/s");
}

void check_sampler(void)
{
    enum { ROUNDS = 40 };
    ck_version versions[CK_MAX_VERSIONS + 1];
    int count = ck_versions(versions);
    versions[count++] = (ck_version){ "c", 0 };
    for (int round = 0; round < ROUNDS; round++)
        for (int kind = AG_WEIGHTS_F32; kind <= AG_WEIGHTS_INT8; kind++) {
            if (round < 4)
                check_reference((ag_weights)kind);
            for (int i = 0; i < count; i++)
                check_product((ag_weights)kind, wn_kernels_for(versions[i].features),
                              versions[i].name);
            ck_release();
        }
    for (int i = 0; i < count; i++) {
        const wn_kernels *kernels = wn_kernels_for(versions[i].features);
        for (int round = 0; round < ROUNDS; round++) {
            check_gate(kernels, versions[i].name);
            check_quantise(kernels, versions[i].name);
            check_exp_groups(kernels, versions[i].name);
            ck_release();
        }
        if (!ck_timing())
            continue;
        for (int kind = AG_WEIGHTS_F32; kind <= AG_WEIGHTS_INT8; kind++)
            time_products((ag_weights)kind, kernels, versions[i].name);
        time_elementwise(kernels, versions[i].name);
    }
}
