/* bench/bench_wage.c: training and inference in integers, for the paper's nets for digits and for
 * small pictures. */
#include "bench.h"

#include "agena/wage.h"

enum { BATCH = 128, THREADS = 2, CLASSES = 10 };

/* What is measured of which net. */
typedef struct {
    ag_wage_config config;
    bool train;
    int rounds; /* steps, or batches to predict, of one repetition */
} workload;

typedef struct {
    const workload *work;
    ag_pool *pool;
    ag_wage *net;
    uint8_t *pictures; /* [BATCH, height, width, channels] */
    uint8_t labels[BATCH];
    int8_t outputs[BATCH * CLASSES];
    uint64_t step;
} room;

/* 32C5-MP2-64C5-MP2-512FC-10. */
#define DIGITS                                                                                     \
    {                                                                                              \
        .height = 28, .width = 28, .channels = 1, .layers = 6, .bits = { 2, 8, 8, 8 },             \
        .layer = {                                                                                 \
            { .kind = AG_WAGE_CONV, .channels = 32, .kernel = 5 },                                 \
            { .kind = AG_WAGE_POOL, .kernel = 2 },                                                 \
            { .kind = AG_WAGE_CONV, .channels = 64, .kernel = 5 },                                 \
            { .kind = AG_WAGE_POOL, .kernel = 2 },                                                 \
            { .kind = AG_WAGE_DENSE, .channels = 512 },                                            \
            { .kind = AG_WAGE_DENSE, .channels = CLASSES },                                        \
        },                                                                                         \
    }

#define TWO_CONVOLUTIONS(n)                                                                        \
    { .kind = AG_WAGE_CONV, .channels = n, .kernel = 3 },                                          \
        { .kind = AG_WAGE_CONV, .channels = n, .kernel = 3 },                                      \
    {                                                                                              \
        .kind = AG_WAGE_POOL, .kernel = 2                                                          \
    }

/* 2x(128C3)-MP2-2x(256C3)-MP2-2x(512C3)-MP2-1024FC-10. */
static const workload vgg_training = {
    .train = true,
    .rounds = 1,
    .config = {
        .height = 32,
        .width = 32,
        .channels = 3,
        .layers = 11,
        .bits = { 2, 8, 8, 8 },
        .layer = { TWO_CONVOLUTIONS(128), TWO_CONVOLUTIONS(256), TWO_CONVOLUTIONS(512),
                   { .kind = AG_WAGE_DENSE, .channels = 1024 },
                   { .kind = AG_WAGE_DENSE, .channels = CLASSES } },
    },
};
static const workload digits_training = { .train = true, .rounds = 30, .config = DIGITS };
static const workload digits_inference = { .rounds = 100, .config = DIGITS };

static int64_t picture_bytes(const ag_wage_config *config)
{
    return (int64_t)config->height * config->width * config->channels;
}

static int run_once(room *r)
{
    ag_wage_result result;
    if (r->work->train)
        return ag_wage_step(r->net, r->pictures, r->labels, BATCH, 0, r->step++, &result);
    return ag_wage_predict(r->net, r->pictures, BATCH, r->outputs);
}

static int prepare(room *r)
{
    const ag_wage_config *config = &r->work->config;
    int64_t bytes = BATCH * picture_bytes(config);
    ag_rng rng;
    r->pictures = ag_malloc((size_t)bytes);
    if (!r->pictures)
        return AG_ENOMEM;
    ag_rng_init(&rng, 1, AG_PURPOSE_TEST, 0);
    for (int64_t i = 0; i < bytes; i++)
        r->pictures[i] = (uint8_t)ag_rng_below(&rng, 256);
    for (int i = 0; i < BATCH; i++)
        r->labels[i] = (uint8_t)ag_rng_below(&rng, CLASSES);
    int code = ag_pool_new(THREADS, &r->pool);
    if (code == AG_OK)
        code = ag_wage_new(config, r->work->train ? BATCH : 0, 1, r->pool, &r->net);
    return code ? code : run_once(r);
}

static void close_room(void *state)
{
    room *r = state;
    ag_wage_free(r->net);
    ag_pool_free(r->pool);
    ag_free(r->pictures);
    ag_free(r);
}

static int open_room(const bench_case *self, void **state)
{
    room *r = ag_calloc(1, sizeof(*r));
    if (!r)
        return AG_ENOMEM;
    r->work = self->options;
    int code = prepare(r);
    if (code) {
        close_room(r);
        return code;
    }
    *state = r;
    return AG_OK;
}

static int measure_rate(const bench_case *self, void *state, double *value)
{
    const workload *work = self->options;
    double start = ag_seconds();
    int code = AG_OK;
    for (int i = 0; i < work->rounds && code == AG_OK; i++)
        code = run_once(state);
    *value = work->rounds * (double)BATCH / (ag_seconds() - start);
    return code;
}

/* Multiply-adds of a layer for the outputs of one picture; moves on to its output's shape. */
static double layer_products(const ag_wage_layer *layer, int *height, int *width, int *channels)
{
    double inputs = (double)*channels * layer->kernel * layer->kernel;
    if (layer->kind == AG_WAGE_POOL) {
        *height /= layer->kernel;
        *width /= layer->kernel;
        return 0;
    }
    if (layer->kind == AG_WAGE_DENSE) {
        inputs = (double)*channels * *height * *width;
        *height = *width = 1;
    }
    *channels = layer->channels;
    return inputs * *height * *width * layer->channels;
}

/* Training does each product again for the weights' gradients and, but in the first layer, for the
 * errors. */
static void cost_of_net(const void *state, bench_cost *cost)
{
    const workload *work = ((const room *)state)->work;
    const ag_wage_config *config = &work->config;
    int height = config->height, width = config->width, channels = config->channels;
    for (int i = 0; i < config->layers; i++)
        cost->int8 += 2 * layer_products(&config->layer[i], &height, &width, &channels) *
                      (work->train ? i > 0 ? 3 : 2 : 1);
    cost->threads = THREADS;
}

#define CASE(label, work, count, ...)                                                              \
    {                                                                                              \
        .name = label, .unit = "images/s", .repeats = count, .peer_name = "PyTorch",               \
        .peer = { "wage.py", "--threads", "2", __VA_ARGS__ }, .options = &(work),                  \
        .open = open_room, .measure = measure_rate, .close = close_room, .cost = cost_of_net       \
    }

static const bench_case cases[] = {
    CASE("wage-train-lenet", digits_training, 7, "--train", "lenet"),
    CASE("wage-train-vgg", vgg_training, 3, "--train", "vgg"),
    CASE("wage-infer-lenet", digits_inference, 7, "lenet"),
};

const bench_list bench_wage_cases = { cases, sizeof(cases) / sizeof(cases[0]) };
