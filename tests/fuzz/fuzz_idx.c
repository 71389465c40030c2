/* Fuzz target of the IDX reader: the input is a file of pictures and one of labels, divided after
 * the number of bytes that its first two say. */
#include "pictures.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int parse(const uint8_t *data, size_t size, ag_pictures *p)
{
    size_t cut = size < 2 ? size : 2 + ((size_t)data[0] << 8 | data[1]);
    cut = cut > size ? size : cut;
    size_t begin = size < 2 ? size : 2;
    int code = data_idx_pictures(data + begin, cut - begin, "pictures", p);
    return code == AG_OK ? data_idx_labels(data + cut, size - cut, "labels", p) : code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_pictures(parse, data, size);
}
