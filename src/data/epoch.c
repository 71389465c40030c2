/* Cutting all items into crops and shuffling them, keyed by (seed, epoch). */
#include "data/epoch.h"

static int64_t crops_of(int64_t frames, int crop_frames)
{
    return (frames + crop_frames - 1) / crop_frames;
}

int epoch_init(epoch *e, const ag_speech *speech, uint64_t seed, int crop_frames)
{
    *e = (epoch){ .speech = speech, .seed = seed, .crop_frames = crop_frames, .number = -1 };
    for (int64_t i = 0; i < ag_speech_count(speech); i++) {
        e->count += crops_of(ag_speech_at(speech, i)->frames, crop_frames);
    }
    e->crops = ag_calloc((size_t)e->count, sizeof *e->crops);
    return e->crops ? AG_OK : AG_ENOMEM;
}

void epoch_clear(epoch *e)
{
    ag_free(e->crops);
    *e = (epoch){ 0 };
}

/* Cut one item: a grid of crops shifted left by `shift` frames and cut off at both ends of the
 * item. The shift is at most what the last crop has to spare, so the number of crops stays the
 * same. */
static crop *cut(crop *to, uint32_t item, int64_t frames, int crop_frames, int64_t shift)
{
    for (int64_t begin = -shift; begin < frames; begin += crop_frames) {
        int64_t first = begin > 0 ? begin : 0;
        int64_t end = begin + crop_frames < frames ? begin + crop_frames : frames;
        *to++ = (crop){ item, (uint32_t)first, (uint32_t)(end - first) };
    }
    return to;
}

static void cut_all(epoch *e)
{
    ag_rng rng;
    ag_rng_init(&rng, e->seed, AG_PURPOSE_CROP, (uint64_t)e->number);
    crop *to = e->crops;
    for (int64_t i = 0; i < ag_speech_count(e->speech); i++) {
        int64_t frames = ag_speech_at(e->speech, i)->frames;
        int64_t spare = crops_of(frames, e->crop_frames) * e->crop_frames - frames;
        int64_t shift = (int64_t)ag_rng_below(&rng, (uint64_t)spare + 1);
        to = cut(to, (uint32_t)i, frames, e->crop_frames, shift);
    }
}

/* Fisher and Yates. */
static void shuffle(epoch *e)
{
    ag_rng rng;
    ag_rng_init(&rng, e->seed, AG_PURPOSE_SHUFFLE, (uint64_t)e->number);
    for (int64_t i = e->count - 1; i > 0; i--) {
        int64_t j = (int64_t)ag_rng_below(&rng, (uint64_t)i + 1);
        crop other = e->crops[j];
        e->crops[j] = e->crops[i];
        e->crops[i] = other;
    }
}

void epoch_set(epoch *e, int64_t number)
{
    if (e->number != number) {
        e->number = number;
        cut_all(e);
        shuffle(e);
    }
}
