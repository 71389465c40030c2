/* wavenet/sampler_stack.h: the cached state of a stack of dilated layers, for one or several
 * streams. */
#ifndef WAVENET_SAMPLER_STACK_H
#define WAVENET_SAMPLER_STACK_H

#include "wavenet/sampler_net.h"

enum { WN_APART = 64 / sizeof(int) };

/* The past of one layer's input, and what it makes of it ahead of time. The taps that look back
 * (all but the last) are known up to `dilation` steps ahead: they are computed for `block` steps at
 * once, so that their weights are read once a block. */
typedef struct {
    int slots, block;
    void *ring; /* [slots, rows, residual]: float32, or int8 with scales; NULL in the first layer */
    float *scale; /* int8: [slots, rows] */
    float *old;   /* [block, rows, 2 z]: the earlier taps' part, by next step modulo block */
    void *z;      /* [rows, z] of this step */
} wn_layer_state;

typedef struct {
    const wn_stack *net;
    const wn_kernels *kernels;
    int rows; /* streams */
    wn_layer_state layer[AG_WAVENET_MAX_LAYERS];
    /* Ring slots of this step's input and, as wn_stack_ahead counts, of the next step's. Apart, so
     * that two threads do not write to one cache line. */
    int *slot;      /* [layers] */
    int *next;      /* [layers * WN_APART] */
    int *classes;   /* [rows, kernel]: inputs of this and the last steps, latest first (one hot) */
    float *samples; /* the same (scalar); its class tells WN_NO_INPUT from a sample */
    float
        *x[2];  /* [rows, residual]: inputs of layers where the ring does not hold them as floats */
    float *pre; /* [rows, 2 z] */
    float *sum; /* [rows, skip]: of the skips */
    const float *unit; /* [rows] of 1 / 127: the scale of int8 gated units */
    const float *zero; /* [2 z] */
    void *memory;
} wn_stack_state;

int wn_stack_init(wn_stack_state *state, const wn_stack *net, const wn_kernels *kernels, int rows);
void wn_stack_clear(wn_stack_state *state);
/* Forget the past of one row. */
void wn_stack_reset(wn_stack_state *state, int row);
/* Begin a step: the input of one row. index: class (one hot), or 0 (scalar). */
void wn_stack_input(wn_stack_state *state, int row, int index, float sample);

/* One step is, for every layer in order: */

/* its gated units and the next layer's input; condition: rows of [layers * 2 z], added to the
 * pre-activations, */
void wn_stack_chain(wn_stack_state *state, int layer, const float *condition, ptrdiff_t stride);
/* its share of the sum of skips (after the last, state->sum has them all and the bias), */
void wn_stack_skip(wn_stack_state *state, int layer);
/* and where a block of steps begins next, what this layer's past means for them. wn_stack_skip and
 * wn_stack_ahead of a layer come after its wn_stack_chain and may run on another thread. */
void wn_stack_ahead(wn_stack_state *state, int layer);

/* Bring what another thread wrote near to this one: the next wn_stack_chain's part of
 * wn_stack_ahead's results, or wn_stack_skip's input. */
void wn_stack_fetch_ahead(const wn_stack_state *state, int layer);
void wn_stack_fetch_gated(const wn_stack_state *state, int layer);

#endif
