/* The learner of the float32 twin: stochastic gradient descent on its graph. */
#include "classify/learner.h"

#include "classify/picture.h"

typedef struct {
    cl_learner base;
    ag_classify_nodes nodes;
    ag_optimizer *optimizer;
    ag_tensors *gradients;
    ag_trainer *trainer;
    float *pictures; /* [batch, ...] */
    int32_t *labels; /* [batch] */
} twin;

static int bind_shard(void *user, ag_exec *exec, int shard)
{
    twin *t = user;
    const cl_recipe *r = t->base.recipe;
    size_t each = (size_t)(r->batch / r->twin.shards);
    size_t size = cl_picture_size(&t->base.model->config);
    int status = ag_exec_bind(exec, t->nodes.pictures, t->pictures + (size_t)shard * each * size);
    return status < 0 ? status
                      : ag_exec_bind(exec, t->nodes.labels, t->labels + (size_t)shard * each);
}

static int step(cl_learner *l, const uint8_t *pictures, const uint8_t *labels, int64_t epoch,
                int64_t number, double *loss, int *correct)
{
    (void)number;
    twin *t = (twin *)l;
    const cl_recipe *r = l->recipe;
    cl_pictures_to_float(pictures, (size_t)r->batch * cl_picture_size(&l->model->config),
                         t->pictures);
    for (int i = 0; i < r->batch; i++) {
        t->labels[i] = labels[i];
    }
    float mean = 0;
    int status = ag_trainer_gradients(t->trainer, bind_shard, t, t->gradients, &mean);
    if (status < 0) {
        return status;
    }
    /* The optimiser's own rate is 1: the recipe's changes with the epoch. */
    float rate = cl_twin_rate_at(r, epoch), *g = ag_tensors_block(t->gradients);
    for (int64_t i = 0; i < ag_tensors_block_size(t->gradients); i++) {
        g[i] *= rate;
    }
    *loss = (double)mean * r->batch;
    *correct = -1;
    return ag_optimizer_step(t->optimizer, l->model->weights, t->gradients, NULL);
}

static int save(const cl_learner *l, ag_safetensors *f)
{
    return ag_optimizer_save(((const twin *)l)->optimizer, f);
}

static int load(cl_learner *l, const ag_safetensors *f)
{
    return ag_optimizer_load(((twin *)l)->optimizer, f);
}

/* Weights, gradients, momentum, the trainer's and the batch. */
static size_t bytes(const cl_learner *l)
{
    const twin *t = (const twin *)l;
    size_t weights = (size_t)ag_tensors_block_size(t->gradients) * sizeof(float);
    size_t pictures = cl_picture_size(&l->model->config) * sizeof(float);
    return 3 * weights + ag_trainer_memory(t->trainer) +
           (size_t)l->recipe->batch * (pictures + sizeof(int32_t));
}

static void destroy(cl_learner *l)
{
    twin *t = (twin *)l;
    ag_trainer_free(t->trainer);
    ag_optimizer_free(t->optimizer);
    ag_tensors_free(t->gradients);
    ag_free(t->pictures);
    ag_free(t->labels);
    ag_free(t);
}

static const cl_learner_table table = { step, save, load, bytes, destroy };

static int make_graph(twin *t, ag_pool *pool)
{
    const cl_recipe *r = t->base.recipe;
    ag_classifier *m = t->base.model;
    ag_graph *g = NULL;
    int status = ag_graph_new(&g);
    if (status == 0) {
        status =
            ag_classify_graph(&m->config, r->batch / r->twin.shards, r->twin.loss, g, &t->nodes);
    }
    if (status == 0) {
        status = ag_tensors_new(g, &m->weights);
    }
    if (status == 0) {
        status = ag_trainer_new(g, t->nodes.loss, r->twin.shards, m->weights, pool, &t->trainer);
    }
    ag_graph_free(g);
    return status;
}

static int fill(twin *t, ag_pool *pool)
{
    const cl_recipe *r = t->base.recipe;
    ag_classifier *m = t->base.model;
    size_t batch = (size_t)r->batch;
    int status = make_graph(t, pool);
    for (int i = 0; status == 0 && i < ag_tensors_count(m->weights); i++) {
        ag_init_he_normal(m->weights, i, r->seed);
    }
    ag_optimizer_options o = { .kind = AG_SGD,
                               .rate = { .kind = AG_LR_CONSTANT, .base = 1 },
                               .beta1 = r->twin.momentum };
    if (status == 0) {
        status = ag_optimizer_new(&o, m->weights, &t->optimizer);
    }
    if (status == 0) {
        status = ag_tensors_like(m->weights, &t->gradients);
    }
    if (status == 0) {
        t->pictures = ag_malloc_aligned(batch * cl_picture_size(&m->config) * sizeof(float));
        t->labels = ag_calloc(batch, sizeof *t->labels);
        status = t->pictures && t->labels ? 0 : AG_ENOMEM;
    }
    return status;
}

int cl_twin_new(const cl_recipe *recipe, ag_classifier *model, ag_pool *pool, cl_learner **out)
{
    twin *t = ag_calloc(1, sizeof *t);
    *out = (cl_learner *)t;
    if (!t) {
        return AG_ENOMEM;
    }
    t->base = (cl_learner){ &table, recipe, model };
    return fill(t, pool);
}
