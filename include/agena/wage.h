/* agena/wage.h: WAGE, training and inference of networks in integers alone (Wu, Li, Chen, Shi
 * 2018).
 *
 * A k-bit number is an integer n with |n| <= 2^(k-1) - 1 that stands for n * 2^(1-k). Weights (kW),
 * activations (kA), gradients (kG) and errors (kE) have their own widths; forward, backward and
 * update use no floating point. The same seed gives the same bytes on every machine, for any number
 * of threads and every kernel. */
#ifndef AGENA_WAGE_H
#define AGENA_WAGE_H

#include "agena/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { AG_WAGE_MAX_LAYERS = 32, AG_WAGE_MAX_SIDE = 1024, AG_WAGE_MAX_CHANNELS = 8192 };

/* kW-kA-kG-kE, 2-8-8-8 in most of the paper. kW and kA from 2 to 8, kG and kE from 2 to 16. */
typedef struct {
    int weights, activations, gradients, errors;
} ag_wage_bits;

typedef enum { AG_WAGE_CONV, AG_WAGE_POOL, AG_WAGE_DENSE } ag_wage_kind;

/* A convolution or dense layer divides by alpha, rectifies and quantises to kA bits (the last layer
 * does not rectify); a max pooling that follows a convolution is taken before the rectifier. */
typedef struct {
    ag_wage_kind kind;
    int channels;      /* outputs of a convolution or dense layer */
    int kernel;        /* side of a convolution's or pooling's window */
    int stride;        /* 0: 1 for a convolution, the window's side for pooling */
    bool valid;        /* convolution without padding; else zeros around keep ceil(size / stride) */
    ag_wage_bits bits; /* all 0: the network's */
} ag_wage_layer;

typedef struct {
    int height, width, channels; /* of the pictures, 8 bits a channel, channels last */
    int layers;
    ag_wage_layer layer[AG_WAGE_MAX_LAYERS]; /* the last one dense: its channels are the classes */
    ag_wage_bits bits;
    /* The paper's studies: without stochastic rounding of updates (to nearest instead), without the
     * layer scale alpha. */
    bool nearest, unscaled;
    /* L_he = sqrt(6 / fan_in), the bound of section 3.2, instead of LeCun's sqrt(3 / fan_in), that
     * of the authors' code: its scales alpha are half as large in about every second layer, so that
     * the first steps may drive all outputs of a wide, deep network to the ends of their range,
     * where it learns nothing. */
    bool he;
} ag_wage_config;

/* Check every field, the shapes, and that no accumulator can overflow for a batch of `batch`
 * pictures; AG_EINVAL names the layer and the bound. */
AG_API int ag_wage_check(const ag_wage_config *config, int batch);

typedef struct ag_wage ag_wage;
/* A network with room to train on batches of up to `batch` pictures (0: inference only), its
 * weights drawn from the seed (section 3.2). The pool is kept, not owned; NULL: this thread.
 *
 * Training holds the weights as stored, and of every picture each layer's outputs: a byte an
 * element, and after pooling 2 bits more for the maximum's place (4 for windows of 3 and 4, 8
 * beyond). In the backward pass errors (kE <= 8) overwrite outputs, with 2 bits more an element
 * until their layer's largest is known; a convolution also needs its gradients, 4 bytes a weight
 * and thread, a dense layer its new weights. Those share one room with the quantised weights of the
 * forward pass. Each thread has working room that does not grow with the batch, but for layers of a
 * few pixels. */
AG_API int ag_wage_new(const ag_wage_config *config, int batch, uint64_t seed, ag_pool *pool,
                       ag_wage **out);
AG_API void ag_wage_free(ag_wage *net);
AG_API const ag_wage_config *ag_wage_configuration(const ag_wage *net); /* owned by net */
AG_API uint64_t ag_wage_seed(const ag_wage *net);
AG_API size_t ag_wage_bytes(const ag_wage *net); /* all the memory that it holds */

/* The stored weights (accumulators) of layer `layer`, on the grid of kG bits: [kernel, kernel, in,
 * out] or [in, out]; int16 whatever the width. count: elements, 0 for pooling. */
AG_API int64_t ag_wage_weight_count(const ag_wage *net, int layer);
AG_API void ag_wage_get_weights(const ag_wage *net, int layer, int16_t *weights);
/* AG_EFORMAT when a value is outside the width's range. */
AG_API int ag_wage_set_weights(ag_wage *net, int layer, const int16_t *weights);
/* The same quantised to kW bits, as the forward pass uses them. */
AG_API void ag_wage_get_quantised(const ag_wage *net, int layer, int8_t *weights);
/* log2 of alpha of a layer (section 3.2). */
AG_API int ag_wage_scale_shift(const ag_wage *net, int layer);

/* What one step saw: before the update. */
typedef struct {
    int64_t loss; /* sum of squared differences from the one-hot targets, in units of 2^(2-2kA) */
    int correct;
} ag_wage_result;

/* One step of stochastic gradient descent on `count` <= batch pictures [count, height, width,
 * channels] with labels [count] below the classes. The learning rate is 2^rate, in steps of the
 * stored weights' grid: with one more bit of kG the same change of weights takes one more of rate.
 * step keys the random numbers of the rounding (section 3.3.4). Allocates nothing. */
AG_API int ag_wage_step(ag_wage *net, const uint8_t *pictures, const uint8_t *labels, int count,
                        int rate, uint64_t step, ag_wage_result *result);
/* outputs [count, classes]: the last layer, kA bits. Any count. */
AG_API int ag_wage_predict(ag_wage *net, const uint8_t *pictures, int64_t count, int8_t *outputs);

/* What an exported network takes on a device, without its code. */
typedef struct {
    int64_t weights;         /* elements */
    int64_t packed_bytes;    /* flash: weights to classify with, 2 bits each where kW is 2 */
    int64_t stored_bytes;    /* flash: weights to start learning from; 0 without learning */
    int64_t inference_bytes; /* RAM to classify */
    int64_t training_bytes;  /* RAM to learn, weights and all; 0 without learning */
} ag_wage_footprint;

/* Write the network as C99 into `folder` (made if missing; AG_EINVAL when it holds files of
 * others): no allocation, no floating point, no library; README.md there states its memory, and
 * main.c is an example that is written once. batch: pictures of a step of learning on the device,
 * 1 to 16 with kE <= 8, else AG_EINVAL; 0: inference alone. The same steps give the bytes of
 * ag_wage_step. footprint may be NULL. */
AG_API int ag_wage_export(const ag_wage *net, int batch, const char *folder,
                          ag_wage_footprint *footprint);

#ifdef __cplusplus
}
#endif
#endif
