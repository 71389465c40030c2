/* Softmax and softmax cross-entropy in plain C: the reference of the faster ones. */
#include "tensor/kernels/plain.h"

#include <math.h>

static float row_max(int64_t n, const float *x)
{
    float best = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        best = x[i] > best ? x[i] : best;
    }
    return best;
}

/* Sum of e^(x - shift); the terms go to y unless it is NULL. */
static float row_exp(int64_t n, float *y, const float *x, float shift)
{
    double total = 0.0;
    for (int64_t i = 0; i < n; i++) {
        float e = expf(x[i] - shift);
        if (y) {
            y[i] = e;
        }
        total += (double)e;
    }
    return (float)total;
}

static void softmax(int64_t rows, int64_t n, float *y, const float *x)
{
    for (int64_t r = 0; r < rows; r++, x += n, y += n) {
        float scale = 1.0f / row_exp(n, y, x, row_max(n, x));
        for (int64_t i = 0; i < n; i++) {
            y[i] *= scale;
        }
    }
}

static void log_softmax(int64_t rows, int64_t n, float *y, const float *x)
{
    for (int64_t r = 0; r < rows; r++, x += n, y += n) {
        float shift = row_max(n, x);
        float log_total = logf(row_exp(n, NULL, x, shift));
        for (int64_t i = 0; i < n; i++) {
            y[i] = (x[i] - shift) - log_total;
        }
    }
}

static int64_t cross_entropy(int64_t rows, int64_t n, float *loss, const float *logits,
                             const int32_t *target)
{
    for (int64_t r = 0; r < rows; r++, logits += n) {
        if (target[r] < 0 || target[r] >= n) {
            return r;
        }
        float shift = row_max(n, logits);
        loss[r] = logf(row_exp(n, NULL, logits, shift)) - (logits[target[r]] - shift);
    }
    return -1;
}

static int64_t cross_entropy_grad(int64_t rows, int64_t n, float *dlogits, const float *logits,
                                  const int32_t *target, const float *dloss)
{
    for (int64_t r = 0; r < rows; r++, logits += n, dlogits += n) {
        if (target[r] < 0 || target[r] >= n) {
            return r;
        }
        float scale = dloss[r] / row_exp(n, dlogits, logits, row_max(n, logits));
        for (int64_t i = 0; i < n; i++) {
            dlogits[i] *= scale;
        }
        dlogits[target[r]] -= dloss[r];
    }
    return -1;
}

void vt_plain_softmax(vt_kernels *table)
{
    table->softmax = softmax;
    table->log_softmax = log_softmax;
    table->cross_entropy = cross_entropy;
    table->cross_entropy_grad = cross_entropy_grad;
}
