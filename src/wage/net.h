/* wage/net.h: the network behind agena/wage.h: its plan and its memory. */
#ifndef WAGE_NET_H
#define WAGE_NET_H

#include "agena/wage.h"
#include "wage/kernels/kernels.h"

/* Sums that a worker makes at a time, so that they stay in its caches; at least the largest n of a
 * dense layer. */
enum { WG_ACC_BUDGET = 1 << 16 };
/* Rows of a dense layer in a task of the forward pass. */
enum { WG_DENSE_ROWS = 64 };

/* A convolution or dense layer with the pooling that follows it. A dense layer is a convolution of
 * one cell: its input is a picture of 1 x 1 with `channels` features. */
typedef struct {
    int layer; /* its index in the configuration */
    bool dense, first, last, he;
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
    /* Its errors come in blocks of so many elements of a picture, the last of them shorter. */
    int64_t block;
    int blocks;
    int band;       /* rows of its input whose errors are a block */
    int slice;      /* dense: features of its input that a task of the backward pass takes */
    int which_bits; /* of the place of a maximum: 2, 4 or 8, 0 without pooling */
} wg_stage;

typedef struct {
    int stages, conv_stages; /* the convolutions come first */
    wg_stage stage[AG_WAGE_MAX_LAYERS];
} wg_plan;

/* Check the configuration for batches of `batch` pictures (0: inference alone) and plan it. */
int wg_plan_make(const ag_wage_config *config, int batch, wg_plan *plan);

/* What one worker needs. */
typedef struct {
    int8_t *padded;    /* input pictures with their borders; rows of a dense layer's input */
    uint8_t *which;    /* a picture's places of maxima, a byte each */
    int8_t *unpooled;  /* [digits][pictures, conv] errors at the places of the maxima */
    int8_t *spread;    /* [digits][pictures, spread] errors inside their margins */
    int8_t *ping[2];   /* activations of inference */
    int32_t *acc;      /* sums of a band, a group or a picture */
    int32_t *digit;    /* the same of one digit of wide errors */
    int8_t *errors;    /* packed for the gradient of a convolution */
    void *scratch;     /* of the gradient kernel */
    uint32_t largest;  /* of the errors it made in this pass */
    uint64_t steepest; /* of the gradients it summed */

    /* For a slice of a dense layer. */
    int32_t *gradient;   /* [digits][slice, n]; before that two int8 copies of the weights */
    int64_t *wide;       /* their sum when the errors are wide */
    int8_t *packed_back; /* weights for the data gradient */
} wg_worker;

/* Between two layers, errors wait for their largest in the room of the activations that they belong
 * to: as numbers of 10 bits, on a grid that is their block's own (errors.c). Errors of more than 8
 * bits wait as they are. */
typedef struct {
    uint8_t *low; /* [batch, blocks, fields of 2 bits], the upper 8 bits being in the activations */
    uint8_t *cuts; /* [batch, blocks]: bits that were cut off */
    int32_t *wide; /* [batch, out] of more than 8 bits, in place of all that */
} wg_errors;

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

    int8_t pixel[256];                /* byte of a picture -> 8 bits */
    void *stored[AG_WAGE_MAX_LAYERS]; /* int8_t, int16_t when kG > 8 */
    int8_t
        *activation[AG_WAGE_MAX_LAYERS]; /* [chunk, out], marked; in the backward pass the errors */
    uint8_t *which[AG_WAGE_MAX_LAYERS];  /* [batch, out]: places of maxima as fields */
    uint8_t *clipped;                    /* [batch, classes]: of the last layer */

    /* In the forward pass, in the room of what the backward pass needs. */
    bool packed_now;                    /* they are there */
    int8_t *packed[AG_WAGE_MAX_LAYERS]; /* weights, quantised, for product() */
    int8_t *quantised;                  /* weights of a layer with kG > 8 before that */

    /* For the backward pass of a layer, in the room of all that later layers used. */
    wg_errors errors[AG_WAGE_MAX_LAYERS];
    int8_t *packed_back[AG_WAGE_MAX_LAYERS];    /* convolution: weights for the data gradient */
    int32_t *gradient[AG_WAGE_MAX_LAYERS];      /* [shares][digits][weights], or two int8 copies */
    int64_t *wide_gradient[AG_WAGE_MAX_LAYERS]; /* their sum when the errors are wide */
    int8_t *digits[AG_WAGE_MAX_LAYERS];         /* dense: [digits][batch, n] of wide errors */
    int8_t *packed_errors[AG_WAGE_MAX_LAYERS];  /* dense: [digits], for the gradient */
    void *guessed[AG_WAGE_MAX_LAYERS]; /* dense: stored weights after the step, if the power
                                        * of two of the last step's gradients is right */
    int power[AG_WAGE_MAX_LAYERS];     /* that power, below 0: none; changes no result */
};

/* ---- net.c ---- */

/* Run fn for tasks 0..tasks-1 on the pool, or here without one. */
void wg_run(ag_wage *net, int tasks, ag_task_fn fn, void *user);
/* For tests: another table of kernels, before any other use. */
int wg_new_with(const wg_kernels *kernels, const ag_wage_config *config, int batch, uint64_t seed,
                ag_pool *pool, ag_wage **out);

