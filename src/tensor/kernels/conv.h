/* tensor/kernels/conv.h: what the ways to compute a convolution share. */
#ifndef TENSOR_CONV_H
#define TENSOR_CONV_H

#include "tensor/kernels/kernels.h"

/* Output cells [from, to) of an axis that see the same taps, `taps` of them from `tap` on; the
 * others' inputs are padding. */
typedef struct {
    int64_t from, to, tap, taps;
} vt_span;

/* One axis of a pass: cell n is output position out_first + n out_step and reads, for tap k, input
 * position first + n in_step + k spacing. */
typedef struct {
    int64_t cells, taps, first, in_step, spacing, out_first, out_step;
    int spans;
    vt_span *span;
} vt_axis;

/* A convolution of part of the outputs with part of the taps. */
typedef struct {
    vt_axis y, x;
    int64_t row; /* where its weights [y taps, x taps, in_width] rows begin */
} vt_pass;

struct vt_conv {
    vt_conv_spec s; /* strides and dilations at least 1 */
    int64_t oh, ow;
    size_t scratch; /* bytes */
    void (*run)(const vt_conv *conv, const float *a, const float *b, float *out, bool accumulate,
                void *scratch);
    int64_t chunk; /* unfolding: output rows a step */
    /* direct: */
    const vt_kernels *k;
    int64_t in_h, in_w, in_width, out_h, out_w, out_width;
    int passes;
    vt_pass *pass;
};

/* vt_conv_new with a given table, for tests. */
int vt_conv_new_with(const vt_kernels *k, const vt_conv_spec *spec, vt_conv **out);

/* The ways, each for a conv whose geometry is set. False: this one cannot compute it. */
bool vt_conv_use_lines(vt_conv *conv);
void vt_conv_use_unfolding(vt_conv *conv);
/* *usable says whether it took the conv; fails when memory is out. */
int vt_conv_use_direct(vt_conv *conv, const vt_kernels *k, bool *usable);
void vt_conv_free_passes(vt_conv *conv);

/* Weights [rows, width], given by the strides of their rows and columns, in panels of k->conv_panel
 * columns that are `panel` floats apart. */
void vt_pack_panels(const vt_kernels *k, int64_t rows, int64_t width, const float *w, int64_t w_row,
                    int64_t w_column, float *packed, int64_t panel);

/* Number of elements of x, w and y. */
int64_t vt_conv_count_x(const vt_conv *conv);
int64_t vt_conv_count_w(const vt_conv *conv);
int64_t vt_conv_count_y(const vt_conv *conv);

#endif
