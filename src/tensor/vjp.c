/* The vector-Jacobian product of every operation, as nodes. Fused derivative kernels serve the
 * first derivative; what differentiates them again is expanded into primitive operations. */
#include "tensor/graph.h"

#include <string.h>

static ag_node op3(ag_graph *g, vt_op op, ag_shape shape, ag_node a, ag_node b, ag_node c)
{
    return vt_add(g, vt_make(op, shape, a, b, c));
}

/* [..] as [.., 1], to meet a last axis. */
static ag_node column(ag_graph *g, ag_node x)
{
    ag_shape s = ag_node_shape(g, x);
    if (s.rank < 0) {
        return AG_NONE;
    }
    s.dim[s.rank++] = 1;
    return ag_reshape(g, x, s);
}

static ag_node last_columns(ag_graph *g, ag_node x, int64_t begin, int64_t length)
{
    return ag_slice(g, x, ag_node_shape(g, x).rank - 1, begin, length);
}

/* Derivative of a unary operation times dy; y is the operation's own output. */
static ag_node unary_vjp(ag_graph *g, const vt_node *n, ag_node y, ag_node dy)
{
    ag_node x = n->in[0];
    switch (n->op) {
    case VT_AFFINE:
        return ag_affine(g, dy, n->f[0], 0);
    case VT_NEG:
        return ag_neg(g, dy);
    case VT_SQUARE:
        return ag_mul(g, dy, ag_affine(g, x, 2, 0));
    case VT_SQRT:
        return ag_div(g, ag_affine(g, dy, 0.5f, 0), y);
    case VT_EXP:
        return ag_mul(g, dy, y);
    case VT_LOG:
        return ag_div(g, dy, x);
    case VT_ABS:
        return ag_mul(g, dy, vt_unary(g, VT_SIGN, x, 0, 0));
    case VT_TANH:
        return ag_mul(g, dy, ag_affine(g, ag_square(g, y), -1, 1));
    case VT_SIGMOID:
        return ag_mul(g, dy, ag_mul(g, y, ag_affine(g, y, -1, 1)));
    case VT_SOFTPLUS:
        return ag_mul(g, dy, ag_sigmoid(g, x));
    case VT_RELU:
        return ag_mul(g, dy, vt_unary(g, VT_STEP, x, 0, 0));
    case VT_LEAKY_RELU: {
        ag_node positive = vt_unary(g, VT_STEP, x, 0, 0);
        return ag_mul(g, dy, ag_affine(g, positive, 1 - n->f[0], n->f[0]));
    }
    case VT_CLAMP: {
        ag_node above = vt_binary_node(g, VT_GREATER_EQUAL, x, vt_scalar(g, n->f[0]));
        ag_node below = vt_binary_node(g, VT_GREATER_EQUAL, vt_scalar(g, n->f[1]), x);
        return ag_mul(g, dy, ag_mul(g, above, below));
    }
    default: /* sign, step: flat wherever they are smooth */
        return AG_NONE;
    }
}

/* Both operands' shares before the sums over what broadcasting repeated. */
static void binary_shares(ag_graph *g, const vt_node *n, ag_node dy, const bool *wanted, ag_node *d)
{
    ag_node a = n->in[0], b = n->in[1];
    switch (n->op) {
    case VT_ADD:
        d[0] = d[1] = dy;
        break;
    case VT_SUB:
        d[0] = dy;
        d[1] = wanted[1] ? ag_neg(g, dy) : AG_NONE;
        break;
    case VT_MUL:
        d[0] = wanted[0] ? ag_mul(g, dy, b) : AG_NONE;
        d[1] = wanted[1] ? ag_mul(g, dy, a) : AG_NONE;
        break;
    case VT_DIV:
        d[0] = wanted[0] ? ag_div(g, dy, b) : AG_NONE;
        d[1] = wanted[1] ? ag_neg(g, ag_div(g, ag_mul(g, dy, a), ag_square(g, b))) : AG_NONE;
        break;
    case VT_MAXIMUM:
    case VT_MINIMUM: {
        ag_node first = n->op == VT_MAXIMUM ? vt_binary_node(g, VT_GREATER_EQUAL, a, b)
                                            : vt_binary_node(g, VT_GREATER_EQUAL, b, a);
        d[0] = ag_mul(g, dy, first);
        d[1] = ag_mul(g, dy, ag_affine(g, first, -1, 1));
        break;
    }
    default: /* comparisons are flat */
        d[0] = d[1] = AG_NONE;
        break;
    }
}

static void binary_vjp(ag_graph *g, const vt_node *n, ag_node dy, const bool *wanted, ag_node *d)
{
    binary_shares(g, n, dy, wanted, d);
    for (int i = 0; i < 2; i++) {
        if (wanted[i] && d[i] != AG_NONE) {
            d[i] = vt_reduce_to(g, d[i], ag_node_shape(g, n->in[i]));
        }
    }
}

