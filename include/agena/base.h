/* agena/base.h: errors, log, allocation, arenas, random numbers, threads, CPU features, progress.
 *
 * Every function that can fail returns 0 (AG_OK) or a negative AG_E... code; ag_error() then gives
 * one sentence for the calling thread: what, where, why, what to do. Nothing here aborts or exits.
 */
#ifndef AGENA_BASE_H
#define AGENA_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define AG_API          __attribute__((visibility("default")))
#define AG_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define AG_API
#define AG_PRINTF(f, a)
#endif

/* "0.1.0", of the library that runs. Structures are as in the headers of that version. */
AG_API const char *ag_version(void);

/* ---- errors ---- */

enum {
    AG_OK = 0,
    AG_EINVAL = -1,       /* an argument, option or recipe value is wrong */
    AG_ENOMEM = -2,       /* out of memory */
    AG_EIO = -3,          /* the operating system refused a read or a write */
    AG_EFORMAT = -4,      /* a file's content is not what it should be */
    AG_ENOTFOUND = -5,    /* a file, name or data set does not exist */
    AG_EINTERRUPTED = -6, /* the caller or Ctrl-C asked to stop */
    AG_ENET = -7,         /* a network peer failed */
};

/* Set this thread's error sentence and return `code`, so that `return ag_fail(AG_EINVAL, ...)`
 * works. The sentence is cut at 1023 bytes; it has no newline and no full stop at the end. */
AG_API int ag_fail(int code, const char *format, ...) AG_PRINTF(2, 3);
/* Put "context: " before this thread's sentence; returns `code` unchanged. */
AG_API int ag_fail_context(int code, const char *format, ...) AG_PRINTF(2, 3);
/* This thread's last error sentence, "" if there was none. Valid until this thread's next failure.
 */
AG_API const char *ag_error(void);

/* ---- log ---- */

typedef enum { AG_LOG_ERROR, AG_LOG_WARN, AG_LOG_INFO, AG_LOG_DEBUG } ag_log_level;
typedef void (*ag_log_fn)(void *user, ag_log_level level, const char *line);

/* Replace the sink (default: standard error, level INFO). fn NULL restores the default. */
AG_API void ag_log_sink(ag_log_fn fn, void *user, ag_log_level most_detailed);
AG_API void ag_logf(ag_log_level level, const char *format, ...) AG_PRINTF(2, 3);

/* ---- allocation ---- */

/* All of agena's own memory comes from these. They return NULL and set the error sentence (with the
 * size asked for) when there is none; callers then return AG_ENOMEM. ag_free(NULL) is allowed. */
AG_API void *ag_malloc(size_t size);
AG_API void *ag_calloc(size_t count, size_t size); /* checks count * size for overflow */
AG_API void *ag_realloc(void *memory, size_t size);
AG_API void *ag_malloc_aligned(size_t size); /* 64-byte aligned, zeroed; ag_free releases it */
AG_API char *ag_strdup(const char *text);
AG_API char *ag_format(const char *format, ...) AG_PRINTF(1, 2); /* ag_free it */
AG_API void ag_free(void *memory);
/* For tests: make the n-th allocation from now (1 = the next) fail once; 0 switches it off. Returns
 * the number of allocations made since the last call. */
AG_API uint64_t ag_alloc_fail_at(uint64_t n);

/* An arena: many small pieces that die together. Not thread-safe. */
typedef struct ag_arena ag_arena;
AG_API int ag_arena_new(ag_arena **out);
/* 16-byte aligned and zeroed; NULL if there is none. */
AG_API void *ag_arena_alloc(ag_arena *arena, size_t size);
AG_API char *ag_arena_strdup(ag_arena *arena, const char *text);
AG_API void ag_arena_free(ag_arena *arena);

/* ---- random numbers: Philox4x32-10 (Salmon et al. 2011) ---- */

/* One block: 4 words out of a 128-bit counter and a 64-bit key; published test vectors hold. */
AG_API void ag_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* A stream keyed by (seed, purpose, step): equal keys give equal numbers on every machine, whatever
 * the threads. Streams of different purposes or steps are independent. Plain data: copy it freely.
 */
typedef struct {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4];
    uint32_t used; /* words of `block` already given out, 4 = none left */
} ag_rng;

/* Purposes of random streams (second argument of ag_rng_init), so that none collide. */
enum {
    AG_PURPOSE_INIT = 1 << 16,     /* + index of the tensor */
    AG_PURPOSE_ROUNDING = 1 << 17, /* + index of the layer */
    AG_PURPOSE_SHUFFLE = 1,
    AG_PURPOSE_CROP = 2,
    AG_PURPOSE_DROPOUT = 3,
    AG_PURPOSE_SAMPLE = 4, /* generation; step = stream */
    AG_PURPOSE_TEST = 5,
    AG_PURPOSE_EPISODE = 6, /* of an environment; step = episode */
};

