/* tensor/kernels/fast_conv.h: convolution loops on the lanes of the including file.
 *
 * A tile of the output stays in registers while the whole window is summed: TILE cells (or rows of
 * the weights) by two vectors of channels. Windows are read where they lie, weights in their own
 * order. */

#define ALWAYS_INLINE inline __attribute__((always_inline))
/* A tile's loops must unroll fully, or its sums would lie in memory. */
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 12")
#endif

/* Run `call` with the constant `size` = n, 1 <= n <= TILE, so that the tile's loops unroll. */
#if TILE_IS_12
enum { TILE = 12 };
#define TILE_CASES(n, call)                                                                        \
    switch (n) {                                                                                   \
        CASE(1, call)                                                                              \
        CASE(2, call)                                                                              \
        CASE(3, call)                                                                              \
        CASE(4, call)                                                                              \
        CASE(5, call)                                                                              \
        CASE(6, call)                                                                              \
        CASE(7, call)                                                                              \
        CASE(8, call)                                                                              \
        CASE(9, call)                                                                              \
        CASE(10, call)                                                                             \
        CASE(11, call)                                                                             \
        CASE(12, call)                                                                             \
    }
#else
enum { TILE = 6 };
#define TILE_CASES(n, call)                                                                        \
    switch (n) {                                                                                   \
        CASE(1, call)                                                                              \
        CASE(2, call)                                                                              \
        CASE(3, call)                                                                              \
        CASE(4, call)                                                                              \
        CASE(5, call)                                                                              \
        CASE(6, call)                                                                              \
    }
#endif
#define CASE(constant, call)                                                                       \
    case constant: {                                                                               \
        enum { size = constant };                                                                  \
        call;                                                                                      \
        break;                                                                                     \
    }

/* Add (or write) a tile of sums: row m at out + m * step, the last vector masked. */
static ALWAYS_INLINE void tile_store(const int rows, const int vectors, vf sum[TILE][2], float *out,
                                     int64_t step, vm part, bool accumulate)
{
    UNROLL
    for (int m = 0; m < rows; m++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            float *at = out + m * step + v * LANES;
            vm mask = v == vectors - 1 ? part : vm_first(LANES);
            vf old = accumulate ? vf_load_mask(at, mask) : vf_set(0.0f);
            vf_store_mask(at, mask, vf_add(old, sum[m][v]));
        }
    }
}

/* `rows` cells by `vectors` vectors of output channels. */
static ALWAYS_INLINE void cells_tile(const int rows, const int vectors, const vt_cells *c,
                                     const float *in, const float *w, float *out, vm part,
                                     bool accumulate)
{
    vf sum[TILE][2];
    UNROLL
    for (int m = 0; m < rows; m++) {
        sum[m][0] = sum[m][1] = vf_set(0.0f);
    }
    UNROLL
    for (int m = 0; m < rows; m++) {
        for (int v = 0; v < vectors; v++) {
            __builtin_prefetch(out + m * c->out_step + v * LANES, 1);
        }
    }
    for (int64_t t = 0; t < c->taps; t++) {
        const float *x = in + c->tap[t].in, *row = w + c->tap[t].row * 2 * LANES;
        for (int64_t i = 0; i < c->depth; i++, row += 2 * LANES) {
            vf w0 = vf_load(row), w1 = vf_load(row + LANES);
            UNROLL
            for (int m = 0; m < rows; m++) {
                vf value = vf_set(x[m * c->in_step + i]);
                sum[m][0] = vf_fma(value, w0, sum[m][0]);
                if (vectors == 2) {
                    sum[m][1] = vf_fma(value, w1, sum[m][1]);
                }
            }
        }
    }
    tile_store(rows, vectors, sum, out, c->out_step, part, accumulate);
}

static void cells_two(int64_t n, const vt_cells *c, const float *in, const float *w, float *out,
                      vm part, bool accumulate)
{
    TILE_CASES(n, cells_tile(size, 2, c, in, w, out, part, accumulate))
}

static void cells_one(int64_t n, const vt_cells *c, const float *in, const float *w, float *out,
                      vm part, bool accumulate)
{
    TILE_CASES(n, cells_tile(size, 1, c, in, w, out, part, accumulate))
}

/* The largest even share of n in pieces of at most TILE. */
static inline int64_t even_share(int64_t n)
{
    int64_t pieces = (n + TILE - 1) / TILE;
    return (n + pieces - 1) / pieces;
}

