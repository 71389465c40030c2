/* Generation with a trained model: conditioning from a recording, then samples in blocks to a sink.
 */
#include "agena/wavenet.h"

#include <string.h>

/* What one call works with. */
typedef struct {
    const ag_wavenet *model;
    const ag_wavenet_generate_options *o;
    float *features; /* [frames, local_features] */
    int64_t frames, samples;
    int speaker, language;
    ag_sampler *sampler;
    float *last; /* [streams]: what de-emphasis remembers */
} generation;

static int pick(const char *what, const char *name, char *const *names, int count, int *index)
{
    *index = 0;
    if (!name) {
        return 0;
    }
    if (!count) {
        return ag_fail(AG_EINVAL, "the model has no %ss: leave out the %s", what, what);
    }
    *index = ag_wavenet_index(what, name, names, count);
    return *index < 0 ? *index : 0;
}

/* Features of the recording, and its length where no other is asked for. */
static int features_of_recording(generation *g)
{
    const ag_wavenet_config *c = &g->model->config;
    if (!c->local_features) {
        return ag_fail(AG_EINVAL, "the model has no local conditioning: leave out the recording %s",
                       g->o->mel);
    }
    ag_audio audio = { NULL, 0, 0 };
    ag_mel *mel = NULL;
    int status = ag_audio_read(g->o->mel, &audio);
    if (status == 0) {
        status = ag_audio_resample(&audio, c->sample_rate);
    }
    if (status == 0) {
        ag_mel_config config = ag_mel_default(c->sample_rate, c->hop);
        config.bands = c->local_features;
        status = ag_mel_new(&config, &mel);
    }
    if (status == 0) {
        g->frames = ag_stft_frames(audio.count, c->hop);
        g->features = ag_malloc((size_t)(g->frames * c->local_features) * sizeof *g->features);
        status = g->features ? 0 : AG_ENOMEM;
    }
    if (status == 0) {
        ag_mel_compute(mel, audio.samples, audio.count, g->features);
        g->samples = g->samples ? g->samples : audio.count;
    }
    ag_mel_free(mel);
    ag_audio_clear(&audio);
    return status;
}

static int prepare(generation *g)
{
    const ag_wavenet *m = g->model;
    const ag_wavenet_generate_options *o = g->o;
    if (!(o->seconds >= 0 && o->seconds <= AG_AUDIO_MAX_SECONDS)) {
        return ag_fail(AG_EINVAL, "%g seconds are not from 0 to %d", o->seconds,
                       AG_AUDIO_MAX_SECONDS);
    }
    g->samples = (int64_t)(o->seconds * m->config.sample_rate + 0.5);
    int status = pick("speaker", o->speaker, m->speakers, m->config.speakers, &g->speaker);
    if (status == 0) {
        status = pick("language", o->language, m->languages, m->config.languages, &g->language);
    }
    if (status == 0 && o->mel) {
        status = features_of_recording(g);
    } else if (status == 0 && m->config.local_features) {
        g->frames = 1;
        g->features = ag_calloc((size_t)m->config.local_features, sizeof *g->features);
        status = g->features ? 0 : AG_ENOMEM;
    }
    g->samples = g->samples ? g->samples : 3 * (int64_t)m->config.sample_rate;
    if (status == 0) {
        status = ag_sampler_new(&m->config, m->weights, &o->sampler, &g->sampler);
    }
    if (status == 0) {
        g->last = ag_calloc((size_t)o->sampler.streams, sizeof *g->last);
        status = g->last ? 0 : AG_ENOMEM;
    }
    for (int s = 0; status == 0 && s < o->sampler.streams; s++) {
        status = ag_sampler_start(g->sampler, s, g->features, g->frames, g->speaker, g->language);
    }
    return status;
}

static int generate(generation *g, ag_audio_sink sink, void *user)
{
    int streams = g->o->sampler.streams;
    int64_t block = g->model->config.sample_rate / 100;
    block = block < 1 ? 1 : block;
    float *audio = ag_malloc((size_t)(block * streams) * sizeof *audio);
    ag_progress *progress = NULL;
    int status = audio ? ag_progress_new("generating", "samples", (uint64_t)(g->samples * streams),
                                         0, &progress)
                       : AG_ENOMEM;
    for (int64_t at = 0; status == 0 && at < g->samples; at += block) {
        int64_t count = g->samples - at < block ? g->samples - at : block;
        status = ag_sampler_generate(g->sampler, audio, count);
        for (int s = 0; status == 0 && s < streams; s++) {
            ag_deemphasis(audio + s * count, count, g->model->config.preemphasis, &g->last[s]);
            status = sink(user, s, audio + s * count, count);
        }
        ag_progress_update(progress, (uint64_t)((at + count) * streams), NULL);
        if (status == 0 && ag_interrupted()) {
            status = ag_fail(AG_EINTERRUPTED, "interrupted after %lld of %lld samples",
                             (long long)(at + count), (long long)g->samples);
        }
    }
    ag_progress_end(progress);
    ag_free(audio);
    return status;
}

int ag_wavenet_generate(const ag_wavenet *model, const ag_wavenet_generate_options *options,
                        ag_audio_sink sink, void *user)
{
    generation g = { .model = model, .o = options };
    int status = prepare(&g);
    if (status == 0) {
        status = generate(&g, sink, user);
    }
    ag_sampler_free(g.sampler);
    ag_free(g.features);
    ag_free(g.last);
    return status;
}
