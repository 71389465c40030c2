/* Fuzz target of CIFAR-10's readers: the first byte says whether the rest is a binary file or the
 * archive. */
#include "data/pictures.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int parse(const uint8_t *data, size_t size, ag_pictures *p)
{
    switch (size > 0 ? data[0] % 3 : 0) {
    case 0:
        return data_cifar_append(data + (size > 0), size - (size > 0), "file", p);
    case 1:
        return data_cifar_archive(data + 1, size - 1, "archive", AG_SPLIT_TRAIN, p);
    default:
        return data_cifar_archive(data + 1, size - 1, "archive", AG_SPLIT_TEST, p);
    }
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
