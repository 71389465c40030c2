/* Reading audio files into mono float: libsndfile for containers, spandsp for raw G.722. */
#include <math.h>
#include <sndfile.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "agena/audio.h"
#include "audio/growing.h"

#include <spandsp/telephony.h>
#include <spandsp/g722.h>

enum {
    BLOCK = 4096,      /* frames decoded at a time */
    MAX_CHANNELS = 32, /* of a container */
    G722_RATE = 16000, /* Hz */
    G722_BITS = 64000, /* bits a second: one byte is two samples */
};

/* Two hours of stereo 32-bit samples at 48 kHz fit. */
static const size_t max_file = (size_t)3 << 30;

void ag_audio_clear(ag_audio *audio)
{
    ag_free(audio->samples);
    *audio = (ag_audio){ 0 };
}

/* ---- containers, from memory through libsndfile's callbacks ---- */

struct memory_file {
    const uint8_t *data;
    sf_count_t size, at;
};

static sf_count_t memory_size(void *user)
{
    return ((struct memory_file *)user)->size;
}

static sf_count_t memory_seek(sf_count_t offset, int whence, void *user)
{
    struct memory_file *f = user;
    sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? f->at : f->size;
    /* offset comes from the file's own fields: clamp before adding */
    if (offset < -base) {
        offset = -base;
    }
    if (offset > f->size - base) {
        offset = f->size - base;
    }
    f->at = base + offset;
    return f->at;
}

static sf_count_t memory_read(void *to, sf_count_t count, void *user)
{
    struct memory_file *f = user;
    sf_count_t n = count < f->size - f->at ? count : f->size - f->at;
    if (n <= 0) {
        return 0;
    }
    memcpy(to, f->data + f->at, (size_t)n);
    f->at += n;
    return n;
}

static sf_count_t memory_write(const void *from, sf_count_t count, void *user)
{
    (void)from, (void)count, (void)user;
    return 0;
}

static sf_count_t memory_tell(void *user)
{
    return ((struct memory_file *)user)->at;
}

/* The containers agena names in its manual. libsndfile knows many more, old and little tested. */
static bool known_container(const uint8_t *data, size_t size)
{
    static const char magic[][5] = { "RIFF", "RF64", "fLaC", "OggS", "FORM" };
    for (size_t i = 0; size >= 4 && i < sizeof magic / sizeof *magic; i++) {
        if (memcmp(data, magic[i], 4) == 0) {
            return true;
        }
    }
    return false;
}

static int check_info(const SF_INFO *info, const char *name)
{
    if (info->samplerate < AG_AUDIO_MIN_RATE || info->samplerate > AG_AUDIO_MAX_RATE) {
        return ag_fail(AG_EFORMAT, "%s: a sample rate of %d Hz is outside %d to %d Hz", name,
                       info->samplerate, AG_AUDIO_MIN_RATE, AG_AUDIO_MAX_RATE);
    }
    if (info->channels < 1 || info->channels > MAX_CHANNELS) {
        return ag_fail(AG_EFORMAT, "%s: %d channels, at most %d are read", name, info->channels,
                       MAX_CHANNELS);
    }
    return AG_OK;
}

/* Average the channels of frames [n, channels] into out [n]. */
static int mix_down(const float *frames, int64_t n, int channels, float *out, const char *name)
{
    float share = 1.0F / (float)channels;
    for (int64_t i = 0; i < n; i++) {
        float sum = 0.0F;
        for (int c = 0; c < channels; c++) {
            sum += frames[i * channels + c];
        }
        if (!isfinite(sum)) {
            return ag_fail(AG_EFORMAT, "%s: a sample is not a finite number; the file is damaged",
                           name);
        }
        float x = sum * share;
        out[i] = x < -1.0F ? -1.0F : x > 1.0F ? 1.0F : x;
    }
    return AG_OK;
}

