/* Execution: one thread's memory and bindings for a plan, and the walk through its steps. */
#include "tensor/compute.h"

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

/* ---- steps ---- */

static const void *value(const ag_exec *e, ag_node x)
{
    return e->data[e->plan->storage[x]];
}

static vt_call make_call(const ag_exec *e, const vt_step *step)
{
    const ag_plan *p = e->plan;
    vt_call c = { .p = p,
                  .data = e->data,
                  .k = e->kernels,
                  .n = vt_step_node(p, step),
                  .accumulate = step->product != AG_NONE,
                  .y = e->data[step->out] };
    c.shape = c.n->shape;
    for (int i = 0; i < c.n->inputs && !c.n->many; i++) {
        c.in_shape[i] = p->nodes[c.n->in[i]].shape;
        c.in[i] = value(e, c.n->in[i]);
    }
    return c;
}

/* Put the other summand of a fused sum (or what is copied) into the output. */
static void start_sum(const ag_exec *e, const vt_step *step)
{
    const vt_node *nodes = e->plan->nodes;
    const float *base = value(e, step->base);
    if (base != e->data[step->out]) {
        vt_spread(&nodes[step->base].shape, &nodes[step->at].shape, e->data[step->out], base);
    }
}

static int run_step(const ag_exec *e, const vt_step *step)
{
    bool fused = step->product != AG_NONE;
    if (step->base != AG_NONE) {
        start_sum(e, step);
        if (!fused) {
            return 0;
        }
    }
    vt_call c = make_call(e, step);
    if (step->conv) {
        vt_conv_run(step->conv, c.in[0], c.in[1], c.y, fused, (char *)e->scratch + step->scratch);
        return 0;
    }
    return vt_compute(&c);
}

/* ---- strips ---- */

/* Part of an operand: the rows that the strip's rows [from, to) need. */
static const float *take_rows(const vt_cut *cut, const float *x, int64_t from, int64_t to,
                              ag_shape *shape)
{
    *shape = cut->shape;
    shape->dim[0] = cut->repeat == 1 ? to - from : 1;
    return x + from / cut->repeat * cut->width;
}

/* The end of the longest part of rows [from, to) throughout which a repeated operand is one row. */
static int64_t same_rows(const vt_cut *cut, int64_t from, int64_t to)
{
    int64_t end = cut->repeat > 1 ? (from / cut->repeat + 1) * cut->repeat : to;
    return end < to ? end : to;
}

/* A product whose result has the strip's rows, plus the other summand of a fused sum. */
static void run_conv_rows(const ag_exec *e, const vt_step *step, int64_t from, int64_t to)
{
    const vt_cut *cut = &step->cuts->base;
    const float *base = step->base != AG_NONE ? value(e, step->base) : NULL;
    vt_call c = make_call(e, step);
    for (int64_t end; from < to; from = end) {
        end = same_rows(cut, from, to);
        vt_conv_run_rows(
            step->conv, from, end, c.in[0], base ? base + from / cut->repeat * cut->width : NULL,
            cut->repeat == 1 ? cut->width : 0, c.y, (char *)e->scratch + step->scratch);
    }
}

/* A product that sums over rows. */
static void add_conv_rows(const ag_exec *e, const vt_step *step, int64_t from, int64_t to)
{
    vt_call c = make_call(e, step);
    if (from == 0 && step->base != AG_NONE) {
        start_sum(e, step);
    } else if (from == 0) {
        e->kernels->fill(ag_shape_count(&c.shape), c.y, 0);
    }
    vt_conv_add_rows(step->conv, from, to, c.in[0], c.in[1], c.y);
}

/* Rows [from, to) of a sum over rows. */
static void add_rows(const vt_call *c, const vt_cuts *cuts, int64_t from, int64_t to)
{
    int64_t width = cuts->in[0].width;
    c->k->sum_columns(to - from, width, c->y + from / cuts->out.repeat * width,
                      c->in[0] + from * width, width, from % cuts->out.repeat != 0);
}

/* Rows [from, to) throughout which no operand changes its row but those that have a row for
 * each. */
static int compute_rows(const vt_call *whole, const vt_cuts *cuts, int64_t from, int64_t to)
{
    if (whole->n->op == VT_SUM) {
        add_rows(whole, cuts, from, to);
        return 0;
    }
    vt_call c = *whole;
    for (int i = 0; i < c.n->inputs; i++) {
        c.in[i] = take_rows(&cuts->in[i], whole->in[i], from, to, &c.in_shape[i]);
    }
    take_rows(&cuts->out, whole->y, from, to, &c.shape);
    c.y = whole->y + from * cuts->out.width;
    c.first = from * cuts->in[1].width;
    return vt_compute(&c);
}

static int run_rows(const ag_exec *e, const vt_step *step, int64_t from, int64_t to)
{
    if (step->conv) {
        (vt_conv_sums_rows(step->conv) ? add_conv_rows : run_conv_rows)(e, step, from, to);
        return 0;
    }
    vt_call whole = make_call(e, step);
    int status = 0;
    for (int64_t end; status == 0 && from < to; from = end) {
        end = same_rows(&step->cuts->out, from, to);
        for (int i = 0; i < whole.n->inputs; i++) {
            end = same_rows(&step->cuts->in[i], from, end);
        }
        status = compute_rows(&whole, step->cuts, from, end);
    }
    return status;
}

static int run_strip(const ag_exec *e, const vt_strip *strip)
{
    const vt_step *steps = e->plan->steps;
    for (int s = strip->first; s < strip->end; s++) {
        if (steps[s].conv) {
            const vt_node *n = vt_step_node(e->plan, &steps[s]);
            vt_conv_pack(steps[s].conv, value(e, n->in[1]), (char *)e->scratch + steps[s].scratch);
        }
    }
    int status = 0;
    for (int64_t from = 0; from < strip->rows; from += strip->height) {
        int64_t left = strip->rows - from, n = left < strip->height ? left : strip->height;
        for (int s = strip->first; status == 0 && s < strip->end; s++) {
            status = run_rows(e, &steps[s], from, from + n);
        }
    }
    return status;
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
    const ag_plan *p = e->plan;
    for (int s = 0; status == 0 && s < p->steps_count; s++) {
        if (p->steps[s].strip < 0) {
            status = run_step(e, &p->steps[s]);
        } else {
            const vt_strip *strip = &p->strips[p->steps[s].strip];
            status = run_strip(e, strip);
            s = strip->end - 1;
        }
    }
    return status;
}
