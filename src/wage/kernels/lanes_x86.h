/* wage/kernels/lanes_x86.h: sixteen bytes of SSE, for moving bytes about. */
#ifndef WAGE_LANES_X86_H
#define WAGE_LANES_X86_H

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef __m128i vb; /* sixteen bytes */

static inline vb load16(const void *p)
{
    return _mm_loadu_si128(p);
}

static inline void store16(void *p, vb x)
{
    _mm_storeu_si128(p, x);
}

static inline vb vb_set(uint8_t x)
{
    return _mm_set1_epi8((char)x);
}

static inline vb vb_and(vb a, vb b)
{
    return _mm_and_si128(a, b);
}

static inline vb vb_same(vb a, vb b)
{
    return _mm_cmpeq_epi8(a, b);
}

static inline vb vb_xor(vb a, vb b)
{
    return _mm_xor_si128(a, b);
}

static inline vb vb_abs(vb a)
{
    return _mm_abs_epi8(a);
}

static inline vb vb_add(vb a, vb b)
{
    return _mm_add_epi8(a, b);
}

static inline vb vb_min_unsigned(vb a, vb b)
{
    return _mm_min_epu8(a, b);
}

static inline vb vb_max_unsigned(vb a, vb b)
{
    return _mm_max_epu8(a, b);
}

/* Of unsigned bytes; 0 <= count <= 7. */
static inline vb vb_right(vb a, int count)
{
    vb shifted = _mm_srl_epi16(a, _mm_cvtsi32_si128(count));
    return _mm_and_si128(shifted, vb_set((uint8_t)(0xff >> count)));
}

/* a with the sign of b, 0 where b is 0. */
static inline vb vb_with_sign(vb a, vb b)
{
    return _mm_sign_epi8(a, b);
}

/* a0 b0 a1 b1 ... of the low halves, and of the high ones. */
static inline vb vb_zip_low(vb a, vb b)
{
    return _mm_unpacklo_epi8(a, b);
}

static inline vb vb_zip_high(vb a, vb b)
{
    return _mm_unpackhi_epi8(a, b);
}

#endif
