/* tensor/kernels/lanes_neon.h: four float lanes of NEON behind the names the fast kernels use. */
#ifndef TENSOR_LANES_NEON_H
#define TENSOR_LANES_NEON_H

#include <arm_neon.h>
#include <stdbool.h>
#include <stdint.h>

#define TILE_VECTORS 4
enum { LANES = 4 };

typedef float32x4_t vf; /* floats */
typedef uint32x4_t vm;  /* a mask of lanes */

static inline vf vf_set(float x)
{
    return vdupq_n_f32(x);
}

static inline vf vf_load(const float *p)
{
    return vld1q_f32(p);
}

static inline void vf_store(float *p, vf x)
{
    vst1q_f32(p, x);
}

/* The first n lanes, 0 <= n <= LANES. */
static inline vm vm_first(int64_t n)
{
    static const uint32_t lane[LANES] = { 0, 1, 2, 3 };
    return vcgtq_u32(vdupq_n_u32((uint32_t)n), vld1q_u32(lane));
}

static inline bool vm_all(vm m)
{
    return vminvq_u32(m) != 0;
}

/* Lanes outside the mask are 0 and not read, or not written. */
static inline vf vf_load_mask(const float *p, vm m)
{
    if (vm_all(m)) {
        return vld1q_f32(p);
    }
    uint32_t in[LANES];
    float x[LANES] = { 0 };
    vst1q_u32(in, m);
    for (int i = 0; i < LANES; i++) {
        if (in[i]) {
            x[i] = p[i];
        }
    }
    return vld1q_f32(x);
}

static inline void vf_store_mask(float *p, vm m, vf value)
{
    if (vm_all(m)) {
        vst1q_f32(p, value);
        return;
    }
    uint32_t in[LANES];
    float x[LANES];
    vst1q_u32(in, m);
    vst1q_f32(x, value);
    for (int i = 0; i < LANES; i++) {
        if (in[i]) {
            p[i] = x[i];
        }
    }
}

static inline vf vf_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}

static inline vf vf_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}

static inline vf vf_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}

static inline vf vf_div(vf a, vf b)
{
    return vdivq_f32(a, b);
}

/* a b + c */
static inline vf vf_fma(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}

/* c - a b */
static inline vf vf_fnma(vf a, vf b, vf c)
{
    return vfmsq_f32(c, a, b);
}

static inline vf vf_sqrt(vf a)
{
    return vsqrtq_f32(a);
}

/* A NaN in b stays; one in a does not. */
static inline vf vf_max(vf a, vf b)
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}

static inline vf vf_min(vf a, vf b)
{
    return vbslq_f32(vcltq_f32(a, b), a, b);
}

static inline vf vf_neg(vf a)
{
    return vnegq_f32(a);
}

static inline vf vf_abs(vf a)
{
    return vabsq_f32(a);
}

static inline vf vf_round(vf a)
{
    return vrndnq_f32(a);
}

static inline vm vf_gt(vf a, vf b)
{
    return vcgtq_f32(a, b);
}

static inline vm vf_ge(vf a, vf b)
{
    return vcgeq_f32(a, b);
}

static inline vm vf_lt(vf a, vf b)
{
    return vcltq_f32(a, b);
}

/* a != b, true for NaN */
static inline vm vf_ne(vf a, vf b)
{
    return vmvnq_u32(vceqq_f32(a, b));
}

/* m ? a : b */
static inline vf vf_select(vm m, vf a, vf b)
{
    return vbslq_f32(m, a, b);
}

/* m ? a : 0 */
static inline vf vf_keep(vm m, vf a)
{
    return vreinterpretq_f32_u32(vandq_u32(m, vreinterpretq_u32_f32(a)));
}

/* 2^n for whole n in [-126, 127] */
static inline vf pow2_whole(int32x4_t n)
{
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
}

static inline vf vf_pow2(vf n)
{
    return pow2_whole(vcvtq_s32_f32(n));
}

/* a 2^n for integral n in [-150, 128], in two steps so that results may be subnormal or infinite */
static inline vf vf_scale(vf a, vf n)
{
    int32x4_t whole = vcvtq_s32_f32(n), half = vshrq_n_s32(whole, 1);
    return vmulq_f32(vmulq_f32(a, pow2_whole(half)), pow2_whole(vsubq_s32(whole, half)));
}

/* x = mantissa 2^exponent with the mantissa in [0.75, 1.5), for positive finite x */
static inline vf vf_split(vf x, vf *exponent)
{
    vm tiny = vcltq_f32(x, vdupq_n_f32(0x1p-126f));
    vf big = vbslq_f32(tiny, vmulq_f32(x, vdupq_n_f32(0x1p23f)), x);
    /* Counting from 0.75 makes the shift give the exponent that belongs to [0.75, 1.5). */
    int32x4_t bits = vreinterpretq_s32_f32(big);
    int32x4_t whole = vshrq_n_s32(vsubq_s32(bits, vdupq_n_s32(0x3f400000)), 23);
    *exponent = vsubq_f32(vcvtq_f32_s32(whole), vf_keep(tiny, vdupq_n_f32(23.0f)));
    return vreinterpretq_f32_s32(vsubq_s32(bits, vshlq_n_s32(whole, 23)));
}

/* Sum and maximum of the lanes, in a fixed order. */
static inline float vf_total(vf a)
{
    return vaddvq_f32(a);
}

static inline float vf_largest(vf a)
{
    return vmaxvq_f32(a);
}

/* Sums kept in double, lane by lane. */
typedef struct {
    float64x2_t low, high;
} vd;

static inline vd vd_zero(void)
{
    return (vd){ vdupq_n_f64(0.0), vdupq_n_f64(0.0) };
}

static inline vd vd_add(vd t, vf a)
{
    t.low = vaddq_f64(t.low, vcvt_f64_f32(vget_low_f32(a)));
    t.high = vaddq_f64(t.high, vcvt_high_f64_f32(a));
    return t;
}

static inline vf vd_float(vd t)
{
    return vcvt_high_f32_f64(vcvt_f32_f64(t.low), t.high);
}

static inline double vd_total(vd t)
{
    return vaddvq_f64(vaddq_f64(t.low, t.high));
}

#endif
