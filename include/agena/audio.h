/* agena/audio.h: audio files, 16-bit PCM, mu-law companding, resampling, STFT, log-mel, pictures.
 *
 * Audio in memory is mono float32 in [-1, 1]; 16-bit files map s to s / 32768. Times are counted in
 * samples at a rate in Hz. Objects here (ag_stft, ag_mel) own scratch memory: one thread at a time
 * each. */
#ifndef AGENA_AUDIO_H
#define AGENA_AUDIO_H

#include <stdio.h>

#include "agena/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- files ---- */

enum {
    AG_AUDIO_MIN_RATE = 1000, /* Hz */
    AG_AUDIO_MAX_RATE = 192000,
    AG_AUDIO_MAX_SECONDS = 7200,         /* of one file */
    AG_AUDIO_MAX_SAMPLES = 7200 * 48000, /* mono: bounds the memory of one file to 1.4 GB */
};

typedef struct {
    float *samples; /* [count], ag_free it (ag_audio_clear) */
    int64_t count;
    int rate; /* Hz */
} ag_audio;

/* Read a WAV, FLAC or Ogg file (libsndfile), or raw G.722 at 64 kbit/s (16 kHz, name ends in
 * ".g722"). Channels are averaged; float files are clipped to [-1, 1]. Errors: AG_ENOTFOUND,
 * AG_EIO, AG_EFORMAT (not audio, damaged, outside the limits above, a sample that is no number),
 * AG_ENOMEM. On failure *out is empty. */
AG_API int ag_audio_read(const char *path, ag_audio *out);
/* The same from memory; name is for messages, and its ending tells G.722. */
AG_API int ag_audio_parse(const void *data, size_t size, const char *name, ag_audio *out);
/* Convert to another rate in place (libsoxr, high quality, linear phase, no delay): ceil(count *
 * rate / old) samples. On failure the audio is unchanged. */
AG_API int ag_audio_resample(ag_audio *audio, int rate);
AG_API void ag_audio_clear(ag_audio *audio); /* frees the samples and zeroes the struct */

/* Write mono 16-bit WAV, atomically. samples [count]. */
AG_API int ag_audio_write_wav(const char *path, const float *samples, int64_t count, int rate);
/* Append raw 16-bit little-endian PCM to a stream and flush it. samples [count]. */
AG_API int ag_audio_write_pcm(FILE *file, const float *samples, int64_t count);
/* Nearest 16-bit value of x in [-1, 1], clipped; not-a-number gives 0. */
AG_API int16_t ag_pcm16(float x);

/* y[t] = x[t] - amount * x[t-1], in place; silence before the first. samples [count], amount in
 * [0, 1). Speech has most of its energy in low bands; afterwards its spectrum is flatter. */
AG_API void ag_preemphasis(float *samples, int64_t count, float amount);
/* The inverse, block by block: *last is the last sample made, 0 before the first block. */
AG_API void ag_deemphasis(float *samples, int64_t count, float amount, float *last);

/* ---- mu-law (WaveNet, section 2.2) ---- */

/* f(x) = sign(x) ln(1 + 255 |x|) / ln 256 on x in [-1, 1], quantised to 256 classes: class c covers
 * the f within 1/255 of 2 c / 255 - 1 and decodes to f's inverse there. Silence is class 128.
 * encode(decode(c)) == c, and decode(255 - c) == -decode(c). Both come from tables: the same
 * everywhere. */
enum { AG_MULAW_CLASSES = 256, AG_MULAW_SILENCE = 128 };
AG_API int ag_mulaw_encode(float x); /* clipped; not-a-number gives silence */
AG_API float ag_mulaw_decode(int class_index);
/* x [count] -> classes [count]. */
AG_API void ag_mulaw_encode_all(const float *x, int32_t *classes, int64_t count);

/* ---- short-time Fourier transform ---- */

/* Frame f of a signal of n samples is centred on sample f * hop + hop / 2, so that hop samples
 * belong to a frame; the signal is silence outside [0, n). There are ceil(n / hop) frames. */
AG_API int64_t ag_stft_frames(int64_t samples, int hop);

typedef struct ag_stft ag_stft;
/* Periodic Hann window of `window` samples (even) in the middle of a transform of `fft` (a power of
 * two, at least window, 4 to 65536). Amplitudes are scaled so that a sine of amplitude a at a
 * bin's centre gives power a^2. */
AG_API int ag_stft_new(int fft, int window, int hop, ag_stft **out);
AG_API void ag_stft_free(ag_stft *stft);
AG_API int ag_stft_bins(const ag_stft *stft); /* fft / 2 + 1 */
/* samples [count] -> spectrum [frames, bins, 2] (real, imaginary), beginning at frame `first`. */
AG_API void ag_stft_spectrum(ag_stft *stft, const float *samples, int64_t count, int64_t first,
                             int64_t frames, float *spectrum);
/* The same -> power [frames, bins] = |spectrum|^2. */
AG_API void ag_stft_power(ag_stft *stft, const float *samples, int64_t count, int64_t first,
                          int64_t frames, float *power);

/* ---- log-mel features ---- */

/* bands triangular filters whose centres are equally spaced between low and high Hz on Slaney's mel
 * scale (linear, 200/3 Hz a mel, below 1 kHz; above it a factor 6.4 every 27 mel); neighbours cross
 * at half height and each peaks at 1. Energy E = filter . power of the STFT above. Feature = 1 + 10
 * log10(max(E, 1e-8)) / 40: -1 is the floor of 80 dB under a full-scale sine, +1 that sine. */
typedef struct {
    int rate;   /* Hz of the audio */
    int hop;    /* samples a frame */
    int window; /* samples */
    int fft;
    int bands;
    float low, high; /* Hz */
} ag_mel_config;

enum { AG_MEL_BANDS = 80 };
/* The features agena's models use: 80 bands from 50 Hz to rate / 2, a window of 50 ms (made even),
 * and the next power of two as fft. At 16 kHz: window 800, fft 1024. */
AG_API ag_mel_config ag_mel_default(int rate, int hop);

typedef struct ag_mel ag_mel;
/* AG_EINVAL names the field that is out of range. */
AG_API int ag_mel_new(const ag_mel_config *config, ag_mel **out);
AG_API void ag_mel_free(ag_mel *mel);
/* samples [count] -> features [ag_stft_frames(count, hop), bands]. */
AG_API void ag_mel_compute(ag_mel *mel, const float *samples, int64_t count, float *features);

/* Mean absolute difference in dB between the log-mel features (ag_mel_default, hop 200 at 16 kHz,
 * both resampled to it) of two recordings, over the frames of the shorter one. */
AG_API int ag_mel_distance(const ag_audio *a, const ag_audio *b, double *db);

/* A picture of the log-mel spectrogram (128 bands, time to the right, low frequencies at the
 * bottom, no axes) with a colour map of evenly rising lightness: PNG, atomically. At most 2,000
 * columns. */
AG_API int ag_spectrogram_png(const char *path, const float *samples, int64_t count, int rate);

#ifdef __cplusplus
}
#endif
#endif
