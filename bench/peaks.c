/* bench/peaks.c: what this machine can do at most: arithmetic and reading, one core or two. */
#include "bench.h"
#include "peak_kernels.h"

#include <unistd.h>

static const int BENCH_TRIES = 20;

/* Work for about 5 ms, several times; the best rate in units of 10^9 a second. A peak is what
 * nothing disturbed, hence the best and not the median. */
static double best_rate(bench_work_fn *work)
{
    int64_t rounds = 1 << 14;
    double seconds = 0;
    while (seconds < 0.004) {
        rounds *= 2;
        double start = ag_seconds();
        work(rounds);
        seconds = ag_seconds() - start;
    }
    double best = 0;
    for (int i = 0; i < BENCH_TRIES; i++) {
        double start = ag_seconds();
        double operations = work(rounds);
        double rate = operations / (ag_seconds() - start) / 1e9;
        best = rate > best ? rate : best;
    }
    return best;
}

typedef struct {
    bench_read_fn *read;
    const char *memory[2];
    size_t bytes;
    int passes;
} read_job;

static int read_task(void *user, int task, int worker)
{
    (void)worker;
    const read_job *job = user;
    for (int i = 0; i < job->passes; i++)
        job->read(job->memory[task], job->bytes);
    return AG_OK;
}

/* GB/s of `cores` cores that each read a buffer of their own again and again; 0 when it cannot be
 * measured. */
static double read_rate(read_job *job, ag_pool *pool, int cores)
{
    double total = (double)job->bytes * cores, best = 0;
    job->passes = (int)(2e8 / (double)job->bytes) + 1;
    for (int i = 0; i < BENCH_TRIES; i++) {
        double start = ag_seconds();
        if (ag_pool_run(pool, cores, read_task, job))
            return 0;
        double rate = total * job->passes / (ag_seconds() - start) / 1e9;
        best = rate > best ? rate : best;
    }
    return best;
}

/* Fill read and read_pair of one level from buffers of `bytes`. */
static void measure_level(bench_peaks *peaks, int level, bench_read_fn *read, size_t bytes,
                          ag_pool *pool)
{
    char *memory = ag_malloc_aligned(2 * bytes);
    if (!memory)
        return;
    /* Written, so that every page is memory of its own and not the shared page of zeros. */
    for (size_t i = 0; i < 2 * bytes; i += 64)
        memory[i] = 1;
    read_job job = { .read = read, .memory = { memory, memory + bytes }, .bytes = bytes };
    int cores = ag_pool_threads(pool);
    peaks->read[level] = read_rate(&job, pool, 1);
    peaks->read_pair[level] = cores > 1 ? read_rate(&job, pool, 2) : peaks->read[level];
    ag_free(memory);
}

static int64_t cache_size(int name, int64_t otherwise)
{
    long size = sysconf(name);
    return size > 0 ? size : otherwise;
}

static void measure_reading(bench_peaks *peaks, bench_read_fn *read)
{
    peaks->size[BENCH_L1] = cache_size(_SC_LEVEL1_DCACHE_SIZE, 32 << 10);
    peaks->size[BENCH_L2] = cache_size(_SC_LEVEL2_CACHE_SIZE, 512 << 10);
    peaks->size[BENCH_L3] = cache_size(_SC_LEVEL3_CACHE_SIZE, 8 << 20);
    peaks->size[BENCH_DRAM] = INT64_MAX;
    ag_pool *pool;
    if (ag_pool_new(ag_cpu_count() > 1 ? 2 : 1, &pool))
        return;
    /* Well inside each level and well outside the one below it. */
    size_t l2 = (size_t)peaks->size[BENCH_L2], l3 = (size_t)peaks->size[BENCH_L3];
    measure_level(peaks, BENCH_L1, read, (size_t)peaks->size[BENCH_L1] / 2, pool);
    measure_level(peaks, BENCH_L2, read, l2 / 2, pool);
    measure_level(peaks, BENCH_L3, read, 4 * l2 < l3 / 4 ? 4 * l2 : l3 / 4, pool);
    measure_level(peaks, BENCH_DRAM, read, 2 * l3, pool);
    ag_pool_free(pool);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static void measure(bench_peaks *peaks)
{
    bench_read_fn *read = bench_read_c;
    peaks->f32 = best_rate(bench_fma_c);
    peaks->int8 = best_rate(bench_int8_c);
#if defined(__x86_64__)
    unsigned features = ag_cpu_features();
    if (features & AG_CPU_AVX2) {
        read = bench_read_avx2;
        peaks->f32_avx2 = best_rate(bench_fma_avx2);
        peaks->int8 = larger(peaks->int8, best_rate(bench_int8_avx2));
    }
    if (features & AG_CPU_AVX512) {
        read = bench_read_avx512;
        peaks->f32_avx512 = best_rate(bench_fma_avx512);
    }
    if (features & AG_CPU_VNNI)
        peaks->int8 = larger(peaks->int8, best_rate(bench_int8_vnni));
    if (features & AG_CPU_BF16)
        peaks->bf16 = best_rate(bench_bf16_avx512);
#endif
    peaks->f32 = larger(peaks->f32, larger(peaks->f32_avx2, peaks->f32_avx512));
    peaks->bf16 = larger(peaks->bf16, peaks->f32);
    measure_reading(peaks, read);
}

const bench_peaks *bench_peaks_get(void)
{
    static bench_peaks peaks;
    static bool measured;
    if (!measured)
        measure(&peaks);
    measured = true;
    return &peaks;
}
