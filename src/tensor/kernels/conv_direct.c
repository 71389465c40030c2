/* Convolutions that read the windows where they lie, by the kernels' conv_cells and conv_weights.
 *
 * Padding is never stored: along each axis the outputs fall into spans that see the same taps, and
 * a row of one span is one kernel call. The adjoint in x is such a convolution too, of y with the
 * taps reversed; with a stride it is one for each remainder of the output position, as only every
 * stride-th tap reaches a given output. */
#include "tensor/kernels/conv.h"

#include <string.h>

/* Cells a kernel call takes at most, so that its inputs stay in the second-level cache; and taps at
 * most. */
enum { BLOCK = 512, MOST_TAPS = 128 };

static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static int64_t limit(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

/* ---- the plan ----------------------------------------------------------------------------------
 */

/* Taps of cell n whose input position is in [0, size). */
static vt_span taps_of(const vt_axis *a, int64_t n, int64_t size)
{
    int64_t first = a->first + n * a->in_step;
    int64_t begin = limit(-floor_div(first, a->spacing), 0, a->taps);
    int64_t end = limit(floor_div(size - 1 - first, a->spacing) + 1, begin, a->taps);
    return (vt_span){ n, n + 1, end > begin ? begin : 0, end - begin };
}

static int make_spans(vt_axis *a, int64_t size)
{
    a->span = ag_calloc((size_t)a->cells, sizeof *a->span);
    if (!a->span) {
        return AG_ENOMEM;
    }
    for (int64_t n = 0; n < a->cells; n++) {
        vt_span s = taps_of(a, n, size), *last = a->span + a->spans - 1;
        if (a->spans > 0 && last->tap == s.tap && last->taps == s.taps) {
            last->to = s.to;
        } else {
            a->span[a->spans++] = s;
        }
    }
    return 0;
}

/* The forward convolution along one axis. */
static vt_axis forward_axis(const vt_conv *c, int axis)
{
    return (vt_axis){ .cells = axis ? c->ow : c->oh,
                      .taps = axis ? c->s.kw : c->s.kh,
                      .first = -c->s.p.pad[axis][0],
                      .in_step = c->s.p.stride[axis],
                      .spacing = c->s.p.dilation[axis],
                      .out_step = 1 };
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

/* The last tap of the forward convolution that reaches the outputs of this remainder, -1 for none.
 * The taps before it that do are stride / gcd(stride, dilation) apart. */
static int64_t last_tap(const vt_conv *c, int axis, int64_t remainder)
{
    int64_t k = (axis ? c->s.kw : c->s.kh) - 1, stride = c->s.p.stride[axis];
    while (k >= 0 && (remainder + c->s.p.pad[axis][0] - k * c->s.p.dilation[axis]) % stride != 0) {
        k--;
    }
    return k;
}

/* The adjoint along one axis, for the positions of x that are `remainder` modulo the stride. */
static vt_axis back_axis(const vt_conv *c, int axis, int64_t remainder)
{
    int64_t stride = c->s.p.stride[axis], dilation = c->s.p.dilation[axis];
    int64_t size = axis ? c->s.w : c->s.h, last = last_tap(c, axis, remainder);
    int64_t common = gcd(stride, dilation), apart = stride / common;
    return (vt_axis){ .cells = (size - remainder + stride - 1) / stride,
                      .taps = last < 0 ? 0 : last / apart + 1,
                      .first = floor_div(remainder + c->s.p.pad[axis][0] - last * dilation, stride),
                      .in_step = 1,
                      .spacing = dilation / common,
                      .out_first = remainder,
                      .out_step = stride };
}

static int add_pass(vt_conv *c, vt_axis y, vt_axis x, int64_t row)
{
    if (y.cells < 1 || x.cells < 1) {
        return 0;
    }
    vt_pass *p = c->pass + c->passes++;
    *p = (vt_pass){ y, x, row };
    int status = make_spans(&p->y, c->in_h);
    return status < 0 ? status : make_spans(&p->x, c->in_w);
}

static int plan_forward(vt_conv *c)
{
    c->in_h = c->s.h;
    c->in_w = c->s.w;
    c->in_width = c->s.i;
    c->out_h = c->oh;
    c->out_w = c->ow;
    c->out_width = c->s.o;
    c->pass = ag_calloc(1, sizeof *c->pass);
    return c->pass ? add_pass(c, forward_axis(c, 0), forward_axis(c, 1), 0) : AG_ENOMEM;
}

static int plan_back(vt_conv *c)
{
    int sy = c->s.p.stride[0], sx = c->s.p.stride[1];
    int64_t row = 0;
    c->in_h = c->oh;
    c->in_w = c->ow;
    c->in_width = c->s.o;
    c->out_h = c->s.h;
    c->out_w = c->s.w;
    c->out_width = c->s.i;
    c->pass = ag_calloc((size_t)sy * (size_t)sx, sizeof *c->pass);
    if (!c->pass) {
        return AG_ENOMEM;
    }
    for (int i = 0; i < sy * sx; i++) {
        vt_axis y = back_axis(c, 0, i / sx), x = back_axis(c, 1, i % sx);
        int status = add_pass(c, y, x, row);
        if (status < 0) {
            return status;
        }
        row += y.taps * x.taps * c->in_width;
    }
    return 0;
}

void vt_conv_free_passes(vt_conv *c)
{
    for (int i = 0; i < c->passes; i++) {
        ag_free(c->pass[i].y.span);
        ag_free(c->pass[i].x.span);
    }
    ag_free(c->pass);
}

/* ---- running ---- */

/* The taps that cells from (y, x) on see; those of one row lie side by side when their spacing
 * is 1. */
static vt_cells list_taps(const vt_conv *c, const vt_pass *p, const vt_span *ys, const vt_span *xs,
                          int64_t y, int64_t x, vt_tap *tap)
{
    int64_t row = p->y.first + y * p->y.in_step, column = p->x.first + x * p->x.in_step;
    int64_t joined = p->x.spacing == 1 ? xs->taps : 1, count = 0;
    for (int64_t ky = ys->tap; ky < ys->tap + ys->taps; ky++) {
        for (int64_t kx = xs->tap; kx < xs->tap + xs->taps; kx += joined) {
            int64_t in_row = row + ky * p->y.spacing, in_column = column + kx * p->x.spacing;
            tap[count].in = (in_row * c->in_w + in_column) * c->in_width;
            tap[count++].row = p->row + (ky * p->x.taps + kx) * c->in_width;
        }
    }
    return (vt_cells){ .taps = count,
                       .depth = joined * c->in_width,
                       .width = c->out_width,
                       .in_step = p->x.in_step * c->in_width,
                       .out_step = p->x.out_step * c->out_width,
                       .tap = tap };
}

/* Floats of one panel of all weights. */
static int64_t panel_size(const vt_conv *c)
{
    return c->s.kh * c->s.kw * c->in_width * c->k->conv_panel;
}

static size_t packed_bytes(const vt_conv *c)
{
    int64_t panels = (c->out_width + c->k->conv_panel - 1) / c->k->conv_panel;
    return (size_t)(panels * panel_size(c)) * sizeof(float);
}

/* Cells without taps: base alone. */
static void copy_base(const vt_cells *c, int64_t cells, float *out)
{
    for (int64_t n = 0; n < cells; n++, out += c->out_step) {
        if (!c->base) {
            memset(out, 0, (size_t)c->width * sizeof *out);
        } else if (c->base + n * c->base_step != out) {
            memcpy(out, c->base + n * c->base_step, (size_t)c->width * sizeof *out);
        }
    }
}

/* A row's cells of one span; base is that of its first cell. */
static void run_span(const vt_conv *c, const vt_pass *p, const vt_span *ys, const vt_span *xs,
                     int64_t y, const float *in, const float *w, const float *base,
                     int64_t base_step, float *out)
{
    vt_tap tap[MOST_TAPS];
    for (int64_t x = xs->from; x < xs->to; x += BLOCK) {
        int64_t cells = xs->to - x < BLOCK ? xs->to - x : BLOCK;
        int64_t column = p->x.out_first + x * p->x.out_step;
        vt_cells list = list_taps(c, p, ys, xs, y, x, tap);
        list.base = base ? base + (x - xs->from) * base_step : NULL;
        list.base_step = base_step;
        if (list.taps > 0) {
            c->k->conv_cells(&list, cells, in, w, panel_size(c), out + column * c->out_width);
        } else {
            copy_base(&list, cells, out + column * c->out_width);
        }
    }
}

static void run_picture(const vt_conv *c, const vt_pass *p, const float *in, const float *w,
                        float *out, bool accumulate)
{
    for (int i = 0; i < p->y.spans; i++) {
        const vt_span *ys = p->y.span + i;
        for (int64_t y = ys->from; y < ys->to; y++) {
            int64_t row = p->y.out_first + y * p->y.out_step;
            for (int j = 0; j < p->x.spans; j++) {
                const vt_span *xs = p->x.span + j;
                float *line = out + row * c->out_w * c->out_width;
                const float *base =
                    line + (p->x.out_first + xs->from * p->x.out_step) * c->out_width;
                run_span(c, p, ys, xs, y, in, w, accumulate ? base : NULL,
                         p->x.out_step * c->out_width, line);
            }
        }
    }
}

static void run_cells(const vt_conv *c, const float *in, const float *w, float *out,
                      bool accumulate)
{
    for (int64_t b = 0; b < c->s.b; b++) {
        for (int i = 0; i < c->passes; i++) {
            run_picture(c, c->pass + i, in, w, out, accumulate);
        }
        in += c->in_h * c->in_w * c->in_width;
        out += c->out_h * c->out_w * c->out_width;
    }
}

/* The taps of a pass of the adjoint, last first, each transposed to [o, i]. */
static void reverse_taps(const vt_conv *c, const vt_pass *p, const float *w, float *packed)
{
    const ag_conv_params *q = &c->s.p;
    int64_t y_last = last_tap(c, 0, p->y.out_first), x_last = last_tap(c, 1, p->x.out_first);
    int64_t y_apart = q->stride[0] / gcd(q->stride[0], q->dilation[0]);
    int64_t x_apart = q->stride[1] / gcd(q->stride[1], q->dilation[1]);
    for (int64_t i = 0; i < p->y.taps * p->x.taps; i++) {
        int64_t ky = y_last - i / p->x.taps * y_apart, kx = x_last - i % p->x.taps * x_apart;
        vt_pack_panels(c->k, c->s.o, c->s.i, w + (ky * c->s.kw + kx) * c->s.i * c->s.o, 1, c->s.o,
                       packed + (p->row + i * c->s.o) * c->k->conv_panel, panel_size(c));
    }
}

void vt_conv_pack(const vt_conv *c, const float *w, void *scratch)
{
    if (c->s.kind == VT_CONV_FORWARD) {
        vt_pack_panels(c->k, c->s.kh * c->s.kw * c->s.i, c->s.o, w, c->s.o, 1, scratch,
                       panel_size(c));
    }
    for (int i = 0; i < c->passes && c->s.kind == VT_CONV_BACK; i++) {
        reverse_taps(c, c->pass + i, w, scratch);
    }
}

static void run_packed(const vt_conv *c, const float *a, const float *w, float *out,
                       bool accumulate, void *scratch)
{
    vt_conv_pack(c, w, scratch);
    run_cells(c, a, scratch, out, accumulate);
}

/* The cells of one span of rows and one of columns, in blocks. */
static void weights_span(const vt_conv *c, const vt_span *ys, const vt_span *xs, const float *x,
                         const float *y, float *w)
{
    const vt_pass *p = c->pass;
    vt_tap tap[MOST_TAPS];
    int64_t width = xs->to - xs->from, rows = width < BLOCK ? BLOCK / width : 1;
    for (int64_t row = ys->from; row < ys->to; row += rows) {
        int64_t lines = ys->to - row < rows ? ys->to - row : rows;
        for (int64_t column = xs->from; column < xs->to; column += BLOCK) {
            int64_t cells = xs->to - column < BLOCK ? xs->to - column : BLOCK;
            vt_cells list = list_taps(c, p, ys, xs, row, column, tap);
            c->k->conv_weights(&list, lines, cells, p->y.in_step * c->in_w * c->in_width,
                               c->out_w * c->out_width, x,
                               y + (row * c->out_w + column) * c->out_width, w);
        }
    }
}

static void run_weights(const vt_conv *c, const float *x, const float *y, float *w, bool accumulate,
                        void *scratch)
{
    (void)scratch;
    const vt_pass *p = c->pass;
    if (!accumulate) {
        memset(w, 0, (size_t)vt_conv_count_w(c) * sizeof *w);
    }
    for (int64_t b = 0; b < c->s.b; b++) {
        for (int i = 0; i < p->y.spans * p->x.spans; i++) {
            const vt_span *ys = p->y.span + i / p->x.spans, *xs = p->x.span + i % p->x.spans;
            weights_span(c, ys, xs, x, y, w);
        }
        x += c->in_h * c->in_w * c->in_width;
        y += c->out_h * c->out_w * c->out_width;
    }
}

/* ---- part of the rows ----
 */

int64_t vt_conv_rows(const vt_conv *c)
{
    bool line = c->passes == 1 && c->pass->y.cells == 1 && c->pass->y.spans == 1 && c->in_h == 1 &&
                c->pass->x.out_step == 1 && c->pass->x.cells == c->out_w;
    return line ? c->s.b * c->out_w : 0;
}

bool vt_conv_is_pointwise(const vt_conv *c)
{
    return c->pass->x.taps == 1 && c->pass->x.first == 0 && c->pass->x.in_step == 1 &&
           c->in_w == c->out_w;
}

bool vt_conv_sums_rows(const vt_conv *c)
{
    return c->s.kind == VT_CONV_WEIGHTS;
}

/* The part of a span that lies in [from, to), which may be empty. */
static vt_span clip(const vt_span *span, int64_t from, int64_t to)
{
    vt_span part = *span;
    part.from = part.from > from ? part.from : from;
    part.to = part.to < to ? part.to : to;
    return part;
}

/* Where rows [from, to) lie in line n of the batch. */
static vt_span part_of_line(const vt_conv *c, int64_t n, int64_t from, int64_t to)
{
    const vt_span line = { .from = 0, .to = c->out_w };
    return clip(&line, from - n * c->out_w, to - n * c->out_w);
}

void vt_conv_run_rows(const vt_conv *c, int64_t from, int64_t to, const float *a, const float *base,
                      int64_t base_step, float *out, const void *scratch)
{
    const vt_pass *p = c->pass;
    for (int64_t n = from / c->out_w; n * c->out_w < to; n++) {
        vt_span line = part_of_line(c, n, from, to);
        for (int j = 0; j < p->x.spans; j++) {
            vt_span part = clip(p->x.span + j, line.from, line.to);
            int64_t row = n * c->out_w + part.from - from;
            run_span(c, p, p->y.span, &part, 0, a + n * c->in_w * c->in_width, scratch,
                     base ? base + row * base_step : NULL, base_step,
                     out + n * c->out_w * c->out_width);
        }
    }
}

void vt_conv_add_rows(const vt_conv *c, int64_t from, int64_t to, const float *a, const float *b,
                      float *out)
{
    const vt_pass *p = c->pass;
    for (int64_t n = from / c->out_w; n * c->out_w < to; n++) {
        vt_span line = part_of_line(c, n, from, to);
        for (int j = 0; j < p->x.spans; j++) {
            vt_span part = clip(p->x.span + j, line.from, line.to);
            if (part.from < part.to) {
                weights_span(c, p->y.span, &part, a + n * c->in_w * c->in_width,
                             b + n * c->out_w * c->out_width, out);
            }
        }
    }
}

int vt_conv_use_direct(vt_conv *c, const vt_kernels *k, bool *usable)
{
    *usable = k->conv_cells && c->s.kh * c->s.kw <= MOST_TAPS;
    if (!*usable) {
        return 0;
    }
    c->k = k;
    int status = c->s.kind == VT_CONV_BACK ? plan_back(c) : plan_forward(c);
    if (c->s.kind == VT_CONV_WEIGHTS) {
        c->run = run_weights;
    } else {
        c->run = run_packed;
        c->scratch = packed_bytes(c);
    }
    return status;
}
