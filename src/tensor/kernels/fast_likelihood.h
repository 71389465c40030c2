/* tensor/kernels/fast_likelihood.h: the mixture of logistics on the lanes of the including file, a
 * lane a component. The formulas are explained in plain_likelihood.c; ln 1e-5 decides between mass
 * and density. */

#define LOG_MASS_LIMIT (-11.512925465f)

/* Where the bin of a target lies: the outermost ones reach to infinity. */
typedef enum { BIN_INSIDE, BIN_LOWEST, BIN_HIGHEST } bin;

typedef struct {
    float half, log_width, min_log_scale;
} grid;

/* A vector of components at one target: log mass, and its derivatives by the target and by the log
 * scale. */
typedef struct {
    vf log_mass, by_target, by_log_scale;
} logistic;

static inline grid make_grid(int bits, float min_log_scale)
{
    float half = (float)(1.0 / (ldexp(1.0, bits) - 1.0));
    return (grid){ half, logf(2.0f * half), min_log_scale };
}

static inline bin bin_of(const grid *g, float target)
{
    return target < -1.0f + g->half  ? BIN_LOWEST
           : target > 1.0f - g->half ? BIN_HIGHEST
                                     : BIN_INSIDE;
}

static inline logistic lowest(vf p, vf inverse)
{
    vf miss = vf_sigmoid(vf_neg(p));
    return (logistic){ vf_neg(vf_softplus(vf_neg(p))), vf_mul(inverse, miss),
                       vf_neg(vf_mul(p, miss)) };
}

static inline logistic highest(vf m, vf inverse)
{
    vf under = vf_sigmoid(m);
    return (logistic){ vf_neg(vf_softplus(m)), vf_neg(vf_mul(inverse, under)), vf_mul(m, under) };
}

static inline logistic inside(vf p, vf m, vf w, vf inverse)
{
    vf miss = vf_sigmoid(vf_neg(p)), under = vf_sigmoid(m);
    vf span = vf_log(vf_neg(vf_expm1_held(vf_neg(w))));
    logistic k;
    k.log_mass = vf_sub(vf_sub(span, vf_softplus(vf_neg(p))), vf_softplus(m));
    k.by_target = vf_mul(inverse, vf_sub(miss, under));
    k.by_log_scale = vf_sub(vf_fnma(p, miss, vf_mul(m, under)), vf_div(w, vf_expm1_held(w)));
    return k;
}

static inline logistic density(const grid *g, vf middle, vf log_scale, vf inverse)
{
    vf slope = vf_fnma(vf_set(2.0f), vf_sigmoid(middle), vf_set(1.0f));
    vf base = vf_add(vf_sub(middle, log_scale), vf_set(g->log_width));
    logistic k;
    k.log_mass = vf_fnma(vf_set(2.0f), vf_softplus(middle), base);
    k.by_target = vf_mul(inverse, slope);
    k.by_log_scale = vf_fnma(middle, slope, vf_set(-1.0f));
    return k;
}

/* The components at `row` (means k further, log scales 2k further), their first lanes in `part`. */
static inline logistic components(const grid *g, const float *row, int64_t k, vm part, float target)
{
    vf log_scale = vf_max(vf_set(g->min_log_scale), vf_load_mask(row + 2 * k, part));
    vf inverse = vf_exp(vf_neg(log_scale)), half = vf_mul(inverse, vf_set(g->half));
    vf middle = vf_mul(inverse, vf_sub(vf_set(target), vf_load_mask(row + k, part)));
    vf p = vf_add(middle, half), m = vf_sub(middle, half);
    bin b = bin_of(g, target);
    if (b == BIN_LOWEST) {
        return lowest(p, inverse);
    }
    if (b == BIN_HIGHEST) {
        return highest(m, inverse);
    }
    logistic a = inside(p, m, vf_add(half, half), inverse);
    logistic d = density(g, middle, log_scale, inverse);
    vm massive = vf_gt(a.log_mass, vf_set(LOG_MASS_LIMIT));
    return (logistic){ vf_select(massive, a.log_mass, d.log_mass),
                       vf_select(massive, a.by_target, d.by_target),
                       vf_select(massive, a.by_log_scale, d.by_log_scale) };
}

