/* A split of a manifest in memory: decoded, resampled, with features. */
#include <stdatomic.h>

#include "agena/data.h"

static const size_t default_memory = (size_t)4 << 30;

struct ag_speech {
    ag_speech_options options;
    ag_manifest *manifest;
    ag_speech_item *items;
    int64_t *rows; /* [count]: of each item in the manifest */
    int64_t count, samples;
};

/* What the workers share while items are read. */
struct reading {
    ag_speech *speech;
    ag_mel **mels; /* [threads], NULL without features */
    atomic_size_t used;
};

/* Count bytes against the caller's limit before they are allocated. */
static int charge(struct reading *r, size_t bytes, const char *path)
{
    size_t limit = r->speech->options.memory;
    size_t before = atomic_fetch_add(&r->used, bytes);
    if (before > limit || bytes > limit - before) {
        return ag_fail(AG_ENOMEM,
                       "speech up to %s takes more than the %zu MiB allowed; raise the limit or "
                       "use fewer recordings",
                       path, limit >> 20);
    }
    return AG_OK;
}

static int keep_audio(const ag_audio *audio, ag_speech_item *item)
{
    int16_t *kept = ag_malloc((size_t)audio->count * sizeof *kept);
    if (!kept) {
        return AG_ENOMEM;
    }
    for (int64_t i = 0; i < audio->count; i++) {
        kept[i] = ag_pcm16(audio->samples[i]);
    }
    item->audio = kept;
    item->samples = audio->count;
    return AG_OK;
}

static int keep_mel(const ag_audio *audio, ag_mel *mel, ag_speech_item *item)
{
    float *features = ag_malloc((size_t)(item->frames * AG_MEL_BANDS) * sizeof *features);
    if (!features) {
        return AG_ENOMEM;
    }
    ag_mel_compute(mel, audio->samples, audio->count, features);
    item->mel = features;
    return AG_OK;
}

static int keep(struct reading *r, ag_audio *audio, int worker, ag_speech_item *item)
{
    bool mel = r->speech->options.mel;
    item->frames = ag_stft_frames(audio->count, r->speech->options.hop);
    size_t bytes = (size_t)audio->count * sizeof *item->audio +
                   (mel ? (size_t)item->frames * AG_MEL_BANDS * sizeof *item->mel : 0);
    int err = charge(r, bytes, item->path);
    if (err == AG_OK && mel) {
        err = keep_mel(audio, r->mels[worker], item);
    }
    if (err == AG_OK) {
        ag_preemphasis(audio->samples, audio->count, r->speech->options.preemphasis);
        err = keep_audio(audio, item);
    }
    return err;
}

static int read_item(void *user, int task, int worker)
{
    struct reading *r = user;
    ag_speech *s = r->speech;
    const ag_recording *recording = ag_manifest_at(s->manifest, s->rows[task]);
    ag_speech_item *item = s->items + task;
    item->path = recording->path;
    item->text = recording->text;
    item->speaker = recording->speaker_id;
    item->language = recording->language_id;
    if (ag_interrupted()) {
        return ag_fail(AG_EINTERRUPTED, "interrupted while reading speech");
    }
    ag_audio audio;
    int err = ag_audio_read(recording->path, &audio);
    if (err == AG_OK) {
        err = ag_audio_resample(&audio, s->options.sample_rate);
    }
    if (err == AG_OK) {
        err = keep(r, &audio, worker, item);
    }
    ag_audio_clear(&audio);
    return err;
}

static void free_mels(ag_mel **mels, int threads)
{
    for (int i = 0; mels && i < threads; i++) {
        ag_mel_free(mels[i]);
    }
    ag_free(mels);
}

static int make_mels(const ag_speech_options *o, int threads, ag_mel **mels)
{
    ag_mel_config config = ag_mel_default(o->sample_rate, o->hop);
    int err = AG_OK;
    for (int i = 0; err == AG_OK && i < threads; i++) {
        err = ag_mel_new(&config, mels + i);
    }
    return err;
}

