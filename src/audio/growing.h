/* A growing buffer of mono samples with the limits of one file: what a header promises is never
 * allocated, only what was decoded. */
#ifndef AUDIO_GROWING_H
#define AUDIO_GROWING_H

#include "agena/audio.h"

typedef struct {
    float *data; /* [count], ag_free it */
    int64_t count, room;
    int error; /* why growing_extend gave NULL */
} growing;

/* Room for n more samples at the end, to be filled by the caller; NULL beyond the limits at `rate`
 * Hz or without memory. */
float *growing_extend(growing *g, int64_t n, int rate, const char *name);

#endif
