/* check_conv.c: matrix products, convolutions and pooling against loops over every index. */
#include "checkkernels.h"

#include "tensor/kernels/conv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TRIES = 60 };

/* ---- matrices ----------------------------------------------------------------------------------
 */

static double product(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const float *a,
                      const float *b, int64_t i, int64_t j)
{
    double total = 0.0;
    for (int64_t l = 0; l < k; l++) {
        double u = (double)(ta ? a[l * m + i] : a[i * k + l]);
        total += u * (double)(tb ? b[j * k + l] : b[l * n + j]);
    }
    return total;
}

static void check_gemm(const vt_kernels *table)
{
    enum { SIDE = 300 };
    float *a = ck_buffer(SIDE * SIDE * sizeof *a), *b = ck_buffer(SIDE * SIDE * sizeof *b);
    float *got = ck_buffer(SIDE * SIDE * sizeof *a), *want = ck_buffer(SIDE * SIDE * sizeof *a);
    for (int try = 0; try < TRIES; try++) {
        int64_t m = ck_between(1, SIDE), n = ck_between(1, SIDE), k = ck_between(1, SIDE);
        bool ta = ck_between(0, 1), tb = ck_between(0, 1), add = ck_between(0, 1);
        char shape[64];
        ck_normal(a, m * k, 1.0f);
        ck_normal(b, k * n, 1.0f);
        for (int64_t i = 0; i < m * n; i++) {
            got[i] = add ? 1.0f : NAN;
            want[i] = (float)(product(ta, tb, m, n, k, a, b, i / n, i % n) + add);
        }
        snprintf(shape, sizeof shape, "%dx%dx%d%s%s", (int)m, (int)n, (int)k, ta ? " A^T" : "",
                 tb ? " B^T" : "");
        vt_gemm_with(table, ta, tb, m, n, k, a, ta ? m : k, b, tb ? k : n, add ? 1.0f : 0.0f, got,
                     n);
        ck_close("gemm", table->name, shape, got, want, m * n, 1e-5 + 2e-7 * (double)k, 1e-5);
    }
}

/* ---- convolutions ---- */

/* Walk every product x[ix] w[iw] -> y[iy] of a convolution. */
typedef void visit_fn(double *sum, const float *a, const float *b, int64_t ix, int64_t iw,
                      int64_t iy);

static void visit_forward(double *sum, const float *a, const float *b, int64_t ix, int64_t iw,
                          int64_t iy)
{
    sum[iy] += (double)a[ix] * (double)b[iw];
}

static void visit_back(double *sum, const float *a, const float *b, int64_t ix, int64_t iw,
                       int64_t iy)
{
    sum[ix] += (double)a[iy] * (double)b[iw];
}

static void visit_weights(double *sum, const float *a, const float *b, int64_t ix, int64_t iw,
                          int64_t iy)
{
    sum[iw] += (double)a[ix] * (double)b[iy];
}

typedef struct {
    vt_conv_spec s;
    int64_t oh, ow, x, w, y; /* sizes of the tensors */
} problem;

/* One tap of one output cell, over all channels. */
static void walk_tap(const problem *q, visit_fn *visit, double *sum, const float *a, const float *b,
                     int64_t cell_x, int64_t tap, int64_t cell_y)
{
    const vt_conv_spec *s = &q->s;
    for (int64_t i = 0; i < s->i; i++) {
        for (int64_t o = 0; o < s->o; o++) {
            visit(sum, a, b, cell_x * s->i + i, (tap * s->i + i) * s->o + o, cell_y * s->o + o);
        }
    }
}

static void walk(const problem *q, visit_fn *visit, double *sum, const float *a, const float *b)
{
    const vt_conv_spec *s = &q->s;
    for (int64_t cell = 0; cell < s->b * q->oh * q->ow; cell++) {
        int64_t n = cell / (q->oh * q->ow), oy = cell / q->ow % q->oh, ox = cell % q->ow;
        for (int64_t tap = 0; tap < s->kh * s->kw; tap++) {
            int64_t y = oy * s->p.stride[0] + tap / s->kw * s->p.dilation[0] - s->p.pad[0][0];
            int64_t x = ox * s->p.stride[1] + tap % s->kw * s->p.dilation[1] - s->p.pad[1][0];
            if (y >= 0 && y < s->h && x >= 0 && x < s->w) {
                walk_tap(q, visit, sum, a, b, (n * s->h + y) * s->w + x, tap, cell);
            }
        }
    }
}

