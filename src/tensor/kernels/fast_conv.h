/* tensor/kernels/fast_conv.h: convolution loops on the lanes of the including file.
 *
 * A tile of the output stays in registers while the whole window is summed: a few cells (or rows of
 * the weights) by up to TILE_VECTORS vectors of channels. Windows are read where they lie, weights
 * in their own order.
 *
 * What the tiles to come read and write is fetched meanwhile, a line or two a round of the
 * innermost loop: there it costs nothing, where asking for all of it at once would stall. */

#define ALWAYS_INLINE inline __attribute__((always_inline))
/* A tile's loops must unroll fully, or its sums would lie in memory. */
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 12")
#endif

/* Rows of a tile of all TILE_VECTORS vectors or more than half of them, and of one of fewer. */
enum { WIDE_ROWS = 6, NARROW_ROWS = 12, MOST_ROWS = NARROW_ROWS };

/* Run `call` with the constant `size` = n, so that the tile's loops unroll. */
#define CASE(constant, call)                                                                       \
    case constant: {                                                                               \
        enum { size = constant };                                                                  \
        call;                                                                                      \
        break;                                                                                     \
    }
#define SIX_CASES(call)                                                                            \
    CASE(1, call)                                                                                  \
    CASE(2, call)                                                                                  \
    CASE(3, call)                                                                                  \
    CASE(4, call)                                                                                  \
    CASE(5, call)                                                                                  \
    CASE(6, call)
#define WIDE_CASES(n, call)                                                                        \
    switch (n) {                                                                                   \
        SIX_CASES(call)                                                                            \
    }
#define NARROW_CASES(n, call)                                                                      \
    switch (n) {                                                                                   \
        SIX_CASES(call)                                                                            \
        CASE(7, call)                                                                              \
        CASE(8, call)                                                                              \
        CASE(9, call)                                                                              \
        CASE(10, call)                                                                             \
        CASE(11, call)                                                                             \
        CASE(12, call)                                                                             \
    }

/* Memory that is fetched `step` bytes a round, `share` bytes a tile. */
typedef struct {
    const char *at;
    int64_t step, share;
} stream;

/* A tile: where its operands begin, the mask of its last vector, and what to fetch meanwhile. */
typedef struct {
    const float *a, *b, *base;
    float *out;
    vm part;
    stream next[2];
} tile;

/* Is there room between the multiplications to fetch something each round? */
static ALWAYS_INLINE bool can_fetch(const int vectors)
{
    return vectors > 2;
}

static ALWAYS_INLINE int64_t rows_of(int64_t vectors)
{
    return 2 * vectors > TILE_VECTORS ? WIDE_ROWS : NARROW_ROWS;
}

static ALWAYS_INLINE int64_t vectors_of(int64_t channels)
{
    int64_t vectors = (channels + LANES - 1) / LANES;
    return vectors < TILE_VECTORS ? vectors : TILE_VECTORS;
}

/* The mask of the last of that many vectors when `left` channels remain. */
static ALWAYS_INLINE vm last_vector(int64_t left, int64_t vectors)
{
    int64_t n = left - (vectors - 1) * LANES;
    return vm_first(n < LANES ? n : LANES);
}

/* The largest even share of n in pieces of at most `most`. */
static inline int64_t even_share(int64_t n, int64_t most)
{
    int64_t pieces = (n + most - 1) / most;
    return (n + pieces - 1) / pieces;
}

/* To fetch `bytes` while `tiles` tiles of `rounds` rounds are computed. */
static inline stream make_stream(int64_t bytes, int64_t tiles, int64_t rounds)
{
    int64_t share = (bytes + tiles - 1) / tiles;
    return (stream){ .step = (share + rounds - 1) / rounds, .share = share };
}

static ALWAYS_INLINE void tile_clear(const int rows, const int vectors,
                                     vf sum[MOST_ROWS][TILE_VECTORS])
{
    UNROLL
    for (int m = 0; m < rows; m++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            sum[m][v] = vf_set(0.0f);
        }
    }
}

/* Write a tile of sums plus base (unless NULL), whose rows are that far apart. */
static ALWAYS_INLINE void tile_store(const int rows, const int vectors,
                                     vf sum[MOST_ROWS][TILE_VECTORS], const tile *t,
                                     int64_t base_step, int64_t step)
{
    UNROLL
    for (int m = 0; m < rows; m++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            vm mask = v == vectors - 1 ? t->part : vm_first(LANES);
            int64_t at = m * base_step + v * LANES;
            vf old = t->base ? vf_load_mask(t->base + at, mask) : vf_set(0.0f);
            vf_store_mask(t->out + m * step + v * LANES, mask, vf_add(old, sum[m][v]));
        }
    }
}

/* ---- cells ---- */

