/* Matrix products: the convolution kernels where they are faster, OpenBLAS for the rest.
 *
 * A row of C is a cell of a convolution with one tap, so conv_cells multiplies by a panel of B and
 * conv_weights gives A^T B. */
#include "tensor/kernels/conv.h"

#include <cblas.h>
#include <string.h>

/* Of B, DEPTH rows by at most COLUMNS columns lie packed in the second-level cache. Wider products
 * are OpenBLAS's. */
enum { DEPTH = 256, COLUMNS = 128 };
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

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* C = or += A B, A's columns and B's rows DEPTH at a time. */
static void run_cells(const vt_kernels *k, const gemm *g)
{
    _Alignas(64) float packed[DEPTH * COLUMNS];
    const vt_tap tap = { 0, 0 };
    for (int64_t l = 0; l < g->k; l += DEPTH) {
        vt_cells cells = { .taps = 1,
                           .depth = least(g->k - l, DEPTH),
                           .width = g->n,
                           .in_step = g->lda,
                           .out_step = g->ldc,
                           .base_step = g->ldc,
                           .tap = &tap,
                           .base = l > 0 || g->beta != 0.0f ? g->c : NULL };
        int64_t b_row = g->tb ? 1 : g->ldb, b_column = g->tb ? g->ldb : 1;
        vt_pack_panels(k, cells.depth, g->n, g->b + l * b_row, b_row, b_column, packed,
                       cells.depth * k->conv_panel);
        k->conv_cells(&cells, g->m, g->a + l, packed, cells.depth * k->conv_panel, g->c);
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

bool vt_gemm_as_conv(bool ta, bool tb, int64_t m, int64_t n, int64_t k, vt_conv_spec *spec)
{
    *spec = (vt_conv_spec){ .b = 1, .h = 1, .w = m, .kh = 1, .kw = 1, .i = k, .o = n };
    spec->kind = VT_CONV_FORWARD;
    if (tb) {
        spec->kind = VT_CONV_BACK;
        spec->i = n;
        spec->o = k;
    }
    if (ta) {
        spec->kind = VT_CONV_WEIGHTS;
        spec->w = k;
        spec->i = m;
    }
    bool fits = ta ? !tb && m <= MOST_TRANSPOSED && n <= MOST_TRANSPOSED
                   : m >= FEW_ROWS && n <= DEPTH && k <= DEPTH;
    return fits && n >= FEW_COLUMNS && vt_kernels_get()->conv_cells;
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