AG_API void ag_rng_init(ag_rng *rng, uint64_t seed, uint32_t purpose, uint64_t step);
AG_API uint32_t ag_rng_u32(ag_rng *rng);
AG_API uint64_t ag_rng_below(ag_rng *rng, uint64_t n); /* uniform in [0, n), unbiased; n >= 1 */
AG_API float ag_rng_uniform(ag_rng *rng);              /* [0, 1), multiples of 2^-24 */
AG_API float ag_rng_normal(ag_rng *rng);               /* N(0, 1), Box-Muller; uses 2 words */

/* ---- threads ---- */

/* Number of processors this process may use (affinity, cgroup quota rounded up), at least 1. */
AG_API int ag_cpu_count(void);

/* A pool of `threads` workers (0 = ag_cpu_count()). The caller counts as one of them. Library
 * threads inside a worker (OpenMP, OpenBLAS) are held at one. Where there is a processor for each,
 * workers await the next run for some tens of microseconds before they sleep. */
typedef struct ag_pool ag_pool;
typedef int (*ag_task_fn)(void *user, int task, int worker); /* 0 or AG_E... */
AG_API int ag_pool_new(int threads, ag_pool **out);
AG_API int ag_pool_threads(const ag_pool *pool);
/* Run fn for task 0..tasks-1, each once, in any order; worker in [0, threads). Returns the error of
 * the lowest failing task (and its sentence) or 0. Not reentrant. */
AG_API int ag_pool_run(ag_pool *pool, int tasks, ag_task_fn fn, void *user);
AG_API void ag_pool_free(ag_pool *pool);

/* ---- CPU features ---- */

enum {
    AG_CPU_AVX2 = 1 << 0,   /* AVX2, FMA, F16C together */
    AG_CPU_AVX512 = 1 << 1, /* AVX-512 F, BW, DQ, VL */
    AG_CPU_VNNI = 1 << 2,   /* AVX-512 VNNI */
    AG_CPU_BF16 = 1 << 3,   /* AVX-512 BF16 */
    AG_CPU_NEON = 1 << 4,
    AG_CPU_DOTPROD = 1 << 5, /* dot products of 8-bit integers beside NEON */
};
/* Features of this machine, found once. The environment variable AGENA_CPU ("c", "avx2", "avx512",
 * "neon") lowers them, for tests and comparisons. */
AG_API unsigned ag_cpu_features(void);
AG_API const char *ag_cpu_name(void); /* "AMD EPYC", "unknown" */

/* ---- time, interruption, progress ---- */

AG_API double ag_seconds(void); /* monotonic clock */

/* A progress line: rewritten in place on a terminal, a plain line now and then elsewhere. */
typedef struct ag_progress ag_progress;
/* total in units (0 = unknown), unit as "samples"; label is copied. */
AG_API int ag_progress_new(const char *label, const char *unit, uint64_t total, uint64_t done,
                           ag_progress **out);
/* done units so far; note is free text such as "loss 2.31", may be NULL. Cheap: prints at most 10
 * times a second on a terminal and every 10 s elsewhere. */
AG_API void ag_progress_update(ag_progress *progress, uint64_t done, const char *note);
AG_API void ag_progress_end(ag_progress *progress); /* last line, then frees; NULL allowed */

/* Install SIGINT/SIGTERM handlers that only set a flag (command line programs call this once). A
 * second signal ends the process. ag_interrupted() reads the flag; long work returns
 * AG_EINTERRUPTED. */
AG_API void ag_interrupt_install(void);
AG_API bool ag_interrupted(void);

/* ---- files ---- */

/* Write a whole file atomically: temporary name beside it, fsync, rename, fsync of the folder. */
typedef struct ag_writer ag_writer;
AG_API int ag_writer_open(const char *path, ag_writer **out);
AG_API int ag_writer_write(ag_writer *writer, const void *data, size_t size);
AG_API int ag_writer_commit(ag_writer *writer); /* frees; on failure the old file stays as it was */
/* Frees and removes the temporary file; NULL allowed. */
AG_API void ag_writer_abandon(ag_writer *writer);

/* Read a whole file of at most `limit` bytes into *data (ag_free it), with a 0 byte after the end.
 */
AG_API int ag_file_read(const char *path, size_t limit, void **data, size_t *size);
AG_API int ag_make_folders(const char *path); /* mkdir -p */

#ifdef __cplusplus
}
#endif
#endif
