/* Compilation: which nodes are needed, in which steps they run, what is fused, and who shares whose
 * buffer. */
#include "tensor/plan.h"

#include <limits.h>
#include <string.h>

/* Working state of one compilation. */
typedef struct {
    ag_plan *p;
    int *uses;      /* readers of each root, outputs included */
    int *last;      /* last step that reads each root; INT_MAX for outputs */
    ag_node *fused; /* by sum: its product; by product: the sum that absorbed it */
} compiler;

ag_node vt_root(const vt_node *nodes, ag_node x)
{
    while (nodes[x].op == VT_RESHAPE || nodes[x].op == VT_STOP_GRADIENT) {
        x = nodes[x].in[0];
    }
    return x;
}

static bool is_view(vt_op op)
{
    return op == VT_RESHAPE || op == VT_STOP_GRADIENT;
}

static bool is_leaf(vt_op op)
{
    return op == VT_INPUT || op == VT_PARAM || op == VT_CONSTANT;
}

static size_t bytes_of(const vt_node *n)
{
    return (size_t)ag_shape_count(&n->shape) * 4; /* float32 and int32 alike */
}

/* Deep copy of one needed node into the plan. */
static int copy_node(ag_plan *p, const vt_node *from, vt_node *to)
{
    *to = *from;
    if (from->name && !(to->name = ag_arena_strdup(p->arena, from->name))) {
        return AG_ENOMEM;
    }
    if (from->many) {
        to->many = ag_arena_alloc(p->arena, (size_t)from->inputs * sizeof *to->many);
        if (!to->many) {
            return AG_ENOMEM;
        }
        memcpy(to->many, from->many, (size_t)from->inputs * sizeof *to->many);
    }
    if (from->op == VT_CONSTANT) {
        float *data = ag_arena_alloc(p->arena, bytes_of(from));
        if (!data) {
            return AG_ENOMEM;
        }
        for (int64_t i = 0, n = ag_shape_count(&from->shape); i < n; i++) {
            data[i] = from->data ? from->data[i] : from->f[0];
        }
        to->data = data;
    }
    return 0;
}

/* Copy what the outputs need; the rest keeps storage -1. */
static int copy_needed(ag_plan *p, const ag_graph *g, const ag_node *outputs, int count)
{
    for (int i = 0; i < p->count; i++) {
        p->storage[i] = -1;
    }
    for (int i = 0; i < count; i++) {
        p->storage[outputs[i]] = 0;
    }
    for (int i = p->count - 1; i >= 0; i--) {
        if (p->storage[i] < 0) {
            continue;
        }
        int status = copy_node(p, &g->nodes[i], &p->nodes[i]);
        if (status < 0) {
            return status;
        }
        const ag_node *in = vt_inputs(&p->nodes[i]);
        for (int k = 0; k < p->nodes[i].inputs; k++) {
            p->storage[in[k]] = 0;
        }
    }
    return 0;
}

static void count_uses(compiler *c)
{
    ag_plan *p = c->p;
    for (int i = 0; i < p->count; i++) {
        if (p->storage[i] < 0 || is_view(p->nodes[i].op)) {
            continue;
        }
        const ag_node *in = vt_inputs(&p->nodes[i]);
        for (int k = 0; k < p->nodes[i].inputs; k++) {
            c->uses[vt_root(p->nodes, in[k])]++;
        }
    }
    for (int i = 0; i < p->outputs_count; i++) {
        c->uses[vt_root(p->nodes, p->outputs[i].node)]++;
    }
}

/* Let sums absorb a product that nobody else reads and that is not broadcast. The later operand
 * first: in sums of adjoints it is the newer one. */
static void fuse(compiler *c)
{
    ag_plan *p = c->p;
    for (int i = 0; i < p->count; i++) {
        c->fused[i] = AG_NONE;
    }
    for (int i = 0; i < p->count; i++) {
        if (p->storage[i] < 0 || p->nodes[i].op != VT_ADD) {
            continue;
        }
        for (int k = 1; k >= 0; k--) {
            ag_node r = vt_root(p->nodes, p->nodes[i].in[k]);
            if (vt_is_product(p->nodes[r].op) && c->uses[r] == 1 &&
                bytes_of(&p->nodes[r]) == bytes_of(&p->nodes[i])) {
                c->fused[i] = r;
                c->fused[r] = i;
                break;
            }
        }
    }
}

