/* check_wage.c: the integer kernels of WAGE against the plain ones, byte for byte. */
#include "checkkernels.h"

#include "wage/kernels/fields.h"
#include "wage/kernels/kernels.h"

#include <stdio.h>
#include <string.h>

enum { TRIES = 150, GUARD = 64, MOST_VALUES = 1000 };

/* ---- random operands ---- */

static void random_bytes(int8_t *x, int64_t count, int low, int high)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = (int8_t)ck_between(low, high);
}

/* Of all sizes: as many with 3 bits as with 31. */
static void random_words(int32_t *v, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        int32_t size = (int32_t)(ck_between(0, INT32_MAX) >> ck_between(0, 30));
        v[i] = ck_between(0, 1) ? size : -size;
    }
}

/* A shape and its operands: pictures x, weights w, errors e. */
typedef struct {
    wg_windows at;
    int n, rows, columns; /* of the matrix of windows */
    int shift, limit;     /* that make the weights narrow */
    wg_range range;
    int8_t *x, *w, *e;
    char text[128];
} problem;

static void make_operands(problem *p, int64_t bytes, int largest)
{
    p->shift = largest > 1 ? 0 : (int)ck_between(0, 7);
    p->limit = largest;
    p->rows = p->at.pictures * p->at.height * p->at.width;
    p->columns = p->at.segments * p->at.segment;
    p->x = ck_buffer((size_t)bytes + GUARD);
    p->w = ck_buffer((size_t)p->columns * (size_t)p->n);
    p->e = ck_buffer((size_t)p->rows * (size_t)p->n + GUARD);
    random_bytes(p->x, bytes + GUARD, p->range == WG_SIGNED ? -127 : 0, 127);
    random_bytes(p->w, (int64_t)p->columns * p->n, -127, 127);
    random_bytes(p->e, (int64_t)p->rows * p->n + GUARD, -127, 127);
    if (ck_between(0, 3) == 0) { /* the largest sums there are */
        memset(p->x, 127, (size_t)bytes + GUARD);
        memset(p->w, ck_between(0, 1) ? 127 : -127, (size_t)p->columns * (size_t)p->n);
        memset(p->e, ck_between(0, 1) ? 127 : -127, (size_t)p->rows * (size_t)p->n + GUARD);
    }
}

static problem described(problem p)
{
    snprintf(p.text, sizeof p.text,
             "%d x [%d,%d] windows of %d x %d, strides %d %d %d, padding %d %d, n %d, %s",
             p.at.pictures, p.at.height, p.at.width, p.at.segments, p.at.segment,
             (int)p.at.stride_y, (int)p.at.stride_x, (int)p.at.stride_segment, p.at.top,
             p.at.bottom, p.n, p.range == WG_SIGNED ? "signed" : "unsigned");
    return p;
}

static int random_largest(void)
{
    return (1 << ck_between(1, 7)) - 1;
}

/* Lines of zeros above and below, where the windows' lines are whole. */
static void add_padding(problem *p, int64_t picture, int64_t line)
{
    int lines = (int)((p->at.height - 1) * (p->at.stride_y / line)) + p->at.segments;
    p->at.top = (int)ck_between(0, lines < 4 ? lines : 4);
    p->at.bottom = (int)ck_between(0, lines - p->at.top < 4 ? lines - p->at.top : 4);
    for (int i = 0; i < p->at.pictures; i++) {
        int8_t *x = p->x + i * picture;
        memset(x, 0, (size_t)(p->at.top * line));
        memset(x + (lines - p->at.bottom) * line, 0, (size_t)(p->at.bottom * line));
    }
}

