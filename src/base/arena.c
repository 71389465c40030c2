/* Arenas: pieces of memory that die together, cut from chunks that double in size. */
#include <string.h>

#include "agena/base.h"

enum { PIECE_ALIGNMENT = 16, FIRST_CHUNK = 4096, LARGEST_CHUNK = 1 << 20 };

typedef struct chunk chunk;
struct chunk {
    chunk *next;
    size_t used, size;
    _Alignas(PIECE_ALIGNMENT) unsigned char bytes[];
};

struct ag_arena {
    chunk *chunks; /* the newest first: pieces are cut from it alone */
    size_t next_size;
};

int ag_arena_new(ag_arena **out)
{
    *out = ag_malloc(sizeof **out);
    if (!*out)
        return AG_ENOMEM;
    **out = (ag_arena){ NULL, FIRST_CHUNK };
    return AG_OK;
}

/* Put a chunk with room for `size` bytes in front. */
static chunk *add_chunk(ag_arena *arena, size_t size)
{
    size_t room = size > arena->next_size ? size : arena->next_size;
    size_t total;
    if (__builtin_add_overflow(room, sizeof(chunk), &total)) {
        ag_fail(AG_ENOMEM, "out of memory (%zu bytes asked for)", size);
        return NULL;
    }
    chunk *added = ag_calloc(1, total);
    if (!added)
        return NULL;
    added->next = arena->chunks;
    added->size = room;
    arena->chunks = added;
    if (arena->next_size < LARGEST_CHUNK)
        arena->next_size *= 2;
    return added;
}

void *ag_arena_alloc(ag_arena *arena, size_t size)
{
    size_t padded;
    if (__builtin_add_overflow(size, PIECE_ALIGNMENT - 1, &padded)) {
        ag_fail(AG_ENOMEM, "out of memory (%zu bytes asked for)", size);
        return NULL;
    }
    padded -= padded % PIECE_ALIGNMENT;
    chunk *from = arena->chunks;
    if (!from || from->size - from->used < padded)
        from = add_chunk(arena, padded);
    if (!from)
        return NULL;
    void *piece = from->bytes + from->used;
    from->used += padded;
    return piece;
}

char *ag_arena_strdup(ag_arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = ag_arena_alloc(arena, size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void ag_arena_free(ag_arena *arena)
{
    if (!arena)
        return;
    for (chunk *next, *c = arena->chunks; c; c = next) {
        next = c->next;
        ag_free(c);
    }
    ag_free(arena);
}
