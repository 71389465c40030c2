/* What every operation does at run time: one function a kind of step. */
#include "tensor/compute.h"

static int64_t last_dim(const ag_shape *s)
{
    return s->rank ? s->dim[s->rank - 1] : 1;
}

static void run_binary(const vt_call *c)
{
    const ag_shape *a = &c->in_shape[0], *b = &c->in_shape[1], *y = &c->shape;
    int64_t sa[AG_MAX_RANK], sb[AG_MAX_RANK];
    vt_broadcast_strides(a->rank, a->dim, y->rank, y->dim, sa);
    vt_broadcast_strides(b->rank, b->dim, y->rank, y->dim, sb);
    vt_binary(c->k, (vtk_binary)(c->n->op - VT_ADD), y->rank, y->dim, c->y, c->in[0], sa, c->in[1],
              sb);
}

void vt_spread(const ag_shape *from, const ag_shape *to, float *y, const float *x)
{
    int64_t sx[AG_MAX_RANK], sy[AG_MAX_RANK];
    vt_broadcast_strides(from->rank, from->dim, to->rank, to->dim, sx);
    vt_contiguous(to->rank, to->dim, sy);
    vt_copy_strided(to->rank, to->dim, y, sy, x, sx);
}

static void run_permute(const vt_call *c)
{
    const ag_shape *x = &c->in_shape[0], *y = &c->shape;
    int64_t sx[AG_MAX_RANK], sy[AG_MAX_RANK], permuted[AG_MAX_RANK];
    vt_contiguous(x->rank, x->dim, sx);
    vt_contiguous(y->rank, y->dim, sy);
    for (int i = 0; i < y->rank; i++) {
        permuted[i] = sx[c->n->u.perm[i]];
    }
    vt_copy_strided(y->rank, y->dim, c->y, sy, c->in[0], permuted);
}

/* Slice and pad: the smaller shape, at an offset along one axis of the larger one. */
static void run_span(const vt_call *c)
{
    const ag_shape *x = &c->in_shape[0], *y = &c->shape;
    int64_t sx[AG_MAX_RANK], sy[AG_MAX_RANK];
    vt_contiguous(x->rank, x->dim, sx);
    vt_contiguous(y->rank, y->dim, sy);
    int axis = c->n->u.span.axis;
    if (c->n->op == VT_SLICE) {
        vt_copy_strided(y->rank, y->dim, c->y, sy, c->in[0] + c->n->u.span.before * sx[axis], sx);
    } else {
        c->k->fill(ag_shape_count(y), c->y, 0);
        vt_copy_strided(x->rank, x->dim, c->y + c->n->u.span.before * sy[axis], sy, c->in[0], sx);
    }
}

static void run_concat(const vt_call *c)
{
    const ag_shape *y = &c->shape;
    int64_t sx[AG_MAX_RANK], sy[AG_MAX_RANK], at = 0;
    int axis = c->n->u.span.axis;
    vt_contiguous(y->rank, y->dim, sy);
    for (int i = 0; i < c->n->inputs; i++) {
        const ag_shape *x = &c->p->nodes[c->n->many[i]].shape;
        vt_contiguous(x->rank, x->dim, sx);
        vt_copy_strided(x->rank, x->dim, c->y + at * sy[axis], sy,
                        c->data[c->p->storage[c->n->many[i]]], sx);
        at += x->dim[axis];
    }
}

static void run_matmul(const vt_call *c)
{
    const ag_shape *a = &c->in_shape[0], *b = &c->in_shape[1], *y = &c->shape;
    int r = y->rank;
    bool ta = c->n->u.matmul.ta, tb = c->n->u.matmul.tb;
    int64_t m = y->dim[r - 2], n = y->dim[r - 1], k = a->dim[ta ? r - 2 : r - 1];
    int64_t batches = ag_shape_count(y) / (m * n);
    for (int64_t i = 0; i < batches; i++) {
        vt_gemm(ta, tb, m, n, k, c->in[0] + i * m * k, a->dim[r - 1], c->in[1] + i * k * n,
                b->dim[r - 1], c->accumulate ? 1 : 0, c->y + i * m * n, n);
    }
}

