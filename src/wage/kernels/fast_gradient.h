/* wage/kernels/fast_gradient.h: weight gradients, windows transposed times errors, on the lanes of
 * the including file.
 *
 * Here positions are the depth. Errors are packed as weights are, a line of them a segment.
 * Pictures are transposed to [line][channel][x]: then four neighbours of one channel lie beside
 * each other, wherever the window begins, and a tile of fast_product.h does the rest. */
#ifndef WAGE_FAST_GRADIENT_H
#define WAGE_FAST_GRADIENT_H

#include "wage/kernels/fast_product.h"

#if defined(__clang__)
#define UNROLL16 UNROLL
#else
#define UNROLL16 _Pragma("GCC unroll 16")
#endif

/* The transposed pictures. A "channel" is one of the bytes between two windows' beginnings, so that
 * strided windows need nothing special; a window is `taps` such groups wide, the last not always
 * whole. */
typedef struct {
    int channels, taps, last;       /* channels of the last tap */
    int lines, step;                /* lines of a picture; between windows above each other */
    bool shared;                    /* windows above each other share lines */
    int positions;                  /* [0, positions) are filled in */
    ptrdiff_t pitch, line, picture; /* bytes */
} transposed;

static transposed transposed_of(const wg_windows *at)
{
    int between = at->width > 1 && at->stride_x < at->segment ? (int)at->stride_x : at->segment;
    transposed t = { .channels = between, .step = at->segments };
    t.taps = (at->segment + between - 1) / between;
    t.last = at->segment - (t.taps - 1) * between;
    t.shared = lines_between(at) > 0 && lines_between(at) <= at->segments;
    if (t.shared)
        t.step = lines_between(at);
    t.lines = (at->height - 1) * t.step + at->segments;
    t.positions = at->width + t.taps - 1;
    t.pitch = 4 * (ptrdiff_t)(steps_of(at->width) + steps_of(t.taps - 1));
    t.line = t.pitch * t.channels;
    t.picture = t.line * t.lines;
    return t;
}

/* The first half zipped with the second. */
static ALWAYS_INLINE void zip_halves(const vb in[16], vb out[16])
{
    UNROLL16
    for (int i = 0; i < 8; i++) {
        out[2 * i] = vb_zip_low(in[i], in[i + 8]);
        out[2 * i + 1] = vb_zip_high(in[i], in[i + 8]);
    }
}

/* 16 positions of 16 channels: in[position] -> out[channel], by four zips. */
static ALWAYS_INLINE void transpose16(const int8_t *const in[16], vb out[16])
{
    vb a[16], b[16];
    UNROLL16
    for (int i = 0; i < 16; i++)
        a[i] = load16(in[i]);
    zip_halves(a, b);
    zip_halves(b, a);
    zip_halves(a, b);
    zip_halves(b, out);
}

/* The positions [x, x + 16) of one line, all channels. Writes up to 15 bytes past a channel's end:
 * that is the beginning of the next, which is written later. */
static void transpose_positions(const transposed *t, const int8_t *line, ptrdiff_t stride_x, int x,
                                uint8_t flip, int8_t *out)
{
    static const int8_t zeros[16];
    const int8_t *in[16];
    vb block[16];
    for (int c = 0; c < t->channels; c += 16) {
        for (int i = 0; i < 16; i++) {
            bool there = x + i < t->positions - 1 || (x + i == t->positions - 1 && c < t->last);
            in[i] = there ? line + (x + i) * stride_x + c : zeros;
        }
        transpose16(in, block);
        for (int i = 0; i < 16 && c + i < t->channels; i++)
            store16(out + (c + i) * t->pitch + x, vb_xor(block[i], vb_set(flip)));
    }
}

/* One line [positions][channels] -> [channels][pitch]. */
static void transpose_line(const transposed *t, const int8_t *line, ptrdiff_t stride_x,
                           uint8_t flip, int8_t *out)
{
    int blocks = (t->positions + 15) / 16;
    if (t->channels == 1 && stride_x == 1) {
        for (int b = 0; b < blocks; b++)
            store16(out + 16 * b, vb_xor(load16(line + 16 * b), vb_set(flip)));
        return;
    }
    while (blocks-- > 0)
        transpose_positions(t, line, stride_x, 16 * blocks, flip, out);
}

static void transpose_pictures(const transposed *t, const int8_t *x, const wg_windows *at,
                               uint8_t flip, int8_t *out)
{
    for (int p = 0; p < at->pictures; p++, x += at->stride_picture)
        for (int l = 0; l < t->lines; l++, out += t->line) {
            const int8_t *line = x + (t->shared ? l * at->stride_segment
                                                : l / at->segments * at->stride_y +
                                                      l % at->segments * at->stride_segment);
            transpose_line(t, line, at->stride_x, flip, out);
        }
}

static size_t transposed_bytes(const transposed *t, int pictures)
{
    return round_up((size_t)t->picture * (size_t)pictures + 64, 64);
}

static size_t errors_bytes(const wg_windows *at, int n)
{
    return right_bytes(at->pictures * at->height, at->width, n);
}

/* The 128 that some ways add to signed pictures is added when they are transposed, so that the
 * tiles need not. */
