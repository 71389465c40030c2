/* wavenet/sampler_lane.h: some of a sampler's streams, stepped together by one thread, or one
 * stream by two. */
#ifndef WAVENET_SAMPLER_LANE_H
#define WAVENET_SAMPLER_LANE_H

#include <stdatomic.h>

#include "wavenet/sampler_condition.h"
#include "wavenet/sampler_draw.h"

typedef struct {
    bool started;
    ag_rng rng;
    int mulaw;    /* class of the sample before this step */
    float sample; /* that sample */
    wn_condition condition;
} wn_stream;

/* One call of ag_sampler_generate or _predict. Rows are those of the whole sampler. */
typedef struct {
    int64_t count, begin, end; /* the steps [begin, end) of it */
    float *audio;              /* [streams, count]: drawn samples, or NULL */
    const float *given;        /* [streams, count]: samples to follow instead */
    float *params;             /* [streams, count, outputs], with given */
} wn_run;

/* A counter that one thread advances and another waits for, on a cache line of its own. */
typedef struct {
    _Alignas(64) _Atomic int64_t value;
} wn_counter;

typedef struct {
    const wn_net *net;
    wn_draw draw;
    int first, rows; /* streams [first, first + rows) of the sampler */
    wn_stream *stream;
    wn_stack_state main;
    float *condition; /* [rows, wide] */
    float *hidden;    /* [rows, head] */
    float *params;    /* [rows, outputs], padded */
    float *room;      /* for drawing */
    int8_t *q;        /* int8: [rows, skip or head] */
    float *q_scale;   /* int8: [rows] */
    void *memory;
    /* For two threads, since the run began: layers whose gated units the first has made, and steps
     * that the second has finished. */
    wn_counter chained, finished;
} wn_lane;

int wn_lane_init(wn_lane *lane, const wn_net *net, const wn_draw *draw, int first, int rows);
void wn_lane_clear(wn_lane *lane);

/* All of a run on this thread. */
void wn_lane_run(wn_lane *lane, const wn_run *run);
/* The same run shared by two threads: each calls this, with part 0 or 1; the results are the same
 * bytes. */
void wn_lane_prepare(wn_lane *lane);
void wn_lane_run_part(wn_lane *lane, const wn_run *run, int part);

#endif
