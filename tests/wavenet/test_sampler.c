/* The cached sampler: equal to the equations, to itself however it is run, and true to its
 * distributions. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agena/audio.h"
#include "naive.h"
#include "wavenet/sampler_choice.h"
#include "wavenet/sampler_lane.h"

/* ---- networks ---- */

typedef struct {
    const char *name;
    ag_wavenet_config config;
} network;

#define RATE .sample_rate = 16000

static const network networks[] = {
    { "one hot, softmax", { RATE, .main = { 12, 2, 2, 24, 40, 33 }, .head = 20 } },
    { "kernel 3, narrow", { RATE, .main = { 5, 1, 3, 3, 2, 1 }, .head = 1 } },
    { "kernel 3, wider than a panel", { RATE, .main = { 6, 2, 3, 72, 264, 200 }, .head = 97 } },
    { "one layer", { RATE, .main = { 1, 1, 2, 8, 16, 8 }, .head = 8 } },
    { "scalar, logistics",
      { RATE, .input = AG_WAVENET_SCALAR, .output = AG_WAVENET_MOL, .mixtures = 10,
        .min_log_scale = -7, .main = { 6, 2, 3, 16, 32, 16 }, .head = 16 } },
    { "one hot, Gaussian, speakers",
      { RATE, .output = AG_WAVENET_GAUSSIAN, .min_log_scale = -7, .main = { 6, 1, 2, 16, 32, 16 },
        .head = 16, .speakers = 3, .global_channels = 5 } },
    { "scalar, softmax, everything",
      { RATE, .input = AG_WAVENET_SCALAR, .main = { 8, 2, 2, 16, 32, 24 }, .head = 16,
        .speakers = 3, .languages = 2, .global_channels = 5, .local_features = 7, .hop = 60,
        .local_context = 2, .local_channels = 11, .upsamples = 3, .upsample = { 5, 3, 2 },
        .context = { 4, 1, 3, 9, 14, 10 }, .context_rate = 20 } },
    { "features, repeated",
      { RATE, .main = { 4, 1, 2, 16, 32, 16 }, .head = 16, .languages = 2, .global_channels = 3,
        .local_features = 40, .hop = 16, .local_channels = 32 } },
    { "context stack alone",
      { RATE, .main = { 4, 2, 2, 16, 32, 16 }, .head = 16, .context = { 3, 1, 2, 8, 12, 6 },
        .context_rate = 7 } },
};
enum { NETWORKS = sizeof(networks) / sizeof(networks[0]) };

static const ag_wavenet_config speed_config = { RATE, .main = { 20, 2, 2, 64, 128, 128 },
                                                .head = 128 };

static void check_code(int code)
{
    if (code < 0)
        fail_msg("%s", ag_error());
}

static float *random_floats(int64_t count, float stddev, uint64_t step)
{
    float *x = malloc((size_t)count * sizeof(*x));
    assert_non_null(x);
    ag_rng rng;
    ag_rng_init(&rng, 11, AG_PURPOSE_TEST, step);
    for (int64_t i = 0; i < count; i++)
        x[i] = stddev * ag_rng_normal(&rng);
    return x;
}

/* Weights of the size that training begins with, and biases that are not zero. */
static ag_tensors *random_weights(const ag_wavenet_config *c)
{
    ag_tensors *weights;
    check_code(ag_wavenet_weights(c, &weights));
    ag_wavenet_init(c, weights, 3);
    ag_rng rng;
    ag_rng_init(&rng, 12, AG_PURPOSE_TEST, 0);
    for (int64_t i = 0; i < ag_tensors_block_size(weights); i++)
        ag_tensors_block(weights)[i] += 0.05f * ag_rng_normal(&rng);
    return weights;
}

static ag_sampler *new_sampler(const ag_wavenet_config *c, const ag_tensors *weights,
                               ag_sampler_options options)
{
    ag_sampler *sampler;
    check_code(ag_sampler_new(c, weights, &options, &sampler));
    return sampler;
}

enum { FRAMES = 4 };

/* Stream i of every test has conditioning of its own. */
static float *features_of(const ag_wavenet_config *c, int stream)
{
    return random_floats((int64_t)FRAMES * (c->local_features + 1), 1.0f, 100 + (uint64_t)stream);
}

static void start(ag_sampler *sampler, const ag_wavenet_config *c, int stream, int as)
{
    float *features = features_of(c, as);
    check_code(ag_sampler_start(sampler, stream, c->local_features ? features : NULL, FRAMES,
                                c->speakers ? as % c->speakers : 0,
                                c->languages ? as % c->languages : 0));
    free(features);
}

/* ---- the equations ---- */

