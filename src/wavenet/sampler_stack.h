/* wavenet/sampler_stack.h: the cached state of a stack of dilated layers, for one or several
 * streams. */
#ifndef WAVENET_SAMPLER_STACK_H
#define WAVENET_SAMPLER_STACK_H

#include "wavenet/sampler_net.h"

/* The past of one layer's input, and what it makes of it ahead of time. The taps that look back
 * (all but the last) are known up to `dilation` steps ahead: they are computed for `block` steps at
 * once, so that their weights are read once a block. */
typedef struct {
    _Alignas(64) int slots, block; /* layers may belong to different threads */
    void *ring; /* [slots, rows, residual]: float32, or int8 with scales; NULL in the first layer */
    float *scale; /* int8: [slots, rows] */
    float *old;   /* [block, rows, 2 z]: the earlier taps' part, by next step modulo block */
    void *z;      /* [rows, z] of this step */
    int slot;     /* of this step's input in the ring, */
    int next;     /* and, as wn_stack_ahead counts, of the next step's */
} wn_layer_state;

/* What lives from layer to layer; a thread has its own. */
typedef struct {
    float *x[2]; /* [rows, residual]: inputs where the ring does not hold them as floats */
    float *pre;  /* [rows, 2 z] */
    float *sum;  /* [rows, skip]: of skips */
} wn_stack_room;

typedef struct {
    const wn_stack *net;
    const wn_kernels *kernels;
    int rows; /* streams */
    wn_layer_state layer[AG_WAVENET_MAX_LAYERS];
    int *classes;   /* [rows, kernel]: inputs of this and the last steps, latest first (one hot) */
    float *samples; /* the same (scalar); its class tells WN_NO_INPUT from a sample */
    wn_stack_room room[2]; /* of layers below and from net->border */
    float *total;          /* [rows, skip]: relu of the sum of all skips */
    const float *unit;     /* [rows] of 1 / 127: the scale of int8 gated units */
    const float *zero;     /* [2 z or skip] */
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
/* its share of a sum of skips (there are two, see wn_stack.apart), */
void wn_stack_skip(wn_stack_state *state, int layer);
/* and where a block of steps begins next, what this layer's past means for them. wn_stack_skip and
 * wn_stack_ahead of a layer come after its wn_stack_chain and may run on another thread. */
void wn_stack_ahead(wn_stack_state *state, int layer);

/* In the end: relu of the sum of all skips and the bias, at state->total. */
void wn_stack_total(wn_stack_state *state);

/* Ask early for what another thread writes: gated units that wn_stack_skip reads, the sum of the
 * first thread's skips. */
void wn_stack_claim_gated(const wn_stack_state *state);
void wn_stack_claim_input(wn_stack_state *state, int layer);
void wn_stack_fetch_gated(const wn_stack_state *state, int layer);
void wn_stack_fetch_sum(const wn_stack_state *state);

#endif
