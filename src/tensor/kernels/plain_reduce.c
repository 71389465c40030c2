/* Sums and maxima over rows and columns in plain C: the reference of the faster ones.
 *
 * Sums add short runs in float and the runs in double, so that the error does not grow with the
 * length. */
#include "tensor/kernels/plain.h"

#include <math.h>

enum { RUN = 32, LANES = 8, CHUNK = 64 };

static double sum_run(int64_t n, const float *x)
{
    float lane[LANES] = { 0 };
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int j = 0; j < LANES; j++) {
            lane[j] += x[i + j];
        }
    }
    double total = 0.0;
    for (int j = 0; j < LANES; j++) {
        total += (double)lane[j];
    }
    for (; i < n; i++) {
        total += (double)x[i];
    }
    return total;
}

static void sum_rows(int64_t rows, int64_t n, float *y, const float *x, int64_t x_row,
                     bool accumulate)
{
    for (int64_t r = 0; r < rows; r++) {
        const float *row = x + r * x_row;
        double total = accumulate ? (double)y[r] : 0.0;
        for (int64_t i = 0; i < n; i += RUN * LANES) {
            int64_t left = n - i;
            total += sum_run(left < RUN * LANES ? left : RUN * LANES, row + i);
        }
        y[r] = (float)total;
    }
}

/* Sums of at most CHUNK columns. */
static void sum_chunk(int64_t rows, int64_t n, float *y, const float *x, int64_t x_row,
                      bool accumulate)
{
    double total[CHUNK];
    for (int64_t c = 0; c < n; c++) {
        total[c] = accumulate ? (double)y[c] : 0.0;
    }
    for (int64_t begin = 0; begin < rows; begin += RUN) {
        int64_t end = begin + RUN < rows ? begin + RUN : rows;
        float part[CHUNK] = { 0 };
        for (int64_t r = begin; r < end; r++) {
            for (int64_t c = 0; c < n; c++) {
                part[c] += x[r * x_row + c];
            }
        }
        for (int64_t c = 0; c < n; c++) {
            total[c] += (double)part[c];
        }
    }
    for (int64_t c = 0; c < n; c++) {
        y[c] = (float)total[c];
    }
}

static void sum_columns(int64_t rows, int64_t n, float *y, const float *x, int64_t x_row,
                        bool accumulate)
{
    for (int64_t c = 0; c < n; c += CHUNK) {
        int64_t width = n - c < CHUNK ? n - c : CHUNK;
        sum_chunk(rows, width, y + c, x + c, x_row, accumulate);
    }
}

static void max_rows(int64_t rows, int64_t n, float *y, const float *x, int64_t x_row,
                     bool accumulate)
{
    for (int64_t r = 0; r < rows; r++) {
        float best = accumulate ? y[r] : -INFINITY;
        for (int64_t i = 0; i < n; i++) {
            float v = x[r * x_row + i];
            best = v > best ? v : best;
        }
        y[r] = best;
    }
}

static void max_columns(int64_t rows, int64_t n, float *y, const float *x, int64_t x_row,
                        bool accumulate)
{
    for (int64_t c = 0; c < n && !accumulate; c++) {
        y[c] = -INFINITY;
    }
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < n; c++) {
            float v = x[r * x_row + c];
            y[c] = v > y[c] ? v : y[c];
        }
    }
}

void vt_plain_reduce(vt_kernels *table)
{
    table->sum_rows = sum_rows;
    table->sum_columns = sum_columns;
    table->max_rows = max_rows;
    table->max_columns = max_columns;
}
