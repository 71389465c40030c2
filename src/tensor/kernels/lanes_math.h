/* tensor/kernels/lanes_math.h: exp, log, tanh and their kin on the lanes of the including file.
 *
 * Polynomials are minimax fits of relative error: 3e-9 for exp, 5e-9 for log, so rounding decides
 * and the results are within 2 units in the last place. */
#ifndef TENSOR_LANES_MATH_H
#define TENSOR_LANES_MATH_H

/* ln 2 in two parts: the first has few digits, so that n LN2_HIGH is exact. */
#define LN2_HIGH 0.693359375f
#define LN2_LOW  (-2.121944417e-4f)
#define LOG2_E   1.442695041f

/* e^r - 1 for |r| <= ln 2 / 2. */
static inline vf expm1_core(vf r)
{
    vf p = vf_set(1.381454058e-3f);
    p = vf_fma(p, r, vf_set(8.368745446e-3f));
    p = vf_fma(p, r, vf_set(4.166838899e-2f));
    p = vf_fma(p, r, vf_set(1.666652113e-1f));
    p = vf_fma(p, r, vf_set(4.999999404e-1f));
    return vf_fma(vf_mul(r, r), p, r);
}

/* n = the whole number nearest to x / ln 2; returns x - n ln 2. */
static inline vf reduce_exp(vf x, vf *n)
{
    *n = vf_round(vf_mul(x, vf_set(LOG2_E)));
    return vf_fnma(*n, vf_set(LN2_LOW), vf_fnma(*n, vf_set(LN2_HIGH), x));
}

static inline vf vf_clamp(vf x, float low, float high)
{
    return vf_min(vf_set(high), vf_max(vf_set(low), x));
}

/* e^x for every x. */
static inline vf vf_exp(vf x)
{
    vf n, r = reduce_exp(vf_clamp(x, -104.0f, 89.0f), &n);
    return vf_scale(vf_add(expm1_core(r), vf_set(1.0f)), n);
}

/* e^x held within [1e-26, 1e26], so that products of two stay finite; NaN stays. */
static inline vf vf_exp_held(vf x)
{
    vf n, r = reduce_exp(vf_clamp(x, -60.0f, 60.0f), &n);
    vf scale = vf_pow2(n);
    return vf_fma(expm1_core(r), scale, scale);
}

/* e^x - 1 with x held within [-60, 60], accurate near 0. */
static inline vf vf_expm1_held(vf x)
{
    vf n, r = reduce_exp(vf_clamp(x, -60.0f, 60.0f), &n);
    vf scale = vf_pow2(n);
    return vf_fma(expm1_core(r), scale, vf_sub(scale, vf_set(1.0f)));
}

/* ln(1 + f) + n ln 2 for f in [-0.25, 0.5). */
static inline vf log_core(vf f, vf n)
{
    vf p = vf_set(-0.04505603015f);
    p = vf_fma(p, f, vf_set(0.1046294346f));
    p = vf_fma(p, f, vf_set(-0.131626457f));
    p = vf_fma(p, f, vf_set(0.144789055f));
    p = vf_fma(p, f, vf_set(-0.1664723307f));
    p = vf_fma(p, f, vf_set(0.1999082118f));
    p = vf_fma(p, f, vf_set(-0.2500009537f));
    p = vf_fma(p, f, vf_set(0.3333345056f));
    vf square = vf_mul(f, f);
    vf tail = vf_fma(vf_mul(square, f), p, vf_mul(n, vf_set(LN2_LOW)));
    tail = vf_fnma(square, vf_set(0.5f), tail);
    return vf_fma(n, vf_set(LN2_HIGH), vf_add(f, tail));
}

/* ln x for every x: minus infinity at 0, NaN below. */
static inline vf vf_log(vf x)
{
    vf n, f = vf_sub(vf_split(x, &n), vf_set(1.0f));
    vf y = log_core(f, n);
    /* ln of infinity is infinity and of NaN is NaN: x itself. */
    y = vf_select(vf_lt(x, vf_set(__builtin_inff())), y, x);
    vf special =
        vf_select(vf_lt(x, vf_set(0.0f)), vf_set(__builtin_nanf("")), vf_set(-__builtin_inff()));
    return vf_select(vf_gt(x, vf_set(0.0f)), y, vf_select(vf_ne(x, x), x, special));
}

/* ln(1 + z) for z in [0, 1]. */
static inline vf log1p_unit(vf z)
{
    vm upper = vf_gt(z, vf_set(0.5f));
    vf half = vf_fma(z, vf_set(0.5f), vf_set(-0.5f)); /* (1 + z) / 2 - 1 */
    return log_core(vf_select(upper, half, z), vf_keep(upper, vf_set(1.0f)));
}

static inline vf vf_softplus(vf x)
{
    return vf_add(vf_max(vf_set(0.0f), x), log1p_unit(vf_exp(vf_neg(vf_abs(x)))));
}

static inline vf vf_sigmoid(vf x)
{
    return vf_div(vf_set(1.0f), vf_add(vf_set(1.0f), vf_exp(vf_neg(x))));
}

/* With m = e^2x - 1: tanh x = m / (m + 2). Beyond 10 the quotient has rounded to 1. */
static inline vf vf_tanh(vf x)
{
    vf m = vf_expm1_held(vf_clamp(vf_add(x, x), -20.0f, 20.0f));
    return vf_div(m, vf_add(m, vf_set(2.0f)));
}

#endif
