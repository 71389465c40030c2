/* The arithmetic of optimiser steps, in loops that compilers turn into vector instructions. */
#include "nn/update.h"

#include "nn/tensors.h"

#include <math.h>

double nn_sum_squares(const float *x, int64_t count)
{
    double lane[NN_ALIGN] = { 0 };
    for (int64_t i = 0; i < count; i += NN_ALIGN) {
        for (int j = 0; j < NN_ALIGN; j++) {
            double value = x[i + j];
            lane[j] += value * value;
        }
    }
    double sum = 0;
    for (int j = 0; j < NN_ALIGN; j++)
        sum += lane[j];
    return sum;
}

void nn_scale(float *x, float scale, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        x[i] *= scale;
}

void nn_adam_step(const nn_adam *p, float *restrict w, const float *restrict g, float *restrict m,
                  float *restrict v, int64_t count)
{
    const nn_adam a = *p;
    for (int64_t i = 0; i < count; i++) {
        float first = a.beta1 * m[i] + (1.0f - a.beta1) * g[i];
        float second = a.beta2 * v[i] + (1.0f - a.beta2) * g[i] * g[i];
        m[i] = first;
        v[i] = second;
        w[i] = a.decay * w[i] - a.rate * first / (sqrtf(second) * a.root + a.epsilon);
    }
}

void nn_rmsprop_step(const nn_rmsprop *p, float *restrict w, const float *restrict g,
                     float *restrict square, float *restrict momentum, int64_t count)
{
    const nn_rmsprop a = *p;
    for (int64_t i = 0; i < count; i++) {
        float mean = a.smoothing * square[i] + (1.0f - a.smoothing) * g[i] * g[i];
        float step = a.momentum * momentum[i] + a.rate * g[i] / sqrtf(mean + a.epsilon);
        square[i] = mean;
        momentum[i] = step;
        w[i] = a.decay * w[i] - step;
    }
}

void nn_sgd_step(const nn_sgd *p, float *restrict w, const float *restrict g,
                 float *restrict momentum, int64_t count)
{
    const nn_sgd a = *p;
    for (int64_t i = 0; i < count; i++) {
        float step = a.momentum * momentum[i] + g[i];
        momentum[i] = step;
        w[i] = a.decay * w[i] - a.rate * step;
    }
}

void nn_average_step(float decay, float *restrict average, const float *restrict w, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        average[i] = decay * average[i] + (1.0f - decay) * w[i];
}
