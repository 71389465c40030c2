/* bench/peak_cases.c: the machine's peaks as figures of their own, so that a report of shares can
 * be read without guessing what they are shares of. */
#include "bench.h"

static int measure_peak(const bench_case *self, void *state, double *value)
{
    (void)state;
    const size_t *offset = self->options;
    *value = *(const double *)((const char *)bench_peaks_get() + *offset);
    return AG_OK;
}

static const size_t offsets[] = {
    offsetof(bench_peaks, f32_avx2),
    offsetof(bench_peaks, f32_avx512),
    offsetof(bench_peaks, bf16),
    offsetof(bench_peaks, int8),
    offsetof(bench_peaks, read[BENCH_L1]),
    offsetof(bench_peaks, read[BENCH_L2]),
    offsetof(bench_peaks, read[BENCH_L3]),
    offsetof(bench_peaks, read[BENCH_DRAM]),
    offsetof(bench_peaks, read_pair[BENCH_L3]),
    offsetof(bench_peaks, read_pair[BENCH_DRAM]),
};

#define PEAK(label, units, index)                                                                  \
    {                                                                                              \
        .name = label, .unit = units, .repeats = 1, .options = &offsets[index],                    \
        .measure = measure_peak                                                                    \
    }

static const bench_case cases[] = {
    PEAK("peak-f32-avx2", "GFLOP/s", 0),      PEAK("peak-f32-avx512", "GFLOP/s", 1),
    PEAK("peak-bf16", "GFLOP/s", 2),          PEAK("peak-int8", "Gop/s", 3),
    PEAK("peak-read-l1", "GB/s", 4),          PEAK("peak-read-l2", "GB/s", 5),
    PEAK("peak-read-l3", "GB/s", 6),          PEAK("peak-read-dram", "GB/s", 7),
    PEAK("peak-read-l3-2threads", "GB/s", 8), PEAK("peak-read-dram-2threads", "GB/s", 9),
};

const bench_list bench_peak_cases = { cases, sizeof(cases) / sizeof(cases[0]) };
