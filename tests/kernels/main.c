/* agena-checkkernels: every fast kernel against its plain C reference, correctness and speed in one
 * run.
 *
 * agena-checkkernels [--bench] [--seed N] [SUITE...] */
#include "checkkernels.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ck_suite suites[] = {
/* Cross-compiled: without libraries for the other machine. */
#if !defined(CHECKKERNELS_WAGE_ALONE)
    { "sampler", check_sampler }, { "tensor", check_tensor },
    { "strided", check_strided }, { "conv", check_conv },
#endif
    { "wage", check_wage },
};
enum { SUITES = sizeof(suites) / sizeof(suites[0]), MAX_BUFFERS = 4096 };

static struct {
    bool timing;
    ag_rng rng;
    int64_t comparisons, failures;
    int buffers;
    void *buffer[MAX_BUFFERS];
} state;

int ck_versions(ck_version versions[CK_MAX_VERSIONS])
{
    static const ck_version known[] = {
        { "avx2", AG_CPU_AVX2 },
        { "avx512", AG_CPU_AVX2 | AG_CPU_AVX512 },
        { "neon", AG_CPU_NEON },
    };
    unsigned have = ag_cpu_features();
    int count = 0;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if ((known[i].features & ~have) == 0)
            versions[count++] = known[i];
    if (count > 0 && versions[count - 1].features != have)
        versions[count++] = (ck_version){ "all", have };
    return count;
}

int64_t ck_between(int64_t low, int64_t high)
{
    return low + (int64_t)ag_rng_below(&state.rng, (uint64_t)(high - low) + 1);
}

void ck_normal(float *x, int64_t count, float stddev)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = stddev * ag_rng_normal(&state.rng);
}

void *ck_buffer(size_t size)
{
    void *memory = state.buffers < MAX_BUFFERS ? ag_malloc_aligned(size) : NULL;
    if (!memory) {
        fprintf(stderr, "agena-checkkernels: no buffer of %zu bytes\n", size);
        exit(2);
    }
    state.buffer[state.buffers++] = memory;
    return memory;
}

void ck_release(void)
{
    while (state.buffers > 0)
        ag_free(state.buffer[--state.buffers]);
}

static bool close_enough(float got, float want, double absolute, double relative)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got);
    if (isinf(want) || isinf(got))
        return got == want;
    return fabs((double)got - (double)want) <= absolute + relative * fabs((double)want);
}

static bool failed(const char *kernel, const char *version, const char *shape)
{
    state.failures++;
    printf("FAILED %s (%s) on %s: ", kernel, version, shape);
    return false;
}

bool ck_close(const char *kernel, const char *version, const char *shape, const float *got,
              const float *want, int64_t count, double absolute, double relative)
{
    state.comparisons++;
    for (int64_t i = 0; i < count; i++)
        if (!close_enough(got[i], want[i], absolute, relative)) {
            failed(kernel, version, shape);
            printf("element %" PRId64 " is %.9g, not %.9g\n", i, (double)got[i], (double)want[i]);
            return false;
        }
    return true;
}

bool ck_equal(const char *kernel, const char *version, const char *shape, const void *got,
              const void *want, size_t size)
{
    state.comparisons++;
    const unsigned char *a = got, *b = want;
    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i]) {
            failed(kernel, version, shape);
            printf("byte %zu is %d, not %d\n", i, a[i], b[i]);
            return false;
        }
    return true;
}

bool ck_timing(void)
{
    return state.timing;
}

double ck_seconds(void (*call)(void *user), void *user)
{
    enum { ROUNDS = 7 };
    int64_t calls = 1;
    double best = INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
        double start = ag_seconds();
        for (int64_t i = 0; i < calls; i++)
            call(user);
        double seconds = ag_seconds() - start;
        if (seconds < 2e-3) { /* too short for the clock: more calls, and this round again */
            calls *= 2;
            round--;
            continue;
        }
        if (seconds / (double)calls < best)
            best = seconds / (double)calls;
    }
    return best;
}

void ck_report(const char *kernel, const char *version, double seconds, double work,
               const char *unit)
{
    printf("%-40s %-8s %12.1f ns %10.2f %s\n", kernel, version, seconds * 1e9, work / seconds,
           unit);
}

static bool known(const char *name)
{
    for (size_t i = 0; i < SUITES; i++)
        if (strcmp(suites[i].name, name) == 0)
            return true;
    return false;
}

static bool wanted(const char *name, int count, char **names)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return count == 0;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    int first = 1;
    for (; first < argc && argv[first][0] == '-'; first++) {
        if (strcmp(argv[first], "--bench") == 0) {
            state.timing = true;
        } else if (strcmp(argv[first], "--seed") == 0 && first + 1 < argc) {
            seed = strtoull(argv[++first], NULL, 10);
        } else {
            fprintf(stderr, "usage: agena-checkkernels [--bench] [--seed N] [SUITE...]\n");
            return 2;
        }
    }
    for (int i = first; i < argc; i++)
        if (!known(argv[i])) {
            fprintf(stderr, "agena-checkkernels: no suite is named %s\n", argv[i]);
            return 2;
        }
    for (size_t i = 0; i < SUITES; i++) {
        if (!wanted(suites[i].name, argc - first, argv + first))
            continue;
        ag_rng_init(&state.rng, seed, AG_PURPOSE_TEST, i);
        suites[i].run();
        ck_release();
    }
    printf("%" PRId64 " comparisons, %" PRId64 " failed (seed %" PRIu64 ")\n", state.comparisons,
           state.failures, seed);
    return state.failures > 0;
}
