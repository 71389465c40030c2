/* tensor/kernels/lanes_avx512.h: sixteen float lanes of AVX-512 behind the names the fast kernels
 * use. */
#ifndef TENSOR_LANES_AVX512_H
#define TENSOR_LANES_AVX512_H

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define TILE_VECTORS 4
enum { LANES = 16 };

typedef __m512 vf;    /* floats */
typedef __mmask16 vm; /* a mask of lanes */

static inline vf vf_set(float x)
{
    return _mm512_set1_ps(x);
}

static inline vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline void vf_store(float *p, vf x)
{
    _mm512_storeu_ps(p, x);
}

/* The first n lanes, 0 <= n <= LANES. */
static inline vm vm_first(int64_t n)
{
    return (vm)((1u << n) - 1u);
}

/* Lanes outside the mask are 0 and not read, or not written. */
static inline vf vf_load_mask(const float *p, vm m)
{
    return _mm512_maskz_loadu_ps(m, p);
}

static inline void vf_store_mask(float *p, vm m, vf x)
{
    _mm512_mask_storeu_ps(p, m, x);
}

static inline vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}

static inline vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}

static inline vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}

static inline vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}

/* a b + c */
static inline vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}

/* c - a b */
static inline vf vf_fnma(vf a, vf b, vf c)
{
    return _mm512_fnmadd_ps(a, b, c);
}

static inline vf vf_sqrt(vf a)
{
    return _mm512_sqrt_ps(a);
}

/* A NaN in b stays; one in a does not. */
static inline vf vf_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}

static inline vf vf_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}

static inline vf vf_neg(vf a)
{
    return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f));
}

static inline vf vf_abs(vf a)
{
    return _mm512_abs_ps(a);
}

static inline vf vf_round(vf a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline vm vf_gt(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}

static inline vm vf_ge(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ);
}

static inline vm vf_lt(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}

/* a != b, true for NaN */
static inline vm vf_ne(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ);
}

/* m ? a : b */
static inline vf vf_select(vm m, vf a, vf b)
{
    return _mm512_mask_blend_ps(m, b, a);
}

/* m ? a : 0 */
static inline vf vf_keep(vm m, vf a)
{
    return _mm512_maskz_mov_ps(m, a);
}

/* 2^n for integral n in [-126, 127] */
static inline vf vf_pow2(vf n)
{
    return _mm512_scalef_ps(_mm512_set1_ps(1.0f), n);
}

/* a 2^n for integral n in [-150, 128] */
static inline vf vf_scale(vf a, vf n)
{
    return _mm512_scalef_ps(a, n);
}

/* x = mantissa 2^exponent with the mantissa in [0.75, 1.5), for positive finite x */
static inline vf vf_split(vf x, vf *exponent)
{
    vf m = _mm512_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_src);
    /* getexp gives floor(log2 x), one less than wanted where the mantissa was taken below 1. */
    vf e = _mm512_getexp_ps(x);
    *exponent = _mm512_mask_add_ps(e, vf_lt(m, vf_set(1.0f)), e, vf_set(1.0f));
    return m;
}

/* Sum and maximum of the lanes, in a fixed order. */
static inline float vf_total(vf a)
{
    return _mm512_reduce_add_ps(a);
}

static inline float vf_largest(vf a)
{
    return _mm512_reduce_max_ps(a);
}

/* Sums kept in double, lane by lane. */
typedef struct {
    __m512d low, high;
} vd;

static inline vd vd_zero(void)
{
    return (vd){ _mm512_setzero_pd(), _mm512_setzero_pd() };
}

static inline vd vd_add(vd t, vf a)
{
    t.low = _mm512_add_pd(t.low, _mm512_cvtps_pd(_mm512_castps512_ps256(a)));
    t.high = _mm512_add_pd(t.high, _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1)));
    return t;
}

static inline vf vd_float(vd t)
{
    vf low = _mm512_castps256_ps512(_mm512_cvtpd_ps(t.low));
    return _mm512_insertf32x8(low, _mm512_cvtpd_ps(t.high), 1);
}

static inline double vd_total(vd t)
{
    return _mm512_reduce_add_pd(_mm512_add_pd(t.low, t.high));
}

#endif
