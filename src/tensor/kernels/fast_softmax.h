/* tensor/kernels/fast_softmax.h: softmax and cross-entropy on the lanes of the including file.
 * Includes of fast_reduce.h come first: rows' maxima are its max_run. */

/* Sum of e^(x - shift); the terms go to y unless it is NULL. */
static inline float row_exp(int64_t n, float *y, const float *x, float shift)
{
    vf s = vf_set(shift), total = vf_set(0.0f);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vf e = vf_exp(vf_sub(vf_load(x + i), s));
        total = vf_add(total, e);
        if (y) {
            vf_store(y + i, e);
        }
    }
    if (i < n) {
        vm part = vm_first(n - i);
        vf e = vf_exp(vf_sub(vf_load_mask(x + i, part), s));
        total = vf_add(total, vf_keep(part, e));
        if (y) {
            vf_store_mask(y + i, part, e);
        }
    }
    return vf_total(total);
}

static inline void row_scale(int64_t n, float *y, float scale)
{
    fast_affine(n, y, y, scale, 0.0f);
}

static void fast_softmax_rows(int64_t rows, int64_t n, float *y, const float *x)
{
    for (int64_t r = 0; r < rows; r++, x += n, y += n) {
        row_scale(n, y, 1.0f / row_exp(n, y, x, max_run(n, x)));
    }
}

static void fast_log_softmax(int64_t rows, int64_t n, float *y, const float *x)
{
    for (int64_t r = 0; r < rows; r++, x += n, y += n) {
        float shift = max_run(n, x), log_total = logf(row_exp(n, NULL, x, shift));
        vf s = vf_set(shift), t = vf_set(log_total);
        int64_t i = 0;
        for (; i + LANES <= n; i += LANES) {
            vf_store(y + i, vf_sub(vf_sub(vf_load(x + i), s), t));
        }
        vm part = vm_first(n - i);
        vf_store_mask(y + i, part, vf_sub(vf_sub(vf_load_mask(x + i, part), s), t));
    }
}

static int64_t fast_cross_entropy(int64_t rows, int64_t n, float *loss, const float *logits,
                                  const int32_t *target)
{
    for (int64_t r = 0; r < rows; r++, logits += n) {
        if (target[r] < 0 || target[r] >= n) {
            return r;
        }
        float shift = max_run(n, logits);
        loss[r] = logf(row_exp(n, NULL, logits, shift)) - (logits[target[r]] - shift);
    }
    return -1;
}

static int64_t fast_cross_entropy_grad(int64_t rows, int64_t n, float *dlogits, const float *logits,
                                       const int32_t *target, const float *dloss)
{
    for (int64_t r = 0; r < rows; r++, logits += n, dlogits += n) {
        if (target[r] < 0 || target[r] >= n) {
            return r;
        }
        row_scale(n, dlogits, dloss[r] / row_exp(n, dlogits, logits, max_run(n, logits)));
        dlogits[target[r]] -= dloss[r];
    }
    return -1;
}

static void fast_softmax(vt_kernels *table)
{
    table->softmax = fast_softmax_rows;
    table->log_softmax = fast_log_softmax;
    table->cross_entropy = fast_cross_entropy;
    table->cross_entropy_grad = fast_cross_entropy_grad;
}
