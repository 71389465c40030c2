/* The sampler's kernels for NEON (64-bit ARM). */
#include "wavenet/kernels/kernels.h"

#include <arm_neon.h>

#define INLINE static inline __attribute__((always_inline))

/* ---- products ----
 * A tile is R rows by V vectors of 4 columns, held in registers, beginning at column `column` of a
 * panel (a multiple of 32). */

typedef struct {
    const wn_matrix *w;
    int first, width; /* of the panel */
    const wn_rows *x;
    const wn_addend *to;
    float *y;
    ptrdiff_t y_stride;
} panel;

INLINE void tile_begin(int R, int V, const panel *p, int column, int row, float32x4_t sum[4][8])
{
    const wn_addend *to = p->to;
    for (int r = 0; r < R; r++) {
        const float *a = to->a + (row + r) * to->a_stride + p->first + column;
        for (int v = 0; v < V; v++)
            sum[r][v] = vld1q_f32(a + 4 * v);
    }
    if (!to->b)
        return;
    for (int r = 0; r < R; r++) {
        const float *b = to->b + (row + r) * to->b_stride + p->first + column;
        for (int v = 0; v < V; v++)
            sum[r][v] = vaddq_f32(sum[r][v], vld1q_f32(b + 4 * v));
    }
}

INLINE void tile_end(int R, int V, const panel *p, int column, int row, float32x4_t sum[4][8])
{
    for (int r = 0; r < R; r++)
        for (int v = 0; v < V; v++)
            vst1q_f32(p->y + (row + r) * p->y_stride + p->first + column + 4 * v, sum[r][v]);
}

INLINE void tile_f32(int R, int V, const panel *p, int column, int row)
{
    int k = p->w->k;
    const float *w = (const float *)p->w->data + (size_t)p->first * (size_t)k + column;
    const float *x = (const float *)p->x->data + row * p->x->stride;
    float32x4_t sum[4][8];
    tile_begin(R, V, p, column, row, sum);
    for (int i = 0; i < k; i++, w += p->width) {
        float32x4_t weight[8];
        for (int v = 0; v < V; v++)
            weight[v] = vld1q_f32(w + 4 * v);
        for (int r = 0; r < R; r++) {
            float value = x[r * p->x->stride + i];
            for (int v = 0; v < V; v++)
                sum[r][v] = vfmaq_n_f32(sum[r][v], weight[v], value);
        }
    }
    tile_end(R, V, p, column, row, sum);
}

/* Weights of 4 columns that begin `v` vectors into a tile: vectors 0 to 3 are the low halves of 16
 * words, which a shift makes floats, 4 to 7 the high halves, which packing rounded as they are used
 * here, without a mask (pack.c). */
INLINE float32x4_t bf16_weights(const uint32_t *words, int v)
{
    uint32x4_t pair = vld1q_u32(words + 4 * (v % 4));
    return vreinterpretq_f32_u32(v < 4 ? vshlq_n_u32(pair, 16) : pair);
}

INLINE void tile_bf16(int R, int V, const panel *p, int column, int row)
{
    int k = p->w->k;
    int half = column % 32 / 16; /* with V = 4: low or high halves alone */
    const uint32_t *w =
        (const uint32_t *)p->w->data + (size_t)p->first / 2 * (size_t)k + column / 32 * 16;
    const float *x = (const float *)p->x->data + row * p->x->stride;
    float32x4_t sum[4][8];
    tile_begin(R, V, p, column, row, sum);
    for (int i = 0; i < k; i++, w += p->width / 2) {
        float32x4_t weight[8];
        for (int v = 0; v < V; v++)
            weight[v] = bf16_weights(w, v + 4 * half);
        for (int r = 0; r < R; r++) {
            float value = x[r * p->x->stride + i];
            for (int v = 0; v < V; v++)
                sum[r][v] = vfmaq_n_f32(sum[r][v], weight[v], value);
        }
    }
    tile_end(R, V, p, column, row, sum);
}

/* Exact integer sums. A product of 4 inputs and 4 columns is two sums of 2 columns in halves, which
 * are joined at the end. */
typedef struct {
    int32x4_t low, high;
} halves;

INLINE halves dot4(halves count, int8x16_t weight, int8x8_t value)
{
    count.low = vpadalq_s16(count.low, vmull_s8(vget_low_s8(weight), value));
    count.high = vpadalq_s16(count.high, vmull_s8(vget_high_s8(weight), value));
    return count;
}

