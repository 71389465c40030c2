/* Builders of matrix products, the convolution family, pooling and the LSTM cell. */
#include "tensor/graph.h"

/* The plain product: both of rank 2, or the same leading dimensions. */
static ag_node product(ag_graph *g, ag_node a, ag_node b, bool ta, bool tb)
{
    ag_shape s = ag_node_shape(g, a), t = ag_node_shape(g, b);
    char x[128], y[128];
    int r = s.rank;
    bool fits = r >= 2 && t.rank == r;
    for (int i = 0; fits && i < r - 2; i++) {
        fits = s.dim[i] == t.dim[i];
    }
    if (!fits || s.dim[ta ? r - 2 : r - 1] != t.dim[tb ? r - 1 : r - 2]) {
        return vt_error(g, AG_EINVAL, "matmul: %s%s and %s%s do not fit", vt_shape_text(&s, x),
                        ta ? "^T" : "", vt_shape_text(&t, y), tb ? "^T" : "");
    }
    ag_shape out = s;
    out.dim[r - 2] = s.dim[ta ? r - 1 : r - 2];
    out.dim[r - 1] = t.dim[tb ? r - 2 : r - 1];
    vt_node n = vt_make(VT_MATMUL, out, a, b, VT_ABSENT);
    n.u.matmul.ta = ta;
    n.u.matmul.tb = tb;
    return vt_add(g, n);
}

static ag_node swap_last_two(ag_graph *g, ag_node x)
{
    int rank = ag_node_shape(g, x).rank, axes[AG_MAX_RANK];
    for (int i = 0; i < rank; i++) {
        axes[i] = i;
    }
    axes[rank - 1] = rank - 2;
    axes[rank - 2] = rank - 1;
    return ag_permute(g, x, axes);
}

ag_node ag_matmul(ag_graph *g, ag_node a, ag_node b, bool transpose_a, bool transpose_b)
{
    if (!vt_typed(g, VT_MATMUL, a, AG_F32) || !vt_typed(g, VT_MATMUL, b, AG_F32)) {
        return AG_NONE;
    }
    ag_shape s = g->nodes[a].shape, t = g->nodes[b].shape;
    if (t.rank != 2 || s.rank <= 2) {
        return product(g, a, b, transpose_a, transpose_b);
    }
    /* One matrix for all leading dimensions: a single tall product. */
    if (transpose_a) {
        a = swap_last_two(g, a);
        s = ag_node_shape(g, a);
    }
    ag_node flat = ag_reshape(g, a, AG_SHAPE(-1, s.dim[s.rank - 1]));
    ag_node y = product(g, flat, b, false, transpose_b);
    if (y == AG_NONE) {
        return AG_NONE;
    }
    s.dim[s.rank - 1] = g->nodes[y].shape.dim[1];
    return ag_reshape(g, y, s);
}

/* Fill in the zeros that mean 1 and check ranges; false after an error. */
static bool check_params(ag_graph *g, vt_op op, ag_conv_params *p)
{
    const int most = 1 << 24;
    for (int i = 0; i < 2; i++) {
        p->stride[i] = p->stride[i] ? p->stride[i] : 1;
        p->dilation[i] = p->dilation[i] ? p->dilation[i] : 1;
        if (p->stride[i] < 1 || p->stride[i] > most || p->dilation[i] < 1 ||
            p->dilation[i] > most || p->pad[i][0] < -most || p->pad[i][0] > most ||
            p->pad[i][1] < -most || p->pad[i][1] > most) {
            vt_error(g, AG_EINVAL, "%s: a stride, dilation or padding is out of range",
                     vt_op_name(op));
            return false;
        }
    }
    return true;
}

/* Windows that fit an axis, 0 if none. */
static int64_t windows(int64_t size, int64_t kernel, const ag_conv_params *p, int axis)
{
    int64_t span = size + p->pad[axis][0] + p->pad[axis][1] - (kernel - 1) * p->dilation[axis] - 1;
    return span < 0 ? 0 : span / p->stride[axis] + 1;
}

static bool rank4(ag_graph *g, vt_op op, ag_node x)
{
    if (!vt_typed(g, op, x, AG_F32)) {
        return false;
    }
    if (g->nodes[x].shape.rank != 4) {
        char t[128];
        vt_error(g, AG_EINVAL, "%s: %s must have rank 4", vt_op_name(op),
                 vt_shape_text(&g->nodes[x].shape, t));
        return false;
    }
    return true;
}