static void test_equations(void **state)
{
    enum { SAMPLES = 300 }; /* beyond the conditioning's end */
    const network *n = *state;
    const ag_wavenet_config *c = &n->config;
    ag_tensors *weights = random_weights(c);
    float *audio = random_floats(SAMPLES, 0.3f, 1), *features = features_of(c, 1);
    int outputs = ag_wavenet_outputs(c);
    naive_input input = {
        audio, SAMPLES, features, FRAMES, c->speakers ? 1 : 0, c->languages ? 1 : 0
    };
    double *want = naive_predict(c, weights, &input);
    float *got = malloc((size_t)(SAMPLES * outputs) * sizeof(*got));
    ag_sampler *sampler =
        new_sampler(c, weights, (ag_sampler_options){ AG_WEIGHTS_F32, 1, 1, 1, 0 });
    start(sampler, c, 0, 1);
    check_code(ag_sampler_predict(sampler, audio, SAMPLES, got));
    for (int i = 0; i < SAMPLES * outputs; i++)
        if (!(fabs((double)got[i] - want[i]) <= 2e-5 * fmax(1, fabs(want[i]))))
            fail_msg("step %d, output %d: %.9g, not %.9g", i / outputs, i % outputs, (double)got[i],
                     want[i]);
    ag_sampler_free(sampler);
    ag_tensors_free(weights);
    free(audio);
    free(features);
    free(want);
    free(got);
}

/* ---- the same bytes however it is run ---- */

enum { LENGTH = 131 };

/* What one stream gives alone on one thread in one call. */
static void reference(const ag_wavenet_config *c, const ag_tensors *weights, ag_weights kind,
                      int stream, float *audio)
{
    /* Streams draw from (seed, stream): those before this one are made and dropped. */
    ag_sampler *sampler =
        new_sampler(c, weights, (ag_sampler_options){ kind, stream + 1, 1, 1, 5 });
    float *all = malloc((size_t)((stream + 1) * LENGTH) * sizeof(*all));
    for (int i = 0; i <= stream; i++)
        start(sampler, c, i, i);
    check_code(ag_sampler_generate(sampler, all, LENGTH));
    memcpy(audio, all + stream * LENGTH, LENGTH * sizeof(*audio));
    free(all);
    ag_sampler_free(sampler);
}

/* Generate in calls of different lengths. */
static void generate_in_parts(ag_sampler *sampler, int streams, float *audio)
{
    static const int parts[] = { 1, 2, 50, 3, 75 };
    float *part = malloc((size_t)(streams * LENGTH) * sizeof(*part));
    for (size_t i = 0, done = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size_t count = (size_t)parts[i];
        check_code(ag_sampler_generate(sampler, part, parts[i]));
        for (int s = 0; s < streams; s++)
            memcpy(audio + (size_t)s * LENGTH + done, part + (size_t)s * count,
                   count * sizeof(*audio));
        done += count;
    }
    free(part);
}

static void check_bytes(const ag_wavenet_config *c, const ag_tensors *weights, ag_weights kind)
{
    enum { MOST = 5 };
    float want[MOST][LENGTH], got[MOST * LENGTH];
    for (int i = 0; i < MOST; i++)
        reference(c, weights, kind, i, want[i]);
    for (int streams = 1; streams <= MOST; streams++)
        for (int threads = 1; threads <= 2; threads++) {
            ag_sampler *sampler =
                new_sampler(c, weights, (ag_sampler_options){ kind, streams, threads, 1, 5 });
            for (int i = 0; i < streams; i++)
                start(sampler, c, i, i);
            generate_in_parts(sampler, streams, got);
            for (int i = 0; i < streams; i++)
                assert_memory_equal(got + i * LENGTH, want[i], sizeof(want[i]));
            /* A stream that begins anew while the others go on. */
            start(sampler, c, streams - 1, streams - 1);
            generate_in_parts(sampler, streams, got);
            assert_memory_equal(got + (streams - 1) * LENGTH, want[streams - 1], sizeof(want[0]));
            ag_sampler_free(sampler);
        }
}

static void test_bytes(void **state)
{
    const network *n = *state;
    ag_tensors *weights = random_weights(&n->config);
    for (int kind = AG_WEIGHTS_F32; kind <= AG_WEIGHTS_INT8; kind++)
        check_bytes(&n->config, weights, (ag_weights)kind);
    ag_tensors_free(weights);
}

typedef struct {
    wn_lane *lane;
    int64_t from, steps;
} second_part;

static void *run_second(void *user)
{
    const second_part *p = user;
    for (int64_t step = p->from; step < p->from + p->steps; step++)
        wn_lane_follow(p->lane, step);
    return NULL;
}

/* *shared: steps shared so far. */
static void run_lane_on(int threads, wn_lane *lane, const wn_run *run, int64_t *shared)
{
    if (threads == 1) {
        wn_lane_run(lane, run);
        return;
    }
    pthread_t thread;
    second_part second = { lane, *shared, run->end - run->begin };
    assert_false(wn_lane_leads(lane, *shared));
    assert_int_equal(pthread_create(&thread, NULL, run_second, &second), 0);
    wn_lane_lead(lane, run);
    pthread_join(thread, NULL);
    *shared += second.steps;
}

