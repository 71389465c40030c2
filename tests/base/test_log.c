/* Log lines and their sink. */
#include <stdio.h>
#include <string.h>

#include "base_test.h"

typedef struct {
    char lines[4][128];
    ag_log_level levels[4];
    int count;
} record;

static void keep(void *user, ag_log_level level, const char *line)
{
    record *r = user;
    snprintf(r->lines[r->count], sizeof r->lines[0], "%s", line);
    r->levels[r->count++] = level;
}

static void sink_gets_lines_of_its_levels(void **state)
{
    (void)state;
    record r = { .count = 0 };
    ag_log_sink(keep, &r, AG_LOG_WARN);
    ag_logf(AG_LOG_INFO, "left out");
    ag_logf(AG_LOG_WARN, "number %d", 3);
    ag_logf(AG_LOG_ERROR, "bad");
    ag_log_sink(NULL, NULL, AG_LOG_INFO);
    assert_int_equal(r.count, 2);
    assert_string_equal(r.lines[0], "number 3");
    assert_int_equal(r.levels[0], AG_LOG_WARN);
    assert_string_equal(r.lines[1], "bad");
}

static int log_all_levels(void *user)
{
    (void)user;
    ag_logf(AG_LOG_DEBUG, "d");
    ag_logf(AG_LOG_INFO, "i");
    ag_logf(AG_LOG_WARN, "w");
    ag_logf(AG_LOG_ERROR, "e");
    return 0;
}

static void normally_standard_error(void **state)
{
    (void)state;
    char out[256];
    assert_int_equal(in_child_stderr(log_all_levels, NULL, out, sizeof out), 0);
    assert_string_equal(out, "i\nwarning: w\nerror: e\n");
}

static void long_lines_are_cut(void **state)
{
    (void)state;
    record r = { .count = 0 };
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ag_log_sink(keep, &r, AG_LOG_INFO);
    ag_logf(AG_LOG_INFO, "%s", text);
    ag_log_sink(NULL, NULL, AG_LOG_INFO);
    assert_int_equal(r.count, 1);
    assert_int_equal(strlen(r.lines[0]), 127);
}

void test_log(test_list *list)
{
    ADD_TEST(list, "log", sink_gets_lines_of_its_levels);
    ADD_TEST(list, "log", normally_standard_error);
    ADD_TEST(list, "log", long_lines_are_cut);
}
