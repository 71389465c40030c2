/* IDX files, the format of MNIST and Fashion-MNIST: a magic number that names the kind and the
 * number of dimensions, the dimensions as big-endian words, the bytes. */
#include "data/gunzip.h"
#include "data/pictures.h"

#include <string.h>

enum { BYTES_3D = 0x803, BYTES_1D = 0x801 };

static uint32_t big_endian(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Read the magic number and `rank` dimensions. */
static int read_header(data_gunzip *g, uint32_t magic, const char *what, int rank, uint32_t *dim)
{
    uint8_t bytes[4];
    int code = data_gunzip_read(g, bytes, sizeof bytes, "the header");
    if (code == AG_OK && big_endian(bytes) != magic) {
        return ag_fail(AG_EFORMAT, "%s: not an IDX file of %s: it begins with %#010x, not %#010x",
                       g->name, what, big_endian(bytes), magic);
    }
    for (int i = 0; code == AG_OK && i < rank; i++) {
        code = data_gunzip_read(g, bytes, sizeof bytes, "the header");
        dim[i] = big_endian(bytes);
    }
    return code;
}

static int read_bytes(data_gunzip *g, size_t size, const char *what, uint8_t **out)
{
    if (!data_gunzip_may_hold(g, size)) {
        return ag_fail(AG_EFORMAT, "%s: it promises %zu bytes of %s, more than it can hold",
                       g->name, size, what);
    }
    *out = ag_malloc(size);
    if (!*out) {
        return AG_ENOMEM;
    }
    int code = data_gunzip_read(g, *out, size, what);
    return code == AG_OK ? data_gunzip_finish(g) : code;
}

static int read_pictures(data_gunzip *g, ag_pictures *p)
{
    uint32_t dim[3] = { 0 };
    int code = read_header(g, BYTES_3D, "pictures", 3, dim);
    if (code != AG_OK) {
        return code;
    }
    if (dim[0] < 1 || dim[0] > DATA_PICTURES_MOST || dim[1] < 1 || dim[2] < 1 ||
        dim[1] > AG_PICTURES_MAX_SIDE || dim[2] > AG_PICTURES_MAX_SIDE) {
        return ag_fail(
            AG_EFORMAT,
            "%s: %u pictures of %u x %u: 1 to %d pictures with sides of 1 to %d are read", g->name,
            dim[0], dim[1], dim[2], DATA_PICTURES_MOST, AG_PICTURES_MAX_SIDE);
    }
    p->count = dim[0];
    p->height = (int)dim[1];
    p->width = (int)dim[2];
    p->channels = 1;
    return read_bytes(g, (size_t)dim[0] * dim[1] * dim[2], "pictures", &p->pixels);
}

static int read_labels(data_gunzip *g, ag_pictures *p)
{
    uint32_t count = 0;
    int code = read_header(g, BYTES_1D, "labels", 1, &count);
    if (code == AG_OK && count != (uint64_t)p->count) {
        return ag_fail(AG_EFORMAT, "%s: %u labels for %lld pictures", g->name, count,
                       (long long)p->count);
    }
    if (code == AG_OK) {
        code = read_bytes(g, count, "labels", &p->labels);
    }
    for (int64_t i = 0; code == AG_OK && i < p->count; i++) {
        p->classes = p->labels[i] >= p->classes ? p->labels[i] + 1 : p->classes;
    }
    return code;
}

static int unpack(const void *data, size_t size, const char *name, ag_pictures *p,
                  int (*reader)(data_gunzip *g, ag_pictures *p))
{
    data_gunzip g;
    int code = data_gunzip_open(&g, data, size, name);
    if (code == AG_OK) {
        code = reader(&g, p);
    }
    data_gunzip_close(&g);
    return code;
}

int data_idx_pictures(const void *data, size_t size, const char *name, ag_pictures *p)
{
    return unpack(data, size, name, p, read_pictures);
}

int data_idx_labels(const void *data, size_t size, const char *name, ag_pictures *p)
{
    return unpack(data, size, name, p, read_labels);
}
