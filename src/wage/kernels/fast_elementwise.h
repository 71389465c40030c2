/* wage/kernels/fast_elementwise.h: what happens to single numbers, on the lanes of the including
 * file. Each kernel has a function for up to LANES elements: all but the last call give it the
 * constant LANES. */
#ifndef WAGE_FAST_ELEMENTWISE_H
#define WAGE_FAST_ELEMENTWISE_H

#include "wage/kernels/fast_product.h"
#include "wage/kernels/fields.h"

/* ---- rounding ---- */

/* Rounds |v| / 2^shift half up and clips it to a limit: the minimum with `most` keeps the shift to
 * the left from overflowing. */
typedef struct {
    int left, right;
    vi most, half, limit;
    vi inside; /* the largest v that is not clipped */
} divider;

static divider divider_of(int shift, int32_t limit)
{
    uint64_t inside = shift > 0 ? (uint64_t)limit << shift : (uint64_t)limit >> -shift;
    return (divider){
        .left = shift < 0 ? -shift : 0,
        .right = shift > 0 ? shift : 0,
        .most = vi_set(shift > 0 ? UINT32_MAX : ((uint32_t)limit >> -shift) + 1),
        .half = vi_set(shift > 0 ? (uint32_t)1 << (shift - 1) : 0),
        .limit = vi_set((uint32_t)limit),
        .inside = vi_set(inside < INT32_MAX ? (uint32_t)inside : INT32_MAX),
    };
}

static ALWAYS_INLINE vi divide_size(const divider *d, vi size)
{
    vi scaled = vi_left(vi_min_unsigned(size, d->most), d->left);
    return vi_min_unsigned(vi_right(vi_add(scaled, d->half), d->right), d->limit);
}

/* x with the sign of v. */
static ALWAYS_INLINE vi with_sign(vi x, vi v)
{
    return vi_if(vi_above(vi_zero(), v), vi_sub(vi_zero(), x), x);
}

static ALWAYS_INLINE vi divide(const divider *d, vi v)
{
    return with_sign(divide_size(d, vi_abs(v)), v);
}

static int32_t limit_of(int bits)
{
    return (1 << (bits - 1)) - 1;
}

static ALWAYS_INLINE int lanes_of(int64_t left)
{
    return left < LANES ? (int)left : LANES;
}

/* `call` for i = 0, LANES, 2 LANES ... below count, with n elements each. */
#define EACH(count, call)                                                                          \
    do {                                                                                           \
        int64_t i = 0;                                                                             \
        for (; i + LANES <= (count); i += LANES) {                                                 \
            enum { n = LANES };                                                                    \
            call;                                                                                  \
        }                                                                                          \
        if (i < (count)) {                                                                         \
            const int n = lanes_of((count)-i);                                                     \
            call;                                                                                  \
        }                                                                                          \
    } while (0)

/* ---- forward ---- */

static uint32_t largest(const int32_t *v, int64_t count)
{
    vi most = vi_zero();
    EACH(count, most = vi_max_unsigned(most, vi_abs(vi_load_first(v + i, n))));
    return vi_largest_unsigned(most);
}

/* The mark of what rounding to `a` made equal: clipped, or positive but 0. */
static ALWAYS_INLINE vi mark_of(const divider *d, vi v, vi a)
{
    const vi mark = vi_set(WG_MARK);
    vi clipped = vi_where(vi_above(v, d->inside), mark);
    vi positive = vi_where(vi_above(v, vi_zero()), mark);
    return vi_xor(vi_xor(clipped, positive), vi_where(vi_above(a, vi_zero()), mark));
}

static ALWAYS_INLINE void rectify_lanes(const divider *d, vi v, bool mark, int n, int8_t *out)
{
    vi a = divide_size(d, vi_max(v, vi_zero()));
    vi_store_bytes(out, mark ? vi_or(a, mark_of(d, v, a)) : a, n);
}

static void rectify(const int32_t *v, int64_t count, int shift, int bits, bool mark, int8_t *out)
{
    const divider d = divider_of(shift, limit_of(bits));
    EACH(count, rectify_lanes(&d, vi_load_first(v + i, n), mark, n, out + i));
}

/* The maximum of the windows that begin at v: two lines `line` apart of elements `next` apart. */
static ALWAYS_INLINE void pool_lanes(const divider *d, const int32_t *v, ptrdiff_t next,
                                     ptrdiff_t line, int n, int8_t *out, uint8_t *which)
{
    const int32_t *const at[4] = { v, v + next, v + line, v + line + next };
    vi most = vi_load_first(v, n), best = vi_zero();
    UNROLL
    for (int i = 1; i < 4; i++) {
        vi x = vi_load_first(at[i], n);
        best = vi_if(vi_above(x, most), vi_set((uint32_t)i), best);
        most = vi_max(most, x);
    }
    rectify_lanes(d, most, which != NULL, n, out);
    if (which)
        vi_store_bytes(which, best, n);
}