static problem random_convolution(void)
{
    int kernel = (int)ck_between(1, 5), stride = (int)ck_between(1, 3);
    int channels = ck_between(0, 1) ? (int)ck_between(1, 5) : (int)ck_between(1, 70);
    int height = (int)ck_between(kernel, 18), width = (int)ck_between(kernel, 18);
    problem p = { .n = (int)ck_between(1, ck_between(0, 1) ? 20 : 140),
                  .range = ck_between(0, 1) ? WG_SIGNED : WG_UNSIGNED };
    p.at = (wg_windows){ .pictures = (int)ck_between(1, 3),
                         .height = (height - kernel) / stride + 1,
                         .width = (width - kernel) / stride + 1,
                         .stride_picture = (ptrdiff_t)height * width * channels,
                         .stride_y = (ptrdiff_t)stride * width * channels,
                         .stride_x = (ptrdiff_t)stride * channels,
                         .segments = kernel,
                         .segment = kernel * channels,
                         .stride_segment = (ptrdiff_t)width * channels };
    make_operands(&p, p.at.pictures * p.at.stride_picture, random_largest());
    if (ck_between(0, 1))
        add_padding(&p, p.at.stride_picture, p.at.stride_segment);
    return described(p);
}

/* Some of a matrix' columns. */
static problem random_matrix(void)
{
    int rows = (int)ck_between(1, 70), features = (int)ck_between(1, 1200);
    problem p = { .n = (int)ck_between(1, 140),
                  .range = ck_between(0, 1) ? WG_SIGNED : WG_UNSIGNED };
    p.at = (wg_windows){ .pictures = 1,
                         .height = 1,
                         .width = rows,
                         .stride_x = features,
                         .segments = 1,
                         .segment = (int)ck_between(1, features) };
    make_operands(&p, (int64_t)rows * features, random_largest());
    return described(p);
}

/* ---- products ---- */

/* All columns at once, or the later ones first. */
static void pack_in_parts(const wg_kernels *k, const problem *p, int8_t *packed)
{
    int first = (int)ck_between(0, p->n / WG_PACK_COLUMNS) * WG_PACK_COLUMNS;
    if (first < p->n)
        k->pack(p->w, p->at.segments, p->at.segment, p->n, first, p->n, p->shift, p->limit, packed);
    if (first > 0)
        k->pack(p->w, p->at.segments, p->at.segment, p->n, 0, first, p->shift, p->limit, packed);
}

static void check_product(const wg_kernels *k, const problem *p)
{
    size_t bytes = k->pack_bytes(p->at.segments, p->at.segment, p->n);
    size_t plain_bytes = wg_kernels_plain.pack_bytes(p->at.segments, p->at.segment, p->n);
    size_t sums = (size_t)p->rows * (size_t)p->n;
    int8_t *packed = ck_buffer(bytes + GUARD), *plain = ck_buffer(plain_bytes);
    int32_t *got = ck_buffer(4 * (sums + GUARD)), *want = ck_buffer(4 * (sums + GUARD));
    memset(packed, 0x55, bytes + GUARD);
    memset(got, 0x55, 4 * (sums + GUARD));
    memset(want, 0x55, 4 * (sums + GUARD));
    pack_in_parts(k, p, packed);
    wg_kernels_plain.pack(p->w, p->at.segments, p->at.segment, p->n, 0, p->n, p->shift, p->limit,
                          plain);
    ck_equal("pack", k->name, "bytes after it", packed + bytes, got + sums, GUARD);
    k->product(p->x, p->range, &p->at, packed, p->n, got);
    wg_kernels_plain.product(p->x, p->range, &p->at, plain, p->n, want);
    ck_equal("product", k->name, p->text, got, want, 4 * (sums + GUARD));
}

