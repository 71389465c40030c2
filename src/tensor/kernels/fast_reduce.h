/* tensor/kernels/fast_reduce.h: sums and maxima on the lanes of the including file.
 *
 * Runs of at most RUN vectors are added in float, the runs in double. */

enum { RUN = 32 };

/* Sum of n floats, n at most 4 RUN LANES, as lanes. */
static inline vf sum_run(int64_t n, const float *x)
{
    vf s0 = vf_set(0.0f), s1 = s0, s2 = s0, s3 = s0;
    int64_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        s0 = vf_add(s0, vf_load(x + i));
        s1 = vf_add(s1, vf_load(x + i + LANES));
        s2 = vf_add(s2, vf_load(x + i + 2 * LANES));
        s3 = vf_add(s3, vf_load(x + i + 3 * LANES));
    }
    for (; i + LANES <= n; i += LANES) {
        s0 = vf_add(s0, vf_load(x + i));
    }
    if (i < n) {
        s1 = vf_add(s1, vf_load_mask(x + i, vm_first(n - i)));
    }
    return vf_add(vf_add(s0, s1), vf_add(s2, s3));
}

static void fast_sum_rows(int64_t rows, int64_t n, float *y, const float *x, int64_t x_row,
                          bool accumulate)
{
    const int64_t run = 4 * RUN * LANES;
    for (int64_t r = 0; r < rows; r++, x += x_row) {
        vd total = vd_zero();
        for (int64_t i = 0; i < n; i += run) {
            total = vd_add(total, sum_run(n - i < run ? n - i : run, x + i));
        }
        y[r] = (float)(vd_total(total) + (accumulate ? (double)y[r] : 0.0));
    }
}

/* Sums of four vectors of columns. */
static void sum_four(int64_t rows, float *y, const float *x, int64_t x_row, bool accumulate)
{
    vd total[4] = { vd_zero(), vd_zero(), vd_zero(), vd_zero() };
    for (int64_t begin = 0; begin < rows; begin += RUN) {
        int64_t end = begin + RUN < rows ? begin + RUN : rows;
        vf s0 = vf_set(0.0f), s1 = s0, s2 = s0, s3 = s0;
        for (int64_t r = begin; r < end; r++) {
            const float *row = x + r * x_row;
            s0 = vf_add(s0, vf_load(row));
            s1 = vf_add(s1, vf_load(row + LANES));
            s2 = vf_add(s2, vf_load(row + 2 * LANES));
            s3 = vf_add(s3, vf_load(row + 3 * LANES));
        }
        total[0] = vd_add(total[0], s0);
        total[1] = vd_add(total[1], s1);
        total[2] = vd_add(total[2], s2);
        total[3] = vd_add(total[3], s3);
    }
    for (int j = 0; j < 4; j++, y += LANES) {
        total[j] = accumulate ? vd_add(total[j], vf_load(y)) : total[j];
        vf_store(y, vd_float(total[j]));
    }
}

/* Sums of at most one vector of columns. */
static void sum_part(int64_t rows, vm part, float *y, const float *x, int64_t x_row,
                     bool accumulate)
{
    vd total = vd_zero();
    for (int64_t begin = 0; begin < rows; begin += RUN) {
        int64_t end = begin + RUN < rows ? begin + RUN : rows;
        vf s = vf_set(0.0f);
        for (int64_t r = begin; r < end; r++) {
            s = vf_add(s, vf_load_mask(x + r * x_row, part));
        }
        total = vd_add(total, s);
    }
    if (accumulate) {
        total = vd_add(total, vf_load_mask(y, part));
    }
    vf_store_mask(y, part, vd_float(total));
}

static void fast_sum_columns(int64_t rows, int64_t n, float *y, const float *x, int64_t x_row,
                             bool accumulate)
{
    int64_t c = 0;
    for (; c + 4 * LANES <= n; c += 4 * LANES) {
        sum_four(rows, y + c, x + c, x_row, accumulate);
    }
    for (; c < n; c += LANES) {
        vm part = vm_first(n - c < LANES ? n - c : LANES);
        sum_part(rows, part, y + c, x + c, x_row, accumulate);
    }
}

static float max_run(int64_t n, const float *x)
{
    vf best = vf_set(-__builtin_inff());
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        best = vf_max(vf_load(x + i), best);
    }
    if (i < n) {
        vm part = vm_first(n - i);
        best = vf_select(part, vf_max(vf_load_mask(x + i, part), best), best);
    }
    return vf_largest(best);
}

static void fast_max_rows(int64_t rows, int64_t n, float *y, const float *x, int64_t x_row,
                          bool accumulate)
{
    for (int64_t r = 0; r < rows; r++, x += x_row) {
        float best = max_run(n, x);
        y[r] = accumulate && y[r] > best ? y[r] : best;
    }
}

static void fast_max_columns(int64_t rows, int64_t n, float *y, const float *x, int64_t x_row,
                             bool accumulate)
{
    for (int64_t c = 0; c < n; c += LANES) {
        vm part = vm_first(n - c < LANES ? n - c : LANES);
        vf best = accumulate ? vf_load_mask(y + c, part) : vf_set(-__builtin_inff());
        for (int64_t r = 0; r < rows; r++) {
            best = vf_max(vf_load_mask(x + r * x_row + c, part), best);
        }
        vf_store_mask(y + c, part, best);
    }
}

static void fast_reduce(vt_kernels *table)
{
    table->sum_rows = fast_sum_rows;
    table->sum_columns = fast_sum_columns;
    table->max_rows = fast_max_rows;
    table->max_columns = fast_max_columns;
}
