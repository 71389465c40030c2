/* pictures.h: what the fuzz targets of readers of pictures do with each input. */
#ifndef FUZZ_PICTURES_H
#define FUZZ_PICTURES_H

#include "data/pictures.h"

#include <stdlib.h>

typedef int (*fuzz_reader)(const uint8_t *data, size_t size, ag_pictures *p);

/* Read all of what was accepted. */
static inline void fuzz_use(const ag_pictures *p)
{
    volatile int sum = 0;
    for (int64_t i = 0; i < p->count * p->height * p->width * p->channels; i++)
        sum ^= p->pixels[i];
    (void)sum;
    for (int64_t i = 0; i < p->count; i++)
        if (p->labels[i] >= p->classes)
            abort();
}

static inline void fuzz_clear(ag_pictures *p)
{
    ag_free(p->pixels);
    ag_free(p->labels);
}

/* An input is read, or refused with a sentence; the same when memory runs out on the way. */
static inline int fuzz_pictures(fuzz_reader reader, const uint8_t *data, size_t size)
{
    ag_pictures p = { 0 }, q = { 0 };
    int code = reader(data, size, &p);
    if (code == AG_OK)
        fuzz_use(&p);
    else if (!*ag_error())
        abort();
    fuzz_clear(&p);

    ag_alloc_fail_at(1 + size % 7);
    int again = reader(data, size, &q);
    ag_alloc_fail_at(0);
    if (again != code && again != AG_ENOMEM)
        abort();
    fuzz_clear(&q);
    return 0;
}

#endif