static vt_conv_spec conv_spec(const vt_node *nodes, const vt_node *n)
{
    const ag_shape *a = &nodes[n->in[0]].shape, *b = &nodes[n->in[1]].shape, *out = &n->shape;
    const ag_shape *x = n->op == VT_CONV_DATA ? out : a;
    const ag_shape *y = n->op == VT_CONV ? out : n->op == VT_CONV_DATA ? a : b;
    return (vt_conv_spec){
        .kind = n->op == VT_CONV        ? VT_CONV_FORWARD
                : n->op == VT_CONV_DATA ? VT_CONV_BACK
                                        : VT_CONV_WEIGHTS,
        .b = x->dim[0],
        .h = x->dim[1],
        .w = x->dim[2],
        .i = x->dim[3],
        .kh = n->u.window.kh,
        .kw = n->u.window.kw,
        .o = y->dim[3],
        .p = n->u.window.p,
    };
}

/* A product as a convolution, if it is one or is faster as one. */
static bool product_spec(const ag_plan *p, const vt_node *product, vt_conv_spec *spec)
{
    if (product->op != VT_MATMUL) {
        *spec = conv_spec(p->nodes, product);
        return true;
    }
    const ag_shape *a = &p->nodes[product->in[0]].shape, *y = &product->shape;
    bool ta = product->u.matmul.ta, tb = product->u.matmul.tb;
    return y->rank == 2 && vt_gemm_as_conv(ta, tb, y->dim[0], y->dim[1], a->dim[ta ? 0 : 1], spec);
}

static int add_product(ag_plan *p, vt_step *step, const vt_node *product)
{
    vt_conv_spec spec;
    if (!product_spec(p, product, &spec)) {
        const ag_shape *a = &p->nodes[product->in[0]].shape;
        int64_t k = a->dim[product->u.matmul.ta ? a->rank - 2 : a->rank - 1];
        p->flops += 2.0 * (double)ag_shape_count(&product->shape) * (double)k;
        return 0;
    }
    int status = vt_conv_new(&spec, &step->conv);
    p->flops += status < 0 ? 0 : vt_conv_flops(step->conv);
    return status;
}

static int make_steps(compiler *c)
{
    ag_plan *p = c->p;
    for (int i = 0; i < p->count; i++) {
        vt_op op = p->nodes[i].op;
        bool absorbed = p->storage[i] >= 0 && vt_is_product(op) && c->fused[i] != AG_NONE;
        if (p->storage[i] < 0 || is_view(op) || is_leaf(op) || absorbed) {
            continue;
        }
        vt_step *step = &p->steps[p->steps_count++];
        *step =
            (vt_step){ .at = i, .product = c->fused[i], .base = AG_NONE, .out = -1, .strip = -1 };
        const vt_node *product = &p->nodes[i];
        if (step->product != AG_NONE) {
            const ag_node *in = p->nodes[i].in;
            step->base = vt_root(p->nodes, in[0]) == step->product ? in[1] : in[0];
            product = &p->nodes[step->product];
        }
        int status = vt_is_product(product->op) ? add_product(p, step, product) : 0;
        if (status < 0) {
            return status;
        }
    }
    return 0;
}

/* The convolutions of a strip keep their scratch side by side. */
static void place_scratch(ag_plan *p)
{
    size_t end = 0;
    for (int s = 0; s < p->steps_count; s++) {
        vt_step *step = &p->steps[s];
        if (step->strip < 0 || s == p->strips[step->strip].first) {
            end = 0;
        }
        step->scratch = end;
        end += step->conv ? (vt_conv_scratch(step->conv) + 63) / 64 * 64 : 0;
        p->scratch = end > p->scratch ? end : p->scratch;
    }
}

/* Roots that a step reads, at most `VT_MAX_INPUTS + 1` but for concat; calls fn for each. */
typedef void (*root_fn)(compiler *c, int step, ag_node root);

static void each_input(compiler *c, int s, root_fn fn)
{
    const ag_plan *p = c->p;
    const vt_step *step = &p->steps[s];
    const vt_node *n = vt_step_node(p, step);
    const ag_node *in = vt_inputs(n);
    for (int k = 0; k < n->inputs; k++) {
        fn(c, s, vt_root(p->nodes, in[k]));
    }
    if (step->base != AG_NONE) {
        fn(c, s, vt_root(p->nodes, step->base));
    }
}

static void note_use(compiler *c, int step, ag_node root)
{
    c->last[root] = step > c->last[root] ? step : c->last[root];
}

static int new_storage(ag_plan *p, size_t bytes, int first, int last)
{
    p->storages[p->storages_count] =
        (vt_storage){ .bytes = bytes, .first = first, .last = last, .leaf = AG_NONE };
    return p->storages_count++;
}

