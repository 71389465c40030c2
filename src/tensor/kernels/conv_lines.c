/* Convolutions over time as one matrix product a tap, on shifted rows of the input: nothing is
 * copied.
 *
 * With lines x [w, i] and y [ow, o], tap k adds x[t stride + k dilation - pad] w[k] to y[t];
 * distances between rows carry the stride, so the matrices are read where they lie. */
#include "tensor/kernels/conv.h"

#include <string.h>

/* Output rows computed by all taps before the next ones, so that they stay in the second-level
 * cache. */
enum { BLOCK = 512 };

/* out[r] = sum over taps of in[r step + offset(tap)] w[tap], a line at a time. */
typedef struct {
    int64_t out_rows, in_rows, out_width, in_width, step;
    int64_t taps, first, spacing; /* offset(tap) = first + tap * spacing */
    bool transpose;               /* w[tap] is [out_width, in_width] */
} walk;

static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

/* Output rows [*from, *to) within [begin, end) whose input row of this tap exists. */
static void tap_range(const walk *v, int64_t tap, int64_t begin, int64_t end, int64_t *from,
                      int64_t *to)
{
    int64_t offset = v->first + tap * v->spacing;
    int64_t low = -floor_div(offset, v->step);
    int64_t high = floor_div(v->in_rows - 1 - offset, v->step) + 1;
    *from = low > begin ? low : begin;
    *to = high < end ? high : end;
}

static void run_tap(const walk *v, int64_t tap, int64_t from, int64_t to, const float *in,
                    const float *w, float *out, float beta)
{
    int64_t row = from * v->step + v->first + tap * v->spacing;
    vt_gemm(false, v->transpose, to - from, v->out_width, v->in_width, in + row * v->in_width,
            v->step * v->in_width, w + tap * v->in_width * v->out_width,
            v->transpose ? v->in_width : v->out_width, beta, out + from * v->out_width,
            v->out_width);
}

/* A tap that covers the whole block may write it first; -1 when there is none. */
static int64_t covering_tap(const walk *v, int64_t begin, int64_t end)
{
    for (int64_t tap = 0; tap < v->taps; tap++) {
        int64_t from, to;
        tap_range(v, tap, begin, end, &from, &to);
        if (from == begin && to == end) {
            return tap;
        }
    }
    return -1;
}

static void run_block(const walk *v, int64_t begin, int64_t end, const float *in, const float *w,
                      float *out, bool accumulate)
{
    int64_t first = -1;
    if (!accumulate) {
        first = covering_tap(v, begin, end);
        if (first >= 0) {
            run_tap(v, first, begin, end, in, w, out, 0.0f);
        } else {
            memset(out + begin * v->out_width, 0,
                   (size_t)((end - begin) * v->out_width) * sizeof *out);
        }
    }
    for (int64_t tap = 0; tap < v->taps; tap++) {
        int64_t from, to;
        tap_range(v, tap, begin, end, &from, &to);
        if (tap != first && from < to) {
            run_tap(v, tap, from, to, in, w, out, 1.0f);
        }
    }
}

static void run_walk(const walk *v, int64_t lines, const float *in, const float *w, float *out,
                     bool accumulate)
{
    for (int64_t line = 0; line < lines; line++) {
        for (int64_t begin = 0; begin < v->out_rows; begin += BLOCK) {
            int64_t end = begin + BLOCK < v->out_rows ? begin + BLOCK : v->out_rows;
            run_block(v, begin, end, in, w, out, accumulate);
        }
        in += v->in_rows * v->in_width;
        out += v->out_rows * v->out_width;
    }
}

static void run_forward(const vt_conv *c, const float *x, const float *w, float *y, bool accumulate,
                        void *scratch)
{
    (void)scratch;
    walk v = { .out_rows = c->ow,
               .in_rows = c->s.w,
               .out_width = c->s.o,
               .in_width = c->s.i,
               .step = c->s.p.stride[1],
               .taps = c->s.kw,
               .first = -c->s.p.pad[1][0],
               .spacing = c->s.p.dilation[1] };
    run_walk(&v, c->s.b, x, w, y, accumulate);
}

