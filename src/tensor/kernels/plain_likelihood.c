/* Likelihoods of audio samples in plain C: the mixture of logistics and the Gaussian, with
 * gradients.
 *
 * A logistic's mass in the bin [x - d, x + d] is sig(p) - sig(m) with p = (x + d - mean) / s and
 * m = (x - d - mean) / s. Subtracting two nearly equal sigmoids loses most digits at 16 bits, so
 * its logarithm is taken from the equal product sig(p) sig(-m) (1 - e^-w), w = p - m = 2 d / s. */
#include "tensor/kernels/plain.h"

#include <math.h>

/* Below this mass (ln 1e-5) the bin's mass is density times width. */
#define LOG_MASS_LIMIT (-11.512925465f)
#define HALF_LOG_2PI   0.918938533f

/* The bin of one target. */
typedef struct {
    float half;      /* d, half a bin */
    float log_width; /* ln 2d */
    float min_log_scale;
} grid;

/* One component at one target: log mass, and its derivatives by the target and by the log scale. */
typedef struct {
    float log_mass, by_target, by_log_scale;
} component;

static grid make_grid(int bits, float min_log_scale)
{
    float half = (float)(1.0 / (ldexp(1.0, bits) - 1.0));
    return (grid){ half, logf(2.0f * half), min_log_scale };
}

static float sigmoid(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

static float softplus(float x)
{
    return (x < 0.0f ? 0.0f : x) + log1pf(expf(-fabsf(x)));
}

/* Mass between p and m (w = p - m), by the product form. */
static component inside(float p, float m, float w, float inverse)
{
    float miss = sigmoid(-p), under = sigmoid(m);
    component k;
    k.log_mass = logf(-expm1f(-w)) - softplus(-p) - softplus(m);
    k.by_target = inverse * (miss - under);
    k.by_log_scale = m * under - p * miss - w / expm1f(w);
    return k;
}

static component density(const grid *g, float middle, float log_scale, float inverse)
{
    float slope = 1.0f - 2.0f * sigmoid(middle);
    component k;
    k.log_mass = middle - log_scale - 2.0f * softplus(middle) + g->log_width;
    k.by_target = inverse * slope;
    k.by_log_scale = -middle * slope - 1.0f;
    return k;
}

static component logistic(const grid *g, float target, float mean, float log_scale)
{
    float inverse = expf(-log_scale), middle = inverse * (target - mean);
    float p = middle + inverse * g->half, m = middle - inverse * g->half;
    if (target < -1.0f + g->half) {
        float miss = sigmoid(-p);
        return (component){ -softplus(-p), inverse * miss, -p * miss };
    }
    if (target > 1.0f - g->half) {
        float under = sigmoid(m);
        return (component){ -softplus(m), -inverse * under, m * under };
    }
    component k = inside(p, m, 2.0f * inverse * g->half, inverse);
    return k.log_mass > LOG_MASS_LIMIT ? k : density(g, middle, log_scale, inverse);
}

/* A running log-sum-exp. */
typedef struct {
    float max, sum;
} lse;

static void lse_add(lse *l, float v)
{
    if (v > l->max) {
        l->sum = l->sum * expf(l->max - v) + 1.0f;
        l->max = v;
    } else {
        l->sum += expf(v - l->max);
    }
}

static float lse_value(const lse *l)
{
    return l->max + logf(l->sum);
}

static component component_of(const grid *g, const float *row, int64_t k, int64_t j, float target)
{
    float log_scale = row[2 * k + j];
    if (log_scale < g->min_log_scale) {
        log_scale = g->min_log_scale;
    }
    return logistic(g, target, row[k + j], log_scale);
}

/* Log-sum-exp of the weights' logits, and of logits plus log masses. */
static void row_sums(const grid *g, const float *row, int64_t k, float target, float *weights,
                     float *joint)
{
    lse w = { -INFINITY, 0.0f }, a = { -INFINITY, 0.0f };
    for (int64_t j = 0; j < k; j++) {
        lse_add(&w, row[j]);
        lse_add(&a, row[j] + component_of(g, row, k, j, target).log_mass);
    }
    *weights = lse_value(&w);
    *joint = lse_value(&a);
}

static void mol_loss(int64_t rows, int64_t k, float *loss, const float *params, const float *target,
                     int bits, float min_log_scale)
{
    grid g = make_grid(bits, min_log_scale);
    for (int64_t r = 0; r < rows; r++) {
        float weights, joint;
        row_sums(&g, params + 3 * k * r, k, target[r], &weights, &joint);
        loss[r] = weights - joint;
    }
}

static void mol_loss_grad(int64_t rows, int64_t k, float *dparams, float *dtarget,
                          const float *params, const float *target, const float *dloss, int bits,
                          float min_log_scale)
{
    grid g = make_grid(bits, min_log_scale);
    for (int64_t r = 0; r < rows; r++) {
        const float *row = params + 3 * k * r;
        float weights, joint, by_target = 0.0f;
        row_sums(&g, row, k, target[r], &weights, &joint);
        for (int64_t j = 0; j < k; j++) {
            component c = component_of(&g, row, k, j, target[r]);
            float share = dloss[r] * expf(row[j] + c.log_mass - joint);
            by_target -= share * c.by_target;
            if (dparams) {
                float *d = dparams + 3 * k * r;
                d[j] = dloss[r] * expf(row[j] - weights) - share;
                d[k + j] = share * c.by_target;
                d[2 * k + j] = row[2 * k + j] < min_log_scale ? 0.0f : -share * c.by_log_scale;
            }
        }
        if (dtarget) {
            dtarget[r] = by_target;
        }
    }
}

static void gaussian_loss(int64_t rows, float *loss, const float *params, const float *target,
                          float min_log_scale)
{
    for (int64_t r = 0; r < rows; r++) {
        float log_scale = params[2 * r + 1] < min_log_scale ? min_log_scale : params[2 * r + 1];
        float z = (target[r] - params[2 * r]) * expf(-log_scale);
        loss[r] = 0.5f * z * z + log_scale + HALF_LOG_2PI;
    }
}

static void gaussian_loss_grad(int64_t rows, float *dparams, float *dtarget, const float *params,
                               const float *target, const float *dloss, float min_log_scale)
{
    for (int64_t r = 0; r < rows; r++) {
        bool clamped = params[2 * r + 1] < min_log_scale;
        float inverse = expf(-(clamped ? min_log_scale : params[2 * r + 1]));
        float z = (target[r] - params[2 * r]) * inverse, d = dloss[r];
        if (dtarget) {
            dtarget[r] = d * z * inverse;
        }
        if (dparams) {
            dparams[2 * r] = -d * z * inverse;
            dparams[2 * r + 1] = clamped ? 0.0f : d * (1.0f - z * z);
        }
    }
}

void vt_plain_likelihood(vt_kernels *table)
{
    table->mol_loss = mol_loss;
    table->mol_loss_grad = mol_loss_grad;
    table->gaussian_loss = gaussian_loss;
    table->gaussian_loss_grad = gaussian_loss_grad;
}
