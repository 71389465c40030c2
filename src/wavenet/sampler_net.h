/* wavenet/sampler_net.h: a WaveNet's weights as the sampler reads them. */
#ifndef WAVENET_SAMPLER_NET_H
#define WAVENET_SAMPLER_NET_H

#include "wavenet/kernels/kernels.h"

/* One block of memory, handed out in 64-byte aligned pieces. With memory NULL it only counts, so
 * that the same code first measures and then fills. */
typedef struct {
    char *memory;
    size_t used;
} wn_block;

/* The next piece, or NULL while measuring. */
void *wn_block_take(wn_block *block, size_t count, size_t size);

/* The dilated taps of the first layer are not here: see wn_stack.first. */
typedef struct {
    int dilation;
    wn_matrix old[2]; /* taps 0 .. kernel-2, earliest first */
    wn_matrix now;    /* the last tap, of the current step */
    wn_matrix residual;
    const float *residual_bias;
    wn_matrix skip;
} wn_layer;

/* Dilated layers. Channel counts are padded; padding stays zero. */
typedef struct {
    ag_weights kind;
    bool one_hot;
    int layers, kernel;
    /* Two threads share a step like this: the first runs the layers below `border`, the second the
     * others; the second adds the skips below `apart` too. Those of [apart, border) make a sum of
     * their own, whatever the number of threads. */
    int apart, border;
    int residual, z,
        skip; /* z: channels of a gated unit; pre-activations have 2 z, tanh half first */
    /* Everything the first layer makes of one input is linear in it or a choice among 256, so its
     * products are tables. One hot: the row of the class (WN_NO_INPUT: zeros); scalar: the sample
     * times row 0 plus row 1 (and zeros for WN_NO_INPUT). */
    const float *input; /* [256 or 2, residual] */
    const float *first; /* [kernel, 257 or 2, 2 z] */
    const float *skip_bias;
    wn_layer layer[AG_WAVENET_MAX_LAYERS];
} wn_stack;

enum { WN_NO_INPUT = 256 }; /* before the beginning: not even silence (zero padding) */

static inline int wn_first_rows(const wn_stack *stack)
{
    return stack->one_hot ? WN_NO_INPUT + 1 : 2;
}

/* One transposed convolution of the upsampling: output n joins inputs a - 1 and a, with
 * a = (n + factor / 2) / factor, through phase[(n + factor / 2) % factor] [2 channels, channels].
 */
typedef struct {
    int factor;
    wn_matrix *phase;
    const float *bias;
} wn_upsample;

/* Whatever is added to the pre-activations. Wide rows hold all layers: [layers * 2 z]. Always
 * float32: it is computed once a frame. */
typedef struct {
    int wide;          /* layers * 2 z */
    const float *bias; /* dilated biases, wide */
    int global_channels, speakers, languages;
    const float *speaker, *language;                        /* embeddings [.., global_channels] */
    wn_matrix global;                                       /* [global_channels, wide] */
    int features, context_frames, hop, channels, upsamples; /* channels: padded */
    wn_matrix conv; /* [(2 context_frames + 1) features, channels] */
    const float *conv_bias;
    wn_upsample upsample[AG_WAVENET_MAX_UPSAMPLE];
    wn_matrix local;   /* [channels, wide] */
    int context_rate;  /* 0: no context stack */
    wn_matrix context; /* [context stack's skip, wide] */
} wn_condition_net;

typedef struct {
    ag_wavenet_config config;
    ag_weights kind;
    wn_stack main, context;
    const float *context_bias; /* dilated biases of the context stack, wide */
    wn_condition_net condition;
    wn_matrix head[2];
    const float *head_bias[2];
    int outputs; /* of the distribution, unpadded */
    void *memory;
} wn_net;

/* Find, check and pack all weights. */
int wn_net_new(const ag_wavenet_config *config, const ag_tensors *weights, ag_weights kind,
               wn_net **out);
void wn_net_free(wn_net *net); /* NULL allowed */

#endif