static void check_gradient(const wg_kernels *k, const problem *p)
{
    size_t bytes = k->gradient_bytes(&p->at), packed_bytes = k->errors_bytes(&p->at, p->n);
    size_t sums = (size_t)p->columns * (size_t)p->n;
    int8_t *scratch = ck_buffer(bytes + GUARD), *packed = ck_buffer(packed_bytes + GUARD);
    int8_t *plain = ck_buffer(wg_kernels_plain.errors_bytes(&p->at, p->n));
    int32_t *got = ck_buffer(4 * (sums + GUARD)), *want = ck_buffer(4 * (sums + GUARD));
    random_words(want, (int64_t)sums + GUARD);
    for (size_t i = 0; i < sums + GUARD; i++)
        got[i] = want[i] /= 256;
    memset(scratch, 0x55, bytes + GUARD);
    memset(packed, 0x55, packed_bytes + GUARD);
    bool add = ck_between(0, 1);
    k->pack_errors(p->e, p->range, &p->at, p->n, packed);
    k->gradient(p->x, p->range, &p->at, packed, p->n, add, got, scratch);
    wg_kernels_plain.pack_errors(p->e, p->range, &p->at, p->n, plain);
    wg_kernels_plain.gradient(p->x, p->range, &p->at, plain, p->n, add, want, NULL);
    ck_equal("gradient", k->name, p->text, got, want, 4 * (sums + GUARD));
    memset(want, 0x55, GUARD);
    ck_equal("gradient", k->name, "bytes after its scratch", scratch + bytes, want, GUARD);
    ck_equal("pack_errors", k->name, "bytes after them", packed + packed_bytes, want, GUARD);
}

static void expect_sums(const char *kernel, const wg_kernels *k, const int32_t *got, int count,
                        int32_t sum)
{
    int32_t want[8];
    for (int i = 0; i < count; i++)
        want[i] = sum;
    ck_equal(kernel, k->name, "as many terms as 32 bits hold", got, want,
             (size_t)count * sizeof *want);
}

/* The most terms of 127 x 127 and 127 x -127 that the plan of a network lets through. */
static void check_bounds(const wg_kernels *k, wg_range range, int size)
{
    enum { TERMS = INT32_MAX / (127 * 127), N = 3 };
    int32_t sum = TERMS * 127 * size, got[N];
    int8_t *x = ck_buffer(TERMS + GUARD), *other = ck_buffer(TERMS * N + GUARD);
    memset(x, 127, TERMS);
    memset(other, size, TERMS * N);

    wg_windows row = { .pictures = 1, .height = 1, .width = 1, .stride_x = TERMS };
    row.segments = 1;
    row.segment = TERMS;
    int8_t *packed = ck_buffer(k->pack_bytes(1, TERMS, N) + GUARD);
    k->pack(other, 1, TERMS, N, 0, N, 0, 127, packed);
    k->product(x, range, &row, packed, N, got);
    expect_sums("product", k, got, N, sum);

    wg_windows column = { .pictures = 1, .height = 1, .width = TERMS, .stride_x = 1 };
    column.segments = column.segment = 1;
    void *scratch = ck_buffer(k->gradient_bytes(&column) + GUARD);
    int8_t *errors = ck_buffer(k->errors_bytes(&column, N));
    k->pack_errors(other, range, &column, N, errors);
    k->gradient(x, range, &column, errors, N, false, got, scratch);
    expect_sums("gradient", k, got, N, sum);
    ck_release();
}

/* ---- single numbers ---- */

typedef struct {
    int32_t v[MOST_VALUES];
    int8_t bytes[4 * MOST_VALUES];
    uint8_t which[MOST_VALUES], low[MOST_VALUES];
} outputs;

static void check_forward(const wg_kernels *k, outputs *got, outputs *want, const int32_t *v)
{
    int64_t count = ck_between(0, MOST_VALUES - GUARD);
    int shift = (int)ck_between(-31, 31), bits = (int)ck_between(2, 8);
    bool mark = ck_between(0, 3) > 0;
    char text[64];
    snprintf(text, sizeof text, "%d values, shift %d, %d bits", (int)count, shift, bits);
    k->rectify(v, count, shift, bits, mark, got->bytes);
    wg_kernels_plain.rectify(v, count, shift, bits, mark, want->bytes);
    ck_equal("rectify", k->name, text, got, want, sizeof *got);
    k->quantise(v, count, shift, bits, got->bytes);
    wg_kernels_plain.quantise(v, count, shift, bits, want->bytes);
    ck_equal("quantise", k->name, text, got, want, sizeof *got);
    uint32_t most = k->largest(v, count), want_most = wg_kernels_plain.largest(v, count);
    ck_equal("largest", k->name, text, &most, &want_most, sizeof most);
}

