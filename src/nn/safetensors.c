/* Checkpoints in memory: named tensors and a map of metadata, filled from and copied to sets and
 * arrays of integers. */
#include "nn/safetensors.h"

#include <limits.h>
#include <string.h>

const nn_type nn_types[NN_TYPES] = {
    [AG_STORED_F32] = { "F32", 4 }, [AG_STORED_I8] = { "I8", 1 },   [AG_STORED_U8] = { "U8", 1 },
    [AG_STORED_I16] = { "I16", 2 }, [AG_STORED_I64] = { "I64", 8 },
};

int ag_safetensors_new(ag_safetensors **out)
{
    *out = ag_calloc(1, sizeof(**out));
    return *out ? AG_OK : AG_ENOMEM;
}

static void drop_last_tensor(ag_safetensors *f)
{
    nn_stored *last = &f->tensors[--f->count];
    ag_free(last->name);
    ag_free(last->data);
}

void ag_safetensors_free(ag_safetensors *f)
{
    if (!f)
        return;
    while (f->count > 0)
        drop_last_tensor(f);
    for (int i = 0; i < f->meta_count; i++) {
        ag_free(f->meta[i].key);
        ag_free(f->meta[i].value);
    }
    ag_free(f->tensors);
    ag_free(f->meta);
    ag_free(f);
}

bool nn_printable(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            return false;
    return true;
}

/* Make *array, which has `count` items of `size` bytes in use and room for *room, fit one more. */
static int make_room(void **array, int count, int *room, size_t size)
{
    if (count < *room)
        return AG_OK;
    if (count > INT_MAX / 2)
        return ag_fail(AG_EINVAL, "a checkpoint cannot hold more than %d entries", INT_MAX / 2);
    int wanted = count ? 2 * count : 16;
    if ((size_t)wanted > SIZE_MAX / size)
        return ag_fail(AG_ENOMEM, "%d entries do not fit the address space", wanted);
    void *grown = ag_realloc(*array, (size_t)wanted * size);
    if (!grown)
        return AG_ENOMEM;
    *array = grown;
    *room = wanted;
    return AG_OK;
}

int nn_safetensors_grow(ag_safetensors *f, const char *name, ag_stored type, const ag_shape *shape,
                        nn_stored **out)
{
    void *tensors = f->tensors;
    int code = make_room(&tensors, f->count, &f->room, sizeof(*f->tensors));
    f->tensors = tensors;
    if (code != AG_OK)
        return code;
    int64_t elements = nn_shape_elements(shape);
    size_t bytes = (size_t)nn_types[type].bytes;
    if (elements < 0 || (uint64_t)elements > SIZE_MAX / bytes)
        return ag_fail(AG_EINVAL, "tensor '%.80s' is too large", name);
    nn_stored stored = {
        .name = ag_strdup(name), .type = type, .shape = *shape, .elements = elements
    };
    if (!stored.name)
        return AG_ENOMEM;
    stored.data = ag_malloc(elements ? (size_t)elements * bytes : bytes);
    if (!stored.data) {
        ag_free(stored.name);
        return AG_ENOMEM;
    }
    f->tensors[f->count] = stored;
    *out = &f->tensors[f->count++];
    return AG_OK;
}

int ag_safetensors_count(const ag_safetensors *f)
{
    return f->count;
}

const char *ag_safetensors_name(const ag_safetensors *f, int index)
{
    return f->tensors[index].name;
}

ag_shape ag_safetensors_shape(const ag_safetensors *f, int index)
{
    return f->tensors[index].shape;
}

const float *ag_safetensors_data(const ag_safetensors *f, int index)
{
    const nn_stored *stored = &f->tensors[index];
    return stored->type == AG_STORED_F32 ? stored->data : NULL;
}

ag_stored ag_safetensors_type(const ag_safetensors *f, int index)
{
    return f->tensors[index].type;
}

static int find_meta(const ag_safetensors *f, const char *key)
{
    for (int i = 0; i < f->meta_count; i++)
        if (strcmp(f->meta[i].key, key) == 0)
            return i;
    return AG_NONE;
}

const char *ag_safetensors_meta(const ag_safetensors *f, const char *key)
{
    int index = find_meta(f, key);
    return index == AG_NONE ? NULL : f->meta[index].value;
}

int ag_safetensors_set_meta(ag_safetensors *f, const char *key, const char *value)
{
    char *own_value = ag_strdup(value);
    if (!own_value)
        return AG_ENOMEM;
    int index = find_meta(f, key);
    if (index != AG_NONE) {
        ag_free(f->meta[index].value);
        f->meta[index].value = own_value;
        return AG_OK;
    }
    void *meta = f->meta;
    int code = make_room(&meta, f->meta_count, &f->meta_room, sizeof(*f->meta));
    f->meta = meta;
    char *own_key = code == AG_OK ? ag_strdup(key) : NULL;
    if (!own_key) {
        ag_free(own_value);
        return code == AG_OK ? AG_ENOMEM : code;
    }
    f->meta[f->meta_count++] = (nn_meta){ own_key, own_value };
    return AG_OK;
}

