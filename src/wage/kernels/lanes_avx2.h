/* wage/kernels/lanes_avx2.h: eight 32-bit lanes of AVX2 behind the names the fast kernels use. */
#ifndef WAGE_LANES_AVX2_H
#define WAGE_LANES_AVX2_H

#include <immintrin.h>

#include "wage/kernels/lanes_x86.h"

enum { LANES = 8 };

typedef __m256i vi; /* 32-bit integers, or four bytes a lane */
typedef __m256i vm; /* a mask of lanes: all bits or none */

static inline vi vi_zero(void)
{
    return _mm256_setzero_si256();
}

static inline vi vi_set(uint32_t x)
{
    return _mm256_set1_epi32((int)x);
}

static inline vi vi_count(void)
{
    return _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
}

static inline vi vi_load(const void *p)
{
    return _mm256_loadu_si256(p);
}

static inline void vi_store(void *p, vi x)
{
    _mm256_storeu_si256(p, x);
}

/* The first n lanes, 0 <= n <= LANES; the others are 0 and not read, or not written. */
static inline vi vi_load_first(const int32_t *p, int n)
{
    if (n >= LANES)
        return vi_load(p);
    return _mm256_maskload_epi32(p, _mm256_cmpgt_epi32(vi_set((uint32_t)n), vi_count()));
}

static inline void vi_store_first(int32_t *p, vi x, int n)
{
    if (n >= LANES)
        vi_store(p, x);
    else
        _mm256_maskstore_epi32(p, _mm256_cmpgt_epi32(vi_set((uint32_t)n), vi_count()), x);
}

/* n bytes, zeros after them. */
static inline vb load_first(const void *p, int n)
{
    uint8_t bytes[16] = { 0 };
    memcpy(bytes, p, (size_t)n);
    return load16(bytes);
}

static inline vi vi_load_int8(const int8_t *p, int n)
{
    return _mm256_cvtepi8_epi32(n >= LANES ? _mm_loadl_epi64((const void *)p) : load_first(p, n));
}

static inline vi vi_load_uint8(const uint8_t *p, int n)
{
    return _mm256_cvtepu8_epi32(n >= LANES ? _mm_loadl_epi64((const void *)p) : load_first(p, n));
}

static inline vi vi_load_uint16(const uint16_t *p, int n)
{
    return _mm256_cvtepu16_epi32(n >= LANES ? load16(p) : load_first(p, 2 * n));
}

/* The low bytes of the first n lanes. */
static inline void vi_store_bytes(void *p, vi x, int n)
{
    const vi pick = _mm256_set_epi32(-1, -1, -1, 0x0c080400, -1, -1, -1, 0x0c080400);
    vi low = _mm256_shuffle_epi8(x, pick);
    vb bytes = _mm_unpacklo_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
    if (n >= LANES) {
        _mm_storel_epi64(p, bytes);
    } else {
        uint8_t all[16];
        store16(all, bytes);
        memcpy(p, all, (size_t)n);
    }
}

static inline vi vi_add(vi a, vi b)
{
    return _mm256_add_epi32(a, b);
}

static inline vi vi_sub(vi a, vi b)
{
    return _mm256_sub_epi32(a, b);
}

static inline vi vi_xor(vi a, vi b)
{
    return _mm256_xor_si256(a, b);
}

static inline vi vi_and(vi a, vi b)
{
    return _mm256_and_si256(a, b);
}

static inline vi vi_or(vi a, vi b)
{
    return _mm256_or_si256(a, b);
}

static inline vi vi_abs(vi a)
{
    return _mm256_abs_epi32(a);
}

static inline vi vi_min(vi a, vi b)
{
    return _mm256_min_epi32(a, b);
}

static inline vi vi_max(vi a, vi b)
{
    return _mm256_max_epi32(a, b);
}

static inline vi vi_min_unsigned(vi a, vi b)
{
    return _mm256_min_epu32(a, b);
}

static inline vi vi_max_unsigned(vi a, vi b)
{
    return _mm256_max_epu32(a, b);
}

/* 0 <= count; 0 from 32 on. */
static inline vi vi_left(vi a, int count)
{
    return _mm256_sll_epi32(a, _mm_cvtsi32_si128(count));
}

static inline vi vi_right(vi a, int count)
{
    return _mm256_srl_epi32(a, _mm_cvtsi32_si128(count));
}

