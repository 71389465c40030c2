/* agena/wavenet.h: WaveNet, an autoregressive model of raw audio (van den Oord et al. 2016).
 *
 * A model is a configuration plus named float32 weights. The same weights serve two machines: the
 * training graph (agena/tensor.h) and the cached sampler below, whose float32 predictions agree
 * with the graph's within 1e-4. */
#ifndef AGENA_WAVENET_H
#define AGENA_WAVENET_H

#include "agena/data.h"
#include "agena/nn.h"
#include "agena/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    AG_WAVENET_SOFTMAX, /* 256 classes of mu-law companded audio (section 2.2) */
    AG_WAVENET_MOL,     /* mixture of discretised logistics, 16 bit (Parallel WaveNet, section 2) */
    AG_WAVENET_GAUSSIAN, /* one Gaussian (ClariNet, section 3) */
} ag_wavenet_output;

typedef enum {
    AG_WAVENET_ONE_HOT, /* mu-law class through an embedding */
    AG_WAVENET_SCALAR,  /* the sample itself through a 1x1 */
} ag_wavenet_input;

enum { AG_WAVENET_MAX_UPSAMPLE = 4, AG_WAVENET_MAX_LAYERS = 256, AG_WAVENET_MAX_CHANNELS = 4096 };

/* A stack of dilated layers: layer l has dilation 2^(l mod (layers / stacks)). */
typedef struct {
    int layers;
    int stacks;   /* divides layers */
    int kernel;   /* 2 or 3 */
    int residual; /* channels between layers */
    int gate;     /* channels of tanh and sigmoid together (even); their product has gate/2 */
    int skip;     /* channels of the skip sum */
} ag_wavenet_stack;

typedef struct {
    int sample_rate; /* Hz */
    /* The network models y[t] = x[t] - preemphasis * x[t-1] of the recording x, and what it makes
     * is turned back: the noise of mu-law classes and of sampling then lies under the speech in
     * high bands too (Valin and Skoglund 2019, LPCNet, section 3.1). In [0, 1); 0 = none. */
    float preemphasis;
    ag_wavenet_input input;
    ag_wavenet_output output;
    int mixtures;        /* K of AG_WAVENET_MOL */
    float min_log_scale; /* lower clamp of log scales (MOL, Gaussian) */
    ag_wavenet_stack main;
    int head; /* channels between the two 1x1 of the output */
    /* Global conditioning (section 2.5): embeddings summed over speaker and language; 0 = none. */
    int speakers, languages, global_channels;
    /* Local conditioning: a series of `local_features` values every `hop` samples (0 features =
     * none), through a convolution of width 2 * local_context + 1 to local_channels, then
     * transposed convolutions that upsample by upsample[0], upsample[1], ..., then repetition: one
     * conditioning frame lasts cond_hop = hop / product(upsample) samples. */
    int local_features, hop, local_context, local_channels;
    int upsamples;
    int upsample[AG_WAVENET_MAX_UPSAMPLE];
    /* Context stack (section 2.6): a smaller WaveNet over the past at 1 / context_rate of the
     * sample rate; its skip sum joins the local conditioning. layers = 0: none. Reads scalar means
     * of context_rate past samples; context_rate is a multiple of cond_hop where there is local
     * conditioning. */
    ag_wavenet_stack context;
    int context_rate;
} ag_wavenet_config;

/* Check every field's range and their agreement; AG_EINVAL names the field. */
AG_API int ag_wavenet_check(const ag_wavenet_config *config);
/* (kernel - 1) * sum of dilations + 1, in samples (section 2.1). */
AG_API int64_t ag_wavenet_receptive_field(const ag_wavenet_stack *stack);
AG_API int ag_wavenet_dilation(const ag_wavenet_stack *stack, int layer);
/* Samples that one frame of projected conditioning lasts (see above); 1 without any. */
AG_API int ag_wavenet_cond_hop(const ag_wavenet_config *config);
/* Channels of the distribution: 256, 3 * mixtures or 2. */
AG_API int ag_wavenet_outputs(const ag_wavenet_config *config);

