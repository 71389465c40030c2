/* The distance between two recordings as log-mel spectrograms. */
#include "agena/audio.h"

#include <math.h>
#include <string.h>

enum { RATE = 16000, HOP = 200 };

/* Features at the common rate: [*frames, AG_MEL_BANDS], ag_free them; NULL after an error in
 * *status. */
static float *features(const ag_audio *audio, int64_t *frames, int *status)
{
    ag_audio copy = { ag_malloc((size_t)audio->count * sizeof(float) + 1), audio->count,
                      audio->rate };
    ag_mel *mel = NULL;
    float *out = NULL;
    *status = copy.samples ? 0 : AG_ENOMEM;
    if (*status == 0) {
        memcpy(copy.samples, audio->samples, (size_t)audio->count * sizeof(float));
        *status = ag_audio_resample(&copy, RATE);
    }
    if (*status == 0) {
        ag_mel_config config = ag_mel_default(RATE, HOP);
        *status = ag_mel_new(&config, &mel);
    }
    if (*status == 0) {
        *frames = ag_stft_frames(copy.count, HOP);
        out = ag_malloc((size_t)*frames * AG_MEL_BANDS * sizeof *out);
        *status = out ? 0 : AG_ENOMEM;
    }
    if (out) {
        ag_mel_compute(mel, copy.samples, copy.count, out);
    }
    ag_mel_free(mel);
    ag_audio_clear(&copy);
    return out;
}

int ag_mel_distance(const ag_audio *a, const ag_audio *b, double *db)
{
    int status = 0;
    int64_t n = 0, m = 0;
    float *x = features(a, &n, &status), *y = status == 0 ? features(b, &m, &status) : NULL;
    if (status == 0) {
        int64_t count = (n < m ? n : m) * AG_MEL_BANDS;
        double sum = 0;
        for (int64_t i = 0; i < count; i++) {
            sum += fabs((double)x[i] - (double)y[i]);
        }
        *db = 40 * sum / (double)(count ? count : 1); /* a feature of 1 is 40 dB */
    }
    ag_free(x);
    ag_free(y);
    return status;
}
