/* Short-time Fourier transform on KISS FFT's real transform. */
#include <kiss_fftr.h>
#include <math.h>
#include <string.h>

#include "agena/audio.h"

struct ag_stft {
    int fft, window, hop;
    float *hann;        /* [window], scaled so that a sine of amplitude a has power a^2 */
    float *frame;       /* [fft], the windowed input */
    kiss_fft_cpx *bins; /* [fft / 2 + 1] */
    void *memory;       /* the plan's, and the plan in it */
    kiss_fftr_cfg plan;
};

/* Planned into memory of ours: KISS FFT then allocates nothing itself, neither here nor, for powers
 * of two, while transforming. A plan depends on the size alone, so results are the same every
 * time. */
static int make_plan(ag_stft *s)
{
    size_t size = 0;
    kiss_fftr_alloc(s->fft, 0, NULL, &size);
    s->memory = ag_malloc_aligned(size);
    if (!s->memory) {
        return AG_ENOMEM;
    }
    s->plan = kiss_fftr_alloc(s->fft, 0, s->memory, &size);
    return s->plan ? AG_OK : ag_fail(AG_EINVAL, "no Fourier transform of %d samples", s->fft);
}

static void fill_window(float *hann, int window)
{
    double turn = 2.0 * acos(-1.0) / window;
    /* the periodic Hann window sums to window / 2; a sine's peak is a / 2 times that */
    double scale = 4.0 / window;
    for (int i = 0; i < window; i++) {
        hann[i] = (float)(scale * (0.5 - 0.5 * cos(turn * i)));
    }
}

static int check(int fft, int window, int hop)
{
    if (fft < 4 || fft > 65536 || (fft & (fft - 1)) != 0) {
        return ag_fail(AG_EINVAL, "fft = %d is not a power of two from 4 to 65536", fft);
    }
    if (window < 2 || window > fft || window % 2 != 0) {
        return ag_fail(AG_EINVAL, "window = %d is not an even number from 2 to fft = %d", window,
                       fft);
    }
    if (hop < 1 || hop > 1 << 20) {
        return ag_fail(AG_EINVAL, "hop = %d is not in 1 to %d samples", hop, 1 << 20);
    }
    return AG_OK;
}

int ag_stft_new(int fft, int window, int hop, ag_stft **out)
{
    *out = NULL;
    int err = check(fft, window, hop);
    if (err != AG_OK) {
        return err;
    }
    ag_stft *s = ag_calloc(1, sizeof *s);
    if (!s) {
        return AG_ENOMEM;
    }
    s->fft = fft;
    s->window = window;
    s->hop = hop;
    s->hann = ag_malloc_aligned((size_t)window * sizeof *s->hann);
    s->frame = ag_malloc_aligned((size_t)fft * sizeof *s->frame);
    s->bins = ag_malloc_aligned((size_t)(fft / 2 + 1) * sizeof *s->bins);
    err = s->hann && s->frame && s->bins ? make_plan(s) : AG_ENOMEM;
    if (err != AG_OK) {
        ag_stft_free(s);
        return err;
    }
    fill_window(s->hann, window);
    *out = s;
    return AG_OK;
}

void ag_stft_free(ag_stft *s)
{
    if (!s) {
        return;
    }
    ag_free(s->hann);
    ag_free(s->frame);
    ag_free(s->bins);
    ag_free(s->memory);
    ag_free(s);
}

int ag_stft_bins(const ag_stft *s)
{
    return s->fft / 2 + 1;
}

int64_t ag_stft_frames(int64_t samples, int hop)
{
    return samples <= 0 ? 0 : (samples - 1) / hop + 1;
}

/* Transform frame f of samples [count] into s->bins. The window sits in the middle of the
 * transform; what surrounds it stays zero. */
static void transform(ag_stft *s, const float *samples, int64_t count, int64_t f)
{
    int64_t begin = f * s->hop + s->hop / 2 - s->window / 2;
    int64_t from = begin < 0 ? -begin : 0;
    int64_t to = count - begin < s->window ? count - begin : s->window;
    memset(s->frame, 0, (size_t)s->fft * sizeof *s->frame);
    float *middle = s->frame + (s->fft - s->window) / 2;
    for (int64_t i = from; i < to; i++) {
        middle[i] = samples[begin + i] * s->hann[i];
    }
    kiss_fftr(s->plan, s->frame, s->bins);
}

void ag_stft_spectrum(ag_stft *s, const float *samples, int64_t count, int64_t first,
                      int64_t frames, float *spectrum)
{
    size_t row = 2 * (size_t)ag_stft_bins(s);
    for (int64_t f = 0; f < frames; f++) {
        transform(s, samples, count, first + f);
        memcpy(spectrum + (size_t)f * row, s->bins, row * sizeof *spectrum);
    }
}

void ag_stft_power(ag_stft *s, const float *samples, int64_t count, int64_t first, int64_t frames,
                   float *power)
{
    int bins = ag_stft_bins(s);
    for (int64_t f = 0; f < frames; f++) {
        transform(s, samples, count, first + f);
        for (int k = 0; k < bins; k++) {
            float re = s->bins[k].r, im = s->bins[k].i;
            power[f * bins + k] = re * re + im * im;
        }
    }
}