static inline vm vi_above(vi a, vi b)
{
    return _mm256_cmpgt_epi32(a, b);
}

static inline vm vi_same(vi a, vi b)
{
    return _mm256_cmpeq_epi32(a, b);
}

static inline vi vi_if(vm m, vi yes, vi no)
{
    return _mm256_blendv_epi8(no, yes, m);
}

/* yes where m, else 0. */
static inline vi vi_where(vm m, vi yes)
{
    return _mm256_and_si256(m, yes);
}

static inline uint32_t vi_largest_unsigned(vi a)
{
    vb half = _mm_max_epu32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    half = _mm_max_epu32(half, _mm_shuffle_epi32(half, 0x4e));
    half = _mm_max_epu32(half, _mm_shuffle_epi32(half, 0xb1));
    return (uint32_t)_mm_cvtsi128_si32(half);
}

/* High and low halves of a * b. */
static inline vi vi_multiply(vi a, vi b, vi *low)
{
    vi even = _mm256_mul_epu32(a, b), odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), b);
    *low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}

/* out [LANES][4]: lane i of the four beside each other. */
static inline void vi_store_four(uint32_t *out, const vi x[4])
{
    vi a = _mm256_unpacklo_epi32(x[0], x[1]), b = _mm256_unpackhi_epi32(x[0], x[1]);
    vi c = _mm256_unpacklo_epi32(x[2], x[3]), d = _mm256_unpackhi_epi32(x[2], x[3]);
    vi e = _mm256_unpacklo_epi64(a, c), f = _mm256_unpackhi_epi64(a, c);
    vi g = _mm256_unpacklo_epi64(b, d), h = _mm256_unpackhi_epi64(b, d);
    vi_store(out, _mm256_permute2x128_si256(e, f, 0x20));
    vi_store(out + 8, _mm256_permute2x128_si256(g, h, 0x20));
    vi_store(out + 16, _mm256_permute2x128_si256(e, f, 0x31));
    vi_store(out + 24, _mm256_permute2x128_si256(g, h, 0x31));
}

/* ---- products ---- */

/* Four bytes in every lane. */
static inline vi vi_repeat(const int8_t *p)
{
    int32_t four;
    memcpy(&four, p, sizeof four);
    return _mm256_set1_epi32(four);
}

/* sum + the products of four bytes a lane: |x|, |y| <= 127. Two products fit 16 bits. */
static inline vi vi_dot(vi sum, vi x, vi y)
{
    vi pairs = _mm256_maddubs_epi16(x, y);
    return vi_add(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

/* The same for x from -127 on: its sign goes over to y. */
static inline vi vi_dot_signed(vi sum, vi x, vi y)
{
    return vi_dot(sum, _mm256_abs_epi8(x), _mm256_sign_epi8(y, x));
}

/* Sums of 16 bits, each of pairs of products: half as many instructions where y is so small that
 * many of them fit. */
typedef __m256i vs;

static inline vs vs_zero(void)
{
    return _mm256_setzero_si256();
}

/* x from 0 to 255. */
static inline vs vs_dot(vs sum, vi x, vi y)
{
    return _mm256_add_epi16(sum, _mm256_maddubs_epi16(x, y));
}

static inline vi vi_widen(vi sum, vs x)
{
    return vi_add(sum, _mm256_madd_epi16(x, _mm256_set1_epi16(1)));
}

/* Signed left operands of vs_dot() get 128 added. */
#define HAS_SUMS       1
#define SIGNED_SUMS    SUMS_OFFSET
#define HAS_SIGNED_DOT 1
#define SIGNED_DOT     DOT_SIGNED

/* Tiles of 16 registers. */
enum { PANEL = 2, SUMS_ROWS = 6, SUMS_PRODUCTS = 2 };
#define TILES(X)                                                                                   \
    X(tile_of_dots, DOT, 6, 1)                                                                     \
    X(tile_of_dots, DOT, 4, 2)                                                                     \
    X(tile_of_dots, DOT_SIGNED, 6, 1)                                                              \
    X(tile_of_dots, DOT_SIGNED, 4, 2)                                                              \
    X(tile_of_sums, SUMS, 6, 1)                                                                    \
    X(tile_of_sums, SUMS, 6, 2)                                                                    \
    X(tile_of_sums, SUMS_OFFSET, 6, 1)                                                             \
    X(tile_of_sums, SUMS_OFFSET, 5, 2)

#endif