INLINE void tile_int8(int R, int V, const panel *p, int column, int row)
{
    int k = p->w->k;
    const int8_t *w = (const int8_t *)p->w->data + (size_t)p->first * (size_t)k + 4 * column;
    const int8_t *x = (const int8_t *)p->x->data + row * p->x->stride;
    halves count[4][8];
    for (int r = 0; r < R; r++)
        for (int v = 0; v < V; v++)
            count[r][v].low = count[r][v].high = vdupq_n_s32(0);
    for (int i = 0; i < k; i += 4, w += 4 * p->width)
        for (int r = 0; r < R; r++) {
            int32_t four;
            __builtin_memcpy(&four, x + r * p->x->stride + i, sizeof(four));
            int8x8_t value = vreinterpret_s8_s32(vdup_n_s32(four));
            for (int v = 0; v < V; v++)
                count[r][v] = dot4(count[r][v], vld1q_s8(w + 16 * v), value);
        }
    float32x4_t sum[4][8];
    tile_begin(R, V, p, column, row, sum);
    const float *scales = p->w->scale + p->first + column;
    for (int r = 0; r < R; r++)
        for (int v = 0; v < V; v++) {
            int32x4_t joined = vpaddq_s32(count[r][v].low, count[r][v].high);
            float32x4_t scale = vmulq_n_f32(vld1q_f32(scales + 4 * v), p->x->scale[row + r]);
            sum[r][v] = vfmaq_f32(sum[r][v], vcvtq_f32_s32(joined), scale);
        }
    tile_end(R, V, p, column, row, sum);
}

/* Tiles of 4 rows by 4 vectors or 1 row by 8: enough independent sums to hide the latency of an
 * addition (integers, in halves, take twice the registers: 2 rows). */
#define DEFINE_MULTIPLY(kind, rows_at_once)                                                        \
    INLINE void panel_##kind(const panel *p, int rows)                                             \
    {                                                                                              \
        int row = 0;                                                                               \
        for (; row + rows_at_once <= rows; row += rows_at_once)                                    \
            for (int column = 0; column < p->width; column += 16)                                  \
                tile_##kind(rows_at_once, 4, p, column, row);                                      \
        for (; row < rows; row++)                                                                  \
            for (int column = 0; column < p->width; column += 32)                                  \
                tile_##kind(1, 8, p, column, row);                                                 \
    }                                                                                              \
    static void multiply_##kind(const wn_matrix *w, int rows, const wn_rows *x,                    \
                                const wn_addend *to, float *y, ptrdiff_t y_stride)                 \
    {                                                                                              \
        for (int first = 0; first < w->n; first += WN_PANEL) {                                     \
            int width = w->n - first < WN_PANEL ? w->n - first : WN_PANEL;                         \
            panel p = { w, first, width, x, to, y, y_stride };                                     \
            panel_##kind(&p, rows);                                                                \
        }                                                                                          \
    }

DEFINE_MULTIPLY(f32, 4)
DEFINE_MULTIPLY(bf16, 4)
DEFINE_MULTIPLY(int8, 2)

/* ---- elementwise ---- */

/* 2^x, relative error below 2e-7, for x in [-126, 127]: the polynomial is the best of degree 5 on
 * [-1/2, 1/2]. */
INLINE float32x4_t exp2_vector(float32x4_t x)
{
    float32x4_t whole = vrndnq_f32(x), f = vsubq_f32(x, whole);
    float32x4_t p = vdupq_n_f32(0.00132764725f);
    p = vfmaq_f32(vdupq_n_f32(0.00967554189f), p, f);
    p = vfmaq_f32(vdupq_n_f32(0.0555071309f), p, f);
    p = vfmaq_f32(vdupq_n_f32(0.240221202f), p, f);
    p = vfmaq_f32(vdupq_n_f32(0.693146944f), p, f);
    p = vfmaq_f32(vdupq_n_f32(1.00000012f), p, f);
    int32x4_t exponent = vshlq_n_s32(vcvtq_s32_f32(whole), 23);
    return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(p), exponent));
}

/* tanh(a) sigmoid(b) = (1 - u) / ((1 + u) (1 + v)) with u = e^-2a, v = e^-b. The clamps keep the
 * product finite and change nothing that float32 can show. */
