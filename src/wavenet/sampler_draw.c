/* Drawing one audio sample from a predicted distribution: softmax, mixture of logistics or
 * Gaussian. */
#include "wavenet/sampler_draw.h"

#include <math.h>

#include "agena/audio.h"

/* ---- softmax ---- */

static int largest(const float *x, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (x[i] > x[best])
            best = i;
    return best;
}

/* The inverse of the cumulative distribution at u: first by groups, then inside one. e holds n
 * weights, group their sums. */
static int invert(const float *e, const float *group, int n, float u)
{
    float total = 0;
    for (int g = 0; g < n / WN_GROUP; g++)
        total += group[g];
    float left = u * total;
    int g = 0;
    while (g + 1 < n / WN_GROUP && left >= group[g])
        left -= group[g++];
    int last = g * WN_GROUP; /* the last class with a weight, where rounding has u overshoot */
    for (int i = g * WN_GROUP; i < (g + 1) * WN_GROUP; i++) {
        if (e[i] > 0)
            last = i;
        if (left < e[i])
            return i;
        left -= e[i];
    }
    return last;
}

static int draw_class(const wn_draw *draw, const float *logits, ag_rng *rng, float *room)
{
    if (draw->temperature == 0)
        return largest(logits, AG_MULAW_CLASSES);
    float *e = room, *group = room + AG_MULAW_CLASSES;
    draw->kernels->exp_groups(AG_MULAW_CLASSES, logits, 1.0f / draw->temperature, e, group);
    return invert(e, group, AG_MULAW_CLASSES, ag_rng_uniform(rng));
}

/* ---- mixture of logistics ---- */

typedef struct {
    int count;
    const float *weight, *mean, *log_scale;
    float min_log_scale;
} mixture;

static double log_scale_of(const mixture *m, int i)
{
    return fmax((double)m->log_scale[i], (double)m->min_log_scale);
}

static int draw_component(const mixture *m, float u)
{
    float peak = m->weight[largest(m->weight, m->count)];
    double total = 0;
    for (int i = 0; i < m->count; i++)
        total += exp((double)(m->weight[i] - peak));
    double left = (double)u * total;
    for (int i = 0; i < m->count; i++) {
        left -= exp((double)(m->weight[i] - peak));
        if (left < 0)
            return i;
    }
    return largest(m->weight, m->count);
}

/* Density of the mixture at x, up to a factor. */
static double density(const mixture *m, double x)
{
    double peak = (double)m->weight[largest(m->weight, m->count)], sum = 0;
    for (int i = 0; i < m->count; i++) {
        double log_scale = log_scale_of(m, i);
        double far = fabs(x - (double)m->mean[i]) * exp(-log_scale), e = exp(-far);
        sum += exp((double)m->weight[i] - peak - log_scale) * e / ((1 + e) * (1 + e));
    }
    return sum;
}

/* The mean of a component where the mixture is densest: the mode has no closed form, and lies at
 * one of the means unless components overlap. */
static double mode(const mixture *m)
{
    int best = 0;
    double most = -1;
    for (int i = 0; i < m->count; i++) {
        double here = density(m, (double)m->mean[i]);
        if (here > most) {
            most = here;
            best = i;
        }
    }
    return (double)m->mean[best];
}

/* The nearest of the 2^16 levels between -1 and 1 that the likelihood is defined on. */
static float nearest_level(double x)
{
    const double half = 65535 / 2.0;
    return (float)(nearbyint((fmin(fmax(x, -1), 1) + 1) * half) / half - 1);
}

static float draw_mixture(const wn_draw *draw, const float *params, ag_rng *rng)
{
    int k = draw->mixtures;
    mixture m = { k, params, params + k, params + 2 * k, draw->min_log_scale };
    if (draw->temperature == 0)
        return nearest_level(mode(&m));
    int i = draw_component(&m, ag_rng_uniform(rng));
    /* Away from 0 and 1 by half a step of the generator, where the quantile is infinite. */
    double u = (double)ag_rng_uniform(rng) + 0x1p-25;
    double quantile = log(u) - log1p(-u);
    return nearest_level((double)m.mean[i] +
                         (double)draw->temperature * exp(log_scale_of(&m, i)) * quantile);
}

static float draw_gaussian(const wn_draw *draw, const float *params, ag_rng *rng)
{
    double x = (double)params[0];
    if (draw->temperature > 0)
        x += (double)draw->temperature * exp(fmax((double)params[1], (double)draw->min_log_scale)) *
             (double)ag_rng_normal(rng);
    return (float)fmin(fmax(x, -1), 1);
}

float wn_draw_sample(const wn_draw *draw, const float *params, ag_rng *rng, float *room, int *mulaw)
{
    if (draw->output == AG_WAVENET_SOFTMAX) {
        *mulaw = draw_class(draw, params, rng, room);
        return ag_mulaw_decode(*mulaw);
    }
    float x = draw->output == AG_WAVENET_MOL ? draw_mixture(draw, params, rng)
                                             : draw_gaussian(draw, params, rng);
    *mulaw = ag_mulaw_encode(x);
    return x;
}