static void check_pool(const wg_kernels *k, outputs *got, outputs *want, int32_t *v)
{
    int height = (int)ck_between(1, 5), width = (int)ck_between(1, 5), n = (int)ck_between(1, 36);
    int shift = (int)ck_between(0, 31), bits = (int)ck_between(2, 8);
    char text[64];
    snprintf(text, sizeof text, "[%d,%d,%d], shift %d, %d bits", height, width, n, shift, bits);
    if (ck_between(0, 1)) /* equal values */
        for (int i = 0; i < MOST_VALUES; i++)
            v[i] /= 1 << 29;
    uint8_t *which = ck_between(0, 3) > 0 ? got->which : NULL;
    k->pool_rectify(v, height, width, n, shift, bits, got->bytes, which);
    wg_kernels_plain.pool_rectify(v, height, width, n, shift, bits, want->bytes,
                                  which ? want->which : NULL);
    ck_equal("pool_rectify", k->name, text, got, want, sizeof *got);
    int8_t e[MOST_VALUES];
    random_bytes(e, MOST_VALUES, -127, 127);
    k->unpool(e, got->which, height, width, n, got->bytes);
    wg_kernels_plain.unpool(e, got->which, height, width, n, want->bytes);
    ck_equal("unpool", k->name, text, got, want, sizeof *got);
}

/* Marked activations: with those of all kinds at the ends of the range. */
static void random_marked(int8_t *marked, int64_t count, int bits)
{
    int limit = (1 << (bits - 1)) - 1;
    random_bytes(marked, count, 0, limit);
    for (int64_t i = 0; i < count; i += ck_between(1, 8))
        marked[i] = (int8_t)((ck_between(0, 1) ? limit : 0) | (ck_between(0, 1) ? WG_MARK : 0));
}

static void check_backward(const wg_kernels *k, outputs *got, outputs *want, const int32_t *v)
{
    int64_t count = ck_between(0, MOST_VALUES - GUARD);
    int shift = (int)ck_between(-31, 31), bits = (int)ck_between(2, 8);
    char text[64];
    int8_t marked[MOST_VALUES];
    snprintf(text, sizeof text, "%d values, shift %d, %d bits", (int)count, shift, bits);
    random_marked(marked, MOST_VALUES, bits);
    memcpy(got->v, v, sizeof got->v);
    memcpy(want->v, v, sizeof want->v);
    uint32_t most = k->keep_inside(got->v, marked, count, bits);
    uint32_t want_most = wg_kernels_plain.keep_inside(want->v, marked, count, bits);
    ck_equal("keep_inside", k->name, text, &most, &want_most, sizeof most);
    int cut = most > 511 ? 23 - __builtin_clz(most) : 0;
    k->cut(want->v, count, cut, got->bytes, got->low);
    wg_kernels_plain.cut(want->v, count, cut, want->bytes, want->low);
    ck_equal("cut", k->name, text, got, want, sizeof *got);
    k->quantise_cut(got->bytes, got->low, count, shift, bits);
    wg_kernels_plain.quantise_cut(want->bytes, want->low, count, shift, bits);
    ck_equal("quantise_cut", k->name, text, got, want, sizeof *got);
}

/* Fields are what the plain loop says, and come back. */
static void check_fields(void)
{
    int bits = 1 << ck_between(1, 3), per = 8 / bits;
    int64_t count = ck_between(0, MOST_VALUES - 8 * WG_FIELD_BYTES);
    int64_t bytes = (count + 16 * per - 1) / (16 * per) * 16;
    uint8_t in[MOST_VALUES], out[MOST_VALUES], fields[MOST_VALUES], want[MOST_VALUES];
    random_bytes((int8_t *)in, MOST_VALUES, -128, 127);
    memset(want, 0, sizeof want);
    memset(out, 0x55, sizeof out);
    for (int64_t i = 0; i < MOST_VALUES; i++)
        in[i] = (uint8_t)(in[i] >> (8 - bits));
    for (int64_t i = 0; i < count; i++) {
        uint8_t *at = want + i / (16 * per) * 16 + i % 16;
        *at = (uint8_t)(*at | in[i] << i / 16 % per * bits);
    }
    memset(want + bytes, 0x55, sizeof want - (size_t)bytes);
    memset(fields, 0x55, sizeof fields);
    wg_pack_fields(in, count, bits, fields);
    ck_equal("wg_pack_fields", "plain", "and bytes after them", fields, want, sizeof want);
    wg_unpack_fields(fields, count, bits, out);
    memset(in + count, 0x55, (size_t)(MOST_VALUES - count));
    ck_equal("wg_unpack_fields", "plain", "and bytes after them", out, in, sizeof in);
    int64_t says = wg_fields_bytes(count, bits);
    ck_equal("wg_fields_bytes", "plain", "", &says, &bytes, sizeof says);
}