/* The samples of one stream, `switches` of whose stretches of 32 steps are shared by two threads.
 */
static void generate_shared(const wn_net *net, unsigned switches, float *audio)
{
    enum { STRETCH = 32 };
    const ag_wavenet_config *c = &net->config;
    wn_draw draw = { c->output, c->mixtures, c->min_log_scale, 1,
                     wn_kernels_for(ag_cpu_features()) };
    wn_lane *lane = ag_malloc_aligned(sizeof(*lane));
    check_code(wn_lane_init(lane, net, &draw, 0, 1));
    float *features = features_of(c, 0);
    check_code(wn_condition_start(&lane->stream[0].condition, features, FRAMES, 0, 0));
    free(features);
    ag_rng_init(&lane->stream[0].rng, 5, AG_PURPOSE_SAMPLE, 0);
    lane->stream[0].mulaw = AG_MULAW_SILENCE;
    int64_t shared = 0;
    for (int begin = 0, i = 0; begin < LENGTH; begin += STRETCH, i++) {
        int end = begin + STRETCH < LENGTH ? begin + STRETCH : LENGTH;
        wn_run run = { .count = LENGTH, .begin = begin, .end = end, .audio = audio };
        run_lane_on(switches >> i & 1 ? 2 : 1, lane, &run, &shared);
    }
    wn_lane_clear(lane);
    ag_free(lane);
}

/* Two threads that share every step of a stream, and that join in and leave. (ag_sampler_generate
 * takes the second thread only when that is faster.) */
static void test_shared_stream(void **state)
{
    const network *n = *state;
    ag_tensors *weights = random_weights(&n->config);
    for (int kind = AG_WEIGHTS_F32; kind <= AG_WEIGHTS_INT8; kind++) {
        float want[LENGTH], got[LENGTH];
        reference(&n->config, weights, (ag_weights)kind, 0, want);
        wn_net *net;
        check_code(wn_net_new(&n->config, weights, (ag_weights)kind, &net));
        generate_shared(net, ~0u, got);
        assert_memory_equal(got, want, sizeof(want));
        generate_shared(net, 0x5a, got);
        assert_memory_equal(got, want, sizeof(want));
        wn_net_free(net);
    }
    ag_tensors_free(weights);
}

/* A sampler of one stream on two threads, in a call long enough for trials of both. */
static void test_pair(void **state)
{
    (void)state;
    enum { SAMPLES = 8000 };
    const ag_wavenet_config *c = &networks[6].config;
    ag_tensors *weights = random_weights(c);
    float *audio[2];
    for (int threads = 1; threads <= 2; threads++) {
        float *out = audio[threads - 1] = malloc(2 * SAMPLES * sizeof(*out));
        ag_sampler *sampler =
            new_sampler(c, weights, (ag_sampler_options){ AG_WEIGHTS_F32, 1, threads, 1, 5 });
        start(sampler, c, 0, 0);
        check_code(ag_sampler_generate(sampler, out, SAMPLES));
        start(sampler, c, 0, 1);
        for (int i = 0; i < SAMPLES; i += 80)
            check_code(ag_sampler_generate(sampler, out + SAMPLES + i, 80));
        ag_sampler_free(sampler);
    }
    assert_memory_equal(audio[0], audio[1], 2 * SAMPLES * sizeof(float));
    free(audio[0]);
    free(audio[1]);
    ag_tensors_free(weights);
}

/* ---- one thread or two ---- */

/* Seconds that `threads` take for some steps beginning at a time, on some machine. */
typedef double (*machine)(int threads, int64_t steps, double time);

static double quiet(int threads, int64_t steps, double time)
{
    (void)time;
    return (double)steps * (threads == 2 ? 6e-6 : 10e-6);
}

static double distant(int threads, int64_t steps, double time)
{
    (void)time;
    return (double)steps * (threads == 2 ? 11e-6 : 10e-6);
}

/* Somebody else has the second processor for 4 of 8 milliseconds. */
static double busy(int threads, int64_t steps, double time)
{
    double seconds = quiet(threads, steps, time);
    return threads == 2 && fmod(time, 8e-3) + seconds > 4e-3 ? seconds + 4e-3 : seconds;
}

/* A crowd: whenever the second thread is waited for, it is after its turn has come. */
static double crowded(int threads, int64_t steps, double time)
{
    return quiet(threads, steps, time) + (threads == 2 ? 40e-3 : 0);
}

static double busy_at_first(int threads, int64_t steps, double time)
{
    return time < 2 ? busy(threads, steps, time) : quiet(threads, steps, time);
}

static double busy_later(int threads, int64_t steps, double time)
{
    return time < 2 ? quiet(threads, steps, time) : busy(threads, steps, time);
}

/* Once in a while everything stands still for as long as many windows last. */
static double hiccups(int threads, int64_t steps, double time)
{
    double seconds = quiet(threads, steps, time);
    return fmod(time, 0.5) < seconds ? seconds + 8e-3 : seconds;
}