static int read_frames(SNDFILE *file, const SF_INFO *info, const char *name, float *block,
                       growing *samples)
{
    for (;;) {
        int64_t n = sf_readf_float(file, block, BLOCK);
        if (n <= 0) {
            break;
        }
        float *out = growing_extend(samples, n, info->samplerate, name);
        if (!out) {
            return samples->error;
        }
        int err = mix_down(block, n, info->channels, out, name);
        if (err != AG_OK) {
            return err;
        }
    }
    if (sf_error(file) != SF_ERR_NO_ERROR) {
        return ag_fail(AG_EFORMAT, "%s: damaged audio: %s", name, sf_strerror(file));
    }
    return AG_OK;
}

static int read_opened(SNDFILE *file, const SF_INFO *info, const char *name, growing *samples)
{
    int err = check_info(info, name);
    if (err != AG_OK) {
        return err;
    }
    float *block = ag_malloc((size_t)(BLOCK * info->channels) * sizeof *block);
    if (!block) {
        return AG_ENOMEM;
    }
    err = read_frames(file, info, name, block, samples);
    ag_free(block);
    return err;
}

static int parse_container(const void *data, size_t size, const char *name, growing *samples,
                           int *rate)
{
    if (!known_container(data, size)) {
        return ag_fail(AG_EFORMAT, "%s: not a WAV, FLAC, Ogg or AIFF file", name);
    }
    struct memory_file memory = { data, (sf_count_t)size, 0 };
    SF_VIRTUAL_IO io = { memory_size, memory_seek, memory_read, memory_write, memory_tell };
    SF_INFO info = { 0 };
    SNDFILE *file = sf_open_virtual(&io, SFM_READ, &info, &memory);
    if (!file) {
        return ag_fail(AG_EFORMAT, "%s: cannot decode it: %s", name, sf_strerror(NULL));
    }
    int err = read_opened(file, &info, name, samples);
    *rate = info.samplerate;
    sf_close(file);
    return err;
}

/* ---- raw G.722 ---- */

static int decode_g722(g722_decode_state_t *state, const uint8_t *data, size_t size,
                       const char *name, growing *samples)
{
    int16_t pcm[2 * BLOCK];
    while (size > 0) {
        int bytes = size < BLOCK ? (int)size : BLOCK;
        int n = g722_decode(state, pcm, data, bytes);
        float *out = growing_extend(samples, n, G722_RATE, name);
        if (!out) {
            return samples->error;
        }
        for (int i = 0; i < n; i++) {
            out[i] = (float)pcm[i] / 32768.0F;
        }
        data += bytes;
        size -= (size_t)bytes;
    }
    return AG_OK;
}

static int parse_g722(const void *data, size_t size, const char *name, growing *samples, int *rate)
{
    g722_decode_state_t *state = g722_decode_init(NULL, G722_BITS, 0);
    if (!state) {
        return ag_fail(AG_ENOMEM, "%s: no memory for the G.722 decoder", name);
    }
    *rate = G722_RATE;
    int err = decode_g722(state, data, size, name, samples);
    g722_decode_free(state);
    return err;
}

static bool has_ending(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n >= m && strcasecmp(name + n - m, ending) == 0;
}

int ag_audio_parse(const void *data, size_t size, const char *name, ag_audio *out)
{
    *out = (ag_audio){ 0 };
    growing samples = { 0 };
    int rate = 0;
    int err = has_ending(name, ".g722") ? parse_g722(data, size, name, &samples, &rate)
                                        : parse_container(data, size, name, &samples, &rate);
    if (err == AG_OK && samples.count == 0) {
        err = ag_fail(AG_EFORMAT, "%s: holds no audio samples", name);
    }
    if (err != AG_OK) {
        ag_free(samples.data);
        return err;
    }
    *out = (ag_audio){ samples.data, samples.count, rate };
    return AG_OK;
}

int ag_audio_read(const char *path, ag_audio *out)
{
    void *data = NULL;
    size_t size = 0;
    *out = (ag_audio){ 0 };
    int err = ag_file_read(path, max_file, &data, &size);
    if (err == AG_OK) {
        err = ag_audio_parse(data, size, path, out);
    }
    ag_free(data);
    return err;
}
