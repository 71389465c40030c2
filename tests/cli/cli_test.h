/* cli_test.h: what the test files of this room share. */
#ifndef AGENA_CLI_TEST_H
#define AGENA_CLI_TEST_H

#include "../common/test_list.h"
#include "agena/base.h"

/* One function a file adds its tests. */
void test_options(test_list *list);
void test_pages(test_list *list);
void test_command(test_list *list);

void assert_contains(const char *text, const char *part);

/* Run a shell command with $agena standing for the command under test; what it prints goes to out,
 * its exit status is returned. */
int shell(const char *command, char *out, size_t size);

#endif
