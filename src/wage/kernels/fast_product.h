/* wage/kernels/fast_product.h: products of windows and weights on the lanes of the including file.
 *
 * A tile of the result, some rows by up to PANEL vectors of columns, stays in registers over the
 * whole depth. A step of it takes four bytes of each row, in place, and four rows of the right
 * operand, which is packed for that: panels of columns, in each [steps][columns][4 rows]. A segment
 * begins a step; its last one is filled up with zeros. */
#ifndef WAGE_FAST_PRODUCT_H
#define WAGE_FAST_PRODUCT_H

#include "wage/kernels/kernels.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
/* A tile's loops must unroll fully, or its sums would lie in memory. */
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 12")
#endif

#if !HAS_SIGNED_DOT
#define vi_dot_signed vi_dot
#endif

enum { MAX_ROWS = 12, PREFETCH_ROWS = 16 };

/* How a step multiplies. */
typedef enum {
    DOT,         /* left operands as they are */
    DOT_OFFSET,  /* 128 added to signed ones, whose sums begin with what that is too much */
    DOT_SIGNED,  /* signed ones where the instruction wants unsigned ones */
    SUMS,        /* sums of 16 bits, widened from time to time */
    SUMS_OFFSET, /* the same, 128 added */
} way;

/* Rows of the left operand: the steps of row r are at row[r] + block * stride_block + segment *
 * stride_segment + 4 * step. Segments outside [from, to) are all zeros. */
typedef struct {
    const int8_t *row[MAX_ROWS];
    int blocks, segments, from, to, steps;
    ptrdiff_t stride_block, stride_segment;
    int room; /* steps that sums of 16 bits have room for */
} left_rows;

/* The part of the result that a tile is. */
typedef struct {
    int32_t *out; /* [rows, n] */
    int n, rows, columns;
    bool add;
    const int32_t *start, *less; /* sums begin with start - less; NULL: with 0 */
} target;

/* ---- right operands ---- */

/* What a packed operand begins with; after it the sums' starts [columns, rounded up], then panels.
 */
typedef struct {
    int32_t largest; /* |w| */
    int32_t unused[15];
} right_header;

static size_t round_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

static int steps_of(int segment)
{
    return (segment + 3) / 4;
}

static const int32_t *right_starts(const int8_t *packed)
{
    return (const void *)(packed + sizeof(right_header));
}

static size_t right_panels(int segments, int n)
{
    size_t starts = (size_t)(segments + 1) * round_up((size_t)n, LANES);
    return round_up(sizeof(right_header) + starts * sizeof(int32_t), 64);
}

/* Columns of the panel that begins at `column`, filled up to whole vectors. */
static int panel_columns(int n, int column)
{
    int left = (int)round_up((size_t)(n - column), LANES);
    return left < PANEL * LANES ? left : PANEL * LANES;
}

static size_t right_bytes(int segments, int segment, int n)
{
    return right_panels(segments, n) +
           4 * (size_t)segments * (size_t)steps_of(segment) * round_up((size_t)n, LANES);
}

/* Sixteen columns of four rows -> [16][4]. */
static ALWAYS_INLINE void interleave16(vb a, vb b, vb c, vb d, int8_t *out)
{
    vb ac = vb_zip_low(a, c), bd = vb_zip_low(b, d);
    store16(out, vb_zip_low(ac, bd));
    store16(out + 16, vb_zip_high(ac, bd));
    ac = vb_zip_high(a, c);
    bd = vb_zip_high(b, d);
    store16(out + 32, vb_zip_low(ac, bd));
    store16(out + 48, vb_zip_high(ac, bd));
}

/* How weights are made narrow: |w| / 2^shift, half up, at most limit, with the sign of w. */
typedef struct {
    int shift;
    vb half, limit;
} narrower;

static narrower narrower_of(int shift, int limit)
{
    return (narrower){ shift, vb_set((uint8_t)(1 << shift >> 1)), vb_set((uint8_t)limit) };
}

static ALWAYS_INLINE vb narrow16(const narrower *to, vb w)
{
    vb size = vb_right(vb_add(vb_abs(w), to->half), to->shift);
    return vb_with_sign(vb_min_unsigned(size, to->limit), w);
}

