/* nn/update.h: the arithmetic of optimiser steps on plain arrays. */
#ifndef AGENA_NN_UPDATE_H
#define AGENA_NN_UPDATE_H

#include <stdint.h>

/* All counts are multiples of NN_ALIGN (nn/tensors.h); arrays do not overlap. */

/* Sum of squares in double, always in the same order; not finite exactly when an element is not
 * finite. */
double nn_sum_squares(const float *x, int64_t count);
void nn_scale(float *x, float scale, int64_t count);

typedef struct {
    float beta1, beta2, epsilon;
    float rate;  /* learning rate over (1 - beta1^t) */
    float root;  /* 1 / sqrt(1 - beta2^t) */
    float decay; /* what decoupled weight decay leaves of a weight, 1 = all */
} nn_adam;
void nn_adam_step(const nn_adam *p, float *restrict w, const float *restrict g, float *restrict m,
                  float *restrict v, int64_t count);

typedef struct {
    float momentum, smoothing, epsilon, rate, decay;
} nn_rmsprop;
void nn_rmsprop_step(const nn_rmsprop *p, float *restrict w, const float *restrict g,
                     float *restrict square, float *restrict momentum, int64_t count);

typedef struct {
    float momentum, rate, decay;
} nn_sgd;
void nn_sgd_step(const nn_sgd *p, float *restrict w, const float *restrict g,
                 float *restrict momentum, int64_t count);

/* average = decay average + (1 - decay) w */
void nn_average_step(float decay, float *restrict average, const float *restrict w, int64_t count);

#endif
