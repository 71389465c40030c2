/* tensor/kernels/lanes_avx2.h: eight float lanes of AVX2 and FMA behind the names the fast kernels
 * use. */
#ifndef TENSOR_LANES_AVX2_H
#define TENSOR_LANES_AVX2_H

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define TILE_VECTORS 2
enum { LANES = 8 };

typedef __m256 vf; /* floats */

typedef __m256 vm; /* a mask of lanes */

static inline vf vf_set(float x)
{
    return _mm256_set1_ps(x);
}

static inline vf vf_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

static inline void vf_store(float *p, vf x)
{
    _mm256_storeu_ps(p, x);
}

/* The first n lanes, 0 <= n <= LANES. */
static inline vm vm_first(int64_t n)
{
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane));
}

/* Lanes outside the mask are 0 and not read, or not written. */
static inline vf vf_load_mask(const float *p, vm m)
{
    return _mm256_maskload_ps(p, _mm256_castps_si256(m));
}

/* A masked store is dozens of steps on some processors, so whole vectors go without. */
static inline void vf_store_mask(float *p, vm m, vf x)
{
    if (_mm256_movemask_ps(m) == 0xff) {
        _mm256_storeu_ps(p, x);
    } else {
        _mm256_maskstore_ps(p, _mm256_castps_si256(m), x);
    }
}

static inline vf vf_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}

static inline vf vf_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}

static inline vf vf_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}

static inline vf vf_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}

/* a b + c */
static inline vf vf_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}

/* c - a b */
static inline vf vf_fnma(vf a, vf b, vf c)
{
    return _mm256_fnmadd_ps(a, b, c);
}

static inline vf vf_sqrt(vf a)
{
    return _mm256_sqrt_ps(a);
}

/* A NaN in b stays; one in a does not. */
static inline vf vf_max(vf a, vf b)
{
    return _mm256_max_ps(a, b);
}

static inline vf vf_min(vf a, vf b)
{
    return _mm256_min_ps(a, b);
}

static inline vf vf_neg(vf a)
{
    return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f));
}

static inline vf vf_abs(vf a)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}

static inline vf vf_round(vf a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline vm vf_gt(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_GT_OQ);
}

static inline vm vf_ge(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_GE_OQ);
}

static inline vm vf_lt(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}

/* a != b, true for NaN */
static inline vm vf_ne(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_NEQ_UQ);
}

/* m ? a : b */
static inline vf vf_select(vm m, vf a, vf b)
{
    return _mm256_blendv_ps(b, a, m);
}

/* m ? a : 0 */
static inline vf vf_keep(vm m, vf a)
{
    return _mm256_and_ps(m, a);
}

/* 2^n for integral n in [-126, 127] */
static inline vf vf_pow2(vf n)
{
    __m256i bits = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(bits, 23));
}

/* a 2^n for integral n in [-150, 128], in two steps so that results may be subnormal or infinite */
static inline vf vf_scale(vf a, vf n)
{
    __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
    __m256i bias = _mm256_set1_epi32(127), rest = _mm256_sub_epi32(whole, half);
    __m256 first = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, bias), 23));
    __m256 second = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(rest, bias), 23));
    return _mm256_mul_ps(_mm256_mul_ps(a, first), second);
}

/* x = mantissa 2^exponent with the mantissa in [0.75, 1.5), for positive finite x */
static inline vf vf_split(vf x, vf *exponent)
{
    __m256 tiny = _mm256_cmp_ps(x, _mm256_set1_ps(0x1p-126f), _CMP_LT_OQ);
    __m256 big = _mm256_blendv_ps(x, _mm256_mul_ps(x, _mm256_set1_ps(0x1p23f)), tiny);
    /* Counting from 0.75 makes the shift give the exponent that belongs to [0.75, 1.5). */
    __m256i from = _mm256_sub_epi32(_mm256_castps_si256(big), _mm256_set1_epi32(0x3f400000));
    __m256i whole = _mm256_srai_epi32(from, 23);
    __m256i bits = _mm256_sub_epi32(_mm256_castps_si256(big), _mm256_slli_epi32(whole, 23));
    __m256 e = _mm256_cvtepi32_ps(whole);
    *exponent = _mm256_sub_ps(e, _mm256_and_ps(tiny, _mm256_set1_ps(23.0f)));
    return _mm256_castsi256_ps(bits);
}

/* Sum and maximum of the lanes, in a fixed order. */
static inline float vf_total(vf a)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

static inline float vf_largest(vf a)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

/* Sums kept in double, lane by lane. */
typedef struct {
    __m256d low, high;
} vd;

static inline vd vd_zero(void)
{
    return (vd){ _mm256_setzero_pd(), _mm256_setzero_pd() };
}

static inline vd vd_add(vd t, vf a)
{
    t.low = _mm256_add_pd(t.low, _mm256_cvtps_pd(_mm256_castps256_ps128(a)));
    t.high = _mm256_add_pd(t.high, _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1)));
    return t;
}

static inline vf vd_float(vd t)
{
    return _mm256_set_m128(_mm256_cvtpd_ps(t.high), _mm256_cvtpd_ps(t.low));
}

static inline double vd_total(vd t)
{
    __m256d s = _mm256_add_pd(t.low, t.high);
    __m128d h = _mm_add_pd(_mm256_castpd256_pd128(s), _mm256_extractf128_pd(s, 1));
    return _mm_cvtsd_f64(_mm_add_sd(h, _mm_unpackhi_pd(h, h)));
}

#endif
