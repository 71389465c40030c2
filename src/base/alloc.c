/* Memory for all of agena: failures become error sentences, and tests can ask for them. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#include "agena/base.h"

enum { ALIGNMENT = 64, LARGE_PAGE = 2 << 20, LARGE = 4 * LARGE_PAGE };

static _Atomic uint64_t made;    /* allocations since the last ag_alloc_fail_at */
static _Atomic uint64_t fail_at; /* which of them fails, 0 = none */

uint64_t ag_alloc_fail_at(uint64_t n)
{
    atomic_store(&fail_at, n);
    return atomic_exchange(&made, 0);
}

/* Count an allocation; true when a test wants this one to fail. */
static bool must_fail(void)
{
    uint64_t number = atomic_fetch_add(&made, 1) + 1;
    return number == atomic_load(&fail_at);
}

static void *checked(void *memory, size_t size)
{
    if (!memory)
        ag_fail(AG_ENOMEM, "out of memory (%zu bytes asked for)", size);
    return memory;
}

/* A size of 0 still gives memory of its own, so that NULL always means failure. */
static size_t at_least_one(size_t size)
{
    return size > 0 ? size : 1;
}

void *ag_malloc(size_t size)
{
    return checked(must_fail() ? NULL : malloc(at_least_one(size)), size);
}

void *ag_calloc(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        ag_fail(AG_ENOMEM, "out of memory (%zu times %zu bytes asked for)", count, size);
        return NULL;
    }
    return checked(must_fail() ? NULL : calloc(1, at_least_one(total)), total);
}

void *ag_realloc(void *memory, size_t size)
{
    return checked(must_fail() ? NULL : realloc(memory, at_least_one(size)), size);
}

/* Ask for large pages where they are to be had: walking through much memory then seldom misses the
 * address cache. */
static void prefer_large_pages(void *memory, size_t size)
{
#ifdef MADV_HUGEPAGE
    if (memory)
        madvise(memory, size, MADV_HUGEPAGE); /* advice: its failure is none of ours */
#else
    (void)memory;
    (void)size;
#endif
}

void *ag_malloc_aligned(size_t size)
{
    size_t padded, unit = size < LARGE ? ALIGNMENT : LARGE_PAGE;
    if (must_fail() || __builtin_add_overflow(at_least_one(size), unit - 1, &padded))
        return checked(NULL, size);
    padded -= padded % unit;
    void *memory = checked(aligned_alloc(unit, padded), size);
    if (unit == LARGE_PAGE)
        prefer_large_pages(memory, padded);
    if (memory)
        memset(memory, 0, padded);
    return memory;
}

char *ag_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = ag_malloc(size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

char *ag_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        ag_fail(AG_EINVAL, "text cannot be formatted as '%s'", format);
        return NULL;
    }
    char *text = ag_malloc((size_t)length + 1);
    if (!text)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}

void ag_free(void *memory)
{
    free(memory);
}
