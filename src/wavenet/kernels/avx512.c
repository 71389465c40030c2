/* The sampler's kernels for AVX-512, with and without VNNI. */
#include "wavenet/kernels/kernels.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

/* ---- products ----
 * A tile is R rows by V vectors of 16 columns, held in registers. V = 8 spans two panels: eight
 * chains of sums hide the latency of an addition when there is one row only. */

INLINE void tile_begin(const int R, const int V, int column, const wn_addend *to, int row,
                       __m512 sum[4][8])
{
    for (int r = 0; r < R; r++) {
        const float *a = to->a + (row + r) * to->a_stride + column;
        for (int v = 0; v < V; v++)
            sum[r][v] = _mm512_load_ps(a + 16 * v);
    }
    if (!to->b)
        return;
    for (int r = 0; r < R; r++) {
        const float *b = to->b + (row + r) * to->b_stride + column;
        for (int v = 0; v < V; v++)
            sum[r][v] = _mm512_add_ps(sum[r][v], _mm512_load_ps(b + 16 * v));
    }
}

INLINE void tile_end(const int R, const int V, __m512 sum[4][8], float *y, ptrdiff_t stride)
{
    for (int r = 0; r < R; r++) {
        for (int v = 0; v < V; v++)
            _mm512_store_ps(y + r * stride + 16 * v, sum[r][v]);
    }
}

/* width: columns of a panel here; column: the first one of the tile, inside its panel. */
INLINE void tile_f32(const int R, const int V, const wn_matrix *w, int width, int column, int row,
                     const wn_rows *x, const wn_addend *to, float *y, ptrdiff_t y_stride)
{
    const float *panel = (const float *)w->data + (size_t)column * (size_t)w->k;
    const float *second = panel + (size_t)w->k * WN_PANEL;
    const float *in = (const float *)x->data + row * x->stride;
    __m512 sum[4][8];
    tile_begin(R, V, column, to, row, sum);
    for (int i = 0; i < w->k; i++) {
        __m512 weight[8];
        for (int v = 0; v < V; v++)
            weight[v] = _mm512_load_ps(v < 4 ? panel + 16 * v : second + 16 * (v - 4));
        for (int r = 0; r < R; r++) {
            __m512 value = _mm512_set1_ps(in[r * x->stride + i]);
            for (int v = 0; v < V; v++)
                sum[r][v] = _mm512_fmadd_ps(weight[v], value, sum[r][v]);
        }
        panel += width;
        second += WN_PANEL;
    }
    tile_end(R, V, sum, y + row * y_stride + column, y_stride);
}

/* Low halves become floats by a shift. High halves are used as they are: packing rounds them
 * knowing the bits below (pack.c), so no mask is needed. */
INLINE void tile_bf16(const int R, const int V, const wn_matrix *w, int width, int column, int row,
                      const wn_rows *x, const wn_addend *to, float *y, ptrdiff_t y_stride)
{
    const uint32_t *panel = (const uint32_t *)w->data + (size_t)column * (size_t)w->k / 2;
    const uint32_t *second = panel + (size_t)w->k * WN_PANEL / 2;
    const float *in = (const float *)x->data + row * x->stride;
    __m512 sum[4][8];
    tile_begin(R, V, column, to, row, sum);
    for (int i = 0; i < w->k; i++) {
        __m512 weight[8];
        for (int p = 0; p < V / 2; p++) {
            __m512i pair = _mm512_load_si512(p < 2 ? panel + 16 * p : second + 16 * (p - 2));
            weight[2 * p] = _mm512_castsi512_ps(_mm512_slli_epi32(pair, 16));
            weight[2 * p + 1] = _mm512_castsi512_ps(pair);
        }
        for (int r = 0; r < R; r++) {
            __m512 value = _mm512_set1_ps(in[r * x->stride + i]);
            for (int v = 0; v < V; v++)
                sum[r][v] = _mm512_fmadd_ps(weight[v], value, sum[r][v]);
        }
        panel += width / 2;
        second += WN_PANEL / 2;
    }
    tile_end(R, V, sum, y + row * y_stride + column, y_stride);
}

/* Exact integer sums. dpbusd wants one unsigned operand: activations plus 128, which w->offset
 * undoes. */