/* Microseconds a step from one time to another, with calls of `most` steps. */
static double mean_step(machine m, int64_t most, double from, double to)
{
    wn_choice choice;
    wn_choice_init(&choice);
    int64_t done = 0;
    double time = 0, begun = 0;
    while (time < to) {
        int64_t steps = wn_choice_steps(&choice);
        assert_true(steps > 0);
        if (steps > most)
            steps = most;
        double seconds = m(choice.threads, steps, time);
        wn_choice_note(&choice, steps, seconds);
        if (time >= from) {
            begun = begun > 0 ? begun : time;
            done += steps;
        }
        time += seconds;
    }
    return 1e6 * (time - begun) / (double)done;
}

static void test_choice(void **state)
{
    (void)state;
    static const int64_t calls[] = { 1, 7, 1000000 };
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        int64_t most = calls[i];
        assert_true(mean_step(quiet, most, 0.02, 3) < 6.1);
        assert_true(mean_step(distant, most, 0.02, 3) < 10.1);
        assert_true(mean_step(busy, most, 0.02, 1) < 10.3);
        assert_true(mean_step(busy, most, 1, 9) < 10.1);
        assert_true(mean_step(crowded, most, 1, 30) < 10.5);
        assert_true(mean_step(busy_at_first, most, 4.5, 6) < 6.1);
        assert_true(mean_step(busy_later, most, 2.2, 9) < 10.1);
        assert_true(mean_step(hiccups, most, 0.02, 9) < 6.3);
    }
}

static void test_seeds_differ(void **state)
{
    (void)state;
    const ag_wavenet_config *c = &networks[0].config;
    ag_tensors *weights = random_weights(c);
    float audio[2][2 * LENGTH];
    for (uint64_t seed = 0; seed < 2; seed++) {
        ag_sampler *sampler =
            new_sampler(c, weights, (ag_sampler_options){ AG_WEIGHTS_F32, 2, 1, 1, seed });
        start(sampler, c, 0, 0);
        start(sampler, c, 1, 0);
        check_code(ag_sampler_generate(sampler, audio[seed], LENGTH));
        ag_sampler_free(sampler);
    }
    assert_memory_not_equal(audio[0], audio[1], LENGTH * sizeof(float));
    assert_memory_not_equal(audio[0], audio[0] + LENGTH, LENGTH * sizeof(float));
    ag_tensors_free(weights);
}

/* ---- reduced weights ---- */

static float *predictions(const ag_wavenet_config *c, const ag_tensors *weights, ag_weights kind,
                          const float *audio, int64_t samples)
{
    float *params = malloc((size_t)(samples * ag_wavenet_outputs(c)) * sizeof(*params));
    ag_sampler *sampler = new_sampler(c, weights, (ag_sampler_options){ kind, 1, 1, 1, 0 });
    start(sampler, c, 0, 0);
    check_code(ag_sampler_predict(sampler, audio, samples, params));
    ag_sampler_free(sampler);
    return params;
}

/* Root mean square of the logits' error, over their own spread around each step's mean. */
static double relative_error(const float *got, const float *want, int64_t samples, int outputs)
{
    double error = 0, spread = 0;
    for (int64_t t = 0; t < samples; t++, got += outputs, want += outputs) {
        double mean = 0;
        for (int j = 0; j < outputs; j++)
            mean += (double)want[j] / outputs;
        for (int j = 0; j < outputs; j++) {
            error += pow((double)got[j] - (double)want[j], 2);
            spread += pow((double)want[j] - mean, 2);
        }
    }
    return sqrt(error / spread);
}

static void test_reduced_weights(void **state)
{
    (void)state;
    enum { SAMPLES = 400 };
    const ag_wavenet_config *c = &speed_config;
    ag_tensors *weights = random_weights(c);
    float *audio = random_floats(SAMPLES, 0.2f, 2);
    float *want = predictions(c, weights, AG_WEIGHTS_F32, audio, SAMPLES);
    static const double bound[] = { [AG_WEIGHTS_BF16] = 0.006, [AG_WEIGHTS_INT8] = 0.03 };
    for (int kind = AG_WEIGHTS_BF16; kind <= AG_WEIGHTS_INT8; kind++) {
        float *got = predictions(c, weights, (ag_weights)kind, audio, SAMPLES);
        double error = relative_error(got, want, SAMPLES, 256);
        if (!(error <= bound[kind]))
            fail_msg("weights %d: relative error %g of the logits", kind, error);
        free(got);
    }
    free(want);
    free(audio);
    ag_tensors_free(weights);
}

/* ---- distributions ---- */

/* Chi-square of counts against probabilities, bins of less than 5 expected joined; fails beyond
 * five standard deviations. */
