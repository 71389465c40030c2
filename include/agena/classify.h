/* agena/classify.h: picture classifiers: WAGE networks (agena/wage.h) and their float32 twins from
 * recipes, training runs, model files, evaluation, cost. */
#ifndef AGENA_CLASSIFY_H
#define AGENA_CLASSIFY_H

#include "agena/data.h"
#include "agena/nn.h"
#include "agena/wage.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- networks as text ----
 * Layers with "-" between, as papers write them: 32C5 a convolution to 32 channels by windows of
 * 5x5, MP2 max pooling of 2x2, 512FC a dense layer, at the end the classes alone:
 * "32C5-MP2-64C5-MP2-512FC-10". A stride follows as s2, v stands for no padding ("96C11s4v"), bits
 * of its own stand in brackets ("10[8-8-8-8]"), and a group may be repeated: "2x(128C3)-MP2". */

/* Fill layers and layer of config. AG_EINVAL says where the text is wrong. */
AG_API int ag_classify_parse_network(const char *text, ag_wage_config *config);
AG_API char *ag_classify_network_text(const ag_wage_config *config); /* ag_free it */
/* "2-8-8-8": kW-kA-kG-kE. */
AG_API int ag_classify_parse_bits(const char *text, ag_wage_bits *bits);

/* ---- the float32 twin ----
 * The same layers in floating point: pictures as byte / 127.5 - 1, no biases, He's initial weights,
 * max pooling, relu; "layers.N.weight" [kernel, kernel, in, out] or [in, out]. */

typedef enum {
    AG_CLASSIFY_SOFTMAX, /* cross-entropy */
    AG_CLASSIFY_SQUARES  /* the squared distance to the one-hot target, as WAGE has it */
} ag_classify_loss;

typedef struct {
    ag_node pictures; /* input [batch, height, width, channels] */
    ag_node labels;   /* input [batch] i32 */
    ag_node outputs;  /* [batch, classes] */
    ag_node loss;     /* scalar: the mean over the batch */
} ag_classify_nodes;

AG_API int ag_classify_graph(const ag_wage_config *config, int batch, ag_classify_loss loss,
                             ag_graph *g, ag_classify_nodes *nodes);

/* ---- models ---- */

/* One epoch of a run; errors are shares of wrong answers. */
typedef struct {
    int epoch;          /* from 1 */
    double loss;        /* mean of a picture */
    double train_error; /* while training; below 0 where it was not counted (float32) */
    double error;       /* afterwards, on the pictures held out or the test split */
} ag_classify_point;

typedef struct {
    ag_wage_config config;
    bool real;                /* the float32 twin */
    uint64_t seed;            /* of the run */
    int64_t steps;            /* trained so far */
    ag_wage *net;             /* NULL for a twin */
    ag_tensors *weights;      /* of a twin, else NULL */
    ag_classify_point *curve; /* [points] */
    int points;
} ag_classifier;

/* A safetensors file: weights of WAGE as integers on the gradients' grid ("layers.N.weight", I8, or
 * I16 when kG > 8) or, packed, 4 ternary weights a byte ("layers.N.ternary"). batch: pictures of a
 * step of further training, 0 for none. */
AG_API int ag_classifier_load(const char *path, int batch, ag_pool *pool, ag_classifier **out);
AG_API void ag_classifier_free(ag_classifier *m); /* NULL allowed */
/* packed: layers of ternary weights keep 2 bits a weight, which is all that inference needs. */
AG_API int ag_classifier_save(const ag_classifier *m, bool packed, const char *path);
/* Pictures first .. first + count - 1 that are classified wrongly. AG_EINVAL when their shape or
 * labels are not the network's. */
AG_API int ag_classifier_evaluate(ag_classifier *m, const ag_pictures *p, int64_t first,
                                  int64_t count, ag_pool *pool, int64_t *wrong);

/* ---- pictures ---- */

/* data: a known set's name, a folder, or "random:HEIGHTxWIDTHxCHANNELS": 64 pictures of noise with
 * 10 labels, to try a network. */
AG_API int ag_classify_pictures(const char *data, ag_split split, ag_pictures **out);

/* ---- training ---- */

typedef struct {
    const char *recipe;
    const char *const *overrides; /* "epochs=3" */
    int override_count;
    const char *data;   /* as ag_classify_pictures takes it; NULL: the recipe's */
    const char *output; /* run folder; NULL: the recipe's */
    bool unsaved;       /* neither run folder nor files */
    bool resume;
    bool real; /* train the twin, whatever the recipe says */
    int threads;
    /* Called after every epoch; may be NULL. */
    void (*point)(void *user, const ag_classify_point *point);
    void *user;
} ag_classify_options;

typedef struct {
    double error;     /* on the test split at the end */
    int64_t pictures; /* trained on in this call, and the seconds that took */
    double seconds;
    int64_t weights;
    size_t bytes; /* memory of network and training step with one batch, without the data */
} ag_classify_result;

/* Train a recipe to its last epoch. The run folder gets checkpoint.safetensors,
 * model.safetensors and TensorBoard's events. Ctrl-C saves and returns AG_EINTERRUPTED. The bytes
 * do not depend on threads or interruptions. result may be NULL. */
AG_API int ag_classify_train(const ag_classify_options *options, ag_classify_result *result);
/* What that would train, for the pictures of its data, and its batch: AG_EINVAL when no run could
 * start. Of a known set the files need not be there. */
AG_API int ag_classify_recipe(const ag_classify_options *options, ag_wage_config *config,
                              int *batch);
/* The recipe with its changes as YAML (ag_free it), without run folder and checkpoints: the same
 * text, the same results. */
AG_API int ag_classify_recipe_text(const ag_classify_options *options, char **text);

/* ---- cost ---- */

/* Multiply-adds of operands of so many bits: of an activation (left) and a weight forward, of an
 * error and a weight backward, of an activation and an error for the gradient. */
typedef struct {
    int left, right;
    int64_t forward, backward, gradient;
} ag_classify_products;

enum { AG_CLASSIFY_WIDTHS = 3 * AG_WAGE_MAX_LAYERS };

/* Of one picture, and of a picture's share of a training step. */
typedef struct {
    int64_t forward, backward, gradient; /* multiply-adds; then by width, each pair once */
    ag_classify_products by_width[AG_CLASSIFY_WIDTHS];
    int widths;
    int64_t weights, activations; /* elements: of the network, written by the forward pass */
    /* Bits that move between memory and processor when nothing stays in a cache. */
    double inference_bits, training_bits;
    /* Energy in picojoule (45 nm, Horowitz 2014). */
    double inference_compute, inference_memory, training_compute, training_memory;
} ag_classify_cost;

/* In integers of the configuration's widths or in float32 (operands of 32 bits); batch: pictures of
 * a training step, over which the traffic of weights is shared, whether or not sums of so many
 * would overflow. */
AG_API int ag_classify_count(const ag_wage_config *config, int batch, bool real,
                             ag_classify_cost *cost);

#ifdef __cplusplus
}
#endif
#endif
