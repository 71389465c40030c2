/* wavenet/sampler_choice.h: whether a second thread makes a stream faster, found out as it goes. */
#ifndef WAVENET_SAMPLER_CHOICE_H
#define WAVENET_SAMPLER_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

enum { WN_ALONE_KEPT = 4 };

typedef struct {
    int threads;          /* for the next steps */
    int64_t steps;        /* of this window so far, */
    double seconds;       /* and what they took */
    bool trial;           /* of two threads, or, while they are in use, of one */
    int window;           /* of this trial; the first warms the caches up and does not count */
    double alone, shared; /* seconds a step: the best of late, the mean of late; 0: unknown */
    double lately[WN_ALONE_KEPT];
    int kept;
    double spent; /* seconds since the last trial */
    double pause; /* seconds from a trial that failed to the next */
} wn_choice;

void wn_choice_init(wn_choice *choice);
/* Steps left of this window, which lasts about a millisecond. */
int64_t wn_choice_steps(const wn_choice *choice);
/* At most so many steps by choice->threads took so long; sets what the next ones get. */
void wn_choice_note(wn_choice *choice, int64_t steps, double seconds);

#endif