static void check_frequencies(const int *count, const double *probability, int bins, int draws)
{
    double chi = 0, expected = 0, found = 0;
    int used = 0;
    for (int i = 0; i < bins; i++) {
        expected += probability[i] * draws;
        found += count[i];
        if (expected < 5 && i + 1 < bins)
            continue;
        chi += pow(found - expected, 2) / fmax(expected, 1e-3);
        expected = found = 0;
        used++;
    }
    assert_true(used > 5);
    if (!(chi < used + 5 * sqrt(2.0 * used)))
        fail_msg("chi-square %g of %d bins", chi, used);
}

enum { DRAWS = 200000 };

static void draw_many(const wn_draw *draw, const float *params, float *samples)
{
    _Alignas(64) float room[WN_DRAW_ROOM];
    ag_rng rng;
    ag_rng_init(&rng, 4, AG_PURPOSE_TEST, 0);
    for (int i = 0; i < DRAWS; i++) {
        int mulaw;
        samples[i] = wn_draw_sample(draw, params, &rng, room, &mulaw);
        assert_int_equal(mulaw, ag_mulaw_encode(samples[i]));
    }
}

static const float temperatures[] = { 1.0f, 0.6f };

static void test_softmax_frequencies(void **state)
{
    (void)state;
    _Alignas(64) float logits[AG_MULAW_CLASSES];
    float *random = random_floats(AG_MULAW_CLASSES, 2.0f, 3);
    memcpy(logits, random, sizeof(logits));
    float *samples = malloc(DRAWS * sizeof(*samples));
    for (size_t i = 0; i < 2; i++) {
        wn_draw draw = { AG_WAVENET_SOFTMAX, 0, 0, temperatures[i],
                         wn_kernels_for(ag_cpu_features()) };
        double probability[AG_MULAW_CLASSES], total = 0;
        int count[AG_MULAW_CLASSES] = { 0 };
        for (int j = 0; j < AG_MULAW_CLASSES; j++)
            total += probability[j] = exp((double)logits[j] / (double)temperatures[i]);
        for (int j = 0; j < AG_MULAW_CLASSES; j++)
            probability[j] /= total;
        draw_many(&draw, logits, samples);
        for (int j = 0; j < DRAWS; j++)
            count[ag_mulaw_encode(samples[j])]++;
        check_frequencies(count, probability, AG_MULAW_CLASSES, DRAWS);
    }
    free(samples);
    free(random);
}

static double mixture_cdf(const float *p, int k, double temperature, double x)
{
    double total = 0, sum = 0;
    for (int i = 0; i < k; i++)
        total += exp((double)p[i]);
    for (int i = 0; i < k; i++)
        sum += exp((double)p[i]) / total /
               (1 + exp((p[k + i] - x) / (temperature * exp((double)p[2 * k + i]))));
    return sum;
}

static double gaussian_cdf(const float *p, double temperature, double x)
{
    return 0.5 * erfc((p[0] - x) / (temperature * exp((double)p[1])) / sqrt(2));
}

static void check_continuous(ag_wavenet_output output, int k, const float *params)
{
    enum { BINS = 64 };
    float *samples = malloc(DRAWS * sizeof(*samples));
    for (size_t i = 0; i < 2; i++) {
        double t = (double)temperatures[i], probability[BINS], below = 0;
        wn_draw draw = { output, k, -7, temperatures[i], wn_kernels_for(ag_cpu_features()) };
        int count[BINS] = { 0 };
        for (int j = 0; j < BINS; j++) { /* what lies outside [-1, 1] is clipped to its ends */
            double edge = -1 + 2.0 * (j + 1) / BINS;
            double to = j + 1 == BINS              ? 1
                        : output == AG_WAVENET_MOL ? mixture_cdf(params, k, t, edge)
                                                   : gaussian_cdf(params, t, edge);
            probability[j] = to - below;
            below = to;
        }
        draw_many(&draw, params, samples);
        for (int j = 0; j < DRAWS; j++) {
            int bin = (int)floor(((double)samples[j] + 1) / 2 * BINS);
            count[bin < BINS ? bin : BINS - 1]++;
        }
        check_frequencies(count, probability, BINS, DRAWS);
    }
    free(samples);
}

static void test_mixture_frequencies(void **state)
{
    (void)state;
    static const float params[] = { 0.5f, -1.0f, 1.5f,  0.0f,  0.2f,  -0.6f,
                                    0.3f, -0.1f, -2.5f, -3.5f, -1.5f, -5.0f };
    check_continuous(AG_WAVENET_MOL, 4, params);
}

static void test_gaussian_frequencies(void **state)
{
    (void)state;
    static const float params[] = { 0.3f, -1.0f };
    check_continuous(AG_WAVENET_GAUSSIAN, 0, params);
}

