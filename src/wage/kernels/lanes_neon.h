/* wage/kernels/lanes_neon.h: four 32-bit lanes of NEON behind the names the fast kernels use. */
#ifndef WAGE_LANES_NEON_H
#define WAGE_LANES_NEON_H

#include <arm_neon.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 4 };

typedef int32x4_t vi;  /* 32-bit integers, or four bytes a lane */
typedef uint32x4_t vm; /* a mask of lanes: all bits or none */
typedef int8x16_t vb;  /* sixteen bytes */

/* ---- sixteen bytes ---- */

static inline vb load16(const void *p)
{
    return vld1q_s8(p);
}

static inline void store16(void *p, vb x)
{
    vst1q_s8(p, x);
}

static inline vb vb_set(uint8_t x)
{
    return vreinterpretq_s8_u8(vdupq_n_u8(x));
}

static inline vb vb_and(vb a, vb b)
{
    return vandq_s8(a, b);
}

static inline vb vb_same(vb a, vb b)
{
    return vreinterpretq_s8_u8(vceqq_s8(a, b));
}

static inline vb vb_xor(vb a, vb b)
{
    return veorq_s8(a, b);
}

static inline vb vb_abs(vb a)
{
    return vabsq_s8(a);
}

static inline vb vb_add(vb a, vb b)
{
    return vaddq_s8(a, b);
}

static inline vb vb_min_unsigned(vb a, vb b)
{
    return vreinterpretq_s8_u8(vminq_u8(vreinterpretq_u8_s8(a), vreinterpretq_u8_s8(b)));
}

static inline vb vb_max_unsigned(vb a, vb b)
{
    return vreinterpretq_s8_u8(vmaxq_u8(vreinterpretq_u8_s8(a), vreinterpretq_u8_s8(b)));
}

/* Of unsigned bytes; 0 <= count <= 7. */
static inline vb vb_right(vb a, int count)
{
    return vreinterpretq_s8_u8(vshlq_u8(vreinterpretq_u8_s8(a), vdupq_n_s8((int8_t)-count)));
}

/* a with the sign of b, 0 where b is 0. */
static inline vb vb_with_sign(vb a, vb b)
{
    vb signed_a = vbslq_s8(vcltzq_s8(b), vnegq_s8(a), a);
    return vandq_s8(signed_a, vreinterpretq_s8_u8(vtstq_s8(b, b)));
}

/* a0 b0 a1 b1 ... of the low halves, and of the high ones. */
static inline vb vb_zip_low(vb a, vb b)
{
    return vzip1q_s8(a, b);
}

static inline vb vb_zip_high(vb a, vb b)
{
    return vzip2q_s8(a, b);
}

/* ---- 32-bit lanes ---- */

static inline vi vi_zero(void)
{
    return vdupq_n_s32(0);
}

static inline vi vi_set(uint32_t x)
{
    return vdupq_n_s32((int32_t)x);
}

static inline vi vi_count(void)
{
    static const int32_t count[LANES] = { 0, 1, 2, 3 };
    return vld1q_s32(count);
}

static inline vi vi_load(const void *p)
{
    return vreinterpretq_s32_s8(vld1q_s8(p));
}

static inline void vi_store(void *p, vi x)
{
    vst1q_s8(p, vreinterpretq_s8_s32(x));
}

/* The first n lanes, 0 <= n <= LANES; the others are 0 and not read, or not written. */
static inline vi vi_load_first(const int32_t *p, int n)
{
    int32_t lanes[LANES] = { 0 };
    if (n >= LANES)
        return vi_load(p);
    memcpy(lanes, p, sizeof *p * (size_t)n);
    return vi_load(lanes);
}

static inline void vi_store_first(int32_t *p, vi x, int n)
{
    int32_t lanes[LANES];
    if (n >= LANES) {
        vi_store(p, x);
    } else {
        vi_store(lanes, x);
        memcpy(p, lanes, sizeof *p * (size_t)n);
    }
}

/* n <= LANES bytes, zeros after them. */
static inline uint8x8_t load_first(const void *p, int n)
{
    uint8_t bytes[8] = { 0 };
    if (n >= LANES)
        memcpy(bytes, p, LANES);
    else
        memcpy(bytes, p, (size_t)n);
    return vld1_u8(bytes);
}

static inline vi vi_load_int8(const int8_t *p, int n)
{
    int16x8_t wide = vmovl_s8(vreinterpret_s8_u8(load_first(p, n)));
    return vmovl_s16(vget_low_s16(wide));
}

static inline vi vi_load_uint8(const uint8_t *p, int n)
{
    return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(load_first(p, n)))));
}

static inline vi vi_load_uint16(const uint16_t *p, int n)
{
    uint16_t words[LANES] = { 0 };
    memcpy(words, p, sizeof *p * (size_t)(n >= LANES ? LANES : n));
    return vreinterpretq_s32_u32(vmovl_u16(vld1_u16(words)));
}

/* The low bytes of the first n lanes. */
static inline void vi_store_bytes(void *p, vi x, int n)
{
    int16x4_t half = vmovn_s32(x);
    int8x8_t bytes = vmovn_s16(vcombine_s16(half, half));
    int32_t four = vget_lane_s32(vreinterpret_s32_s8(bytes), 0);
    if (n >= LANES)
        memcpy(p, &four, LANES);
    else
        memcpy(p, &four, (size_t)n);
}

static inline vi vi_add(vi a, vi b)
{
    return vaddq_s32(a, b);
}

static inline vi vi_sub(vi a, vi b)
{
    return vsubq_s32(a, b);
}

static inline vi vi_xor(vi a, vi b)
{
    return veorq_s32(a, b);
}

