/* What simple models reach on the same recordings, in bits a mu-law class: the bar for a WaveNet.
 */
#include "agena/wavenet.h"

#include <math.h>
#include <string.h>

enum { ORDER = 32, N = ORDER + 1 };

double ag_mulaw_entropy(const ag_speech *speech)
{
    int64_t count[AG_MULAW_CLASSES] = { 0 }, total = 0;
    for (int64_t i = 0; i < ag_speech_count(speech); i++) {
        const ag_speech_item *item = ag_speech_at(speech, i);
        for (int64_t t = 0; t < item->samples; t++) {
            count[ag_mulaw_encode((float)item->audio[t] / 32768)]++;
        }
        total += item->samples;
    }
    double bits = 0;
    for (int c = 0; c < AG_MULAW_CLASSES; c++) {
        double p = (double)count[c] / (double)total;
        bits -= count[c] ? p * log2(p) : 0;
    }
    return bits;
}

/* Levinson-Durbin: predictor a[1..ORDER] of autocorrelation r; returns the residual's energy. */
static double levinson(const double *r, double *a)
{
    double error = r[0];
    memset(a, 0, N * sizeof *a);
    for (int i = 1; i <= ORDER && error > 0; i++) {
        double k = r[i];
        for (int j = 1; j < i; j++) {
            k -= a[j] * r[i - j];
        }
        k /= error;
        double next[N];
        memcpy(next, a, sizeof next);
        next[i] = k;
        for (int j = 1; j < i; j++) {
            next[j] = a[j] - k * a[i - j];
        }
        memcpy(a, next, sizeof next);
        error *= 1 - k * k;
    }
    return error;
}

/* Amplitude at the lower edge of a class (its upper edge is the next one's lower); infinite at the
 * ends. */
static double lower_edge(int class_index)
{
    if (class_index <= 0 || class_index >= AG_MULAW_CLASSES) {
        return class_index <= 0 ? -INFINITY : INFINITY;
    }
    double f = (2.0 * class_index - 1) / 255 - 1;
    return copysign((pow(256, fabs(f)) - 1) / 255, f);
}

/* -log2 of the mass of N(0, 1) in [low, high], without cancellation in the tails. */
static double bits_between(double low, double high)
{
    if (low < 0 && high <= 0) {
        double swap = -low;
        low = -high;
        high = swap;
    }
    double p = 0.5 * (erfc(low / sqrt(2)) - erfc(high / sqrt(2)));
    return -log2(fmax(p, 1e-300));
}

static double item_bits(const ag_speech_item *item)
{
    double r[N] = { 0 }, a[N];
    for (int lag = 0; lag < N; lag++) {
        for (int64_t t = lag; t < item->samples; t++) {
            r[lag] += (double)item->audio[t] * item->audio[t - lag];
        }
    }
    r[0] = r[0] * (1 + 1e-9) + 1; /* keeps silence and pure tones solvable */
    double energy = levinson(r, a);
    double sigma = sqrt(fmax(energy, 1e-3) / (double)item->samples) / 32768, bits = 0;
    for (int64_t t = 0; t < item->samples; t++) {
        double guess = 0;
        for (int j = 1; j <= ORDER && j <= t; j++) {
            guess += a[j] * item->audio[t - j] / 32768;
        }
        int c = ag_mulaw_encode((float)item->audio[t] / 32768);
        bits += bits_between((lower_edge(c) - guess) / sigma, (lower_edge(c + 1) - guess) / sigma);
    }
    return bits;
}

double ag_linear_prediction_bits(const ag_speech *speech)
{
    double bits = 0;
    for (int64_t i = 0; i < ag_speech_count(speech); i++) {
        bits += item_bits(ag_speech_at(speech, i));
    }
    return bits / (double)ag_speech_samples(speech);
}
