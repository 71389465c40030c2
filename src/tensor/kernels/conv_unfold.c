/* Convolutions of pictures by unfolding some output rows' windows into a matrix: takes any
 * geometry.
 *
 * A matrix has a row for each output cell, [kh, kw, i] values long, so the weights multiply it as
 * they are. */
#include "tensor/kernels/conv.h"

#include <string.h>

/* Floats of the unfolded matrix that stay in the second-level cache. */
enum { MATRIX = 48 * 1024 };

/* Where tap (ky, kx) of output row `row` (over all pictures) begins; `inside` false when it is
 * padding. */
typedef struct {
    int64_t picture, y, x;
} place;

/* Output rows are counted over all pictures. */
static place window_corner(const vt_conv *c, int64_t row, int64_t ox)
{
    int64_t oy = row % c->oh;
    return (place){ row / c->oh, oy * c->s.p.stride[0] - c->s.p.pad[0][0],
                    ox * c->s.p.stride[1] - c->s.p.pad[1][0] };
}

/* Offset in x of the cell under tap (ky, kx), -1 outside the picture. */
static int64_t cell(const vt_conv *c, const place *corner, int64_t ky, int64_t kx)
{
    int64_t y = corner->y + ky * c->s.p.dilation[0], x = corner->x + kx * c->s.p.dilation[1];
    if (y < 0 || y >= c->s.h || x < 0 || x >= c->s.w) {
        return -1;
    }
    return ((corner->picture * c->s.h + y) * c->s.w + x) * c->s.i;
}

static void unfold(const vt_conv *c, int64_t row, int64_t rows, const float *x, float *matrix)
{
    size_t bytes = (size_t)c->s.i * sizeof *x;
    for (int64_t r = row; r < row + rows; r++) {
        for (int64_t ox = 0; ox < c->ow; ox++) {
            place corner = window_corner(c, r, ox);
            for (int64_t ky = 0; ky < c->s.kh; ky++) {
                for (int64_t kx = 0; kx < c->s.kw; kx++, matrix += c->s.i) {
                    int64_t at = cell(c, &corner, ky, kx);
                    if (at < 0) {
                        memset(matrix, 0, bytes);
                    } else {
                        memcpy(matrix, x + at, bytes);
                    }
                }
            }
        }
    }
}

/* The adjoint of unfold. */
static void fold(const vt_conv *c, int64_t row, int64_t rows, const float *matrix, float *x)
{
    for (int64_t r = row; r < row + rows; r++) {
        for (int64_t ox = 0; ox < c->ow; ox++) {
            place corner = window_corner(c, r, ox);
            for (int64_t ky = 0; ky < c->s.kh; ky++) {
                for (int64_t kx = 0; kx < c->s.kw; kx++, matrix += c->s.i) {
                    int64_t at = cell(c, &corner, ky, kx);
                    for (int64_t i = 0; at >= 0 && i < c->s.i; i++) {
                        x[at + i] += matrix[i];
                    }
                }
            }
        }
    }
}

static int64_t depth(const vt_conv *c)
{
    return c->s.kh * c->s.kw * c->s.i;
}

static int64_t rows_at(const vt_conv *c, int64_t row)
{
    int64_t left = c->s.b * c->oh - row;
    return left < c->chunk ? left : c->chunk;
}

static void run_forward(const vt_conv *c, const float *x, const float *w, float *y, bool accumulate,
                        void *scratch)
{
    int64_t k = depth(c), o = c->s.o;
    for (int64_t row = 0; row < c->s.b * c->oh; row += c->chunk) {
        int64_t rows = rows_at(c, row);
        unfold(c, row, rows, x, scratch);
        vt_gemm(false, false, rows * c->ow, o, k, scratch, k, w, o, accumulate ? 1.0f : 0.0f,
                y + row * c->ow * o, o);
    }
}

static void run_back(const vt_conv *c, const float *y, const float *w, float *x, bool accumulate,
                     void *scratch)
{
    int64_t k = depth(c), o = c->s.o;
    if (!accumulate) {
        memset(x, 0, (size_t)vt_conv_count_x(c) * sizeof *x);
    }
    for (int64_t row = 0; row < c->s.b * c->oh; row += c->chunk) {
        int64_t rows = rows_at(c, row);
        vt_gemm(false, true, rows * c->ow, k, o, y + row * c->ow * o, o, w, o, 0.0f, scratch, k);
        fold(c, row, rows, scratch, x);
    }
}

static void run_weights(const vt_conv *c, const float *x, const float *y, float *w, bool accumulate,
                        void *scratch)
{
    int64_t k = depth(c), o = c->s.o;
    for (int64_t row = 0; row < c->s.b * c->oh; row += c->chunk) {
        int64_t rows = rows_at(c, row);
        unfold(c, row, rows, x, scratch);
        vt_gemm(true, false, k, o, rows * c->ow, scratch, k, y + row * c->ow * o, o,
                accumulate || row > 0 ? 1.0f : 0.0f, w, o);
    }
}

void vt_conv_use_unfolding(vt_conv *c)
{
    int64_t line = c->ow * depth(c);
    c->chunk = MATRIX / line > 1 ? MATRIX / line : 1;
    if (c->chunk > c->s.b * c->oh) {
        c->chunk = c->s.b * c->oh;
    }
    c->scratch = (size_t)(c->chunk * line) * sizeof(float);
    if (c->s.kind == VT_CONV_FORWARD) {
        c->run = run_forward;
    } else {
        c->run = c->s.kind == VT_CONV_BACK ? run_back : run_weights;
    }
}