INLINE void tile_int8(const int R, const int V, const wn_matrix *w, int width, int column, int row,
                      const wn_rows *x, const wn_addend *to, float *y, ptrdiff_t y_stride)
{
    const int8_t *panel = (const int8_t *)w->data + (size_t)column * (size_t)w->k;
    const int8_t *second = panel + (size_t)w->k * WN_PANEL;
    const int8_t *in = (const int8_t *)x->data + row * x->stride;
    const __m512i flip = _mm512_set1_epi8((char)0x80);
    __m512i count[4][8];
    for (int r = 0; r < R; r++) {
        for (int v = 0; v < V; v++)
            count[r][v] = _mm512_load_si512(w->offset + column + 16 * v);
    }
    for (int i = 0; i < w->k; i += 4) {
        __m512i weight[8];
        for (int v = 0; v < V; v++)
            weight[v] = _mm512_load_si512(v < 4 ? panel + 64 * v : second + 64 * (v - 4));
        for (int r = 0; r < R; r++) {
            int32_t four;
            __builtin_memcpy(&four, in + r * x->stride + i, sizeof(four));
            __m512i value = _mm512_xor_si512(_mm512_set1_epi32(four), flip);
            for (int v = 0; v < V; v++)
                count[r][v] = _mm512_dpbusd_epi32(count[r][v], value, weight[v]);
        }
        panel += 4 * width;
        second += 4 * WN_PANEL;
    }
    __m512 sum[4][8];
    tile_begin(R, V, column, to, row, sum);
    for (int r = 0; r < R; r++) {
        __m512 scale = _mm512_set1_ps(x->scale[row + r]);
        for (int v = 0; v < V; v++)
            sum[r][v] = _mm512_fmadd_ps(
                _mm512_cvtepi32_ps(count[r][v]),
                _mm512_mul_ps(scale, _mm512_load_ps(w->scale + column + 16 * v)), sum[r][v]);
    }
    tile_end(R, V, sum, y + row * y_stride + column, y_stride);
}

/* All rows of the V vectors of columns that begin at `column`. */
#define DEFINE_COLUMNS(kind)                                                                       \
    INLINE void columns_##kind(const int V, const wn_matrix *w, int width, int column, int rows,   \
                               const wn_rows *x, const wn_addend *to, float *y, ptrdiff_t stride)  \
    {                                                                                              \
        int row = 0;                                                                               \
        for (; row + 4 <= rows; row += 4)                                                          \
            tile_##kind(4, V, w, width, column, row, x, to, y, stride);                            \
        if (rows - row >= 2) {                                                                     \
            tile_##kind(2, V, w, width, column, row, x, to, y, stride);                            \
            row += 2;                                                                              \
        }                                                                                          \
        if (row < rows)                                                                            \
            tile_##kind(1, V, w, width, column, row, x, to, y, stride);                            \
    }                                                                                              \
    static void multiply_##kind(const wn_matrix *w, int rows, const wn_rows *x,                    \
                                const wn_addend *to, float *y, ptrdiff_t stride)                   \
    {                                                                                              \
        int column = 0;                                                                            \
        for (; rows == 1 && column + 2 * WN_PANEL <= w->n; column += 2 * WN_PANEL)                 \
            tile_##kind(1, 8, w, WN_PANEL, column, 0, x, to, y, stride);                           \
        for (; column + WN_PANEL <= w->n; column += WN_PANEL)                                      \
            columns_##kind(4, w, WN_PANEL, column, rows, x, to, y, stride);                        \
        if (column < w->n)                                                                         \
            columns_##kind(2, w, 32, column, rows, x, to, y, stride);                              \
    }

DEFINE_COLUMNS(f32)
DEFINE_COLUMNS(bf16)
DEFINE_COLUMNS(int8)

/* ---- elementwise ---- */

/* 2^x, relative error below 2e-7, for x in [-126, 127]: the polynomial is the best of degree 5 on
 * [-1/2, 1/2]. */
INLINE __m512 exp2_vector(__m512 x)
{
    __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m512 f = _mm512_sub_ps(x, whole);
    __m512 p = _mm512_set1_ps(0.00132764725f);
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.00967554189f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.0555071309f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.240221202f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.693146944f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.00000012f));
    return _mm512_scalef_ps(p, whole);
}

/* tanh(a) sigmoid(b) = (1 - u) / ((1 + u) (1 + v)) with u = e^-2a, v = e^-b. The clamps keep the
 * product finite and change nothing that float32 can show. */
