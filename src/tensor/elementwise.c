/* Builders of elementwise operations and of the broadcasting between shapes. */
#include "tensor/graph.h"

ag_node vt_unary(ag_graph *g, vt_op op, ag_node x, float f0, float f1)
{
    if (!vt_typed(g, op, x, AG_F32)) {
        return AG_NONE;
    }
    vt_node n = vt_make(op, g->nodes[x].shape, x, VT_ABSENT, VT_ABSENT);
    n.f[0] = f0;
    n.f[1] = f1;
    return vt_add(g, n);
}

/* NumPy's rule: align trailing dims; equal, or one of them 1. */
static bool broadcast_shape(const ag_shape *a, const ag_shape *b, ag_shape *out)
{
    *out = a->rank >= b->rank ? *a : *b;
    for (int i = 1; i <= out->rank; i++) {
        int64_t da = i <= a->rank ? a->dim[a->rank - i] : 1;
        int64_t db = i <= b->rank ? b->dim[b->rank - i] : 1;
        if (da != db && da != 1 && db != 1) {
            return false;
        }
        out->dim[out->rank - i] = da == 1 ? db : da;
    }
    return true;
}

ag_node vt_binary_node(ag_graph *g, vt_op op, ag_node a, ag_node b)
{
    if (!vt_typed(g, op, a, AG_F32) || !vt_typed(g, op, b, AG_F32)) {
        return AG_NONE;
    }
    ag_shape out;
    if (!broadcast_shape(&g->nodes[a].shape, &g->nodes[b].shape, &out)) {
        char ta[128], tb[128];
        return vt_error(g, AG_EINVAL, "%s: shapes %s and %s do not broadcast", vt_op_name(op),
                        vt_shape_text(&g->nodes[a].shape, ta),
                        vt_shape_text(&g->nodes[b].shape, tb));
    }
    return vt_add(g, vt_make(op, out, a, b, VT_ABSENT));
}

ag_node vt_reduce_to(ag_graph *g, ag_node x, ag_shape shape)
{
    if (!vt_valid(g, x)) {
        return AG_NONE;
    }
    ag_shape from = g->nodes[x].shape;
    if (vt_same(&from, &shape)) {
        return x;
    }
    unsigned axes = 0;
    for (int i = 0; i < from.rank; i++) {
        int at = i - (from.rank - shape.rank);
        if (at < 0 || (shape.dim[at] == 1 && from.dim[i] != 1)) {
            axes |= 1u << i;
        }
    }
    return ag_reshape(g, axes ? ag_sum(g, x, axes, true) : x, shape);
}

ag_node ag_broadcast(ag_graph *g, ag_node x, ag_shape shape)
{
    if (!vt_typed(g, VT_BROADCAST, x, AG_F32)) {
        return AG_NONE;
    }
    ag_shape from = g->nodes[x].shape, out;
    if (vt_same(&from, &shape)) {
        return x;
    }
    if (shape.rank > AG_MAX_RANK || !broadcast_shape(&from, &shape, &out) ||
        !vt_same(&out, &shape)) {
        char ta[128], tb[128];
        return vt_error(g, AG_EINVAL, "broadcast: %s cannot become %s", vt_shape_text(&from, ta),
                        vt_shape_text(&shape, tb));
    }
    return vt_add(g, vt_make(VT_BROADCAST, shape, x, VT_ABSENT, VT_ABSENT));
}

ag_node ag_add(ag_graph *g, ag_node a, ag_node b)
{
    return vt_binary_node(g, VT_ADD, a, b);
}

ag_node ag_sub(ag_graph *g, ag_node a, ag_node b)
{
    return vt_binary_node(g, VT_SUB, a, b);
}

ag_node ag_mul(ag_graph *g, ag_node a, ag_node b)
{
    return vt_binary_node(g, VT_MUL, a, b);
}