static void matmul_vjp(ag_graph *g, const vt_node *n, ag_node dy, const bool *wanted, ag_node *d)
{
    ag_node a = n->in[0], b = n->in[1];
    bool ta = n->u.matmul.ta, tb = n->u.matmul.tb;
    if (wanted[0]) {
        d[0] = ta ? ag_matmul(g, b, dy, tb, true) : ag_matmul(g, dy, b, false, !tb);
    }
    if (wanted[1]) {
        d[1] = tb ? ag_matmul(g, dy, a, true, ta) : ag_matmul(g, a, dy, !ta, false);
    }
}

/* The three convolutions are each other's adjoints. */
static void conv_vjp(ag_graph *g, const vt_node *n, ag_node dy, const bool *wanted, ag_node *d)
{
    ag_node a = n->in[0], b = n->in[1];
    ag_conv_params p = n->u.window.p;
    int64_t kh = n->u.window.kh, kw = n->u.window.kw;
    ag_shape s = ag_node_shape(g, a);
    if (n->op == VT_CONV) { /* a = x, b = w */
        d[0] = wanted[0] ? ag_conv2d_transposed(g, dy, b, p, s.dim[1], s.dim[2]) : AG_NONE;
        d[1] = wanted[1] ? ag_conv2d_filter(g, a, dy, p, kh, kw) : AG_NONE;
    } else if (n->op == VT_CONV_DATA) { /* a = y, b = w, dy is the adjoint of x */
        d[0] = wanted[0] ? ag_conv2d(g, dy, b, p) : AG_NONE;
        d[1] = wanted[1] ? ag_conv2d_filter(g, dy, a, p, kh, kw) : AG_NONE;
    } else { /* a = x, b = y, dy is the adjoint of w */
        d[0] = wanted[0] ? ag_conv2d_transposed(g, b, dy, p, s.dim[1], s.dim[2]) : AG_NONE;
        d[1] = wanted[1] ? ag_conv2d(g, a, dy, p) : AG_NONE;
    }
}

static ag_node pool_vjp(ag_graph *g, const vt_node *n, ag_node dy)
{
    ag_shape in = ag_node_shape(g, n->in[0]);
    vt_node back = vt_make(VT_POOL_SCATTER, in, dy, n->in[1], VT_ABSENT);
    if (n->op == VT_POOL_SCATTER) {
        back.op = VT_POOL_GATHER;
    } else if (n->op == VT_AVG_POOL || n->op == VT_AVG_POOL_DATA) {
        back = vt_make(n->op == VT_AVG_POOL ? VT_AVG_POOL_DATA : VT_AVG_POOL, in, dy, VT_ABSENT,
                       VT_ABSENT);
        back.u = n->u;
    }
    return vt_add(g, back);
}

static ag_node permute_vjp(ag_graph *g, const vt_node *n, ag_node dy)
{
    int inverse[AG_MAX_RANK];
    for (int i = 0; i < n->shape.rank; i++) {
        inverse[n->u.perm[i]] = i;
    }
    return ag_permute(g, dy, inverse);
}

static void concat_vjp(ag_graph *g, const vt_node *n, ag_node dy, const bool *wanted, ag_node *d)
{
    int64_t at = 0;
    for (int i = 0; i < n->inputs; i++) {
        int64_t size = ag_node_shape(g, n->many[i]).dim[n->u.span.axis];
        d[i] = wanted[i] ? ag_slice(g, dy, n->u.span.axis, at, size) : AG_NONE;
        at += size;
    }
}

/* dy, which lacks or keeps the reduced axes, over the whole of x. */
static ag_node spread(ag_graph *g, ag_node dy, ag_shape x, unsigned axes)
{
    ag_shape kept = x;
    for (int i = 0; i < x.rank; i++) {
        kept.dim[i] = axes >> i & 1 ? 1 : x.dim[i];
    }
    return ag_reshape(g, dy, kept);
}

static ag_node max_vjp(ag_graph *g, const vt_node *n, ag_node y, ag_node dy)
{
    ag_node x = n->in[0];
    ag_shape s = ag_node_shape(g, x);
    ag_node top = spread(g, y, s, n->u.axes);
    ag_node mask = vt_binary_node(g, VT_GREATER_EQUAL, x, top);
    ag_node equals = ag_sum(g, mask, n->u.axes, true);
    return ag_mul(g, mask, ag_div(g, spread(g, dy, s, n->u.axes), equals));
}