/* Temperature 0: the largest logit, the densest component, the mean. */
static void test_mode(void **state)
{
    (void)state;
    static const float mixture[] = { 1.0f, 0.5f, -3.0f, 0.1f, -0.4f, 0.7f, -1.0f, -3.0f, -4.0f };
    static const float gaussian[] = { 0.3f, -1.0f };
    _Alignas(64) float logits[AG_MULAW_CLASSES] = { [7] = 2.0f, [200] = 3.0f };
    _Alignas(64) float room[WN_DRAW_ROOM];
    ag_rng rng;
    ag_rng_init(&rng, 4, AG_PURPOSE_TEST, 0);
    int mulaw;
    wn_draw draw = { AG_WAVENET_SOFTMAX, 0, -7, 0, wn_kernels_for(ag_cpu_features()) };
    for (int i = 0; i < 100; i++) {
        draw.output = AG_WAVENET_SOFTMAX;
        wn_draw_sample(&draw, logits, &rng, room, &mulaw);
        assert_int_equal(mulaw, 200);
        draw.output = AG_WAVENET_MOL;
        draw.mixtures = 3;
        float x = wn_draw_sample(&draw, mixture, &rng, room, &mulaw);
        assert_true(fabsf(x + 0.4f) < 2e-5f);
        draw.output = AG_WAVENET_GAUSSIAN;
        x = wn_draw_sample(&draw, gaussian, &rng, room, &mulaw);
        assert_true(x == 0.3f);
    }
}

/* Whatever the numbers, a draw is a sample. */
static void test_draw_of_nonsense(void **state)
{
    (void)state;
    static const float values[] = { NAN, INFINITY, -INFINITY, 3e38f, -3e38f };
    _Alignas(64) float room[WN_DRAW_ROOM], params[AG_MULAW_CLASSES];
    ag_rng rng;
    ag_rng_init(&rng, 4, AG_PURPOSE_TEST, 0);
    for (int round = 0; round < 2000; round++) {
        for (int j = 0; j < AG_MULAW_CLASSES; j++)
            params[j] = values[ag_rng_below(&rng, 5)];
        wn_draw draw = { (ag_wavenet_output)(round % 3), 10, -7, (float)(round % 2),
                         wn_kernels_for(ag_cpu_features()) };
        int mulaw = -1;
        float x = wn_draw_sample(&draw, params, &rng, room, &mulaw);
        assert_true(x >= -1 && x <= 1);
        assert_in_range(mulaw, 0, AG_MULAW_CLASSES - 1);
    }
}

/* What generate draws at temperature 0 is what predict finds most likely after the same past. */
static void test_generate_follows_predict(void **state)
{
    (void)state;
    const ag_wavenet_config *c = &networks[6].config;
    ag_tensors *weights = random_weights(c);
    float audio[LENGTH], *params = malloc(LENGTH * 256 * sizeof(*params));
    ag_sampler *sampler =
        new_sampler(c, weights, (ag_sampler_options){ AG_WEIGHTS_F32, 1, 1, 0, 0 });
    start(sampler, c, 0, 0);
    check_code(ag_sampler_generate(sampler, audio, LENGTH));
    start(sampler, c, 0, 0);
    check_code(ag_sampler_predict(sampler, audio, LENGTH, params));
    for (int t = 0; t < LENGTH; t++) {
        int best = 0;
        for (int j = 1; j < 256; j++)
            if (params[t * 256 + j] > params[t * 256 + best])
                best = j;
        assert_int_equal(ag_mulaw_encode(audio[t]), best);
    }
    ag_sampler_free(sampler);
    ag_tensors_free(weights);
    free(params);
}

/* ---- errors ---- */

/* Fail every allocation in turn; the sampler is made in the end. */
static void test_out_of_memory(void **state)
{
    (void)state;
    const ag_wavenet_config *c = &networks[6].config;
    ag_tensors *weights = random_weights(c);
    float *features = features_of(c, 0);
    static const int counts[][2] = { { 2, 1 }, { 2, 2 }, { 1, 2 } }; /* streams, threads */
    for (int i = 0; i < 3; i++) {
        ag_sampler_options options = { AG_WEIGHTS_INT8, counts[i][0], counts[i][1], 1, 0 };
        ag_sampler *sampler = NULL;
        int code = AG_ENOMEM;
        uint64_t n = 1;
        for (; code != AG_OK && n < 1000; n++) {
            ag_alloc_fail_at(n);
            code = ag_sampler_new(c, weights, &options, &sampler);
            ag_alloc_fail_at(0);
            assert_true(code == AG_OK || code == AG_ENOMEM);
            assert_true((sampler != NULL) == (code == AG_OK));
        }
        assert_true(n > 8);
        check_code(code);
        ag_alloc_fail_at(1);
        assert_int_equal(ag_sampler_start(sampler, 0, features, FRAMES, 0, 0), AG_ENOMEM);
        ag_alloc_fail_at(0);
        check_code(ag_sampler_start(sampler, 0, features, FRAMES, 0, 0));
        ag_sampler_free(sampler);
    }
    free(features);
    ag_tensors_free(weights);
}

/* A code, and a sentence that holds a word. */
static void check_refused(int code, int want, const char *word)
{
    assert_int_equal(code, want);
    if (!strstr(ag_error(), word))
        fail_msg("'%s' does not mention '%s'", ag_error(), word);
}