/* ---- weights ---- */

static void check_weights(const wg_kernels *k, outputs *got, outputs *want, const int32_t *v)
{
    int64_t count = ck_between(0, MOST_VALUES - GUARD);
    int shift = (int)ck_between(0, 7), limit = random_largest();
    char text[64];
    int8_t w[MOST_VALUES];
    snprintf(text, sizeof text, "%d weights, shift %d, limit %d", (int)count, shift, limit);
    random_bytes(w, MOST_VALUES, -127, 127);
    k->narrow(w, count, shift, limit, got->bytes);
    wg_kernels_plain.narrow(w, count, shift, limit, want->bytes);
    ck_equal("narrow", k->name, text, got, want, sizeof *got);

    uint16_t random[8 * (MOST_VALUES / 8 + 1)], want_random[8 * (MOST_VALUES / 8 + 1)];
    uint32_t counter[4] = { (uint32_t)ck_between(0, 1) - 3, (uint32_t)ck_between(0, UINT32_MAX),
                            (uint32_t)ck_between(0, UINT32_MAX), 7 };
    const uint32_t key[2] = { (uint32_t)ck_between(0, UINT32_MAX), 5 };
    memset(random, 0, sizeof random);
    memset(want_random, 0, sizeof want_random);
    k->random(counter, key, (count + 7) / 8, random);
    wg_kernels_plain.random(counter, key, (count + 7) / 8, want_random);
    ck_equal("random", k->name, text, random, want_random, sizeof random);

    bool nearest = ck_between(0, 3) == 0;
    shift = (int)ck_between(-31, 31);
    snprintf(text, sizeof text, "%d weights, shift %d, limit %d%s", (int)count, shift, limit,
             nearest ? ", nearest" : "");
    random_bytes(w, MOST_VALUES, -limit, limit);
    memcpy(got->bytes, w, sizeof w);
    memcpy(want->bytes, w, sizeof w);
    k->update(got->bytes, v, nearest ? NULL : random, count, shift, limit);
    wg_kernels_plain.update(want->bytes, v, nearest ? NULL : random, count, shift, limit);
    ck_equal("update", k->name, text, got, want, sizeof *got);
}

static void check_transpose(const wg_kernels *k)
{
    int rows = (int)ck_between(1, 70), columns = (int)ck_between(1, 70);
    size_t size = (size_t)rows * (size_t)columns;
    int8_t *x = ck_buffer(size), *got = ck_buffer(size + GUARD), *want = ck_buffer(size + GUARD);
    char text[32];
    snprintf(text, sizeof text, "[%d,%d]", rows, columns);
    random_bytes(x, (int64_t)size, -127, 127);
    k->transpose(x, rows, columns, got);
    wg_kernels_plain.transpose(x, rows, columns, want);
    ck_equal("transpose", k->name, text, got, want, size + GUARD);
}

static void check_numbers(const wg_kernels *k)
{
    int32_t v[MOST_VALUES];
    outputs *got = ck_buffer(sizeof *got), *want = ck_buffer(sizeof *want);
    random_words(v, MOST_VALUES);
    check_forward(k, got, want, v);
    check_backward(k, got, want, v);
    check_weights(k, got, want, v);
    check_pool(k, got, want, v);
    check_transpose(k);
}

/* ---- times ---- */

