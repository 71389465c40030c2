/* The command itself: what it prints where, and its exit status. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli_test.h"

enum { OUT_SIZE = 1 << 16 };

static char out[OUT_SIZE];

static void version_is_printed(void **state)
{
    (void)state;
    assert_int_equal(shell("\"$agena\" --version 2>&1", out, OUT_SIZE), CLI_EXIT_OK);
    assert_string_equal(out, "agena " AGENA_VERSION "\n");
}

static void help_goes_to_standard_output(void **state)
{
    (void)state;
    assert_int_equal(shell("\"$agena\" --help 2>/dev/null", out, OUT_SIZE), CLI_EXIT_OK);
    assert_contains(out, "Usage: agena COMMAND");
    static char again[OUT_SIZE];
    assert_int_equal(shell("\"$agena\" help 2>/dev/null", again, OUT_SIZE), CLI_EXIT_OK);
    assert_string_equal(again, out);
    assert_int_equal(shell("\"$agena\" help wavenet train", out, OUT_SIZE), CLI_EXIT_OK);
    assert_int_equal(shell("\"$agena\" wavenet train --help", again, OUT_SIZE), CLI_EXIT_OK);
    assert_string_equal(again, out);
}

static void usage_errors_exit_with_2(void **state)
{
    (void)state;
    assert_int_equal(shell("\"$agena\" 2>&1 >/dev/null", out, OUT_SIZE), CLI_EXIT_USAGE);
    assert_contains(out, "Usage: agena COMMAND");
    assert_int_equal(shell("\"$agena\" completion tcsh 2>&1 >/dev/null", out, OUT_SIZE),
                     CLI_EXIT_USAGE);
    assert_string_equal(out, "agena: SHELL should be one of bash, zsh, fish, not 'tcsh'\n"
                             "Try 'agena completion --help'.\n");
    assert_int_equal(shell("\"$agena\" --nonsense 2>&1", out, OUT_SIZE), CLI_EXIT_USAGE);
    assert_string_equal(out, "agena: unknown option --nonsense\n");
    assert_int_equal(shell("\"$agena\" help completion bash 2>&1", out, OUT_SIZE), CLI_EXIT_USAGE);
    assert_contains(out, "'agena completion' has no commands of its own");
}

static void failures_exit_with_1(void **state)
{
    (void)state;
    assert_int_equal(shell("\"$agena\" man --all /dev/null/x 2>&1", out, OUT_SIZE),
                     CLI_EXIT_FAILURE);
    assert_string_equal(out, "agena: cannot make the folder /dev/null: File exists\n");
}

static void a_full_disk_is_noticed(void **state)
{
    (void)state;
    assert_int_equal(shell("\"$agena\" help 2>&1 >/dev/full", out, OUT_SIZE), CLI_EXIT_FAILURE);
    assert_string_equal(out, "agena: cannot write to standard output: No space left on device\n");
}

static void all_man_pages_are_written(void **state)
{
    (void)state;
    assert_int_equal(shell("d=$(mktemp -d) && \"$agena\" man --all \"$d\" && ls \"$d\" && "
                           "\"$agena\" man data | cmp - \"$d/agena-data.1\" && rm -r \"$d\"",
                           out, OUT_SIZE),
                     CLI_EXIT_OK);
    assert_contains(out, "agena.1\n");
    assert_contains(out, "agena-wavenet-train.1\n");
}

/* What bash offers behind a line that ends in the word to complete. */
static const char *completed(const char *words, int index)
{
    static char command[600];
    snprintf(command, sizeof command,
             "exec bash --norc -c 'eval \"$(\"$agena\" completion bash)\"; compopt() { :; }; "
             "COMP_WORDS=(%s); COMP_CWORD=%d; _agena; echo \"${COMPREPLY[*]}\"'",
             words, index);
    assert_int_equal(shell(command, out, OUT_SIZE), 0);
    return out;
}

static void bash_completes(void **state)
{
    (void)state;
    assert_string_equal(completed("agena wav", 1), "wavenet\n");
    assert_string_equal(completed("agena wavenet tr", 2), "train\n");
    assert_string_equal(completed("agena completion \"\"", 2), "bash zsh fish\n");
    assert_string_equal(completed("agena wavenet train --res", 3), "--resume\n");
    assert_string_equal(completed("agena man --al", 2), "--all\n");
    assert_string_equal(completed("agena man --all /et", 3), "/etc\n");
}

void test_command(test_list *list)
{
    ADD_TEST(list, "command", version_is_printed);
    ADD_TEST(list, "command", help_goes_to_standard_output);
    ADD_TEST(list, "command", usage_errors_exit_with_2);
    ADD_TEST(list, "command", failures_exit_with_1);
    ADD_TEST(list, "command", a_full_disk_is_noticed);
    ADD_TEST(list, "command", all_man_pages_are_written);
    ADD_TEST(list, "command", bash_completes);
}
