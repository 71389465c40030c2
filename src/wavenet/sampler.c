/* The cached sampler: constructor, streams, and the threads that run them. */
#include "wavenet/sampler_pair.h"

#include "agena/audio.h"

enum { MAX_STREAMS = 1024, MAX_LANES = 2 };

struct ag_sampler {
    wn_net *net;
    int streams, threads;
    uint64_t seed;
    ag_pool *pool; /* for several streams on two threads, else NULL */
    wn_pair *pair; /* for one stream on two threads, else NULL */
    int lanes;
    wn_lane *lane; /* one for each thread, or a single one */
};

static int check_options(const ag_sampler_options *o)
{
    if (o->weights != AG_WEIGHTS_F32 && o->weights != AG_WEIGHTS_BF16 &&
        o->weights != AG_WEIGHTS_INT8)
        return ag_fail(AG_EINVAL, "sampler options: weights is %d, not f32, bf16 or int8",
                       (int)o->weights);
    if (o->streams < 1 || o->streams > MAX_STREAMS)
        return ag_fail(AG_EINVAL, "sampler options: streams is %d, not in [1, %d]", o->streams,
                       MAX_STREAMS);
    if (o->threads < 1 || o->threads > MAX_LANES)
        return ag_fail(AG_EINVAL, "sampler options: threads is %d, not 1 or 2", o->threads);
    if (o->temperature != 0 && !(o->temperature >= 1e-3f && o->temperature <= 100.0f))
        return ag_fail(AG_EINVAL,
                       "sampler options: temperature is %g, neither 0 nor in [0.001, 100]",
                       (double)o->temperature);
    return AG_OK;
}

/* Several streams on two threads: each takes half of them and they never meet. */
static int make_lanes(ag_sampler *s, float temperature)
{
    const ag_wavenet_config *c = &s->net->config;
    wn_draw draw = { c->output, c->mixtures, c->min_log_scale, temperature,
                     wn_kernels_for(ag_cpu_features()) };
    int lanes = s->streams > 1 ? s->threads : 1;
    s->lane = ag_malloc_aligned((size_t)lanes * sizeof(*s->lane));
    if (!s->lane)
        return AG_ENOMEM;
    int code = AG_OK;
    for (int i = 0, first = 0; i < lanes && code == AG_OK; i++) {
        int rows = (s->streams - first + lanes - i - 1) / (lanes - i);
        s->lanes++;
        code = wn_lane_init(&s->lane[i], s->net, &draw, first, rows);
        first += rows;
    }
    return code;
}

int ag_sampler_new(const ag_wavenet_config *config, const ag_tensors *weights,
                   const ag_sampler_options *options, ag_sampler **out)
{
    *out = NULL;
    int code = ag_wavenet_check(config);
    if (code == AG_OK)
        code = check_options(options);
    if (code < 0)
        return code;
    ag_sampler *s = ag_calloc(1, sizeof(*s));
    if (!s)
        return AG_ENOMEM;
    s->streams = options->streams;
    s->threads = options->threads;
    s->seed = options->seed;
    code = wn_net_new(config, weights, options->weights, &s->net);
    if (code == AG_OK)
        code = make_lanes(s, options->temperature);
    if (code == AG_OK && s->threads > 1)
        code =
            s->streams > 1 ? ag_pool_new(s->threads, &s->pool) : wn_pair_new(&s->lane[0], &s->pair);
    if (code < 0) {
        ag_sampler_free(s);
        return code;
    }
    *out = s;
    return AG_OK;
}

void ag_sampler_free(ag_sampler *sampler)
{
    if (!sampler)
        return;
    wn_pair_free(sampler->pair);
    if (sampler->pool)
        ag_pool_free(sampler->pool);
    for (int i = 0; i < sampler->lanes; i++)
        wn_lane_clear(&sampler->lane[i]);
    ag_free(sampler->lane);
    wn_net_free(sampler->net);
    ag_free(sampler);
}

static wn_stream *find_stream(ag_sampler *s, int stream, wn_lane **lane)
{
    *lane = &s->lane[0];
    while (stream >= (*lane)->first + (*lane)->rows)
        (*lane)++;
    return &(*lane)->stream[stream - (*lane)->first];
}

int ag_sampler_start(ag_sampler *sampler, int stream, const float *features, int64_t frames,
                     int speaker, int language)
{
    if (stream < 0 || stream >= sampler->streams)
        return ag_fail(AG_EINVAL, "stream %d does not exist: the sampler has %d", stream,
                       sampler->streams);
    wn_lane *lane;
    wn_stream *s = find_stream(sampler, stream, &lane);
    int code = wn_condition_start(&s->condition, features, frames, speaker, language);
    if (code < 0)
        return code;
    wn_stack_reset(&lane->main, stream - lane->first);
    ag_rng_init(&s->rng, sampler->seed, AG_PURPOSE_SAMPLE, (uint64_t)stream);
    s->mulaw = AG_MULAW_SILENCE;
    s->sample = 0;
    s->started = true;
    return AG_OK;
}

typedef struct {
    ag_sampler *sampler;
    const wn_run *run;
} job;

static int run_lane(void *user, int task, int worker)
{
    const job *j = user;
    (void)worker;
    wn_lane_run(&j->sampler->lane[task], j->run);
    return AG_OK;
}

static int run_all(ag_sampler *s, const wn_run *run)
{
    if (run->count < 1)
        return ag_fail(AG_EINVAL, "%lld samples cannot be made", (long long)run->count);
    for (int i = 0; i < s->streams; i++) {
        wn_lane *lane;
        if (!find_stream(s, i, &lane)->started)
            return ag_fail(AG_EINVAL, "stream %d was not started", i);
    }
    job j = { s, run };
    if (s->pool)
        return ag_pool_run(s->pool, s->lanes, run_lane, &j);
    if (s->pair)
        wn_pair_run(s->pair, run);
    else
        wn_lane_run(&s->lane[0], run);
    return AG_OK;
}

int ag_sampler_generate(ag_sampler *sampler, float *audio, int64_t count)
{
    wn_run run = { .count = count, .end = count, .audio = audio };
    return run_all(sampler, &run);
}

int ag_sampler_predict(ag_sampler *sampler, const float *audio, int64_t count, float *params)
{
    wn_run run = { .count = count, .end = count, .given = audio, .params = params };
    return run_all(sampler, &run);
}
