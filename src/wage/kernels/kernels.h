/* The integer kernels of WAGE: one table, filled once from the CPU's features. Every version gives
 * the bytes of the plain one. No floating point anywhere in this folder. */
#ifndef WAGE_KERNELS_KERNELS_H
#define WAGE_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The rows of a matrix [pictures * height * width, segments * segment] as windows of padded
 * pictures or rows of a matrix: row (p, y, x), column (s, i) is at p * stride_picture + y *
 * stride_y + x * stride_x + s * stride_segment + i bytes; strides are positive where they are used.
 * A convolution over padded pictures [H, W, C]: segments = kernel, segment = kernel * C. Small
 * pictures should come several at a time, above all to gradient(), which goes once through dw. */
typedef struct {
    int pictures, height, width;
    ptrdiff_t stride_picture, stride_y, stride_x;
    int segments, segment;
    ptrdiff_t stride_segment;
    /* Lines of zeros, stride_segment apart, that the windows of each picture begin and end with:
     * padding that products may leave out. Only where stride_y is a multiple of stride_segment. */
    int top, bottom;
} wg_windows;

/* What the bytes of a left operand may be; kernels choose instructions by it. */
typedef enum {
    WG_UNSIGNED, /* 0 .. 127: rectified activations */
    WG_SIGNED,   /* -127 .. 127: pictures, errors, outputs */
} wg_range;

enum { WG_PACK_COLUMNS = 64 };

/* Left operands (x, e) are followed by 64 bytes that may be read (their content is any); nothing is
 * written past the end of a result. Sizes were checked: no sum overflows 32 bits, no |v| is 2^31.
 */
typedef struct {
    const char *name; /* "plain", "avx2", "avx512", "neon", "dotprod" */

    /* Weights for product(): w [rows, n] int8, rows = segments * segment, made narrow by shift <= 7
     * and limit as narrow() does -> pack_bytes(...) bytes, 64-byte aligned. pack() does the columns
     * [from, to), from a multiple of WG_PACK_COLUMNS, to as well unless it is n: workers share. */
    size_t (*pack_bytes)(int segments, int segment, int n);
    void (*pack)(const int8_t *w, int segments, int segment, int n, int from, int to, int shift,
                 int limit, int8_t *packed);
    /* acc [pictures * height * width, n] = windows(x) times w. */
    void (*product)(const int8_t *x, wg_range range, const wg_windows *at, const int8_t *packed,
                    int n, int32_t *acc);
    /* Errors for gradient(): e [pictures * height * width, n] (|e| <= 127) -> errors_bytes(...)
     * bytes, 64-byte aligned. Of `at` the number of windows counts, so that they serve any columns
     * of a matrix. range: of the pictures. */
    size_t (*errors_bytes)(const wg_windows *at, int n);
    void (*pack_errors)(const int8_t *e, wg_range range, const wg_windows *at, int n,
                        int8_t *packed);
    /* dw [segments * segment, n] = windows(x)^T times the packed errors, added to what is there
     * when `add`. scratch: gradient_bytes(...), 64-byte aligned. */
    size_t (*gradient_bytes)(const wg_windows *at);
    void (*gradient)(const int8_t *x, wg_range range, const wg_windows *at, const int8_t *packed,
                     int n, bool add, int32_t *dw, void *scratch);
    /* max |v| over v [count]. */
    uint32_t (*largest)(const int32_t *v, int64_t count);

    /* Shifts of the following may be negative: then v * 2^-shift. |shift| <= 31. */

    /* Rectify, round (half away from zero) v / 2^shift and clip to [0, 2^(bits-1) - 1]; bits <= 8.
     * mark: with WG_MARK, for the backward pass. */
    void (*rectify)(const int32_t *v, int64_t count, int shift, int bits, bool mark, int8_t *out);
    /* Windows of 2x2, stride 2, over v [height, width, n]: the maximum (of equals the first in the
     * order of rows), then as above. out [height / 2, width / 2, n]; an odd last row or column is
     * left out. which, of the same shape: the place 2 y + x of the maximum; NULL: no marks either.
     */
    void (*pool_rectify)(const int32_t *v, int height, int width, int n, int shift, int bits,
                         int8_t *out, uint8_t *which);
    /* Round v / 2^shift half away from zero and clip to +-(2^(bits-1) - 1); bits <= 8. */
    void (*quantise)(const int32_t *v, int64_t count, int shift, int bits, int8_t *out);

    /* Errors v of marked activations of `bits`: the largest |v| of those that were not clipped; v =
     * 0 of the others and where the rectifier was off. */
    uint32_t (*keep_inside)(int32_t *v, const int8_t *marked, int64_t count, int bits);
    /* sgn(v) floor(|v| / 2^shift), at most 511 in size, in 10 bits: their upper 8 in high [count],
     * the lower 2 as fields of low (see fields.h). */
    void (*cut)(const int32_t *v, int64_t count, int shift, int8_t *high, uint8_t *low);
    /* quantise() of such numbers, in place. */
    void (*quantise_cut)(int8_t *high, const uint8_t *low, int64_t count, int shift, int bits);
    /* e, which [height / 2, width / 2, n]: each value put at the place of its maximum in out
     * [height, width, n], 0 elsewhere (an odd last row or column too). */
    void (*unpool)(const int8_t *e, const uint8_t *which, int height, int width, int n,
                   int8_t *out);

    /* Weights [count] on the grid of kG bits to kW: round w / 2^shift half away from zero (shift
     * >= 0) and clip to +-limit. */
    void (*narrow)(const int8_t *w, int64_t count, int shift, int limit, int8_t *out);
    /* x [rows, columns] -> out [columns, rows]. */
    void (*transpose)(const int8_t *x, int rows, int columns, int8_t *out);
    /* Blocks counter, counter + 1, ... (in counter[0]) of ag_philox4x32: out [8 * blocks], the low
     * half of a word before the high one. */
    void (*random)(const uint32_t counter[4], const uint32_t key[2], int64_t blocks, uint16_t *out);
    /* w = clip(w - sgn(g) (floor(|g| / 2^shift) + up)) to +-limit. With random [count]: up = random
     * < the part cut off, as a 16-bit fraction rounded down; NULL: up = that part >= 1/2. shift <=
     * 0 multiplies, up = 0. */
    void (*update)(int8_t *w, const int32_t *g, const uint16_t *random, int64_t count, int shift,
                   int limit);
} wg_kernels;

/* A rectified activation has 7 bits at most; the eighth tells apart what rounding made equal: a 0
 * that was positive from one that was not, the largest value when it was clipped from one that was
 * not (v / 2^shift > 2^(bits-1) - 1 before rounding). So the rectifier was off where the byte is 0,
 * and it clipped where the byte is WG_MARK | 2^(bits-1) - 1. */
enum { WG_MARK = 0x80, WG_VALUE = 0x7f };

extern const wg_kernels wg_kernels_plain, wg_kernels_avx2, wg_kernels_avx512, wg_kernels_neon,
    wg_kernels_dotprod;
/* The fastest that this CPU has (ag_cpu_features()). */
const wg_kernels *wg_kernels_best(void);
/* All that this build and this CPU have, the plain one first; returns how many. */
int wg_kernels_all(const wg_kernels *list[4]);

#endif