static void narrow(const int8_t *w, int64_t count, int shift, int limit, int8_t *out)
{
    const narrower to = narrower_of(shift, limit);
    int64_t i = 0;
    for (; i + 16 <= count; i += 16)
        store16(out + i, narrow16(&to, load16(w + i)));
    if (i < count) {
        int8_t bytes[16] = { 0 };
        memcpy(bytes, w + i, (size_t)(count - i));
        store16(bytes, narrow16(&to, load16(bytes)));
        memcpy(out + i, bytes, (size_t)(count - i));
    }
}

/* Sixteen columns of four rows, n apart. */
static ALWAYS_INLINE void pack16(const narrower *to, const int8_t *w, ptrdiff_t n, int8_t *out)
{
    vb row[4];
    UNROLL
    for (int r = 0; r < 4; r++)
        row[r] = to ? narrow16(to, load16(w + r * n)) : load16(w + r * n);
    interleave16(row[0], row[1], row[2], row[3], out);
}

/* One step of a panel: `rows` <= 4 rows of w, n apart -> [padded][4], zeros where there are none.
 */
static ALWAYS_INLINE void pack_step(const narrower *to, const int8_t *w, int n, int rows,
                                    int columns, int padded, int8_t *out)
{
    int c = 0;
    for (; rows == 4 && c + 16 <= columns; c += 16)
        pack16(to, w + c, n, out + 4 * c);
    for (; c < padded; c += 16) {
        int8_t some[4][16] = { { 0 } }, block[64];
        for (int r = 0; r < rows && c < columns; r++)
            memcpy(some[r], w + r * (ptrdiff_t)n + c,
                   (size_t)(columns - c < 16 ? columns - c : 16));
        pack16(to, some[0], 16, block);
        memcpy(out + 4 * c, block, (size_t)(4 * (padded - c < 16 ? padded - c : 16)));
    }
}

/* The panel of a column, before which all are whole. */
static size_t panel_offset(int segments, int steps, int n, int column)
{
    return right_panels(segments, n) + 4 * (size_t)segments * (size_t)steps * (size_t)column;
}

/* Panels from column `from` on, which begins one, up to `end`. to: NULL for bytes as they are. */
static ALWAYS_INLINE void pack_panels(const narrower *to, const int8_t *w, int segments,
                                      int segment, int n, int from, int end, int8_t *packed)
{
    int8_t *out = packed + panel_offset(segments, steps_of(segment), n, from);
    for (int column = from; column < end; column += PANEL * LANES) {
        int padded = panel_columns(n, column);
        int columns = n - column < padded ? n - column : padded;
        for (int s = 0; s < segments; s++)
            for (int i = 0; i < segment; i += 4, out += 4 * padded) {
                const int8_t *rows = w + ((ptrdiff_t)s * segment + i) * n + column;
                for (int r = 0; r < 4; r++) /* rows are too far apart for the processor to guess */
                    __builtin_prefetch(rows + (PREFETCH_ROWS + r) * (ptrdiff_t)n);
                pack_step(to, rows, n, segment - i < 4 ? segment - i : 4, columns, padded, out);
            }
    }
}

static void pack_right(const int8_t *w, int segments, int segment, int n, int from, int end,
                       int8_t *packed)
{
    pack_panels(NULL, w, segments, segment, n, from, end, packed);
}

/* What the sums of columns must begin with when 128 is added to the left operands of the first 0, 1
 * ... segments: start [segments + 1], `apart` elements from one to the next. */
static void starts_of_panel(const int8_t *panel, int segments, int steps, int columns, size_t apart,
                            int32_t *start)
{
    const int8_t ones[4] = { 1, 1, 1, 1 };
    for (int c = 0; c < columns; c += LANES) {
        const int8_t *w = panel + 4 * c;
        vi sum = vi_zero();
        vi_store(start + c, sum);
        for (int s = 1; s <= segments; s++) {
            for (int k = 0; k < steps; k++, w += 4 * columns)
                sum = vi_dot(sum, vi_repeat(ones), vi_load(w));
            vi_store(start + (size_t)s * apart + c, vi_sub(vi_zero(), vi_left(sum, 7)));
        }
    }
}

