/* The training graph and the sampler are one network: equal predictions at every step, for every
 * kind of configuration. */
#include "agena/wavenet.h"

#include "wavenet/train.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    const char *name;
    ag_wavenet_config config;
    int64_t samples;
} network;

static const network networks[] = {
    { "softmax, one hot, kernel 2",
      { .sample_rate = 16000, .main = { 6, 2, 2, 16, 32, 24 }, .head = 16 },
      300 },
    { "the bench network",
      { .sample_rate = 16000, .main = { 20, 2, 2, 64, 128, 128 }, .head = 128 },
      1500 },
    { "odd widths, kernel 3, scalar input",
      { .sample_rate = 8000,
        .input = AG_WAVENET_SCALAR,
        .main = { 5, 1, 3, 11, 14, 9 },
        .head = 13 },
      200 },
    { "mixture of logistics, speakers and languages",
      { .sample_rate = 16000,
        .input = AG_WAVENET_SCALAR,
        .output = AG_WAVENET_MOL,
        .mixtures = 4,
        .min_log_scale = -7,
        .main = { 4, 1, 2, 16, 32, 16 },
        .head = 16,
        .speakers = 3,
        .languages = 2,
        .global_channels = 6 },
      160 },
    { "Gaussian, features upsampled twice",
      { .sample_rate = 16000,
        .input = AG_WAVENET_SCALAR,
        .output = AG_WAVENET_GAUSSIAN,
        .min_log_scale = -9,
        .main = { 4, 2, 3, 8, 16, 8 },
        .head = 8,
        .local_features = 5,
        .hop = 24,
        .local_context = 1,
        .local_channels = 7,
        .upsamples = 2,
        .upsample = { 3, 2 } },
      240 },
    { "features without upsampling",
      { .sample_rate = 16000,
        .main = { 4, 2, 2, 16, 32, 16 },
        .head = 16,
        .speakers = 2,
        .global_channels = 4,
        .local_features = 8,
        .hop = 20,
        .local_channels = 12 },
      200 },
    { "context stack and features",
      { .sample_rate = 16000,
        .main = { 4, 2, 2, 16, 32, 16 },
        .head = 16,
        .local_features = 4,
        .hop = 16,
        .local_context = 2,
        .local_channels = 8,
        .upsamples = 1,
        .upsample = { 2 },
        .context = { 3, 1, 2, 8, 16, 8 },
        .context_rate = 16 },
      192 },
    { "context stack alone",
      { .sample_rate = 16000,
        .main = { 3, 1, 2, 8, 16, 8 },
        .head = 8,
        .context = { 3, 1, 3, 8, 16, 8 },
        .context_rate = 10 },
      200 },
};

static float *random_values(int64_t n, float scale, uint64_t step)
{
    float *x = malloc((size_t)(n + 1) * sizeof *x);
    ag_rng r;
    ag_rng_init(&r, 3, AG_PURPOSE_TEST, step);
    for (int64_t i = 0; i < n; i++) {
        x[i] = scale * (2 * ag_rng_uniform(&r) - 1);
    }
    return x;
}

static ag_tensors *random_weights(const ag_wavenet_config *c)
{
    ag_tensors *w = NULL;
    if (ag_wavenet_weights(c, &w) < 0) {
        fail_msg("%s", ag_error());
    }
    ag_wavenet_init(c, w, 5);
    ag_rng r;
    ag_rng_init(&r, 9, AG_PURPOSE_TEST, 0);
    for (int64_t i = 0; i < ag_tensors_block_size(w); i++) {
        ag_tensors_block(w)[i] += 0.1f * (2 * ag_rng_uniform(&r) - 1); /* biases too */
    }
    return w;
}

/* params [samples, outputs] of the graph over one whole sequence. */
static float *graph_predictions(const network *n, const ag_tensors *w, const wn_inputs *in)
{
    ag_graph *g = NULL;
    ag_plan *plan = NULL;
    ag_exec *exec = NULL;
    ag_wavenet_nodes nodes;
    int64_t count = n->samples * ag_wavenet_outputs(&n->config);
    float *out = malloc((size_t)count * sizeof *out);
    assert_int_equal(ag_graph_new(&g), 0);
    if (ag_wavenet_graph(&n->config, 1, n->samples, 0, g, &nodes) < 0 ||
        ag_graph_compile(g, &nodes.params, 1, &plan) < 0 || ag_exec_new(plan, &exec) < 0 ||
        wn_bind_weights(g, exec, w) < 0 || wn_inputs_bind(exec, &nodes, in) < 0 ||
        ag_exec_run(exec) < 0) {
        fail_msg("%s", ag_error());
    }
    memcpy(out, ag_exec_data(exec, nodes.params), (size_t)count * sizeof *out);
    ag_exec_free(exec);
    ag_plan_free(plan);
    ag_graph_free(g);
    return out;
}