static ag_node conv_node(ag_graph *g, vt_op op, ag_shape out, ag_node a, ag_node b,
                         ag_conv_params p, int64_t kh, int64_t kw)
{
    vt_node n = vt_make(op, out, a, b, VT_ABSENT);
    n.u.window.p = p;
    n.u.window.kh = kh;
    n.u.window.kw = kw;
    return vt_add(g, n);
}

static ag_node misfit(ag_graph *g, vt_op op, ag_node a, ag_node b)
{
    char x[128], y[128];
    return vt_error(g, AG_EINVAL, "%s: %s and %s do not fit with this kernel, stride and padding",
                    vt_op_name(op), vt_shape_text(&g->nodes[a].shape, x),
                    vt_shape_text(&g->nodes[b].shape, y));
}

ag_node ag_conv2d(ag_graph *g, ag_node x, ag_node w, ag_conv_params p)
{
    if (!rank4(g, VT_CONV, x) || !rank4(g, VT_CONV, w) || !check_params(g, VT_CONV, &p)) {
        return AG_NONE;
    }
    ag_shape s = g->nodes[x].shape, k = g->nodes[w].shape;
    int64_t oh = windows(s.dim[1], k.dim[0], &p, 0), ow = windows(s.dim[2], k.dim[1], &p, 1);
    if (s.dim[3] != k.dim[2] || oh < 1 || ow < 1) {
        return misfit(g, VT_CONV, x, w);
    }
    return conv_node(g, VT_CONV, AG_SHAPE(s.dim[0], oh, ow, k.dim[3]), x, w, p, k.dim[0], k.dim[1]);
}

ag_node ag_conv2d_transposed(ag_graph *g, ag_node y, ag_node w, ag_conv_params p, int64_t h,
                             int64_t w_out)
{
    if (!rank4(g, VT_CONV_DATA, y) || !rank4(g, VT_CONV_DATA, w) ||
        !check_params(g, VT_CONV_DATA, &p)) {
        return AG_NONE;
    }
    ag_shape s = g->nodes[y].shape, k = g->nodes[w].shape;
    if (s.dim[3] != k.dim[3] || h < 1 || w_out < 1 || windows(h, k.dim[0], &p, 0) != s.dim[1] ||
        windows(w_out, k.dim[1], &p, 1) != s.dim[2]) {
        return misfit(g, VT_CONV_DATA, y, w);
    }
    ag_shape out = AG_SHAPE(s.dim[0], h, w_out, k.dim[2]);
    return conv_node(g, VT_CONV_DATA, out, y, w, p, k.dim[0], k.dim[1]);
}

ag_node ag_conv2d_filter(ag_graph *g, ag_node x, ag_node y, ag_conv_params p, int64_t kh,
                         int64_t kw)
{
    if (!rank4(g, VT_CONV_FILTER, x) || !rank4(g, VT_CONV_FILTER, y) ||
        !check_params(g, VT_CONV_FILTER, &p)) {
        return AG_NONE;
    }
    ag_shape s = g->nodes[x].shape, t = g->nodes[y].shape;
    if (s.dim[0] != t.dim[0] || kh < 1 || kw < 1 || windows(s.dim[1], kh, &p, 0) != t.dim[1] ||
        windows(s.dim[2], kw, &p, 1) != t.dim[2]) {
        return misfit(g, VT_CONV_FILTER, x, y);
    }
    return conv_node(g, VT_CONV_FILTER, AG_SHAPE(kh, kw, s.dim[3], t.dim[3]), x, y, p, kh, kw);
}

/* [A, T, C] as [A, 1, T, C] (a batch) or [K, I, O] as [1, K, I, O] (a kernel). */
static ag_node lift(ag_graph *g, ag_node x, bool kernel)
{
    if (!vt_valid(g, x)) {
        return AG_NONE;
    }
    ag_shape s = g->nodes[x].shape;
    if (s.rank != 3) {
        return vt_error(g, AG_EINVAL, "conv1d: both inputs must have rank 3");
    }
    return kernel ? ag_reshape(g, x, AG_SHAPE(1, s.dim[0], s.dim[1], s.dim[2]))
                  : ag_reshape(g, x, AG_SHAPE(s.dim[0], 1, s.dim[1], s.dim[2]));
}

static ag_node lower(ag_graph *g, ag_node y)
{
    if (!vt_valid(g, y)) {
        return AG_NONE;
    }
    ag_shape s = g->nodes[y].shape;
    return ag_reshape(g, y, AG_SHAPE(s.dim[0], s.dim[2], s.dim[3]));
}

