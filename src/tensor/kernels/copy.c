/* Strided copies: permute, slice, pad, concatenate and broadcast are all this one loop nest. */
#include "tensor/kernels/kernels.h"

#include <string.h>

enum { TILE = 16 };

/* The loop nest, axes of size 1 dropped and adjacent axes merged where both sides allow it. */
typedef struct {
    int rank;
    int64_t size[AG_MAX_RANK], y[AG_MAX_RANK], x[AG_MAX_RANK];
} nest;

static nest collapse(int rank, const int64_t *shape, const int64_t *y, const int64_t *x)
{
    nest s = { 0 };
    for (int i = 0; i < rank; i++) {
        int last = s.rank - 1;
        if (shape[i] == 1) {
            continue;
        }
        if (last >= 0 && s.y[last] == y[i] * shape[i] && s.x[last] == x[i] * shape[i]) {
            s.size[last] *= shape[i];
            s.y[last] = y[i];
            s.x[last] = x[i];
        } else {
            s.size[s.rank] = shape[i];
            s.y[s.rank] = y[i];
            s.x[s.rank++] = x[i];
        }
    }
    return s;
}

static void copy_line(int64_t n, uint32_t *y, int64_t y_step, const uint32_t *x, int64_t x_step)
{
    if (y_step == 1 && x_step == 1) {
        memcpy(y, x, (size_t)n * sizeof *y);
    } else if (y_step == 1 && x_step == 0) {
        uint32_t value = *x;
        for (int64_t i = 0; i < n; i++) {
            y[i] = value;
        }
    } else {
        for (int64_t i = 0; i < n; i++) {
            y[i * y_step] = x[i * x_step];
        }
    }
}

/* y [m, n] = x^T in tiles, so that both sides stay in cache: y's columns and x's rows are
 * contiguous. */
static void transpose(int64_t m, int64_t n, uint32_t *y, int64_t y_row, const uint32_t *x,
                      int64_t x_row)
{
    for (int64_t i = 0; i < m; i += TILE) {
        int64_t i_end = i + TILE < m ? i + TILE : m;
        for (int64_t j = 0; j < n; j += TILE) {
            int64_t j_end = j + TILE < n ? j + TILE : n;
            for (int64_t u = i; u < i_end; u++) {
                for (int64_t v = j; v < j_end; v++) {
                    y[u * y_row + v] = x[v * x_row + u];
                }
            }
        }
    }
}

/* The two innermost axes. */
static void copy_plane(const nest *s, uint32_t *y, const uint32_t *x)
{
    int r = s->rank - 1, q = s->rank - 2;
    if (s->y[r] == 1 && s->x[q] == 1 && s->x[r] > 1) {
        transpose(s->size[q], s->size[r], y, s->y[q], x, s->x[r]);
        return;
    }
    for (int64_t i = 0; i < s->size[q]; i++) {
        copy_line(s->size[r], y + i * s->y[q], s->y[r], x + i * s->x[q], s->x[r]);
    }
}

static void copy_planes(const nest *s, uint32_t *y, const uint32_t *x)
{
    int64_t at[AG_MAX_RANK] = { 0 };
    for (;;) {
        copy_plane(s, y, x);
        int i = s->rank - 3;
        for (; i >= 0; i--) {
            y += s->y[i];
            x += s->x[i];
            if (++at[i] < s->size[i]) {
                break;
            }
            y -= s->y[i] * s->size[i];
            x -= s->x[i] * s->size[i];
            at[i] = 0;
        }
        if (i < 0) {
            return;
        }
    }
}

void vt_copy_strided(int rank, const int64_t *shape, void *y, const int64_t *y_strides,
                     const void *x, const int64_t *x_strides)
{
    nest s = collapse(rank, shape, y_strides, x_strides);
    if (s.rank == 0) {
        memcpy(y, x, sizeof(uint32_t));
    } else if (s.rank == 1) {
        copy_line(s.size[0], y, s.y[0], x, s.x[0]);
    } else {
        copy_planes(&s, y, x);
    }
}