/* The mask of a tile's last vector when `left` channels remain. */
static inline vm last_vector(int64_t left)
{
    int64_t n = left > LANES ? left - LANES : left;
    return vm_first(n < LANES ? n : LANES);
}

/* `cells` cells by all channels, a tile at a time. */
static void cells_block(const vt_cells *c, int64_t cells, int64_t share, const float *in,
                        const float *w, int64_t w_panel, float *out, bool accumulate)
{
    for (int64_t o = 0; o < c->width; o += 2 * LANES, w += w_panel) {
        vm part = last_vector(c->width - o);
        for (int64_t cell = 0; cell < cells; cell += share) {
            int64_t n = cells - cell < share ? cells - cell : share;
            (c->width - o > LANES ? cells_two : cells_one)(
                n, c, in + cell * c->in_step, w, out + cell * c->out_step + o, part, accumulate);
        }
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

/* A few tiles of cells go through all panels before the next, so that their inputs stay in the
 * first-level cache. */
static void fast_conv_cells(const vt_cells *c, int64_t cells, const float *in, const float *w,
                            int64_t w_panel, float *out, bool accumulate)
{
    int64_t share = even_share(cells), block = 2 * share;
    for (int64_t cell = 0; cell < cells; cell += block) {
        int64_t left = cells - cell, n = left < block ? left : block, next = left - n;
        fetch_inputs(c, next < block ? next : block, in + (cell + n) * c->in_step);
        cells_block(c, n, share, in + cell * c->in_step, w, w_panel, out + cell * c->out_step,
                    accumulate);
    }
}

/* The cells of a weights' gradient: their inputs of one tap and row of weights, and their y. */
typedef struct {
    int64_t lines, cells, in_line, in_step, y_line, y_step;
} cell_grid;

/* `rows` rows of one tap's weights by `vectors` vectors of output channels, over all cells. */
static ALWAYS_INLINE void weights_tile(const int rows, const int vectors, const cell_grid *g,
                                       const float *in, const float *y, float *w, int64_t width,
                                       vm part)
{
    vf sum[TILE][2];
    UNROLL
    for (int m = 0; m < rows; m++) {
        sum[m][0] = sum[m][1] = vf_set(0.0f);
    }
    for (int64_t line = 0; line < g->lines; line++) {
        const float *x = in + line * g->in_line, *dy = y + line * g->y_line;
        for (int64_t cell = 0; cell < g->cells; cell++, x += g->in_step, dy += g->y_step) {
            vf y0 = vectors == 2 ? vf_load(dy) : vf_load_mask(dy, part);
            vf y1 = vectors == 2 ? vf_load(dy + LANES) : y0;
            UNROLL
            for (int m = 0; m < rows; m++) {
                vf value = vf_set(x[m]);
                sum[m][0] = vf_fma(value, y0, sum[m][0]);
                if (vectors == 2) {
                    sum[m][1] = vf_fma(value, y1, sum[m][1]);
                }
            }
        }
    }
    tile_store(rows, vectors, sum, w, width, part, true);
}

static void weights_two(int64_t n, const cell_grid *g, const float *in, const float *y, float *w,
                        int64_t width)
{
    const vm whole = vm_first(LANES);
    TILE_CASES(n, weights_tile(size, 2, g, in, y, w, width, whole))
}

static void weights_one(int64_t n, const cell_grid *g, const float *in, const float *y, float *w,
                        int64_t width, vm part)
{
    TILE_CASES(n, weights_tile(size, 1, g, in, y, w, width, part))
}

/* All of one tap's weights [depth, width]: pairs of whole vectors, then single ones. */
static void weights_tap(const cell_grid *g, int64_t depth, int64_t width, const float *in,
                        const float *y, float *w)
{
    int64_t share = even_share(depth);
    for (int64_t i = 0; i < depth; i += share) {
        int64_t n = depth - i < share ? depth - i : share, o = 0;
        float *row = w + i * width;
        for (; o + 2 * LANES <= width; o += 2 * LANES) {
            weights_two(n, g, in + i, y + o, row + o, width);
        }
        for (; o < width; o += LANES) {
            vm part = vm_first(width - o < LANES ? width - o : LANES);
            weights_one(n, g, in + i, y + o, row + o, width, part);
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
    table->conv_panel = 2 * LANES;
    table->conv_weights = fast_conv_weights;
}
