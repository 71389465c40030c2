/* Strips: steps that are computed a few hundred rows at a time, one after the other, so that what
 * passes between them stays in the second-level cache.
 *
 * A row is an element of the leading axes: a sample of a series, say. A step can be in a strip when
 * a row of its result depends on that row of its operands alone, or when it sums over rows; what it
 * reads beyond that (the series under a dilated convolution, weights) was complete before the
 * strip. */
#include "tensor/plan.h"

#include <string.h>

/* What a strip's rows may take, about half of a second-level cache, the rest is for weights; the
 * least height; and whole tiles of the kernels. */
enum { STRIP_BYTES = 512 * 1024, LEAST_ROWS = 96, TILES = 24 };

/* ---- cutting operands ---- */

/* How many leading axes hold `rows` elements, or -1. */
static int row_axes(const ag_shape *s, int64_t rows)
{
    int64_t count = 1;
    for (int i = 0; i < s->rank; i++) {
        count *= s->dim[i];
        if (count == rows) {
            return i + 1;
        }
    }
    return -1;
}

/* An operand of axes `s` whose rows are the axes before `axis`. */
static vt_cut make_cut(const ag_shape *s, int axis, int64_t repeat)
{
    vt_cut cut = { .repeat = repeat, .width = 1, .shape = { .rank = 1 } };
    for (int i = axis; i < s->rank; i++) {
        cut.width *= s->dim[i];
        cut.shape.dim[cut.shape.rank++] = s->dim[i];
    }
    return cut;
}

/* An operand that has the strip's rows. */
static bool cut_rows(const ag_shape *s, int64_t rows, vt_cut *cut)
{
    int axes = row_axes(s, rows);
    if (axes < 0) {
        return false;
    }
    *cut = make_cut(s, axes, 1);
    return true;
}

/* An operand that broadcasts to `result`: its rows are those of the strip, or each is repeated for
 * a run of them. */
static bool cut_broadcast(const ag_shape *result, int64_t rows, const ag_shape *s, vt_cut *cut)
{
    int axes = row_axes(result, rows), missing = result->rank - s->rank;
    if (axes < 0) {
        return false;
    }
    ag_shape full = *result;
    int64_t repeat = 1;
    bool varies = false;
    for (int i = result->rank - 1; i >= 0; i--) {
        full.dim[i] = i < missing ? 1 : s->dim[i - missing];
        if (i >= axes || full.dim[i] == result->dim[i]) {
            varies |= i < axes && full.dim[i] > 1;
        } else if (varies) {
            return false; /* a block of rows repeats */
        } else {
            repeat *= result->dim[i];
        }
    }
    *cut = make_cut(&full, axes, repeat);
    return true;
}

/* ---- cutting steps ---- */

static const ag_shape *input_shape(const ag_plan *p, const vt_node *n, int k)
{
    return &p->nodes[n->in[k]].shape;
}

static bool cut_elementwise(const ag_plan *p, const vt_node *n, int64_t rows, vt_cuts *c)
{
    bool fits = cut_rows(&n->shape, rows, &c->out);
    for (int k = 0; fits && k < n->inputs; k++) {
        fits = cut_broadcast(&n->shape, rows, input_shape(p, n, k), &c->in[k]);
    }
    return fits;
}

/* Operations along the last axis, which is then no part of the rows. */
static bool cut_last_axis(const ag_plan *p, const vt_node *n, int64_t rows, vt_cuts *c)
{
    bool fits = cut_rows(&n->shape, rows, &c->out);
    for (int k = 0; fits && k < n->inputs; k++) {
        fits = cut_rows(input_shape(p, n, k), rows, &c->in[k]);
    }
    return fits && c->in[0].shape.rank > 1;
}

/* A sum over rows: its result is to its input what a broadcast operand is to the result. */
static bool cut_sum(const ag_plan *p, const vt_node *n, int64_t rows, vt_cuts *c)
{
    const ag_shape *x = input_shape(p, n, 0);
    ag_shape kept = *x;
    int axes = row_axes(x, rows);
    for (int i = 0; i < x->rank; i++) {
        bool summed = n->u.axes >> i & 1u;
        kept.dim[i] = summed ? 1 : x->dim[i];
        if (summed && i >= axes && x->dim[i] > 1) {
            return false;
        }
    }
    return cut_rows(x, rows, &c->in[0]) && cut_broadcast(x, rows, &kept, &c->out) &&
           c->out.repeat > 1;
}

