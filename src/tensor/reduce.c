/* Builders of reductions, softmax and the fused likelihood losses. */
#include "tensor/graph.h"

#include <math.h>

static ag_shape reduced(ag_shape s, unsigned axes, bool keep)
{
    ag_shape out = { 0 };
    for (int i = 0; i < s.rank; i++) {
        if (!(axes >> i & 1)) {
            out.dim[out.rank++] = s.dim[i];
        } else if (keep) {
            out.dim[out.rank++] = 1;
        }
    }
    return out;
}

ag_node ag_sum(ag_graph *g, ag_node x, unsigned axes, bool keep)
{
    if (!vt_typed(g, VT_SUM, x, AG_F32)) {
        return AG_NONE;
    }
    ag_shape s = g->nodes[x].shape;
    if (axes >> s.rank) {
        return vt_error(g, AG_EINVAL, "sum: an axis in the mask %#x is not in 0..%d", axes,
                        s.rank - 1);
    }
    if (!axes) {
        return x;
    }
    vt_node n = vt_make(VT_SUM, reduced(s, axes, keep), x, VT_ABSENT, VT_ABSENT);
    n.u.axes = axes;
    return vt_add(g, n);
}

ag_node ag_mean(ag_graph *g, ag_node x, unsigned axes, bool keep)
{
    ag_node sum = ag_sum(g, x, axes, keep);
    if (!vt_valid(g, sum)) {
        return AG_NONE;
    }
    double all = (double)ag_shape_count(&g->nodes[x].shape);
    double left = (double)ag_shape_count(&g->nodes[sum].shape);
    return ag_affine(g, sum, (float)(left / all), 0);
}

ag_node ag_sum_all(ag_graph *g, ag_node x)
{
    if (!vt_valid(g, x)) {
        return AG_NONE;
    }
    return ag_sum(g, x, (1u << g->nodes[x].shape.rank) - 1, false);
}

ag_node ag_mean_all(ag_graph *g, ag_node x)
{
    if (!vt_valid(g, x)) {
        return AG_NONE;
    }
    return ag_mean(g, x, (1u << g->nodes[x].shape.rank) - 1, false);
}

ag_node ag_max(ag_graph *g, ag_node x, int axis, bool keep)
{
    if (!vt_typed(g, VT_MAX, x, AG_F32)) {
        return AG_NONE;
    }
    ag_shape s = g->nodes[x].shape;
    if (axis < 0 || axis >= s.rank) {
        return vt_error(g, AG_EINVAL, "max: axis %d is not in 0..%d", axis, s.rank - 1);
    }
    vt_node n = vt_make(VT_MAX, reduced(s, 1u << axis, keep), x, VT_ABSENT, VT_ABSENT);
    n.u.axes = 1u << axis;
    return vt_add(g, n);
}

static ag_node rowwise(ag_graph *g, vt_op op, ag_node x)
{
    if (!vt_typed(g, op, x, AG_F32)) {
        return AG_NONE;
    }
    if (g->nodes[x].shape.rank < 1) {
        return vt_error(g, AG_EINVAL, "%s: a scalar has no last axis", vt_op_name(op));
    }
    return vt_add(g, vt_make(op, g->nodes[x].shape, x, VT_ABSENT, VT_ABSENT));
}

ag_node ag_softmax(ag_graph *g, ag_node x)
{
    return rowwise(g, VT_SOFTMAX, x);
}

ag_node ag_log_softmax(ag_graph *g, ag_node x)
{
    return rowwise(g, VT_LOG_SOFTMAX, x);
}

/* A loss of params [.., C] and target [..]: the shape [..], or rank -1 after an error. */
static ag_shape loss_shape(ag_graph *g, vt_op op, ag_node params, ag_node target, ag_dtype dtype)
{
    ag_shape bad = { .rank = -1 };
    if (!vt_typed(g, op, params, AG_F32) || !vt_typed(g, op, target, dtype)) {
        return bad;
    }
    ag_shape s = g->nodes[params].shape;
    s.rank--;
    if (s.rank < 0 || !vt_same(&s, &g->nodes[target].shape)) {
        char a[128], b[128];
        vt_error(g, AG_EINVAL, "%s: %s does not have one row for each target of %s", vt_op_name(op),
                 vt_shape_text(&g->nodes[params].shape, a),
                 vt_shape_text(&g->nodes[target].shape, b));
        return bad;
    }
    return s;
}

ag_node ag_cross_entropy(ag_graph *g, ag_node logits, ag_node target)
{
    ag_shape s = loss_shape(g, VT_CROSS_ENTROPY, logits, target, AG_I32);
    if (s.rank < 0) {
        return AG_NONE;
    }
    return vt_add(g, vt_make(VT_CROSS_ENTROPY, s, logits, target, VT_ABSENT));
}

ag_node ag_mol_loss(ag_graph *g, ag_node params, ag_node target, int bits, float min_log_scale)
{
    ag_shape s = loss_shape(g, VT_MOL, params, target, AG_F32);
    if (s.rank < 0) {
        return AG_NONE;
    }
    if (g->nodes[params].shape.dim[s.rank] % 3 || bits < 1 || bits > 24 ||
        !isfinite(min_log_scale)) {
        return vt_error(g, AG_EINVAL, "mol_loss: parameters come in threes, bits from 1 to 24");
    }
    vt_node n = vt_make(VT_MOL, s, params, target, VT_ABSENT);
    n.u.loss.bits = bits;
    n.u.loss.min_log_scale = min_log_scale;
    return vt_add(g, n);
}