static bool gradient_offset(wg_range range)
{
    return range == WG_SIGNED && SIGNED_DOT == DOT_OFFSET;
}

static void pack_errors(const int8_t *e, wg_range range, const wg_windows *at, int n,
                        int8_t *packed)
{
    int lines = at->pictures * at->height;
    pack_right(e, lines, at->width, n, 0, n, packed);
    if (gradient_offset(range))
        fill_starts(packed, lines, steps_of(at->width), n, 0, n);
}

static size_t gradient_bytes(const wg_windows *at)
{
    transposed t = transposed_of(at);
    return transposed_bytes(&t, at->pictures);
}

/* Row `row` of the gradient: where its bytes begin in the transposed pictures. */
static const int8_t *gradient_row(const transposed *t, const int8_t *x, int segment, int row)
{
    int i = row % segment;
    return x + row / segment * t->line + i % t->channels * t->pitch + i / t->channels;
}

/* x [rows, columns] -> out [columns, rows]: as a line of `rows` positions. */
static void transpose(const int8_t *x, int rows, int columns, int8_t *out)
{
    int whole_rows = rows / 16 * 16, whole = columns / 16 * 16;
    vb block[16];
    for (int r = 0; r < whole_rows; r += 16)
        for (int c = 0; c < whole; c += 16) {
            const int8_t *in[16];
            for (int i = 0; i < 16; i++)
                in[i] = x + (r + i) * (ptrdiff_t)columns + c;
            transpose16(in, block);
            for (int i = 0; i < 16; i++)
                store16(out + (c + i) * (ptrdiff_t)rows + r, block[i]);
        }
    for (int c = 0; c < columns; c++)
        for (int r = c < whole ? whole_rows : 0; r < rows; r++)
            out[c * (ptrdiff_t)rows + r] = x[r * (ptrdiff_t)columns + c];
}

/* Windows of which segment `segment` is not padding: [from, to) in the order from the top. */
static void windows_inside(const transposed *t, const wg_windows *at, int segment, int *from,
                           int *to)
{
    *from = 0;
    *to = at->height;
    if (!t->shared)
        return;
    int bottom = t->lines - at->bottom;
    *from = smaller((larger(at->top - segment, 0) + t->step - 1) / t->step, at->height);
    *to = smaller((larger(bottom - segment, 0) + t->step - 1) / t->step, at->height);
}

/* Where the rows of one tile begin, and the lines that they need. */
static void gradient_rows(const transposed *t, const int8_t *x, const wg_windows *at, int first,
                          int rows, int tile_rows, left_rows *left)
{
    int from, to, last = (first + rows - 1) / at->segment;
    windows_inside(t, at, first / at->segment, &left->from, &left->to);
    windows_inside(t, at, last, &from, &to);
    left->from = smaller(left->from, from);
    left->to = larger(larger(left->to, to), left->from);
    if (last > first / at->segment + 1) { /* segments between them */
        left->from = 0;
        left->to = at->height;
    }
    for (int r = 0; r < tile_rows; r++) /* rows past the last: any that may be read */
        left->row[r] = gradient_row(t, x, at->segment, first + (r < rows ? r : 0));
}

static void gradient_panel(way how, const transposed *t, const int8_t *x, const wg_windows *at,
                           left_rows *left, const int8_t *panel, int columns, target to)
{
    int vectors = columns / LANES, total = at->segments * at->segment;
    int tile_rows = tiles[how][vectors].rows;
    for (int row = 0; row < total; row += tile_rows, to.out += tile_rows * (ptrdiff_t)to.n) {
        to.rows = smaller(total - row, tile_rows);
        gradient_rows(t, x, at, row, to.rows, tile_rows, left);
        if (to.start) { /* those that 128 was added to are no zeros */
            left->from = 0;
            left->to = at->height;
        }
        tiles[how][vectors].run(left, panel, &to);
    }
}

static void gradient(const int8_t *x, wg_range range, const wg_windows *at, const int8_t *packed,
                     int n, bool add, int32_t *dw, void *scratch)
{
    transposed t = transposed_of(at);
    int8_t *pictures = scratch;
    int lines = at->pictures * at->height, steps = steps_of(at->width);
    bool offset = gradient_offset(range);
    way how = range == WG_SIGNED && !offset ? SIGNED_DOT : DOT;
    transpose_pictures(&t, x, at, offset ? 128 : 0, pictures);
    const int32_t *none = right_starts(packed), *all = none;
    all += (size_t)lines * round_up((size_t)n, LANES);
    left_rows left = { .blocks = at->pictures,
                       .segments = at->height,
                       .steps = steps,
                       .stride_block = t.picture,
                       .stride_segment = t.step * t.line };
    const int8_t *panel = packed + right_panels(lines, n);
    for (int column = 0; column < n; column += PANEL * LANES) {
        int columns = panel_columns(n, column);
        target to = { .out = dw + column, .n = n, .columns = n - column, .add = add };
        to.start = offset ? all + column : NULL;
        to.less = none + column;
        gradient_panel(how, &t, pictures, at, &left, panel, columns, to);
        panel += 4 * (ptrdiff_t)lines * steps * columns;
    }
}

#endif
