/* Data-parallel training: one graph over the shards of a batch, gradients summed in shard order. */
#include "nn/tensors.h"

#include <string.h>

/* Floats of the gradient sum that one task adds up. */
#define CHUNK 8192

struct ag_trainer {
    int shards, params, workers;
    const ag_tensors *weights;
    ag_pool *pool;
    ag_plan *plan;
    ag_exec **execs;  /* by worker */
    ag_node loss;     /* the graph's nodes are numbers that outlive it */
    ag_node *outputs; /* by parameter: its gradient */
    ag_tensors **own; /* by shard - 1: its gradients; those of shard 0 go to the caller's */
    float *losses;    /* by shard */
};

static int check_weights(const ag_graph *g, const ag_tensors *weights)
{
    int params = ag_graph_params(g);
    bool same = params == ag_tensors_count(weights);
    for (int i = 0; i < params && same; i++) {
        ag_node param = ag_graph_param(g, i);
        ag_shape a = ag_node_shape(g, param), b = ag_tensors_shape(weights, i);
        same = nn_shape_equal(&a, &b) &&
               strcmp(ag_node_name(g, param), ag_tensors_name(weights, i)) == 0;
    }
    return same ? AG_OK
                : ag_fail(AG_EINVAL, "the weights are not those of the graph: make them with "
                                     "ag_tensors_new from the same graph");
}

/* A view of x as a node of its own. Gradients can be leaves (of a b in a: b) or one node for
 * several parameters (of a + b), but each is to be bound to a buffer of its own. */
static ag_node own_view(ag_graph *g, ag_node x)
{
    ag_shape shape = ag_node_shape(g, x);
    int64_t elements = nn_shape_elements(&shape);
    return ag_reshape(g, x, shape.rank == 1 ? AG_SHAPE(1, elements) : AG_SHAPE(elements));
}

/* Add the gradients to the graph and compile them with the loss. */
static int compile(ag_trainer *t, ag_graph *g, ag_node loss)
{
    /* list: the parameters, then the outputs: their gradients and, last, the loss */
    ag_node *list = ag_calloc(2 * (size_t)t->params + 1, sizeof(*list));
    if (!list)
        return AG_ENOMEM;
    ag_node *gradients = list + t->params;
    for (int i = 0; i < t->params; i++)
        list[i] = ag_graph_param(g, i);
    int code = ag_grad(g, loss, list, t->params, gradients);
    for (int i = 0; i < t->params && code == AG_OK; i++)
        t->outputs[i] = gradients[i] = own_view(g, gradients[i]);
    if (code == AG_OK) {
        t->loss = gradients[t->params] = own_view(g, loss);
        code = ag_graph_compile(g, gradients, t->params + 1, &t->plan);
    }
    ag_free(list);
    return code;
}

/* An exec for each worker, with the weights bound once and for all. */
static int make_execs(ag_trainer *t, const ag_graph *g)
{
    for (int i = 0; i < t->workers; i++) {
        int code = ag_exec_new(t->plan, &t->execs[i]);
        for (int p = 0; p < t->params && code == AG_OK; p++)
            code = ag_exec_bind(t->execs[i], ag_graph_param(g, p), ag_tensors_data(t->weights, p));
        if (code != AG_OK)
            return code;
    }
    return AG_OK;
}

static int make_buffers(ag_trainer *t)
{
    t->execs = ag_calloc((size_t)t->workers, sizeof(ag_exec *));
    t->own = ag_calloc((size_t)t->shards, sizeof(ag_tensors *));
    t->losses = ag_calloc((size_t)t->shards, sizeof(*t->losses));
    t->outputs = ag_calloc((size_t)t->params + 1, sizeof(*t->outputs));
    if (!t->execs || !t->own || !t->losses || !t->outputs)
        return AG_ENOMEM;
    for (int i = 0; i < t->shards - 1; i++) {
        int code = ag_tensors_like(t->weights, &t->own[i]);
        if (code != AG_OK)
            return code;
    }
    return AG_OK;
}

