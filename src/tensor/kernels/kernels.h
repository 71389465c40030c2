/* tensor/kernels/kernels.h: the loops under the graph, in plain C and in faster versions.
 *
 * Tensors are float32 (indices int32), row-major and contiguous unless a stride is given; sizes are
 * int64_t counts of elements. Every kernel runs on the calling thread, allocates nothing and does
 * its sums in a fixed order. The output may be the same buffer as an input where the comment says
 * so, and may not overlap it otherwise. Arguments are trusted: shapes were checked when the graph
 * was built. */
#ifndef TENSOR_KERNELS_H
#define TENSOR_KERNELS_H

#include "agena/tensor.h"

/* The order of both lists is that of vt_op in tensor/graph.h. */
typedef enum {
    VTK_AFFINE, /* p0 x + p1 */
    VTK_NEG,
    VTK_SQUARE,
    VTK_SQRT,
    VTK_EXP,
    VTK_LOG,
    VTK_ABS,
    VTK_SIGN, /* -1, 0, 1 */
    VTK_STEP, /* 1 where x > 0 else 0 */
    VTK_TANH,
    VTK_SIGMOID,
    VTK_SOFTPLUS, /* ln(1 + e^x) */
    VTK_RELU,
    VTK_LEAKY_RELU, /* x > 0 ? x : p0 x */
    VTK_CLAMP,      /* to [p0, p1] */
    VTK_RECIPROCAL,
    VTK_UNARY
} vtk_unary;

typedef enum {
    VTK_ADD,
    VTK_SUB,
    VTK_MUL,
    VTK_DIV,
    VTK_MAXIMUM,
    VTK_MINIMUM,
    VTK_GREATER,       /* 1 where a > b else 0 */
    VTK_GREATER_EQUAL, /* 1 where a >= b else 0 */
    VTK_BINARY
} vtk_binary;

/* Which operand of a binary kernel is one number a row. */
typedef enum { VTK_VECTOR_VECTOR, VTK_VECTOR_SCALAR, VTK_SCALAR_VECTOR, VTK_FORMS } vtk_form;

/* y may be x. */
typedef void vtk_unary_fn(int64_t n, float *y, const float *x, float p0, float p1);
/* `rows` rows of n elements; each operand's row r begins at r * its row stride (0 repeats a row). y
 * may be a or b when their row strides and forms make the elements coincide. */
typedef void vtk_binary_fn(int64_t rows, int64_t n, float *y, int64_t y_row, const float *a,
                           int64_t a_row, const float *b, int64_t b_row);

/* One tap of a convolution (or a run of taps whose inputs lie side by side): where its input
 * begins, from the first cell's corner, and its first row of the weights. */
typedef struct {
    int64_t in, row;
} vt_tap;

/* A row of output cells: cell n reads depth values at in + n in_step + tap.in for each tap,
 * multiplies them by the weights' rows from tap.row on, adds width values from base + n base_step
 * unless base is NULL (base may be out), and its width sums go to out + n out_step. */
typedef struct {
    int64_t taps, depth, width, in_step, out_step, base_step;
    const vt_tap *tap;
    const float *base;
} vt_cells;