INLINE float32x4_t gate_vector(float32x4_t a, float32x4_t b)
{
    const float32x4_t one = vdupq_n_f32(1.0f);
    float32x4_t u = vmulq_n_f32(a, -2.88539008f), v = vmulq_n_f32(b, -1.44269504f);
    u = vmaxnmq_f32(vminnmq_f32(u, vdupq_n_f32(30.0f)), vdupq_n_f32(-30.0f));
    v = vmaxnmq_f32(vminnmq_f32(v, vdupq_n_f32(80.0f)), vdupq_n_f32(-80.0f));
    u = exp2_vector(u);
    v = exp2_vector(v);
    return vdivq_f32(vsubq_f32(one, u), vmulq_f32(vaddq_f32(one, u), vaddq_f32(one, v)));
}

static void gate(int rows, int z, const float *pre, ptrdiff_t pre_stride, float *out,
                 ptrdiff_t out_stride)
{
    for (int r = 0; r < rows; r++, pre += pre_stride, out += out_stride)
        for (int i = 0; i < z; i += 4)
            vst1q_f32(out + i, gate_vector(vld1q_f32(pre + i), vld1q_f32(pre + z + i)));
}

/* Four values rounded to integers in [-127, 127], as 16-bit numbers. */
INLINE int16x4_t to_int16(float32x4_t x)
{
    int32x4_t whole = vmaxq_s32(vcvtnq_s32_f32(x), vdupq_n_s32(-127));
    return vmovn_s32(vminq_s32(whole, vdupq_n_s32(127)));
}

static void gate_int8(int rows, int z, const float *pre, ptrdiff_t pre_stride, int8_t *out,
                      ptrdiff_t out_stride)
{
    for (int r = 0; r < rows; r++, pre += pre_stride, out += out_stride)
        for (int i = 0; i < z; i += 8) {
            const float *a = pre + i, *b = pre + z + i;
            float32x4_t low = gate_vector(vld1q_f32(a), vld1q_f32(b));
            float32x4_t high = gate_vector(vld1q_f32(a + 4), vld1q_f32(b + 4));
            vst1_s8(out + i, vmovn_s16(vcombine_s16(to_int16(vmulq_n_f32(low, 127.0f)),
                                                    to_int16(vmulq_n_f32(high, 127.0f)))));
        }
}

static void quantise(int rows, int n, const float *x, ptrdiff_t x_stride, int8_t *q,
                     ptrdiff_t q_stride, float *scale)
{
    for (int r = 0; r < rows; r++, x += x_stride, q += q_stride) {
        float32x4_t most = vdupq_n_f32(0.0f);
        for (int i = 0; i < n; i += 4)
            most = vmaxnmq_f32(most, vabsq_f32(vld1q_f32(x + i)));
        float peak = vmaxnmvq_f32(most);
        scale[r] = peak * (1.0f / 127.0f);
        float factor = peak > 0 ? 127.0f / peak : 0.0f;
        for (int i = 0; i < n; i += 8) {
            int16x4_t low = to_int16(vmulq_n_f32(vld1q_f32(x + i), factor));
            int16x4_t high = to_int16(vmulq_n_f32(vld1q_f32(x + i + 4), factor));
            vst1_s8(q + i, vmovn_s16(vcombine_s16(low, high)));
        }
    }
}

static void exp_groups(int n, const float *x, float factor, float *e, float *group)
{
    float32x4_t most = vld1q_f32(x);
    for (int i = 4; i < n; i += 4)
        most = vmaxnmq_f32(most, vld1q_f32(x + i));
    const float32x4_t peak = vdupq_n_f32(vmaxnmvq_f32(most)), least = vdupq_n_f32(-126.0f);
    for (int i = 0; i < n; i += WN_GROUP) {
        float32x4_t sum = vdupq_n_f32(0.0f);
        for (int j = i; j < i + WN_GROUP; j += 4) {
            float32x4_t t = vmulq_n_f32(vsubq_f32(vld1q_f32(x + j), peak), factor * 1.44269504f);
            uint32x4_t shown = vcgeq_f32(t, least);
            uint32x4_t bits = vreinterpretq_u32_f32(exp2_vector(vmaxnmq_f32(t, least)));
            float32x4_t value = vreinterpretq_f32_u32(vandq_u32(shown, bits));
            vst1q_f32(e + j, value);
            sum = vaddq_f32(sum, value);
        }
        group[i / WN_GROUP] = vaddvq_f32(sum);
    }
}

const wn_kernels wn_kernels_neon = {
    .name = "neon",
    .multiply = { multiply_f32, multiply_bf16, multiply_int8 },
    .gate = gate,
    .gate_int8 = gate_int8,
    .quantise = quantise,
    .exp_groups = exp_groups,
};
