/* Execution: one thread's memory and bindings for a plan, and the walk through its steps. */
#include "tensor/plan.h"

#include <string.h>

struct ag_exec {
    const ag_plan *plan;
    const vt_kernels *kernels;
    void **data; /* by storage */
    char *memory;
    void *scratch;
    bool ready; /* every leaf is known to be bound */
};

int ag_exec_new(const ag_plan *plan, ag_exec **out)
{
    *out = NULL;
    ag_exec *e = ag_calloc(1, sizeof *e);
    if (!e) {
        return AG_ENOMEM;
    }
    e->plan = plan;
    e->kernels = vt_kernels_get();
    e->data = ag_calloc((size_t)plan->storages_count + 1, sizeof *e->data);
    e->memory = ag_malloc_aligned(plan->memory + 64);
    e->scratch = ag_malloc_aligned(plan->scratch + 64);
    if (!e->data || !e->memory || !e->scratch) {
        ag_exec_free(e);
        return AG_ENOMEM;
    }
    for (int i = 0; i < plan->storages_count; i++) {
        const vt_storage *s = &plan->storages[i];
        if (s->leaf == AG_NONE) {
            /* fixed storages are only read: no step has a constant as its result */
            e->data[i] = s->fixed ? (void *)(uintptr_t)s->fixed : e->memory + s->offset;
        }
    }
    *out = e;
    return 0;
}

void ag_exec_free(ag_exec *e)
{
    if (!e) {
        return;
    }
    ag_free(e->data);
    ag_free(e->memory);
    ag_free(e->scratch);
    ag_free(e);
}

static int output_storage(const ag_plan *p, ag_node x)
{
    for (int i = 0; i < p->outputs_count; i++) {
        if (p->outputs[i].node == x) {
            return p->outputs[i].storage;
        }
    }
    return -1;
}

int ag_exec_bind(ag_exec *e, ag_node x, void *data)
{
    const ag_plan *p = e->plan;
    if (x < 0 || !data) {
        return ag_fail(AG_EINVAL, "ag_exec_bind: no such node or no buffer");
    }
    int storage = output_storage(p, x);
    if (storage >= 0) {
        e->data[storage] = data;
        return 0;
    }
    if (x >= p->count || p->storage[x] < 0) {
        return 0; /* a leaf that no output of this plan needs */
    }
    if (p->nodes[x].op != VT_INPUT && p->nodes[x].op != VT_PARAM) {
        return ag_fail(AG_EINVAL, "ag_exec_bind: node %d is neither a leaf nor an output", (int)x);
    }
    e->data[p->storage[x]] = data;
    return 0;
}

const void *ag_exec_data(const ag_exec *e, ag_node x)
{
    int storage = output_storage(e->plan, x);
    return storage < 0 ? NULL : e->data[storage];
}

/* ---- one function a kind of step
 * ------------------------------------------------------------------------- */

/* What a step's function sees. */
typedef struct {
    const ag_exec *e;
    const vt_node *nodes;
    const vt_node *n; /* the node to compute, or the fused product */
    float *y;
    const float *in[VT_MAX_INPUTS];
    const vt_kernels *k;
} call;

static const void *value(const ag_exec *e, ag_node x)
{
    return e->data[e->plan->storage[x]];
}

static const ag_shape *shape_of(const call *c, int input)
{
    return &c->nodes[vt_inputs(c->n)[input]].shape;
}

static int64_t last_dim(const ag_shape *s)
{
    return s->rank ? s->dim[s->rank - 1] : 1;
}

static void run_binary(const call *c)
{
    const ag_shape *a = shape_of(c, 0), *b = shape_of(c, 1), *y = &c->n->shape;
    int64_t sa[AG_MAX_RANK], sb[AG_MAX_RANK];
    vt_broadcast_strides(a->rank, a->dim, y->rank, y->dim, sa);
    vt_broadcast_strides(b->rank, b->dim, y->rank, y->dim, sb);
    vt_binary(c->k, (vtk_binary)(c->n->op - VT_ADD), y->rank, y->dim, c->y, c->in[0], sa, c->in[1],
              sb);
}

static void spread_to(const ag_shape *from, const ag_shape *to, float *y, const float *x)
{
    int64_t sx[AG_MAX_RANK], sy[AG_MAX_RANK];
    vt_broadcast_strides(from->rank, from->dim, to->rank, to->dim, sx);
    vt_contiguous(to->rank, to->dim, sy);
    vt_copy_strided(to->rank, to->dim, y, sy, x, sx);
}

static void run_permute(const call *c)
{
    const ag_shape *x = shape_of(c, 0), *y = &c->n->shape;
    int64_t sx[AG_MAX_RANK], sy[AG_MAX_RANK], permuted[AG_MAX_RANK];
    vt_contiguous(x->rank, x->dim, sx);
    vt_contiguous(y->rank, y->dim, sy);
    for (int i = 0; i < y->rank; i++) {
        permuted[i] = sx[c->n->u.perm[i]];
    }
    vt_copy_strided(y->rank, y->dim, c->y, sy, c->in[0], permuted);
}

