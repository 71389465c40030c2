/* Ordered sets of named float32 tensors in one contiguous block: weights, gradients, optimiser
 * state. */
#include "nn/tensors.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    char *name;
    ag_shape shape;
    int64_t offset; /* floats from the start of the block */
} nn_entry;

struct ag_tensors {
    int count;
    int64_t elements;
    int64_t block_size;
    nn_entry *entries;
    float *block;
};

int64_t nn_shape_elements(const ag_shape *shape)
{
    if (shape->rank < 0 || shape->rank > AG_MAX_RANK)
        return -1;
    int64_t elements = 1;
    bool empty = false;
    for (int i = 0; i < shape->rank; i++) {
        int64_t dim = shape->dim[i];
        if (dim < 0 || dim > NN_MAX_ELEMENTS)
            return -1;
        if (dim == 0)
            empty = true;
        else if (elements > NN_MAX_ELEMENTS / dim)
            return -1;
        else
            elements *= dim;
    }
    return empty ? 0 : elements;
}

bool nn_shape_equal(const ag_shape *a, const ag_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

const char *nn_shape_text(const ag_shape *shape, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < shape->rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, i ? ", %lld" : "%lld",
                                 (long long)shape->dim[i]);
    if (used < size)
        snprintf(text + used, size - used, "]");
    return text;
}

bool nn_tensors_same(const ag_tensors *a, const ag_tensors *b)
{
    if (a->count != b->count)
        return false;
    for (int i = 0; i < a->count; i++)
        if (strcmp(a->entries[i].name, b->entries[i].name) != 0 ||
            !nn_shape_equal(&a->entries[i].shape, &b->entries[i].shape))
            return false;
    return true;
}

static int add_entry(ag_tensors *t, const char *name, const ag_shape *shape)
{
    if (!name || !*name)
        return ag_fail(AG_EINVAL, "tensor %d of a set has no name", t->count);
    if (ag_tensors_find(t, name) != AG_NONE)
        return ag_fail(AG_EINVAL, "two tensors of a set are named '%s'", name);
    int64_t elements = nn_shape_elements(shape);
    if (elements < 1 || elements > NN_MAX_ELEMENTS - t->elements)
        return ag_fail(AG_EINVAL,
                       "tensor '%s' has an impossible shape or makes its set larger than 2^31 "
                       "elements",
                       name);
    nn_entry *entry = &t->entries[t->count];
    entry->name = ag_strdup(name);
    if (!entry->name)
        return AG_ENOMEM;
    entry->shape = *shape;
    entry->offset = t->block_size;
    t->count++;
    t->elements += elements;
    t->block_size += (elements + NN_ALIGN - 1) / NN_ALIGN * NN_ALIGN;
    return AG_OK;
}

static int allocate_block(ag_tensors *t)
{
    if ((uint64_t)t->block_size > SIZE_MAX / sizeof(float))
        return ag_fail(AG_ENOMEM, "a set of %lld elements does not fit the address space",
                       (long long)t->elements);
    size_t floats = t->block_size ? (size_t)t->block_size : NN_ALIGN;
    t->block = ag_malloc_aligned(floats * sizeof(float));
    return t->block ? AG_OK : AG_ENOMEM;
}

int ag_tensors_make(int count, const char *const *names, const ag_shape *shapes, ag_tensors **out)
{
    *out = NULL;
    if (count < 0)
        return ag_fail(AG_EINVAL, "a set cannot have %d tensors", count);
    ag_tensors *t = ag_calloc(1, sizeof(*t));
    if (!t)
        return AG_ENOMEM;
    int code = AG_OK;
    t->entries = ag_calloc(count ? (size_t)count : 1, sizeof(*t->entries));
    if (!t->entries)
        code = AG_ENOMEM;
    for (int i = 0; i < count && code == AG_OK; i++)
        code = add_entry(t, names[i], &shapes[i]);
    if (code == AG_OK)
        code = allocate_block(t);
    if (code != AG_OK) {
        ag_tensors_free(t);
        return code;
    }
    *out = t;
    return AG_OK;
}

/* The two lists ag_tensors_make wants, in one allocation; NULL if none. */
static const char **list_new(int count, ag_shape **shapes)
{
    size_t each = sizeof(ag_shape) + sizeof(char *);
    void *memory = ag_calloc(count ? (size_t)count : 1, each);
    if (!memory)
        return NULL;
    *shapes = memory;
    return (const char **)(void *)(*shapes + count);
}

int ag_tensors_new(const ag_graph *g, ag_tensors **out)
{
    *out = NULL;
    int count = ag_graph_params(g);
    ag_shape *shapes;
    const char **names = list_new(count, &shapes);
    if (!names)
        return AG_ENOMEM;
    for (int i = 0; i < count; i++) {
        ag_node param = ag_graph_param(g, i);
        names[i] = ag_node_name(g, param);
        shapes[i] = ag_node_shape(g, param);
    }
    int code = ag_tensors_make(count, names, shapes, out);
    ag_free(shapes);
    return code;
}

int ag_tensors_like(const ag_tensors *other, ag_tensors **out)
{
    *out = NULL;
    ag_shape *shapes;
    const char **names = list_new(other->count, &shapes);
    if (!names)
        return AG_ENOMEM;
    for (int i = 0; i < other->count; i++) {
        names[i] = other->entries[i].name;
        shapes[i] = other->entries[i].shape;
    }
    int code = ag_tensors_make(other->count, names, shapes, out);
    ag_free(shapes);
    return code;
}

void ag_tensors_free(ag_tensors *t)
{
    if (!t)
        return;
    for (int i = 0; i < t->count; i++)
        ag_free(t->entries[i].name);
    ag_free(t->entries);
    ag_free(t->block);
    ag_free(t);
}

int ag_tensors_count(const ag_tensors *t)
{
    return t->count;
}

int ag_tensors_find(const ag_tensors *t, const char *name)
{
    for (int i = 0; i < t->count; i++)
        if (strcmp(t->entries[i].name, name) == 0)
            return i;
    return AG_NONE;
}

const char *ag_tensors_name(const ag_tensors *t, int index)
{
    return t->entries[index].name;
}

ag_shape ag_tensors_shape(const ag_tensors *t, int index)
{
    return t->entries[index].shape;
}

float *ag_tensors_data(const ag_tensors *t, int index)
{
    return t->block + t->entries[index].offset;
}

float *ag_tensors_block(const ag_tensors *t)
{
    return t->block;
}

int64_t ag_tensors_block_size(const ag_tensors *t)
{
    return t->block_size;
}

int64_t ag_tensors_elements(const ag_tensors *t)
{
    return t->elements;
}

int ag_tensors_copy(ag_tensors *to, const ag_tensors *from)
{
    if (!nn_tensors_same(to, from))
        return ag_fail(AG_EINVAL,
                       "tensors can only be copied between sets of equal names and shapes");
    if (to != from)
        memcpy(to->block, from->block, (size_t)to->block_size * sizeof(float));
    return AG_OK;
}