static void pool_rectify(const int32_t *v, int height, int width, int channels, int shift, int bits,
                         int8_t *out, uint8_t *which)
{
    const divider d = divider_of(shift, limit_of(bits));
    ptrdiff_t line = (ptrdiff_t)width * channels;
    for (int y = 0; y + 1 < height; y += 2, v += 2 * line) {
        const int32_t *corner = v;
        for (int x = 0; x + 1 < width; x += 2, corner += 2 * (ptrdiff_t)channels) {
            EACH(channels,
                 pool_lanes(&d, corner + i, channels, line, n, out + i, which ? which + i : NULL));
            out += channels;
            which = which ? which + channels : NULL;
        }
    }
}

static void quantise(const int32_t *v, int64_t count, int shift, int bits, int8_t *out)
{
    const divider d = divider_of(shift, limit_of(bits));
    EACH(count, vi_store_bytes(out + i, divide(&d, vi_load_first(v + i, n)), n));
}

/* ---- backward ---- */

static ALWAYS_INLINE vi keep_lanes(int32_t *v, const int8_t *marked, vi clipped, int n)
{
    vi a = vi_load_uint8((const uint8_t *)marked, n);
    vi inside = vi_if(vi_same(a, clipped), vi_zero(), vi_load_first(v, n));
    vi_store_first(v, vi_where(vi_above(a, vi_zero()), inside), n);
    return vi_abs(inside);
}

static uint32_t keep_inside(int32_t *v, const int8_t *marked, int64_t count, int bits)
{
    const vi clipped = vi_set((uint32_t)(WG_MARK | limit_of(bits)));
    vi most = vi_zero();
    EACH(count, most = vi_max_unsigned(most, keep_lanes(v + i, marked + i, clipped, n)));
    return vi_largest_unsigned(most);
}

/* Numbers whose lower bits are beside each other before they become fields. */
enum { CUT_BLOCK = 1024 };

static ALWAYS_INLINE void cut_lanes(const int32_t *v, int shift, int n, int8_t *high, uint8_t *bits)
{
    vi x = vi_load_first(v, n);
    x = vi_add(with_sign(vi_right(vi_abs(x), shift), x), vi_set(512));
    vi_store_bytes(high, vi_sub(vi_right(x, 2), vi_set(128)), n);
    vi_store_bytes(bits, vi_and(x, vi_set(3)), n);
}

static void cut(const int32_t *v, int64_t count, int shift, int8_t *high, uint8_t *low)
{
    uint8_t bits[CUT_BLOCK];
    for (int64_t from = 0; from < count; from += CUT_BLOCK) {
        int64_t some = count - from < CUT_BLOCK ? count - from : CUT_BLOCK;
        EACH(some, cut_lanes(v + from + i, shift, n, high + from + i, bits + i));
        wg_pack_fields(bits, some, 2, low + from / 4);
    }
}

static ALWAYS_INLINE void quantise_cut_lanes(const divider *d, int8_t *high, const uint8_t *bits,
                                             int n)
{
    vi x = vi_add(vi_left(vi_load_int8(high, n), 2), vi_load_uint8(bits, n));
    vi_store_bytes(high, divide(d, x), n);
}

static void quantise_cut(int8_t *high, const uint8_t *low, int64_t count, int shift, int bits)
{
    const divider d = divider_of(shift, limit_of(bits));
    uint8_t lower[CUT_BLOCK];
    for (int64_t from = 0; from < count; from += CUT_BLOCK) {
        int64_t some = count - from < CUT_BLOCK ? count - from : CUT_BLOCK;
        wg_unpack_fields(low + from / 4, some, 2, lower);
        EACH(some, quantise_cut_lanes(&d, high + from + i, lower + i, n));
    }
}

/* Sixteen channels (or fewer, by copies) of one pooled element to its four places. */
static ALWAYS_INLINE void unpool16(const int8_t *e, const uint8_t *which, int8_t *const to[4],
                                   int c, int n)
{
    uint8_t bytes[2][16] = { { 0 } };
    vb x, place;
    if (n == 16) {
        x = load16(e + c);
        place = load16(which + c);
    } else {
        memcpy(bytes[0], e + c, (size_t)n);
        memcpy(bytes[1], which + c, (size_t)n);
        x = load16(bytes[0]);
        place = load16(bytes[1]);
    }
    UNROLL
    for (int i = 0; i < 4; i++) {
        vb here = vb_and(x, vb_same(place, vb_set((uint8_t)i)));
        if (n == 16) {
            store16(to[i] + c, here);
        } else {
            store16(bytes[0], here);
            memcpy(to[i] + c, bytes[0], (size_t)n);
        }
    }
}