static void describe(const problem *q, char *text, size_t size)
{
    const vt_conv_spec *s = &q->s;
    snprintf(text, size, "[%d,%d,%d,%d] %dx%d -> %d, stride %d %d, dilation %d %d, pad %d %d %d %d",
             (int)s->b, (int)s->h, (int)s->w, (int)s->i, (int)s->kh, (int)s->kw, (int)s->o,
             s->p.stride[0], s->p.stride[1], s->p.dilation[0], s->p.dilation[1], s->p.pad[0][0],
             s->p.pad[0][1], s->p.pad[1][0], s->p.pad[1][1]);
}

static problem complete(vt_conv_spec s)
{
    ag_conv_params *p = &s.p;
    problem q = { .x = s.b * s.h * s.w * s.i, .w = s.kh * s.kw * s.i * s.o };
    for (int axis = 0; axis < 2; axis++) {
        p->stride[axis] = p->stride[axis] ? p->stride[axis] : 1;
        p->dilation[axis] = p->dilation[axis] ? p->dilation[axis] : 1;
    }
    q.s = s;
    q.oh = vt_conv_size(s.h, s.kh, p->stride[0], p->dilation[0], p->pad[0][0], p->pad[0][1]);
    q.ow = vt_conv_size(s.w, s.kw, p->stride[1], p->dilation[1], p->pad[1][0], p->pad[1][1]);
    q.y = s.b * q.oh * q.ow * s.o;
    return q;
}

/* A random geometry whose window fits; line: height 1. */
static problem random_problem(bool line)
{
    problem q;
    do {
        vt_conv_spec s = { .b = ck_between(1, 3), .i = ck_between(1, 20), .o = ck_between(1, 20) };
        s.h = line ? 1 : ck_between(1, 12);
        s.w = line ? ck_between(1, 700) : ck_between(1, 12);
        s.kh = line ? 1 : ck_between(1, 4);
        s.kw = ck_between(1, 4);
        for (int axis = 0; axis < 2; axis++) {
            bool flat = line && axis == 0, plain = ck_between(0, 1);
            s.p.stride[axis] = flat || plain ? 1 : (int)ck_between(1, 3);
            s.p.dilation[axis] = flat || plain ? 1 : (int)ck_between(1, 4);
            s.p.pad[axis][0] = flat ? 0 : (int)ck_between(plain ? 0 : -2, 4);
            s.p.pad[axis][1] = flat ? 0 : (int)ck_between(plain ? 0 : -2, 4);
        }
        q = complete(s);
    } while (q.oh < 1 || q.ow < 1);
    return q;
}

/* A part at a time, where the convolution can. What is accumulated on are rows of `out`, or, if
 * that is all the same, one row of it. */
static void run_parts(const vt_conv *conv, const float *a, const float *b, float *out,
                      bool accumulate, void *scratch)
{
    int64_t rows = vt_conv_rows(conv);
    bool sums = vt_conv_sums_rows(conv), one = ck_between(0, 1);
    int64_t size = conv->s.kind == VT_CONV_BACK ? vt_conv_count_x(conv) : vt_conv_count_y(conv);
    int64_t width = size / rows;
    float first[64];
    memcpy(first, out, (size_t)width * sizeof *first);
    vt_conv_pack(conv, b, scratch);
    for (int64_t from = 0, to; from < rows; from = to) {
        to = from + ck_between(1, 100);
        to = to < rows ? to : rows;
        if (sums) {
            vt_conv_add_rows(conv, from, to, a, b, out);
        } else {
            const float *base = !accumulate ? NULL : one ? first : out + from * width;
            vt_conv_run_rows(conv, from, to, a, base, one ? 0 : width, out, scratch);
        }
    }
}

/* Run one convolution; false when memory is out. */
static bool run_conv(const vt_kernels *k, const vt_conv_spec *spec, const float *a, const float *b,
                     float *out, bool accumulate)
{
    vt_conv *conv = NULL;
    if (vt_conv_new_with(k, spec, &conv) < 0) {
        return false;
    }
    void *scratch = ag_malloc_aligned(vt_conv_scratch(conv) + 64);
    bool parts = vt_conv_rows(conv) > 0 && (accumulate || !vt_conv_sums_rows(conv));
    if (scratch && parts && ck_between(0, 1)) {
        run_parts(conv, a, b, out, accumulate, scratch);
    } else if (scratch) {
        vt_conv_run(conv, a, b, out, accumulate, scratch);
    }
    ag_free(scratch);
    vt_conv_free(conv);
    return scratch != NULL;
}

