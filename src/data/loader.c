/* The prefetching crop loader: a ring of batches filled by background threads, given out in order.
 */
#include <pthread.h>
#include <string.h>

#include "data/epoch.h"

enum {
    MAX_BATCH = 65536,
    MAX_WORKERS = 64,
    MAX_QUEUE = 1024,
    MAX_CONTEXT = 1024,
};

/* Steps beyond this would overflow the count of crops. */
static const int64_t max_step = (int64_t)1 << 40;

struct worker {
    ag_loader *loader;
    epoch epoch; /* its own copy: the same (seed, number) gives the same crops everywhere */
    pthread_t thread;
};

/* A batch's place in the ring. Step s lives in slot s mod slot_count. */
struct slot {
    ag_batch batch;
    bool ready;
};

struct ag_loader {
    const ag_speech *speech;
    ag_loader_options options;
    int hop, crop_frames, mel_frames; /* mel_frames = F + 2 C */
    ag_arena *arena;                  /* the batches' buffers */
    struct worker *workers;           /* [options.workers] */
    int started;                      /* of them */
    struct slot *slots;
    int slot_count; /* queue + the one that the caller holds */
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    int64_t next_fill; /* the step that no worker has taken yet */
    int64_t next_give; /* the step that ag_loader_next gives next */
    int64_t oldest;    /* slots of steps before this one may be overwritten */
    bool stop;
};

/* ---- filling a batch ---- */

static void fill_audio(const ag_speech_item *item, int64_t start, int32_t valid, int samples,
                       float *audio)
{
    memset(audio, 0, ((size_t)samples + 1) * sizeof *audio);
    audio[0] = start > 0 ? (float)item->audio[start - 1] / 32768.0F : 0.0F;
    for (int32_t i = 0; i < valid; i++) {
        audio[1 + i] = (float)item->audio[start + i] / 32768.0F;
    }
}

static void fill_mel(const ag_speech_item *item, int64_t first, int frames, float *mel)
{
    for (int f = 0; f < frames; f++) {
        float *to = mel + (int64_t)f * AG_MEL_BANDS;
        if (first + f >= 0 && first + f < item->frames) {
            memcpy(to, item->mel + (first + f) * AG_MEL_BANDS, AG_MEL_BANDS * sizeof *to);
        } else {
            for (int band = 0; band < AG_MEL_BANDS; band++) {
                to[band] = -1.0F;
            }
        }
    }
}

static void fill_crop(const ag_loader *l, const crop *c, ag_batch *batch, int b)
{
    const ag_speech_item *item = ag_speech_at(l->speech, c->item);
    int64_t start = (int64_t)c->first * l->hop, end = start + (int64_t)c->frames * l->hop;
    int32_t valid = (int32_t)((end < item->samples ? end : item->samples) - start);
    batch->item[b] = c->item;
    batch->start[b] = start;
    batch->valid[b] = valid;
    batch->speaker[b] = item->speaker;
    batch->language[b] = item->language;
    int T = l->options.samples;
    fill_audio(item, start, valid, T, batch->audio + (int64_t)b * (T + 1));
    if (batch->mel) {
        fill_mel(item, (int64_t)c->first - l->options.local_context, l->mel_frames,
                 batch->mel + (int64_t)b * l->mel_frames * AG_MEL_BANDS);
    }
}

static void fill_batch(const ag_loader *l, epoch *e, int64_t step, ag_batch *batch)
{
    batch->step = step;
    for (int b = 0; b < l->options.batch; b++) {
        int64_t position = step * l->options.batch + b;
        epoch_set(e, position / e->count);
        fill_crop(l, e->crops + position % e->count, batch, b);
    }
}

/* ---- the ring ---- */

/* Wait for a free slot and take the next step; false when the loader stops. */
static bool take_step(ag_loader *l, int64_t *step)
{
    pthread_mutex_lock(&l->lock);
    while (!l->stop && l->next_fill >= l->oldest + l->slot_count) {
        pthread_cond_wait(&l->emptied, &l->lock);
    }
    bool go = !l->stop;
    if (go) {
        *step = l->next_fill++;
    }
    pthread_mutex_unlock(&l->lock);
    return go;
}

static void *work(void *user)
{
    struct worker *w = user;
    ag_loader *l = w->loader;
    int64_t step;
    while (take_step(l, &step)) {
        struct slot *slot = l->slots + step % l->slot_count;
        fill_batch(l, &w->epoch, step, &slot->batch);
        pthread_mutex_lock(&l->lock);
        slot->ready = true;
        pthread_cond_signal(&l->filled);
        pthread_mutex_unlock(&l->lock);
    }
    return NULL;
}

const ag_batch *ag_loader_next(ag_loader *l)
{
    pthread_mutex_lock(&l->lock);
    if (l->oldest < l->next_give) { /* give back the batch that the caller held */
        l->oldest = l->next_give;
        pthread_cond_broadcast(&l->emptied);
    }
    struct slot *slot = l->slots + l->next_give % l->slot_count;
    while (!slot->ready) {
        pthread_cond_wait(&l->filled, &l->lock);
    }
    slot->ready = false;
    l->next_give++;
    pthread_mutex_unlock(&l->lock);
    return &slot->batch;
}

int64_t ag_loader_crops(const ag_loader *l)
{
    return l->workers[0].epoch.count;
}

/* ---- making and ending ---- */

