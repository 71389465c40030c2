/* Allocation and arenas. */
#include <stdint.h>
#include <string.h>

#include "base_test.h"

static void sizes_that_overflow_fail(void **state)
{
    (void)state;
    assert_null(ag_calloc(SIZE_MAX / 2, 3));
    assert_contains(ag_error(), "out of memory");
    assert_null(ag_malloc_aligned(SIZE_MAX - 10));
    assert_null(ag_malloc(PTRDIFF_MAX));
    assert_contains(ag_error(), "9223372036854775807 bytes");
}

static void zero_bytes_are_memory(void **state)
{
    (void)state;
    void *a = ag_malloc(0), *b = ag_calloc(0, 8), *c = ag_malloc_aligned(0);
    assert_true(a && b && c);
    a = ag_realloc(a, 0);
    assert_non_null(a);
    ag_free(a);
    ag_free(b);
    ag_free(c);
    ag_free(NULL);
}

static void aligned_memory_is_zero(void **state)
{
    (void)state;
    for (size_t size = 1; size < 300; size += 13) {
        unsigned char *memory = ag_malloc_aligned(size);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 64, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 1, size);
        ag_free(memory);
    }
}

static void the_nth_allocation_fails_once(void **state)
{
    (void)state;
    ag_alloc_fail_at(2);
    void *a = ag_malloc(1), *b = ag_malloc(5), *c = ag_malloc(1);
    assert_non_null(a);
    assert_null(b);
    assert_non_null(c);
    assert_int_equal(ag_alloc_fail_at(0), 3);
    ag_free(a);
    ag_free(c);
}

static void texts(void **state)
{
    (void)state;
    char *copy = ag_strdup("abc"), *made = ag_format("%d-%s", 5, "x");
    assert_string_equal(copy, "abc");
    assert_string_equal(made, "5-x");
    ag_free(copy);
    ag_free(made);
}

static int allocate_each_way(void *user)
{
    (void)user;
    void *pieces[7] = { ag_malloc(3), NULL };
    int count = 1, code = pieces[0] ? AG_OK : AG_ENOMEM;
    if (code == AG_OK && !(pieces[count++] = ag_calloc(2, 3)))
        code = AG_ENOMEM;
    if (code == AG_OK && !(pieces[count++] = ag_malloc_aligned(3)))
        code = AG_ENOMEM;
    if (code == AG_OK && !(pieces[count++] = ag_strdup("x")))
        code = AG_ENOMEM;
    if (code == AG_OK && !(pieces[count++] = ag_format("%d", 1)))
        code = AG_ENOMEM;
    if (code == AG_OK) {
        void *larger = ag_realloc(pieces[0], 100); /* the old memory stays when this fails */
        if (larger)
            pieces[0] = larger;
        else
            code = AG_ENOMEM;
    }
    for (int i = 0; i < count; i++)
        ag_free(pieces[i]);
    return code;
}

static void each_way_can_fail(void **state)
{
    (void)state;
    assert_int_equal(survive_failing_allocations(allocate_each_way, NULL), 6);
}

static void arena_pieces_are_apart_and_zero(void **state)
{
    (void)state;
    ag_arena *arena;
    assert_int_equal(ag_arena_new(&arena), AG_OK);
    unsigned char *pieces[400];
    for (size_t i = 0; i < 400; i++) {
        size_t size = 1 + i * 37 % 5000;
        pieces[i] = ag_arena_alloc(arena, size);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        for (size_t j = 0; j < size; j++)
            assert_int_equal(pieces[i][j], 0);
        memset(pieces[i], (int)(i % 255 + 1), size);
    }
    for (size_t i = 0; i < 400; i++)
        assert_int_equal(pieces[i][i * 37 % 5000], i % 255 + 1);
    assert_string_equal(ag_arena_strdup(arena, "text"), "text");
    assert_null(ag_arena_alloc(arena, SIZE_MAX - 4));
    assert_null(ag_arena_alloc(arena, SIZE_MAX - 40));
    ag_arena_free(arena);
    ag_arena_free(NULL);
}

static int use_arena(void *user)
{
    (void)user;
    ag_arena *arena;
    int code = ag_arena_new(&arena);
    for (int i = 0; code == AG_OK && i < 5; i++)
        code = ag_arena_alloc(arena, 100000) && ag_arena_strdup(arena, "x") ? AG_OK : AG_ENOMEM;
    ag_arena_free(arena);
    return code;
}

static void arenas_survive_failures(void **state)
{
    (void)state;
    assert_true(survive_failing_allocations(use_arena, NULL) >= 6);
}

void test_memory(test_list *list)
{
    ADD_TEST(list, "memory", sizes_that_overflow_fail);
    ADD_TEST(list, "memory", zero_bytes_are_memory);
    ADD_TEST(list, "memory", aligned_memory_is_zero);
    ADD_TEST(list, "memory", the_nth_allocation_fails_once);
    ADD_TEST(list, "memory", texts);
    ADD_TEST(list, "memory", each_way_can_fail);
    ADD_TEST(list, "memory", arena_pieces_are_apart_and_zero);
    ADD_TEST(list, "memory", arenas_survive_failures);
}