static void unpool(const int8_t *e, const uint8_t *which, int height, int width, int n, int8_t *out)
{
    ptrdiff_t line = (ptrdiff_t)width * n;
    if (height % 2 || width % 2)
        memset(out, 0, (size_t)height * (size_t)line);
    for (int y = 0; y + 1 < height; y += 2)
        for (int x = 0; x + 1 < width; x += 2, e += n, which += n) {
            int8_t *corner = out + y * line + x * (ptrdiff_t)n;
            int8_t *const to[4] = { corner, corner + n, corner + line, corner + line + n };
            int c = 0;
            for (; c + 16 <= n; c += 16)
                unpool16(e, which, to, c, 16);
            if (c < n)
                unpool16(e, which, to, c, n - c);
        }
}

/* ---- weights ---- */

/* Philox' rounds for the counters at[0], one a lane. */
static ALWAYS_INLINE void philox_lanes(vi at[4], const uint32_t key[2])
{
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++, k0 += 0x9E3779B9, k1 += 0xBB67AE85) {
        vi low0, low1;
        vi high0 = vi_multiply(at[0], vi_set(0xD2511F53), &low0);
        vi high1 = vi_multiply(at[2], vi_set(0xCD9E8D57), &low1);
        at[0] = vi_xor(vi_xor(high1, at[1]), vi_set(k0));
        at[2] = vi_xor(vi_xor(high0, at[3]), vi_set(k1));
        at[1] = low1;
        at[3] = low0;
    }
}

static void random_lanes(const uint32_t counter[4], const uint32_t key[2], int64_t first, int n,
                         uint16_t *out)
{
    vi at[4] = { vi_add(vi_set(counter[0] + (uint32_t)first), vi_count()), vi_set(counter[1]),
                 vi_set(counter[2]), vi_set(counter[3]) };
    uint32_t words[4 * LANES];
    philox_lanes(at, key);
    vi_store_four(words, at);
    memcpy(out, words, 16 * (size_t)n);
}

static void random_bits(const uint32_t counter[4], const uint32_t key[2], int64_t blocks,
                        uint16_t *out)
{
    EACH(blocks, random_lanes(counter, key, i, n, out + 8 * i));
}

/* How |g| becomes a step: its whole part, and what is cut off as a fraction of 16 bits. A step of
 * 255 is as good as any larger one. */
typedef struct {
    int left, right, fraction_left, fraction_right;
    vi cut, most, limit;
} stepper;

static stepper stepper_of(int shift, int limit)
{
    uint32_t cut = shift > 0 ? (uint32_t)(((uint64_t)1 << shift) - 1) : 0;
    return (stepper){
        .left = shift < 0 ? -shift : 0,
        .right = shift > 0 ? shift : 0,
        .fraction_left = shift < 16 ? 16 - shift : 0,
        .fraction_right = shift > 16 ? shift - 16 : 0,
        .cut = vi_set(cut),
        .most = vi_set(shift > 0 ? UINT32_MAX : ((uint32_t)255 >> -shift) + 1),
        .limit = vi_set((uint32_t)limit),
    };
}

static ALWAYS_INLINE void update_lanes(const stepper *s, int8_t *w, const int32_t *g,
                                       const uint16_t *random, int n)
{
    vi gradient = vi_load_first(g, n), size = vi_abs(gradient);
    vi fraction = vi_right(vi_left(vi_and(size, s->cut), s->fraction_left), s->fraction_right);
    vi bits = random ? vi_load_uint16(random, n) : vi_set(0x7fff);
    vi step = vi_right(vi_left(vi_min_unsigned(size, s->most), s->left), s->right);
    step = vi_add(step, vi_where(vi_above(fraction, bits), vi_set(1)));
    step = with_sign(vi_min_unsigned(step, vi_set(255)), gradient);
    vi moved = vi_sub(vi_load_int8(w, n), step);
    moved = vi_max(vi_min(moved, s->limit), vi_sub(vi_zero(), s->limit));
    vi_store_bytes(w, moved, n);
}

static void update(int8_t *w, const int32_t *g, const uint16_t *random, int64_t count, int shift,
                   int limit)
{
    const stepper s = stepper_of(shift, limit);
    EACH(count, update_lanes(&s, w + i, g + i, random ? random + i : NULL, n));
}

#endif