/* Index of the tensor named prefix + name, or AG_NONE. */
static int find_tensor(const ag_safetensors *f, const char *prefix, const char *name)
{
    size_t length = strlen(prefix);
    for (int i = 0; i < f->count; i++) {
        const char *full = f->tensors[i].name;
        if (strncmp(full, prefix, length) == 0 && strcmp(full + length, name) == 0)
            return i;
    }
    return AG_NONE;
}

int ag_safetensors_find(const ag_safetensors *f, const char *name)
{
    return find_tensor(f, "", name);
}

/* Add a tensor of a new name; data is copied. */
static int add_one(ag_safetensors *f, const char *name, ag_stored type, const ag_shape *shape,
                   const void *data)
{
    if (ag_safetensors_find(f, name) != AG_NONE)
        return ag_fail(AG_EINVAL, "the checkpoint already has a tensor '%s'", name);
    if (!*name || !nn_printable(name) || strcmp(name, NN_METADATA_NAME) == 0)
        return ag_fail(AG_EINVAL, "a tensor in a checkpoint cannot be named '%s'", name);
    nn_stored *stored = NULL;
    int code = nn_safetensors_grow(f, name, type, shape, &stored);
    if (stored)
        memcpy(stored->data, data, (size_t)stored->elements * (size_t)nn_types[type].bytes);
    return code;
}

static int add_of_set(ag_safetensors *f, const char *prefix, const ag_tensors *t, int index)
{
    char *full = ag_format("%s%s", prefix, ag_tensors_name(t, index));
    if (!full)
        return AG_ENOMEM;
    ag_shape shape = ag_tensors_shape(t, index);
    int code = add_one(f, full, AG_STORED_F32, &shape, ag_tensors_data(t, index));
    ag_free(full);
    return code;
}

int ag_safetensors_add(ag_safetensors *f, const char *prefix, const ag_tensors *t)
{
    int before = f->count, count = ag_tensors_count(t);
    for (int i = 0; i < count; i++) {
        int code = add_of_set(f, prefix, t, i);
        if (code != AG_OK) {
            while (f->count > before)
                drop_last_tensor(f);
            return code;
        }
    }
    return AG_OK;
}

int nn_safetensors_check(const ag_safetensors *f, const char *prefix, const ag_tensors *t)
{
    int count = ag_tensors_count(t);
    for (int i = 0; i < count; i++) {
        const char *name = ag_tensors_name(t, i);
        int index = find_tensor(f, prefix, name);
        if (index == AG_NONE)
            return ag_fail(AG_EFORMAT, "the checkpoint has no tensor '%s%s'", prefix, name);
        if (f->tensors[index].type != AG_STORED_F32)
            return ag_fail(AG_EFORMAT, "tensor '%s%s' of the checkpoint holds integers (%s)",
                           prefix, name, nn_types[f->tensors[index].type].name);
        ag_shape wanted = ag_tensors_shape(t, i);
        const ag_shape *found = &f->tensors[index].shape;
        char a[160], b[160];
        if (!nn_shape_equal(found, &wanted))
            return ag_fail(AG_EFORMAT, "tensor '%s%s' of the checkpoint has shape %s, not %s",
                           prefix, name, nn_shape_text(found, a, sizeof(a)),
                           nn_shape_text(&wanted, b, sizeof(b)));
    }
    return AG_OK;
}

int ag_safetensors_get(const ag_safetensors *f, const char *prefix, ag_tensors *t)
{
    int code = nn_safetensors_check(f, prefix, t);
    if (code != AG_OK)
        return code;
    int count = ag_tensors_count(t);
    for (int i = 0; i < count; i++) {
        const nn_stored *stored = &f->tensors[find_tensor(f, prefix, ag_tensors_name(t, i))];
        memcpy(ag_tensors_data(t, i), stored->data, (size_t)stored->elements * sizeof(float));
    }
    return AG_OK;
}

/* ---- integers ---- */

static bool is_integers(ag_stored type)
{
    return type > AG_STORED_F32 && (int)type < NN_TYPES;
}

int ag_safetensors_add_integers(ag_safetensors *f, const char *name, ag_stored type, ag_shape shape,
                                const void *data)
{
    if (!is_integers(type))
        return ag_fail(AG_EINVAL, "tensor '%.80s' is of no type of integers", name);
    return add_one(f, name, type, &shape, data);
}

int ag_safetensors_get_integers(const ag_safetensors *f, const char *name, ag_stored type,
                                ag_shape shape, void *data)
{
    int index = ag_safetensors_find(f, name);
    if (index == AG_NONE)
        return ag_fail(AG_EFORMAT, "the checkpoint has no tensor '%.80s'", name);
    const nn_stored *stored = &f->tensors[index];
    if (!is_integers(type) || stored->type != type)
        return ag_fail(AG_EFORMAT, "tensor '%.80s' of the checkpoint is of type %s, not %s", name,
                       nn_types[stored->type].name, is_integers(type) ? nn_types[type].name : "?");
    char a[160], b[160];
    if (!nn_shape_equal(&stored->shape, &shape))
        return ag_fail(AG_EFORMAT, "tensor '%.80s' of the checkpoint has shape %s, not %s", name,
                       nn_shape_text(&stored->shape, a, sizeof(a)),
                       nn_shape_text(&shape, b, sizeof(b)));
    memcpy(data, stored->data, (size_t)stored->elements * (size_t)nn_types[type].bytes);
    return AG_OK;
}