static bool cut_conv(const ag_plan *p, const vt_step *step, const vt_node *n, int64_t rows,
                     vt_cuts *c)
{
    const ag_shape *out = &p->nodes[step->at].shape;
    if (vt_conv_rows(step->conv) != rows) {
        return false;
    }
    c->in[0].repeat = vt_conv_is_pointwise(step->conv);
    c->in[0].width = ag_shape_count(input_shape(p, n, 0)) / rows;
    if (vt_conv_sums_rows(step->conv)) {
        c->in[1] = (vt_cut){ .repeat = 1, .width = ag_shape_count(input_shape(p, n, 1)) / rows };
        c->out.repeat = rows;
        return true;
    }
    return cut_rows(out, rows, &c->out) &&
           (step->base == AG_NONE ||
            (cut_broadcast(out, rows, &p->nodes[step->base].shape, &c->base) &&
             c->base.width == c->out.width));
}

static bool cut_step(const ag_plan *p, const vt_step *step, int64_t rows, vt_cuts *c)
{
    const vt_node *n = vt_step_node(p, step);
    memset(c, 0, sizeof *c);
    if (step->conv) {
        return cut_conv(p, step, n, rows, c);
    }
    if (step->base != AG_NONE) {
        return false;
    }
    switch (n->op) {
    case VT_SUM:
        return cut_sum(p, n, rows, c);
    case VT_GATED:
    case VT_GATED_GRAD:
    case VT_SOFTMAX:
    case VT_LOG_SOFTMAX:
    case VT_CROSS_ENTROPY:
    case VT_CROSS_ENTROPY_GRAD:
    case VT_MOL:
    case VT_MOL_GRAD:
    case VT_MOL_GRAD_TARGET:
    case VT_GAUSSIAN:
    case VT_GAUSSIAN_GRAD:
    case VT_GAUSSIAN_GRAD_TARGET:
        return cut_last_axis(p, n, rows, c);
    default:
        return ((n->op >= VT_AFFINE && n->op <= VT_WHERE) || n->op == VT_BROADCAST) &&
               cut_elementwise(p, n, rows, c);
    }
}

/* ---- finding strips ---- */

typedef struct {
    ag_plan *p;
    int *made;         /* by node: the step that computes it, or -1 */
    int *seen;         /* by node: the last strip opened that has its rows, counted from 1 */
    int opened;        /* strips so far, those given up included */
    vt_strip strip;    /* the open one; no steps: none */
    int64_t row_bytes; /* of all the nodes that it has rows of */
} finder;

/* An operand from within the strip must be cut as it is made: row by row. */
static bool is_ready(const finder *f, ag_node x, const vt_cut *cut)
{
    int made = f->made[vt_root(f->p->nodes, x)];
    return made < f->strip.first || (cut->repeat == 1 && f->p->steps[made].cuts->out.repeat == 1);
}

static int64_t new_bytes(const finder *f, ag_node x, const vt_cut *cut)
{
    ag_node root = vt_root(f->p->nodes, x);
    return cut->repeat <= 1 && f->seen[root] != f->opened ? cut->width * 4 : 0;
}

static void note_seen(finder *f, ag_node x, const vt_cut *cut)
{
    if (cut->repeat <= 1) {
        f->seen[vt_root(f->p->nodes, x)] = f->opened;
    }
}

/* Whether the step can go on the open strip, and how many bytes a row grows by. */
static bool fits(const finder *f, int s, vt_cuts *c, int64_t *bytes)
{
    const vt_step *step = &f->p->steps[s];
    const vt_node *n = vt_step_node(f->p, step);
    if (!cut_step(f->p, step, f->strip.rows, c)) {
        return false;
    }
    *bytes = new_bytes(f, step->at, &c->out);
    for (int k = 0; k < n->inputs; k++) {
        *bytes += new_bytes(f, n->in[k], &c->in[k]);
        if (!is_ready(f, n->in[k], &c->in[k])) {
            return false;
        }
    }
    return (step->base == AG_NONE || is_ready(f, step->base, &c->base)) &&
           f->row_bytes + *bytes <= STRIP_BYTES / LEAST_ROWS;
}

