/* agena/nn.h: named tensors, initialisers, optimisers, training over shards, checkpoints, logs. */
#ifndef AGENA_NN_H
#define AGENA_NN_H

#include "agena/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- named tensors ------------------------------------------------------------------------- */

/* An ordered set of named float32 tensors in one contiguous, 64-byte aligned block: weights,
 * gradients or optimiser state. Made once; then names and shapes are fixed. */
typedef struct ag_tensors ag_tensors;

/* One tensor per parameter of the graph, in its order, zeroed. */
AG_API int ag_tensors_new(const ag_graph *g, ag_tensors **out);
/* The same names and shapes as another, zeroed. */
AG_API int ag_tensors_like(const ag_tensors *other, ag_tensors **out);
/* From a list: names (unique) and shapes (dims of at least 1) are copied; total elements at most
 * 2^31. Each tensor begins at a multiple of 64 bytes; the padding between them is zero. */
AG_API int ag_tensors_make(int count, const char *const *names, const ag_shape *shapes,
                           ag_tensors **out);
AG_API void ag_tensors_free(ag_tensors *t);
AG_API int ag_tensors_count(const ag_tensors *t);
AG_API int ag_tensors_find(const ag_tensors *t, const char *name); /* index or AG_NONE */
AG_API const char *ag_tensors_name(const ag_tensors *t, int index);
AG_API ag_shape ag_tensors_shape(const ag_tensors *t, int index);
AG_API float *ag_tensors_data(const ag_tensors *t, int index); /* owned by t */
AG_API float *ag_tensors_block(const ag_tensors *t);           /* all of them, in order, padded */
AG_API int64_t ag_tensors_block_size(const ag_tensors *t);     /* floats in the block */
AG_API int64_t ag_tensors_elements(const ag_tensors *t);       /* without padding */
/* AG_EINVAL if names or shapes differ. */
AG_API int ag_tensors_copy(ag_tensors *to, const ag_tensors *from);

/* ---- initialisers -------------------------------------------------------------------------- */

/* Fill one tensor from the stream (seed, AG_PURPOSE_INIT + index, 0): the same whatever else is
 * initialised. Of a shape [.., in, out], fan_in is the product of all dims but the last, fan_out of
 * all but the last but one. Orthogonal: the columns of [fan_in, out] or, if fewer, its rows. */
AG_API void ag_init_zero(ag_tensors *t, int index);
AG_API void ag_init_constant(ag_tensors *t, int index, float value);
AG_API void ag_init_normal(ag_tensors *t, int index, uint64_t seed, float stddev);
/* Glorot & Bengio 2010, eq. 16, times gain. */
AG_API void ag_init_xavier_uniform(ag_tensors *t, int index, uint64_t seed, float gain);
/* He et al. 2015, eq. 10. */
AG_API void ag_init_he_normal(ag_tensors *t, int index, uint64_t seed);
/* Saxe et al. 2014, times gain. AG_ENOMEM. */
AG_API int ag_init_orthogonal(ag_tensors *t, int index, uint64_t seed, float gain);

/* Weight normalisation (Salimans & Kingma 2016, eq. 2): v [.., O], gain [O] -> gain v / ||v||, the
 * norm taken for each output. */
AG_API ag_node ag_weight_norm(ag_graph *g, ag_node v, ag_node gain);

/* ---- optimisers ---------------------------------------------------------------------------- */

typedef enum {
    AG_ADAM,    /* Kingma & Ba 2015, algorithm 1 */
    AG_RMSPROP, /* TensorFlow's: epsilon in the root, mean square from 1, momentum on the step */
    AG_SGD,     /* with momentum: v = beta1 v + g, w = w - rate v */
} ag_optimizer_kind;

typedef enum { AG_LR_CONSTANT, AG_LR_LINEAR, AG_LR_COSINE, AG_LR_HALVING } ag_schedule_kind;

typedef struct {
    ag_schedule_kind kind;
    float base;     /* learning rate at the start of the schedule */
    float final;    /* linear, cosine: the rate from step `steps` on */
    int64_t steps;  /* linear, cosine: steps to the final rate; halving: steps between halvings */
    int64_t warmup; /* step i of the first `warmup` ones has (i + 1) / warmup of its rate */
} ag_schedule;
AG_API float ag_schedule_rate(const ag_schedule *s, int64_t step); /* step counts from 0 */

typedef struct {
    ag_optimizer_kind kind;
    ag_schedule rate;
    float beta1, beta2; /* Adam; RMSProp's decay is beta2; momentum of RMSProp and SGD is beta1 */
    float epsilon;      /* Adam and RMSProp: greater than 0 */
    float weight_decay; /* decoupled (AdamW), 0 = none */
    float clip_norm;    /* global gradient norm, 0 = none */
    float average;      /* decay of the moving average of the weights, 0 = none */
} ag_optimizer_options;

typedef struct ag_optimizer ag_optimizer;
/* The average starts as the weights are now: initialise them first. AG_EINVAL for options out of
 * range. */
AG_API int ag_optimizer_new(const ag_optimizer_options *options, const ag_tensors *weights,
                            ag_optimizer **out);
AG_API void ag_optimizer_free(ag_optimizer *o);
/* One step on weights from gradients (clipped in place). Returns AG_EINVAL with a sentence and
 * leaves everything as it was when a gradient is not finite. *norm (may be NULL): gradient norm
 * before clipping. */
AG_API int ag_optimizer_step(ag_optimizer *o, ag_tensors *weights, ag_tensors *gradients,
                             float *norm);
