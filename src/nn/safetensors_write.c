/* The writer of safetensors files: header, padding and data through an atomic writer. */
#include "nn/safetensors.h"
#include "nn/half.h"

#include <jansson.h>
#include <string.h>

/* Elements turned into bytes at a time. */
#define CHUNK 4096

static const struct {
    const char *name;
    int bytes;
    void (*narrow)(uint8_t *to, const float *from, int64_t count);
} stores[] = {
    [AG_STORE_F32] = { "F32", 4, nn_to_f32 },
    [AG_STORE_BF16] = { "BF16", 2, nn_to_bf16 },
};

/* The dtype and the bytes of an element as they are written. */
static nn_type written(const nn_stored *stored, ag_store store)
{
    return stored->type == AG_STORED_F32 ? (nn_type){ stores[store].name, stores[store].bytes }
                                         : nn_types[stored->type];
}

static int no_memory(void)
{
    return ag_fail(AG_ENOMEM, "out of memory while writing the header of a checkpoint");
}

/* Put value, which is used up, into map under key. */
static int put(json_t *map, const char *key, json_t *value)
{
    return json_object_set_new_nocheck(map, key, value) == 0 ? AG_OK : no_memory();
}

/* AG_EINVAL unless text can stand in JSON. */
static int check_utf8(const char *text)
{
    json_t *checked = json_string(text), *any = json_string_nocheck(text);
    bool valid = checked, memory = any;
    json_decref(checked);
    json_decref(any);
    if (!memory)
        return no_memory();
    return valid ? AG_OK
                 : ag_fail(AG_EINVAL, "a name or a text of the metadata is not valid UTF-8");
}

static int put_metadata(json_t *header, const ag_safetensors *f)
{
    json_t *map = json_object();
    int code = put(header, NN_METADATA_NAME, map); /* fails for a map of NULL, too */
    for (int i = 0; i < f->meta_count && code == AG_OK; i++) {
        const nn_meta *meta = &f->meta[i];
        code = check_utf8(meta->key);
        if (code == AG_OK)
            code = check_utf8(meta->value);
        if (code == AG_OK)
            code = put(map, meta->key, json_string_nocheck(meta->value));
    }
    return code;
}

static int put_tensor(json_t *header, const nn_stored *stored, ag_store store, int64_t begin)
{
    int code = check_utf8(stored->name);
    if (code != AG_OK)
        return code;
    json_t *shape = json_array();
    for (int i = 0; i < stored->shape.rank; i++)
        if (json_array_append_new(shape, json_integer(stored->shape.dim[i])) != 0) {
            json_decref(shape);
            return no_memory();
        }
    nn_type type = written(stored, store);
    int64_t end = begin + stored->elements * type.bytes;
    json_t *info = json_pack("{s:s, s:o, s:[I, I]}", "dtype", type.name, "shape", shape,
                             "data_offsets", (json_int_t)begin, (json_int_t)end);
    return put(header, stored->name, info);
}

static int describe_all(json_t *header, const ag_safetensors *f, ag_store store)
{
    int code = f->meta_count ? put_metadata(header, f) : AG_OK;
    int64_t begin = 0;
    for (int i = 0; i < f->count && code == AG_OK; i++) {
        code = put_tensor(header, &f->tensors[i], store, begin);
        begin += f->tensors[i].elements * written(&f->tensors[i], store).bytes;
    }
    return code;
}

/* The header's text, padded with spaces so that the data begins at a multiple of 8 bytes; ag_free
 * it. */
static int header_text(const json_t *header, char **text, size_t *length)
{
    size_t size = json_dumpb(header, NULL, 0, JSON_COMPACT);
    if (size == 0)
        return no_memory();
    *length = (size + 7) / 8 * 8;
    if (*length > NN_HEADER_LIMIT)
        return ag_fail(AG_EINVAL, "names and metadata of a checkpoint are longer than 16 MiB");
    *text = ag_malloc(*length);
    if (!*text)
        return AG_ENOMEM;
    memset(*text, ' ', *length);
    if (json_dumpb(header, *text, *length, JSON_COMPACT) == size)
        return AG_OK;
    ag_free(*text);
    return no_memory();
}

static int write_header(const ag_safetensors *f, ag_store store, ag_writer *writer)
{
    json_t *header = json_object();
    char *text = NULL;
    size_t size = 0;
    int code = header ? describe_all(header, f, store) : no_memory();
    if (code == AG_OK)
        code = header_text(header, &text, &size);
    json_decref(header);
    if (code != AG_OK)
        return code;
    uint8_t length[NN_LENGTH_BYTES];
    for (int i = 0; i < NN_LENGTH_BYTES; i++)
        length[i] = (uint8_t)((uint64_t)size >> (8 * i));
    code = ag_writer_write(writer, length, sizeof(length));
    if (code == AG_OK)
        code = ag_writer_write(writer, text, size);
    ag_free(text);
    return code;
}

static int write_data(const nn_stored *stored, ag_store store, ag_writer *writer)
{
    uint8_t bytes[CHUNK * 8];
    int size = written(stored, store).bytes;
    for (int64_t i = 0; i < stored->elements; i += CHUNK) {
        int64_t count = stored->elements - i < CHUNK ? stored->elements - i : CHUNK;
        if (stored->type == AG_STORED_F32)
            stores[store].narrow(bytes, (const float *)stored->data + i, count);
        else
            nn_copy_integers(bytes, (const uint8_t *)stored->data + i * size, count, size);
        int code = ag_writer_write(writer, bytes, (size_t)(count * size));
        if (code != AG_OK)
            return code;
    }
    return AG_OK;
}

int ag_safetensors_save(const ag_safetensors *f, const char *path, ag_store store)
{
    if (store != AG_STORE_F32 && store != AG_STORE_BF16)
        return ag_fail(AG_EINVAL, "checkpoints are stored as float32 or bfloat16 only");
    ag_writer *writer;
    int code = ag_writer_open(path, &writer);
    if (code != AG_OK)
        return code;
    code = write_header(f, store, writer);
    for (int i = 0; i < f->count && code == AG_OK; i++)
        code = write_data(&f->tensors[i], store, writer);
    if (code == AG_OK)
        return ag_writer_commit(writer);
    ag_writer_abandon(writer);
    return code;
}
