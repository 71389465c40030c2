/* wavenet/sampler_condition.h: what conditions one stream, computed as its generation reaches it.
 */
#ifndef WAVENET_SAMPLER_CONDITION_H
#define WAVENET_SAMPLER_CONDITION_H

#include "wavenet/sampler_stack.h"

/* The two latest inputs of an upsampling, earlier first. */
typedef struct {
    int64_t ready; /* inputs seen; ready - 1 is the index of the later one of the pair */
    float *pair;   /* [2, channels] */
} wn_upsample_state;

typedef struct {
    const wn_net *net;
    const wn_kernels *kernels;
    int64_t position; /* samples since the start */
    float *features;  /* [frames + 2 context_frames, features], zeros at both ends; NULL: none */
    int64_t frames;
    wn_upsample_state upsample[AG_WAVENET_MAX_UPSAMPLE];
    float *frame;   /* [channels] */
    float *fixed;   /* [wide]: biases and the global part */
    float *local;   /* [wide]: that and the local part of this frame */
    float *distant; /* [wide]: the context stack's part */
    wn_stack_state context;
    float block_sum; /* of the samples since the context stack's last step */
    void *memory;
} wn_condition;

int wn_condition_init(wn_condition *c, const wn_net *net, const wn_kernels *kernels);
void wn_condition_clear(wn_condition *c);
/* As ag_sampler_start; on failure the old state stays. */
int wn_condition_start(wn_condition *c, const float *features, int64_t frames, int speaker,
                       int language);
/* Go on by one sample: where a frame begins, write the row that conditions all layers from here on,
 * out [wide]. sample: the one before this step (0 at the start). */
void wn_condition_step(wn_condition *c, float sample, float *out);

#endif