AG_API int64_t ag_optimizer_steps(const ag_optimizer *o); /* taken so far */
/* The moving average of the weights, owned by o; NULL when options.average is 0. */
AG_API const ag_tensors *ag_optimizer_average(const ag_optimizer *o);

/* ---- data-parallel training ---------------------------------------------------------------- */

/* A trainer runs one graph over a fixed number of shards of each batch on a pool; every shard's
 * gradients go to a buffer of its own and are summed in shard order, so the bytes do not depend on
 * the threads. */
typedef struct ag_trainer ag_trainer;
/* Bind the inputs of `shard` (all leaves but the parameters) on exec; called on a worker thread. */
typedef int (*ag_bind_fn)(void *user, ag_exec *exec, int shard);
/* g: its scalar `loss` is the mean over one shard; gradients for all parameters of g are added to
 * the graph here, and the result is the mean over shards. weights: made by ag_tensors_new(g). Keeps
 * pointers to weights and pool, which must outlive it; g may be freed. */
AG_API int ag_trainer_new(ag_graph *g, ag_node loss, int shards, const ag_tensors *weights,
                          ag_pool *pool, ag_trainer **out);
AG_API void ag_trainer_free(ag_trainer *t);
/* Bytes that it holds: the threads' activations, the shards' gradients. */
AG_API size_t ag_trainer_memory(const ag_trainer *t);
/* Forward and backward over all shards: gradients (overwritten) and the mean loss (may be NULL).
 * Allocates nothing. The error of the lowest failing shard, if one fails. */
AG_API int ag_trainer_gradients(ag_trainer *t, ag_bind_fn bind, void *user, ag_tensors *gradients,
                                float *loss);

/* ---- checkpoints: safetensors --------------------------------------------------------------- */

/* A file is named tensors of float32 or of integers plus a flat string-to-string metadata map
 * ("__metadata__"). Written atomically. Reading checks the header (at most 16 MiB, strict JSON
 * without duplicate keys), every dtype (F32, BF16 and F16 are widened to float32; I8, U8, I16 and
 * I64 stay as they are), shape and byte range (in the file, no gap, no overlap). Tensors are in the
 * order of their data. */
typedef struct ag_safetensors ag_safetensors;
AG_API int ag_safetensors_new(ag_safetensors **out); /* empty, to be filled and saved */
AG_API int ag_safetensors_load(const char *path, ag_safetensors **out);
/* The same from memory; name begins the error sentences. */
AG_API int ag_safetensors_parse(const void *data, size_t size, const char *name,
                                ag_safetensors **out);
AG_API void ag_safetensors_free(ag_safetensors *f);
AG_API int ag_safetensors_count(const ag_safetensors *f);
AG_API const char *ag_safetensors_name(const ag_safetensors *f, int index);
AG_API ag_shape ag_safetensors_shape(const ag_safetensors *f, int index); /* dims may be 0 */
/* NULL for a tensor of integers. */
AG_API const float *ag_safetensors_data(const ag_safetensors *f, int index);
typedef enum { AG_STORED_F32, AG_STORED_I8, AG_STORED_U8, AG_STORED_I16, AG_STORED_I64 } ag_stored;
AG_API ag_stored ag_safetensors_type(const ag_safetensors *f, int index);
AG_API int ag_safetensors_find(const ag_safetensors *f, const char *name); /* index or AG_NONE */
/* NULL if absent. */
AG_API const char *ag_safetensors_meta(const ag_safetensors *f, const char *key);
/* UTF-8; replaces an older value. */
AG_API int ag_safetensors_set_meta(ag_safetensors *f, const char *key, const char *value);
/* Add a set, every name behind prefix ("" or "adam.m."). Data is copied. */
AG_API int ag_safetensors_add(ag_safetensors *f, const char *prefix, const ag_tensors *t);
/* Copy the tensors named prefix + name into t. AG_EFORMAT names what is missing or has another
 * shape; t is then as it was. */
AG_API int ag_safetensors_get(const ag_safetensors *f, const char *prefix, ag_tensors *t);
/* Add or read a tensor of integers: data is [shape] of int8_t, uint8_t, int16_t or int64_t as type
 * says; it is copied. AG_EFORMAT names what is missing or has another type or shape. */
AG_API int ag_safetensors_add_integers(ag_safetensors *f, const char *name, ag_stored type,
                                       ag_shape shape, const void *data);
AG_API int ag_safetensors_get_integers(const ag_safetensors *f, const char *name, ag_stored type,
                                       ag_shape shape, void *data);
/* How float32 tensors are written. */
typedef enum { AG_STORE_F32, AG_STORE_BF16 } ag_store; /* bf16: rounded to nearest even */
AG_API int ag_safetensors_save(const ag_safetensors *f, const char *path, ag_store store);
/* Optimiser state to and from a checkpoint: its moments, average and step count. A load that fails
 * leaves the optimiser as it was. */
AG_API int ag_optimizer_save(const ag_optimizer *o, ag_safetensors *f);
AG_API int ag_optimizer_load(ag_optimizer *o, const ag_safetensors *f);

/* ---- training log: TensorBoard event files -------------------------------------------------- */

typedef struct ag_events ag_events;
/* Make folder/events.out.tfevents.SECONDS.agena (appends nothing to older files). */
AG_API int ag_events_open(const char *folder, ag_events **out);
/* Written to the operating system at once: a killed process loses no number. */
AG_API int ag_events_scalar(ag_events *e, const char *tag, int64_t step, float value);
AG_API int ag_events_flush(ag_events *e);  /* to the disk */
AG_API void ag_events_close(ag_events *e); /* NULL allowed */

#ifdef __cplusplus
}
#endif
#endif