static inline int64_t wg_stored_bytes(const wg_stage *stage, int64_t weights)
{
    return weights * (stage->bits.gradients > 8 ? 2 : 1);
}

/* Pooling that has its own kernels. */
static inline bool wg_pools_2x2(const wg_stage *stage)
{
    return stage->pool == 2 && stage->pool_stride == 2;
}

/* ---- init.c ---- */

int wg_alpha(int64_t fan_in, int weight_bits, bool he); /* log2 of alpha */
int wg_weight_limit(const wg_stage *stage);             /* largest stored |W| */
void wg_draw(ag_wage *net, int stage);                  /* the first weights */

/* ---- weights.c ---- */

/* Weights [from, from + count) to kW bits. */
void wg_quantise_weights(const ag_wage *net, int stage, int64_t from, int64_t count, int8_t *out);
/* All layers' for the forward pass, unless they are there. */
void wg_pack(ag_wage *net);
/* For the data gradient: those of all inputs of a convolution, or of the inputs [from, from +
 * channels) of a dense layer. room: two copies of them, each rounded up to 64 bytes and 64 more. */
void wg_pack_back(const ag_wage *net, int stage, int from, int channels, int8_t *room,
                  int8_t *packed);

/* ---- forward.c ---- */

/* The first `count` rows, `apart` elements apart, as windows() of a dense stage. */
wg_windows wg_rows(int rows, int apart, int features);
/* The rows [y, y + rows) of windows of a picture. */
wg_windows wg_band(const wg_windows *at, int y, int rows);
/* Copy `count` pictures into `padded`, inside their borders and without marks, as product() wants
 * them; the first layer's from bytes. Never in place: kernels read past an operand's end, where
 * another worker may be writing. */
void wg_pad(const ag_wage *net, int stage, const uint8_t *pictures, const int8_t *x, int count,
            int8_t *padded);
/* The same of the features [from, from + features) of `rows` rows of a dense stage's input. */
void wg_take_rows(const ag_wage *net, int stage, const uint8_t *pictures, int64_t first, int rows,
                  int from, int features, int8_t *out);
/* All outputs of `count` <= chunk pictures; with marks and places when training. */
void wg_forward(ag_wage *net, const uint8_t *pictures, int count, bool train);

/* ---- errors.c ---- */

/* k of Shift(m) = 2^k, the nearest power of two in the logarithm; m >= 1. */
int wg_nearest_power(uint64_t m);
int64_t wg_low_bytes(const wg_stage *stage); /* of a picture's errors */
/* The `count` errors of a block of a picture, with their largest magnitude, until
 * wg_quantise_errors(). */
void wg_store_errors(ag_wage *net, int stage, int64_t picture, int block, const int32_t *v,
                     int64_t count, uint32_t largest);
/* The same for rectified activations: without the clipped ones, whose largest is noted in w, and
 * those that the rectifier held back. v is written to. */
void wg_keep_errors(ag_wage *net, int stage, int64_t picture, int block, int32_t *v, int64_t count,
                    wg_worker *w);
/* All errors of a stage, of which the largest is given: renormalised and quantised to kE bits. */
void wg_quantise_errors(ag_wage *net, int stage, int count, uint32_t largest);
/* [digits][count, conv]: those of pictures from `first` on, at their places before the pooling. */
const int8_t *wg_conv_errors(const ag_wage *net, int stage, int64_t first, int count, wg_worker *w);
/* Digits of wide errors v [count], `apart` elements from one digit to the next. */
void wg_split_digits(const int32_t *v, int64_t count, int digits, int64_t apart, int8_t *out);

/* ---- backward.c ---- */

/* From the errors of the last layer, whose largest magnitude is given, through all layers; each is
 * updated once its gradients are known. */
void wg_backward(ag_wage *net, const uint8_t *pictures, int count, uint32_t largest, int rate,
                 uint64_t step);

/* ---- update.c ---- */

/* Gradients as g [parts of share and digit][count], the parts `apart` elements apart. */
typedef struct {
    int32_t *g;
    int64_t *wide; /* [count]: their sum when the errors are wide */
    int shares;
    int64_t apart;
} wg_gradient;

/* Sum the shares and digits of `count` gradients from `from` on; returns the largest magnitude. */
uint64_t wg_sum_gradient(const ag_wage *net, int stage, const wg_gradient *of, int64_t from,
                         int64_t count);

/* The largest that workers noted since they forgot it. */
void wg_forget_steepest(ag_wage *net);
uint64_t wg_steepest(const ag_wage *net);

typedef struct {
    int stage, shift, limit;
    uint64_t step;
    void *weights; /* as stored */
} wg_update;

/* An update of a stage's weights by gradients that are divided by 2^power. */
wg_update wg_update_of(const ag_wage *net, int stage, int power, int rate, uint64_t step);
/* Update the weights [first, first + count) by the summed gradients from `from` on; first is a
 * multiple of 8. */
void wg_update_weights(const ag_wage *net, const wg_update *u, int64_t first, const wg_gradient *by,
                       int64_t from, int64_t count);
/* All weights of a convolution, by what its workers' shares say. */
void wg_update_conv(ag_wage *net, int stage, int rate, uint64_t step);

#endif