ag_node ag_div(ag_graph *g, ag_node a, ag_node b)
{
    return vt_binary_node(g, VT_DIV, a, b);
}

ag_node ag_maximum(ag_graph *g, ag_node a, ag_node b)
{
    return vt_binary_node(g, VT_MAXIMUM, a, b);
}

ag_node ag_minimum(ag_graph *g, ag_node a, ag_node b)
{
    return vt_binary_node(g, VT_MINIMUM, a, b);
}

ag_node ag_greater(ag_graph *g, ag_node a, ag_node b)
{
    return vt_binary_node(g, VT_GREATER, a, b);
}

ag_node ag_affine(ag_graph *g, ag_node x, float scale, float offset)
{
    return vt_unary(g, VT_AFFINE, x, scale, offset);
}

ag_node ag_neg(ag_graph *g, ag_node x)
{
    return vt_unary(g, VT_NEG, x, 0, 0);
}

ag_node ag_square(ag_graph *g, ag_node x)
{
    return vt_unary(g, VT_SQUARE, x, 0, 0);
}

ag_node ag_sqrt(ag_graph *g, ag_node x)
{
    return vt_unary(g, VT_SQRT, x, 0, 0);
}

ag_node ag_exp(ag_graph *g, ag_node x)
{
    return vt_unary(g, VT_EXP, x, 0, 0);
}

ag_node ag_log(ag_graph *g, ag_node x)
{
    return vt_unary(g, VT_LOG, x, 0, 0);
}

ag_node ag_abs(ag_graph *g, ag_node x)
{
    return vt_unary(g, VT_ABS, x, 0, 0);
}

ag_node ag_tanh(ag_graph *g, ag_node x)
{
    return vt_unary(g, VT_TANH, x, 0, 0);
}

ag_node ag_sigmoid(ag_graph *g, ag_node x)
{
    return vt_unary(g, VT_SIGMOID, x, 0, 0);
}

ag_node ag_softplus(ag_graph *g, ag_node x)
{
    return vt_unary(g, VT_SOFTPLUS, x, 0, 0);
}

ag_node ag_relu(ag_graph *g, ag_node x)
{
    return vt_unary(g, VT_RELU, x, 0, 0);
}

ag_node ag_leaky_relu(ag_graph *g, ag_node x, float slope)
{
    return vt_unary(g, VT_LEAKY_RELU, x, slope, 0);
}

ag_node ag_clamp(ag_graph *g, ag_node x, float low, float high)
{
    return vt_unary(g, VT_CLAMP, x, low, high);
}

ag_node ag_stop_gradient(ag_graph *g, ag_node x)
{
    return vt_unary(g, VT_STOP_GRADIENT, x, 0, 0);
}

ag_node ag_where(ag_graph *g, ag_node condition, ag_node a, ag_node b)
{
    if (!vt_typed(g, VT_WHERE, condition, AG_F32) || !vt_typed(g, VT_WHERE, a, AG_F32) ||
        !vt_typed(g, VT_WHERE, b, AG_F32)) {
        return AG_NONE;
    }
    ag_shape s = g->nodes[condition].shape;
    if (!vt_same(&s, &g->nodes[a].shape) || !vt_same(&s, &g->nodes[b].shape)) {
        return vt_error(g, AG_EINVAL, "where: the three inputs must have one shape");
    }
    return vt_add(g, vt_make(VT_WHERE, s, condition, a, b));
}

ag_node ag_gated(ag_graph *g, ag_node x)
{
    if (!vt_typed(g, VT_GATED, x, AG_F32)) {
        return AG_NONE;
    }
    ag_shape s = g->nodes[x].shape;
    if (s.rank < 1 || s.dim[s.rank - 1] % 2) {
        return vt_error(g, AG_EINVAL, "gated: the last dimension must be even");
    }
    s.dim[s.rank - 1] /= 2;
    return vt_add(g, vt_make(VT_GATED, s, x, VT_ABSENT, VT_ABSENT));
}
