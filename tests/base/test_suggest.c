/* Names that were probably meant. */
#include "base/suggest.h"
#include "base_test.h"

static const char *nearest(const char *typed)
{
    static const char *const names[] = { "output", "threads", "temperature", "seed" };
    base_suggestion s = base_suggest_begin(typed);
    for (int i = 0; i < 4; i++)
        base_suggest_offer(&s, names[i]);
    return s.best ? s.best : "";
}

static void near_names_are_found(void **state)
{
    (void)state;
    assert_string_equal(nearest("ouptut"), "output");
    assert_string_equal(nearest("thread"), "threads");
    assert_string_equal(nearest("temprature"), "temperature");
    assert_string_equal(nearest("sead"), "seed");
}

static void far_names_are_not(void **state)
{
    (void)state;
    assert_string_equal(nearest("colour"), "");
    assert_string_equal(nearest(""), "");
    assert_string_equal(nearest("xx"), "");
    char text[3000] = { 0 };
    for (size_t i = 0; i + 1 < sizeof text; i++)
        text[i] = 's';
    assert_string_equal(nearest(text), "");
}

void test_suggest(test_list *list)
{
    ADD_TEST(list, "suggest", near_names_are_found);
    ADD_TEST(list, "suggest", far_names_are_not);
}
