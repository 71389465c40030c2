/* classify/learner.h: what a training run needs of a network, in integers or in floating point. */
#ifndef CLASSIFY_LEARNER_H
#define CLASSIFY_LEARNER_H

#include "classify/recipe.h"

typedef struct cl_learner cl_learner;

typedef struct {
    /* One step on a batch; loss: summed over it, correct: -1 when not counted. */
    int (*step)(cl_learner *l, const uint8_t *pictures, const uint8_t *labels, int64_t epoch,
                int64_t step, double *loss, int *correct);
    /* State beyond the weights, into and from a checkpoint. */
    int (*save)(const cl_learner *l, ag_safetensors *f);
    int (*load)(cl_learner *l, const ag_safetensors *f);
    size_t (*bytes)(const cl_learner *l);
    void (*free)(cl_learner *l);
} cl_learner_table;

struct cl_learner {
    const cl_learner_table *table;
    const cl_recipe *recipe;
    ag_classifier *model;
};

/* Give the model its network or weights, initialised from the recipe's seed, and a learner that
 * trains them. Keeps pointers to recipe, model and pool. */
int cl_integers_new(const cl_recipe *recipe, ag_classifier *model, ag_pool *pool, cl_learner **out);
int cl_twin_new(const cl_recipe *recipe, ag_classifier *model, ag_pool *pool, cl_learner **out);

#endif
