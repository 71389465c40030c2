/* One epoch of crops: where every item is cut and in which order the crops come. */
#ifndef DATA_EPOCH_H
#define DATA_EPOCH_H

#include "agena/data.h"

/* Frames first .. first + frames - 1 of an item. */
typedef struct {
    uint32_t item, first, frames;
} crop;

typedef struct {
    const ag_speech *speech;
    uint64_t seed;
    int crop_frames; /* F */
    int64_t count;   /* crops, the same in every epoch */
    int64_t number;  /* of the epoch that `crops` holds, -1 = none yet */
    crop *crops;     /* [count] */
} epoch;

int epoch_init(epoch *e, const ag_speech *speech, uint64_t seed, int crop_frames);
void epoch_clear(epoch *e);
/* Make `crops` those of epoch `number`, which with the seed decides everything. */
void epoch_set(epoch *e, int64_t number);

#endif