static int check_range(const char *what, int64_t value, int64_t least, int64_t most)
{
    return value >= least && value <= most
               ? AG_OK
               : ag_fail(AG_EINVAL, "%s = %lld is not in %lld to %lld", what, (long long)value,
                         (long long)least, (long long)most);
}

static int check(const ag_loader_options *o, int hop)
{
    int err = check_range("batch", o->batch, 1, MAX_BATCH);
    if (err == AG_OK) {
        err = check_range("samples", o->samples, hop, 1 << 24);
    }
    if (err == AG_OK && o->samples % hop != 0) {
        err = ag_fail(AG_EINVAL, "samples = %d is not a multiple of hop = %d", o->samples, hop);
    }
    if (err == AG_OK) {
        err = check_range("local_context", o->local_context, 0, MAX_CONTEXT);
    }
    if (err == AG_OK) {
        err = check_range("step", o->step, 0, max_step);
    }
    if (err == AG_OK) {
        err = check_range("workers", o->workers, 0, MAX_WORKERS);
    }
    return err == AG_OK ? check_range("queue", o->queue, 0, MAX_QUEUE) : err;
}

static int make_batch(ag_loader *l, ag_batch *batch)
{
    size_t b = (size_t)l->options.batch;
    batch->audio = ag_arena_alloc(l->arena, b * (size_t)(l->options.samples + 1) * sizeof(float));
    batch->speaker = ag_arena_alloc(l->arena, b * sizeof(int32_t));
    batch->language = ag_arena_alloc(l->arena, b * sizeof(int32_t));
    batch->valid = ag_arena_alloc(l->arena, b * sizeof(int32_t));
    batch->item = ag_arena_alloc(l->arena, b * sizeof(int64_t));
    batch->start = ag_arena_alloc(l->arena, b * sizeof(int64_t));
    bool ok = batch->audio && batch->speaker && batch->language && batch->valid && batch->item &&
              batch->start;
    if (ok && ag_speech_config(l->speech)->mel) {
        size_t frame = AG_MEL_BANDS * sizeof(float);
        batch->mel = ag_arena_alloc(l->arena, b * (size_t)l->mel_frames * frame);
        ok = batch->mel != NULL;
    }
    return ok ? AG_OK : AG_ENOMEM;
}

static int make_slots(ag_loader *l)
{
    int err = ag_arena_new(&l->arena);
    if (err != AG_OK) {
        return err;
    }
    l->slots = ag_calloc((size_t)l->slot_count, sizeof *l->slots);
    err = l->slots ? AG_OK : AG_ENOMEM;
    for (int i = 0; err == AG_OK && i < l->slot_count; i++) {
        err = make_batch(l, &l->slots[i].batch);
    }
    return err;
}

static int make_workers(ag_loader *l)
{
    l->workers = ag_calloc((size_t)l->options.workers, sizeof *l->workers);
    if (!l->workers) {
        return AG_ENOMEM;
    }
    for (int i = 0; i < l->options.workers; i++) {
        struct worker *w = l->workers + i;
        w->loader = l;
        int err = epoch_init(&w->epoch, l->speech, l->options.seed, l->crop_frames);
        if (err != AG_OK) {
            return err;
        }
    }
    return AG_OK;
}

static int start_workers(ag_loader *l)
{
    for (; l->started < l->options.workers; l->started++) {
        struct worker *w = l->workers + l->started;
        int error = pthread_create(&w->thread, NULL, work, w);
        if (error != 0) {
            return ag_fail(AG_ENOMEM, "cannot start a thread of the loader: %s", strerror(error));
        }
    }
    return AG_OK;
}

static void set_options(ag_loader *l, const ag_speech *speech, const ag_loader_options *options)
{
    l->speech = speech;
    l->options = *options;
    l->options.workers = options->workers > 0 ? options->workers : 1;
    l->options.queue = options->queue > 0 ? options->queue : 4;
    l->slot_count = l->options.queue + 1;
    l->hop = ag_speech_config(speech)->hop;
    l->crop_frames = options->samples / l->hop;
    l->mel_frames = l->crop_frames + 2 * options->local_context;
    l->next_fill = l->next_give = l->oldest = options->step;
}

int ag_loader_new(const ag_speech *speech, const ag_loader_options *options, ag_loader **out)
{
    *out = NULL;
    int err = check(options, ag_speech_config(speech)->hop);
    if (err != AG_OK) {
        return err;
    }
    ag_loader *l = ag_calloc(1, sizeof *l);
    if (!l) {
        return AG_ENOMEM;
    }
    set_options(l, speech, options);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->filled, NULL);
    pthread_cond_init(&l->emptied, NULL);
    err = make_slots(l);
    if (err == AG_OK) {
        err = make_workers(l);
    }
    if (err == AG_OK) {
        err = start_workers(l);
    }
    if (err != AG_OK) {
        ag_loader_free(l);
        return err;
    }
    *out = l;
    return AG_OK;
}

static void stop_workers(ag_loader *l)
{
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->emptied);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; i < l->started; i++) {
        pthread_join(l->workers[i].thread, NULL);
    }
}

void ag_loader_free(ag_loader *l)
{
    if (!l) {
        return;
    }
    stop_workers(l);
    for (int i = 0; l->workers && i < l->options.workers; i++) {
        epoch_clear(&l->workers[i].epoch);
    }
    ag_free(l->workers);
    ag_free(l->slots);
    ag_arena_free(l->arena);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->filled);
    pthread_cond_destroy(&l->emptied);
    ag_free(l);
}