INLINE __m512 gate_vector(__m512 a, __m512 b)
{
    const __m512 one = _mm512_set1_ps(1.0f);
    __m512 u = _mm512_mul_ps(a, _mm512_set1_ps(-2.88539008f));
    __m512 v = _mm512_mul_ps(b, _mm512_set1_ps(-1.44269504f));
    u = _mm512_max_ps(_mm512_min_ps(u, _mm512_set1_ps(30.0f)), _mm512_set1_ps(-30.0f));
    v = _mm512_max_ps(_mm512_min_ps(v, _mm512_set1_ps(80.0f)), _mm512_set1_ps(-80.0f));
    u = exp2_vector(u);
    v = exp2_vector(v);
    return _mm512_div_ps(_mm512_sub_ps(one, u),
                         _mm512_mul_ps(_mm512_add_ps(one, u), _mm512_add_ps(one, v)));
}

static void gate(int rows, int z, const float *pre, ptrdiff_t pre_stride, float *out,
                 ptrdiff_t out_stride)
{
    for (int r = 0; r < rows; r++, pre += pre_stride, out += out_stride)
        for (int i = 0; i < z; i += 16)
            _mm512_store_ps(out + i,
                            gate_vector(_mm512_load_ps(pre + i), _mm512_load_ps(pre + z + i)));
}

static void gate_int8(int rows, int z, const float *pre, ptrdiff_t pre_stride, int8_t *out,
                      ptrdiff_t out_stride)
{
    const __m512 full = _mm512_set1_ps(127.0f);
    for (int r = 0; r < rows; r++, pre += pre_stride, out += out_stride)
        for (int i = 0; i < z; i += 16) {
            __m512 value = gate_vector(_mm512_load_ps(pre + i), _mm512_load_ps(pre + z + i));
            __m512i q = _mm512_cvtps_epi32(_mm512_mul_ps(value, full));
            _mm_store_si128((__m128i *)(void *)(out + i), _mm512_cvtsepi32_epi8(q));
        }
}

static void quantise(int rows, int n, const float *x, ptrdiff_t x_stride, int8_t *q,
                     ptrdiff_t q_stride, float *scale)
{
    for (int r = 0; r < rows; r++, x += x_stride, q += q_stride) {
        __m512 most = _mm512_setzero_ps();
        for (int i = 0; i < n; i += 16)
            most = _mm512_max_ps(most, _mm512_abs_ps(_mm512_load_ps(x + i)));
        float peak = _mm512_reduce_max_ps(most);
        scale[r] = peak * (1.0f / 127.0f);
        __m512 factor = _mm512_set1_ps(peak > 0 ? 127.0f / peak : 0.0f);
        for (int i = 0; i < n; i += 16) {
            __m512i value = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_load_ps(x + i), factor));
            value = _mm512_max_epi32(value, _mm512_set1_epi32(-127));
            _mm_store_si128((__m128i *)(void *)(q + i), _mm512_cvtsepi32_epi8(value));
        }
    }
}

static void exp_groups(int n, const float *x, float factor, float *e, float *group)
{
    __m512 most = _mm512_load_ps(x);
    for (int i = 16; i < n; i += 16)
        most = _mm512_max_ps(most, _mm512_load_ps(x + i));
    const __m512 peak = _mm512_set1_ps(_mm512_reduce_max_ps(most));
    const __m512 power = _mm512_set1_ps(factor * 1.44269504f);
    for (int i = 0; i < n; i += 16) {
        __m512 t = _mm512_mul_ps(_mm512_sub_ps(_mm512_load_ps(x + i), peak), power);
        __mmask16 shown = _mm512_cmp_ps_mask(t, _mm512_set1_ps(-126.0f), _CMP_GE_OQ);
        __m512 value = _mm512_maskz_mov_ps(shown, exp2_vector(t));
        _mm512_store_ps(e + i, value);
        group[i / WN_GROUP] = _mm512_reduce_add_ps(value);
    }
}

const wn_kernels wn_kernels_avx512_vnni = {
    .name = "avx512-vnni",
    .multiply = { multiply_f32, multiply_bf16, multiply_int8 },
    .gate = gate,
    .gate_int8 = gate_int8,
    .quantise = quantise,
    .exp_groups = exp_groups,
};

const wn_kernels wn_kernels_avx512 = {
    .name = "avx512",
    .multiply = { multiply_f32, multiply_bf16, wn_multiply_int8_avx2 },
    .gate = gate,
    .gate_int8 = gate_int8,
    .quantise = quantise,
    .exp_groups = exp_groups,
};
