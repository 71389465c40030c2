/* Log-mel features: triangular filters on Slaney's mel scale over the power spectrum. */
#include <math.h>

#include "agena/audio.h"

enum { MAX_BANDS = 1024 };

static const double break_hz = 1000.0;         /* linear below, logarithmic above */
static const double linear_step = 200.0 / 3.0; /* Hz a mel below the break */
static const double log_span = 27.0;           /* mels in which frequency grows 6.4 times */
static const float floor_energy = 1e-8F;       /* 80 dB under a full-scale sine */

struct filter {
    int first, count; /* bins */
    int offset;       /* of its weights */
};

struct ag_mel {
    ag_mel_config config;
    ag_stft *stft;
    float *power;           /* [bins] */
    struct filter *filters; /* [bands] */
    float *weights;         /* of all filters, at most two a bin */
};

static double mel_of(double hz)
{
    double m = hz / linear_step;
    return hz < break_hz ? m : break_hz / linear_step + log(hz / break_hz) * log_span / log(6.4);
}

static double hz_of(double mel)
{
    double at_break = break_hz / linear_step;
    return mel < at_break ? mel * linear_step
                          : break_hz * exp((mel - at_break) * log(6.4) / log_span);
}

/* Edge e of the filters: filter b rises from edge b to b + 1 and falls to b + 2. */
static double edge_hz(const ag_mel_config *c, int e)
{
    double low = mel_of((double)c->low), high = mel_of((double)c->high);
    return hz_of(low + (high - low) * e / (c->bands + 1));
}

ag_mel_config ag_mel_default(int rate, int hop)
{
    ag_mel_config c = { .rate = rate, .hop = hop, .bands = AG_MEL_BANDS };
    c.low = 50.0F;
    c.high = (float)rate / 2.0F;
    c.window = rate / 40 * 2; /* 50 ms, even */
    c.fft = 4;
    while (c.fft < c.window && c.fft < 65536) {
        c.fft *= 2;
    }
    /* The lowest filters are the narrowest: let two bins fall in each half. */
    double width = edge_hz(&c, 1) - edge_hz(&c, 0);
    while ((double)rate / c.fft > width / 2.0 && c.fft < 65536) {
        c.fft *= 2;
    }
    return c;
}

static int check(const ag_mel_config *c)
{
    if (c->rate < AG_AUDIO_MIN_RATE || c->rate > AG_AUDIO_MAX_RATE) {
        return ag_fail(AG_EINVAL, "rate = %d is not in %d to %d Hz", c->rate, AG_AUDIO_MIN_RATE,
                       AG_AUDIO_MAX_RATE);
    }
    if (c->bands < 1 || c->bands > MAX_BANDS) {
        return ag_fail(AG_EINVAL, "bands = %d is not in 1 to %d", c->bands, MAX_BANDS);
    }
    if (!(c->low >= 0.0F && c->low < c->high && c->high <= (float)c->rate / 2.0F)) {
        return ag_fail(AG_EINVAL, "low = %g and high = %g Hz: want 0 <= low < high <= rate / 2",
                       (double)c->low, (double)c->high);
    }
    return AG_OK;
}

/* Weight of filter b at hz. */
static double triangle(const ag_mel_config *c, int b, double hz)
{
    double left = edge_hz(c, b), peak = edge_hz(c, b + 1), right = edge_hz(c, b + 2);
    double rise = (hz - left) / (peak - left), fall = (right - hz) / (right - peak);
    double w = rise < fall ? rise : fall;
    return w > 0.0 ? w : 0.0;
}

/* Fill the filters; a filter narrower than the bins would be deaf, which is an error. */
static int fill_filters(ag_mel *m)
{
    const ag_mel_config *c = &m->config;
    double bin = (double)c->rate / c->fft;
    int offset = 0;
    for (int b = 0; b < c->bands; b++) {
        struct filter *f = m->filters + b;
        f->first = (int)floor(edge_hz(c, b) / bin) + 1;
        int end = (int)ceil(edge_hz(c, b + 2) / bin);
        f->count = end - f->first;
        f->offset = offset;
        if (f->count < 1) {
            return ag_fail(AG_EINVAL,
                           "mel filter %d of %d is narrower than a bin of %g Hz: take "
                           "a larger fft than %d or fewer bands",
                           b, c->bands, bin, c->fft);
        }
        for (int i = 0; i < f->count; i++) {
            m->weights[offset++] = (float)triangle(c, b, (f->first + i) * bin);
        }
    }
    return AG_OK;
}

static int build(ag_mel *m)
{
    const ag_mel_config *c = &m->config;
    int err = ag_stft_new(c->fft, c->window, c->hop, &m->stft);
    if (err != AG_OK) {
        return err;
    }
    size_t bins = (size_t)ag_stft_bins(m->stft);
    m->power = ag_malloc(bins * sizeof *m->power);
    m->filters = ag_calloc((size_t)c->bands, sizeof *m->filters);
    m->weights = ag_malloc(2 * bins * sizeof *m->weights);
    return m->power && m->filters && m->weights ? fill_filters(m) : AG_ENOMEM;
}

int ag_mel_new(const ag_mel_config *config, ag_mel **out)
{
    *out = NULL;
    int err = check(config);
    if (err != AG_OK) {
        return err;
    }
    ag_mel *m = ag_calloc(1, sizeof *m);
    if (!m) {
        return AG_ENOMEM;
    }
    m->config = *config;
    err = build(m);
    if (err != AG_OK) {
        ag_mel_free(m);
        return err;
    }
    *out = m;
    return AG_OK;
}

void ag_mel_free(ag_mel *m)
{
    if (!m) {
        return;
    }
    ag_stft_free(m->stft);
    ag_free(m->power);
    ag_free(m->filters);
    ag_free(m->weights);
    ag_free(m);
}

static float feature(const ag_mel *m, const struct filter *f)
{
    float energy = 0.0F;
    for (int i = 0; i < f->count; i++) {
        energy += m->weights[f->offset + i] * m->power[f->first + i];
    }
    return 1.0F + 0.25F * log10f(energy > floor_energy ? energy : floor_energy);
}

void ag_mel_compute(ag_mel *m, const float *samples, int64_t count, float *features)
{
    int64_t frames = ag_stft_frames(count, m->config.hop);
    int bands = m->config.bands;
    for (int64_t t = 0; t < frames; t++) {
        ag_stft_power(m->stft, samples, count, t, 1, m->power);
        for (int b = 0; b < bands; b++) {
            features[t * bands + b] = feature(m, m->filters + b);
        }
    }
}
