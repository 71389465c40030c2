/* The forward pass: products, the division by a power of two, max pooling, rectifier and clip
 * (section 3.3.2). */
#include "wage/net.h"

#include <string.h>

#include "wage/kernels/fields.h"

typedef struct {
    ag_wage *net;
    const uint8_t *pictures;
    int count, stage, group;
    bool train;
} pass;

wg_windows wg_rows(int rows, int apart, int features)
{
    return (wg_windows){ .pictures = 1,
                         .height = 1,
                         .width = rows,
                         .stride_x = apart,
                         .segments = 1,
                         .segment = features };
}

/* One row of a picture's bytes on the grid of 8 bits. */
static void convert(const int8_t pixel[256], const uint8_t *from, int64_t count, int8_t *to)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = pixel[from[i]];
}

/* Activations without their marks. */
static void unmark(const int8_t *from, int64_t count, int8_t *to)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = from[i] & WG_VALUE;
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
                unmark(x + from, row, to);
        }
}

void wg_take_rows(const ag_wage *net, int stage, const uint8_t *pictures, int64_t first, int rows,
                  int from, int features, int8_t *out)
{
    const wg_stage *s = &net->plan.stage[stage];
    for (int64_t p = first; p < first + rows; p++, out += features) {
        int64_t at = p * s->channels + from;
        if (s->first)
            convert(net->pixel, pictures + at, features, out);
        else
            unmark(net->activation[stage - 1] + at, features, out);
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

/* `rows` rows of the sums of one picture, from row `y` on -> its activations `out`. */
static void activate(const ag_wage *net, const wg_stage *s, wg_worker *w, int32_t *acc, int y,
                     int rows, bool train, int8_t *out)
{
    const wg_kernels *k = net->kernels;
    int shrink = wg_pools_2x2(s) ? 2 : 1, bits = s->bits.activations;
    int64_t to = (int64_t)(y / shrink) * s->out_width * s->n;
    if (wg_pools_2x2(s)) {
        k->pool_rectify(acc, rows, s->conv_width, s->n, s->shift, bits, out + to,
                        train ? w->which + to : NULL);
    } else if (s->pool) {
        pool_any(s, acc, w->which);
        k->rectify(acc, s->out_count, s->shift, bits, train, out);
    } else {
        k->rectify(acc, (int64_t)rows * s->conv_width * s->n, s->shift, bits, train, out + to);
    }
}

/* Rows of a picture that are taken at a time: few enough for the caches, even for pooling. */
static int band_rows(const wg_stage *s)
{
    int64_t rows = WG_ACC_BUDGET / ((int64_t)s->conv_width * s->n);
    if (rows >= s->conv_height || (s->pool && !wg_pools_2x2(s)))
        return s->conv_height;
    return rows < 2 ? 2 : (int)(rows & ~(int64_t)1);
}

wg_windows wg_band(const wg_windows *of, int y, int rows)
{
    wg_windows at = *of;
    int lines = at.stride_segment > 0 ? (int)(at.stride_y / at.stride_segment) : 0;
    int above = y * lines, below = (of->height - y - rows) * lines;
    at.height = rows;
    at.top = at.top > above ? at.top - above : 0;
    at.bottom = at.bottom > below ? at.bottom - below : 0;
    return at;
}

static void convolve_bands(const ag_wage *net, const wg_stage *s, wg_worker *w, const int8_t *x,
                           bool train, int8_t *out)
{
    int band = band_rows(s);
    for (int y = 0; y < s->conv_height; y += band) {
        int rows = s->conv_height - y < band ? s->conv_height - y : band;
        wg_windows at = wg_band(&s->windows, y, rows);
        net->kernels->product(x + y * at.stride_y, s->first ? WG_SIGNED : WG_UNSIGNED, &at,
                              net->packed[s - net->plan.stage], s->n, w->acc);
        activate(net, s, w, w->acc, y, rows, train, out);
    }
}

/* Places of the maxima of picture p. */
static void note_places(const ag_wage *net, const wg_stage *s, const wg_worker *w, int64_t p)
{
    int64_t bytes = wg_fields_bytes(s->out_count, s->which_bits);
    wg_pack_fields(w->which, s->out_count, s->which_bits,
                   net->which[s - net->plan.stage] + p * bytes);
}

/* Small pictures: several in one product. */
static void multiply_whole(const ag_wage *net, const wg_stage *s, wg_worker *w, const int8_t *x,
                           int count)
{
    wg_windows at = s->windows;
    at.pictures = count;
    net->kernels->product(x, s->first ? WG_SIGNED : WG_UNSIGNED, &at,
                          net->packed[s - net->plan.stage], s->n, w->acc);
}

/* Pictures from `first` on, which begin at x (of the first layer: at pictures) -> out. */
static void convolve(const pass *f, int stage, wg_worker *w, int64_t first, const int8_t *x,
                     int count, int8_t *out)
{
    const ag_wage *net = f->net;
    const wg_stage *s = &net->plan.stage[stage];
    const uint8_t *pictures = f->pictures + first * net->plan.stage[0].in_count;
    int64_t fit = WG_ACC_BUDGET / s->conv_count;
    /* Pooling of other windows is done in place, picture by picture. */
    int several = s->pool && !wg_pools_2x2(s) ? 1 : (int)fit;
    several = several < 1 ? 1 : several > count ? count : several;
    for (int p = 0; p < count; p += several) {
        int n = count - p < several ? count - p : several;
        wg_pad(net, stage, pictures + p * s->in_count, x ? x + p * s->in_count : NULL, n,
               w->padded);
        if (n > 1)
            multiply_whole(net, s, w, w->padded, n);
        for (int i = 0; i < n; i++, out += s->out_count) {
            if (n > 1)
                activate(net, s, w, w->acc + i * s->conv_count, 0, s->conv_height, f->train, out);
            else
                convolve_bands(net, s, w, w->padded, f->train, out);
            if (f->train && s->pool)
                note_places(net, s, w, first + p + i);
        }
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
    const int8_t *x = NULL;
    for (int i = 0; i < net->plan.conv_stages; i++) {
        int8_t *out = net->activation[i] ? net->activation[i] + first * net->plan.stage[i].out_count
                                         : w->ping[i % 2];
        convolve(f, i, w, first, x, count, out);
        x = out;
    }
    return AG_OK;
}

/* The last layer is signed. */
static void finish(const wg_kernels *k, const wg_stage *s, const int32_t *acc, int64_t count,
                   int8_t *out, uint8_t *clipped)
{
    k->quantise(acc, count, s->shift, s->bits.activations, out);
    int64_t limit = (1 << (s->bits.activations - 1)) - 1;
    int64_t bound = s->shift > 0 ? limit << s->shift : limit >> -s->shift;
    for (int64_t i = 0; clipped && i < count; i++)
        clipped[i] = acc[i] > bound || acc[i] < -bound;
}

static int multiply_rows(void *user, int task, int worker)
{
    const pass *f = user;
    ag_wage *net = f->net;
    wg_worker *w = &net->worker[worker];
    const wg_stage *s = &net->plan.stage[f->stage];
    int64_t first = (int64_t)task * f->group;
    int rows = f->count - (int)first < f->group ? f->count - (int)first : f->group;
    int8_t *out = net->activation[f->stage] + first * s->n;
    const int8_t *x = w->padded;
    if (s->first || f->train)
        wg_take_rows(net, f->stage, f->pictures, first, rows, 0, s->channels, w->padded);
    else
        x = net->activation[f->stage - 1] + first * s->in_count;
    wg_windows at = wg_rows(rows, s->channels, s->channels);
    net->kernels->product(x, s->first ? WG_SIGNED : WG_UNSIGNED, &at, net->packed[f->stage], s->n,
                          w->acc);
    if (s->last)
        finish(net->kernels, s, w->acc, (int64_t)rows * s->n, out,
               f->train ? net->clipped + first * s->n : NULL);
    else
        net->kernels->rectify(w->acc, (int64_t)rows * s->n, s->shift, s->bits.activations, f->train,
                              out);
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
    wg_pack(net);
    if (net->plan.conv_stages > 0) {
        f.group = shared_out(count, net->threads, net->group);
        wg_run(net, (count + f.group - 1) / f.group, convolve_group, &f);
    }
    for (f.stage = net->plan.conv_stages; f.stage < net->plan.stages; f.stage++) {
        int64_t fit = WG_ACC_BUDGET / net->plan.stage[f.stage].n;
        f.group = shared_out(count, net->threads, fit < WG_DENSE_ROWS ? fit : WG_DENSE_ROWS);
        wg_run(net, (count + f.group - 1) / f.group, multiply_rows, &f);
    }
}
