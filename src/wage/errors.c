/* Errors between the layers (section 3.3.3): kept until the largest of the batch is known, then
 * renormalised by it, quantised, and put at their places before the pooling.
 *
 * Errors of kE <= 8 bits need not be kept whole. With L bits in the largest of the batch, the shift
 * to kE bits is s >= L - kE, so the rounding of |v| / 2^s half up sees the bits from L - 9 on
 * alone. A block whose own largest has l <= L bits therefore keeps floor(|v| / 2^(l-9)) and the
 * sign: 10 bits, of which 8 take the place of the activation. */
#include "wage/net.h"

#include <string.h>

#include "wage/kernels/fields.h"

enum { KEPT_BITS = 9 };

typedef struct {
    ag_wage *net;
    int count, stage, group, shift;
} pass;

int wg_nearest_power(uint64_t m)
{
    int k = 63 - __builtin_clzll(m);
    /* One more above 2^k sqrt(2): compared as 64-bit fractions with floor(2^63 sqrt(2)). */
    return k + (m << (63 - k) > UINT64_C(0xB504F333F9DE6484));
}

/* ---- kept ---- */

/* Every block begins a group of fields, so that workers never share one. */
static int64_t block_low_bytes(const wg_stage *s)
{
    return wg_fields_bytes(s->block, 2);
}

int64_t wg_low_bytes(const wg_stage *stage)
{
    return stage->blocks * block_low_bytes(stage);
}

static uint8_t *low_at(const ag_wage *net, int stage, int64_t picture, int block)
{
    const wg_stage *s = &net->plan.stage[stage];
    return net->errors[stage].low + picture * wg_low_bytes(s) + block * block_low_bytes(s);
}

void wg_store_errors(ag_wage *net, int stage, int64_t picture, int block, const int32_t *v,
                     int64_t count, uint32_t largest)
{
    const wg_stage *s = &net->plan.stage[stage];
    const wg_errors *e = &net->errors[stage];
    int64_t at = picture * s->out_count + block * s->block;
    if (e->wide) {
        memcpy(e->wide + at, v, (size_t)count * sizeof *v);
        return;
    }
    int cut = largest >> KEPT_BITS ? 32 - __builtin_clz(largest) - KEPT_BITS : 0;
    e->cuts[picture * s->blocks + block] = (uint8_t)cut;
    net->kernels->cut(v, count, cut, net->activation[stage] + at,
                      low_at(net, stage, picture, block));
}

void wg_keep_errors(ag_wage *net, int stage, int64_t picture, int block, int32_t *v, int64_t count,
                    wg_worker *w)
{
    const wg_stage *s = &net->plan.stage[stage];
    const int8_t *marked = net->activation[stage] + picture * s->out_count + block * s->block;
    uint32_t most = net->kernels->keep_inside(v, marked, count, s->bits.activations);
    w->largest = most > w->largest ? most : w->largest;
    wg_store_errors(net, stage, picture, block, v, count, most);
}

/* ---- quantised ---- */

static int32_t divide_wide(int32_t v, int shift, int32_t limit)
{
    int64_t size = v < 0 ? -(int64_t)v : v;
    size = shift > 0 ? (size + ((int64_t)1 << (shift - 1))) >> shift : size << -shift;
    size = size > limit ? limit : size;
    return (int32_t)(v < 0 ? -size : size);
}

static void quantise_wide(const wg_stage *s, int32_t *v, int shift)
{
    int32_t limit = (1 << (s->bits.errors - 1)) - 1;
    for (int64_t i = 0; i < s->out_count; i++)
        v[i] = divide_wide(v[i], shift, limit);
}

static void quantise_picture(const pass *q, int64_t picture)
{
    const ag_wage *net = q->net;
    const wg_stage *s = &net->plan.stage[q->stage];
    const wg_errors *e = &net->errors[q->stage];
    if (e->wide) {
        quantise_wide(s, e->wide + picture * s->out_count, q->shift);
        return;
    }
    int8_t *high = net->activation[q->stage] + picture * s->out_count;
    for (int b = 0; b < s->blocks; b++, high += s->block) {
        int64_t left = s->out_count - b * s->block;
        net->kernels->quantise_cut(high, low_at(net, q->stage, picture, b),
                                   left < s->block ? left : s->block,
                                   q->shift - e->cuts[picture * s->blocks + b], s->bits.errors);
    }
}