static void check_kind(const vt_kernels *k, const problem *q, vt_conv_kind kind, const float *a,
                       const float *b, float *got, float *want, double *sum)
{
    static const char *const names[] = { "conv", "conv_back", "conv_weights" };
    static visit_fn *const visits[] = { visit_forward, visit_back, visit_weights };
    int64_t sizes[] = { q->y, q->x, q->w }, n = sizes[kind];
    bool accumulate = ck_between(0, 1);
    char text[128];
    for (int64_t i = 0; i < n; i++) {
        got[i] = accumulate ? 0.5f : NAN;
        sum[i] = accumulate ? 0.5 : 0.0;
    }
    walk(q, visits[kind], sum, a, b);
    for (int64_t i = 0; i < n; i++) {
        want[i] = (float)sum[i];
    }
    describe(q, text, sizeof text);
    vt_conv_spec spec = q->s;
    spec.kind = kind;
    bool ran = run_conv(k, &spec, a, b, got, accumulate), yes = true;
    if (ck_equal(names[kind], k->name, text, &ran, &yes, sizeof ran)) {
        ck_close(names[kind], k->name, text, got, want, n, 3e-4, 1e-5);
    }
}

/* The three kinds of one geometry. */
static void check_problem(const vt_kernels *k, const problem *q)
{
    int64_t most = q->x > q->w ? q->x : q->w;
    most = most > q->y ? most : q->y;
    float *block = ag_calloc(5 * (size_t)most, sizeof *block);
    double *sum = ag_calloc((size_t)most, sizeof *sum);
    bool ready = block && sum, yes = true;
    if (ck_equal("conv", k->name, "memory", &ready, &yes, sizeof ready)) {
        float *x = block, *w = x + most, *y = w + most, *got = y + most, *want = got + most;
        ck_normal(x, q->x, 1.0f);
        ck_normal(w, q->w, 1.0f);
        ck_normal(y, q->y, 1.0f);
        check_kind(k, q, VT_CONV_FORWARD, x, w, got, want, sum);
        check_kind(k, q, VT_CONV_BACK, y, w, got, want, sum);
        check_kind(k, q, VT_CONV_WEIGHTS, x, y, got, want, sum);
    }
    ag_free(block);
    ag_free(sum);
}

/* More taps than the direct way lists, and strides beyond the window: outputs of the adjoint that
 * no tap reaches. */
static void check_corners(const vt_kernels *k)
{
    const vt_conv_spec specs[] = {
        { .b = 2,
          .h = 15,
          .w = 14,
          .i = 3,
          .kh = 12,
          .kw = 12,
          .o = 5,
          .p = { .stride = { 1, 2 } } },
        { .b = 2,
          .h = 11,
          .w = 13,
          .i = 2,
          .kh = 2,
          .kw = 1,
          .o = 20,
          .p = { .stride = { 4, 3 } } },
    };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        problem q = complete(specs[i]);
        check_problem(k, &q);
    }
}

/* Every allocation that can fail is survived and reported. */
static void check_memory(const vt_kernels *k)
{
    static const vt_conv_kind kinds[] = { VT_CONV_FORWARD, VT_CONV_BACK, VT_CONV_WEIGHTS };
    for (int i = 0; i < 3; i++) {
        vt_conv_spec spec = {
            .kind = kinds[i], .b = 1, .h = 9, .w = 9, .i = 4, .kh = 3, .kw = 3, .o = 4
        };
        spec.p.stride[0] = spec.p.stride[1] = 2;
        vt_conv *conv = NULL;
        const int want = AG_ENOMEM;
        ag_alloc_fail_at(0);
        int status = vt_conv_new_with(k, &spec, &conv);
        uint64_t calls = ag_alloc_fail_at(0);
        vt_conv_free(conv);
        for (uint64_t n = 1; n <= calls; n++) {
            ag_alloc_fail_at(n);
            status = vt_conv_new_with(k, &spec, &conv);
            ck_equal("conv", k->name, "no memory", &status, &want, sizeof status);
            vt_conv_free(conv);
        }
        ag_alloc_fail_at(0);
    }
}

/* ---- pooling ---- */

static vt_pool random_pool(void)
{
    vt_pool p;
    do {
        p = (vt_pool){ .b = ck_between(1, 2),
                       .h = ck_between(1, 9),
                       .w = ck_between(1, 9),
                       .c = ck_between(1, 20),
                       .kh = ck_between(1, 3),
                       .kw = ck_between(1, 3) };
        for (int axis = 0; axis < 2; axis++) {
            p.p.stride[axis] = (int)ck_between(0, 3);
            p.p.pad[axis][0] = (int)ck_between(0, 1);
            p.p.pad[axis][1] = (int)ck_between(-1, 1);
        }
        p.oh = vt_conv_size(p.h, p.kh, p.p.stride[0], 1, p.p.pad[0][0], p.p.pad[0][1]);
        p.ow = vt_conv_size(p.w, p.kw, p.p.stride[1], 1, p.p.pad[1][0], p.p.pad[1][1]);
    } while (p.oh < 1 || p.ow < 1);
    return p;
}