static void fill_starts(int8_t *packed, int segments, int steps, int n, int from, int end)
{
    const int8_t *panel = packed + panel_offset(segments, steps, n, from);
    int32_t *starts = (void *)(packed + sizeof(right_header));
    for (int column = from; column < end; column += PANEL * LANES) {
        int columns = panel_columns(n, column);
        starts_of_panel(panel, segments, steps, columns, round_up((size_t)n, LANES),
                        starts + column);
        panel += 4 * (ptrdiff_t)segments * steps * columns;
    }
}

/* ---- tiles ---- */

static ALWAYS_INLINE vi left_step(way how, const int8_t *p)
{
    vi x = vi_repeat(p);
    return how == DOT_OFFSET || how == SUMS_OFFSET ? vi_xor(x, vi_set(0x80808080)) : x;
}

static ALWAYS_INLINE vi tile_start(const target *to, int v)
{
    if (!to->start)
        return vi_zero();
    return vi_sub(vi_load(to->start + v * LANES), vi_load(to->less + v * LANES));
}

/* Panel columns of `vectors` vectors: where the segment's steps are. */
static ALWAYS_INLINE const int8_t *tile_segment(const int vectors, const left_rows *x,
                                                const int8_t *w, int block, int segment)
{
    ptrdiff_t before = (ptrdiff_t)block * x->segments + segment;
    return w + before * x->steps * (4 * vectors * LANES);
}

static ALWAYS_INLINE void tile_store(const int rows, const int vectors, vi sum[MAX_ROWS][PANEL],
                                     const target *to)
{
    UNROLL
    for (int r = 0; r < rows; r++) {
        if (r >= to->rows)
            break;
        UNROLL
        for (int v = 0; v < vectors; v++) {
            int32_t *at = to->out + r * (ptrdiff_t)to->n + v * LANES;
            int columns = to->columns - v * LANES;
            vi x = to->add ? vi_add(vi_load_first(at, columns), sum[r][v]) : sum[r][v];
            vi_store_first(at, x, columns);
        }
    }
}

/* `steps` steps of a tile whose sums have 32 bits. */
static ALWAYS_INLINE const int8_t *tile_steps(const int rows, const int vectors, const way how,
                                              const int8_t *const row[MAX_ROWS], ptrdiff_t at,
                                              int steps, const int8_t *w, vi sum[MAX_ROWS][PANEL])
{
    for (ptrdiff_t end = at + 4 * (ptrdiff_t)steps; at < end; at += 4) {
        vi y[PANEL];
        UNROLL
        for (int v = 0; v < vectors; v++)
            y[v] = vi_load(w + 4 * v * LANES);
        w += 4 * vectors * LANES;
        UNROLL
        for (int r = 0; r < rows; r++) {
            vi x = left_step(how, row[r] + at);
            UNROLL
            for (int v = 0; v < vectors; v++)
                sum[r][v] = how == DOT_SIGNED ? vi_dot_signed(sum[r][v], x, y[v])
                                              : vi_dot(sum[r][v], x, y[v]);
        }
    }
    return w;
}

static ALWAYS_INLINE void tile_of_dots(const int rows, const int vectors, const way how,
                                       const left_rows *x, const int8_t *w, const target *to)
{
    vi sum[MAX_ROWS][PANEL];
    const int8_t *row[MAX_ROWS];
    UNROLL
    for (int r = 0; r < rows; r++) {
        row[r] = x->row[r];
        UNROLL
        for (int v = 0; v < vectors; v++)
            sum[r][v] = tile_start(to, v);
    }
    for (int b = 0; b < x->blocks; b++) {
        const int8_t *y = tile_segment(vectors, x, w, b, x->from);
        for (int s = x->from; s < x->to; s++)
            y = tile_steps(rows, vectors, how, row, b * x->stride_block + s * x->stride_segment,
                           x->steps, y, sum);
    }
    tile_store(rows, vectors, sum, to);
}

#if HAS_SUMS
/* Sums of 32 bits in memory, those of 16 bits in registers. */
typedef struct {
    int32_t wide[SUMS_ROWS][PANEL * LANES];
    int room;
} tile_sums;

static ALWAYS_INLINE void tile_widen(const int rows, const int vectors, vs sum[SUMS_ROWS][PANEL],
                                     tile_sums *t)
{
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            int32_t *at = &t->wide[r][v * LANES];
            vi_store(at, vi_widen(vi_load(at), sum[r][v]));
            sum[r][v] = vs_zero();
        }
    }
}