ag_node ag_conv1d(ag_graph *g, ag_node x, ag_node w, int stride, int dilation, int before,
                  int after)
{
    ag_conv_params p = { { 1, stride }, { 1, dilation }, { { 0, 0 }, { before, after } } };
    return lower(g, ag_conv2d(g, lift(g, x, false), lift(g, w, true), p));
}

ag_node ag_conv1d_causal(ag_graph *g, ag_node x, ag_node w, int dilation)
{
    ag_shape k = ag_node_shape(g, w);
    int64_t before = k.rank == 3 ? (k.dim[0] - 1) * dilation : 0;
    if (dilation < 1 || before > (1 << 24)) {
        return vt_error(g, AG_EINVAL, "conv1d_causal: dilation %d", dilation);
    }
    return ag_conv1d(g, x, w, 1, dilation, (int)before, 0);
}

ag_node ag_conv1d_transposed(ag_graph *g, ag_node y, ag_node w, int stride, int before, int after,
                             int64_t t_out)
{
    ag_conv_params p = { { 1, stride }, { 1, 1 }, { { 0, 0 }, { before, after } } };
    return lower(g, ag_conv2d_transposed(g, lift(g, y, false), lift(g, w, true), p, 1, t_out));
}

static bool check_pool(ag_graph *g, vt_op op, ag_node x, int kh, int kw, ag_conv_params *p,
                       ag_shape *out)
{
    if (!rank4(g, op, x) || !check_params(g, op, p)) {
        return false;
    }
    p->dilation[0] = p->dilation[1] = 1;
    ag_shape s = g->nodes[x].shape;
    int k[2] = { kh, kw };
    for (int i = 0; i < 2; i++) {
        for (int side = 0; side < 2; side++) {
            if (p->pad[i][side] < 0 || p->pad[i][side] >= k[i]) {
                vt_error(g, AG_EINVAL, "%s: padding must be from 0 to below the window",
                         vt_op_name(op));
                return false;
            }
        }
    }
    *out = AG_SHAPE(s.dim[0], windows(s.dim[1], kh, p, 0), windows(s.dim[2], kw, p, 1), s.dim[3]);
    if (kh < 1 || kw < 1 || out->dim[1] < 1 || out->dim[2] < 1 ||
        s.dim[1] * s.dim[2] * s.dim[3] > INT32_MAX) {
        vt_error(g, AG_EINVAL, "%s: the window does not fit the picture", vt_op_name(op));
        return false;
    }
    return true;
}

ag_node ag_max_pool(ag_graph *g, ag_node x, int kh, int kw, ag_conv_params p)
{
    ag_shape out;
    if (!check_pool(g, VT_MAX_POOL_INDEX, x, kh, kw, &p, &out)) {
        return AG_NONE;
    }
    vt_node n = vt_make(VT_MAX_POOL_INDEX, out, x, VT_ABSENT, VT_ABSENT);
    n.dtype = AG_I32;
    n.u.window.p = p;
    n.u.window.kh = kh;
    n.u.window.kw = kw;
    ag_node index = vt_add(g, n);
    return vt_add(g, vt_make(VT_POOL_GATHER, out, x, index, VT_ABSENT));
}

ag_node ag_avg_pool(ag_graph *g, ag_node x, int kh, int kw, ag_conv_params p)
{
    ag_shape out;
    if (!check_pool(g, VT_AVG_POOL, x, kh, kw, &p, &out)) {
        return AG_NONE;
    }
    return conv_node(g, VT_AVG_POOL, out, x, VT_ABSENT, p, kh, kw);
}

void ag_lstm_cell(ag_graph *g, ag_node gates, ag_node c, ag_node *c_out, ag_node *h_out)
{
    *c_out = *h_out = AG_NONE;
    if (!vt_typed(g, VT_LSTM, gates, AG_F32) || !vt_typed(g, VT_LSTM, c, AG_F32)) {
        return;
    }
    ag_shape s = g->nodes[gates].shape, t = g->nodes[c].shape;
    if (s.rank != 2 || t.rank != 2 || s.dim[0] != t.dim[0] || s.dim[1] != 4 * t.dim[1]) {
        vt_error(g, AG_EINVAL, "lstm_cell: gates must be [batch, 4 H] and the cell [batch, H]");
        return;
    }
    int64_t h = t.dim[1];
    ag_node both = vt_add(g, vt_make(VT_LSTM, AG_SHAPE(t.dim[0], 2 * h), gates, c, VT_ABSENT));
    *c_out = ag_slice(g, both, 1, 0, h);
    *h_out = ag_slice(g, both, 1, h, h);
}