int ag_trainer_new(ag_graph *g, ag_node loss, int shards, const ag_tensors *weights, ag_pool *pool,
                   ag_trainer **out)
{
    *out = NULL;
    int code = ag_graph_error(g);
    if (code == AG_OK && shards < 1)
        code = ag_fail(AG_EINVAL, "a batch needs at least 1 shard, not %d", shards);
    if (code == AG_OK)
        code = check_weights(g, weights);
    if (code != AG_OK)
        return code;
    ag_trainer *t = ag_calloc(1, sizeof(*t));
    if (!t)
        return AG_ENOMEM;
    t->shards = shards;
    t->params = ag_graph_params(g);
    t->workers = ag_pool_threads(pool);
    t->weights = weights;
    t->pool = pool;
    code = make_buffers(t);
    if (code == AG_OK)
        code = compile(t, g, loss);
    if (code == AG_OK)
        code = make_execs(t, g);
    if (code != AG_OK) {
        ag_trainer_free(t);
        return code;
    }
    *out = t;
    return AG_OK;
}

size_t ag_trainer_memory(const ag_trainer *t)
{
    size_t gradients = (size_t)ag_tensors_block_size(t->weights) * sizeof(float);
    return (size_t)t->workers * ag_plan_memory(t->plan) + (size_t)(t->shards - 1) * gradients;
}

void ag_trainer_free(ag_trainer *t)
{
    if (!t)
        return;
    for (int i = 0; t->execs && i < t->workers; i++)
        ag_exec_free(t->execs[i]);
    for (int i = 0; t->own && i < t->shards - 1; i++)
        ag_tensors_free(t->own[i]);
    ag_plan_free(t->plan);
    ag_free(t->execs);
    ag_free(t->own);
    ag_free(t->losses);
    ag_free(t->outputs);
    ag_free(t);
}

/* What the tasks of one call share. */
typedef struct {
    ag_trainer *t;
    ag_bind_fn bind;
    void *user;
    ag_tensors *gradients;
} training_call;

static int run_shard(void *user, int shard, int worker)
{
    training_call *c = user;
    ag_trainer *t = c->t;
    ag_exec *exec = t->execs[worker];
    ag_tensors *gradients = shard == 0 ? c->gradients : t->own[shard - 1];
    int code = AG_OK;
    for (int i = 0; i < t->params && code == AG_OK; i++)
        code = ag_exec_bind(exec, t->outputs[i], ag_tensors_data(gradients, i));
    if (code == AG_OK)
        code = c->bind(c->user, exec, shard);
    if (code == AG_OK)
        code = ag_exec_run(exec);
    if (code == AG_OK)
        t->losses[shard] = *(const float *)ag_exec_data(exec, t->loss);
    return code;
}

/* The mean over shards of one chunk of the gradients, always added in the order of the shards. */
static int average_chunk(void *user, int chunk, int worker)
{
    (void)worker;
    training_call *c = user;
    const ag_trainer *t = c->t;
    int64_t begin = (int64_t)chunk * CHUNK, left = ag_tensors_block_size(c->gradients) - begin;
    int64_t count = left < CHUNK ? left : CHUNK;
    float *sum = ag_tensors_block(c->gradients) + begin;
    for (int s = 0; s < t->shards - 1; s++) {
        const float *part = ag_tensors_block(t->own[s]) + begin;
        for (int64_t i = 0; i < count; i++)
            sum[i] += part[i];
    }
    float scale = 1.0f / (float)t->shards;
    for (int64_t i = 0; i < count; i++)
        sum[i] *= scale;
    return AG_OK;
}

int ag_trainer_gradients(ag_trainer *t, ag_bind_fn bind, void *user, ag_tensors *gradients,
                         float *loss)
{
    if (!nn_tensors_same(t->weights, gradients))
        return ag_fail(AG_EINVAL, "the gradients have other names or shapes than the weights");
    training_call call = { t, bind, user, gradients };
    int code = ag_pool_run(t->pool, t->shards, run_shard, &call);
    if (code == AG_OK && t->shards > 1) {
        int64_t chunks = (ag_tensors_block_size(gradients) + CHUNK - 1) / CHUNK;
        code = ag_pool_run(t->pool, (int)chunks, average_chunk, &call);
    }
    if (code != AG_OK)
        return code;
    double sum = 0;
    for (int s = 0; s < t->shards; s++)
        sum += t->losses[s];
    if (loss)
        *loss = (float)(sum / t->shards);
    return AG_OK;
}