static ALWAYS_INLINE const int8_t *tile_short_steps(const int rows, const int vectors,
                                                    const way how, const left_rows *x, ptrdiff_t at,
                                                    int steps, const int8_t *w,
                                                    vs sum[SUMS_ROWS][PANEL])
{
    for (ptrdiff_t end = at + 4 * (ptrdiff_t)steps; at < end; at += 4) {
        vi y[PANEL];
        UNROLL
        for (int v = 0; v < vectors; v++)
            y[v] = vi_load(w + 4 * v * LANES);
        w += 4 * vectors * LANES;
        UNROLL
        for (int r = 0; r < rows; r++) {
            vi left = left_step(how, x->row[r] + at);
            UNROLL
            for (int v = 0; v < vectors; v++)
                sum[r][v] = vs_dot(sum[r][v], left, y[v]);
        }
    }
    return w;
}

/* One segment: as many steps at once as there is room for. */
static ALWAYS_INLINE const int8_t *tile_short_segment(const int rows, const int vectors,
                                                      const way how, const left_rows *x,
                                                      ptrdiff_t at, const int8_t *w,
                                                      vs sum[SUMS_ROWS][PANEL], tile_sums *t)
{
    for (int k = 0; k < x->steps;) {
        int steps = x->steps - k < t->room ? x->steps - k : t->room;
        w = tile_short_steps(rows, vectors, how, x, at + 4 * (ptrdiff_t)k, steps, w, sum);
        k += steps;
        t->room -= steps;
        if (t->room == 0) {
            tile_widen(rows, vectors, sum, t);
            t->room = x->room;
        }
    }
    return w;
}

static ALWAYS_INLINE void tile_of_sums(const int rows, const int vectors, const way how,
                                       const left_rows *x, const int8_t *w, const target *to)
{
    vs sum[SUMS_ROWS][PANEL];
    tile_sums t = { .room = x->room };
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            sum[r][v] = vs_zero();
            vi_store(&t.wide[r][v * LANES], tile_start(to, v));
        }
    }
    for (int b = 0; b < x->blocks; b++) {
        const int8_t *y = tile_segment(vectors, x, w, b, x->from);
        for (int s = x->from; s < x->to; s++)
            y = tile_short_segment(rows, vectors, how, x,
                                   b * x->stride_block + s * x->stride_segment, y, sum, &t);
    }
    tile_widen(rows, vectors, sum, &t);
    vi wide[MAX_ROWS][PANEL];
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            wide[r][v] = vi_load(&t.wide[r][v * LANES]);
    }
    tile_store(rows, vectors, wide, to);
}
#endif

typedef void tile_fn(const left_rows *x, const int8_t *w, const target *to);

#define TILE(kind, how, rows, vectors)                                                             \
    static void tile_##how##_##vectors(const left_rows *x, const int8_t *w, const target *to)      \
    {                                                                                              \
        kind(rows, vectors, how, x, w, to);                                                        \
    }
TILES(TILE)

/* Tiles by their way and vectors of columns, each with its rows. */
static const struct {
    tile_fn *run;
    int rows;
} tiles[5][PANEL + 1] = {
#define TILE_ENTRY(kind, how, rows, vectors) [how][vectors] = { tile_##how##_##vectors, rows },
    TILES(TILE_ENTRY)
};

/* ---- windows times weights ---- */

/* Windows above each other begin so many lines apart; 0: not whole lines. */
static int lines_between(const wg_windows *at)
{
    bool whole = at->height > 1 && at->segments > 1 && at->stride_y % at->stride_segment == 0;
    return whole ? (int)(at->stride_y / at->stride_segment) : 0;
}

/* Walks over the windows in the order of rows. */
typedef struct {
    const wg_windows *at;
    const int8_t *picture, *line;
    int y, x;
    int between, bottom; /* lines; the last line but zeros */
} walker;