/* A running log-sum-exp. */
typedef struct {
    float max, sum;
} lse;

static inline void lse_add(lse *l, vf v, vm part)
{
    v = vf_select(part, v, vf_set(-__builtin_inff()));
    float top = vf_largest(v), max = l->max > top ? l->max : top;
    l->sum = l->sum * expf(l->max - max) + vf_total(vf_exp(vf_sub(v, vf_set(max))));
    l->max = max;
}

/* Log-sum-exp of the weights' logits, and of logits plus log masses. */
static inline void mol_sums(const grid *g, const float *row, int64_t k, float target,
                            float *weights, float *joint)
{
    lse w = { -__builtin_inff(), 0.0f }, a = w;
    for (int64_t j = 0; j < k; j += LANES) {
        vm part = vm_first(k - j < LANES ? k - j : LANES);
        vf logits = vf_load_mask(row + j, part);
        lse_add(&w, logits, part);
        lse_add(&a, vf_add(logits, components(g, row + j, k, part, target).log_mass), part);
    }
    *weights = w.max + logf(w.sum);
    *joint = a.max + logf(a.sum);
}

static void fast_mol_loss(int64_t rows, int64_t k, float *loss, const float *params,
                          const float *target, int bits, float min_log_scale)
{
    grid g = make_grid(bits, min_log_scale);
    for (int64_t r = 0; r < rows; r++) {
        float weights, joint;
        mol_sums(&g, params + 3 * k * r, k, target[r], &weights, &joint);
        loss[r] = weights - joint;
    }
}

/* Gradients of one vector of components; d is NULL or where they go. Returns the lanes' part of
 * dtarget. */
static inline vf mol_back(const grid *g, const float *row, int64_t k, vm part, float target,
                          float weights, float joint, float dloss, float *d)
{
    logistic c = components(g, row, k, part, target);
    vf logits = vf_load_mask(row, part), dl = vf_set(dloss);
    vf share = vf_mul(dl, vf_exp(vf_sub(vf_add(logits, c.log_mass), vf_set(joint))));
    vf by_mean = vf_mul(share, c.by_target);
    if (d) {
        vf prior = vf_mul(dl, vf_exp(vf_sub(logits, vf_set(weights))));
        vm held = vf_lt(vf_load_mask(row + 2 * k, part), vf_set(g->min_log_scale));
        vf by_log_scale = vf_neg(vf_mul(share, c.by_log_scale));
        vf_store_mask(d, part, vf_sub(prior, share));
        vf_store_mask(d + k, part, by_mean);
        vf_store_mask(d + 2 * k, part, vf_select(held, vf_set(0.0f), by_log_scale));
    }
    return vf_neg(vf_keep(part, by_mean));
}

static void fast_mol_loss_grad(int64_t rows, int64_t k, float *dparams, float *dtarget,
                               const float *params, const float *target, const float *dloss,
                               int bits, float min_log_scale)
{
    grid g = make_grid(bits, min_log_scale);
    for (int64_t r = 0; r < rows; r++) {
        const float *row = params + 3 * k * r;
        float weights, joint;
        vf by_target = vf_set(0.0f);
        mol_sums(&g, row, k, target[r], &weights, &joint);
        for (int64_t j = 0; j < k; j += LANES) {
            vm part = vm_first(k - j < LANES ? k - j : LANES);
            float *d = dparams ? dparams + 3 * k * r + j : NULL;
            by_target = vf_add(
                by_target, mol_back(&g, row + j, k, part, target[r], weights, joint, dloss[r], d));
        }
        if (dtarget) {
            dtarget[r] = vf_total(by_target);
        }
    }
}

static void fast_likelihood(vt_kernels *table)
{
    table->mol_loss = fast_mol_loss;
    table->mol_loss_grad = fast_mol_loss_grad;
}
