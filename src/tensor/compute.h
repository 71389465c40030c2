/* tensor/compute.h: one operation on given buffers, whole tensors or some of their rows. */
#ifndef TENSOR_COMPUTE_H
#define TENSOR_COMPUTE_H

#include "tensor/plan.h"

typedef struct {
    const ag_plan *p;
    void *const *data; /* by storage, for VT_CONCAT's inputs */
    const vt_kernels *k;
    const vt_node *n;
    bool accumulate; /* of VT_MATMUL: add to y */
    ag_shape shape, in_shape[VT_MAX_INPUTS];
    float *y;
    const float *in[VT_MAX_INPUTS];
    int64_t first; /* position of the first index, for messages */
} vt_call;

/* Every operation but convolutions. */
int vt_compute(const vt_call *call);
/* y [to] = x [from], repeated as broadcasting does. */
void vt_spread(const ag_shape *from, const ag_shape *to, float *y, const float *x);

#endif
