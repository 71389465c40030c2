/* The choice of integer kernels for this machine. */
#include "wage/kernels/kernels.h"

#include "agena/base.h"

/* From slow to fast, each with the features that it needs. */
static const struct {
    const wg_kernels *table;
    unsigned features;
} VERSIONS[] = {
    { &wg_kernels_plain, 0 },
#if defined(__x86_64__)
    { &wg_kernels_avx2, AG_CPU_AVX2 },
    { &wg_kernels_avx512, AG_CPU_AVX2 | AG_CPU_AVX512 | AG_CPU_VNNI },
#elif defined(__aarch64__)
    { &wg_kernels_neon, AG_CPU_NEON },
    { &wg_kernels_dotprod, AG_CPU_NEON | AG_CPU_DOTPROD },
#endif
};

int wg_kernels_all(const wg_kernels *list[4])
{
    int found = 0;
    for (size_t i = 0; i < sizeof VERSIONS / sizeof *VERSIONS; i++)
        if ((VERSIONS[i].features & ag_cpu_features()) == VERSIONS[i].features)
            list[found++] = VERSIONS[i].table;
    return found;
}

const wg_kernels *wg_kernels_best(void)
{
    const wg_kernels *list[4] = { &wg_kernels_plain };
    return list[wg_kernels_all(list) - 1];
}
