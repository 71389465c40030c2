/* The reader of safetensors files: every length, type, shape and byte range is checked before its
 * use. */
#include "nn/safetensors.h"
#include "nn/half.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT (SIZE_MAX / 2 < (UINT64_C(9) << 30) ? SIZE_MAX / 2 : (size_t)(UINT64_C(9) << 30))

typedef struct {
    const char *name;
    int bytes; /* of an element */
    ag_stored type;
    void (*widen)(float *to, const uint8_t *from, int64_t count); /* of AG_STORED_F32 */
} nn_dtype;

static const nn_dtype dtypes[] = {
    { "F32", 4, AG_STORED_F32, nn_from_f32 }, { "BF16", 2, AG_STORED_F32, nn_from_bf16 },
    { "F16", 2, AG_STORED_F32, nn_from_f16 }, { "I8", 1, AG_STORED_I8, NULL },
    { "U8", 1, AG_STORED_U8, NULL },          { "I16", 2, AG_STORED_I16, NULL },
    { "I64", 8, AG_STORED_I64, NULL },
};

/* A tensor as the header describes it; the name belongs to the JSON. */
typedef struct {
    const char *name;
    const nn_dtype *dtype;
    ag_shape shape;
    int64_t begin, end;
} nn_described;

typedef struct {
    const uint8_t *data;
    int64_t size;
    json_t *header;
    nn_described *list;
    int count;
} nn_file;

static int json_failure(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_out_of_memory:
        return ag_fail(AG_ENOMEM, "out of memory while reading the header");
    case json_error_duplicate_key:
        return ag_fail(AG_EFORMAT, "the header has the same name twice (byte %d)", error->position);
    default:
        return ag_fail(AG_EFORMAT, "the header is not correct JSON (byte %d)", error->position);
    }
}

/* Split the file into header and data and parse the header. */
static int open_header(nn_file *file, const uint8_t *bytes, size_t size)
{
    if (size < NN_LENGTH_BYTES)
        return ag_fail(AG_EFORMAT, "%zu bytes are too few for a safetensors file", size);
    uint64_t length = 0;
    for (int i = 0; i < NN_LENGTH_BYTES; i++)
        length |= (uint64_t)bytes[i] << (8 * i);
    if (length > NN_HEADER_LIMIT)
        return ag_fail(AG_EFORMAT, "the header says it is longer than 16 MiB: no safetensors file");
    if (length < 2 || length > size - NN_LENGTH_BYTES)
        return ag_fail(AG_EFORMAT, "the header does not fit the file, which may be cut short");
    const char *text = (const char *)bytes + NN_LENGTH_BYTES;
    if (*text != '{')
        return ag_fail(AG_EFORMAT, "the header does not begin with '{': no safetensors file");
    json_error_t error;
    file->header = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &error);
    if (!file->header)
        return json_failure(&error);
    file->data = bytes + NN_LENGTH_BYTES + length;
    file->size = (int64_t)(size - NN_LENGTH_BYTES - (size_t)length);
    return AG_OK;
}

static int read_dtype(nn_described *d, const json_t *info)
{
    const char *text = json_string_value(json_object_get(info, "dtype"));
    if (!text)
        return ag_fail(AG_EFORMAT, "tensor '%.80s' has no dtype", d->name);
    for (size_t i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); i++)
        if (strcmp(dtypes[i].name, text) == 0)
            d->dtype = &dtypes[i];
    if (!d->dtype)
        return ag_fail(
            AG_EFORMAT,
            "tensor '%.80s' has another dtype than F32, BF16, F16, I8, U8, I16 and I64, the ones "
            "agena reads",
            d->name);
    return AG_OK;
}

static int read_shape(nn_described *d, const json_t *info)
{
    const json_t *shape = json_object_get(info, "shape");
    size_t rank = json_array_size(shape);
    if (!json_is_array(shape) || rank > AG_MAX_RANK)
        return ag_fail(AG_EFORMAT, "the shape of tensor '%.80s' is no list of at most %d numbers",
                       d->name, AG_MAX_RANK);
    d->shape.rank = (int)rank;
    for (size_t i = 0; i < rank; i++) {
        const json_t *dim = json_array_get(shape, i);
        if (!json_is_integer(dim))
            return ag_fail(AG_EFORMAT,
                           "the shape of tensor '%.80s' holds something else than integers",
                           d->name);
        d->shape.dim[i] = json_integer_value(dim);
    }
    if (nn_shape_elements(&d->shape) < 0)
        return ag_fail(AG_EFORMAT,
                       "the shape of tensor '%.80s' is negative or larger than 2^31 elements",
                       d->name);
    return AG_OK;
}

