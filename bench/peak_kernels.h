/* bench/peak_kernels.h: loops that do nothing but one kind of work, as fast as the core can. */
#ifndef BENCH_PEAK_KERNELS_H
#define BENCH_PEAK_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* Run `rounds` rounds and return the operations done (a multiply-add is 2). Which one may run is
 * the caller's concern: see ag_cpu_features(). */
typedef double bench_work_fn(int64_t rounds);
/* Read `bytes` (a multiple of 1024) from `memory` (64-byte aligned). */
typedef void bench_read_fn(const void *memory, size_t bytes);

bench_work_fn bench_fma_c;
bench_work_fn bench_int8_c;
bench_read_fn bench_read_c;
#if defined(__x86_64__)
bench_work_fn bench_fma_avx2;
bench_work_fn bench_fma_avx512;
bench_work_fn bench_bf16_avx512;
bench_work_fn bench_int8_avx2;
bench_work_fn bench_int8_vnni;
bench_read_fn bench_read_avx2;
bench_read_fn bench_read_avx512;
#endif

#endif
