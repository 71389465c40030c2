/* base_test.h: what the test files of this room share. */
#ifndef AGENA_BASE_TEST_H
#define AGENA_BASE_TEST_H

#include "../common/failing.h"
#include "../common/test_list.h"
#include "agena/base.h"

/* One function a file adds its tests. */
void test_error(test_list *list);
void test_log(test_list *list);
void test_memory(test_list *list);
void test_random(test_list *list);
void test_threads(test_list *list);
void test_cpu(test_list *list);
void test_progress(test_list *list);
void test_interrupt(test_list *list);
void test_file(test_list *list);
void test_recipe(test_list *list);
void test_override(test_list *list);
void test_suggest(test_list *list);

/* A path in this process's own temporary folder; the last four stay valid. */
const char *temporary(const char *name);
void remove_temporary_folder(void);
void write_file(const char *path, const char *text);
/* The file is exactly this text. */
void assert_file(const char *path, const char *text);
void assert_contains(const char *text, const char *part);

/* Run work in a child process; what it returns is its exit status. Returns waitpid's status. */
int in_child(int (*work)(void *user), void *user);
/* The same, with its standard error collected into out. */
int in_child_stderr(int (*work)(void *user), void *user, char *out, size_t size);

/* What a re-executed test program prints for the tests of test_cpu.c. */
int print_cpu(void);

#endif
