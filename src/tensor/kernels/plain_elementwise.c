/* Elementwise kernels in plain C: the reference of the faster ones. */
#include "tensor/kernels/plain.h"

#include <math.h>

/* Comparisons below are written so that a NaN operand stays a NaN. */
#define UNARY(name, expression)                                                                    \
    static void name(int64_t n, float *y, const float *x, float p0, float p1)                      \
    {                                                                                              \
        (void)p0;                                                                                  \
        (void)p1;                                                                                  \
        for (int64_t i = 0; i < n; i++) {                                                          \
            float v = x[i];                                                                        \
            y[i] = (expression);                                                                   \
        }                                                                                          \
    }

UNARY(unary_affine, p0 *v + p1)
UNARY(unary_neg, -v)
UNARY(unary_square, v *v)
UNARY(unary_sqrt, sqrtf(v))
UNARY(unary_exp, expf(v))
UNARY(unary_log, logf(v))
UNARY(unary_abs, fabsf(v))
UNARY(unary_sign, (float)((v > 0.0f) - (v < 0.0f)))
UNARY(unary_step, v > 0.0f ? 1.0f : 0.0f)
UNARY(unary_tanh, tanhf(v))
UNARY(unary_sigmoid, 1.0f / (1.0f + expf(-v)))
UNARY(unary_softplus, (v < 0.0f ? 0.0f : v) + log1pf(expf(-fabsf(v))))
UNARY(unary_relu, v < 0.0f ? 0.0f : v)
UNARY(unary_leaky_relu, v < 0.0f ? p0 * v : v)
UNARY(unary_clamp, v<p0 ? p0 : v> p1 ? p1 : v)
UNARY(unary_reciprocal, 1.0f / v)

/* One operation in its three forms; `ia` and `ib` index the operands within a row. */
#define BINARY_FORM(name, ia, ib, expression)                                                      \
    static void name(int64_t rows, int64_t n, float *y, int64_t y_row, const float *a,             \
                     int64_t a_row, const float *b, int64_t b_row)                                 \
    {                                                                                              \
        for (int64_t r = 0; r < rows; r++) {                                                       \
            for (int64_t i = 0; i < n; i++) {                                                      \
                float u = a[r * a_row + (ia)], v = b[r * b_row + (ib)];                            \
                y[r * y_row + i] = (expression);                                                   \
            }                                                                                      \
        }                                                                                          \
    }
#define BINARY(name, expression)                                                                   \
    BINARY_FORM(name##_vv, i, i, expression)                                                       \
    BINARY_FORM(name##_vs, i, 0, expression)                                                       \
    BINARY_FORM(name##_sv, 0, i, expression)

BINARY(binary_add, u + v)
BINARY(binary_sub, u - v)
BINARY(binary_mul, u *v)
BINARY(binary_div, u / v)
BINARY(binary_maximum, u >= v || u != u ? u : v)
BINARY(binary_minimum, u <= v || u != u ? u : v)
BINARY(binary_greater, u > v ? 1.0f : 0.0f)
BINARY(binary_greater_equal, u >= v ? 1.0f : 0.0f)

static void fill(int64_t n, float *y, float value)
{
    for (int64_t i = 0; i < n; i++) {
        y[i] = value;
    }
}

static void where(int64_t n, float *y, const float *condition, const float *a, const float *b)
{
    for (int64_t i = 0; i < n; i++) {
        y[i] = condition[i] != 0.0f ? a[i] : b[i];
    }
}

#define FORMS(name)                                                                                \
    {                                                                                              \
        name##_vv, name##_vs, name##_sv                                                            \
    }

void vt_plain_elementwise(vt_kernels *table)
{
    static vtk_unary_fn *const unary[VTK_UNARY] = {
        [VTK_AFFINE] = unary_affine,   [VTK_NEG] = unary_neg,
        [VTK_SQUARE] = unary_square,   [VTK_SQRT] = unary_sqrt,
        [VTK_EXP] = unary_exp,         [VTK_LOG] = unary_log,
        [VTK_ABS] = unary_abs,         [VTK_SIGN] = unary_sign,
        [VTK_STEP] = unary_step,       [VTK_TANH] = unary_tanh,
        [VTK_SIGMOID] = unary_sigmoid, [VTK_SOFTPLUS] = unary_softplus,
        [VTK_RELU] = unary_relu,       [VTK_LEAKY_RELU] = unary_leaky_relu,
        [VTK_CLAMP] = unary_clamp,     [VTK_RECIPROCAL] = unary_reciprocal,
    };
    static vtk_binary_fn *const binary[VTK_BINARY][VTK_FORMS] = {
        [VTK_ADD] = FORMS(binary_add),         [VTK_SUB] = FORMS(binary_sub),
        [VTK_MUL] = FORMS(binary_mul),         [VTK_DIV] = FORMS(binary_div),
        [VTK_MAXIMUM] = FORMS(binary_maximum), [VTK_MINIMUM] = FORMS(binary_minimum),
        [VTK_GREATER] = FORMS(binary_greater), [VTK_GREATER_EQUAL] = FORMS(binary_greater_equal),
    };
    for (int i = 0; i < VTK_UNARY; i++) {
        table->unary[i] = unary[i];
    }
    for (int i = 0; i < VTK_BINARY; i++) {
        for (int f = 0; f < VTK_FORMS; f++) {
            table->binary[i][f] = binary[i][f];
        }
    }
    table->fill = fill;
    table->where = where;
}
