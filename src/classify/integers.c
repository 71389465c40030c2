/* The learner of WAGE: steps in integers. */
#include "classify/learner.h"

#include <math.h>

static int step(cl_learner *l, const uint8_t *pictures, const uint8_t *labels, int64_t epoch,
                int64_t number, double *loss, int *correct)
{
    ag_wage_result result;
    int status = ag_wage_step(l->model->net, pictures, labels, l->recipe->batch,
                              cl_rate_at(l->recipe, epoch), (uint64_t)number, &result);
    if (status < 0) {
        return status;
    }
    /* The unit of an output of kA bits is 2^(1-kA); the loss has its square. */
    const ag_wage_config *c = &l->model->config;
    const ag_wage_layer *last = &c->layer[c->layers - 1];
    int activations = last->bits.weights ? last->bits.activations : c->bits.activations;
    *loss = ldexp((double)result.loss, 2 - 2 * activations);
    *correct = result.correct;
    return 0;
}

static int nothing_saved(const cl_learner *l, ag_safetensors *f)
{
    (void)l;
    (void)f;
    return 0;
}

static int nothing_loaded(cl_learner *l, const ag_safetensors *f)
{
    (void)l;
    (void)f;
    return 0;
}

static size_t bytes(const cl_learner *l)
{
    return ag_wage_bytes(l->model->net);
}

static void destroy(cl_learner *l)
{
    ag_free(l);
}

static const cl_learner_table table = { step, nothing_saved, nothing_loaded, bytes, destroy };

int cl_integers_new(const cl_recipe *recipe, ag_classifier *model, ag_pool *pool, cl_learner **out)
{
    *out = ag_calloc(1, sizeof **out);
    if (!*out) {
        return AG_ENOMEM;
    }
    **out = (cl_learner){ &table, recipe, model };
    return ag_wage_new(&model->config, recipe->batch, recipe->seed, pool, &model->net);
}
