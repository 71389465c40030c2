/* Memory plan: buffers with lifetimes into one block, largest first, each at the lowest offset that
 * is free for as long as it lives. */
#include "tensor/plan.h"

#include <stdlib.h>

enum { ALIGN = 64 };

static int by_size(const void *a, const void *b)
{
    const vt_storage *x = *(vt_storage *const *)a, *y = *(vt_storage *const *)b;
    if (x->bytes != y->bytes) {
        return x->bytes < y->bytes ? 1 : -1;
    }
    return x->first - y->first; /* a definite order, so that plans are equal everywhere */
}

static int by_offset(const void *a, const void *b)
{
    const vt_storage *x = *(vt_storage *const *)a, *y = *(vt_storage *const *)b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static size_t rounded(size_t bytes)
{
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/* Lowest offset for s beside those placed already; `busy` is room for a list of them. */
static size_t lowest_gap(const vt_storage *s, vt_storage **placed, int count, vt_storage **busy)
{
    int n = 0;
    for (int i = 0; i < count; i++) {
        if (placed[i]->first <= s->last && s->first <= placed[i]->last) {
            busy[n++] = placed[i];
        }
    }
    qsort(busy, (size_t)n, sizeof *busy, by_offset);
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        if (busy[i]->offset >= at + rounded(s->bytes)) {
            break;
        }
        size_t end = busy[i]->offset + rounded(busy[i]->bytes);
        at = end > at ? end : at;
    }
    return at;
}

int vt_place(vt_storage *storages, int count, size_t *bytes)
{
    *bytes = 0;
    vt_storage **order = ag_malloc((size_t)(2 * count + 1) * sizeof *order);
    if (!order) {
        return AG_ENOMEM;
    }
    int n = 0;
    for (int i = 0; i < count; i++) {
        if (storages[i].leaf == AG_NONE && !storages[i].fixed) {
            order[n++] = &storages[i];
        }
    }
    qsort(order, (size_t)n, sizeof *order, by_size);
    for (int i = 0; i < n; i++) {
        order[i]->offset = lowest_gap(order[i], order, i, order + count);
        size_t end = order[i]->offset + rounded(order[i]->bytes);
        *bytes = end > *bytes ? end : *bytes;
    }
    ag_free(order);
    return 0;
}
