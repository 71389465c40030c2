/* tensor/kernels/plain.h: each file of kernels enters its functions into a table; later ones
 * replace. */
#ifndef TENSOR_PLAIN_H
#define TENSOR_PLAIN_H

#include "tensor/kernels/kernels.h"

void vt_plain_elementwise(vt_kernels *table);
void vt_plain_reduce(vt_kernels *table);
void vt_plain_softmax(vt_kernels *table);
void vt_plain_gates(vt_kernels *table);
void vt_plain_likelihood(vt_kernels *table);

void vt_avx2_fill(vt_kernels *table);
void vt_avx512_fill(vt_kernels *table);
void vt_neon_fill(vt_kernels *table);

#endif