/* ---- weights ----
 * Every linear map is stored [in, out] (convolutions [kernel, in, out]); tap k of a convolution
 * reads the sample (kernel-1-k) * dilation earlier. Z = gate / 2, R = residual, S = skip, H = head,
 * C = channels of the conditioning (local_channels), E = global_channels, O = outputs.
 *
 * - input.weight [256, R] (one hot) or [1, R] (scalar), input.bias [R]
 * - layers.N.dilated.weight [kernel, R, 2Z], layers.N.dilated.bias [2Z] (tanh half first)
 * - layers.N.local.weight [C, 2Z] (local), layers.N.global.weight [E, 2Z] (global)
 * - layers.N.context.weight [context.skip, 2Z] (context stack)
 * - layers.N.skip.weight [Z, S]
 * - layers.N.residual.weight [Z, R], layers.N.residual.bias [R] (all layers but the last)
 * - skip.bias [S]
 * - head.0.weight [S, H], head.0.bias [H], head.1.weight [H, O], head.1.bias [O]
 * - speaker.weight [speakers, E], language.weight [languages, E]
 * - local.conv.weight [2 local_context + 1, local_features, C], local.conv.bias [C]
 * - local.upsample.I.weight [2 upsample[I], C, C], local.upsample.I.bias [C]
 * - context.input.weight [1, context.residual], context.input.bias, context.skip.bias
 * - context.layers.N... as above, without local and global
 *
 * Equations at time t, the input shifted right by one sample (section 2.1). The sample before the
 * first is silence: class 128, or 0.
 *
 * - x0[t] = input(sample[t-1])
 * - pre = dilated(x)[t] + dilated.bias + local'c[t / cond_hop] + global'h + context'ctx[t / rate]
 * - z = tanh(pre[:Z]) * sigmoid(pre[Z:]);  x' = x + residual'z + residual.bias;  s += skip'z
 * - logits = head.1'relu(head.0'relu(s + skip.bias) + head.0.bias) + head.1.bias
 *
 * Conditioning: c = relu(conv(features) + bias) (zero padded at both ends), then per upsample with
 * factor u: a transposed convolution of width 2u and stride u cropped u/2 before and u - u/2 after,
 * + bias, relu. The context stack: ctx = relu(its sum of skips + context.skip.bias). */

/* ---- training graph ---- */

/* Leaves and results of a WaveNet in a graph; AG_NONE where the configuration has no such thing. */
typedef struct {
    /* [batch, samples]: the sample before each target; class i32 (one hot) or f32 (scalar). */
    ag_node input;
    ag_node target; /* [batch, samples]: class i32 (softmax), f32 in [-1, 1] (mixture, Gaussian) */
    ag_node weight; /* [batch, samples] f32: what each sample's loss counts */
    ag_node features; /* [batch, samples / hop + 2 (local_context + margin), local_features] f32 */
    ag_node speaker, language; /* [batch] i32 */
    /* [batch, samples / context_rate] f32: mean of the context_rate samples before each block. */
    ag_node past;
    ag_node params; /* [batch, samples, outputs]: parameters of the distribution of each target */
    ag_node nll;    /* [batch, samples]: negative log likelihood in nats */
    ag_node loss;   /* scalar: sum of weight times nll */
} ag_wavenet_nodes;

/* Add the network to g, its parameters named as above. samples: a multiple of hop and of
 * context_rate where they are used. margin: frames of real conditioning given on each side beyond
 * local_context, so that the upsampling of a crop sees its neighbours; 0 for a whole utterance. */
AG_API int ag_wavenet_graph(const ag_wavenet_config *config, int batch, int64_t samples, int margin,
                            ag_graph *g, ag_wavenet_nodes *out);
/* All parameters of a configuration, zeroed, in the graph's order. */
AG_API int ag_wavenet_weights(const ag_wavenet_config *config, ag_tensors **out);
/* Initial values: Glorot uniform, skip weights divided by sqrt(layers), biases 0, embeddings
 * normal. */
AG_API void ag_wavenet_init(const ag_wavenet_config *config, ag_tensors *weights, uint64_t seed);

/* ---- model files ---- */

/* A trained model: safetensors whose metadata holds the configuration (YAML) and the names behind
 * the indices. */
typedef struct {
    ag_wavenet_config config;
    ag_tensors *weights;
    char **speakers, **languages; /* config.speakers and config.languages names */
    int64_t steps;                /* training steps behind it */
} ag_wavenet;

AG_API int ag_wavenet_load(const char *path, ag_wavenet **out);
/* The same content in memory, for a caller that adds to it. */
AG_API int ag_wavenet_pack(const ag_wavenet *model, ag_safetensors **out);
AG_API int ag_wavenet_save(const ag_wavenet *model, const char *path, ag_store store);
AG_API void ag_wavenet_free(ag_wavenet *model);
/* Index of a name in a list of `count`, or AG_EINVAL with the known names in the sentence. what:
 * "speaker". */
AG_API int ag_wavenet_index(const char *what, const char *name, char *const *names, int count);

/* Do a manifest's speakers and languages have the model's numbers, where it conditions on them?
 * AG_EINVAL names the first difference. */
AG_API int ag_wavenet_check_names(const ag_wavenet *model, const ag_manifest *manifest);

/* ---- training and evaluation ---- */

