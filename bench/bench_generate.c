/* bench/bench_generate.c: samples a second of the cached sampler, by weights, streams and threads.
 */
#include "bench.h"
#include "net.h"

enum { COUNT = 16000 }; /* samples of a stream in one repetition */

typedef struct {
    ag_sampler_options options;
    ag_sampler *sampler;
    double products; /* of one sample */
    float *audio;
} generation;

static void close_generation(void *state)
{
    generation *s = state;
    ag_sampler_free(s->sampler);
    ag_free(s->audio);
    ag_free(s);
}

static int prepare(generation *s)
{
    ag_tensors *weights;
    int code = bench_net_weights(&weights);
    if (code)
        return code;
    ag_wavenet_config config = bench_net();
    s->products = bench_net_products(weights);
    code = ag_sampler_new(&config, weights, &s->options, &s->sampler);
    ag_tensors_free(weights);
    for (int i = 0; i < s->options.streams && code == AG_OK; i++)
        code = ag_sampler_start(s->sampler, i, NULL, 0, 0, 0);
    return code ? code : ag_sampler_generate(s->sampler, s->audio, COUNT / 8); /* warm-up */
}

static int open_generation(const bench_case *self, void **state)
{
    generation *s = ag_calloc(1, sizeof(*s));
    if (!s)
        return AG_ENOMEM;
    s->options = *(const ag_sampler_options *)self->options;
    s->audio = ag_calloc((size_t)s->options.streams * COUNT, sizeof(*s->audio));
    int code = s->audio ? prepare(s) : AG_ENOMEM;
    if (code) {
        close_generation(s);
        return code;
    }
    *state = s;
    return AG_OK;
}

static int measure_generation(const bench_case *self, void *state, double *value)
{
    (void)self;
    generation *s = state;
    double start = ag_seconds();
    int code = ag_sampler_generate(s->sampler, s->audio, COUNT);
    *value = (double)COUNT * s->options.streams / (ag_seconds() - start);
    return code;
}

/* Every weight is read once for a column of all streams and multiplied once for each. */
static void cost_generation(const void *state, bench_cost *cost)
{
    static const int sizes[] = {
        [AG_WEIGHTS_F32] = 4, [AG_WEIGHTS_BF16] = 2, [AG_WEIGHTS_INT8] = 1
    };
    const generation *s = state;
    double *operations = s->options.weights == AG_WEIGHTS_F32    ? &cost->f32
                         : s->options.weights == AG_WEIGHTS_BF16 ? &cost->bf16
                                                                 : &cost->int8;
    double weights = s->products * sizes[s->options.weights];
    *operations = 2 * s->products;
    cost->bytes = weights / s->options.streams;
    cost->threads = s->options.threads;
    cost->working_set = weights / s->options.threads;
}

#define OPTIONS(kind, n_streams, n_threads)                                                        \
    &(const ag_sampler_options)                                                                    \
    {                                                                                              \
        .weights = kind, .streams = n_streams, .threads = n_threads, .temperature = 1, .seed = 1   \
    }

#define CASE(label, how, ...)                                                                      \
    {                                                                                              \
        .name = "wavenet-generate-" label, .unit = "samples/s", .repeats = 5,                      \
        .peer_name = "PyTorch", .peer = { "wavenet_generate.py", __VA_ARGS__ }, .options = how,    \
        .open = open_generation, .measure = measure_generation, .close = close_generation,         \
        .cost = cost_generation                                                                    \
    }

/* The peer runs on one thread in all of them: a second one does not help it at this size. */
static const bench_case cases[] = {
    CASE("f32", OPTIONS(AG_WEIGHTS_F32, 1, 1), "--streams", "1"),
    CASE("bf16", OPTIONS(AG_WEIGHTS_BF16, 1, 1), "--streams", "1"),
    CASE("int8", OPTIONS(AG_WEIGHTS_INT8, 1, 1), "--streams", "1"),
    CASE("f32-2threads", OPTIONS(AG_WEIGHTS_F32, 1, 2), "--streams", "1"),
    CASE("bf16-2threads", OPTIONS(AG_WEIGHTS_BF16, 1, 2), "--streams", "1"),
    CASE("int8-2threads", OPTIONS(AG_WEIGHTS_INT8, 1, 2), "--streams", "1"),
    CASE("8streams", OPTIONS(AG_WEIGHTS_F32, 8, 1), "--streams", "8"),
};

const bench_list bench_generate_cases = { cases, sizeof(cases) / sizeof(cases[0]) };
