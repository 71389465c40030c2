/* nn/tensors.h: what the files of this room share about sets of named tensors. */
#ifndef AGENA_NN_TENSORS_H
#define AGENA_NN_TENSORS_H

#include "agena/nn.h"

/* Floats between the starts of tensors are a multiple of this, so every tensor is 64-byte aligned.
 */
#define NN_ALIGN 16
/* Most elements in one set. */
#define NN_MAX_ELEMENTS (INT64_C(1) << 31)

/* Elements of a shape whose dims come from outside: -1 when the rank or a dim is out of range or
 * the product exceeds NN_MAX_ELEMENTS. Dims of 0 are counted as such. */
int64_t nn_shape_elements(const ag_shape *shape);
bool nn_shape_equal(const ag_shape *a, const ag_shape *b);
/* "[2, 64, 128]" into text, cut at size bytes; returns text. */
const char *nn_shape_text(const ag_shape *shape, char *text, size_t size);
/* Same names and shapes in the same order. */
bool nn_tensors_same(const ag_tensors *a, const ag_tensors *b);
/* AG_EFORMAT, naming the first, unless f holds every tensor of t as prefix + name in t's shapes. */
int nn_safetensors_check(const ag_safetensors *f, const char *prefix, const ag_tensors *t);

#endif
