/* wavenet/sampler_draw.h: drawing one audio sample from a predicted distribution. */
#ifndef WAVENET_SAMPLER_DRAW_H
#define WAVENET_SAMPLER_DRAW_H

#include "wavenet/kernels/kernels.h"

typedef struct {
    ag_wavenet_output output;
    int mixtures;
    float min_log_scale;
    float temperature;
    const wn_kernels *kernels;
} wn_draw;

/* params: as of ag_sampler_predict, 64-byte aligned; room: floats for AG_MULAW_CLASSES and their
 * groups (WN_DRAW_ROOM), 64-byte aligned. Returns a sample in [-1, 1]; *mulaw: its class. */
enum { WN_DRAW_ROOM = 256 + 16 };
float wn_draw_sample(const wn_draw *draw, const float *params, ag_rng *rng, float *room,
                     int *mulaw);

#endif
