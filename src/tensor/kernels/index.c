/* Rows and elements chosen by an index, and the adjoints. */
#include "tensor/kernels/kernels.h"

#include <string.h>

int64_t vt_gather(int64_t count, int64_t n, float *y, const float *table, int64_t rows,
                  const int32_t *index)
{
    for (int64_t i = 0; i < count; i++) {
        if (index[i] < 0 || index[i] >= rows) {
            return i;
        }
        memcpy(y + i * n, table + index[i] * n, (size_t)n * sizeof *y);
    }
    return -1;
}

int64_t vt_scatter_add(int64_t count, int64_t n, float *table, int64_t rows, const float *x,
                       const int32_t *index)
{
    memset(table, 0, (size_t)(rows * n) * sizeof *table);
    for (int64_t i = 0; i < count; i++) {
        if (index[i] < 0 || index[i] >= rows) {
            return i;
        }
        float *row = table + index[i] * n;
        for (int64_t c = 0; c < n; c++) {
            row[c] += x[i * n + c];
        }
    }
    return -1;
}

int64_t vt_pick(int64_t count, int64_t n, float *y, const float *x, const int32_t *index)
{
    for (int64_t i = 0; i < count; i++) {
        if (index[i] < 0 || index[i] >= n) {
            return i;
        }
        y[i] = x[i * n + index[i]];
    }
    return -1;
}

int64_t vt_unpick(int64_t count, int64_t n, float *x, const float *y, const int32_t *index)
{
    memset(x, 0, (size_t)(count * n) * sizeof *x);
    for (int64_t i = 0; i < count; i++) {
        if (index[i] < 0 || index[i] >= n) {
            return i;
        }
        x[i * n + index[i]] = y[i];
    }
    return -1;
}