typedef struct {
    const char *recipe;           /* YAML file */
    const char *const *overrides; /* "train.steps=100", ... */
    int override_count;
    const char *data;   /* manifest or folder; NULL: the recipe's */
    const char *output; /* run folder; NULL: the recipe's */
    bool resume;        /* go on from output/checkpoint.safetensors */
    /* Begin with the weights of this model instead of random ones: fine-tuning, new voices; tensors
     * of other shapes are an error; NULL: random; ignored on resume. */
    const char *init;
    int threads; /* 0 = all processors; the bytes do not depend on it */
} ag_wavenet_train_options;

/* Train to the recipe's last step, or until Ctrl-C (AG_EINTERRUPTED, after saving). The run folder
 * gets checkpoint.safetensors (weights, optimiser state, step, recipe: everything a resumed run
 * needs to equal one that never stopped), model.safetensors (the averaged weights) and TensorBoard
 * event files. */
AG_API int ag_wavenet_train(const ag_wavenet_train_options *options);

/* Mean negative log likelihood in bits a sample over a split in memory, each sample given its whole
 * past as far as the receptive field reaches. limit: look at so many stretches of 8,000 samples,
 * evenly spread; 0 = all. The features of speech must be those the configuration asks for. */
AG_API int ag_wavenet_evaluate(const ag_wavenet_config *config, const ag_tensors *weights,
                               const ag_speech *speech, int64_t limit, ag_pool *pool, double *bits,
                               int64_t *samples);

/* Simple models of the same recordings, in bits a sample of mu-law classes. The entropy of the
 * classes' own frequencies; and a linear predictor of order 32 with Gaussian residual, fitted to
 * every recording apart (which favours it), whose density is integrated over each class. */
AG_API double ag_mulaw_entropy(const ag_speech *speech);
AG_API double ag_linear_prediction_bits(const ag_speech *speech);

/* ---- sampler ---- */

typedef enum { AG_WEIGHTS_F32, AG_WEIGHTS_BF16, AG_WEIGHTS_INT8 } ag_weights;

typedef struct {
    ag_weights weights;
    int streams; /* >= 1 generated side by side */
    int threads; /* 1 or 2; a single stream takes the second only while that makes it faster */
    /* 1 = the model's own distribution; scales logits (softmax) or spread; 0 = the mode. */
    float temperature;
    /* Stream i draws from (seed, i): equal whatever the number of streams or threads. */
    uint64_t seed;
} ag_sampler_options;

typedef struct ag_sampler ag_sampler;

/* Pack the weights for generation. The sampler keeps nothing of config or weights. */
AG_API int ag_sampler_new(const ag_wavenet_config *config, const ag_tensors *weights,
                          const ag_sampler_options *options, ag_sampler **out);
AG_API void ag_sampler_free(ag_sampler *sampler);
/* Forget the past of one stream (silence before it) and set its conditioning. features: [frames,
 * local_features] float32, copied and projected once a conditioning frame as generation reaches it;
 * NULL without local conditioning. speaker and language: indices, ignored without global
 * conditioning. */
AG_API int ag_sampler_start(ag_sampler *sampler, int stream, const float *features, int64_t frames,
                            int speaker, int language);
/* Make the next `count` samples of every stream: audio [streams, count] in [-1, 1], as the network
 * models it: a model with preemphasis wants ag_deemphasis after it. Past the end of a stream's
 * conditioning its last frame is held. */
AG_API int ag_sampler_generate(ag_sampler *sampler, float *audio, int64_t count);
/* The same, but feed given audio [streams, count] instead of drawing, and write each step's
 * distribution parameters, before temperature: params [streams, count, outputs]. For tests and
 * likelihoods. */
AG_API int ag_sampler_predict(ag_sampler *sampler, const float *audio, int64_t count,
                              float *params);

/* ---- generating with a model ---- */

typedef struct {
    /* Copy synthesis: take the features of this recording; NULL: none (free speech or music). */
    const char *mel;
    /* Names, NULL: the model's first; an error for a model without them. */
    const char *speaker, *language;
    double seconds; /* to make; 0: as long as the recording, 3 s without one */
    ag_sampler_options sampler;
} ag_wavenet_generate_options;

/* Receives each block of each stream as it is made; a negative return stops and is passed on. */
typedef int (*ag_audio_sink)(void *user, int stream, const float *samples, int64_t count);

/* Make options.seconds of audio in blocks of 10 ms. A model with local conditioning that gets no
 * recording is given features of zero, which is what training with local_dropout taught it to take
 * as "none". AG_EINTERRUPTED after Ctrl-C; the sink has then had all that was made. */
AG_API int ag_wavenet_generate(const ag_wavenet *model, const ag_wavenet_generate_options *options,
                               ag_audio_sink sink, void *user);

#ifdef __cplusplus
}
#endif
#endif