static void check_bad_config(ag_wavenet_config config, const char *word)
{
    check_refused(ag_wavenet_check(&config), AG_EINVAL, word);
}

static void test_bad_configurations(void **state)
{
    (void)state;
    for (int i = 0; i < NETWORKS; i++)
        check_code(ag_wavenet_check(&networks[i].config));
#define BAD(base, field, value, word)                                                              \
    do {                                                                                           \
        ag_wavenet_config bad = networks[base].config;                                             \
        bad.field = value;                                                                         \
        check_bad_config(bad, word);                                                               \
    } while (0)
    BAD(0, sample_rate, 0, "sample_rate");
    BAD(0, input, (ag_wavenet_input)2, "input");
    BAD(0, output, (ag_wavenet_output)3, "output");
    BAD(0, head, AG_WAVENET_MAX_CHANNELS + 1, "head");
    BAD(0, main.layers, AG_WAVENET_MAX_LAYERS + 1, "layers");
    BAD(0, main.layers, 13, "stacks");
    BAD(0, main.stacks, 0, "stacks");
    BAD(0, main.kernel, 4, "kernel");
    BAD(0, main.residual, 0, "residual");
    BAD(0, main.gate, 3, "odd");
    BAD(0, main.skip, -1, "skip");
    BAD(4, mixtures, 0, "mixtures");
    BAD(4, min_log_scale, NAN, "min_log_scale");
    BAD(0, preemphasis, 1, "preemphasis");
    BAD(0, preemphasis, NAN, "preemphasis");
    BAD(5, global_channels, 0, "global_channels");
    BAD(0, speakers, 1, "global_channels");
    BAD(6, hop, 61, "hop");
    BAD(6, hop, 0, "hop");
    BAD(6, local_channels, 0, "local_channels");
    BAD(6, local_context, -1, "local_context");
    BAD(6, upsamples, 5, "upsamples");
    BAD(6, upsample[1], 1, "upsample");
    BAD(6, context_rate, 21, "context_rate");
    BAD(6, context.kernel, 1, "context.kernel");
    ag_wavenet_config deep = networks[0].config;
    deep.main.layers = 25;
    deep.main.stacks = 1;
    check_bad_config(deep, "layers");
#undef BAD
}

static void test_derived(void **state)
{
    (void)state;
    ag_wavenet_stack s = { 30, 3, 3, 1, 2, 1 };
    assert_int_equal(ag_wavenet_receptive_field(&s), 2 * 3 * 1023 + 1);
    assert_int_equal(ag_wavenet_dilation(&s, 9), 512);
    assert_int_equal(ag_wavenet_dilation(&s, 10), 1);
    assert_int_equal(ag_wavenet_cond_hop(&networks[6].config), 2);
    assert_int_equal(ag_wavenet_cond_hop(&networks[7].config), 16);
    assert_int_equal(ag_wavenet_cond_hop(&networks[0].config), 1);
    assert_int_equal(ag_wavenet_outputs(&networks[0].config), 256);
    assert_int_equal(ag_wavenet_outputs(&networks[4].config), 30);
    assert_int_equal(ag_wavenet_outputs(&networks[5].config), 2);
}

/* The weights without one of them, or with one of another shape. */
static ag_tensors *spoilt_weights(const ag_tensors *whole, int index, bool drop)
{
    int count = 0, all = ag_tensors_count(whole);
    const char **names = malloc((size_t)all * sizeof(*names));
    ag_shape *shapes = malloc((size_t)all * sizeof(*shapes));
    for (int i = 0; i < all; i++) {
        if (i == index && drop)
            continue;
        names[count] = ag_tensors_name(whole, i);
        shapes[count] = ag_tensors_shape(whole, i);
        if (i == index)
            shapes[count].dim[0]++;
        count++;
    }
    ag_tensors *out;
    check_code(ag_tensors_make(count, names, shapes, &out));
    free(names);
    free(shapes);
    return out;
}

static void test_bad_weights(void **state)
{
    (void)state;
    const ag_wavenet_config *c = &networks[6].config;
    ag_sampler_options options = { AG_WEIGHTS_F32, 1, 1, 1, 0 };
    ag_tensors *whole = random_weights(c);
    ag_sampler *sampler;
    for (int i = 0; i < ag_tensors_count(whole); i++) {
        const char *name = ag_tensors_name(whole, i);
        for (int drop = 0; drop < 2; drop++) {
            ag_tensors *spoilt = spoilt_weights(whole, i, drop);
            check_refused(ag_sampler_new(c, spoilt, &options, &sampler), AG_EINVAL, name);
            assert_null(sampler);
            ag_tensors_free(spoilt);
        }
        float *data = ag_tensors_data(whole, i), kept = data[0];
        data[0] = i % 2 ? NAN : INFINITY;
        check_refused(ag_sampler_new(c, whole, &options, &sampler), AG_EINVAL, name);
        data[0] = kept;
    }
    ag_tensors_free(whole);
}

