/* Sample-rate conversion with libsoxr. */
#include <soxr.h>
#include <string.h>

#include "agena/audio.h"

static float clip(float x)
{
    return x < -1.0F ? -1.0F : x > 1.0F ? 1.0F : x;
}

/* in [n] at rate `from` -> out [m] at rate `to`. The filter rings past full scale at sharp edges,
 * hence the clipping; what the converter leaves unwritten at the end is silence. */
static int convert(const float *in, size_t n, int from, float *out, size_t m, int to)
{
    soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
    size_t done = 0;
    soxr_error_t error =
        soxr_oneshot(from, to, 1, in, n, NULL, out, m, &done, &io, &quality, &runtime);
    if (error) {
        return ag_fail(AG_ENOMEM, "cannot resample from %d to %d Hz: %s", from, to, error);
    }
    for (size_t i = 0; i < done; i++) {
        out[i] = clip(out[i]);
    }
    memset(out + done, 0, (m - done) * sizeof *out);
    return AG_OK;
}

int ag_audio_resample(ag_audio *audio, int rate)
{
    if (rate < AG_AUDIO_MIN_RATE || rate > AG_AUDIO_MAX_RATE) {
        return ag_fail(AG_EINVAL, "cannot resample to %d Hz: rates go from %d to %d Hz", rate,
                       AG_AUDIO_MIN_RATE, AG_AUDIO_MAX_RATE);
    }
    if (rate == audio->rate) {
        return AG_OK;
    }
    int64_t count = (audio->count * rate + audio->rate - 1) / audio->rate;
    if (count > AG_AUDIO_MAX_SAMPLES) {
        return ag_fail(AG_EINVAL, "cannot resample to %d Hz: %lld samples are more than %d", rate,
                       (long long)count, AG_AUDIO_MAX_SAMPLES);
    }
    float *out = ag_malloc((size_t)(count > 0 ? count : 1) * sizeof *out);
    if (!out) {
        return AG_ENOMEM;
    }
    int err = convert(audio->samples, (size_t)audio->count, audio->rate, out, (size_t)count, rate);
    if (err != AG_OK) {
        ag_free(out);
        return err;
    }
    ag_free(audio->samples);
    *audio = (ag_audio){ out, count, rate };
    return AG_OK;
}
