/* The integer kernels in plain C: what every other version must equal. */
#include "wage/kernels/kernels.h"

#include <string.h>

#include "agena/base.h"
#include "wage/kernels/fields.h"

/* v / 2^shift, rounded half away from zero. */
static int64_t divide(int32_t v, int shift)
{
    if (shift <= 0)
        return (int64_t)v * ((int64_t)1 << -shift);
    int64_t half = (int64_t)1 << (shift - 1);
    return v < 0 ? -((half - v) >> shift) : (half + v) >> shift;
}

static int32_t clip(int64_t v, int32_t low, int32_t high)
{
    return (int32_t)(v < low ? low : v > high ? high : v);
}

static uint32_t magnitude(int32_t v)
{
    return v < 0 ? 0 - (uint32_t)v : (uint32_t)v;
}

static size_t pack_bytes(int segments, int segment, int n)
{
    return (size_t)segments * (size_t)segment * (size_t)n;
}

static void narrow(const int8_t *w, int64_t count, int shift, int limit, int8_t *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = (int8_t)clip(divide(w[i], shift), -limit, limit);
}

static void pack(const int8_t *w, int segments, int segment, int n, int from, int to, int shift,
                 int limit, int8_t *packed)
{
    for (int64_t row = 0; row < (int64_t)segments * segment; row++)
        narrow(w + row * n + from, to - from, shift, limit, packed + row * n + from);
}

static const int8_t *window(const int8_t *x, const wg_windows *at, int row)
{
    int line = row / at->width;
    return x + line / at->height * at->stride_picture + line % at->height * at->stride_y +
           row % at->width * at->stride_x;
}

/* out [n] += x w [n]: the inner loop of both products. */
static void add_scaled(int32_t *out, int32_t x, const int8_t *w, int n)
{
    for (int i = 0; i < n; i++)
        out[i] += x * w[i];
}

static void product(const int8_t *x, wg_range range, const wg_windows *at, const int8_t *packed,
                    int n, int32_t *acc)
{
    (void)range;
    for (int row = 0; row < at->pictures * at->height * at->width; row++, acc += n) {
        const int8_t *from = window(x, at, row), *w = packed;
        memset(acc, 0, (size_t)n * sizeof *acc);
        for (int s = 0; s < at->segments; s++)
            for (int i = 0; i < at->segment; i++, w += n)
                if (from[s * at->stride_segment + i])
                    add_scaled(acc, from[s * at->stride_segment + i], w, n);
    }
}

static size_t errors_bytes(const wg_windows *at, int n)
{
    return (size_t)at->pictures * (size_t)at->height * (size_t)at->width * (size_t)n;
}

static void pack_errors(const int8_t *e, wg_range range, const wg_windows *at, int n,
                        int8_t *packed)
{
    (void)range;
    memcpy(packed, e, errors_bytes(at, n));
}

static size_t gradient_bytes(const wg_windows *at)
{
    (void)at;
    return 0;
}

static void gradient(const int8_t *x, wg_range range, const wg_windows *at, const int8_t *e, int n,
                     bool add, int32_t *dw, void *scratch)
{
    (void)range;
    (void)scratch;
    if (!add)
        memset(dw, 0, (size_t)at->segments * (size_t)at->segment * (size_t)n * sizeof *dw);
    for (int row = 0; row < at->pictures * at->height * at->width; row++, e += n) {
        const int8_t *from = window(x, at, row);
        int32_t *to = dw;
        for (int s = 0; s < at->segments; s++)
            for (int i = 0; i < at->segment; i++, to += n)
                if (from[s * at->stride_segment + i])
                    add_scaled(to, from[s * at->stride_segment + i], e, n);
    }
}

static uint32_t largest(const int32_t *v, int64_t count)
{
    uint32_t most = 0;
    for (int64_t i = 0; i < count; i++)
        most = magnitude(v[i]) > most ? magnitude(v[i]) : most;
    return most;
}

/* One activation, with its mark if the backward pass shall know. */
static int8_t rectify_one(int32_t v, int shift, int32_t limit, bool mark)
{
    int32_t a = clip(divide(v, shift), 0, limit);
    bool clipped = shift > 0 ? v > (int64_t)limit << shift : divide(v, shift) > limit;
    bool lost = v > 0 && a == 0;
    return (int8_t)(mark && (clipped || lost) ? a | WG_MARK : a);
}

static void rectify(const int32_t *v, int64_t count, int shift, int bits, bool mark, int8_t *out)
{
    int32_t limit = (1 << (bits - 1)) - 1;
    for (int64_t i = 0; i < count; i++)
        out[i] = rectify_one(v[i], shift, limit, mark);
}