/* Largest value, sum and number of the real cells of one output. */
static void window_values(const vt_pool *p, const float *x, int64_t out, float *max, float *mean)
{
    int64_t c = out % p->c, ox = out / p->c % p->ow, oy = out / p->c / p->ow % p->oh;
    int64_t n = out / p->c / p->ow / p->oh, sy = p->p.stride[0] ? p->p.stride[0] : 1;
    int64_t sx = p->p.stride[1] ? p->p.stride[1] : 1, cells = 0;
    double total = 0.0;
    *max = -INFINITY;
    for (int64_t k = 0; k < p->kh * p->kw; k++) {
        int64_t v = oy * sy - p->p.pad[0][0] + k / p->kw, u = ox * sx - p->p.pad[1][0] + k % p->kw;
        if (v >= 0 && v < p->h && u >= 0 && u < p->w) {
            float value = x[((n * p->h + v) * p->w + u) * p->c + c];
            *max = value > *max ? value : *max;
            total += (double)value;
            cells++;
        }
    }
    *mean = cells ? (float)(total / (double)cells) : 0.0f;
}

static double dot(const float *a, const float *b, int64_t n)
{
    double total = 0.0;
    for (int64_t i = 0; i < n; i++) {
        total += isinf(b[i]) ? 0.0 : (double)a[i] * (double)b[i];
    }
    return total;
}

/* <dy, A x> and <A^T dy, x> agree. */
static void check_adjoint(const char *name, const float *dy, const float *y, int64_t outs,
                          const float *dx, const float *x, int64_t ins)
{
    float got = (float)dot(dx, x, ins), want = (float)dot(dy, y, outs);
    ck_close(name, "c", "the adjoint", &got, &want, 1, 1e-4, 1e-4);
}

static void check_pool(void)
{
    enum { MOST = 2 * 12 * 12 * 20 };
    float x[MOST], y[MOST], dy[MOST], dx[MOST], max[MOST], mean[MOST];
    int32_t index[MOST];
    for (int try = 0; try < TRIES; try++) {
        vt_pool p = random_pool();
        int64_t ins = p.b * p.h * p.w * p.c, outs = p.b * p.oh * p.ow * p.c;
        ck_normal(x, ins, 1.0f);
        ck_normal(dy, outs, 1.0f);
        for (int64_t i = 0; i < outs; i++) {
            window_values(&p, x, i, &max[i], &mean[i]);
        }
        vt_max_pool_index(&p, index, x);
        vt_pool_gather(&p, y, x, index);
        ck_close("max_pool", "c", "random windows", y, max, outs, 0, 0);
        vt_pool_scatter(&p, dx, dy, index);
        check_adjoint("max_pool", dy, y, outs, dx, x, ins);
        vt_avg_pool(&p, y, x);
        ck_close("avg_pool", "c", "random windows", y, mean, outs, 1e-6, 1e-6);
        vt_avg_pool_back(&p, dx, dy);
        check_adjoint("avg_pool", dy, y, outs, dx, x, ins);
    }
}

static void check_pool_ties(void)
{
    vt_pool p = { .b = 1, .h = 2, .w = 3, .c = 1, .kh = 2, .kw = 2, .oh = 1, .ow = 2 };
    const float x[] = { 1, 1, 2, 1, 2, 2 };
    const int32_t want[] = { 4, 2 };
    int32_t index[2];
    vt_max_pool_index(&p, index, x);
    ck_equal("max_pool", "c", "equal values", index, want, sizeof want);
}

/* ---- times ---- */

typedef struct {
    vt_conv *conv;
    float *a, *b, *out;
    void *scratch;
} timing;

static void time_run(void *user)
{
    timing *t = user;
    vt_conv_run(t->conv, t->a, t->b, t->out, false, t->scratch);
}