static void run_pool(const vt_call *c)
{
    vt_op op = c->n->op;
    /* the picture is the input of gather and mean, the output of their adjoints */
    bool back = op == VT_POOL_SCATTER || op == VT_AVG_POOL_DATA;
    const ag_shape *x = back ? &c->shape : &c->in_shape[0];
    const ag_shape *y = back ? &c->in_shape[0] : &c->shape;
    vt_pool pool = { x->dim[0],         x->dim[1], x->dim[2], x->dim[3],       c->n->u.window.kh,
                     c->n->u.window.kw, y->dim[1], y->dim[2], c->n->u.window.p };
    const int32_t *index = (const int32_t *)c->in[1];
    if (op == VT_MAX_POOL_INDEX) {
        vt_max_pool_index(&pool, (int32_t *)c->y, c->in[0]);
    } else if (op == VT_POOL_GATHER) {
        vt_pool_gather(&pool, c->y, c->in[0], index);
    } else if (op == VT_POOL_SCATTER) {
        vt_pool_scatter(&pool, c->y, c->in[0], index);
    } else if (op == VT_AVG_POOL) {
        vt_avg_pool(&pool, c->y, c->in[0]);
    } else {
        vt_avg_pool_back(&pool, c->y, c->in[0]);
    }
}

static void run_lstm(const vt_call *c)
{
    const ag_shape *s = &c->in_shape[1];
    int64_t rows = s->dim[0], h = s->dim[1];
    if (c->n->op == VT_LSTM) {
        c->k->lstm(rows, h, c->y, c->y + h, 2 * h, c->in[0], c->in[1]);
    } else {
        c->k->lstm_grad(rows, h, c->y, c->y + 4 * h, 5 * h, c->in[0], c->in[1], c->in[2],
                        c->in[2] + h, 2 * h);
    }
}

static int bad_index(const vt_call *c, int64_t at, const int32_t *index, int64_t size)
{
    return ag_fail(AG_EINVAL, "%s: index %d at position %lld is not in 0..%lld",
                   vt_op_name(c->n->op), index[at], (long long)(c->first + at),
                   (long long)size - 1);
}

/* Operations that read an index. */
static int run_indexed(const vt_call *c)
{
    const ag_shape *x = &c->in_shape[0], *y = &c->shape;
    const int32_t *index = (const int32_t *)c->in[1];
    int64_t count = ag_shape_count(&c->in_shape[1]), size = 0, bad = -1;
    switch (c->n->op) {
    case VT_GATHER:
        size = x->dim[0];
        bad = vt_gather(count, x->dim[1], c->y, c->in[0], size, index);
        break;
    case VT_SCATTER_ADD:
        size = y->dim[0];
        bad = vt_scatter_add(count, y->dim[1], c->y, size, c->in[0], index);
        break;
    case VT_PICK:
        size = last_dim(x);
        bad = vt_pick(count, size, c->y, c->in[0], index);
        break;
    case VT_UNPICK:
        size = last_dim(y);
        bad = vt_unpick(count, size, c->y, c->in[0], index);
        break;
    case VT_CROSS_ENTROPY:
        size = last_dim(x);
        bad = c->k->cross_entropy(count, size, c->y, c->in[0], index);
        break;
    default: /* VT_CROSS_ENTROPY_GRAD */
        size = last_dim(x);
        bad = c->k->cross_entropy_grad(count, size, c->y, c->in[0], index, c->in[2]);
        break;
    }
    return bad >= 0 ? bad_index(c, bad, index, size) : 0;
}