static int quantise_group(void *user, int task, int worker)
{
    (void)worker;
    const pass *q = user;
    for (int p = task * q->group; p < (task + 1) * q->group && p < q->count; p++)
        quantise_picture(q, p);
    return AG_OK;
}

void wg_quantise_errors(ag_wage *net, int stage, int count, uint32_t largest)
{
    const wg_stage *s = &net->plan.stage[stage];
    pass q = { .net = net, .count = count, .stage = stage };
    q.group = (count + 4 * net->threads - 1) / (4 * net->threads);
    /* Of errors that are all 0 any power of two makes 0. */
    q.shift = (largest > 0 ? wg_nearest_power(largest) : 0) - (s->bits.errors - 1);
    wg_run(net, (count + q.group - 1) / q.group, quantise_group, &q);
}

/* ---- before the pooling ---- */

/* Where the maximum of a pooled element was. */
static int64_t place_of(const wg_stage *s, int y, int x, int which)
{
    return (int64_t)(y * s->pool_stride + which / s->pool) * s->conv_width + x * s->pool_stride +
           which % s->pool;
}

/* Any windows; where they overlap the plan made sure that the sums of errors have 8 bits. */
static void unpool_any(const wg_stage *s, const int8_t *e, const uint8_t *which, int8_t *out)
{
    memset(out, 0, (size_t)s->conv_count);
    for (int y = 0; y < s->out_height; y++)
        for (int x = 0; x < s->out_width; x++)
            for (int c = 0; c < s->n; c++) {
                int64_t at = place_of(s, y, x, *which++) * s->n + c;
                out[at] = (int8_t)(out[at] + *e++);
            }
}

/* The same for sums of more than 8 bits: errors are in `wide` or in e. */
static void unpool_wide(const wg_stage *s, const int32_t *wide, const int8_t *e,
                        const uint8_t *which, int32_t *out)
{
    memset(out, 0, (size_t)s->conv_count * sizeof *out);
    for (int y = 0; y < s->out_height; y++)
        for (int x = 0; x < s->out_width; x++)
            for (int c = 0; c < s->n; c++)
                out[place_of(s, y, x, *which++) * s->n + c] += wide ? *wide++ : *e++;
}

void wg_split_digits(const int32_t *v, int64_t count, int digits, int64_t apart, int8_t *out)
{
    for (int64_t i = 0; i < count; i++) {
        int32_t rest = v[i];
        for (int d = 0; d < digits; d++, rest /= 128)
            out[d * apart + i] = (int8_t)(rest % 128);
    }
}

/* Errors of one picture that have several digits. */
static void place_digits(const ag_wage *net, int stage, int64_t picture, int64_t apart,
                         wg_worker *w, int8_t *out)
{
    const wg_stage *s = &net->plan.stage[stage];
    int64_t at = picture * s->out_count;
    const int32_t *wide = net->errors[stage].wide ? net->errors[stage].wide + at : NULL;
    if (s->pool) {
        unpool_wide(s, wide, net->activation[stage] + at, w->which, w->acc);
        wide = w->acc;
    }
    wg_split_digits(wide, s->conv_count, s->digits, apart, out);
}

const int8_t *wg_conv_errors(const ag_wage *net, int stage, int64_t first, int count, wg_worker *w)
{
    const wg_stage *s = &net->plan.stage[stage];
    const int8_t *e = net->activation[stage] + first * s->out_count;
    if (!s->pool && s->digits == 1)
        return e;
    int8_t *to = w->unpooled;
    for (int64_t p = first; p < first + count; p++, e += s->out_count, to += s->conv_count) {
        if (s->pool)
            wg_unpack_fields(net->which[stage] + p * wg_fields_bytes(s->out_count, s->which_bits),
                             s->out_count, s->which_bits, w->which);
        if (s->digits > 1)
            place_digits(net, stage, p, s->conv_count * count, w, to);
        else if (wg_pools_2x2(s))
            net->kernels->unpool(e, w->which, s->conv_height, s->conv_width, s->n, to);
        else
            unpool_any(s, e, w->which, to);
    }
    return w->unpooled;
}
