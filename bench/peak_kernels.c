/* bench/peak_kernels.c: loops that do nothing but one kind of work. Twelve independent accumulators
 * hide the latency of the multiply-add; the empty assembly statements keep the compiler from
 * folding the rounds into one or dropping loads whose value nobody uses. */
#include "peak_kernels.h"

enum { ACCUMULATORS = 12, LANES = 16 };

double bench_fma_c(int64_t rounds)
{
    float sum[ACCUMULATORS * LANES] = { 0 };
    for (int64_t r = 0; r < rounds; r++) {
        for (int i = 0; i < ACCUMULATORS * LANES; i++)
            sum[i] = sum[i] * 0.5f + 1.0f;
        __asm__ volatile("" : : "r"(sum) : "memory");
    }
    return 2.0 * ACCUMULATORS * LANES * (double)rounds;
}

double bench_int8_c(int64_t rounds)
{
    int8_t a[ACCUMULATORS * LANES] = { 1 };
    int32_t sum[ACCUMULATORS * LANES] = { 0 };
    for (int64_t r = 0; r < rounds; r++) {
        for (int i = 0; i < ACCUMULATORS * LANES; i++)
            sum[i] += a[i] * a[i];
        __asm__ volatile("" : : "r"(sum), "r"(a) : "memory");
    }
    return 2.0 * ACCUMULATORS * LANES * (double)rounds;
}

void bench_read_c(const void *memory, size_t bytes)
{
    const uint64_t *word = memory;
    for (size_t i = 0; i < bytes / sizeof(*word); i += 4) {
        __asm__ volatile("" : : "r"(word[i]), "r"(word[i + 1]), "r"(word[i + 2]), "r"(word[i + 3]));
    }
}

#if defined(__x86_64__)
#include <immintrin.h>

/* Twelve variables rather than an array, which compilers may keep in memory. */
#define TWELVE(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

__attribute__((target("avx2,fma"))) double bench_fma_avx2(int64_t rounds)
{
    const __m256 half = _mm256_set1_ps(0.5f), one = _mm256_set1_ps(1.0f);
#define DECLARE(i) __m256 sum##i = one;
#define ROUND(i)                                                                                   \
    sum##i = _mm256_fmadd_ps(sum##i, half, one);                                                   \
    __asm__ volatile("" : "+x"(sum##i));
    TWELVE(DECLARE)
    for (int64_t r = 0; r < rounds; r++) {
        TWELVE(ROUND)
    }
#undef DECLARE
#undef ROUND
    return 2.0 * 8 * ACCUMULATORS * (double)rounds;
}

__attribute__((target("avx512f"))) double bench_fma_avx512(int64_t rounds)
{
    const __m512 half = _mm512_set1_ps(0.5f), one = _mm512_set1_ps(1.0f);
#define DECLARE(i) __m512 sum##i = one;
#define ROUND(i)                                                                                   \
    sum##i = _mm512_fmadd_ps(sum##i, half, one);                                                   \
    __asm__ volatile("" : "+v"(sum##i));
    TWELVE(DECLARE)
    for (int64_t r = 0; r < rounds; r++) {
        TWELVE(ROUND)
    }
#undef DECLARE
#undef ROUND
    return 2.0 * 16 * ACCUMULATORS * (double)rounds;
}

__attribute__((target("avx512f,avx512bf16"))) double bench_bf16_avx512(int64_t rounds)
{
    const __m512bh a = (__m512bh)_mm512_set1_epi16(0x3f80);
#define DECLARE(i) __m512 sum##i = _mm512_setzero_ps();
#define ROUND(i)                                                                                   \
    sum##i = _mm512_dpbf16_ps(sum##i, a, a);                                                       \
    __asm__ volatile("" : "+v"(sum##i));
    TWELVE(DECLARE)
    for (int64_t r = 0; r < rounds; r++) {
        TWELVE(ROUND)
    }
#undef DECLARE
#undef ROUND
    return 2.0 * 32 * ACCUMULATORS * (double)rounds;
}

/* Without VNNI: 8-bit products into 16-bit pairs, those into 32-bit pairs, and an addition. */
__attribute__((target("avx2"))) double bench_int8_avx2(int64_t rounds)
{
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i a = _mm256_set1_epi8(1);
#define DECLARE(i) __m256i sum##i = _mm256_setzero_si256();
#define ROUND(i)                                                                                   \
    __asm__ volatile("" : "+x"(a));                                                                \
    sum##i = _mm256_add_epi32(sum##i, _mm256_madd_epi16(_mm256_maddubs_epi16(a, a), ones));        \
    __asm__ volatile("" : "+x"(sum##i));
    TWELVE(DECLARE)
    for (int64_t r = 0; r < rounds; r++) {
        TWELVE(ROUND)
    }
#undef DECLARE
#undef ROUND
    return 2.0 * 32 * ACCUMULATORS * (double)rounds;
}

__attribute__((target("avx512f,avx512vnni"))) double bench_int8_vnni(int64_t rounds)
{
    const __m512i a = _mm512_set1_epi32(0x01010101);
#define DECLARE(i) __m512i sum##i = _mm512_setzero_si512();
#define ROUND(i)                                                                                   \
    sum##i = _mm512_dpbusd_epi32(sum##i, a, a);                                                    \
    __asm__ volatile("" : "+v"(sum##i));
    TWELVE(DECLARE)
    for (int64_t r = 0; r < rounds; r++) {
        TWELVE(ROUND)
    }
#undef DECLARE
#undef ROUND
    return 2.0 * 64 * ACCUMULATORS * (double)rounds;
}

__attribute__((target("avx2"))) void bench_read_avx2(const void *memory, size_t bytes)
{
    const __m256i *line = memory;
    for (size_t i = 0; i < bytes / sizeof(*line); i += 8) {
#pragma GCC unroll 8
        for (size_t j = 0; j < 8; j++)
            __asm__ volatile("" : : "x"(_mm256_load_si256(line + i + j)));
    }
}

__attribute__((target("avx512f"))) void bench_read_avx512(const void *memory, size_t bytes)
{
    const __m512i *line = memory;
    for (size_t i = 0; i < bytes / sizeof(*line); i += 8) {
#pragma GCC unroll 8
        for (size_t j = 0; j < 8; j++)
            __asm__ volatile("" : : "v"(_mm512_load_si512(line + i + j)));
    }
}
#endif
