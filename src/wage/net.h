/* wage/net.h: the network behind agena/wage.h: its plan and its memory. */
#ifndef WAGE_NET_H
#define WAGE_NET_H

#include "agena/wage.h"
#include "wage/kernels/kernels.h"

/* Sums that a worker makes at a time in the forward pass, so that they stay in its caches; at least
 * the largest n of a dense layer. */
enum { WG_ACC_BUDGET = 1 << 16 };

/* A convolution or dense layer with the pooling that follows it. A dense layer is a convolution of
 * one cell: its input is a picture of 1 x 1 with `channels` features. */
typedef struct {
    int layer; /* its index in the configuration */
    bool dense, first, last;
    ag_wage_bits bits;
    int in_bits; /* width of its input */

    int height, width, channels; /* of its input */
    int kernel, stride, top, left;
    int padded_height, padded_width;
    int conv_height, conv_width, n;                        /* before pooling */
    int pool, pool_stride;                                 /* window and stride, 0: none */
    int out_height, out_width;                             /* after it */
    int64_t in_count, padded_count, conv_count, out_count; /* elements a picture */
    int64_t fan_in, weight_count;
    wg_windows windows; /* of one padded picture */

    /* The data gradient convolves the errors, spread by the stride inside margins. */
    int margin_top, margin_left, spread_height, spread_width;
    int64_t spread_count;
    wg_windows back_windows;

    int alpha; /* log2 of alpha */
    int shift; /* from the accumulator to the output's grid */
    /* Errors beyond 8 bits are products of base-128 digits: how many, 1 for 8 bits and less. */
    int digits;
    int group; /* pictures that the backward pass takes at a time */
} wg_stage;

typedef struct {
    int stages, conv_stages; /* the convolutions come first */
    wg_stage stage[AG_WAGE_MAX_LAYERS];
} wg_plan;

/* Check the configuration for batches of `batch` pictures (0: inference alone) and plan it. */
int wg_plan_make(const ag_wage_config *config, int batch, wg_plan *plan);

/* What one worker needs. */
typedef struct {
    int8_t *padded;    /* input pictures with their borders */
    int8_t *unpooled;  /* errors at the places of the maxima */
    int8_t *spread;    /* errors inside their margins */
    int8_t *ping[2];   /* activations of inference */
    int32_t *acc;      /* sums of a band, a group or a picture */
    void *scratch;     /* of the gradient kernel */
    uint32_t largest;  /* of the errors it made in this pass */
    uint64_t steepest; /* of the gradients it summed */
} wg_worker;

struct ag_wage {
    ag_wage_config config;
    wg_plan plan;
    int batch; /* of training, 0: none */
    int chunk; /* pictures that the forward pass takes at a time */
    int group; /* pictures that a task of it takes */
    uint64_t seed;
    ag_pool *pool;
    int threads;
    const wg_kernels *kernels;
    size_t bytes;
    void *memory; /* holds all of the following */
    wg_worker *worker;

    int8_t pixel[256];                      /* byte of a picture -> 8 bits */
    void *stored[AG_WAGE_MAX_LAYERS];       /* int8_t, int16_t when kG > 8 */
    int8_t *packed[AG_WAGE_MAX_LAYERS];     /* quantised, for product() */
    int8_t *activation[AG_WAGE_MAX_LAYERS]; /* [chunk, out]; in the backward pass the errors */
    uint8_t *trace[AG_WAGE_MAX_LAYERS];     /* [batch, out] */
    int8_t *digits[AG_WAGE_MAX_LAYERS];     /* [digits][batch, conv] of wide errors */
    int8_t *input; /* [chunk, in] of a network that begins with a dense layer */

    /* For the backward pass of a layer, in the room of all that later layers used. */
    int32_t *errors[AG_WAGE_MAX_LAYERS]; /* [batch, out] of its activations, not yet quantised */
    int8_t *packed_back[AG_WAGE_MAX_LAYERS];    /* weights for the data gradient */
    int32_t *gradient[AG_WAGE_MAX_LAYERS];      /* [shares][digits][weights], or two int8 copies */
    int64_t *wide_gradient[AG_WAGE_MAX_LAYERS]; /* their sum when the errors are wide */
};

/* ---- net.c ---- */

/* Run fn for tasks 0..tasks-1 on the pool, or here without one. */
void wg_run(ag_wage *net, int tasks, ag_task_fn fn, void *user);
/* For tests: another table of kernels, before any other use. */
int wg_new_with(const wg_kernels *kernels, const ag_wage_config *config, int batch, uint64_t seed,
                ag_pool *pool, ag_wage **out);

/* Pooling that has its own kernels. */
static inline bool wg_pools_2x2(const wg_stage *stage)
{
    return stage->pool == 2 && stage->pool_stride == 2;
}

/* ---- init.c ---- */

int wg_alpha(int64_t fan_in, int weight_bits); /* log2 of alpha */
int wg_weight_limit(const wg_stage *stage);    /* largest stored |W| */
void wg_draw(ag_wage *net, int stage);         /* the first weights */

/* ---- weights.c ---- */

void wg_quantise_weights(const ag_wage *net, int stage, int8_t *out); /* to kW bits */
void wg_pack(ag_wage *net, int stage);                                /* for the forward pass */
void wg_pack_back(ag_wage *net, int stage);                           /* for the data gradient */

/* ---- forward.c ---- */

/* The first `count` rows of the input as windows() of a dense stage, features [from, from + k). */
wg_windows wg_rows(const wg_stage *stage, int rows, int features);
/* Copy `count` pictures into `padded`, inside their borders, as product() wants them; the first
 * layer's from bytes. Never in place: kernels read past an operand's end, where another worker may
 * be writing. */
void wg_pad(const ag_wage *net, int stage, const uint8_t *pictures, const int8_t *x, int count,
            int8_t *padded);
/* All outputs of `count` <= chunk pictures; with traces when training. */
void wg_forward(ag_wage *net, const uint8_t *pictures, int count, bool train);

/* ---- backward.c, update.c ---- */

/* k of Shift(m) = 2^k, the nearest power of two in the logarithm; m >= 1. */
int wg_nearest_power(uint64_t m);
/* From the errors [count, classes] of the last layer, whose largest magnitude is given, through all
 * layers; each is updated once its gradients are known. */
void wg_backward(ag_wage *net, const uint8_t *pictures, int count, uint32_t largest, int rate,
                 uint64_t step);
/* Sum the `shares` of a stage's gradient, update its stored weights, pack them. */
void wg_update(ag_wage *net, int stage, int shares, int rate, uint64_t step);

#endif