typedef struct {
    const wg_kernels *k;
    problem p;
    int8_t *packed;
    int32_t *sums, *dw;
    int8_t *bytes, *errors;
    uint8_t *which;
    void *scratch;
} timing;

static void time_product(void *user)
{
    timing *t = user;
    t->k->product(t->p.x, t->p.range, &t->p.at, t->packed, t->p.n, t->sums);
}

static void time_gradient(void *user)
{
    timing *t = user;
    t->k->pack_errors(t->p.e, t->p.range, &t->p.at, t->p.n, t->errors);
    t->k->gradient(t->p.x, t->p.range, &t->p.at, t->errors, t->p.n, true, t->dw, t->scratch);
}

static void time_pack(void *user)
{
    timing *t = user;
    t->k->pack(t->p.w, t->p.at.segments, t->p.at.segment, t->p.n, 0, t->p.n, t->p.shift, t->p.limit,
               t->packed);
}

static void time_problem(const wg_kernels *k, const char *name, problem p, int64_t bytes,
                         int largest)
{
    make_operands(&p, bytes, largest);
    timing t = { .k = k, .p = p };
    double products = (double)p.rows * p.columns * p.n * 1e-9;
    char line[64];
    t.packed = ck_buffer(k->pack_bytes(p.at.segments, p.at.segment, p.n));
    t.sums = ck_buffer(4 * (size_t)p.rows * (size_t)p.n);
    t.dw = ck_buffer(4 * (size_t)p.columns * (size_t)p.n);
    t.errors = ck_buffer(k->errors_bytes(&p.at, p.n));
    t.scratch = ck_buffer(k->gradient_bytes(&p.at) + 64);
    time_pack(&t);
    static const char *const ranges[] = { "unsigned", "signed" };
    for (t.p.range = WG_UNSIGNED; t.p.range <= WG_SIGNED; t.p.range++) {
        snprintf(line, sizeof line, "%s, product, %s", name, ranges[t.p.range]);
        ck_report(line, k->name, ck_seconds(time_product, &t), products, "GMAC/s");
    }
    t.p.range = WG_UNSIGNED;
    snprintf(line, sizeof line, "%s, gradient", name);
    ck_report(line, k->name, ck_seconds(time_gradient, &t), products, "GMAC/s");
    snprintf(line, sizeof line, "%s, pack", name);
    ck_report(line, k->name, ck_seconds(time_pack, &t), p.columns * (double)p.n * 1e-9,
              "weights/ns");
    ck_release();
}

static void time_convolution(const wg_kernels *k, int pictures, int side, int channels, int kernel,
                             int n, int largest)
{
    char name[64];
    int padded = side + kernel - 1;
    problem p = { .n = n };
    p.at = (wg_windows){ .pictures = pictures,
                         .height = side,
                         .width = side,
                         .stride_picture = (ptrdiff_t)padded * padded * channels,
                         .stride_y = (ptrdiff_t)padded * channels,
                         .stride_x = channels,
                         .segments = kernel,
                         .segment = kernel * channels,
                         .stride_segment = (ptrdiff_t)padded * channels,
                         .top = kernel / 2,
                         .bottom = kernel / 2 };
    snprintf(name, sizeof name, "%dx[%d,%d,%d] %dC%d%s", pictures, side, side, channels, n, kernel,
             largest > 1 ? ", 8 bits" : "");
    time_problem(k, name, p, pictures * p.at.stride_picture, largest);
}

static void time_matrix(const wg_kernels *k, int rows, int features, int n)
{
    char name[64];
    problem p = { .n = n };
    p.at = (wg_windows){ .pictures = 1,
                         .height = 1,
                         .width = rows,
                         .stride_x = features,
                         .segments = 1,
                         .segment = features };
    snprintf(name, sizeof name, "[%d,%d] %dFC", rows, features, n);
    time_problem(k, name, p, (int64_t)rows * features, 1);
}

enum { SIDE = 28, CHANNELS = 32, VALUES = SIDE * SIDE * CHANNELS };

static void time_rectify(void *user)
{
    timing *t = user;
    t->k->rectify(t->sums, VALUES, 6, 8, true, t->bytes);
}

