/* bench/bench_train.c: whole training steps of WaveNet: forward, backward, Adam. */
#include "bench.h"
#include "net.h"

enum { BATCH = 4, SAMPLES = 8000, THREADS = 2, CLASSES = 256 };

typedef struct {
    ag_wavenet_nodes nodes;
    ag_tensors *weights, *gradients;
    ag_pool *pool;
    ag_trainer *trainer;
    ag_optimizer *optimizer;
    int32_t classes[BATCH][SAMPLES + 1];
    float weight[SAMPLES];
} training;

/* A shard is one of the batch's series. */
static int bind_series(void *user, ag_exec *exec, int shard)
{
    training *t = user;
    int code = ag_exec_bind(exec, t->nodes.input, t->classes[shard]);
    if (code == AG_OK)
        code = ag_exec_bind(exec, t->nodes.target, t->classes[shard] + 1);
    return code ? code : ag_exec_bind(exec, t->nodes.weight, t->weight);
}

static void draw_series(training *t)
{
    ag_rng rng;
    ag_rng_init(&rng, 1, AG_PURPOSE_TEST, 0);
    for (int b = 0; b < BATCH; b++) {
        for (int i = 0; i <= SAMPLES; i++)
            t->classes[b][i] = (int32_t)ag_rng_below(&rng, CLASSES);
    }
    for (int i = 0; i < SAMPLES; i++)
        t->weight[i] = 1.0f / SAMPLES;
}

static int make_trainer(training *t)
{
    ag_graph *g;
    int code = ag_graph_new(&g);
    if (code)
        return code;
    ag_wavenet_config config = bench_net();
    code = ag_wavenet_graph(&config, 1, SAMPLES, 0, g, &t->nodes);
    if (code == AG_OK)
        code = ag_trainer_new(g, t->nodes.loss, BATCH, t->weights, t->pool, &t->trainer);
    ag_graph_free(g);
    return code;
}

static int step(training *t)
{
    float loss;
    int code = ag_trainer_gradients(t->trainer, bind_series, t, t->gradients, &loss);
    return code ? code : ag_optimizer_step(t->optimizer, t->weights, t->gradients, NULL);
}

static void close_training(void *state)
{
    training *t = state;
    ag_optimizer_free(t->optimizer);
    ag_trainer_free(t->trainer);
    ag_pool_free(t->pool);
    ag_tensors_free(t->gradients);
    ag_tensors_free(t->weights);
    ag_free(t);
}

static int prepare(training *t)
{
    const ag_optimizer_options adam = {
        .kind = AG_ADAM, .rate = { .base = 1e-3f }, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f
    };
    draw_series(t);
    int code = bench_net_weights(&t->weights);
    if (code == AG_OK)
        code = ag_tensors_like(t->weights, &t->gradients);
    if (code == AG_OK)
        code = ag_pool_new(THREADS, &t->pool);
    if (code == AG_OK)
        code = make_trainer(t);
    if (code == AG_OK)
        code = ag_optimizer_new(&adam, t->weights, &t->optimizer);
    return code ? code : step(t);
}

static int open_training(const bench_case *self, void **state)
{
    (void)self;
    training *t = ag_calloc(1, sizeof(*t));
    if (!t)
        return AG_ENOMEM;
    int code = prepare(t);
    if (code) {
        close_training(t);
        return code;
    }
    *state = t;
    return AG_OK;
}

static int measure_training(const bench_case *self, void *state, double *value)
{
    (void)self;
    double start = ag_seconds();
    int code = step(state);
    *value = (double)BATCH * SAMPLES / (ag_seconds() - start);
    return code;
}

/* Each product is done once forward and twice backward: for the input and for the weights. */
static void cost_training(const void *state, bench_cost *cost)
{
    const training *t = state;
    cost->f32 = 3 * 2 * bench_net_products(t->weights);
    cost->threads = THREADS;
}

static const bench_case cases[] = { {
    .name = "wavenet-train",
    .unit = "samples/s",
    .repeats = 5,
    .peer_name = "PyTorch",
    .peer = { "wavenet_train.py", "--threads", "2" },
    .open = open_training,
    .measure = measure_training,
    .close = close_training,
    .cost = cost_training,
} };

const bench_list bench_train_cases = { cases, sizeof(cases) / sizeof(cases[0]) };