/* `rows` cells by `vectors` vectors of output channels: a is their input, b the weights. */
static ALWAYS_INLINE void cells_tile(const int rows, const int vectors, const vt_cells *c,
                                     const tile *t)
{
    vf sum[MOST_ROWS][TILE_VECTORS];
    const char *next_in = t->next[0].at, *next_out = t->next[1].at;
    tile_clear(rows, vectors, sum);
    for (int m = 0; m < rows && !can_fetch(vectors); m++) {
        for (int v = 0; v < vectors; v++) {
            __builtin_prefetch(t->out + m * c->out_step + v * LANES, 1);
        }
    }
    for (int64_t k = 0; k < c->taps; k++) {
        const float *x = t->a + c->tap[k].in;
        const float *w = t->b + c->tap[k].row * TILE_VECTORS * LANES;
        for (int64_t i = 0; i < c->depth; i++, w += TILE_VECTORS * LANES) {
            vf weight[TILE_VECTORS];
            UNROLL
            for (int v = 0; v < vectors; v++) {
                weight[v] = vf_load(w + v * LANES);
            }
            if (can_fetch(vectors)) {
                __builtin_prefetch(next_in);
                __builtin_prefetch(next_out, 1);
                next_in += t->next[0].step;
                next_out += t->next[1].step;
            }
            UNROLL
            for (int m = 0; m < rows; m++) {
                vf value = vf_set(x[m * c->in_step + i]);
                UNROLL
                for (int v = 0; v < vectors; v++) {
                    sum[m][v] = vf_fma(value, weight[v], sum[m][v]);
                }
            }
        }
    }
    tile_store(rows, vectors, sum, t, c->base_step, c->out_step);
}

#define CELLS(vectors, cases)                                                                      \
    static void cells_##vectors(int64_t n, const vt_cells *c, const tile *t)                       \
    {                                                                                              \
        cases(n, cells_tile(size, vectors, c, t))                                                  \
    }
CELLS(1, NARROW_CASES)
#if TILE_VECTORS == 2
CELLS(2, WIDE_CASES)
static void (*const cells_by[])(int64_t, const vt_cells *, const tile *) = { cells_1, cells_2 };
#else
CELLS(2, NARROW_CASES)
CELLS(3, WIDE_CASES)
CELLS(4, WIDE_CASES)
static void (*const cells_by[])(int64_t, const vt_cells *, const tile *) = { cells_1, cells_2,
                                                                             cells_3, cells_4 };
#endif

/* A few tiles of cells go through all panels of weights before the next ones, so that their inputs
 * stay in the first-level cache. */
enum { BLOCK_CELLS = 24 };

/* Cells [first, end) by a panel of channels from `o` on, w its weights. */
static void cells_panel(const vt_cells *c, int64_t first, int64_t end, int64_t o, const float *in,
                        const float *w, float *out, stream next[2])
{
    int64_t vectors = vectors_of(c->width - o), share = even_share(end - first, rows_of(vectors));
    tile t = { .b = w, .part = last_vector(c->width - o, vectors) };
    for (int64_t cell = first; cell < end; cell += share) {
        t.a = in + cell * c->in_step;
        t.base = c->base ? c->base + cell * c->base_step + o : NULL;
        t.out = out + cell * c->out_step + o;
        t.next[0] = next[0];
        t.next[1] = next[1];
        cells_by[vectors - 1](end - cell < share ? end - cell : share, c, &t);
        next[0].at += next[0].share;
        next[1].at += next[1].share;
    }
}

/* Ask for the inputs of cells that the last tap reads; earlier taps mostly read what has been read
 * before. */
static void fetch_inputs(const vt_cells *c, int64_t cells, const float *in)
{
    const float *x = in + c->tap[c->taps - 1].in;
    for (int64_t n = 0; n < cells; n++) {
        for (int64_t i = 0; i < c->depth; i += 16) {
            __builtin_prefetch(x + n * c->in_step + i);
        }
    }
}

/* `next` is set up for blocks of so many cells. */
static void set_streams(const vt_cells *c, int64_t cells, stream next[2])
{
    int64_t panels = (c->width + TILE_VECTORS * LANES - 1) / (TILE_VECTORS * LANES);
    int64_t tiles = panels * ((cells + WIDE_ROWS - 1) / WIDE_ROWS), rounds = c->taps * c->depth;
    next[0] = make_stream(cells * c->in_step * (int64_t)sizeof(float), tiles, rounds);
    next[1] = make_stream(cells * c->out_step * (int64_t)sizeof(float), tiles, rounds);
}

static void fast_conv_cells(const vt_cells *c, int64_t cells, const float *in, const float *w,
                            int64_t w_panel, float *out)
{
    int64_t share = even_share(cells, BLOCK_CELLS);
    bool fetch = can_fetch((int)vectors_of(c->width));
    stream next[2] = { { 0 } };
    if (fetch) {
        set_streams(c, share, next);
    }
    for (int64_t first = 0; first < cells; first += share) {
        int64_t left = cells - first, n = left < share ? left : share, more = left - n;
        const float *in_end = in + (first + n) * c->in_step;
        next[0].at = (const char *)(in_end + c->tap[c->taps - 1].in);
        next[1].at = (const char *)(out + (first + n) * c->out_step);
        if (!fetch) {
            fetch_inputs(c, more < share ? more : share, in_end);
        }
        const float *panel = w;
        for (int64_t o = 0; o < c->width; o += TILE_VECTORS * LANES, panel += w_panel) {
            cells_panel(c, first, first + n, o, in, panel, out, next);
        }
    }
}