/* Slice and pad: the smaller shape, at an offset along one axis of the larger one. */
static void run_span(const call *c)
{
    const ag_shape *x = shape_of(c, 0), *y = &c->n->shape;
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

static void run_concat(const call *c)
{
    const ag_shape *y = &c->n->shape;
    int64_t sx[AG_MAX_RANK], sy[AG_MAX_RANK], at = 0;
    int axis = c->n->u.span.axis;
    vt_contiguous(y->rank, y->dim, sy);
    for (int i = 0; i < c->n->inputs; i++) {
        const ag_shape *x = shape_of(c, i);
        vt_contiguous(x->rank, x->dim, sx);
        vt_copy_strided(x->rank, x->dim, c->y + at * sy[axis], sy, value(c->e, c->n->many[i]), sx);
        at += x->dim[axis];
    }
}

static void run_matmul(const call *c, bool accumulate)
{
    const ag_shape *a = shape_of(c, 0), *b = shape_of(c, 1), *y = &c->n->shape;
    int r = y->rank;
    bool ta = c->n->u.matmul.ta, tb = c->n->u.matmul.tb;
    int64_t m = y->dim[r - 2], n = y->dim[r - 1], k = a->dim[ta ? r - 2 : r - 1];
    int64_t batches = ag_shape_count(y) / (m * n);
    for (int64_t i = 0; i < batches; i++) {
        vt_gemm(ta, tb, m, n, k, c->in[0] + i * m * k, a->dim[r - 1], c->in[1] + i * k * n,
                b->dim[r - 1], accumulate ? 1 : 0, c->y + i * m * n, n);
    }
}

static void run_pool(const call *c)
{
    vt_op op = c->n->op;
    /* the picture is the input of gather and mean, the output of their adjoints */
    bool back = op == VT_POOL_SCATTER || op == VT_AVG_POOL_DATA;
    const ag_shape *x = back ? &c->n->shape : shape_of(c, 0);
    const ag_shape *y = back ? shape_of(c, 0) : &c->n->shape;
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

static void run_lstm(const call *c)
{
    const ag_shape *s = shape_of(c, 1);
    int64_t rows = s->dim[0], h = s->dim[1];
    if (c->n->op == VT_LSTM) {
        c->k->lstm(rows, h, c->y, c->y + h, 2 * h, c->in[0], c->in[1]);
    } else {
        c->k->lstm_grad(rows, h, c->y, c->y + 4 * h, 5 * h, c->in[0], c->in[1], c->in[2],
                        c->in[2] + h, 2 * h);
    }
}

static int bad_index(const call *c, int64_t at, const int32_t *index, int64_t size)
{
    return ag_fail(AG_EINVAL, "%s: index %d at position %lld is not in 0..%lld",
                   vt_op_name(c->n->op), index[at], (long long)at, (long long)size - 1);
}

/* Operations that read an index. */
static int run_indexed(const call *c)
{
    const ag_shape *x = shape_of(c, 0), *y = &c->n->shape;
    const int32_t *index = (const int32_t *)c->in[1];
    int64_t count = ag_shape_count(shape_of(c, 1)), size = 0, bad = -1;
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

static void run_loss(const call *c)
{
    int64_t rows = ag_shape_count(shape_of(c, 1)), k = last_dim(shape_of(c, 0)) / 3;
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

static int run_other(const call *c)
{
    const ag_shape *x = c->n->many ? NULL : shape_of(c, 0);
    int64_t n = ag_shape_count(&c->n->shape), width = last_dim(&c->n->shape);
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
        spread_to(x, &c->n->shape, c->y, c->in[0]);
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

static int run_step(ag_exec *e, int s)
{
    const ag_plan *p = e->plan;
    const vt_step *step = &p->steps[s];
    bool fused = step->product != AG_NONE;
    const vt_node *at = &p->nodes[step->at];
    call c = { .e = e,
               .nodes = p->nodes,
               .n = fused ? &p->nodes[step->product] : at,
               .y = e->data[step->out],
               .k = e->kernels };
    if (step->base != AG_NONE) {
        const float *base = value(e, step->base);
        if (base != c.y) {
            spread_to(&p->nodes[step->base].shape, &at->shape, c.y, base);
        }
        if (!fused) {
            return 0;
        }
    }
    for (int i = 0; i < c.n->inputs && !c.n->many; i++) {
        c.in[i] = value(e, c.n->in[i]);
    }
    if (step->conv) {
        vt_conv_run(step->conv, c.in[0], c.in[1], c.y, fused, e->scratch);
        return 0;
    }
    if (c.n->op == VT_MATMUL) {
        run_matmul(&c, fused);
    } else if (c.n->op >= VT_AFFINE && c.n->op <= VT_CLAMP) {
        c.k->unary[c.n->op - VT_AFFINE](ag_shape_count(&c.n->shape), c.y, c.in[0], c.n->f[0],
                                        c.n->f[1]);
    } else if (c.n->op >= VT_ADD && c.n->op <= VT_GREATER_EQUAL) {
        run_binary(&c);
    } else {
        return run_other(&c);
    }
    return 0;
}

static int check_bound(ag_exec *e)
{
    const ag_plan *p = e->plan;
    for (int i = 0; i < p->storages_count; i++) {
        if (!e->data[i]) {
            return ag_fail(AG_EINVAL, "ag_exec_run: the leaf %s is not bound",
                           p->nodes[p->storages[i].leaf].name);
        }
    }
    e->ready = true;
    return 0;
}

int ag_exec_run(ag_exec *e)
{
    int status = e->ready ? 0 : check_bound(e);
    for (int s = 0; status == 0 && s < e->plan->steps_count; s++) {
        status = run_step(e, s);
    }
    return status;
}
