/* wavenet/kernels/kernels.h: the loops of the sampler, in plain C and in faster versions.
 *
 * Weights are packed for reading once from front to back (pack.c). A row is one vector of
 * activations: one stream at one step. Every output is one chain of sums in the order of the input
 * channels, whatever the number of rows, so a row's result does not depend on its neighbours. Rows
 * start 64-byte aligned and are padded with zeros to WN_PAD channels. Arguments are trusted. */
#ifndef WAVENET_KERNELS_H
#define WAVENET_KERNELS_H

#include <stddef.h>

#include "agena/wavenet.h"

enum {
    WN_PAD = 32,   /* channels of every row of activations are padded to a multiple of this */
    WN_PANEL = 64, /* columns of a matrix that lie together */
    WN_GROUP = 16, /* exponentials that exp_groups adds up at a time */
};

static inline int wn_padded(int channels)
{
    return (channels + WN_PAD - 1) / WN_PAD * WN_PAD;
}

/* A matrix [k, n], n a multiple of WN_PAD, in panels of WN_PANEL columns (the last may be narrower,
 * c columns), one after the other: f32   float [k][c] bf16  uint32 [k][c / 32][16]: column j of 32
 * in the low half of word j, column 16 + j in the high half int8  int8 [k / 4][c][4], k a multiple
 * of 4; column n stands for scale[n] times the integers */
typedef struct {
    int k, n;
    const void *data;
    const float *scale;    /* int8: [n] */
    const int32_t *offset; /* int8: [n], -128 times the sum of the column's integers */
} wn_matrix;

/* Rows of activations: float32 for f32 and bf16 matrices, else int8 in [-127, 127] with a scale
 * each. */
typedef struct {
    const void *data;
    ptrdiff_t stride;   /* elements from row to row */
    const float *scale; /* int8: [rows] */
} wn_rows;

/* What a product is added to: a[row] or, when b is not NULL, a[row] + b[row]. A stride of 0 repeats
 * one row. */
typedef struct {
    const float *a;
    ptrdiff_t a_stride;
    const float *b;
    ptrdiff_t b_stride;
} wn_addend;

/* y [rows, n] = addend + x [rows, k] w. y may be the addend. */
typedef void wn_multiply_fn(const wn_matrix *w, int rows, const wn_rows *x, const wn_addend *to,
                            float *y, ptrdiff_t y_stride);

typedef struct {
    const char *name;            /* "c", "avx2", "neon", ... */
    wn_multiply_fn *multiply[3]; /* by ag_weights */

    /* Gated unit of each row: out [z] = tanh(pre[0..z)) sigmoid(pre[z..2z)), z a multiple of 16.
     * Absolute error at most 4e-7 (tested). */
    void (*gate)(int rows, int z, const float *pre, ptrdiff_t pre_stride, float *out,
                 ptrdiff_t out_stride);
    /* The same times 127, rounded to the nearest integer. */
    void (*gate_int8)(int rows, int z, const float *pre, ptrdiff_t pre_stride, int8_t *out,
                      ptrdiff_t out_stride);
    /* x [n] = scale q + rounding error, with scale = max |x| / 127 of the row; n a multiple of 16.
     */
    void (*quantise)(int rows, int n, const float *x, ptrdiff_t x_stride, int8_t *q,
                     ptrdiff_t q_stride, float *scale);
    /* e[i] = exp((x[i] - max x) factor), relative error at most 1e-6 and 0 below 2^-126; group[j] =
     * sum of the j-th WN_GROUP of them. n a multiple of WN_GROUP. */
    void (*exp_groups)(int n, const float *x, float factor, float *e, float *group);
} wn_kernels;

/* The best table for a set of AG_CPU_ features among what was compiled in. */
const wn_kernels *wn_kernels_for(unsigned features);

extern const wn_kernels wn_kernels_c;
/* Used by AVX-512 processors without VNNI too. */
wn_multiply_fn wn_multiply_int8_avx2;
/* Each exists only where its instruction set does (see table.c). */
extern const wn_kernels wn_kernels_avx2, wn_kernels_avx512, wn_kernels_avx512_vnni;
extern const wn_kernels wn_kernels_neon;

/* ---- packing (pack.c) ---- */

/* Bytes of a packed [k, n] (n as in wn_matrix), and its scales and offsets (0 unless int8). */
size_t wn_matrix_bytes(ag_weights kind, int k, int n);
/* Where column j and input i of a packed matrix of n columns lies: element index (of float, of bf16
 * halves, of int8). */
size_t wn_matrix_index(ag_weights kind, int k, int n, int i, int j);
/* Pack a matrix whose element of input i and column j is at(user, i, j); memory has
 * wn_matrix_bytes. */
typedef float (*wn_element_fn)(const void *user, int i, int j);
void wn_matrix_pack(ag_weights kind, int k, int n, wn_element_fn at, const void *user, void *memory,
                    wn_matrix *out);

#endif
