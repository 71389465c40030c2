/* tensor/kernels/fast_elementwise.h: elementwise kernels on the lanes of the including file. */

#define FAST_UNARY(name, expression)                                                               \
    static void name(int64_t n, float *y, const float *x, float p0, float p1)                      \
    {                                                                                              \
        const vf q0 = vf_set(p0), q1 = vf_set(p1);                                                 \
        (void)q0;                                                                                  \
        (void)q1;                                                                                  \
        int64_t i = 0;                                                                             \
        for (; i + LANES <= n; i += LANES) {                                                       \
            vf v = vf_load(x + i);                                                                 \
            vf_store(y + i, (expression));                                                         \
        }                                                                                          \
        if (i < n) {                                                                               \
            vm part = vm_first(n - i);                                                             \
            vf v = vf_load_mask(x + i, part);                                                      \
            vf_store_mask(y + i, part, (expression));                                              \
        }                                                                                          \
    }

#define ZERO vf_set(0.0f)
#define ONE  vf_set(1.0f)

FAST_UNARY(fast_affine, vf_add(vf_mul(q0, v), q1))
FAST_UNARY(fast_neg, vf_neg(v))
FAST_UNARY(fast_square, vf_mul(v, v))
FAST_UNARY(fast_sqrt, vf_sqrt(v))
FAST_UNARY(fast_exp, vf_exp(v))
FAST_UNARY(fast_log, vf_log(v))
FAST_UNARY(fast_abs, vf_abs(v))
FAST_UNARY(fast_sign, vf_sub(vf_keep(vf_gt(v, ZERO), ONE), vf_keep(vf_lt(v, ZERO), ONE)))
FAST_UNARY(fast_step, vf_keep(vf_gt(v, ZERO), ONE))
FAST_UNARY(fast_tanh, vf_tanh(v))
FAST_UNARY(fast_sigmoid, vf_sigmoid(v))
FAST_UNARY(fast_softplus, vf_softplus(v))
FAST_UNARY(fast_relu, vf_max(ZERO, v))
FAST_UNARY(fast_leaky_relu, vf_select(vf_lt(v, ZERO), vf_mul(q0, v), v))
FAST_UNARY(fast_clamp, vf_min(q1, vf_max(q0, v)))
FAST_UNARY(fast_reciprocal, vf_div(ONE, v))

/* One operation in one form. A scalar operand is loaded once a row. */
#define FAST_FORM(name, ua, ub, expression)                                                        \
    static void name(int64_t rows, int64_t n, float *y, int64_t y_row, const float *a,             \
                     int64_t a_row, const float *b, int64_t b_row)                                 \
    {                                                                                              \
        for (int64_t r = 0; r < rows; r++, y += y_row, a += a_row, b += b_row) {                   \
            const vf first_a = vf_set(a[0]), first_b = vf_set(b[0]);                               \
            int64_t i = 0;                                                                         \
            for (; i + LANES <= n; i += LANES) {                                                   \
                vf u = (ua) ? vf_load(a + i) : first_a, v = (ub) ? vf_load(b + i) : first_b;       \
                vf_store(y + i, (expression));                                                     \
            }                                                                                      \
            if (i < n) {                                                                           \
                vm part = vm_first(n - i);                                                         \
                vf u = (ua) ? vf_load_mask(a + i, part) : first_a;                                 \
                vf v = (ub) ? vf_load_mask(b + i, part) : first_b;                                 \
                vf_store_mask(y + i, part, (expression));                                          \
            }                                                                                      \
        }                                                                                          \
    }
#define FAST_BINARY(name, expression)                                                              \
    FAST_FORM(name##_vv, true, true, expression)                                                   \
    FAST_FORM(name##_vs, true, false, expression)                                                  \
    FAST_FORM(name##_sv, false, true, expression)

/* vf_max and vf_min keep a NaN of their second operand; the selection keeps the first one's. */
FAST_BINARY(fast_add, vf_add(u, v))
FAST_BINARY(fast_sub, vf_sub(u, v))
FAST_BINARY(fast_mul, vf_mul(u, v))
FAST_BINARY(fast_div, vf_div(u, v))
FAST_BINARY(fast_maximum, vf_select(vf_ne(u, u), u, vf_max(u, v)))
FAST_BINARY(fast_minimum, vf_select(vf_ne(u, u), u, vf_min(u, v)))
FAST_BINARY(fast_greater, vf_keep(vf_gt(u, v), ONE))
FAST_BINARY(fast_greater_equal, vf_keep(vf_ge(u, v), ONE))

static void fast_fill(int64_t n, float *y, float value)
{
    const vf v = vf_set(value);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vf_store(y + i, v);
    }
    vf_store_mask(y + i, vm_first(n - i), v);
}

static void fast_where(int64_t n, float *y, const float *condition, const float *a, const float *b)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vm m = vf_ne(vf_load(condition + i), ZERO);
        vf_store(y + i, vf_select(m, vf_load(a + i), vf_load(b + i)));
    }
    if (i < n) {
        vm part = vm_first(n - i), m = vf_ne(vf_load_mask(condition + i, part), ZERO);
        vf u = vf_load_mask(a + i, part), v = vf_load_mask(b + i, part);
        vf_store_mask(y + i, part, vf_select(m, u, v));
    }
}

#define FAST_FORMS(name)                                                                           \
    {                                                                                              \
        name##_vv, name##_vs, name##_sv                                                            \
    }

static void fast_elementwise(vt_kernels *table)
{
    static vtk_unary_fn *const unary[VTK_UNARY] = {
        [VTK_AFFINE] = fast_affine,   [VTK_NEG] = fast_neg,
        [VTK_SQUARE] = fast_square,   [VTK_SQRT] = fast_sqrt,
        [VTK_EXP] = fast_exp,         [VTK_LOG] = fast_log,
        [VTK_ABS] = fast_abs,         [VTK_SIGN] = fast_sign,
        [VTK_STEP] = fast_step,       [VTK_TANH] = fast_tanh,
        [VTK_SIGMOID] = fast_sigmoid, [VTK_SOFTPLUS] = fast_softplus,
        [VTK_RELU] = fast_relu,       [VTK_LEAKY_RELU] = fast_leaky_relu,
        [VTK_CLAMP] = fast_clamp,     [VTK_RECIPROCAL] = fast_reciprocal,
    };
    static vtk_binary_fn *const binary[VTK_BINARY][VTK_FORMS] = {
        [VTK_ADD] = FAST_FORMS(fast_add),
        [VTK_SUB] = FAST_FORMS(fast_sub),
        [VTK_MUL] = FAST_FORMS(fast_mul),
        [VTK_DIV] = FAST_FORMS(fast_div),
        [VTK_MAXIMUM] = FAST_FORMS(fast_maximum),
        [VTK_MINIMUM] = FAST_FORMS(fast_minimum),
        [VTK_GREATER] = FAST_FORMS(fast_greater),
        [VTK_GREATER_EQUAL] = FAST_FORMS(fast_greater_equal),
    };
    for (int i = 0; i < VTK_UNARY; i++) {
        table->unary[i] = unary[i];
    }
    for (int i = 0; i < VTK_BINARY; i++) {
        for (int f = 0; f < VTK_FORMS; f++) {
            table->binary[i][f] = binary[i][f];
        }
    }
    table->fill = fast_fill;
    table->where = fast_where;
}