static inline vi vi_and(vi a, vi b)
{
    return vandq_s32(a, b);
}

static inline vi vi_or(vi a, vi b)
{
    return vorrq_s32(a, b);
}

static inline vi vi_abs(vi a)
{
    return vabsq_s32(a);
}

static inline vi vi_min(vi a, vi b)
{
    return vminq_s32(a, b);
}

static inline vi vi_max(vi a, vi b)
{
    return vmaxq_s32(a, b);
}

static inline vi vi_min_unsigned(vi a, vi b)
{
    return vreinterpretq_s32_u32(vminq_u32(vreinterpretq_u32_s32(a), vreinterpretq_u32_s32(b)));
}

static inline vi vi_max_unsigned(vi a, vi b)
{
    return vreinterpretq_s32_u32(vmaxq_u32(vreinterpretq_u32_s32(a), vreinterpretq_u32_s32(b)));
}

/* 0 <= count; 0 from 32 on. */
static inline vi vi_left(vi a, int count)
{
    return vshlq_s32(a, vdupq_n_s32(count));
}

static inline vi vi_right(vi a, int count)
{
    return vreinterpretq_s32_u32(vshlq_u32(vreinterpretq_u32_s32(a), vdupq_n_s32(-count)));
}

static inline vm vi_above(vi a, vi b)
{
    return vcgtq_s32(a, b);
}

static inline vm vi_same(vi a, vi b)
{
    return vceqq_s32(a, b);
}

static inline vi vi_if(vm m, vi yes, vi no)
{
    return vbslq_s32(m, yes, no);
}

/* yes where m, else 0. */
static inline vi vi_where(vm m, vi yes)
{
    return vandq_s32(vreinterpretq_s32_u32(m), yes);
}

static inline uint32_t vi_largest_unsigned(vi a)
{
    return vmaxvq_u32(vreinterpretq_u32_s32(a));
}

/* High and low halves of a * b. */
static inline vi vi_multiply(vi a, vi b, vi *low)
{
    uint32x4_t x = vreinterpretq_u32_s32(a), y = vreinterpretq_u32_s32(b);
    uint32x4_t first = vreinterpretq_u32_u64(vmull_u32(vget_low_u32(x), vget_low_u32(y)));
    uint32x4_t second = vreinterpretq_u32_u64(vmull_high_u32(x, y));
    *low = vreinterpretq_s32_u32(vuzp1q_u32(first, second));
    return vreinterpretq_s32_u32(vuzp2q_u32(first, second));
}

/* out [LANES][4]: lane i of the four beside each other. */
static inline void vi_store_four(uint32_t *out, const vi x[4])
{
    const int32x4x4_t four = { { x[0], x[1], x[2], x[3] } };
    vst4q_s32((int32_t *)out, four);
}

/* ---- products ---- */

/* Four bytes in every lane. */
static inline vi vi_repeat(const int8_t *p)
{
    int32_t four;
    memcpy(&four, p, sizeof four);
    return vdupq_n_s32(four);
}

#if defined(__ARM_FEATURE_DOTPROD)

/* sum + the products of four bytes a lane. */
static inline vi vi_dot(vi sum, vi x, vi y)
{
    return vdotq_s32(sum, vreinterpretq_s8_s32(x), vreinterpretq_s8_s32(y));
}

/* Tiles of 32 registers: those of the sums, of the right operand and one of the left one. */
enum { PANEL = 4 };
#define TILES(X)                                                                                   \
    X(tile_of_dots, DOT, 12, 1)                                                                    \
    X(tile_of_dots, DOT, 12, 2)                                                                    \
    X(tile_of_dots, DOT, 8, 3)                                                                     \
    X(tile_of_dots, DOT, 6, 4)

#else

/* sum + the products of four bytes a lane, from -127 to 127. Two products fit 16 bits. */
static inline vi vi_dot(vi sum, vi x, vi y)
{
    int8x16_t a = vreinterpretq_s8_s32(x), b = vreinterpretq_s8_s32(y);
    int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(b)), high = vmull_high_s8(a, b);
    return vpadalq_s16(sum, vpaddq_s16(low, high));
}

/* Sums of 16 bits, each of single products: half as many instructions where y is so small that many
 * of them fit. */
typedef struct {
    int16x8_t low, high;
} vs;

static inline vs vs_zero(void)
{
    return (vs){ vdupq_n_s16(0), vdupq_n_s16(0) };
}

static inline vs vs_dot(vs sum, vi x, vi y)
{
    int8x16_t a = vreinterpretq_s8_s32(x), b = vreinterpretq_s8_s32(y);
    return (vs){ vmlal_s8(sum.low, vget_low_s8(a), vget_low_s8(b)), vmlal_high_s8(sum.high, a, b) };
}

static inline vi vi_widen(vi sum, vs x)
{
    return vaddq_s32(sum, vpaddq_s32(vpaddlq_s16(x.low), vpaddlq_s16(x.high)));
}

/* Everything is signed here. */
#define HAS_SUMS    1
#define SIGNED_SUMS SUMS
#define SIGNED_DOT  DOT

/* Tiles of 32 registers. */
enum { PANEL = 2, SUMS_ROWS = 6, SUMS_PRODUCTS = 1 };
#define TILES(X)                                                                                   \
    X(tile_of_dots, DOT, 8, 1)                                                                     \
    X(tile_of_dots, DOT, 8, 2)                                                                     \
    X(tile_of_sums, SUMS, 6, 1)                                                                    \
    X(tile_of_sums, SUMS, 6, 2)

#endif

#define SIGNED_DOT DOT /* everything is signed here */

#endif
