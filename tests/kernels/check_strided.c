/* check_strided.c: the drivers for shapes, against loops over every index. */
#include "checkkernels.h"

#include "tensor/kernels/kernels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TRIES = 300, MOST = 6 * 6 * 6 * 6 * 6 * 6 };

typedef struct {
    int rank;
    int64_t dim[AG_MAX_RANK];
} shape;

static shape random_shape(void)
{
    shape s = { .rank = (int)ck_between(0, AG_MAX_RANK) };
    for (int i = 0; i < s.rank; i++) {
        s.dim[i] = s.rank <= 2 ? ck_between(1, 60) : ck_between(1, s.rank <= 4 ? 9 : 5);
    }
    return s;
}

static int64_t count_of(const shape *s)
{
    int64_t n = 1;
    for (int i = 0; i < s->rank; i++) {
        n *= s->dim[i];
    }
    return n;
}

/* Offset of the element with row-major number `i` under strides. */
static int64_t offset_of(const shape *s, int64_t i, const int64_t *strides)
{
    int64_t at = 0;
    for (int d = s->rank - 1; d >= 0; d--) {
        at += i % s->dim[d] * strides[d];
        i /= s->dim[d];
    }
    return at;
}

static const char *text_of(const shape *s, char *buffer, size_t size)
{
    size_t at = (size_t)snprintf(buffer, size, "[");
    for (int i = 0; i < s->rank; i++) {
        at += (size_t)snprintf(buffer + at, size - at, i ? ",%d" : "%d", (int)s->dim[i]);
    }
    snprintf(buffer + at, size - at, "]");
    return buffer;
}

/* A shape that broadcasts to `to`: leading axes left out, others set to 1 at random. */
static shape random_part(const shape *to)
{
    int skip = (int)ck_between(0, 2) ? 0 : (int)ck_between(0, to->rank);
    shape s = { .rank = to->rank - skip };
    for (int i = 0; i < s.rank; i++) {
        s.dim[i] = ck_between(0, 2) ? to->dim[i + skip] : 1;
    }
    return s;
}

static void check_broadcast(const vt_kernels *k, const char *name)
{
    float *a = ck_buffer(MOST * sizeof *a), *b = ck_buffer(MOST * sizeof *b);
    float *got = ck_buffer(MOST * sizeof *a), *want = ck_buffer(MOST * sizeof *a);
    for (int try = 0; try < TRIES; try++) {
        shape y = random_shape(), u = random_part(&y), v = random_part(&y);
        int64_t su[AG_MAX_RANK], sv[AG_MAX_RANK], n = count_of(&y);
        char text[64];
        ck_normal(a, count_of(&u), 1.0f);
        ck_normal(b, count_of(&v), 1.0f);
        vt_broadcast_strides(u.rank, u.dim, y.rank, y.dim, su);
        vt_broadcast_strides(v.rank, v.dim, y.rank, y.dim, sv);
        for (int64_t i = 0; i < n; i++) {
            want[i] = a[offset_of(&y, i, su)] - b[offset_of(&y, i, sv)];
        }
        vt_binary(k, VTK_SUB, y.rank, y.dim, got, a, su, b, sv);
        ck_close("binary", name, text_of(&y, text, sizeof text), got, want, n, 0, 0);
    }
}

/* Permutations and slices of a larger tensor, into a slice of another. */
static void check_copy(void)
{
    float *x = ck_buffer(MOST * sizeof *x), *got = ck_buffer(MOST * sizeof *x);
    float *want = ck_buffer(MOST * sizeof *x);
    ck_normal(x, MOST, 1.0f);
    for (int try = 0; try < TRIES; try++) {
        shape whole = random_shape(), part = whole;
        int64_t from[AG_MAX_RANK], to[AG_MAX_RANK], sx[AG_MAX_RANK], sy[AG_MAX_RANK];
        char text[64];
        vt_contiguous(whole.rank, whole.dim, from);
        vt_contiguous(whole.rank, whole.dim, to);
        for (int i = 0; i < whole.rank; i++) {
            part.dim[i] = ck_between(0, 1) ? whole.dim[i] : ck_between(1, whole.dim[i]);
            sx[i] = ck_between(0, 6) ? from[i] : 0;
            sy[i] = to[i];
        }
        for (int i = whole.rank - 1; i > 0; i--) { /* the same axes, shuffled */
            int j = (int)ck_between(0, i);
            int64_t d = part.dim[i], u = sx[i], v = sy[i];
            part.dim[i] = part.dim[j], sx[i] = sx[j], sy[i] = sy[j];
            part.dim[j] = d, sx[j] = u, sy[j] = v;
        }
        memset(want, 0, MOST * sizeof *want);
        memset(got, 0, MOST * sizeof *got);
        for (int64_t i = 0; i < count_of(&part); i++) {
            want[offset_of(&part, i, sy)] = x[offset_of(&part, i, sx)];
        }
        vt_copy_strided(part.rank, part.dim, got, sy, x, sx);
        ck_equal("copy", "c", text_of(&part, text, sizeof text), got, want, MOST * sizeof *got);
    }
}

