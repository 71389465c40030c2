/* wage/kernels/lanes_avx512.h: sixteen 32-bit lanes of AVX-512 behind the names the fast kernels
 * use. */
#ifndef WAGE_LANES_AVX512_H
#define WAGE_LANES_AVX512_H

#include <immintrin.h>

#include "wage/kernels/lanes_x86.h"

enum { LANES = 16 };

typedef __m512i vi;   /* 32-bit integers, or four bytes a lane */
typedef __mmask16 vm; /* a mask of lanes */

#define ALL ((__mmask16)0xffff)

static inline __mmask16 first(int n)
{
    return (__mmask16)(n >= LANES ? 0xffff : (1u << n) - 1);
}

static inline vi vi_zero(void)
{
    return _mm512_setzero_si512();
}

static inline vi vi_set(uint32_t x)
{
    return _mm512_set1_epi32((int)x);
}

static inline vi vi_count(void)
{
    return _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
}

static inline vi vi_load(const void *p)
{
    return _mm512_loadu_si512(p);
}

static inline void vi_store(void *p, vi x)
{
    _mm512_storeu_si512(p, x);
}

/* The first n lanes, 0 <= n <= LANES; the others are 0 and not read, or not written. */
static inline vi vi_load_first(const int32_t *p, int n)
{
    return n >= LANES ? vi_load(p) : _mm512_maskz_loadu_epi32(first(n), p);
}

static inline void vi_store_first(int32_t *p, vi x, int n)
{
    _mm512_mask_storeu_epi32(p, first(n), x);
}

static inline vi vi_load_int8(const int8_t *p, int n)
{
    return _mm512_cvtepi8_epi32(n >= LANES ? load16(p) : _mm_maskz_loadu_epi8(first(n), p));
}

static inline vi vi_load_uint8(const uint8_t *p, int n)
{
    return _mm512_cvtepu8_epi32(n >= LANES ? load16(p) : _mm_maskz_loadu_epi8(first(n), p));
}

static inline vi vi_load_uint16(const uint16_t *p, int n)
{
    return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(n >= LANES ? ALL : first(n), p));
}

/* The low bytes of the first n lanes. */
static inline void vi_store_bytes(void *p, vi x, int n)
{
    if (n >= LANES)
        store16(p, _mm512_cvtepi32_epi8(x));
    else
        _mm_mask_storeu_epi8(p, first(n), _mm512_cvtepi32_epi8(x));
}

static inline vi vi_add(vi a, vi b)
{
    return _mm512_add_epi32(a, b);
}

static inline vi vi_sub(vi a, vi b)
{
    return _mm512_sub_epi32(a, b);
}

static inline vi vi_xor(vi a, vi b)
{
    return _mm512_xor_si512(a, b);
}

static inline vi vi_and(vi a, vi b)
{
    return _mm512_and_si512(a, b);
}

static inline vi vi_or(vi a, vi b)
{
    return _mm512_or_si512(a, b);
}

static inline vi vi_abs(vi a)
{
    return _mm512_abs_epi32(a);
}

static inline vi vi_min(vi a, vi b)
{
    return _mm512_min_epi32(a, b);
}

static inline vi vi_max(vi a, vi b)
{
    return _mm512_max_epi32(a, b);
}

static inline vi vi_min_unsigned(vi a, vi b)
{
    return _mm512_min_epu32(a, b);
}

static inline vi vi_max_unsigned(vi a, vi b)
{
    return _mm512_max_epu32(a, b);
}

/* 0 <= count; 0 from 32 on. */
static inline vi vi_left(vi a, int count)
{
    return _mm512_sll_epi32(a, _mm_cvtsi32_si128(count));
}

static inline vi vi_right(vi a, int count)
{
    return _mm512_srl_epi32(a, _mm_cvtsi32_si128(count));
}

static inline vm vi_above(vi a, vi b)
{
    return _mm512_cmpgt_epi32_mask(a, b);
}

static inline vm vi_same(vi a, vi b)
{
    return _mm512_cmpeq_epi32_mask(a, b);
}

static inline vi vi_if(vm m, vi yes, vi no)
{
    return _mm512_mask_mov_epi32(no, m, yes);
}

/* yes where m, else 0. */
static inline vi vi_where(vm m, vi yes)
{
    return _mm512_maskz_mov_epi32(m, yes);
}

static inline uint32_t vi_largest_unsigned(vi a)
{
    return _mm512_reduce_max_epu32(a);
}

/* High and low halves of a * b. */
static inline vi vi_multiply(vi a, vi b, vi *low)
{
    vi even = _mm512_mul_epu32(a, b), odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), b);
    *low = _mm512_mask_mov_epi32(even, 0xaaaa, _mm512_slli_epi64(odd, 32));
    return _mm512_mask_mov_epi32(_mm512_srli_epi64(even, 32), 0xaaaa, odd);
}

/* out [LANES][4]: lane i of the four beside each other. */
static inline void vi_store_four(uint32_t *out, const vi x[4])
{
    vi a = _mm512_unpacklo_epi32(x[0], x[1]), b = _mm512_unpackhi_epi32(x[0], x[1]);
    vi c = _mm512_unpacklo_epi32(x[2], x[3]), d = _mm512_unpackhi_epi32(x[2], x[3]);
    vi y[4] = { _mm512_unpacklo_epi64(a, c), _mm512_unpackhi_epi64(a, c),
                _mm512_unpacklo_epi64(b, d), _mm512_unpackhi_epi64(b, d) };
    /* y[i] holds the lanes i, i + 4, i + 8, i + 12: a transposition of 4 by 4 quarters is left. */
    vi e = _mm512_shuffle_i32x4(y[0], y[1], 0x44), f = _mm512_shuffle_i32x4(y[2], y[3], 0x44);
    vi g = _mm512_shuffle_i32x4(y[0], y[1], 0xee), h = _mm512_shuffle_i32x4(y[2], y[3], 0xee);
    vi_store(out, _mm512_shuffle_i32x4(e, f, 0x88));
    vi_store(out + 16, _mm512_shuffle_i32x4(e, f, 0xdd));
    vi_store(out + 32, _mm512_shuffle_i32x4(g, h, 0x88));
    vi_store(out + 48, _mm512_shuffle_i32x4(g, h, 0xdd));
}

/* ---- products ---- */

/* Four bytes in every lane. */
static inline vi vi_repeat(const int8_t *p)
{
    int32_t four;
    memcpy(&four, p, sizeof four);
    return _mm512_set1_epi32(four);
}

/* sum + the products of four bytes a lane: x from 0 to 255, y from -127 to 127. */
static inline vi vi_dot(vi sum, vi x, vi y)
{
    return _mm512_dpbusd_epi32(sum, x, y);
}

/* Signed left operands get 128 added. */
#define SIGNED_DOT DOT_OFFSET

/* Tiles of 32 registers: those of the sums, of the right operand and one of the left one. */
enum { PANEL = 4 };
#define TILES(X)                                                                                   \
    X(tile_of_dots, DOT, 12, 1)                                                                    \
    X(tile_of_dots, DOT, 12, 2)                                                                    \
    X(tile_of_dots, DOT, 8, 3)                                                                     \
    X(tile_of_dots, DOT, 6, 4)                                                                     \
    X(tile_of_dots, DOT_OFFSET, 12, 1)                                                             \
    X(tile_of_dots, DOT_OFFSET, 12, 2)                                                             \
    X(tile_of_dots, DOT_OFFSET, 8, 3)                                                              \
    X(tile_of_dots, DOT_OFFSET, 6, 4)

#endif