static int read_range(nn_described *d, const json_t *info, int64_t size)
{
    const json_t *offsets = json_object_get(info, "data_offsets");
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end))
        return ag_fail(AG_EFORMAT, "the data_offsets of tensor '%.80s' are no pair of integers",
                       d->name);
    d->begin = json_integer_value(begin);
    d->end = json_integer_value(end);
    if (d->begin < 0 || d->end < d->begin || d->end > size)
        return ag_fail(AG_EFORMAT,
                       "the data of tensor '%.80s' lies outside the file, which may be cut short",
                       d->name);
    if (d->end - d->begin != nn_shape_elements(&d->shape) * d->dtype->bytes)
        return ag_fail(AG_EFORMAT,
                       "the data of tensor '%.80s' has another size than its shape and dtype",
                       d->name);
    return AG_OK;
}

static int describe(nn_described *d, const char *name, const json_t *info, int64_t size)
{
    if (!*name || !nn_printable(name))
        return ag_fail(AG_EFORMAT, "the name of a tensor is empty or has control characters");
    *d = (nn_described){ .name = name };
    if (!json_is_object(info) || json_object_size(info) != 3)
        return ag_fail(AG_EFORMAT,
                       "tensor '%.80s' is not described by dtype, shape and data_offsets", name);
    int code = read_dtype(d, info);
    if (code == AG_OK)
        code = read_shape(d, info);
    if (code == AG_OK)
        code = read_range(d, info, size);
    return code;
}

static int read_metadata(ag_safetensors *f, json_t *map)
{
    if (!json_is_object(map))
        return ag_fail(AG_EFORMAT, NN_METADATA_NAME " is no map of strings");
    const char *key;
    json_t *value;
    json_object_foreach(map, key, value)
    {
        if (!json_is_string(value))
            return ag_fail(AG_EFORMAT, NN_METADATA_NAME " holds something else than strings");
        int code = ag_safetensors_set_meta(f, key, json_string_value(value));
        if (code != AG_OK)
            return code;
    }
    return AG_OK;
}

static int by_offset(const void *a, const void *b)
{
    const nn_described *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return strcmp(x->name, y->name); /* empty tensors at one place */
}

/* The ranges, in the order of the data, must follow each other from its first byte to its last. */
static int check_ranges(nn_file *file)
{
    if (file->count > 1)
        qsort(file->list, (size_t)file->count, sizeof(*file->list), by_offset);
    int64_t end = 0;
    for (int i = 0; i < file->count; i++) {
        const nn_described *d = &file->list[i];
        if (d->begin != end)
            return ag_fail(AG_EFORMAT, "the data of tensor '%.80s' %s", d->name,
                           d->begin < end ? "overlaps another's" : "follows a gap");
        end = d->end;
    }
    if (end != file->size)
        return ag_fail(AG_EFORMAT, "%lld bytes at the end belong to no tensor",
                       (long long)(file->size - end));
    return AG_OK;
}

/* Fill the list of tensors from the header, and the metadata of f. */
static int describe_all(nn_file *file, ag_safetensors *f)
{
    if (!json_is_object(file->header))
        return ag_fail(AG_EFORMAT, "the header is no map");
    /* The 16 MiB of the header keep this far below INT_MAX. */
    file->list = ag_calloc(json_object_size(file->header) + 1, sizeof(*file->list));
    if (!file->list)
        return AG_ENOMEM;
    const char *name;
    json_t *info;
    json_object_foreach(file->header, name, info)
    {
        int code = strcmp(name, NN_METADATA_NAME) == 0
                       ? read_metadata(f, info)
                       : describe(&file->list[file->count++], name, info, file->size);
        if (code != AG_OK)
            return code;
    }
    return check_ranges(file);
}

static int read_tensors(const nn_file *file, ag_safetensors *f)
{
    for (int i = 0; i < file->count; i++) {
        const nn_described *d = &file->list[i];
        nn_stored *stored;
        int code = nn_safetensors_grow(f, d->name, d->dtype->type, &d->shape, &stored);
        if (code != AG_OK)
            return code;
        const uint8_t *from = file->data + d->begin;
        if (d->dtype->widen)
            d->dtype->widen(stored->data, from, stored->elements);
        else
            nn_copy_integers(stored->data, from, stored->elements, d->dtype->bytes);
    }
    return AG_OK;
}

int ag_safetensors_parse(const void *data, size_t size, const char *name, ag_safetensors **out)
{
    *out = NULL;
    ag_safetensors *f;
    int code = ag_safetensors_new(&f);
    if (code != AG_OK)
        return code;
    nn_file file = { 0 };
    code = open_header(&file, data, size);
    if (code == AG_OK)
        code = describe_all(&file, f);
    if (code == AG_OK)
        code = read_tensors(&file, f);
    ag_free(file.list);
    json_decref(file.header);
    if (code != AG_OK) {
        ag_safetensors_free(f);
        return ag_fail_context(code, "%s", name);
    }
    *out = f;
    return AG_OK;
}

int ag_safetensors_load(const char *path, ag_safetensors **out)
{
    *out = NULL;
    void *data;
    size_t size;
    int code = ag_file_read(path, FILE_LIMIT, &data, &size);
    if (code != AG_OK)
        return code;
    code = ag_safetensors_parse(data, size, path, out);
    ag_free(data);
    return code;
}
