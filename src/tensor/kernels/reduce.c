/* Reductions over any set of axes, reduced to sums over rows or columns of a matrix. */
#include "tensor/kernels/kernels.h"

typedef void reduce_fn(int64_t rows, int64_t n, float *y, const float *x, int64_t x_row,
                       bool accumulate);

/* Alternating runs of kept and reduced axes. */
typedef struct {
    int rank;
    int64_t size[AG_MAX_RANK], x[AG_MAX_RANK], y[AG_MAX_RANK]; /* y 0 = reduced */
} runs;

static runs collapse(int rank, const int64_t *shape, unsigned axes)
{
    runs s = { 0 };
    for (int i = 0; i < rank; i++) {
        int64_t kept = !(axes >> i & 1u);
        if (shape[i] == 1) {
            continue;
        }
        if (s.rank > 0 && s.y[s.rank - 1] == kept) {
            s.size[s.rank - 1] *= shape[i];
        } else {
            s.y[s.rank] = kept;
            s.size[s.rank++] = shape[i];
        }
    }
    int64_t x_step = 1, y_step = 1;
    for (int i = s.rank - 1; i >= 0; i--) {
        bool kept = s.y[i] != 0;
        s.x[i] = x_step;
        s.y[i] = kept ? y_step : 0;
        x_step *= s.size[i];
        y_step *= kept ? s.size[i] : 1;
    }
    return s;
}

/* The innermost one or two runs as one kernel call; the rest stays in `s`. */
typedef struct {
    reduce_fn *fn;
    int64_t rows, n, x_row;
} inner;

static inner take_inner(runs *s, reduce_fn *over_rows, reduce_fn *over_columns)
{
    inner f = { over_columns, 1, 1, 1 };
    if (s->rank == 0) {
        return f;
    }
    int last = --s->rank;
    f.n = f.x_row = s->size[last];
    if (s->y[last] == 0) {
        f.fn = over_rows;
    }
    if (s->rank > 0) {
        f.rows = s->size[--s->rank];
    }
    return f;
}

static void reduce(int rank, const int64_t *shape, unsigned axes, reduce_fn *over_rows,
                   reduce_fn *over_columns, float *y, const float *x)
{
    runs s = collapse(rank, shape, axes);
    inner f = take_inner(&s, over_rows, over_columns);
    int64_t at[AG_MAX_RANK] = { 0 };
    for (;;) {
        bool visited = false;
        for (int i = 0; i < s.rank; i++) {
            visited |= s.y[i] == 0 && at[i] > 0;
        }
        f.fn(f.rows, f.n, y, x, f.x_row, visited);
        int i = s.rank - 1;
        for (; i >= 0; i--) {
            x += s.x[i];
            y += s.y[i];
            if (++at[i] < s.size[i]) {
                break;
            }
            x -= s.x[i] * s.size[i];
            y -= s.y[i] * s.size[i];
            at[i] = 0;
        }
        if (i < 0) {
            return;
        }
    }
}

void vt_sum(const vt_kernels *k, int rank, const int64_t *shape, unsigned axes, float *y,
            const float *x)
{
    reduce(rank, shape, axes, k->sum_rows, k->sum_columns, y, x);
}

void vt_max(const vt_kernels *k, int rank, const int64_t *shape, unsigned axes, float *y,
            const float *x)
{
    reduce(rank, shape, axes, k->max_rows, k->max_columns, y, x);
}