static void graph_equals_sampler(void **state)
{
    const network *n = *state;
    const ag_wavenet_config *c = &n->config;
    ag_tensors *w = random_weights(c);
    int64_t outputs = ag_wavenet_outputs(c);
    float *room = ag_malloc_aligned(wn_inputs_bytes(c, 1, n->samples));
    float *audio = random_values(n->samples + 1, 0.9f, 1);
    wn_inputs in;
    wn_inputs_place(c, 1, n->samples, room, &in);
    audio[0] = 0; /* silence before the first sample */
    memcpy(in.audio, audio, (size_t)(n->samples + 1) * sizeof *audio);
    int64_t frames = c->local_features ? n->samples / c->hop : 0;
    float *features = random_values(frames * c->local_features, 1, 2);
    if (frames) { /* zero padding at both ends, as the sampler has it */
        memcpy(in.features + c->local_context * c->local_features, features,
               (size_t)(frames * c->local_features) * sizeof *features);
    }
    in.speaker[0] = c->speakers ? c->speakers - 1 : 0;
    in.language[0] = c->languages ? 1 : 0;
    wn_inputs_encode(c, 1, n->samples, &in);
    float *expected = graph_predictions(n, w, &in);

    float *params = malloc((size_t)(n->samples * outputs) * sizeof *params);
    ag_sampler *sampler = NULL;
    ag_sampler_options o = { .streams = 1, .threads = 1, .temperature = 1 };
    if (ag_sampler_new(c, w, &o, &sampler) < 0 ||
        ag_sampler_start(sampler, 0, frames ? features : NULL, frames, in.speaker[0],
                         in.language[0]) < 0 ||
        ag_sampler_predict(sampler, audio + 1, n->samples, params) < 0) {
        fail_msg("%s: %s", n->name, ag_error());
    }
    for (int64_t i = 0; i < n->samples * outputs; i++) {
        float tolerance = 1e-4f * fmaxf(1, fabsf(expected[i]));
        if (!(fabsf(params[i] - expected[i]) <= tolerance)) {
            fail_msg("%s: sample %lld, output %lld: %g by the sampler, %g by the graph", n->name,
                     (long long)(i / outputs), (long long)(i % outputs), (double)params[i],
                     (double)expected[i]);
        }
    }
    ag_sampler_free(sampler);
    ag_tensors_free(w);
    ag_free(room);
    free(audio);
    free(features);
    free(expected);
    free(params);
}

/* No output may depend on the sample it predicts or on later ones. */
static void graph_is_causal(void **state)
{
    const network *n = *state;
    const ag_wavenet_config *c = &n->config;
    ag_tensors *w = random_weights(c);
    float *room = ag_malloc_aligned(wn_inputs_bytes(c, 1, n->samples));
    float *audio = random_values(n->samples + 1, 0.9f, 1);
    wn_inputs in;
    wn_inputs_place(c, 1, n->samples, room, &in);
    memcpy(in.audio, audio, (size_t)(n->samples + 1) * sizeof *audio);
    wn_inputs_encode(c, 1, n->samples, &in);
    float *before = graph_predictions(n, w, &in);
    int64_t changed = n->samples / 2 + 3, outputs = ag_wavenet_outputs(c);
    in.audio[1 + changed] = -in.audio[1 + changed]; /* target `changed` */
    wn_inputs_encode(c, 1, n->samples, &in);
    float *after = graph_predictions(n, w, &in);
    assert_memory_equal(before, after, (size_t)((changed + 1) * outputs) * sizeof *before);
    assert_true(memcmp(before, after, (size_t)(n->samples * outputs) * sizeof *before) != 0);
    ag_tensors_free(w);
    ag_free(room);
    free(audio);
    free(before);
    free(after);
}

int main(void)
{
    enum { COUNT = sizeof networks / sizeof networks[0] };
    struct CMUnitTest tests[2 * COUNT];
    for (int i = 0; i < COUNT; i++) {
        void *state = (void *)(uintptr_t)&networks[i];
        tests[i] = (struct CMUnitTest){ networks[i].name, graph_equals_sampler, NULL, NULL, state };
        tests[COUNT + i] =
            (struct CMUnitTest){ networks[i].name, graph_is_causal, NULL, NULL, state };
    }
    return cmocka_run_group_tests_name("wavenet-graph", tests, NULL, NULL);
}
