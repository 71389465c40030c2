/* tensor/kernels/fast_gates.h: the gated unit and the LSTM cell on the lanes of the including file.
 *
 * With m = e^2a - 1 and e = e^-b: tanh a = m / (m + 2) and sigmoid b = 1 / (1 + e), so that their
 * product costs one division. The exponentials are held where the functions have saturated, so no
 * product overflows. */

/* What tanh a and sigmoid b are made of. */
typedef struct {
    vf m, m2, e1; /* e^2a - 1, that + 2, 1 + e^-b */
} gate_parts;

static inline gate_parts gate_split(vf a, vf b)
{
    gate_parts g;
    g.m = vf_expm1_held(vf_clamp(vf_add(a, a), -20.0f, 20.0f));
    g.m2 = vf_add(g.m, vf_set(2.0f));
    g.e1 = vf_add(vf_exp_held(vf_neg(b)), vf_set(1.0f));
    return g;
}

static inline vf gate(vf a, vf b)
{
    gate_parts g = gate_split(a, b);
    return vf_div(g.m, vf_mul(g.m2, g.e1));
}

static void fast_gated(int64_t rows, int64_t c, float *y, const float *x)
{
    for (int64_t r = 0; r < rows; r++, x += 2 * c, y += c) {
        int64_t i = 0;
        for (; i + LANES <= c; i += LANES) {
            vf_store(y + i, gate(vf_load(x + i), vf_load(x + c + i)));
        }
        if (i < c) {
            vm part = vm_first(c - i);
            vf a = vf_load_mask(x + i, part), b = vf_load_mask(x + c + i, part);
            vf_store_mask(y + i, part, gate(a, b));
        }
    }
}

/* Derivatives by a and by b, times dy: 1 - tanh^2 a = 4 (m + 1) / (m + 2)^2 loses no digits. */
static inline vf gate_back(vf a, vf b, vf dy, vf *db)
{
    gate_parts g = gate_split(a, b);
    vf inverse = vf_div(vf_set(1.0f), vf_mul(g.m2, g.e1));
    vf by_m2 = vf_mul(g.e1, inverse), s = vf_mul(g.m2, inverse);
    vf ds = vf_mul(dy, s), slope = vf_mul(vf_fma(g.m, vf_set(4.0f), vf_set(4.0f)), by_m2);
    *db = vf_mul(vf_mul(ds, vf_mul(g.m, by_m2)), vf_sub(vf_set(1.0f), s));
    return vf_mul(vf_mul(ds, slope), by_m2);
}

static void fast_gated_grad(int64_t rows, int64_t c, float *dx, const float *x, const float *dy)
{
    for (int64_t r = 0; r < rows; r++, x += 2 * c, dx += 2 * c, dy += c) {
        int64_t i = 0;
        vf da, db;
        for (; i + LANES <= c; i += LANES) {
            da = gate_back(vf_load(x + i), vf_load(x + c + i), vf_load(dy + i), &db);
            vf_store(dx + i, da);
            vf_store(dx + c + i, db);
        }
        if (i < c) {
            vm part = vm_first(c - i);
            vf a = vf_load_mask(x + i, part), b = vf_load_mask(x + c + i, part);
            da = gate_back(a, b, vf_load_mask(dy + i, part), &db);
            vf_store_mask(dx + i, part, da);
            vf_store_mask(dx + c + i, part, db);
        }
    }
}

/* An LSTM's gates after activation, and its new cell. */
typedef struct {
    vf in, forget, cell, out, next;
} lstm_gates;

static inline lstm_gates lstm_activate(const float *gates, int64_t h, vf c, vm part)
{
    lstm_gates g;
    g.in = vf_sigmoid(vf_load_mask(gates, part));
    g.forget = vf_sigmoid(vf_load_mask(gates + h, part));
    g.cell = vf_tanh(vf_load_mask(gates + 2 * h, part));
    g.out = vf_sigmoid(vf_load_mask(gates + 3 * h, part));
    g.next = vf_fma(g.in, g.cell, vf_mul(g.forget, c));
    return g;
}

static void fast_lstm(int64_t rows, int64_t h, float *c_out, float *h_out, int64_t out_row,
                      const float *gates, const float *c)
{
    for (int64_t r = 0; r < rows; r++, gates += 4 * h, c += h, c_out += out_row, h_out += out_row) {
        for (int64_t j = 0; j < h; j += LANES) {
            vm part = vm_first(h - j < LANES ? h - j : LANES);
            lstm_gates g = lstm_activate(gates + j, h, vf_load_mask(c + j, part), part);
            vf_store_mask(c_out + j, part, g.next);
            vf_store_mask(h_out + j, part, vf_mul(g.out, vf_tanh(g.next)));
        }
    }
}

/* s (1 - s), the derivative of a sigmoid of value s. */
static inline vf sigmoid_slope(vf s)
{
    return vf_mul(s, vf_sub(vf_set(1.0f), s));
}

/* At most LANES cells; pointers are at the first of them, dgates and gates step by h. */
static inline void lstm_back(int64_t h, float *dgates, float *dc, const float *gates,
                             const float *c, const float *dc_out, const float *dh_out, vm part)
{
    vf past = vf_load_mask(c, part), one = vf_set(1.0f);
    lstm_gates g = lstm_activate(gates, h, past, part);
    vf t = vf_tanh(g.next), dh = vf_load_mask(dh_out, part);
    vf through = vf_mul(vf_mul(dh, g.out), vf_fnma(t, t, one));
    vf dnext = vf_add(vf_load_mask(dc_out, part), through);
    vf_store_mask(dgates, part, vf_mul(vf_mul(dnext, g.cell), sigmoid_slope(g.in)));
    vf_store_mask(dgates + h, part, vf_mul(vf_mul(dnext, past), sigmoid_slope(g.forget)));
    vf_store_mask(dgates + 2 * h, part, vf_mul(vf_mul(dnext, g.in), vf_fnma(g.cell, g.cell, one)));
    vf_store_mask(dgates + 3 * h, part, vf_mul(vf_mul(dh, t), sigmoid_slope(g.out)));
    vf_store_mask(dc, part, vf_mul(dnext, g.forget));
}

static void fast_lstm_grad(int64_t rows, int64_t h, float *dgates, float *dc, int64_t d_row,
                           const float *gates, const float *c, const float *dc_out,
                           const float *dh_out, int64_t out_row)
{
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t j = 0; j < h; j += LANES) {
            vm part = vm_first(h - j < LANES ? h - j : LANES);
            lstm_back(h, dgates + j, dc + j, gates + j, c + j, dc_out + j, dh_out + j, part);
        }
        gates += 4 * h;
        c += h;
        dc_out += out_row;
        dh_out += out_row;
        dgates += d_row;
        dc += d_row;
    }
}

static void fast_gates(vt_kernels *table)
{
    table->gated = fast_gated;
    table->gated_grad = fast_gated_grad;
    table->lstm = fast_lstm;
    table->lstm_grad = fast_lstm_grad;
}