typedef struct vt_kernels {
    const char *name; /* "c", "avx2", "avx512", "neon" */

    vtk_unary_fn *unary[VTK_UNARY];
    vtk_binary_fn *binary[VTK_BINARY][VTK_FORMS];
    void (*fill)(int64_t n, float *y, float value);
    /* condition != 0 ? a : b. y may be any of them. */
    void (*where)(int64_t n, float *y, const float *condition, const float *a, const float *b);

    /* y[r] = sum of row r of x (rows x_row apart), or added to y[r] when accumulate. */
    void (*sum_rows)(int64_t rows, int64_t n, float *y, const float *x, int64_t x_row,
                     bool accumulate);
    /* y[c] = sum over rows of x[r, c], or added to y[c]. */
    void (*sum_columns)(int64_t rows, int64_t n, float *y, const float *x, int64_t x_row,
                        bool accumulate);
    /* The same with maxima. A row of NaN gives an unspecified element of it. */
    void (*max_rows)(int64_t rows, int64_t n, float *y, const float *x, int64_t x_row,
                     bool accumulate);
    void (*max_columns)(int64_t rows, int64_t n, float *y, const float *x, int64_t x_row,
                        bool accumulate);

    /* Over each row of n. y may be x. */
    void (*softmax)(int64_t rows, int64_t n, float *y, const float *x);
    void (*log_softmax)(int64_t rows, int64_t n, float *y, const float *x);
    /* loss[rows] of logits [rows, n] and target [rows]. Returns -1, or the first row whose target
     * is outside [0, n): nothing from that row on is written. */
    int64_t (*cross_entropy)(int64_t rows, int64_t n, float *loss, const float *logits,
                             const int32_t *target);
    /* dlogits = (softmax(logits) - one_hot(target)) dloss[row]. Targets as above. dlogits may be
     * logits. */
    int64_t (*cross_entropy_grad)(int64_t rows, int64_t n, float *dlogits, const float *logits,
                                  const int32_t *target, const float *dloss);

    /* y [rows, c] = tanh(x[:, :c]) sigmoid(x[:, c:]), x [rows, 2c]. */
    void (*gated)(int64_t rows, int64_t c, float *y, const float *x);
    /* dx [rows, 2c] of x and dy [rows, c]. dx may be x. */
    void (*gated_grad)(int64_t rows, int64_t c, float *dx, const float *x, const float *dy);

    /* Negative log likelihood of a discretised mixture of k logistics (see ag_mol_loss). */
    void (*mol_loss)(int64_t rows, int64_t k, float *loss, const float *params, const float *target,
                     int bits, float min_log_scale);
    /* Its gradients times dloss[rows]: dparams [rows, 3k] and dtarget [rows], each may be NULL. */
    void (*mol_loss_grad)(int64_t rows, int64_t k, float *dparams, float *dtarget,
                          const float *params, const float *target, const float *dloss, int bits,
                          float min_log_scale);
    /* The same for one Gaussian, params [rows, 2] = mean, log scale. */
    void (*gaussian_loss)(int64_t rows, float *loss, const float *params, const float *target,
                          float min_log_scale);
    void (*gaussian_loss_grad)(int64_t rows, float *dparams, float *dtarget, const float *params,
                               const float *target, const float *dloss, float min_log_scale);

    /* gates [rows, 4h] in the order input, forget, cell, output, before activation; c [rows, h].
     * Row r of c_out and h_out (h values each) begins at r * out_row. */
    void (*lstm)(int64_t rows, int64_t h, float *c_out, float *h_out, int64_t out_row,
                 const float *gates, const float *c);
    /* Row r of dgates (4h values) and of dc (h values) begins at r * d_row, row r of the incoming
     * dc_out and dh_out (h values each) at r * out_row. */
    void (*lstm_grad)(int64_t rows, int64_t h, float *dgates, float *dc, int64_t d_row,
                      const float *gates, const float *c, const float *dc_out, const float *dh_out,
                      int64_t out_row);

    /* Convolution without copies, NULL where there is no fast version (conv.c then unfolds and
     * multiplies). out = the sums of `cells` cells. The weights lie in panels of conv_panel
     * columns, w_panel apart, the last one filled up (vt_pack_panels). */
    void (*conv_cells)(const vt_cells *c, int64_t cells, const float *in, const float *w,
                       int64_t w_panel, float *out);
    int64_t conv_panel;
    /* The adjoint in w: w += input times y, over `lines` rows of cells whose inputs and y are
     * in_line and y_line apart; a cell's y lies out_step after its neighbour's. w [rows, width] is
     * contiguous. */
    void (*conv_weights)(const vt_cells *c, int64_t lines, int64_t cells, int64_t in_line,
                         int64_t y_line, const float *in, const float *y, float *w);
} vt_kernels;

/* The best table for this machine (ag_cpu_features()), chosen at the first call. */
const vt_kernels *vt_kernels_get(void);
/* The table for a set of AG_CPU_ features, at most what was compiled in; for tests. */
void vt_kernels_fill(vt_kernels *table, unsigned features);

/* ---- strided drivers (elementwise.c, copy.c, reduce.c) ---- */

/* y [shape], contiguous, = a op b, whose strides (in elements) are 0 along what is repeated. */
void vt_binary(const vt_kernels *k, vtk_binary op, int rank, const int64_t *shape, float *y,
               const float *a, const int64_t *a_strides, const float *b, const int64_t *b_strides);
/* y[i...] = x[i...] over `shape`, each with its own strides (in elements of 4 bytes, float or
 * int32): permute, slice, pad, concat and broadcast (x stride 0) are this with offset pointers. */
void vt_copy_strided(int rank, const int64_t *shape, void *y, const int64_t *y_strides,
                     const void *x, const int64_t *x_strides);
/* Row-major strides of a contiguous tensor. */
void vt_contiguous(int rank, const int64_t *shape, int64_t *strides);
/* Strides of a contiguous tensor of shape `from` seen as `to` (NumPy's broadcasting), to_rank of
 * them. */
void vt_broadcast_strides(int from_rank, const int64_t *from, int to_rank, const int64_t *to,
                          int64_t *strides);

/* y = sum or maximum of x [shape] over the axes in the bit mask; y is contiguous without those
 * axes. */
void vt_sum(const vt_kernels *k, int rank, const int64_t *shape, unsigned axes, float *y,
            const float *x);
void vt_max(const vt_kernels *k, int rank, const int64_t *shape, unsigned axes, float *y,
            const float *x);

/* ---- indexing (index.c) ---- */

/* Each returns -1, or the position of the first index outside its range (what follows is not
 * written). */

/* y [count, n] = rows of table [rows, n] at index [count]. */
int64_t vt_gather(int64_t count, int64_t n, float *y, const float *table, int64_t rows,
                  const int32_t *index);
/* table [rows, n] = 0, then row index[i] += x[i] for i in order. */
int64_t vt_scatter_add(int64_t count, int64_t n, float *table, int64_t rows, const float *x,
                       const int32_t *index);
