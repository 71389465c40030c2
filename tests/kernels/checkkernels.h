/* checkkernels.h: comparing every fast kernel with its plain C reference, and timing both.
 *
 * A suite is a function that runs its room's kernels on random shapes through the calls below. It
 * is listed in suites[] of main.c. Every failed comparison prints one line and makes the program
 * fail. */
#ifndef CHECKKERNELS_H
#define CHECKKERNELS_H

#include "agena/base.h"

typedef struct {
    const char *name;
    void (*run)(void);
} ck_suite;

void check_sampler(void); /* check_sampler.c */
void check_tensor(void);
void check_strided(void);
void check_conv(void);
void check_wage(void);

/* Versions to compare with the reference: the sets of AG_CPU_ features this machine can run, from
 * the smallest (AVX2) to all of them; without the empty set, which is the reference. */
typedef struct {
    const char *name; /* "avx2" */
    unsigned features;
} ck_version;
enum { CK_MAX_VERSIONS = 4 };
int ck_versions(ck_version versions[CK_MAX_VERSIONS]); /* returns how many */

/* Random data from the program's seed; the numbers differ from call to call. */
int64_t ck_between(int64_t low, int64_t high);         /* uniform, both ends included */
void ck_normal(float *x, int64_t count, float stddev); /* N(0, stddev^2) */
/* 64-byte aligned, zeroed; freed by ck_release() or when the suite ends. */
void *ck_buffer(size_t size);
void ck_release(void); /* all buffers so far */

/* |got - want| <= absolute + relative |want| for every element (and equal NaN and infinities);
 * prints the first element that differs. `shape` says what was tried, for the message. */
bool ck_close(const char *kernel, const char *version, const char *shape, const float *got,
              const float *want, int64_t count, double absolute, double relative);
bool ck_equal(const char *kernel, const char *version, const char *shape, const void *got,
              const void *want, size_t size);

/* True when the user asked for times (--bench). */
bool ck_timing(void);
/* Seconds a call takes: the best of several rounds. */
double ck_seconds(void (*call)(void *user), void *user);
/* Print one line: the kernel's time and its rate, work in units of `unit` (for example 2e-9 * MNK
 * and "GFLOP/s") a call. */
void ck_report(const char *kernel, const char *version, double seconds, double work,
               const char *unit);

#endif