static int join(finder *f, int s, const vt_cuts *cuts, int64_t bytes)
{
    vt_step *step = &f->p->steps[s];
    const vt_node *n = vt_step_node(f->p, step);
    step->cuts = ag_arena_alloc(f->p->arena, sizeof *step->cuts);
    if (!step->cuts) {
        return AG_ENOMEM;
    }
    *step->cuts = *cuts;
    note_seen(f, step->at, &cuts->out);
    for (int k = 0; k < n->inputs; k++) {
        note_seen(f, n->in[k], &cuts->in[k]);
    }
    step->strip = f->p->strips_count;
    f->strip.end = s + 1;
    f->row_bytes += bytes;
    return 0;
}

/* Strips of equal heights, or none where nothing is gained. */
static void close_strip(finder *f)
{
    ag_plan *p = f->p;
    vt_strip *strip = &f->strip;
    if (strip->end == strip->first) {
        return;
    }
    int64_t most = STRIP_BYTES / f->row_bytes;
    int64_t pieces = (strip->rows + most - 1) / most;
    int64_t height = (strip->rows + pieces - 1) / pieces;
    strip->height = (height + TILES - 1) / TILES * TILES;
    if (strip->end - strip->first > 1 && strip->height < strip->rows) {
        p->strips[p->strips_count++] = *strip;
    } else {
        for (int s = strip->first; s < strip->end; s++) {
            p->steps[s].strip = -1;
        }
    }
    strip->first = strip->end = p->steps_count;
}

/* A step's rows if it is the first of a strip. */
static int64_t own_rows(const ag_plan *p, const vt_step *step)
{
    const ag_shape *s = &p->nodes[step->at].shape;
    return step->conv    ? vt_conv_rows(step->conv)
           : s->rank > 1 ? ag_shape_count(s) / s->dim[s->rank - 1]
                         : 0;
}

static int find(finder *f)
{
    vt_cuts cuts;
    int64_t bytes;
    int status = 0;
    for (int s = 0; status == 0 && s < f->p->steps_count; s++) {
        if (f->strip.end == s && f->strip.end > f->strip.first && fits(f, s, &cuts, &bytes)) {
            status = join(f, s, &cuts, bytes);
            continue;
        }
        close_strip(f);
        f->strip = (vt_strip){ .first = s, .end = s, .rows = own_rows(f->p, &f->p->steps[s]) };
        f->row_bytes = 0;
        f->opened++;
        if (f->strip.rows > LEAST_ROWS && fits(f, s, &cuts, &bytes)) {
            status = join(f, s, &cuts, bytes);
        }
    }
    close_strip(f);
    return status;
}

int vt_find_strips(ag_plan *p)
{
    size_t nodes = (size_t)p->count;
    finder f = { .p = p, .strip = { .first = p->steps_count, .end = p->steps_count } };
    f.made = ag_malloc(nodes * sizeof *f.made);
    f.seen = ag_calloc(nodes, sizeof *f.seen);
    int status = f.made && f.seen ? 0 : AG_ENOMEM;
    for (int i = 0; status == 0 && i < p->count; i++) {
        f.made[i] = -1;
    }
    for (int s = 0; status == 0 && s < p->steps_count; s++) {
        p->steps[s].strip = -1;
        f.made[p->steps[s].at] = s;
    }
    status = status == 0 ? find(&f) : status;
    ag_free(f.made);
    ag_free(f.seen);
    return status;
}

bool vt_reads_whole(const ag_plan *p, const vt_step *step, ag_node x)
{
    const vt_node *n = vt_step_node(p, step);
    bool whole = false;
    for (int k = 0; k < n->inputs && !n->many; k++) {
        whole |= vt_root(p->nodes, n->in[k]) == x && step->cuts->in[k].repeat != 1;
    }
    return whole;
}
