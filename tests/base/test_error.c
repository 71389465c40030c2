/* Error sentences. */
#include <pthread.h>
#include <string.h>

#include "base_test.h"

static void fail_keeps_code_and_sentence(void **state)
{
    (void)state;
    assert_int_equal(ag_fail(AG_EIO, "cannot read %s", "x"), AG_EIO);
    assert_string_equal(ag_error(), "cannot read x");
}

static void fail_takes_its_own_sentence(void **state)
{
    (void)state;
    ag_fail(AG_EIO, "inner");
    ag_fail(AG_EIO, "outer (%s)", ag_error());
    assert_string_equal(ag_error(), "outer (inner)");
}

static void long_sentences_are_cut(void **state)
{
    (void)state;
    char text[3000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ag_fail(AG_EIO, "%s", text);
    assert_int_equal(strlen(ag_error()), 1023);
}

static void context_comes_first(void **state)
{
    (void)state;
    ag_fail(AG_EFORMAT, "bad header");
    assert_int_equal(ag_fail_context(AG_EFORMAT, "file %d", 7), AG_EFORMAT);
    assert_string_equal(ag_error(), "file 7: bad header");
}

static void long_context_is_cut(void **state)
{
    (void)state;
    char text[3000];
    memset(text, 'a', sizeof text - 1);
    /* Around the place where context, colon and sentence no longer fit. */
    for (size_t length = 1015; length < 1030; length++) {
        text[length] = '\0';
        ag_fail(AG_EIO, "inner");
        ag_fail_context(AG_EIO, "%s", text);
        assert_true(strlen(ag_error()) <= 1023);
        assert_memory_equal(ag_error(), text, 1015);
        text[length] = 'a';
    }
}

static void *fail_elsewhere(void *user)
{
    ag_fail(AG_EIO, "elsewhere");
    *(bool *)user = strcmp(ag_error(), "elsewhere") == 0;
    return NULL;
}

static void threads_have_their_own(void **state)
{
    (void)state;
    pthread_t thread;
    bool seen = false;
    ag_fail(AG_EIO, "here");
    assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, &seen), 0);
    pthread_join(thread, NULL);
    assert_true(seen);
    assert_string_equal(ag_error(), "here");
}

void test_error(test_list *list)
{
    ADD_TEST(list, "error", fail_keeps_code_and_sentence);
    ADD_TEST(list, "error", fail_takes_its_own_sentence);
    ADD_TEST(list, "error", long_sentences_are_cut);
    ADD_TEST(list, "error", context_comes_first);
    ADD_TEST(list, "error", long_context_is_cut);
    ADD_TEST(list, "error", threads_have_their_own);
}
