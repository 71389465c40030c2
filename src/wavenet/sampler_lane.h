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
    /* Apart, as another thread may own it. */
    _Alignas(64) wn_condition condition;
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

/* The same, with what was drawn: they travel together. */
typedef struct {
    _Alignas(64) _Atomic int64_t value;
    int mulaw;
    float sample;
} wn_answer;

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
    /* For two threads, see sampler_lane.c. Layers and steps count from the first shared step. */
    wn_counter chained; /* layers that the first has run; a step has net->main.layers of them */
    wn_counter summed;  /* steps whose skips the first has summed */
    wn_answer answered; /* steps that the second has finished */
    wn_counter through; /* steps that the second has worked ahead for, too */
    _Alignas(64) int64_t shared;    /* the first's steps */
    _Alignas(64) const wn_run *run; /* what both are at, from step number run_from */
    int64_t run_from;
} wn_lane;

int wn_lane_init(wn_lane *lane, const wn_net *net, const wn_draw *draw, int first, int rows);
void wn_lane_clear(wn_lane *lane);

/* All of a run on this thread. */
void wn_lane_run(wn_lane *lane, const wn_run *run);
/* The same with the help of another thread, which meanwhile calls wn_lane_follow for every step;
 * the results are the same bytes. On return the other has nothing left to do. */
void wn_lane_lead(wn_lane *lane, const wn_run *run);
/* Help with a step; they count from 0 over all calls of wn_lane_lead. */
void wn_lane_follow(wn_lane *lane, int64_t step);
/* Has that step begun, so that there is something to do for it? */
bool wn_lane_leads(const wn_lane *lane, int64_t step);

#endif