/* A file of a few kilobytes may ask for a past of many gigabytes. */
static void test_enormous_past(void **state)
{
    (void)state;
    ag_wavenet_config c = { RATE, .main = { 84, 4, 3, 64, 2, 1 }, .head = 1 };
    ag_tensors *weights = random_weights(&c);
    ag_sampler_options options = { AG_WEIGHTS_F32, 1, 1, 1, 0 };
    ag_sampler *sampler;
    check_refused(ag_sampler_new(&c, weights, &options, &sampler), AG_EINVAL, "past");
    assert_null(sampler);
    ag_tensors_free(weights);
}

static void test_bad_calls(void **state)
{
    (void)state;
    const ag_wavenet_config *c = &networks[6].config;
    ag_tensors *weights = random_weights(c);
    ag_sampler *sampler;
    static const struct {
        ag_sampler_options options;
        const char *word;
    } bad[] = {
        { { (ag_weights)3, 1, 1, 1, 0 }, "weights" },
        { { AG_WEIGHTS_F32, 0, 1, 1, 0 }, "streams" },
        { { AG_WEIGHTS_F32, 1, 3, 1, 0 }, "threads" },
        { { AG_WEIGHTS_F32, 1, 0, 1, 0 }, "threads" },
        { { AG_WEIGHTS_F32, 1, 1, -1, 0 }, "temperature" },
        { { AG_WEIGHTS_F32, 1, 1, NAN, 0 }, "temperature" },
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_refused(ag_sampler_new(c, weights, &bad[i].options, &sampler), AG_EINVAL,
                      bad[i].word);
    sampler = new_sampler(c, weights, (ag_sampler_options){ AG_WEIGHTS_F32, 2, 1, 1, 0 });
    float features[FRAMES * 7] = { 0 }, audio[2];
    check_refused(ag_sampler_generate(sampler, audio, 1), AG_EINVAL, "stream 0");
    check_code(ag_sampler_start(sampler, 0, features, FRAMES, 0, 0));
    check_refused(ag_sampler_generate(sampler, audio, 1), AG_EINVAL, "stream 1");
    check_refused(ag_sampler_start(sampler, 2, features, FRAMES, 0, 0), AG_EINVAL, "stream 2");
    check_refused(ag_sampler_start(sampler, 1, features, FRAMES, 3, 0), AG_EINVAL, "speaker 3");
    check_refused(ag_sampler_start(sampler, 1, features, FRAMES, 0, -1), AG_EINVAL, "language -1");
    check_refused(ag_sampler_start(sampler, 1, NULL, 0, 0, 0), AG_EINVAL, "features");
    features[8] = NAN;
    check_refused(ag_sampler_start(sampler, 1, features, FRAMES, 0, 0), AG_EINVAL, "frame 1");
    features[8] = 0;
    check_code(ag_sampler_start(sampler, 1, features, FRAMES, 2, 1));
    check_refused(ag_sampler_generate(sampler, audio, 0), AG_EINVAL, "0 samples");
    check_code(ag_sampler_generate(sampler, audio, 1));
    ag_sampler_free(sampler);
    ag_tensors_free(weights);
}

/* ---- all of them ---- */

static void name_tests(struct CMUnitTest *tests, CMUnitTestFunction test, const char *what,
                       char names[NETWORKS][80])
{
    for (int i = 0; i < NETWORKS; i++) {
        snprintf(names[i], sizeof(names[i]), "%s: %s", what, networks[i].name);
        tests[i] =
            (struct CMUnitTest){ names[i], test, NULL, NULL, (void *)(uintptr_t)&networks[i] };
    }
}

int main(void)
{
    static char names[3][NETWORKS][80];
    const struct CMUnitTest others[] = {
        cmocka_unit_test(test_pair),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_seeds_differ),
        cmocka_unit_test(test_reduced_weights),
        cmocka_unit_test(test_softmax_frequencies),
        cmocka_unit_test(test_mixture_frequencies),
        cmocka_unit_test(test_gaussian_frequencies),
        cmocka_unit_test(test_mode),
        cmocka_unit_test(test_draw_of_nonsense),
        cmocka_unit_test(test_generate_follows_predict),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_bad_configurations),
        cmocka_unit_test(test_derived),
        cmocka_unit_test(test_bad_weights),
        cmocka_unit_test(test_enormous_past),
        cmocka_unit_test(test_bad_calls),
    };
    struct CMUnitTest tests[3 * NETWORKS + sizeof(others) / sizeof(others[0])];
    name_tests(tests, test_equations, "equations", names[0]);
    name_tests(tests + NETWORKS, test_bytes, "same bytes", names[1]);
    name_tests(tests + 2 * NETWORKS, test_shared_stream, "shared stream", names[2]);
    memcpy(tests + 3 * NETWORKS, others, sizeof(others));
    return cmocka_run_group_tests_name("sampler", tests, NULL, NULL);
}