ag_node ag_gaussian_loss(ag_graph *g, ag_node params, ag_node target, float min_log_scale)
{
    ag_shape s = loss_shape(g, VT_GAUSSIAN, params, target, AG_F32);
    if (s.rank < 0) {
        return AG_NONE;
    }
    if (g->nodes[params].shape.dim[s.rank] != 2 || !isfinite(min_log_scale)) {
        return vt_error(g, AG_EINVAL,
                        "gaussian_loss: the last dimension must be 2 (mean, log scale)");
    }
    vt_node n = vt_make(VT_GAUSSIAN, s, params, target, VT_ABSENT);
    n.u.loss.min_log_scale = min_log_scale;
    return vt_add(g, n);
}

/* Columns [begin, begin + length) of the last axis. */
static ag_node columns(ag_graph *g, ag_node x, int64_t begin, int64_t length)
{
    return vt_valid(g, x) ? ag_slice(g, x, g->nodes[x].shape.rank - 1, begin, length) : AG_NONE;
}

/* [..] as [.., 1]. */
static ag_node as_column(ag_graph *g, ag_node x)
{
    ag_shape s = ag_node_shape(g, x);
    if (s.rank < 0 || s.rank == AG_MAX_RANK) {
        return AG_NONE;
    }
    s.dim[s.rank++] = 1;
    return ag_reshape(g, x, s);
}

/* -ln of a discretised logistic mixture, term by term as in the header's sources; see also the
 * fused kernel. */
ag_node vt_expand_mol(ag_graph *g, ag_node params, ag_node target, int bits, float min_log_scale)
{
    int64_t k = ag_node_shape(g, params).dim[ag_node_shape(g, params).rank - 1] / 3;
    double half = 1.0 / (double)((1 << bits) - 1);
    ag_node logits = ag_log_softmax(g, columns(g, params, 0, k));
    ag_node mean = columns(g, params, k, k);
    ag_node raw = columns(g, params, 2 * k, k);
    ag_node log_scale = ag_maximum(g, raw, vt_scalar(g, min_log_scale));
    ag_node x = as_column(g, target);
    ag_node inverse = ag_exp(g, ag_neg(g, log_scale));
    ag_node centred = ag_sub(g, x, mean);
    ag_node upper = ag_mul(g, inverse, ag_affine(g, centred, 1, (float)half));
    ag_node lower = ag_mul(g, inverse, ag_affine(g, centred, 1, (float)-half));
    ag_node log_upper = ag_neg(g, ag_softplus(g, ag_neg(g, upper))); /* ln sigmoid(upper) */
    ag_node log_not_lower = ag_neg(g, ag_softplus(g, lower));        /* ln (1 - sigmoid(lower)) */
    /* The mass sig(upper) - sig(lower) as the product sig(upper) sig(-lower) (1 - e^-w), w = upper
     * - lower, and 1 - e^-w as tanh(w/2) (1 + e^-w): differences would lose most digits at 16 bits.
     */
    ag_node width = ag_affine(g, inverse, (float)(2 * half), 0);
    ag_node log_share = ag_add(g, ag_log(g, ag_tanh(g, ag_affine(g, width, 0.5f, 0))),
                               ag_softplus(g, ag_neg(g, width)));
    ag_node log_mass = ag_add(g, log_share, ag_add(g, log_upper, log_not_lower));
    ag_node middle = ag_mul(g, inverse, centred);
    /* ln of the density at the middle of the bin times its width */
    ag_node density = ag_affine(
        g, ag_sub(g, ag_sub(g, middle, log_scale), ag_affine(g, ag_softplus(g, middle), 2, 0)), 1,
        (float)log(2 * half));
    ag_shape full = ag_node_shape(g, log_mass);
    ag_node limit = vt_scalar(g, (float)log(1e-5));
    ag_node inside = ag_where(g, ag_greater(g, log_mass, limit), log_mass, density);
    ag_node at_top = ag_greater(g, x, vt_scalar(g, (float)(1 - half)));
    ag_node at_bottom = ag_greater(g, vt_scalar(g, (float)(half - 1)), x);
    ag_node lp = ag_where(g, ag_broadcast(g, at_top, full), log_not_lower, inside);
    lp = ag_where(g, ag_broadcast(g, at_bottom, full), log_upper, lp);
    lp = ag_add(g, lp, logits);
    int last = full.rank - 1;
    ag_node top = ag_stop_gradient(g, ag_max(g, lp, last, true));
    ag_node sum = ag_sum(g, ag_exp(g, ag_sub(g, lp, top)), 1u << last, true);
    ag_node nll = ag_neg(g, ag_add(g, ag_log(g, sum), top));
    return ag_reshape(g, nll, ag_node_shape(g, target));
}

ag_node vt_expand_gaussian(ag_graph *g, ag_node params, ag_node target, float min_log_scale)
{
    ag_node mean = columns(g, params, 0, 1);
    ag_node log_scale = ag_maximum(g, columns(g, params, 1, 1), vt_scalar(g, min_log_scale));
    ag_node z = ag_mul(g, ag_sub(g, as_column(g, target), mean), ag_exp(g, ag_neg(g, log_scale)));
    const float half_log_2pi = 0.918938533f;
    ag_node nll = ag_add(g, ag_affine(g, ag_square(g, z), 0.5f, half_log_2pi), log_scale);
    return ag_reshape(g, nll, ag_node_shape(g, target));
}
