/* nn/safetensors.h: the content of a safetensors file in memory, and what its reader and writer
 * share.
 *
 * A file is 8 bytes of header length (little endian), the header in JSON, then the data. The header
 * maps names to {"dtype", "shape", "data_offsets": [begin, end]}, offsets counting from the end of
 * the header, and "__metadata__" to a map of strings. */
#ifndef AGENA_NN_SAFETENSORS_H
#define AGENA_NN_SAFETENSORS_H

#include "nn/tensors.h"

#define NN_METADATA_NAME "__metadata__"
#define NN_HEADER_LIMIT  ((size_t)16 << 20)
#define NN_LENGTH_BYTES  8

typedef struct {
    char *name;
    ag_stored type;
    ag_shape shape;
    int64_t elements;
    void *data; /* in this machine's byte order */
} nn_stored;

typedef struct {
    char *key, *value;
} nn_meta;

struct ag_safetensors {
    nn_stored *tensors;
    int count, room;
    nn_meta *meta;
    int meta_count, meta_room;
};

/* By ag_stored: the dtype's name in files, bytes of an element in memory. */
typedef struct {
    const char *name;
    int bytes;
} nn_type;
enum { NN_TYPES = 5 };
extern const nn_type nn_types[NN_TYPES];

/* Room for one tensor more, with its own copy of the name and data of its size, not filled;
 * counted. */
int nn_safetensors_grow(ag_safetensors *f, const char *name, ag_stored type, const ag_shape *shape,
                        nn_stored **out);
/* Names and metadata keys with control characters would spoil the sentences that quote them. */
bool nn_printable(const char *text);

#endif
