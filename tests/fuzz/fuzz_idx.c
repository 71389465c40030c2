/* Fuzz target of the IDX reader: the input is a file of pictures and one of labels, divided after
 * the number of bytes that its first two say. */
#include "data/pictures.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int parse(const uint8_t *data, size_t size, ag_pictures *p)
{
    size_t cut = size < 2 ? size : 2 + ((size_t)data[0] << 8 | data[1]);
    cut = cut > size ? size : cut;
    size_t begin = size < 2 ? size : 2;
    int code = data_idx_pictures(data + begin, cut - begin, "pictures", p);
    return code == AG_OK ? data_idx_labels(data + cut, size - cut, "labels", p) : code;
}

/* Read all of what was accepted. */
static void use(const ag_pictures *p)
{
    volatile int sum = 0;
    for (int64_t i = 0; i < p->count * p->height * p->width * p->channels; i++)
        sum ^= p->pixels[i];
    (void)sum;
    for (int64_t i = 0; i < p->count; i++)
        if (p->labels[i] >= p->classes)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ag_pictures p = { 0 }, q = { 0 };
    int code = parse(data, size, &p);
    if (code == AG_OK)
        use(&p);
    else if (!*ag_error())
        abort();
    ag_free(p.pixels);
    ag_free(p.labels);

    ag_alloc_fail_at(1 + size % 7);
    int again = parse(data, size, &q);
    ag_alloc_fail_at(0);
    if (again != code && again != AG_ENOMEM)
        abort();
    ag_free(q.pixels);
    ag_free(q.labels);
    return 0;
}
