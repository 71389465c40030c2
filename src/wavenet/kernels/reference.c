/* The sampler's kernels in plain C: the reference of the fast ones, and what other processors run.
 */
#include "wavenet/kernels/kernels.h"

#include <math.h>
#include <string.h>

static void row_begin(const wn_addend *to, int row, int column, int width, float *sum)
{
    const float *a = to->a + row * to->a_stride + column;
    const float *b = to->b ? to->b + row * to->b_stride + column : NULL;
    for (int j = 0; j < width; j++)
        sum[j] = b ? a[j] + b[j] : a[j];
}

/* sum [width] += x [k] times a panel [k, width]. */
static void panel_f32(const wn_matrix *w, int column, int width, const float *x, float *sum)
{
    const float *panel = (const float *)w->data + (size_t)column * (size_t)w->k;
    for (int i = 0; i < w->k; i++, panel += width)
        for (int j = 0; j < width; j++)
            sum[j] += x[i] * panel[j];
}

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

static void panel_bf16(const wn_matrix *w, int column, int width, const float *x, float *sum)
{
    const uint32_t *panel = (const uint32_t *)w->data + (size_t)column * (size_t)w->k / 2;
    for (int i = 0; i < w->k; i++, panel += width / 2)
        for (int block = 0; block < width / 32; block++)
            for (int j = 0; j < 16; j++) {
                uint32_t pair = panel[16 * block + j];
                sum[32 * block + j] += x[i] * float_of(pair << 16);
                sum[32 * block + 16 + j] += x[i] * float_of(pair);
            }
}

static void panel_int8(const wn_matrix *w, int column, int width, const int8_t *x, float scale,
                       float *sum)
{
    int32_t count[WN_PANEL] = { 0 };
    const int8_t *panel = (const int8_t *)w->data + (size_t)column * (size_t)w->k;
    for (int i = 0; i < w->k; i += 4, panel += 4 * width)
        for (int j = 0; j < width; j++)
            for (int part = 0; part < 4; part++)
                count[j] += x[i + part] * panel[4 * j + part];
    for (int j = 0; j < width; j++)
        sum[j] += (float)count[j] * (scale * w->scale[column + j]);
}

static void multiply(ag_weights kind, const wn_matrix *w, int rows, const wn_rows *x,
                     const wn_addend *to, float *y, ptrdiff_t y_stride)
{
    for (int column = 0; column < w->n; column += WN_PANEL) {
        int width = w->n - column < WN_PANEL ? w->n - column : WN_PANEL;
        for (int row = 0; row < rows; row++) {
            float sum[WN_PANEL];
            row_begin(to, row, column, width, sum);
            if (kind == AG_WEIGHTS_F32)
                panel_f32(w, column, width, (const float *)x->data + row * x->stride, sum);
            else if (kind == AG_WEIGHTS_BF16)
                panel_bf16(w, column, width, (const float *)x->data + row * x->stride, sum);
            else
                panel_int8(w, column, width, (const int8_t *)x->data + row * x->stride,
                           x->scale[row], sum);
            memcpy(y + row * y_stride + column, sum, (size_t)width * sizeof(float));
        }
    }
}

static void multiply_f32(const wn_matrix *w, int rows, const wn_rows *x, const wn_addend *to,
                         float *y, ptrdiff_t y_stride)
{
    multiply(AG_WEIGHTS_F32, w, rows, x, to, y, y_stride);
}

static void multiply_bf16(const wn_matrix *w, int rows, const wn_rows *x, const wn_addend *to,
                          float *y, ptrdiff_t y_stride)
{
    multiply(AG_WEIGHTS_BF16, w, rows, x, to, y, y_stride);
}

static void multiply_int8(const wn_matrix *w, int rows, const wn_rows *x, const wn_addend *to,
                          float *y, ptrdiff_t y_stride)
{
    multiply(AG_WEIGHTS_INT8, w, rows, x, to, y, y_stride);
}

static float gated(float a, float b)
{
    return tanhf(a) / (1.0f + expf(-b));
}

static void gate(int rows, int z, const float *pre, ptrdiff_t pre_stride, float *out,
                 ptrdiff_t out_stride)
{
    for (int r = 0; r < rows; r++, pre += pre_stride, out += out_stride)
        for (int i = 0; i < z; i++)
            out[i] = gated(pre[i], pre[z + i]);
}

/* Nearest integer in [-127, 127]; not-a-number gives -127, as the conversions of x86 do. */
static int8_t to_int8(float x)
{
    return (int8_t)lrintf(fminf(fmaxf(x, -127.0f), 127.0f));
}

static void gate_int8(int rows, int z, const float *pre, ptrdiff_t pre_stride, int8_t *out,
                      ptrdiff_t out_stride)
{
    for (int r = 0; r < rows; r++, pre += pre_stride, out += out_stride)
        for (int i = 0; i < z; i++)
            out[i] = to_int8(127.0f * gated(pre[i], pre[z + i]));
}

static void quantise(int rows, int n, const float *x, ptrdiff_t x_stride, int8_t *q,
                     ptrdiff_t q_stride, float *scale)
{
    for (int r = 0; r < rows; r++, x += x_stride, q += q_stride) {
        float peak = 0;
        for (int i = 0; i < n; i++)
            peak = fmaxf(peak, fabsf(x[i]));
        scale[r] = peak * (1.0f / 127.0f);
        float factor = peak > 0 ? 127.0f / peak : 0.0f;
        for (int i = 0; i < n; i++)
            q[i] = to_int8(x[i] * factor);
    }
}

static void exp_groups(int n, const float *x, float factor, float *e, float *group)
{
    float peak = x[0];
    for (int i = 1; i < n; i++)
        peak = fmaxf(peak, x[i]);
    for (int i = 0; i < n; i += WN_GROUP) {
        float sum = 0;
        for (int j = i; j < i + WN_GROUP; j++) {
            float power = (x[j] - peak) * factor;
            e[j] = power >= -87.33654f ? expf(power) : 0.0f; /* ln 2^-126 */
            sum += e[j];
        }
        group[i / WN_GROUP] = sum;
    }
}

const wn_kernels wn_kernels_c = {
    "c", { multiply_f32, multiply_bf16, multiply_int8 }, gate, gate_int8, quantise, exp_groups,
};
