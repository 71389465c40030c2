/* tensor/kernels/conv.h: what the ways to compute a convolution share. */
#ifndef TENSOR_CONV_H
#define TENSOR_CONV_H

#include "tensor/kernels/kernels.h"

typedef struct vt_conv_path vt_conv_path;

struct vt_conv {
    vt_conv_spec s; /* strides and dilations at least 1 */
    int64_t oh, ow;
    size_t scratch; /* bytes */
    const vt_conv_path *path;
    int64_t chunk; /* im2col: output rows a step */
};

/* One way. Paths without a state of their own leave its functions NULL. */
struct vt_conv_path {
    int (*run)(const vt_conv *conv, vt_conv_state *state, const float *a, const float *b,
               float *out, bool accumulate, void *scratch);
    int (*state_new)(const vt_conv *conv, vt_conv_state **out);
    void (*state_free)(vt_conv_state *state);
    void (*free)(vt_conv *conv);
};

/* Each takes a conv whose geometry is set and returns whether this way can compute it. */
bool vt_conv_try_line(vt_conv *conv);
void vt_conv_use_im2col(vt_conv *conv);

/* Number of elements of x, w and y. */
int64_t vt_conv_count_x(const vt_conv *conv);
int64_t vt_conv_count_w(const vt_conv *conv);
int64_t vt_conv_count_y(const vt_conv *conv);

#endif