static ag_node softmax_vjp(ag_graph *g, const vt_node *n, ag_node y, ag_node dy)
{
    unsigned last = 1u << (n->shape.rank - 1);
    if (n->op == VT_SOFTMAX) {
        ag_node dot = ag_sum(g, ag_mul(g, dy, y), last, true);
        return ag_mul(g, y, ag_sub(g, dy, dot));
    }
    ag_node total = ag_sum(g, dy, last, true);
    return ag_sub(g, dy, ag_mul(g, ag_softmax(g, n->in[0]), total));
}

static void lstm_vjp(ag_graph *g, const vt_node *n, ag_node dy, ag_node *d)
{
    int64_t h = n->shape.dim[1] / 2;
    ag_node all = op3(g, VT_LSTM_GRAD, AG_SHAPE(n->shape.dim[0], 5 * h), n->in[0], n->in[1], dy);
    d[0] = ag_slice(g, all, 1, 0, 4 * h);
    d[1] = ag_slice(g, all, 1, 4 * h, h);
}

static void loss_vjp(ag_graph *g, const vt_node *n, ag_node dy, const bool *wanted, ag_node *d)
{
    vt_op to_params = n->op == VT_CROSS_ENTROPY ? VT_CROSS_ENTROPY_GRAD
                      : n->op == VT_MOL         ? VT_MOL_GRAD
                                                : VT_GAUSSIAN_GRAD;
    vt_node back = vt_make(to_params, ag_node_shape(g, n->in[0]), n->in[0], n->in[1], dy);
    back.u = n->u;
    d[0] = wanted[0] ? vt_add(g, back) : AG_NONE;
    if (wanted[1]) { /* a class index has no gradient and is never wanted */
        back.op = n->op == VT_MOL ? VT_MOL_GRAD_TARGET : VT_GAUSSIAN_GRAD_TARGET;
        back.shape = n->shape;
        d[1] = vt_add(g, back);
    }
}

/* ---- derivatives of fused derivatives, through their expansion ---- */

static ag_node expand_gated_grad(ag_graph *g, const vt_node *n)
{
    ag_node x = n->in[0], dy = n->in[1];
    int64_t c = n->shape.dim[n->shape.rank - 1] / 2;
    ag_node t = ag_tanh(g, last_columns(g, x, 0, c));
    ag_node s = ag_sigmoid(g, last_columns(g, x, c, c));
    ag_node dt = ag_mul(g, ag_mul(g, dy, s), ag_affine(g, ag_square(g, t), -1, 1));
    ag_node ds = ag_mul(g, ag_mul(g, dy, t), ag_mul(g, s, ag_affine(g, s, -1, 1)));
    return ag_concat(g, (ag_node[]){ dt, ds }, 2, n->shape.rank - 1);
}

/* The cell out of primitive operations: [B, 2H] = c', h' (Hochreiter & Schmidhuber, with forget
 * gates). */
static ag_node expand_lstm(ag_graph *g, ag_node gates, ag_node c)
{
    int64_t h = ag_node_shape(g, c).dim[1];
    ag_node i = ag_sigmoid(g, ag_slice(g, gates, 1, 0, h));
    ag_node f = ag_sigmoid(g, ag_slice(g, gates, 1, h, h));
    ag_node u = ag_tanh(g, ag_slice(g, gates, 1, 2 * h, h));
    ag_node o = ag_sigmoid(g, ag_slice(g, gates, 1, 3 * h, h));
    ag_node cell = ag_add(g, ag_mul(g, f, c), ag_mul(g, i, u));
    return ag_concat(g, (ag_node[]){ cell, ag_mul(g, o, ag_tanh(g, cell)) }, 2, 1);
}

static ag_node expand_cross_entropy_grad(ag_graph *g, const vt_node *n)
{
    ag_node logits = n->in[0], target = n->in[1], dy = n->in[2];
    ag_node all = ag_mul(g, ag_softmax(g, logits), column(g, dy));
    return ag_sub(g, all, ag_unpick(g, dy, target, n->shape.dim[n->shape.rank - 1]));
}

/* A first derivative as nodes: expand the loss (or cell), then differentiate the expansion. */
static int expand_by_backward(ag_graph *g, const vt_node *n, ag_node *expanded)
{
    ag_node first = g->count, y, d[2] = { AG_NONE, AG_NONE };
    if (n->op == VT_LSTM_GRAD) {
        y = expand_lstm(g, n->in[0], n->in[1]);
    } else if (n->op == VT_MOL_GRAD || n->op == VT_MOL_GRAD_TARGET) {
        y = vt_expand_mol(g, n->in[0], n->in[1], n->u.loss.bits, n->u.loss.min_log_scale);
    } else {
        y = vt_expand_gaussian(g, n->in[0], n->in[1], n->u.loss.min_log_scale);
    }
    int status = vt_backward(g, y, n->in[2], first, n->in, 2, d);
    if (status < 0) {
        return status;
    }
    if (n->op == VT_LSTM_GRAD) {
        *expanded = ag_concat(g, d, 2, 1);
    } else {
        bool target = n->op == VT_MOL_GRAD_TARGET || n->op == VT_GAUSSIAN_GRAD_TARGET;
        *expanded = d[target ? 1 : 0];
    }
    return ag_graph_error(g);
}

