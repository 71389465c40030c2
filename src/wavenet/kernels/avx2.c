/* The sampler's kernels for AVX2 with fused multiply-adds. */
#include "wavenet/kernels/kernels.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

/* ---- products ----
 * A tile is R rows by V vectors of 8 columns, held in registers, beginning at the 16 columns number
 * `part` of the panel whose first column is `first`. */

typedef struct {
    const wn_matrix *w;
    int first, width; /* of the panel */
    const wn_rows *x;
    const wn_addend *to;
    float *y;
    ptrdiff_t y_stride;
} panel;

/* Column of vector v: in sequence, or as the halves of bf16 words lie. */
INLINE int column_of(ag_weights kind, int part, int v)
{
    if (kind != AG_WEIGHTS_BF16)
        return 16 * part + 8 * v;
    int words = part + v / 2;
    return 32 * (words / 2) + 8 * (words % 2) + 16 * (v % 2);
}

INLINE void tile_begin(ag_weights kind, int R, int V, const panel *p, int part, int row,
                       __m256 sum[4][8])
{
    const wn_addend *to = p->to;
    for (int r = 0; r < R; r++) {
        const float *a = to->a + (row + r) * to->a_stride + p->first;
        for (int v = 0; v < V; v++)
            sum[r][v] = _mm256_load_ps(a + column_of(kind, part, v));
    }
    if (!to->b)
        return;
    for (int r = 0; r < R; r++) {
        const float *b = to->b + (row + r) * to->b_stride + p->first;
        for (int v = 0; v < V; v++)
            sum[r][v] = _mm256_add_ps(sum[r][v], _mm256_load_ps(b + column_of(kind, part, v)));
    }
}

INLINE void tile_end(ag_weights kind, int R, int V, const panel *p, int part, int row,
                     __m256 sum[4][8])
{
    for (int r = 0; r < R; r++) {
        float *y = p->y + (row + r) * p->y_stride + p->first;
        for (int v = 0; v < V; v++)
            _mm256_store_ps(y + column_of(kind, part, v), sum[r][v]);
    }
}

/* While the first rows go through one part of a panel, fetch what the next part reads: hardware
 * does not follow such strides. */
INLINE void fetch_next(int R, int row, const void *next)
{
    if (R == 4 && row == 0)
        _mm_prefetch((const char *)next, _MM_HINT_T0);
}

INLINE void tile_f32(int R, int V, const panel *p, int part, int row)
{
    int k = p->w->k;
    const float *w = (const float *)p->w->data + (size_t)p->first * (size_t)k + 16 * part;
    const float *x = (const float *)p->x->data + row * p->x->stride;
    ptrdiff_t next = part < 3 ? 16 : (ptrdiff_t)k * WN_PANEL - 48;
    __m256 sum[4][8];
    tile_begin(AG_WEIGHTS_F32, R, V, p, part, row, sum);
    for (int i = 0; i < k; i++, w += p->width) {
        fetch_next(R, row, w + next);
        __m256 weight[8];
        for (int v = 0; v < V; v++)
            weight[v] = _mm256_load_ps(w + 8 * v);
        for (int r = 0; r < R; r++) {
            __m256 value = _mm256_broadcast_ss(x + r * p->x->stride + i);
            for (int v = 0; v < V; v++)
                sum[r][v] = _mm256_fmadd_ps(weight[v], value, sum[r][v]);
        }
    }
    tile_end(AG_WEIGHTS_F32, R, V, p, part, row, sum);
}

/* Low halves become floats by a shift. High halves are used as they are: packing rounds them
 * knowing the bits below (pack.c), so no mask is needed. */
INLINE void tile_bf16(int R, int V, const panel *p, int part, int row)
{
    int k = p->w->k;
    const uint32_t *w = (const uint32_t *)p->w->data + (size_t)p->first / 2 * (size_t)k + 8 * part;
    const float *x = (const float *)p->x->data + row * p->x->stride;
    ptrdiff_t next = part < 2 ? 16 : (ptrdiff_t)k * WN_PANEL / 2 - 16;
    __m256 sum[4][8];
    tile_begin(AG_WEIGHTS_BF16, R, V, p, part, row, sum);
    for (int i = 0; i < k; i++, w += p->width / 2) {
        fetch_next(R, row, w + next);
        __m256 weight[8];
        for (int v = 0; v < V; v += 2) {
            __m256i pair = _mm256_load_si256((const __m256i *)(const void *)(w + 4 * v));
            weight[v] = _mm256_castsi256_ps(_mm256_slli_epi32(pair, 16));
            weight[v + 1] = _mm256_castsi256_ps(pair);
        }
        for (int r = 0; r < R; r++) {
            __m256 value = _mm256_broadcast_ss(x + r * p->x->stride + i);
            for (int v = 0; v < V; v++)
                sum[r][v] = _mm256_fmadd_ps(weight[v], value, sum[r][v]);
        }
    }
    tile_end(AG_WEIGHTS_BF16, R, V, p, part, row, sum);
}