/* ---- weights ---- */

/* The cells of a weights' gradient: their inputs of one tap and row of weights, and their y. */
typedef struct {
    int64_t lines, cells, in_line, in_step, y_line, y_step;
} cell_grid;

/* `rows` rows of one tap's weights by `vectors` vectors of output channels (whole ones unless it is
 * one), over all cells: a is their input, b their y. */
static ALWAYS_INLINE void weights_tile(const int rows, const int vectors, const cell_grid *g,
                                       const tile *t, int64_t width)
{
    vf sum[MOST_ROWS][TILE_VECTORS];
    const char *next_in = t->next[0].at, *next_y = t->next[1].at;
    tile_clear(rows, vectors, sum);
    for (int64_t line = 0; line < g->lines; line++) {
        const float *x = t->a + line * g->in_line, *dy = t->b + line * g->y_line;
        for (int64_t cell = 0; cell < g->cells; cell++, x += g->in_step, dy += g->y_step) {
            vf value[TILE_VECTORS];
            UNROLL
            for (int v = 0; v < vectors; v++) {
                value[v] = vectors > 1 ? vf_load(dy + v * LANES) : vf_load_mask(dy, t->part);
            }
            if (can_fetch(vectors)) {
                __builtin_prefetch(next_in);
                __builtin_prefetch(next_y);
                next_in += t->next[0].step;
                next_y += t->next[1].step;
            }
            UNROLL
            for (int m = 0; m < rows; m++) {
                vf input = vf_set(x[m]);
                UNROLL
                for (int v = 0; v < vectors; v++) {
                    sum[m][v] = vf_fma(input, value[v], sum[m][v]);
                }
            }
        }
    }
    tile_store(rows, vectors, sum, t, width, width);
}

#define WEIGHTS(vectors, cases)                                                                    \
    static void weights_##vectors(int64_t n, const cell_grid *g, const tile *t, int64_t width)     \
    {                                                                                              \
        cases(n, weights_tile(size, vectors, g, t, width))                                         \
    }
WEIGHTS(1, NARROW_CASES)
#if TILE_VECTORS == 2
WEIGHTS(2, WIDE_CASES)
static void (*const weights_by[])(int64_t, const cell_grid *, const tile *,
                                  int64_t) = { weights_1, weights_2 };
#else
WEIGHTS(2, NARROW_CASES)
WEIGHTS(3, WIDE_CASES)
WEIGHTS(4, WIDE_CASES)
static void (*const weights_by[])(int64_t, const cell_grid *, const tile *,
                                  int64_t) = { weights_1, weights_2, weights_3, weights_4 };
#endif

/* All of one tap's weights [depth, width]. What is fetched meanwhile are the cells that follow on
 * the last line. */
static void weights_tap(const cell_grid *g, int64_t depth, int64_t width, const float *in,
                        const float *y, float *w)
{
    const int64_t panel = TILE_VECTORS * LANES, size = (int64_t)sizeof *in;
    int64_t tiles = (width + panel - 1) / panel * ((depth + WIDE_ROWS - 1) / WIDE_ROWS);
    int64_t rounds = g->lines * g->cells;
    stream next_in = make_stream(g->cells * g->in_step * size, tiles, rounds);
    stream next_y = make_stream(g->cells * g->y_step * size, tiles, rounds);
    next_in.at = (const char *)(in + (g->lines - 1) * g->in_line + g->cells * g->in_step);
    next_y.at = (const char *)(y + (g->lines - 1) * g->y_line + g->cells * g->y_step);
    for (int64_t o = 0, vectors; o < width; o += vectors * LANES) {
        int64_t left = width - o;
        vectors = left < LANES ? 1 : vectors_of(left - left % LANES);
        int64_t share = even_share(depth, rows_of(vectors));
        tile t = { .b = y + o, .part = last_vector(left, vectors) };
        for (int64_t row = 0; row < depth; row += share) {
            t.a = in + row;
            t.base = t.out = w + row * width + o;
            t.next[0] = next_in;
            t.next[1] = next_y;
            weights_by[vectors - 1](depth - row < share ? depth - row : share, g, &t, width);
            next_in.at += next_in.share;
            next_y.at += next_y.share;
        }
    }
}

static void fast_conv_weights(const vt_cells *c, int64_t lines, int64_t cells, int64_t in_line,
                              int64_t y_line, const float *in, const float *y, float *w)
{
    const cell_grid g = { lines, cells, in_line, c->in_step, y_line, c->out_step };
    for (int64_t t = 0; t < c->taps; t++) {
        weights_tap(&g, c->depth, c->width, in + c->tap[t].in, y, w + c->tap[t].row * c->width);
    }
}

static void fast_conv(vt_kernels *table)
{
    table->conv_cells = fast_conv_cells;
    table->conv_panel = TILE_VECTORS * LANES;
    table->conv_weights = fast_conv_weights;
}
