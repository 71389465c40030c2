/* Matrix products: the convolution kernels where they are faster, OpenBLAS for the rest.
 *
 * A row of C is a cell of a convolution with one tap, so conv_cells multiplies by a panel of B and
 * conv_weights gives A^T B. */
#include "tensor/kernels/kernels.h"

#include <cblas.h>
#include <string.h>

/* Of B, DEPTH rows by at most COLUMNS columns lie packed in cache, in panels of PANEL columns; ROWS
 * rows of C go through all panels before the next, so that they and their part of A stay in the
 * first-level cache. Wider products are OpenBLAS's. */
enum { DEPTH = 256, COLUMNS = 64, PANEL = 32, ROWS = 48 };
/* Below these, packing or filling up vectors costs more than it saves; above, columns of A collide
 * in cache. */
enum { FEW_ROWS = 16, FEW_COLUMNS = 8, MOST_TRANSPOSED = 512 };

typedef struct {
    bool ta, tb;
    int64_t m, n, k;
    const float *a, *b;
    int64_t lda, ldb;
    float beta;
    float *c;
    int64_t ldc;
} gemm;

static void run_blas(const gemm *g)
{
    cblas_sgemm(CblasRowMajor, g->ta ? CblasTrans : CblasNoTrans, g->tb ? CblasTrans : CblasNoTrans,
                (blasint)g->m, (blasint)g->n, (blasint)g->k, 1.0f, g->a, (blasint)g->lda, g->b,
                (blasint)g->ldb, g->beta, g->c, (blasint)g->ldc);
}

/* panel [depth, width] = rows from l and columns from j of op(B). */
static void pack(const gemm *g, int64_t l, int64_t depth, int64_t j, int64_t width, float *panel)
{
    int64_t shape[2] = { depth, width }, to[2] = { width, 1 };
    int64_t from[2] = { g->tb ? 1 : g->ldb, g->tb ? g->ldb : 1 };
    vt_copy_strided(2, shape, panel, to, g->b + l * from[0] + j * from[1], from);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Add rows [l, l + depth) of op(B) to C, or write it for l = 0 and beta 0. */
static void run_depth(const vt_kernels *k, const gemm *g, int64_t l, int64_t depth)
{
    _Alignas(64) float packed[COLUMNS / PANEL][DEPTH * PANEL];
    const vt_tap tap = { 0, 0 };
    vt_cells cells = {
        .taps = 1, .depth = depth, .in_step = g->lda, .out_step = g->ldc, .tap = &tap
    };
    for (int64_t p = 0; p * PANEL < g->n; p++) {
        pack(g, l, depth, p * PANEL, least(g->n - p * PANEL, PANEL), packed[p]);
    }
    for (int64_t row = 0; row < g->m; row += ROWS) {
        for (int64_t p = 0; p * PANEL < g->n; p++) {
            cells.width = least(g->n - p * PANEL, PANEL);
            k->conv_cells(&cells, least(g->m - row, ROWS), g->a + row * g->lda + l, packed[p],
                          g->c + row * g->ldc + p * PANEL, l > 0 || g->beta != 0.0f);
        }
    }
}

static void run_cells(const vt_kernels *k, const gemm *g)
{
    for (int64_t l = 0; l < g->k; l += DEPTH) {
        run_depth(k, g, l, least(g->k - l, DEPTH));
    }
}

/* C = A^T B + beta C, C contiguous. */
static void run_weights(const vt_kernels *k, const gemm *g)
{
    const vt_tap tap = { 0, 0 };
    const vt_cells cells = {
        .taps = 1, .depth = g->m, .width = g->n, .in_step = g->lda, .out_step = g->ldb, .tap = &tap
    };
    if (g->beta == 0.0f) {
        memset(g->c, 0, (size_t)(g->m * g->n) * sizeof *g->c);
    }
    for (int64_t l = 0; l < g->k; l += DEPTH) {
        k->conv_weights(&cells, 1, least(g->k - l, DEPTH), 0, 0, g->a + l * g->lda,
                        g->b + l * g->ldb, g->c);
    }
}

void vt_gemm_with(const vt_kernels *table, bool ta, bool tb, int64_t m, int64_t n, int64_t k,
                  const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                  int64_t ldc)
{
    const gemm g = { ta, tb, m, n, k, a, b, lda, ldb, beta, c, ldc };
    if (!table->conv_cells || n < FEW_COLUMNS) {
        run_blas(&g);
    } else if (!ta && m >= FEW_ROWS && n <= COLUMNS) {
        run_cells(table, &g);
    } else if (ta && !tb && ldc == n && m <= MOST_TRANSPOSED && n <= MOST_TRANSPOSED) {
        run_weights(table, &g);
    } else {
        run_blas(&g);
    }
}

void vt_gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
             const float *b, int64_t ldb, float beta, float *c, int64_t ldc)
{
    vt_gemm_with(vt_kernels_get(), ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc);
}
