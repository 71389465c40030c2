/* Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, section 4.4) and streams of it.
 */
#include <math.h>

#include "agena/base.h"

enum { ROUNDS = 10 };

/* Multipliers and key increments of Philox4x32 (table 2 and section 4.2 of the paper). */
static const uint32_t MULTIPLIER_0 = 0xD2511F53, MULTIPLIER_1 = 0xCD9E8D57;
static const uint32_t WEYL_0 = 0x9E3779B9, WEYL_1 = 0xBB67AE85;

void ag_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)MULTIPLIER_0 * c0, p1 = (uint64_t)MULTIPLIER_1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += WEYL_0;
        k1 += WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* The key is the seed; the counter's upper three words are purpose and step, its lowest counts
 * blocks, so a stream has 2^32 blocks (2^34 words) before it would meet itself. */
void ag_rng_init(ag_rng *rng, uint64_t seed, uint32_t purpose, uint64_t step)
{
    *rng = (ag_rng){
        .key = { (uint32_t)seed, (uint32_t)(seed >> 32) },
        .counter = { 0, purpose, (uint32_t)step, (uint32_t)(step >> 32) },
        .used = 4,
    };
}

uint32_t ag_rng_u32(ag_rng *rng)
{
    if (rng->used >= 4) {
        ag_philox4x32(rng->counter, rng->key, rng->block);
        rng->counter[0]++;
        rng->used = 0;
    }
    return rng->block[rng->used++];
}

static uint64_t next_u64(ag_rng *rng)
{
    uint64_t low = ag_rng_u32(rng);
    return low | (uint64_t)ag_rng_u32(rng) << 32;
}

uint64_t ag_rng_below(ag_rng *rng, uint64_t n)
{
    /* The lowest 2^64 mod n values are left out, so that n divides the number of the others. */
    uint64_t skip = (0 - n) % n;
    uint64_t x;
    do
        x = next_u64(rng);
    while (x < skip);
    return x % n;
}

float ag_rng_uniform(ag_rng *rng)
{
    return (float)(ag_rng_u32(rng) >> 8) * 0x1p-24f;
}

float ag_rng_normal(ag_rng *rng)
{
    /* The radius needs a uniform number in (0, 1]: the logarithm of 0 is not finite. */
    double u = ((double)(ag_rng_u32(rng)) + 1) * 0x1p-32;
    double v = (double)ag_rng_u32(rng) * 0x1p-32;
    return (float)(sqrt(-2 * log(u)) * cos(2 * M_PI * v));
}