/* A transposition to contiguous memory takes the tiled loop. */
static void check_transpose(void)
{
    enum { SIDE = 90 };
    float *x = ck_buffer(SIDE * SIDE * sizeof *x), *got = ck_buffer(SIDE * SIDE * sizeof *x);
    float *want = ck_buffer(SIDE * SIDE * sizeof *x);
    ck_normal(x, SIDE * SIDE, 1.0f);
    for (int try = 0; try < TRIES; try++) {
        int64_t m = ck_between(1, SIDE), n = ck_between(1, SIDE);
        int64_t dim[2] = { m, n }, sy[2] = { n, 1 }, sx[2] = { 1, m };
        for (int64_t i = 0; i < m * n; i++) {
            want[i] = x[i % n * m + i / n];
        }
        vt_copy_strided(2, dim, got, sy, x, sx);
        ck_equal("copy", "c", "a transposition", got, want, (size_t)(m * n) * sizeof *got);
    }
}

/* Strides of the reduced tensor, 0 along the reduced axes. */
static int64_t kept_strides(const shape *s, unsigned axes, int64_t *strides)
{
    int64_t step = 1;
    for (int i = s->rank - 1; i >= 0; i--) {
        bool kept = !(axes >> i & 1u);
        strides[i] = kept ? step : 0;
        step *= kept ? s->dim[i] : 1;
    }
    return step;
}

static void check_reductions(const vt_kernels *k, const char *name)
{
    float *x = ck_buffer(MOST * sizeof *x), *got = ck_buffer(MOST * sizeof *x);
    float *sum = ck_buffer(MOST * sizeof *x), *max = ck_buffer(MOST * sizeof *x);
    double *exact = ck_buffer(MOST * sizeof *exact);
    for (int try = 0; try < TRIES; try++) {
        shape s = random_shape();
        unsigned axes = (unsigned)ck_between(0, 63);
        int64_t strides[AG_MAX_RANK], n = kept_strides(&s, axes, strides);
        char text[64];
        ck_normal(x, count_of(&s), 1.0f);
        for (int64_t i = 0; i < n; i++) {
            exact[i] = 0.0;
            max[i] = -INFINITY;
        }
        for (int64_t i = 0; i < count_of(&s); i++) {
            int64_t at = offset_of(&s, i, strides);
            exact[at] += (double)x[i];
            max[at] = x[i] > max[at] ? x[i] : max[at];
        }
        for (int64_t i = 0; i < n; i++) {
            sum[i] = (float)exact[i];
        }
        vt_sum(k, s.rank, s.dim, axes, got, x);
        ck_close("sum", name, text_of(&s, text, sizeof text), got, sum, n, 1e-5, 1e-6);
        vt_max(k, s.rank, s.dim, axes, got, x);
        ck_close("max", name, text_of(&s, text, sizeof text), got, max, n, 0, 0);
    }
}

static void random_index(int32_t *index, int64_t count, int64_t rows)
{
    for (int64_t i = 0; i < count; i++) {
        index[i] = (int32_t)ck_between(0, rows - 1);
    }
}

/* gather and pick read what scatter_add and unpick write. */
static void check_index(void)
{
    enum { COUNT = 20, WIDTH = 30, SIZE = COUNT * WIDTH };
    float x[SIZE], y[SIZE], got[SIZE], want[SIZE];
    int32_t index[COUNT];
    for (int try = 0; try < TRIES; try++) {
        int64_t count = ck_between(1, COUNT), n = ck_between(1, WIDTH), rows = ck_between(1, COUNT);
        ck_normal(x, SIZE, 1.0f);
        random_index(index, count, rows);
        vt_gather(count, n, y, x, rows, index);
        memset(want, 0, sizeof want);
        for (int64_t i = 0; i < count * n; i++) {
            ck_equal("gather", "c", "rows", &y[i], &x[index[i / n] * n + i % n], sizeof *y);
            want[index[i / n] * n + i % n] += y[i];
        }
        vt_scatter_add(count, n, got, rows, y, index);
        ck_close("scatter_add", "c", "rows", got, want, rows * n, 1e-6, 1e-6);
        random_index(index, count, n);
        vt_pick(count, n, y, x, index);
        vt_unpick(count, n, got, y, index);
        for (int64_t i = 0; i < count * n; i++) {
            want[i] = index[i / n] == i % n ? x[i] : 0.0f;
        }
        ck_equal("unpick", "c", "rows", got, want, (size_t)(count * n) * sizeof *got);
    }
}

static void check_bad_index(void)
{
    enum { COUNT = 8 };
    float x[COUNT * 4] = { 0 }, y[COUNT * 4];
    for (int try = 0; try < TRIES; try++) {
        int32_t index[COUNT];
        int64_t bad = ck_between(0, COUNT - 1);
        random_index(index, COUNT, 4);
        index[bad] = try % 2 ? 4 : -1;
        int64_t found[] = { vt_gather(COUNT, 4, y, x, 4, index),
                            vt_scatter_add(COUNT, 4, y, 4, x, index),
                            vt_pick(COUNT, 4, y, x, index), vt_unpick(COUNT, 4, y, x, index) };
        for (int i = 0; i < 4; i++) {
            ck_equal("index", "c", "a bad index", &found[i], &bad, sizeof bad);
        }
    }
}

void check_strided(void)
{
    ck_version versions[CK_MAX_VERSIONS];
    int count = ck_versions(versions);
    vt_kernels k;
    vt_kernels_fill(&k, 0);
    check_broadcast(&k, "c");
    check_reductions(&k, "c");
    for (int i = 0; i < count; i++) {
        vt_kernels_fill(&k, versions[i].features);
        check_broadcast(&k, versions[i].name);
        check_reductions(&k, versions[i].name);
    }
    check_copy();
    check_transpose();
    check_index();
    check_bad_index();
}