static walker walk(const int8_t *x, const wg_windows *at)
{
    walker w = { .at = at, .picture = x, .line = x, .between = lines_between(at) };
    w.bottom = (at->height - 1) * w.between + at->segments - at->bottom;
    return w;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* Widen the range of segments by those of the next window that are not padding. */
static void add_segments(const walker *w, left_rows *left)
{
    int line = w->y * w->between, segments = w->at->segments;
    int from = w->between > 0 ? smaller(w->at->top - line, segments) : 0;
    int to = w->between > 0 ? smaller(w->bottom - line, segments) : segments;
    left->from = smaller(left->from, larger(from, 0));
    left->to = larger(left->to, to);
}

static const int8_t *next_window(walker *w)
{
    const int8_t *window = w->line + w->x * w->at->stride_x;
    if (++w->x == w->at->width) {
        w->x = 0;
        w->line += w->at->stride_y;
        if (++w->y == w->at->height) {
            w->y = 0;
            w->line = w->picture += w->at->stride_picture;
        }
    }
    return window;
}

/* The windows of one tile. */
static void next_rows(walker *w, int rows, int tile_rows, left_rows *left)
{
    left->from = w->at->segments;
    left->to = 0;
    for (int r = 0; r < rows; r++) {
        if (r == 0 || w->x == 0)
            add_segments(w, left);
        left->row[r] = next_window(w);
    }
    for (int r = rows; r < tile_rows; r++) /* any that may be read */
        left->row[r] = left->row[0];
    left->to = larger(left->to, left->from);
}

/* All rows of one panel. starts: those of its columns, `apart` from one segment's to the next's;
 * NULL: none. */
static void multiply_panel(way how, const int8_t *x, const wg_windows *at, left_rows *left,
                           const int8_t *panel, const int32_t *starts, size_t apart, int columns,
                           target to)
{
    int vectors = columns / LANES, total = at->pictures * at->height * at->width;
    int tile_rows = tiles[how][vectors].rows;
    walker w = walk(x, at);
    for (int row = 0; row < total; row += tile_rows, to.out += tile_rows * (ptrdiff_t)to.n) {
        to.rows = smaller(total - row, tile_rows);
        next_rows(&w, to.rows, tile_rows, left);
        if (starts) {
            to.start = starts + (size_t)left->to * apart;
            to.less = starts + (size_t)left->from * apart;
        }
        tiles[how][vectors].run(left, panel, &to);
    }
}

/* The fastest way for left operands of the range and right ones up to `largest`. */
static way choose_way(wg_range range, int32_t largest, int *room)
{
#if HAS_SUMS
    bool offset = range == WG_SIGNED && SIGNED_SUMS == SUMS_OFFSET;
    *room = INT16_MAX / (SUMS_PRODUCTS * (offset ? 255 : 127) * (largest ? largest : 1));
    if (*room >= 4)
        return offset ? SUMS_OFFSET : SUMS;
#else
    (void)largest;
    (void)room;
#endif
    return range == WG_SIGNED ? SIGNED_DOT : DOT;
}

static void product(const int8_t *x, wg_range range, const wg_windows *at, const int8_t *packed,
                    int n, int32_t *acc)
{
    const right_header *header = (const void *)packed;
    const int32_t *starts = right_starts(packed);
    const int8_t *panel = packed + right_panels(at->segments, n);
    left_rows left = { .blocks = 1,
                       .segments = at->segments,
                       .steps = steps_of(at->segment),
                       .stride_segment = at->stride_segment };
    way how = choose_way(range, header->largest, &left.room);
    bool offset = how == DOT_OFFSET || how == SUMS_OFFSET;
    for (int column = 0; column < n; column += PANEL * LANES) {
        int columns = panel_columns(n, column);
        target to = { .out = acc + column, .n = n, .columns = n - column };
        multiply_panel(how, x, at, &left, panel, offset ? starts + column : NULL,
                       round_up((size_t)n, LANES), columns, to);
        panel += 4 * (ptrdiff_t)at->segments * left.steps * columns;
    }
}

static void pack(const int8_t *w, int segments, int segment, int n, int from, int to, int shift,
                 int limit, int8_t *packed)
{
    right_header *header = (void *)packed;
    const narrower narrow_to = narrower_of(shift, limit);
    if (shift > 0 || limit < INT8_MAX)
        pack_panels(&narrow_to, w, segments, segment, n, from, to, packed);
    else
        pack_right(w, segments, segment, n, from, to, packed);
    fill_starts(packed, segments, steps_of(segment), n, from, to);
    if (from == 0)
        *header = (right_header){ .largest = limit };
}

#endif
