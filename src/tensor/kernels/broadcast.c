/* Broadcasting arithmetic: reduce any strides to rows for the fast inner loops. */
#include "tensor/kernels/kernels.h"

void vt_contiguous(int rank, const int64_t *shape, int64_t *strides)
{
    int64_t step = 1;
    for (int i = rank - 1; i >= 0; i--) {
        strides[i] = step;
        step *= shape[i];
    }
}

void vt_broadcast_strides(int from_rank, const int64_t *from, int to_rank, const int64_t *to,
                          int64_t *strides)
{
    int64_t step = 1;
    for (int i = to_rank - 1; i >= 0; i--) {
        int j = i - (to_rank - from_rank);
        bool repeated = j < 0 || (from[j] == 1 && to[i] != 1);
        strides[i] = repeated ? 0 : step;
        step *= j < 0 ? 1 : from[j];
    }
}

/* The loop nest of one operation, adjacent axes merged where both operands allow it. */
typedef struct {
    int rank;
    int64_t size[AG_MAX_RANK], a[AG_MAX_RANK], b[AG_MAX_RANK];
} nest;

static nest collapse(int rank, const int64_t *shape, const int64_t *a, const int64_t *b)
{
    nest s = { 0 };
    for (int i = 0; i < rank; i++) {
        int last = s.rank - 1;
        if (shape[i] == 1) {
            continue;
        }
        if (last >= 0 && s.a[last] == a[i] * shape[i] && s.b[last] == b[i] * shape[i]) {
            s.size[last] *= shape[i];
            s.a[last] = a[i];
            s.b[last] = b[i];
        } else {
            s.size[s.rank] = shape[i];
            s.a[s.rank] = a[i];
            s.b[s.rank++] = b[i];
        }
    }
    return s;
}

/* The two innermost loops as one kernel call. */
typedef struct {
    vtk_binary_fn *fn;
    int64_t rows, n, y_row, a_row, b_row;
} inner;

/* The innermost axis goes along the vectors when its strides are (1, 1), (1, 0) or (0, 1);
 * otherwise it becomes rows of one element, correct for any stride. Takes the axes it covers off
 * the nest. */
static inner take_inner(const vt_kernels *k, vtk_binary op, nest *s)
{
    inner f = { k->binary[op][VTK_VECTOR_VECTOR], 1, 1, 1, 0, 0 };
    if (s->rank == 0) {
        return f;
    }
    int last = --s->rank;
    int64_t a = s->a[last], b = s->b[last];
    if (a < 0 || a > 1 || b < 0 || b > 1 || a + b == 0) {
        f.rows = s->size[last];
        f.a_row = a;
        f.b_row = b;
        return f;
    }
    vtk_form form = a && b ? VTK_VECTOR_VECTOR : a ? VTK_VECTOR_SCALAR : VTK_SCALAR_VECTOR;
    f.fn = k->binary[op][form];
    f.n = s->size[last];
    f.y_row = f.n;
    if (s->rank > 0) {
        last = --s->rank;
        f.rows = s->size[last];
        f.a_row = s->a[last];
        f.b_row = s->b[last];
    }
    return f;
}

void vt_binary(const vt_kernels *k, vtk_binary op, int rank, const int64_t *shape, float *y,
               const float *a, const int64_t *a_strides, const float *b, const int64_t *b_strides)
{
    nest s = collapse(rank, shape, a_strides, b_strides);
    inner f = take_inner(k, op, &s);
    int64_t at[AG_MAX_RANK] = { 0 };
    for (;;) {
        f.fn(f.rows, f.n, y, f.y_row, a, f.a_row, b, f.b_row);
        y += f.rows * f.n;
        int i = s.rank - 1;
        for (; i >= 0; i--) {
            a += s.a[i];
            b += s.b[i];
            if (++at[i] < s.size[i]) {
                break;
            }
            a -= s.a[i] * s.size[i];
            b -= s.b[i] * s.size[i];
            at[i] = 0;
        }
        if (i < 0) {
            return;
        }
    }
}