/* The forward walk, for which output rows of y read which rows of x. */
static walk forward_rows(const vt_conv *c)
{
    return (walk){ .in_rows = c->s.w,
                   .step = c->s.p.stride[1],
                   .first = -c->s.p.pad[1][0],
                   .spacing = c->s.p.dilation[1] };
}

static void run_back(const vt_conv *c, const float *y, const float *w, float *x, bool accumulate,
                     void *scratch)
{
    (void)scratch;
    walk v = { .out_rows = c->s.w,
               .in_rows = c->ow,
               .out_width = c->s.i,
               .in_width = c->s.o,
               .step = 1,
               .taps = c->s.kw,
               .first = c->s.p.pad[1][0],
               .spacing = -c->s.p.dilation[1],
               .transpose = true };
    run_walk(&v, c->s.b, y, w, x, accumulate);
}

/* With a stride, rows of y go to every stride-th row of x. */
static void run_back_strided(const vt_conv *c, const float *y, const float *w, float *x,
                             bool accumulate, void *scratch)
{
    (void)scratch;
    walk v = forward_rows(c);
    if (!accumulate) {
        memset(x, 0, (size_t)vt_conv_count_x(c) * sizeof *x);
    }
    for (int64_t line = 0; line < c->s.b; line++) {
        for (int64_t tap = 0; tap < c->s.kw; tap++) {
            int64_t from, to;
            tap_range(&v, tap, 0, c->ow, &from, &to);
            int64_t row = from * v.step + v.first + tap * v.spacing;
            if (from < to) {
                vt_gemm(false, true, to - from, c->s.i, c->s.o, y + from * c->s.o, c->s.o,
                        w + tap * c->s.i * c->s.o, c->s.o, 1.0f, x + row * c->s.i, v.step * c->s.i);
            }
        }
        y += c->ow * c->s.o;
        x += c->s.w * c->s.i;
    }
}

/* What the outputs [begin, end) of one line add to every tap. */
static void weights_block(const vt_conv *c, const walk *v, int64_t begin, int64_t end,
                          const float *x, const float *y, float *w)
{
    for (int64_t tap = 0; tap < c->s.kw; tap++, w += c->s.i * c->s.o) {
        int64_t from, to;
        tap_range(v, tap, begin, end, &from, &to);
        int64_t row = from * v->step + v->first + tap * v->spacing;
        if (from < to) {
            vt_gemm(true, false, c->s.i, c->s.o, to - from, x + row * c->s.i, v->step * c->s.i,
                    y + from * c->s.o, c->s.o, 1.0f, w, c->s.o);
        }
    }
}

static void run_weights(const vt_conv *c, const float *x, const float *y, float *w, bool accumulate,
                        void *scratch)
{
    (void)scratch;
    walk v = forward_rows(c);
    if (!accumulate) {
        memset(w, 0, (size_t)vt_conv_count_w(c) * sizeof *w);
    }
    for (int64_t line = 0; line < c->s.b; line++) {
        for (int64_t begin = 0; begin < c->ow; begin += BLOCK) {
            int64_t end = begin + BLOCK < c->ow ? begin + BLOCK : c->ow;
            weights_block(c, &v, begin, end, x, y, w);
        }
        x += c->s.w * c->s.i;
        y += c->ow * c->s.o;
    }
}

bool vt_conv_use_lines(vt_conv *c)
{
    if (c->s.h != 1 || c->s.kh != 1 || c->s.p.pad[0][0] != 0 || c->s.p.pad[0][1] != 0) {
        return false;
    }
    if (c->s.kind == VT_CONV_FORWARD) {
        c->run = run_forward;
    } else if (c->s.kind == VT_CONV_WEIGHTS) {
        c->run = run_weights;
    } else {
        c->run = c->s.p.stride[1] == 1 ? run_back : run_back_strided;
    }
    return true;
}