static void time_pool(void *user)
{
    timing *t = user;
    t->k->pool_rectify(t->sums, SIDE, SIDE, CHANNELS, 6, 8, t->bytes, t->which);
}

static void time_unpool(void *user)
{
    timing *t = user;
    t->k->unpool(t->p.e, t->which, SIDE, SIDE, CHANNELS, t->bytes);
}

static void time_keep(void *user)
{
    timing *t = user;
    t->k->keep_inside(t->sums, t->bytes, VALUES, 8);
}

static void time_cut(void *user)
{
    timing *t = user;
    t->k->cut(t->sums, VALUES, 6, t->bytes, t->which);
}

static void time_quantise_cut(void *user)
{
    timing *t = user;
    t->k->quantise_cut(t->bytes, t->which, VALUES, 2, 8);
}

static void time_random(void *user)
{
    timing *t = user;
    const uint32_t counter[4] = { 0 }, key[2] = { 1, 2 };
    t->k->random(counter, key, VALUES / 8, t->scratch);
}

static void time_update(void *user)
{
    timing *t = user;
    t->k->update(t->bytes, t->sums, t->scratch, VALUES, 12, 127);
}

static void time_narrow(void *user)
{
    timing *t = user;
    t->k->narrow(t->bytes, VALUES, 6, 1, t->p.e);
}

static void time_transpose(void *user)
{
    timing *t = user;
    t->k->transpose(t->bytes, SIDE * SIDE, CHANNELS, t->p.e);
}

static void time_numbers(const wg_kernels *k)
{
    static const struct {
        const char *name;
        void (*call)(void *user);
    } calls[] = { { "rectify", time_rectify }, { "pool_rectify", time_pool },
                  { "unpool", time_unpool },   { "keep_inside", time_keep },
                  { "cut", time_cut },         { "quantise_cut", time_quantise_cut },
                  { "random", time_random },   { "update", time_update },
                  { "narrow", time_narrow },   { "transpose", time_transpose } };
    timing t = { .k = k, .sums = ck_buffer(4 * VALUES), .bytes = ck_buffer(VALUES) };
    t.which = ck_buffer(VALUES);
    t.p.e = ck_buffer(VALUES);
    t.scratch = ck_buffer(2 * VALUES);
    for (int i = 0; i < VALUES; i++)
        t.sums[i] = (int32_t)ck_between(-20000, 20000);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        ck_report(calls[i].name, k->name, ck_seconds(calls[i].call, &t), VALUES * 1e-9,
                  "elements/ns");
    ck_release();
}

/* The shapes of the nets for digits and for small pictures. The rates count products with the
 * padding, which fast versions leave out in part. */
static void time_kernels(const wg_kernels *k)
{
    time_convolution(k, 1, 28, 1, 5, 32, 1);
    time_convolution(k, 4, 14, 32, 5, 64, 1);
    time_matrix(k, 64, 3136, 512);
    time_convolution(k, 1, 32, 128, 3, 128, 1);
    time_convolution(k, 1, 32, 128, 3, 128, 127);
    time_convolution(k, 1, 16, 256, 3, 256, 1);
    time_convolution(k, 4, 8, 512, 3, 512, 1);
    time_numbers(k);
}

void check_wage(void)
{
    const wg_kernels *list[4];
    int versions = wg_kernels_all(list);
    for (int try = 0; try < TRIES; try++) {
        problem problems[] = { random_convolution(), random_matrix() };
        for (int v = 1; v < versions; v++) {
            for (int i = 0; i < 2; i++) {
                check_product(list[v], &problems[i]);
                check_gradient(list[v], &problems[i]);
            }
            check_numbers(list[v]);
        }
        check_fields();
        ck_release();
    }
    for (int v = 0; v < versions; v++)
        for (int i = 0; i < 4; i++)
            check_bounds(list[v], i % 2 ? WG_SIGNED : WG_UNSIGNED, i / 2 ? 127 : -127);
    for (int v = 0; v < versions && ck_timing(); v++)
        time_kernels(list[v]);
}
