/* wavenet/sampler_pair.h: one stream on two threads where that is faster than on one. */
#ifndef WAVENET_SAMPLER_PAIR_H
#define WAVENET_SAMPLER_PAIR_H

#include "wavenet/sampler_lane.h"

typedef struct wn_pair wn_pair;

/* Start the second thread. lane: of one stream; it must outlive the pair. */
int wn_pair_new(wn_lane *lane, wn_pair **out);
void wn_pair_free(wn_pair *pair); /* NULL allowed */
/* All of a run, by the calling thread and, while that helps, the second one; the bytes are always
 * those of wn_lane_run. */
void wn_pair_run(wn_pair *pair, const wn_run *run);

#endif
