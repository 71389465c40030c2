/* bench/bench.h: what a measured figure is, the machine's peaks and the peers it is compared with.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "agena/base.h"

/* ---- peaks of this machine, per core unless said otherwise ---- */

enum { BENCH_L1, BENCH_L2, BENCH_L3, BENCH_DRAM, BENCH_LEVELS };

typedef struct {
    double f32_avx2, f32_avx512; /* GFLOP/s of fused multiply-adds, 0 where the machine has none */
    double f32;                  /* the best of them */
    double bf16;               /* GFLOP/s of bf16 dot products into float32, else that of float32 */
    double int8;               /* Gop/s (a multiply-add is 2) of 8-bit products into 32 bits */
    double read[BENCH_LEVELS]; /* GB/s read from each level, one core at a time */
    double read_pair[BENCH_LEVELS]; /* GB/s of two cores at once, in all */
    int64_t size[BENCH_LEVELS];     /* bytes of each level; L3 is shared; DRAM: INT64_MAX */
} bench_peaks;

/* Measured at the first call (about two seconds). */
const bench_peaks *bench_peaks_get(void);

/* ---- a figure ---- */

/* What one unit of work (one sample) costs, to say which share of the machine's peak a rate
 * reaches: the share is that of the resource which binds. Leave out (0) what does not apply. */
typedef struct {
    double f32, bf16, int8; /* operations of each kind, a multiply-add counted as 2 */
    double bytes;           /* bytes read that do not stay in registers: weights and state */
    double working_set;     /* bytes a core goes through again and again: decides the cache level */
    int threads;
} bench_cost;

enum { BENCH_PEER_ARGUMENTS = 6 };

typedef struct bench_case bench_case;
struct bench_case {
    const char *name; /* "wavenet-generate-f32" */
    const char *unit; /* "samples/s" */
    bool lower_is_better;
    int repeats; /* an odd number; the median is reported */
    /* The peer: a script in bench/peers/ and its arguments (NULL at the end), or all NULL. */
    const char *peer_name;                  /* "PyTorch" */
    const char *peer[BENCH_PEER_ARGUMENTS]; /* { "wavenet_train.py", "--threads", "2" } */
    const void *options;                    /* for the functions below */
    /* Prepare once (including warm-up); close undoes it. *state is passed to the others. */
    int (*open)(const bench_case *self, void **state);
    /* One repetition of about half a second to two seconds: *value in the case's unit. */
    int (*measure)(const bench_case *self, void *state, double *value);
    void (*close)(void *state);
    /* May be NULL: no share is reported. open and close may be NULL too. */
    void (*cost)(const void *state, bench_cost *cost);
};

/* One list a file. */
typedef struct {
    const bench_case *cases;
    int count;
} bench_list;

extern const bench_list bench_peak_cases;     /* peak_cases.c */
extern const bench_list bench_train_cases;    /* bench_train.c */
extern const bench_list bench_generate_cases; /* bench_generate.c */
extern const bench_list bench_env_cases;      /* bench_env.c */
extern const bench_list bench_command_cases;  /* bench_command.c */
extern const bench_list bench_lab_cases;      /* bench_lab.c */
extern const bench_list bench_wage_cases;     /* bench_wage.c */

/* ---- measuring ---- */

typedef struct {
    double agena;
    double peer, ratio; /* NAN when there is no peer; ratio > 1: ours is the better one */
    double share;       /* of the binding peak; NAN without a cost */
} bench_result;

/* Ours and the peer's repetitions in turn; medians of both. */
int bench_measure(const bench_case *bench, bench_result *result);

/* Share of the machine's binding peak that `rate` units of work a second reach. */
double bench_share(const bench_peaks *peaks, const bench_cost *cost, double rate);
double bench_median(double *values, int count); /* sorts them */

/* ---- peers ---- */

/* A script that prints "ready", then for each line "go" on its input one measured value. */
typedef struct bench_peer bench_peer;
/* *out is NULL and the result 0 when there is none or it cannot run here (a note goes to standard
 * error). */
int bench_peer_open(const bench_case *bench, bench_peer **out);
int bench_peer_measure(bench_peer *peer, double *value);
void bench_peer_close(bench_peer *peer); /* NULL allowed */

/* Where the peers' scripts and the command agena are: AGENA_PEERS and AGENA_COMMAND in the
 * environment, else what the build configured. */
const char *bench_peers_folder(void);
const char *bench_agena_command(void);

#endif