static void pool_rectify(const int32_t *v, int height, int width, int n, int shift, int bits,
                         int8_t *out, uint8_t *which)
{
    int32_t limit = (1 << (bits - 1)) - 1;
    for (int y = 0; y < height / 2; y++)
        for (int x = 0; x < width / 2; x++)
            for (int c = 0; c < n; c++) {
                const int32_t *corner = v + ((int64_t)2 * y * width + 2 * x) * n + c;
                int32_t four[4] = { corner[0], corner[n], corner[(int64_t)width * n],
                                    corner[(int64_t)(width + 1) * n] };
                uint8_t best = 0;
                for (uint8_t i = 1; i < 4; i++)
                    best = four[i] > four[best] ? i : best;
                *out++ = rectify_one(four[best], shift, limit, which);
                if (which)
                    *which++ = best;
            }
}

static void quantise(const int32_t *v, int64_t count, int shift, int bits, int8_t *out)
{
    int32_t limit = (1 << (bits - 1)) - 1;
    for (int64_t i = 0; i < count; i++)
        out[i] = (int8_t)clip(divide(v[i], shift), -limit, limit);
}

static uint32_t keep_inside(int32_t *v, const int8_t *marked, int64_t count, int bits)
{
    uint8_t clipped = (uint8_t)(WG_MARK | ((1 << (bits - 1)) - 1));
    uint32_t most = 0;
    for (int64_t i = 0; i < count; i++) {
        bool inside = (uint8_t)marked[i] != clipped;
        most = inside && magnitude(v[i]) > most ? magnitude(v[i]) : most;
        v[i] = inside && marked[i] ? v[i] : 0;
    }
    return most;
}

static void cut(const int32_t *v, int64_t count, int shift, int8_t *high, uint8_t *low)
{
    memset(low, 0, (size_t)wg_fields_bytes(count, 2));
    for (int64_t i = 0; i < count; i++) {
        int32_t size = (int32_t)(magnitude(v[i]) >> shift), x = v[i] < 0 ? -size : size;
        high[i] = (int8_t)((x + 512) / 4 - 128);
        uint8_t *fields = low + i / 64 * 16 + i % 16;
        *fields = (uint8_t)(*fields | (x + 512) % 4 << i % 64 / 16 * 2);
    }
}

static void quantise_cut(int8_t *high, const uint8_t *low, int64_t count, int shift, int bits)
{
    for (int64_t i = 0; i < count; i++) {
        int32_t x = 4 * high[i] + (low[i / 64 * 16 + i % 16] >> i % 64 / 16 * 2 & 3);
        quantise(&x, 1, shift, bits, &high[i]);
    }
}

static void unpool(const int8_t *e, const uint8_t *which, int height, int width, int n, int8_t *out)
{
    memset(out, 0, (size_t)height * (size_t)width * (size_t)n);
    for (int y = 0; y < height / 2; y++)
        for (int x = 0; x < width / 2; x++)
            for (int c = 0; c < n; c++) {
                int64_t at = (int64_t)(2 * y + *which / 2) * width + 2 * x + *which % 2;
                out[at * n + c] = *e++;
                which++;
            }
}

static void transpose(const int8_t *x, int rows, int columns, int8_t *out)
{
    for (int i = 0; i < columns; i++)
        for (int j = 0; j < rows; j++)
            *out++ = x[(int64_t)j * columns + i];
}

static void random_bits(const uint32_t counter[4], const uint32_t key[2], int64_t blocks,
                        uint16_t *out)
{
    uint32_t at[4], words[4];
    memcpy(at, counter, sizeof at);
    for (int64_t b = 0; b < blocks; b++, at[0]++) {
        ag_philox4x32(at, key, words);
        for (int i = 0; i < 4; i++) {
            *out++ = (uint16_t)words[i];
            *out++ = (uint16_t)(words[i] >> 16);
        }
    }
}

/* floor(size / 2^shift), and one more by the part cut off. random < 0: to nearest. */
static int64_t step_size(uint32_t size, int shift, int32_t random)
{
    if (shift <= 0)
        return (int64_t)size << -shift;
    uint32_t cut = (uint32_t)(size & (((uint64_t)1 << shift) - 1));
    bool up = random < 0
                  ? cut >> (shift - 1)
                  : (uint32_t)random < (shift > 16 ? cut >> (shift - 16) : cut << (16 - shift));
    return ((int64_t)size >> shift) + up;
}

static void update(int8_t *w, const int32_t *g, const uint16_t *random, int64_t count, int shift,
                   int limit)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t step = step_size(magnitude(g[i]), shift, random ? random[i] : -1);
        w[i] = (int8_t)clip(w[i] - (g[i] < 0 ? -step : step), -limit, limit);
    }
}

const wg_kernels wg_kernels_plain = {
    .name = "plain",
    .pack_bytes = pack_bytes,
    .pack = pack,
    .product = product,
    .errors_bytes = errors_bytes,
    .pack_errors = pack_errors,
    .gradient_bytes = gradient_bytes,
    .gradient = gradient,
    .largest = largest,
    .rectify = rectify,
    .pool_rectify = pool_rectify,
    .quantise = quantise,
    .keep_inside = keep_inside,
    .cut = cut,
    .quantise_cut = quantise_cut,
    .unpool = unpool,
    .narrow = narrow,
    .transpose = transpose,
    .random = random_bits,
    .update = update,
};