static int fused_grad_vjp(ag_graph *g, const vt_node *n, ag_node dy, ag_node *d)
{
    ag_node first = g->count, y = AG_NONE;
    int status = 0;
    if (n->op == VT_GATED_GRAD) {
        y = expand_gated_grad(g, n);
    } else if (n->op == VT_CROSS_ENTROPY_GRAD) {
        y = expand_cross_entropy_grad(g, n);
    } else {
        status = expand_by_backward(g, n, &y);
    }
    return status < 0 ? status : vt_backward(g, y, dy, first, n->in, n->inputs, d);
}

/* ---- the table ---- */

static ag_node single_vjp(ag_graph *g, const vt_node *n, ag_node at, ag_node dy)
{
    ag_shape in = ag_node_shape(g, n->in[0]);
    switch (n->op) {
    case VT_RESHAPE:
        return ag_reshape(g, dy, in);
    case VT_PERMUTE:
        return permute_vjp(g, n, dy);
    case VT_SLICE:
        return ag_pad(g, dy, n->u.span.axis, n->u.span.before, n->u.span.after);
    case VT_PAD:
        return ag_slice(g, dy, n->u.span.axis, n->u.span.before, in.dim[n->u.span.axis]);
    case VT_BROADCAST:
        return vt_reduce_to(g, dy, in);
    case VT_GATHER:
        return ag_scatter_add(g, dy, n->in[1], in.dim[0]);
    case VT_SCATTER_ADD:
        return ag_gather(g, dy, n->in[1]);
    case VT_PICK:
        return ag_unpick(g, dy, n->in[1], in.dim[in.rank - 1]);
    case VT_UNPICK:
        return ag_pick(g, dy, n->in[1]);
    case VT_SUM:
        return ag_broadcast(g, spread(g, dy, in, n->u.axes), in);
    case VT_MAX:
        return max_vjp(g, n, at, dy);
    case VT_SOFTMAX:
    case VT_LOG_SOFTMAX:
        return softmax_vjp(g, n, at, dy);
    case VT_POOL_GATHER:
    case VT_POOL_SCATTER:
    case VT_AVG_POOL:
    case VT_AVG_POOL_DATA:
        return pool_vjp(g, n, dy);
    case VT_GATED:
        return op3(g, VT_GATED_GRAD, in, n->in[0], dy, VT_ABSENT);
    default: /* leaves and indices */
        return AG_NONE;
    }
}

int vt_vjp(ag_graph *g, const vt_node *n, ag_node at, ag_node dy, const bool *wanted, ag_node *d)
{
    if (n->op >= VT_AFFINE && n->op <= VT_STOP_GRADIENT) {
        d[0] = unary_vjp(g, n, at, dy);
    } else if (n->op >= VT_ADD && n->op <= VT_GREATER_EQUAL) {
        binary_vjp(g, n, dy, wanted, d);
    } else if (n->op == VT_WHERE) {
        ag_node zero = ag_constant(g, 0, n->shape);
        d[1] = wanted[1] ? ag_where(g, n->in[0], dy, zero) : AG_NONE;
        d[2] = wanted[2] ? ag_where(g, n->in[0], zero, dy) : AG_NONE;
    } else if (n->op == VT_CONCAT) {
        concat_vjp(g, n, dy, wanted, d);
    } else if (n->op == VT_MATMUL) {
        matmul_vjp(g, n, dy, wanted, d);
    } else if (n->op >= VT_CONV && n->op <= VT_CONV_FILTER) {
        conv_vjp(g, n, dy, wanted, d);
    } else if (n->op == VT_LSTM) {
        lstm_vjp(g, n, dy, d);
    } else if (n->op == VT_CROSS_ENTROPY || n->op == VT_MOL || n->op == VT_GAUSSIAN) {
        loss_vjp(g, n, dy, wanted, d);
    } else if (n->op == VT_GATED_GRAD || n->op == VT_LSTM_GRAD || n->op == VT_CROSS_ENTROPY_GRAD ||
               n->op == VT_MOL_GRAD || n->op == VT_MOL_GRAD_TARGET || n->op == VT_GAUSSIAN_GRAD ||
               n->op == VT_GAUSSIAN_GRAD_TARGET) {
        return fused_grad_vjp(g, n, dy, d);
    } else {
        d[0] = single_vjp(g, n, at, dy);
    }
    return 0;
}
