/* The forward pass: products, the division by a power of two, max pooling, rectifier and clip
 * (section 3.3.2). */
#include "wage/net.h"

#include <string.h>

enum { DENSE_ROWS = 64 };

typedef struct {
    ag_wage *net;
    const uint8_t *pictures;
    int count, stage, group;
    bool train;
} pass;

wg_windows wg_rows(const wg_stage *stage, int rows, int features)
{
    return (wg_windows){ .pictures = 1,
                         .height = 1,
                         .width = rows,
                         .stride_x = stage->channels,
                         .segments = 1,
                         .segment = features };
}

/* One row of a picture's bytes on the grid of 8 bits. */
static void convert(const int8_t pixel[256], const uint8_t *from, int64_t count, int8_t *to)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = pixel[from[i]];
}

void wg_pad(const ag_wage *net, int stage, const uint8_t *pictures, const int8_t *x, int count,
            int8_t *padded)
{
    const wg_stage *s = &net->plan.stage[stage];
    if (s->padded_count != s->in_count)
        memset(padded, 0, (size_t)(s->padded_count * count));
    int64_t row = (int64_t)s->width * s->channels;
    int64_t padded_row = (int64_t)s->padded_width * s->channels;
    int64_t corner = s->top * padded_row + (int64_t)s->left * s->channels;
    for (int p = 0; p < count; p++)
        for (int y = 0; y < s->height; y++) {
            int8_t *to = padded + p * s->padded_count + corner + y * padded_row;
            int64_t from = p * s->in_count + y * row;
            if (s->first)
                convert(net->pixel, pictures + from, row, to);
            else
                memcpy(to, x + from, (size_t)row);
        }
}

/* The maxima of windows other than 2x2 in place, and where they were. */
static void pool_any(const wg_stage *s, int32_t *v, uint8_t *which)
{
    int32_t *out = v;
    for (int y = 0; y < s->out_height; y++)
        for (int x = 0; x < s->out_width; x++) {
            const int32_t *corner = v + ((int64_t)y * s->conv_width + x) * s->pool_stride * s->n;
            for (int c = 0; c < s->n; c++) {
                int32_t most = corner[c];
                int best = 0;
                for (int i = 1; i < s->pool * s->pool; i++) {
                    int64_t at = (int64_t)(i / s->pool) * s->conv_width + i % s->pool;
                    if (corner[at * s->n + c] > most) {
                        most = corner[at * s->n + c];
                        best = i;
                    }
                }
                *which++ = (uint8_t)best;
                *out++ = most;
            }
        }
}

static void activate_any(const ag_wage *net, const wg_stage *s, wg_worker *w, int8_t *out,
                         uint8_t *trace)
{
    uint8_t *which = (uint8_t *)w->unpooled;
    pool_any(s, w->acc, which);
    net->kernels->rectify(w->acc, s->out_count, s->shift, s->bits.activations, out, trace);
    for (int64_t i = 0; trace && i < s->out_count; i++)
        trace[i] |= (uint8_t)(which[i] << WG_TRACE_WHICH);
}

/* `rows` rows of the sums of one picture -> its activations. */
static void activate(const ag_wage *net, const wg_stage *s, wg_worker *w, const int32_t *acc,
                     int rows, int8_t *out, uint8_t *trace)
{
    const wg_kernels *k = net->kernels;
    if (!s->pool)
        k->rectify(acc, (int64_t)rows * s->conv_width * s->n, s->shift, s->bits.activations, out,
                   trace);
    else if (wg_pools_2x2(s))
        k->pool_rectify(acc, rows, s->conv_width, s->n, s->shift, s->bits.activations, out, trace);
    else
        activate_any(net, s, w, out, trace);
}

/* Rows of a picture that are taken at a time: few enough for the caches, even for pooling. */
static int band_rows(const wg_stage *s)
{
    int64_t rows = WG_ACC_BUDGET / ((int64_t)s->conv_width * s->n);
    if (rows >= s->conv_height || (s->pool && !wg_pools_2x2(s)))
        return s->conv_height;
    return rows < 2 ? 2 : (int)(rows & ~(int64_t)1);
}

/* The windows of the rows [y, y + rows) of a picture. */
static wg_windows band_windows(const wg_stage *s, int y, int rows)
{
    wg_windows at = s->windows;
    int above = y * s->stride, below = (s->conv_height - y - rows) * s->stride;
    at.height = rows;
    at.top = at.top > above ? at.top - above : 0;
    at.bottom = at.bottom > below ? at.bottom - below : 0;
    return at;
}

static void convolve_bands(const ag_wage *net, const wg_stage *s, wg_worker *w, const int8_t *x,
                           int8_t *out, uint8_t *trace)
{
    int band = band_rows(s), shrink = s->pool ? 2 : 1;
    for (int y = 0; y < s->conv_height; y += band) {
        wg_windows at = band_windows(s, y, s->conv_height - y < band ? s->conv_height - y : band);
        net->kernels->product(x + y * at.stride_y, s->first ? WG_SIGNED : WG_UNSIGNED, &at,
                              net->packed[s - net->plan.stage], s->n, w->acc);
        int64_t to = (int64_t)(y / shrink) * s->out_width * s->n;
        activate(net, s, w, w->acc, at.height, out + to, trace ? trace + to : NULL);
    }
}

