/* The gated unit of WaveNet and the LSTM cell in plain C: the reference of the faster ones. */
#include "tensor/kernels/plain.h"

#include <math.h>

static float sigmoid(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

static void gated(int64_t rows, int64_t c, float *y, const float *x)
{
    for (int64_t r = 0; r < rows; r++, x += 2 * c, y += c) {
        for (int64_t i = 0; i < c; i++) {
            y[i] = tanhf(x[i]) * sigmoid(x[c + i]);
        }
    }
}

static void gated_grad(int64_t rows, int64_t c, float *dx, const float *x, const float *dy)
{
    for (int64_t r = 0; r < rows; r++, x += 2 * c, dx += 2 * c, dy += c) {
        for (int64_t i = 0; i < c; i++) {
            float t = tanhf(x[i]), s = sigmoid(x[c + i]);
            dx[i] = dy[i] * s * (1.0f - t * t);
            dx[c + i] = dy[i] * t * s * (1.0f - s);
        }
    }
}

static void lstm(int64_t rows, int64_t h, float *c_out, float *h_out, int64_t out_row,
                 const float *gates, const float *c)
{
    for (int64_t r = 0; r < rows; r++, gates += 4 * h, c += h, c_out += out_row, h_out += out_row) {
        for (int64_t j = 0; j < h; j++) {
            float in = sigmoid(gates[j]), forget = sigmoid(gates[h + j]);
            float cell = tanhf(gates[2 * h + j]), out = sigmoid(gates[3 * h + j]);
            float next = forget * c[j] + in * cell;
            c_out[j] = next;
            h_out[j] = out * tanhf(next);
        }
    }
}

static void lstm_grad(int64_t rows, int64_t h, float *dgates, float *dc, int64_t d_row,
                      const float *gates, const float *c, const float *dc_out, const float *dh_out,
                      int64_t out_row)
{
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t j = 0; j < h; j++) {
            float in = sigmoid(gates[j]), forget = sigmoid(gates[h + j]);
            float cell = tanhf(gates[2 * h + j]), out = sigmoid(gates[3 * h + j]);
            float t = tanhf(forget * c[j] + in * cell);
            float dh = dh_out[j], dnext = dc_out[j] + dh * out * (1.0f - t * t);
            dgates[j] = dnext * cell * in * (1.0f - in);
            dgates[h + j] = dnext * c[j] * forget * (1.0f - forget);
            dgates[2 * h + j] = dnext * in * (1.0f - cell * cell);
            dgates[3 * h + j] = dh * t * out * (1.0f - out);
            dc[j] = dnext * forget;
        }
        gates += 4 * h;
        c += h;
        dc_out += out_row;
        dh_out += out_row;
        dgates += d_row;
        dc += d_row;
    }
}

void vt_plain_gates(vt_kernels *table)
{
    table->gated = gated;
    table->gated_grad = gated_grad;
    table->lstm = lstm;
    table->lstm_grad = lstm_grad;
}