static void store_leaves(compiler *c)
{
    ag_plan *p = c->p;
    for (int i = 0; i < p->count; i++) {
        if (p->storage[i] >= 0 && is_leaf(p->nodes[i].op)) {
            p->storage[i] = new_storage(p, bytes_of(&p->nodes[i]), 0, INT_MAX);
            vt_storage *s = &p->storages[p->storage[i]];
            s->fixed = p->nodes[i].data;
            s->leaf = p->nodes[i].op == VT_CONSTANT ? AG_NONE : i;
        }
    }
}

/* May the operation write its result over its input k? */
static bool may_overwrite(vt_op op, int k)
{
    bool elementwise = op >= VT_AFFINE && op <= VT_WHERE;
    bool rows = op == VT_SOFTMAX || op == VT_LOG_SOFTMAX || op == VT_GATED_GRAD ||
                op == VT_CROSS_ENTROPY_GRAD;
    return elementwise || (rows && k == 0);
}

/* The steps between which step s's operands and result are in use: its strip's. */
static int begin_of(const ag_plan *p, int s)
{
    return p->steps[s].strip < 0 ? s : p->strips[p->steps[s].strip].first;
}

static int end_of(const ag_plan *p, int s)
{
    return s == INT_MAX || p->steps[s].strip < 0 ? s : p->strips[p->steps[s].strip].end - 1;
}

/* Does a step of the strip of step s read rows of root r that others compute or overwrite? */
static bool strip_reads(const ag_plan *p, int s, ag_node r)
{
    bool reads = false;
    for (int i = begin_of(p, s); p->steps[s].strip >= 0 && i <= s; i++) {
        reads |= vt_reads_whole(p, &p->steps[i], r);
    }
    return reads;
}

/* Can step s take over the buffer of root r, which it reads as operand k? */
static bool takes_over(const compiler *c, int s, ag_node r, int k)
{
    const ag_plan *p = c->p;
    const vt_step *step = &p->steps[s];
    if (is_leaf(p->nodes[r].op) || c->last[r] != s ||
        bytes_of(&p->nodes[r]) != bytes_of(&p->nodes[step->at]) ||
        p->storages[p->storage[r]].last != end_of(p, s) || strip_reads(p, s, r)) {
        return false;
    }
    if (step->product == AG_NONE) {
        return may_overwrite(p->nodes[step->at].op, k);
    }
    const ag_node *in = p->nodes[step->product].in; /* the product must not read what it writes */
    return p->storage[vt_root(p->nodes, in[0])] != p->storage[r] &&
           p->storage[vt_root(p->nodes, in[1])] != p->storage[r];
}

static int overwritten(const compiler *c, int s)
{
    const ag_plan *p = c->p;
    const vt_step *step = &p->steps[s];
    if (step->product != AG_NONE) {
        ag_node r = vt_root(p->nodes, step->base);
        return takes_over(c, s, r, 0) ? p->storage[r] : -1;
    }
    const vt_node *n = &p->nodes[step->at];
    for (int k = 0; k < n->inputs && !n->many; k++) {
        ag_node r = vt_root(p->nodes, n->in[k]);
        if (takes_over(c, s, r, k)) {
            return p->storage[r];
        }
    }
    return -1;
}

static void store_results(compiler *c)
{
    ag_plan *p = c->p;
    for (int s = 0; s < p->steps_count; s++) {
        ag_node at = p->steps[s].at;
        int last = end_of(p, c->last[at] > s ? c->last[at] : s);
        int storage = overwritten(c, s);
        if (storage < 0) {
            storage = new_storage(p, bytes_of(&p->nodes[at]), begin_of(p, s), last);
        } else {
            p->storages[storage].last = last;
        }
        p->storage[at] = p->steps[s].out = storage;
    }
    for (int i = 0; i < p->count; i++) {
        if (p->storage[i] >= 0 && is_view(p->nodes[i].op)) {
            p->storage[i] = p->storage[vt_root(p->nodes, i)];
        }
    }
}

/* Every output gets a buffer of its own, so that callers can bind it: a view of a leaf or of
 * another output is copied at the end. */
static void store_outputs(compiler *c)
{
    ag_plan *p = c->p;
    for (int i = 0; i < p->outputs_count; i++) {
        vt_output *o = &p->outputs[i];
        ag_node root = vt_root(p->nodes, o->node);
        bool taken = is_leaf(p->nodes[root].op);
        for (int k = 0; k < i; k++) {
            taken |= p->outputs[k].storage == p->storage[root];
        }
        o->storage = p->storage[root];
        if (taken) {
            int s = p->steps_count++;
            o->storage = new_storage(p, bytes_of(&p->nodes[root]), s, INT_MAX);
            p->steps[s] = (vt_step){
                .at = o->node, .product = AG_NONE, .base = root, .out = o->storage, .strip = -1
            };
        }
    }
}