/* Small pictures: several in one product. */
static void convolve_whole(const ag_wage *net, const wg_stage *s, wg_worker *w, const int8_t *x,
                           int count, int8_t *out, uint8_t *trace)
{
    wg_windows at = s->windows;
    at.pictures = count;
    net->kernels->product(x, s->first ? WG_SIGNED : WG_UNSIGNED, &at,
                          net->packed[s - net->plan.stage], s->n, w->acc);
    for (int p = 0; p < count; p++)
        activate(net, s, w, w->acc + p * s->conv_count, s->conv_height, out + p * s->out_count,
                 trace ? trace + p * s->out_count : NULL);
}

static void convolve(const ag_wage *net, int stage, wg_worker *w, const uint8_t *pictures,
                     const int8_t *x, int count, int8_t *out, uint8_t *trace)
{
    const wg_stage *s = &net->plan.stage[stage];
    int64_t fit = WG_ACC_BUDGET / s->conv_count;
    /* Pooling of other windows is done in place, picture by picture. */
    int several = s->pool && !wg_pools_2x2(s) ? 1 : (int)fit;
    several = several < 1 ? 1 : several > count ? count : several;
    for (int p = 0; p < count; p += several) {
        int n = count - p < several ? count - p : several;
        wg_pad(net, stage, pictures + p * s->in_count, x ? x + p * s->in_count : NULL, n,
               w->padded);
        uint8_t *marks = trace ? trace + p * s->out_count : NULL;
        if (n == 1)
            convolve_bands(net, s, w, w->padded, out + p * s->out_count, marks);
        else
            convolve_whole(net, s, w, w->padded, n, out + p * s->out_count, marks);
    }
}

/* A group of pictures through all convolutions. */
static int convolve_group(void *user, int task, int worker)
{
    const pass *f = user;
    ag_wage *net = f->net;
    wg_worker *w = &net->worker[worker];
    int64_t first = (int64_t)task * f->group;
    int count = f->count - (int)first < f->group ? f->count - (int)first : f->group;
    const uint8_t *pictures = f->pictures + first * net->plan.stage[0].in_count;
    const int8_t *x = NULL;
    for (int i = 0; i < net->plan.conv_stages; i++) {
        int64_t at = first * net->plan.stage[i].out_count;
        int8_t *out = net->activation[i] ? net->activation[i] + at : w->ping[i % 2];
        convolve(net, i, w, pictures, x, count, out, f->train ? net->trace[i] + at : NULL);
        x = out;
    }
    return AG_OK;
}

/* The last layer is signed, and its trace says only what was not clipped. */
static void finish(const wg_kernels *k, const wg_stage *s, const int32_t *acc, int64_t count,
                   int8_t *out, uint8_t *trace)
{
    k->quantise(acc, count, s->shift, s->bits.activations, out);
    int64_t limit = (1 << (s->bits.activations - 1)) - 1;
    int64_t bound = s->shift > 0 ? limit << s->shift : limit >> -s->shift;
    for (int64_t i = 0; trace && i < count; i++)
        trace[i] = acc[i] <= bound && acc[i] >= -bound ? WG_TRACE_INSIDE | WG_TRACE_POSITIVE
                                                       : WG_TRACE_POSITIVE;
}

static int multiply_rows(void *user, int task, int worker)
{
    const pass *f = user;
    ag_wage *net = f->net;
    const wg_stage *s = &net->plan.stage[f->stage];
    int64_t first = (int64_t)task * f->group;
    int rows = f->count - (int)first < f->group ? f->count - (int)first : f->group;
    int32_t *acc = net->worker[worker].acc;
    int8_t *out = net->activation[f->stage] + first * s->n;
    uint8_t *trace = f->train ? net->trace[f->stage] + first * s->n : NULL;
    const int8_t *x = s->first ? net->input : net->activation[f->stage - 1];
    if (s->first)
        convert(net->pixel, f->pictures + first * s->in_count, rows * s->in_count,
                net->input + first * s->in_count);
    wg_windows at = wg_rows(s, rows, s->channels);
    net->kernels->product(x + first * s->in_count, s->first ? WG_SIGNED : WG_UNSIGNED, &at,
                          net->packed[f->stage], s->n, acc);
    if (s->last)
        finish(net->kernels, s, acc, (int64_t)rows * s->n, out, trace);
    else
        net->kernels->rectify(acc, (int64_t)rows * s->n, s->shift, s->bits.activations, out, trace);
    return AG_OK;
}

static int shared_out(int count, int threads, int64_t most)
{
    int share = (count + threads - 1) / threads;
    return share > most ? (int)most : share;
}

void wg_forward(ag_wage *net, const uint8_t *pictures, int count, bool train)
{
    pass f = { .net = net, .pictures = pictures, .count = count, .train = train };
    if (net->plan.conv_stages > 0) {
        f.group = shared_out(count, net->threads, net->group);
        wg_run(net, (count + f.group - 1) / f.group, convolve_group, &f);
    }
    for (f.stage = net->plan.conv_stages; f.stage < net->plan.stages; f.stage++) {
        int64_t fit = WG_ACC_BUDGET / net->plan.stage[f.stage].n;
        f.group = shared_out(count, net->threads, fit < DENSE_ROWS ? fit : DENSE_ROWS);
        wg_run(net, (count + f.group - 1) / f.group, multiply_rows, &f);
    }
}
