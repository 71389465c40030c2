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