static void run_loss(const vt_call *c)
{
    int64_t rows = ag_shape_count(&c->in_shape[1]), k = last_dim(&c->in_shape[0]) / 3;
    const float *p = c->in[0], *t = c->in[1], *dy = c->in[2];
    float low = c->n->u.loss.min_log_scale;
    int bits = c->n->u.loss.bits;
    switch (c->n->op) {
    case VT_MOL:
        c->k->mol_loss(rows, k, c->y, p, t, bits, low);
        break;
    case VT_MOL_GRAD:
        c->k->mol_loss_grad(rows, k, c->y, NULL, p, t, dy, bits, low);
        break;
    case VT_MOL_GRAD_TARGET:
        c->k->mol_loss_grad(rows, k, NULL, c->y, p, t, dy, bits, low);
        break;
    case VT_GAUSSIAN:
        c->k->gaussian_loss(rows, c->y, p, t, low);
        break;
    case VT_GAUSSIAN_GRAD:
        c->k->gaussian_loss_grad(rows, c->y, NULL, p, t, dy, low);
        break;
    default: /* VT_GAUSSIAN_GRAD_TARGET */
        c->k->gaussian_loss_grad(rows, NULL, c->y, p, t, dy, low);
        break;
    }
}

static int compute_other(const vt_call *c)
{
    const ag_shape *x = &c->in_shape[0];
    int64_t n = ag_shape_count(&c->shape), width = last_dim(&c->shape);
    switch (c->n->op) {
    case VT_WHERE:
        c->k->where(n, c->y, c->in[0], c->in[1], c->in[2]);
        return 0;
    case VT_PERMUTE:
        run_permute(c);
        return 0;
    case VT_SLICE:
    case VT_PAD:
        run_span(c);
        return 0;
    case VT_CONCAT:
        run_concat(c);
        return 0;
    case VT_BROADCAST:
        vt_spread(x, &c->shape, c->y, c->in[0]);
        return 0;
    case VT_SUM:
        vt_sum(c->k, x->rank, x->dim, c->n->u.axes, c->y, c->in[0]);
        return 0;
    case VT_MAX:
        vt_max(c->k, x->rank, x->dim, c->n->u.axes, c->y, c->in[0]);
        return 0;
    case VT_SOFTMAX:
        c->k->softmax(n / width, width, c->y, c->in[0]);
        return 0;
    case VT_LOG_SOFTMAX:
        c->k->log_softmax(n / width, width, c->y, c->in[0]);
        return 0;
    case VT_GATED:
        c->k->gated(n / width, width, c->y, c->in[0]);
        return 0;
    case VT_GATED_GRAD:
        c->k->gated_grad(n / width, width / 2, c->y, c->in[0], c->in[1]);
        return 0;
    case VT_LSTM:
    case VT_LSTM_GRAD:
        run_lstm(c);
        return 0;
    case VT_MAX_POOL_INDEX:
    case VT_POOL_GATHER:
    case VT_POOL_SCATTER:
    case VT_AVG_POOL:
    case VT_AVG_POOL_DATA:
        run_pool(c);
        return 0;
    case VT_GATHER:
    case VT_SCATTER_ADD:
    case VT_PICK:
    case VT_UNPICK:
    case VT_CROSS_ENTROPY:
    case VT_CROSS_ENTROPY_GRAD:
        return run_indexed(c);
    default:
        run_loss(c);
        return 0;
    }
}

int vt_compute(const vt_call *c)
{
    if (c->n->op == VT_MATMUL) {
        run_matmul(c);
    } else if (c->n->op >= VT_AFFINE && c->n->op <= VT_CLAMP) {
        c->k->unary[c->n->op - VT_AFFINE](ag_shape_count(&c->shape), c->y, c->in[0], c->n->f[0],
                                          c->n->f[1]);
    } else if (c->n->op >= VT_ADD && c->n->op <= VT_GREATER_EQUAL) {
        run_binary(c);
    } else {
        return compute_other(c);
    }
    return 0;
}
