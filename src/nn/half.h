/* nn/half.h: float32 and integers to and from the little-endian number formats of files. */
#ifndef AGENA_NN_HALF_H
#define AGENA_NN_HALF_H

#include <stdint.h>

void nn_from_f32(float *to, const uint8_t *from, int64_t count);
void nn_from_bf16(float *to, const uint8_t *from, int64_t count);
void nn_from_f16(float *to, const uint8_t *from, int64_t count);
void nn_to_f32(uint8_t *to, const float *from, int64_t count);
void nn_to_bf16(uint8_t *to, const float *from, int64_t count); /* to nearest, ties to even */
/* Integers of that many bytes between this machine's order and little endian, either way. */
void nn_copy_integers(void *to, const void *from, int64_t count, int bytes);

#endif