/* y[i] = x[i, index[i]], x [count, n]. */
int64_t vt_pick(int64_t count, int64_t n, float *y, const float *x, const int32_t *index);
/* x [count, n] = 0 but x[i, index[i]] = y[i]. */
int64_t vt_unpick(int64_t count, int64_t n, float *x, const float *y, const int32_t *index);

/* ---- matrices (gemm.c) ---- */

/* C [m, n] = op(A) [m, k] op(B) [k, n] + beta C, beta 0 or 1; ta reads A as [k, m], tb reads B as
 * [n, k]. lda, ldb, ldc: distance of rows as stored. With beta 0, C's old content is ignored, NaN
 * too. */
void vt_gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
             const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
/* The same with a given table, for tests; plain C's has no kernels of its own and leaves all to
 * OpenBLAS. */
void vt_gemm_with(const vt_kernels *table, bool ta, bool tb, int64_t m, int64_t n, int64_t k,
                  const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                  int64_t ldc);

/* ---- convolutions (conv.c) ---- */

typedef enum {
    VT_CONV_FORWARD, /* a = x, b = w, out = y */
    VT_CONV_BACK,    /* adjoint in x: a = y, b = w, out = x */
    VT_CONV_WEIGHTS  /* adjoint in w: a = x, b = y, out = w */
} vt_conv_kind;

/* x [b, h, w, i], w [kh, kw, i, o], y [b, oh, ow, o]. */
typedef struct {
    vt_conv_kind kind;
    int64_t b, h, w, i, kh, kw, o;
    ag_conv_params p;
} vt_conv_spec;

/* What is decided once for a geometry; immutable, shared by threads. */
typedef struct vt_conv vt_conv;

/* Output size along one axis: floor((size + before + after - dilation (kernel - 1) - 1) / stride) +
 * 1; below 1 when the window does not fit. stride and dilation 0 mean 1. */
int64_t vt_conv_size(int64_t size, int64_t kernel, int stride, int dilation, int before, int after);

int vt_conv_new(const vt_conv_spec *spec, vt_conv **out);
void vt_conv_free(vt_conv *conv);            /* NULL allowed */
size_t vt_conv_scratch(const vt_conv *conv); /* bytes vt_conv_run needs; may be 0 */
double vt_conv_flops(const vt_conv *conv);   /* 2 x multiply-adds */
/* out = or += the result. scratch is 64-byte aligned and the caller's alone while it runs. */
void vt_conv_run(const vt_conv *conv, const float *a, const float *b, float *out, bool accumulate,
                 void *scratch);

/* Convolutions that can run a part at a time: rows of y (of x for VT_CONV_BACK), counted over the
 * batch; 0 for the others. */
int64_t vt_conv_rows(const vt_conv *conv);
/* Does row r of the result depend on row r of `a` alone? */
bool vt_conv_is_pointwise(const vt_conv *conv);
/* Is the result a sum over the rows (VT_CONV_WEIGHTS)? */
bool vt_conv_sums_rows(const vt_conv *conv);
/* Fill scratch for runs of parts with these weights; sums over rows need none. */
void vt_conv_pack(const vt_conv *conv, const float *b, void *scratch);
/* Rows [from, to) of out = the result + base, all of them whole tensors but for base: its row
 * `from`, with base_step from a row to the next (0 repeats it). base may be NULL, or row `from` of
 * out. */
void vt_conv_run_rows(const vt_conv *conv, int64_t from, int64_t to, const float *a,
                      const float *base, int64_t base_step, float *out, const void *scratch);
/* What rows [from, to) add to the sum over rows. */
void vt_conv_add_rows(const vt_conv *conv, int64_t from, int64_t to, const float *a, const float *b,
                      float *out);
/* Is C = op(A) op(B) faster as a convolution with one tap, and which: A is its `a`, B its `b`. */
bool vt_gemm_as_conv(bool ta, bool tb, int64_t m, int64_t n, int64_t k, vt_conv_spec *spec);

/* ---- pooling (pool.c) ---- */

/* x [b, h, w, c] -> y [b, oh, ow, c], windows [kh, kw]; p's dilation is ignored. */
typedef struct {
    int64_t b, h, w, c, kh, kw, oh, ow;
    ag_conv_params p;
} vt_pool;

/* index[b, oh, ow, c]: place in its picture [h, w, c] of each window's maximum, the first among
 * equals; -1 where the window has no real cell. */
void vt_max_pool_index(const vt_pool *pool, int32_t *index, const float *x);
/* y = x at index, minus infinity for -1. */
void vt_pool_gather(const vt_pool *pool, float *y, const float *x, const int32_t *index);
/* x = 0, then x at index += y in order. */
void vt_pool_scatter(const vt_pool *pool, float *x, const float *y, const int32_t *index);
/* Mean of each window's real cells, 0 where there is none; and its adjoint. */
void vt_avg_pool(const vt_pool *pool, float *y, const float *x);
void vt_avg_pool_back(const vt_pool *pool, float *x, const float *y);

#endif