static void time_conv(const vt_kernels *k, const char *name, vt_conv_spec spec)
{
    static const char *const kinds[] = { "forward", "back", "weights" };
    size_t most = (size_t)(spec.b * spec.h * spec.w * (spec.i > spec.o ? spec.i : spec.o));
    timing t = { .a = ck_buffer(4 * most), .b = ck_buffer(4 * most), .out = ck_buffer(4 * most) };
    ck_normal(t.a, (int64_t)most, 1.0f);
    ck_normal(t.b, (int64_t)most, 1.0f);
    for (int kind = 0; kind < 3; kind++) {
        spec.kind = (vt_conv_kind)kind;
        if (vt_conv_new_with(k, &spec, &t.conv) < 0) {
            return;
        }
        char line[80];
        t.scratch = ck_buffer(vt_conv_scratch(t.conv) + 64);
        snprintf(line, sizeof line, "%s, %s", name, kinds[kind]);
        ck_report(line, k->name, ck_seconds(time_run, &t), 1e-9 * vt_conv_flops(t.conv), "GFLOP/s");
        vt_conv_free(t.conv);
    }
}

typedef struct {
    vt_pool pool;
    float *x, *y;
    int32_t *index;
} pool_timing;

static void time_max_pool(void *user)
{
    pool_timing *t = user;
    vt_max_pool_index(&t->pool, t->index, t->x);
}

static void time_avg_pool(void *user)
{
    pool_timing *t = user;
    vt_avg_pool(&t->pool, t->y, t->x);
}

static void time_pools(void)
{
    enum { CELLS = 10 * 72 * 96 * 16 };
    pool_timing t = {
        .pool = { .b = 10, .h = 72, .w = 96, .c = 16, .kh = 3, .kw = 3, .oh = 36, .ow = 48 },
        .x = ck_buffer(CELLS * sizeof(float)),
        .y = ck_buffer(CELLS * sizeof(float)),
        .index = ck_buffer(CELLS * sizeof(int32_t))
    };
    t.pool.p = (ag_conv_params){ .stride = { 2, 2 }, .pad = { { 0, 1 }, { 0, 1 } } };
    ck_normal(t.x, CELLS, 1.0f);
    double outputs = 1e-9 * (double)(t.pool.b * t.pool.oh * t.pool.ow * t.pool.c);
    ck_report("max_pool 3x3 s2", "c", ck_seconds(time_max_pool, &t), outputs, "outputs/ns");
    ck_report("avg_pool 3x3 s2", "c", ck_seconds(time_avg_pool, &t), outputs, "outputs/ns");
}

static void time_convolutions(const vt_kernels *k)
{
    time_conv(k, "dilated 64->128, 8000 steps",
              (vt_conv_spec){ .b = 1,
                              .h = 1,
                              .w = 8000,
                              .i = 64,
                              .kh = 1,
                              .kw = 2,
                              .o = 128,
                              .p = { .dilation = { 1, 64 }, .pad = { { 0 }, { 64, 0 } } } });
    time_conv(k, "1x1 64->128, 8000 steps",
              (vt_conv_spec){ .b = 1, .h = 1, .w = 8000, .i = 64, .kh = 1, .kw = 1, .o = 128 });
    time_conv(k, "1x1 64->64, 8000 steps",
              (vt_conv_spec){ .b = 1, .h = 1, .w = 8000, .i = 64, .kh = 1, .kw = 1, .o = 64 });
    time_conv(k, "3x3 32->32, 18x24, batch 100",
              (vt_conv_spec){ .b = 100,
                              .h = 18,
                              .w = 24,
                              .i = 32,
                              .kh = 3,
                              .kw = 3,
                              .o = 32,
                              .p = { .pad = { { 1, 1 }, { 1, 1 } } } });
    time_conv(k, "4x4 s2 16->32, 18x24, batch 100",
              (vt_conv_spec){ .b = 100,
                              .h = 36,
                              .w = 48,
                              .i = 16,
                              .kh = 4,
                              .kw = 4,
                              .o = 32,
                              .p = { .stride = { 2, 2 }, .pad = { { 1, 1 }, { 1, 1 } } } });
}

static void check_table(const vt_kernels *k)
{
    check_gemm(k);
    for (int try = 0; try < TRIES; try++) {
        problem q = random_problem(try % 2 == 0);
        check_problem(k, &q);
    }
    check_corners(k);
    check_memory(k);
    if (ck_timing()) {
        time_convolutions(k);
    }
}

void check_conv(void)
{
    ck_version versions[CK_MAX_VERSIONS];
    int count = ck_versions(versions);
    vt_kernels k;
    check_pool();
    check_pool_ties();
    if (ck_timing()) {
        time_pools();
    }
    vt_kernels_fill(&k, 0);
    check_table(&k);
    for (int i = 0; i < count; i++) {
        vt_kernels_fill(&k, versions[i].features);
        check_table(&k);
    }
}