/* Exact integer sums: maddubs wants one unsigned operand, so the activations' signs move to the
 * weights. Two products of at most 127 * 127 do not saturate 16 bits. */
INLINE __m256i dot4(__m256i count, __m256i magnitude, __m256i value, __m256i weight)
{
    __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(weight, value));
    return _mm256_add_epi32(count, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

INLINE void tile_int8(int R, int V, const panel *p, int part, int row)
{
    int k = p->w->k;
    const int8_t *w = (const int8_t *)p->w->data + (size_t)p->first * (size_t)k + 64 * part;
    const int8_t *x = (const int8_t *)p->x->data + row * p->x->stride;
    __m256i count[4][8];
    for (int r = 0; r < R; r++)
        for (int v = 0; v < V; v++)
            count[r][v] = _mm256_setzero_si256();
    for (int i = 0; i < k; i += 4, w += 4 * p->width)
        for (int r = 0; r < R; r++) {
            int32_t four;
            __builtin_memcpy(&four, x + r * p->x->stride + i, sizeof(four));
            __m256i value = _mm256_set1_epi32(four), magnitude = _mm256_abs_epi8(value);
            for (int v = 0; v < V; v++)
                count[r][v] = dot4(count[r][v], magnitude, value,
                                   _mm256_load_si256((const __m256i *)(const void *)(w + 32 * v)));
        }
    __m256 sum[4][8];
    tile_begin(AG_WEIGHTS_INT8, R, V, p, part, row, sum);
    const float *scales = p->w->scale + p->first + 16 * part;
    for (int r = 0; r < R; r++) {
        __m256 scale = _mm256_broadcast_ss(p->x->scale + row + r);
        for (int v = 0; v < V; v++)
            sum[r][v] =
                _mm256_fmadd_ps(_mm256_cvtepi32_ps(count[r][v]),
                                _mm256_mul_ps(scale, _mm256_load_ps(scales + 8 * v)), sum[r][v]);
    }
    tile_end(AG_WEIGHTS_INT8, R, V, p, part, row, sum);
}

/* Every tile has eight independent sums: enough to hide the latency of an addition, few enough for
 * sixteen registers. */
#define DEFINE_MULTIPLY(kind, name)                                                                \
    INLINE void panel_##kind(const panel *p, int rows)                                             \
    {                                                                                              \
        int row = 0;                                                                               \
        for (; row + 4 <= rows; row += 4)                                                          \
            for (int part = 0; part < p->width / 16; part++)                                       \
                tile_##kind(4, 2, p, part, row);                                                   \
        for (; row + 2 <= rows; row += 2)                                                          \
            for (int part = 0; part < p->width / 16; part += 2)                                    \
                tile_##kind(2, 4, p, part, row);                                                   \
        if (row < rows && p->width == WN_PANEL)                                                    \
            tile_##kind(1, 8, p, 0, row);                                                          \
        else if (row < rows)                                                                       \
            tile_##kind(1, 4, p, 0, row);                                                          \
    }                                                                                              \
    void name(const wn_matrix *w, int rows, const wn_rows *x, const wn_addend *to, float *y,       \
              ptrdiff_t y_stride)                                                                  \
    {                                                                                              \
        for (int first = 0; first < w->n; first += WN_PANEL) {                                     \
            int width = w->n - first < WN_PANEL ? w->n - first : WN_PANEL;                         \
            panel p = { w, first, width, x, to, y, y_stride };                                     \
            panel_##kind(&p, rows);                                                                \
        }                                                                                          \
    }

static wn_multiply_fn multiply_f32, multiply_bf16;
DEFINE_MULTIPLY(f32, multiply_f32)
DEFINE_MULTIPLY(bf16, multiply_bf16)
DEFINE_MULTIPLY(int8, wn_multiply_int8_avx2)

/* ---- elementwise ---- */

/* 2^x, relative error below 2e-7, for x in [-126, 127]: the polynomial is the best of degree 5 on
 * [-1/2, 1/2]. */
INLINE __m256 exp2_vector(__m256 x)
{
    __m256 whole = _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 f = _mm256_sub_ps(x, whole);
    __m256 p = _mm256_set1_ps(0.00132764725f);
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(0.00967554189f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(0.0555071309f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(0.240221202f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(0.693146944f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(1.00000012f));
    __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(whole), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), exponent));
}

/* tanh(a) sigmoid(b) = (1 - u) / ((1 + u) (1 + v)) with u = e^-2a, v = e^-b. The clamps keep the
 * product finite and change nothing that float32 can show. */
INLINE __m256 gate_vector(__m256 a, __m256 b)
{
    const __m256 one = _mm256_set1_ps(1.0f);
    __m256 u = _mm256_mul_ps(a, _mm256_set1_ps(-2.88539008f));
    __m256 v = _mm256_mul_ps(b, _mm256_set1_ps(-1.44269504f));
    u = _mm256_max_ps(_mm256_min_ps(u, _mm256_set1_ps(30.0f)), _mm256_set1_ps(-30.0f));
    v = _mm256_max_ps(_mm256_min_ps(v, _mm256_set1_ps(80.0f)), _mm256_set1_ps(-80.0f));
    u = exp2_vector(u);
    v = exp2_vector(v);
    return _mm256_div_ps(_mm256_sub_ps(one, u),
                         _mm256_mul_ps(_mm256_add_ps(one, u), _mm256_add_ps(one, v)));
}

static void gate(int rows, int z, const float *pre, ptrdiff_t pre_stride, float *out,
                 ptrdiff_t out_stride)
{
    for (int r = 0; r < rows; r++, pre += pre_stride, out += out_stride)
        for (int i = 0; i < z; i += 8)
            _mm256_store_ps(out + i,
                            gate_vector(_mm256_load_ps(pre + i), _mm256_load_ps(pre + z + i)));
}

/* Round 16 values to integers in [-127, 127]. */
INLINE void store_int8(__m256 low, __m256 high, int8_t *q)
{
    __m256i words = _mm256_packs_epi32(_mm256_cvtps_epi32(low), _mm256_cvtps_epi32(high));
    words = _mm256_permute4x64_epi64(words, 0xd8); /* packs works in halves */
    words = _mm256_max_epi16(words, _mm256_set1_epi16(-127));
    __m128i bytes =
        _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_store_si128((__m128i *)(void *)q, bytes);
}

static void gate_int8(int rows, int z, const float *pre, ptrdiff_t pre_stride, int8_t *out,
                      ptrdiff_t out_stride)
{
    const __m256 full = _mm256_set1_ps(127.0f);
    for (int r = 0; r < rows; r++, pre += pre_stride, out += out_stride)
        for (int i = 0; i < z; i += 16) {
            const float *a = pre + i, *b = pre + z + i;
            __m256 low = gate_vector(_mm256_load_ps(a), _mm256_load_ps(b));
            __m256 high = gate_vector(_mm256_load_ps(a + 8), _mm256_load_ps(b + 8));
            store_int8(_mm256_mul_ps(low, full), _mm256_mul_ps(high, full), out + i);
        }
}

INLINE float reduce_max(__m256 x)
{
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

INLINE float reduce_add(__m256 x)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

static void quantise(int rows, int n, const float *x, ptrdiff_t x_stride, int8_t *q,
                     ptrdiff_t q_stride, float *scale)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    for (int r = 0; r < rows; r++, x += x_stride, q += q_stride) {
        __m256 most = _mm256_setzero_ps();
        for (int i = 0; i < n; i += 8)
            most = _mm256_max_ps(most, _mm256_andnot_ps(sign, _mm256_load_ps(x + i)));
        float peak = reduce_max(most);
        scale[r] = peak * (1.0f / 127.0f);
        __m256 factor = _mm256_set1_ps(peak > 0 ? 127.0f / peak : 0.0f);
        for (int i = 0; i < n; i += 16)
            store_int8(_mm256_mul_ps(_mm256_load_ps(x + i), factor),
                       _mm256_mul_ps(_mm256_load_ps(x + i + 8), factor), q + i);
    }
}

static void exp_groups(int n, const float *x, float factor, float *e, float *group)
{
    __m256 most = _mm256_load_ps(x);
    for (int i = 8; i < n; i += 8)
        most = _mm256_max_ps(most, _mm256_load_ps(x + i));
    const __m256 peak = _mm256_set1_ps(reduce_max(most));
    const __m256 power = _mm256_set1_ps(factor * 1.44269504f);
    const __m256 least = _mm256_set1_ps(-126.0f);
    for (int i = 0; i < n; i += WN_GROUP) {
        __m256 sum = _mm256_setzero_ps();
        for (int j = i; j < i + WN_GROUP; j += 8) {
            __m256 t = _mm256_mul_ps(_mm256_sub_ps(_mm256_load_ps(x + j), peak), power);
            __m256 shown = _mm256_cmp_ps(t, least, _CMP_GE_OQ);
            __m256 value = _mm256_and_ps(shown, exp2_vector(_mm256_max_ps(t, least)));
            _mm256_store_ps(e + j, value);
            sum = _mm256_add_ps(sum, value);
        }
        group[i / WN_GROUP] = reduce_add(sum);
    }
}

const wn_kernels wn_kernels_avx2 = {
    .name = "avx2",
    .multiply = { multiply_f32, multiply_bf16, wn_multiply_int8_avx2 },
    .gate = gate,
    .gate_int8 = gate_int8,
    .quantise = quantise,
    .exp_groups = exp_groups,
};
