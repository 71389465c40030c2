/* Fuzz target of CIFAR-10's readers: the first byte says whether the rest is a binary file or the
 * archive. */
#include "pictures.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_pictures(parse, data, size);
}
