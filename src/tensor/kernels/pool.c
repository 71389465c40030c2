/* Max and average pooling of pictures, channels last, with their adjoints. */
#include "tensor/kernels/kernels.h"

#include <math.h>
#include <string.h>

enum { CHANNELS = 64 };

/* The real cells of one output's window: rows [top, bottom), columns [left, right). */
typedef struct {
    int64_t top, bottom, left, right;
} window;

static int64_t at_least_0(int64_t v)
{
    return v < 0 ? 0 : v;
}

static int64_t step(int stride)
{
    return stride > 0 ? stride : 1;
}

static window window_at(const vt_pool *p, int64_t oy, int64_t ox)
{
    int64_t y = oy * step(p->p.stride[0]) - p->p.pad[0][0];
    int64_t x = ox * step(p->p.stride[1]) - p->p.pad[1][0];
    return (window){ at_least_0(y), y + p->kh < p->h ? y + p->kh : p->h, at_least_0(x),
                     x + p->kw < p->w ? x + p->kw : p->w };
}

/* Channels [first, first + n) of one output cell, n at most CHANNELS, cell by cell so that the
 * loops vectorise. */
static void max_channels(const vt_pool *p, const window *w, int64_t first, int64_t n,
                         int32_t *index, const float *x)
{
    float best[CHANNELS];
    int32_t at[CHANNELS];
    for (int64_t c = 0; c < n; c++) {
        best[c] = -INFINITY;
        at[c] = -1;
    }
    for (int64_t v = w->top; v < w->bottom; v++) {
        for (int64_t u = w->left; u < w->right; u++) {
            int32_t cell = (int32_t)((v * p->w + u) * p->c + first);
            for (int64_t c = 0; c < n; c++) {
                bool better = at[c] < 0 || x[cell + c] > best[c];
                best[c] = better ? x[cell + c] : best[c];
                at[c] = better ? cell + (int32_t)c : at[c];
            }
        }
    }
    memcpy(index, at, (size_t)n * sizeof *at);
}

static void max_cell(const vt_pool *p, const window *w, int32_t *index, const float *x)
{
    for (int64_t c = 0; c < p->c; c += CHANNELS) {
        max_channels(p, w, c, p->c - c < CHANNELS ? p->c - c : CHANNELS, index + c, x);
    }
}

void vt_max_pool_index(const vt_pool *p, int32_t *index, const float *x)
{
    for (int64_t b = 0; b < p->b; b++, x += p->h * p->w * p->c) {
        for (int64_t oy = 0; oy < p->oh; oy++) {
            for (int64_t ox = 0; ox < p->ow; ox++, index += p->c) {
                window w = window_at(p, oy, ox);
                max_cell(p, &w, index, x);
            }
        }
    }
}

void vt_pool_gather(const vt_pool *p, float *y, const float *x, const int32_t *index)
{
    int64_t n = p->oh * p->ow * p->c;
    for (int64_t b = 0; b < p->b; b++, x += p->h * p->w * p->c, y += n, index += n) {
        for (int64_t i = 0; i < n; i++) {
            y[i] = index[i] < 0 ? -INFINITY : x[index[i]];
        }
    }
}

void vt_pool_scatter(const vt_pool *p, float *x, const float *y, const int32_t *index)
{
    int64_t n = p->oh * p->ow * p->c;
    memset(x, 0, (size_t)(p->b * p->h * p->w * p->c) * sizeof *x);
    for (int64_t b = 0; b < p->b; b++, x += p->h * p->w * p->c, y += n, index += n) {
        for (int64_t i = 0; i < n; i++) {
            if (index[i] >= 0) {
                x[index[i]] += y[i];
            }
        }
    }
}

static float cell_weight(const window *w)
{
    int64_t cells = at_least_0(w->bottom - w->top) * at_least_0(w->right - w->left);
    return cells > 0 ? 1.0f / (float)cells : 0.0f;
}

static void average_cell(const vt_pool *p, const window *w, float *y, const float *x)
{
    float weight = cell_weight(w);
    memset(y, 0, (size_t)p->c * sizeof *y);
    for (int64_t v = w->top; v < w->bottom; v++) {
        for (int64_t u = w->left; u < w->right; u++) {
            const float *cell = x + (v * p->w + u) * p->c;
            for (int64_t c = 0; c < p->c; c++) {
                y[c] += cell[c];
            }
        }
    }
    for (int64_t c = 0; c < p->c; c++) {
        y[c] *= weight;
    }
}

void vt_avg_pool(const vt_pool *p, float *y, const float *x)
{
    for (int64_t b = 0; b < p->b; b++, x += p->h * p->w * p->c) {
        for (int64_t oy = 0; oy < p->oh; oy++) {
            for (int64_t ox = 0; ox < p->ow; ox++, y += p->c) {
                window w = window_at(p, oy, ox);
                average_cell(p, &w, y, x);
            }
        }
    }
}

static void spread_cell(const vt_pool *p, const window *w, float *x, const float *y)
{
    float weight = cell_weight(w);
    for (int64_t v = w->top; v < w->bottom; v++) {
        for (int64_t u = w->left; u < w->right; u++) {
            float *cell = x + (v * p->w + u) * p->c;
            for (int64_t c = 0; c < p->c; c++) {
                cell[c] += weight * y[c];
            }
        }
    }
}

void vt_avg_pool_back(const vt_pool *p, float *x, const float *y)
{
    memset(x, 0, (size_t)(p->b * p->h * p->w * p->c) * sizeof *x);
    for (int64_t b = 0; b < p->b; b++, x += p->h * p->w * p->c) {
        for (int64_t oy = 0; oy < p->oh; oy++) {
            for (int64_t ox = 0; ox < p->ow; ox++, y += p->c) {
                window w = window_at(p, oy, ox);
                spread_cell(p, &w, x, y);
            }
        }
    }
}
