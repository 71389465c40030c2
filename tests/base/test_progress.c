/* Progress lines, on a terminal and elsewhere. */
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base_test.h"

static int show_plain(void *user)
{
    (void)user;
    ag_progress *p;
    if (ag_progress_new("training", "steps", 2000, 500, &p) != AG_OK)
        return 1;
    ag_progress_update(p, 600, "loss 2.50"); /* too early for a line */
    usleep(100000);
    ag_progress_update(p, 1500, "loss 2.31");
    ag_progress_end(p);
    return 0;
}

static void elsewhere_one_line_at_the_end(void **state)
{
    (void)state;
    char out[512];
    assert_int_equal(in_child_stderr(show_plain, NULL, out, sizeof out), 0);
    assert_memory_equal(out, "training: 1.50 k of 2.00 k (75 %) steps, ", 41);
    assert_contains(out, " k/s, 0:00 left, loss 2.31\n");
    assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
    assert_null(strchr(out, '\r'));
}

static int show_unknown_total(void *user)
{
    (void)user;
    ag_progress *p;
    if (ag_progress_new("reading", "files", 0, 0, &p) != AG_OK)
        return 1;
    ag_progress_update(p, 12, NULL);
    ag_progress_end(p);
    ag_progress_end(NULL);
    return 0;
}

static void without_a_total_no_share(void **state)
{
    (void)state;
    char out[512];
    assert_int_equal(in_child_stderr(show_unknown_total, NULL, out, sizeof out), 0);
    assert_memory_equal(out, "reading: 12 files, ", 19);
    assert_null(strchr(out, '%'));
    assert_null(strstr(out, "left"));
}

static void show_on_terminal(void)
{
    ag_progress *p;
    setenv("TERM", "xterm", 1);
    if (ag_progress_new("training", "steps", 100, 0, &p) != AG_OK)
        _exit(1);
    usleep(120000);
    ag_progress_update(p, 50, "a note that is far too long for a terminal of forty columns");
    ag_logf(AG_LOG_INFO, "a line between");
    ag_progress_update(p, 100, NULL);
    ag_progress_end(p);
    _exit(0);
}

/* What comes out of a terminal of 40 columns. */
static void read_terminal(char *out, size_t size)
{
    struct winsize window = { .ws_row = 24, .ws_col = 40 };
    int terminal;
    fflush(stdout);
    pid_t child = forkpty(&terminal, NULL, NULL, &window);
    assert_true(child >= 0);
    if (child == 0)
        show_on_terminal();
    size_t used = 0;
    for (ssize_t got; used + 1 < size && (got = read(terminal, out + used, size - used - 1)) > 0;)
        used += (size_t)got;
    out[used] = '\0';
    int status;
    waitpid(child, &status, 0);
    close(terminal);
    assert_int_equal(status, 0);
}

static void on_a_terminal_one_line_is_rewritten(void **state)
{
    (void)state;
    char out[2048];
    read_terminal(out, sizeof out);
    const char *first = strstr(out, "\r\033[Ktraining: 50 of 100 (50 %)");
    assert_non_null(first);
    const char *second = strstr(first + 1, "\r\033[K");
    assert_true(second - first == 4 + 39); /* cut so that the cursor stays on its line */
    /* The log line replaces it, and it comes back below. */
    assert_memory_equal(second, "\r\033[Ka line between\r\n\r\033[Ktraining: 50", 34);
    assert_contains(out, "training: 100 of 100 (100 %)");
    assert_memory_equal(out + strlen(out) - 2, "\r\n", 2);
}

static int make_progress(void *user)
{
    (void)user;
    ag_progress *p;
    int code = ag_progress_new("x", "y", 0, 0, &p);
    ag_free(p); /* instead of ag_progress_end, which would print */
    return code;
}

static void progress_survives_failing_allocations(void **state)
{
    (void)state;
    assert_int_equal(survive_failing_allocations(make_progress, NULL), 1);
}

void test_progress(test_list *list)
{
    ADD_TEST(list, "progress", elsewhere_one_line_at_the_end);
    ADD_TEST(list, "progress", without_a_total_no_share);
    ADD_TEST(list, "progress", on_a_terminal_one_line_is_rewritten);
    ADD_TEST(list, "progress", progress_survives_failing_allocations);
}
