/* wavenet/train.h: the inputs of a training graph, shared by training and evaluation. */
#ifndef WAVENET_TRAIN_H
#define WAVENET_TRAIN_H

#include "agena/data.h"
#include "agena/wavenet.h"

/* Conditioning frames on each side beyond local_context: enough for AG_WAVENET_MAX_UPSAMPLE
 * upsamplings. */
enum { WN_MARGIN = 2 };

/* Host buffers behind the leaves of ag_wavenet_graph, for `batch` crops of `samples`. */
typedef struct {
    float *audio;  /* [batch, samples + 1]: filled by the caller, the first is the sample before the
                      crop */
    float *weight; /* [batch, samples]: by the caller */
    float *features;             /* by the caller; NULL without local conditioning */
    int32_t *speaker, *language; /* [batch]: by the caller */
    void *input, *target;        /* made by wn_inputs_encode */
    float *past;
} wn_inputs;

size_t wn_inputs_bytes(const ag_wavenet_config *c, int batch, int64_t samples);
/* Lay the buffers out in a room of that size. */
void wn_inputs_place(const ag_wavenet_config *c, int batch, int64_t samples, float *room,
                     wn_inputs *in);
/* Make input, target and past of audio. */
void wn_inputs_encode(const ag_wavenet_config *c, int batch, int64_t samples, wn_inputs *in);
int wn_inputs_bind(ag_exec *exec, const ag_wavenet_nodes *nodes, const wn_inputs *in);
/* Bind every parameter of g by name to its tensor. */
int wn_bind_weights(const ag_graph *g, ag_exec *exec, const ag_tensors *weights);
/* What crops must be a multiple of, in samples: hop and context rate. */
int64_t wn_granule(const ag_wavenet_config *c);

#endif
