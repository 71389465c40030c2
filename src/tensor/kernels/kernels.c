/* The choice of kernels for this machine. */
#include "tensor/kernels/plain.h"

#include <pthread.h>

void vt_kernels_fill(vt_kernels *table, unsigned features)
{
    *table = (vt_kernels){ .name = "c" };
    vt_plain_elementwise(table);
    vt_plain_reduce(table);
    vt_plain_softmax(table);
    vt_plain_gates(table);
    vt_plain_likelihood(table);
#if defined(__x86_64__)
    if (features & AG_CPU_AVX2) {
        vt_avx2_fill(table);
    }
    if (features & AG_CPU_AVX512) {
        vt_avx512_fill(table);
    }
#elif defined(__aarch64__)
    if (features & AG_CPU_NEON) {
        vt_neon_fill(table);
    }
#else
    (void)features;
#endif
}

static vt_kernels best;

static void choose(void)
{
    vt_kernels_fill(&best, ag_cpu_features());
}

const vt_kernels *vt_kernels_get(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, choose);
    return &best;
}
