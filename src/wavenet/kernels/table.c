/* The choice of the sampler's kernels by the processor's features. */
#include "wavenet/kernels/kernels.h"

const wn_kernels *wn_kernels_for(unsigned features)
{
#if defined(__x86_64__)
    unsigned vnni = AG_CPU_AVX512 | AG_CPU_VNNI;
    if ((features & vnni) == vnni)
        return &wn_kernels_avx512_vnni;
    if (features & AG_CPU_AVX512)
        return &wn_kernels_avx512;
    if (features & AG_CPU_AVX2)
        return &wn_kernels_avx2;
#elif defined(__aarch64__)
    if (features & AG_CPU_NEON)
        return &wn_kernels_neon;
#endif
    (void)features;
    return &wn_kernels_c;
}
