/* The tests of src/cli, as one group. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cli_test.h"

void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not contain '%s'", text, part);
}

int shell(const char *command, char *out, size_t size)
{
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t used = fread(out, 1, size - 1, pipe);
    out[used] = '\0';
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(void)
{
    if (!getenv("agena")) {
        fprintf(stderr, "the environment variable agena should name the command under test\n");
        return 1;
    }
    test_list list = { .count = 0 };
    test_options(&list);
    test_pages(&list);
    test_command(&list);
    return _cmocka_run_group_tests("cli", list.tests, list.count, NULL, NULL) != 0;
}