static int read_items(ag_speech *s, ag_pool *pool)
{
    int threads = ag_pool_threads(pool);
    struct reading reading = { .speech = s };
    atomic_init(&reading.used, 0);
    reading.mels = ag_calloc((size_t)threads, sizeof *reading.mels);
    int err = reading.mels ? AG_OK : AG_ENOMEM;
    if (err == AG_OK && s->options.mel) {
        err = make_mels(&s->options, threads, reading.mels);
    }
    if (err == AG_OK) {
        err = ag_pool_run(pool, (int)s->count, read_item, &reading);
    }
    free_mels(reading.mels, threads);
    return err;
}

/* Find the split's rows and make room for their items. */
static int choose_rows(ag_speech *s, const char *name)
{
    int64_t all = ag_manifest_count(s->manifest);
    s->rows = ag_calloc((size_t)all + 1, sizeof *s->rows);
    if (!s->rows) {
        return AG_ENOMEM;
    }
    for (int64_t i = 0; i < all; i++) {
        if (ag_manifest_at(s->manifest, i)->split == s->options.split) {
            s->rows[s->count++] = i;
        }
    }
    if (s->count == 0) {
        return ag_fail(AG_EINVAL, "%s has no recordings in split %s", name,
                       ag_split_name(s->options.split));
    }
    s->items = ag_calloc((size_t)s->count, sizeof *s->items);
    return s->items ? AG_OK : AG_ENOMEM;
}

static int check(const ag_speech_options *o)
{
    if (o->sample_rate < AG_AUDIO_MIN_RATE || o->sample_rate > AG_AUDIO_MAX_RATE) {
        return ag_fail(AG_EINVAL, "sample_rate = %d is not in %d to %d Hz", o->sample_rate,
                       AG_AUDIO_MIN_RATE, AG_AUDIO_MAX_RATE);
    }
    if (o->hop < 1 || o->hop > o->sample_rate) {
        return ag_fail(AG_EINVAL, "hop = %d is not in 1 to %d samples", o->hop, o->sample_rate);
    }
    if (!(o->preemphasis >= 0 && o->preemphasis < 1)) {
        return ag_fail(AG_EINVAL, "preemphasis = %g is not in [0, 1)", (double)o->preemphasis);
    }
    if ((unsigned)o->split > AG_SPLIT_TEST) {
        return ag_fail(AG_EINVAL, "split = %d is none of train, valid and test", (int)o->split);
    }
    return AG_OK;
}

static int load(ag_speech *s, const char *manifest, ag_pool *pool)
{
    int err = ag_manifest_read(manifest, &s->manifest);
    if (err == AG_OK) {
        err = choose_rows(s, manifest);
    }
    if (err == AG_OK) {
        err = read_items(s, pool);
    }
    for (int64_t i = 0; err == AG_OK && i < s->count; i++) {
        s->samples += s->items[i].samples;
    }
    return err;
}

int ag_speech_open(const char *manifest, const ag_speech_options *options, ag_pool *pool,
                   ag_speech **out)
{
    *out = NULL;
    int err = check(options);
    if (err != AG_OK) {
        return err;
    }
    ag_speech *s = ag_calloc(1, sizeof *s);
    if (!s) {
        return AG_ENOMEM;
    }
    s->options = *options;
    s->options.memory = options->memory > 0 ? options->memory : default_memory;
    err = load(s, manifest, pool);
    if (err != AG_OK) {
        ag_speech_free(s);
        return err;
    }
    *out = s;
    return AG_OK;
}

void ag_speech_free(ag_speech *s)
{
    if (!s) {
        return;
    }
    for (int64_t i = 0; s->items && i < s->count; i++) {
        ag_free((void *)s->items[i].audio);
        ag_free((void *)s->items[i].mel);
    }
    ag_free(s->items);
    ag_free(s->rows);
    ag_manifest_free(s->manifest);
    ag_free(s);
}

int64_t ag_speech_count(const ag_speech *s)
{
    return s->count;
}

const ag_speech_item *ag_speech_at(const ag_speech *s, int64_t index)
{
    return s->items + index;
}

int64_t ag_speech_samples(const ag_speech *s)
{
    return s->samples;
}

const ag_manifest *ag_speech_manifest(const ag_speech *s)
{
    return s->manifest;
}

const ag_speech_options *ag_speech_config(const ag_speech *s)
{
    return &s->options;
}
