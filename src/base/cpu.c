/* What the processor can do, and how many of them this process may use. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agena/base.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

static unsigned detect(void)
{
    unsigned found = 0;
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        unsigned a, b, c, d;
        bool f16c = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
        if (f16c)
            found |= AG_CPU_AVX2;
    }
    bool avx512 = (found & AG_CPU_AVX2) && __builtin_cpu_supports("avx512f") &&
                  __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
    if (avx512) {
        found |= AG_CPU_AVX512;
        if (__builtin_cpu_supports("avx512vnni"))
            found |= AG_CPU_VNNI;
        unsigned a, b, c, d;
        if (__get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 5))) /* AVX512_BF16 */
            found |= AG_CPU_BF16;
    }
    return found;
}

static void read_name(char name[64])
{
    unsigned words[13] = { 0 };
    if ((unsigned)__get_cpuid_max(0x80000000, NULL) < 0x80000004)
        return;
    for (unsigned i = 0; i < 3; i++)
        __get_cpuid(0x80000002 + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2],
                    &words[4 * i + 3]);
    snprintf(name, 64, "%s", (const char *)words + strspn((const char *)words, " "));
}
#else
#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

static unsigned detect(void)
{
#if defined(__aarch64__) && defined(__linux__)
    return AG_CPU_NEON | (getauxval(AT_HWCAP) & HWCAP_ASIMDDP ? AG_CPU_DOTPROD : 0);
#elif defined(__aarch64__) || defined(__ARM_NEON)
    return AG_CPU_NEON;
#else
    return 0;
#endif
}

static void read_name(char name[64])
{
#if defined(__aarch64__)
    snprintf(name, 64, "ARM64");
#else
    (void)name;
#endif
}
#endif

static unsigned features;
static char cpu_name[64] = "unknown";
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* What AGENA_CPU leaves of the features. */
static unsigned allowed(const char *level)
{
    if (!level || strcmp(level, "") == 0)
        return ~0u;
    if (strcmp(level, "c") == 0)
        return 0;
    if (strcmp(level, "avx2") == 0)
        return AG_CPU_AVX2;
    if (strcmp(level, "avx512") == 0)
        return AG_CPU_AVX2 | AG_CPU_AVX512 | AG_CPU_VNNI | AG_CPU_BF16;
    if (strcmp(level, "neon") == 0)
        return AG_CPU_NEON;
    ag_logf(AG_LOG_WARN, "AGENA_CPU is '%s': it should be c, avx2, avx512 or neon; ignored", level);
    return ~0u;
}

static void find(void)
{
    features = detect() & allowed(getenv("AGENA_CPU"));
    read_name(cpu_name);
}

unsigned ag_cpu_features(void)
{
    pthread_once(&once, find);
    return features;
}

const char *ag_cpu_name(void)
{
    pthread_once(&once, find);
    return cpu_name;
}

/* Processors that the control group's quota pays for, rounded up; a large number without one. */
static int quota_count(void)
{
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!file)
        return 1 << 16;
    double quota = 0, period = 0;
    int fields =
        fscanf(file, "%lf %lf", &quota, &period); /* the quota is "max" when there is none */
    fclose(file);
    if (fields != 2 || quota <= 0 || period <= 0 || quota / period > 1 << 16)
        return 1 << 16;
    int whole = (int)(quota / period);
    return whole + (whole * period < quota);
}

static int affinity_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN); /* more processors than cpu_set_t holds */
    return online > 0 ? (int)online : 1;
}

int ag_cpu_count(void)
{
    int count = affinity_count(), quota = quota_count();
    if (quota < count)
        count = quota;
    return count > 0 ? count : 1;
}

double ag_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