static int compile(compiler *c, const ag_graph *g, const ag_node *outputs, int count)
{
    ag_plan *p = c->p;
    int status = copy_needed(p, g, outputs, count);
    if (status < 0) {
        return status;
    }
    for (int i = 0; i < count; i++) {
        p->outputs[p->outputs_count++] = (vt_output){ outputs[i], -1 };
        for (int k = 0; k < p->outputs_count - 1; k++) {
            if (p->outputs[k].node == outputs[i]) {
                p->outputs_count--;
                break;
            }
        }
    }
    count_uses(c);
    fuse(c);
    status = make_steps(c);
    status = status == 0 ? vt_find_strips(p) : status;
    if (status < 0) {
        return status;
    }
    place_scratch(p);
    for (int i = 0; i < p->count; i++) {
        c->last[i] = -1;
    }
    for (int s = 0; s < p->steps_count; s++) {
        each_input(c, s, note_use);
    }
    for (int i = 0; i < p->outputs_count; i++) {
        c->last[vt_root(p->nodes, p->outputs[i].node)] = INT_MAX;
    }
    store_leaves(c);
    store_results(c);
    store_outputs(c);
    return vt_place(p->storages, p->storages_count, &p->memory);
}

static int plan_new(ag_node highest, int outputs, ag_plan **out)
{
    ag_plan *p = ag_calloc(1, sizeof *p);
    if (!p) {
        return AG_ENOMEM;
    }
    *out = p;
    int status = ag_arena_new(&p->arena);
    if (status < 0) {
        return status;
    }
    p->count = highest + 1;
    size_t most = (size_t)p->count + (size_t)outputs;
    p->nodes = ag_calloc((size_t)p->count, sizeof *p->nodes);
    p->storage = ag_malloc((size_t)p->count * sizeof *p->storage);
    p->storages = ag_calloc(most, sizeof *p->storages);
    p->steps = ag_calloc(most, sizeof *p->steps);
    p->strips = ag_calloc((size_t)p->count, sizeof *p->strips);
    p->outputs = ag_calloc((size_t)outputs, sizeof *p->outputs);
    return p->nodes && p->storage && p->storages && p->steps && p->strips && p->outputs ? 0
                                                                                        : AG_ENOMEM;
}

int ag_graph_compile(const ag_graph *g, const ag_node *outputs, int count, ag_plan **out)
{
    *out = NULL;
    int status = ag_graph_error(g);
    if (status < 0) {
        return status;
    }
    ag_node highest = AG_NONE;
    for (int i = 0; i < count; i++) {
        if (outputs[i] < 0 || outputs[i] >= g->count) {
            return ag_fail(AG_EINVAL, "ag_graph_compile: output %d is not a node of the graph", i);
        }
        highest = outputs[i] > highest ? outputs[i] : highest;
    }
    if (count < 1) {
        return ag_fail(AG_EINVAL, "ag_graph_compile: no outputs");
    }
    ag_plan *p = NULL;
    status = plan_new(highest, count, &p);
    compiler c = { .p = p };
    if (status == 0) {
        size_t n = (size_t)p->count;
        c.uses = ag_calloc(n, sizeof *c.uses);
        c.last = ag_calloc(n, sizeof *c.last);
        c.fused = ag_calloc(n, sizeof *c.fused);
        status = c.uses && c.last && c.fused ? compile(&c, g, outputs, count) : AG_ENOMEM;
    }
    ag_free(c.uses);
    ag_free(c.last);
    ag_free(c.fused);
    if (status < 0) {
        ag_plan_free(p);
        return status;
    }
    *out = p;
    return 0;
}

void ag_plan_free(ag_plan *p)
{
    if (!p) {
        return;
    }
    for (int i = 0; i < p->steps_count; i++) {
        vt_conv_free(p->steps[i].conv);
    }
    ag_arena_free(p->arena);
    ag_free(p->nodes);
    ag_free(p->storage);
    ag_free(p->storages);
    ag_free(p->steps);
    ag_free(p->strips);
    ag_free(p->outputs);
    ag_free(p);
}

size_t ag_plan_memory(const ag_plan *plan)
{
    return plan->memory + plan->scratch;
}

double ag_plan_flops(const ag_plan *plan)
{
    return plan->flops;
}
