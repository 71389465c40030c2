/* The tests of src/base, as one group. */
#include <string.h>

#include "base_test.h"

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "print-cpu") == 0)
        return print_cpu();
    test_list list = { .count = 0 };
    test_error(&list);
    test_log(&list);
    test_memory(&list);
    test_random(&list);
    test_threads(&list);
    test_cpu(&list);
    test_progress(&list);
    test_interrupt(&list);
    test_file(&list);
    test_recipe(&list);
    test_override(&list);
    test_suggest(&list);
    int failures = _cmocka_run_group_tests("base", list.tests, list.count, NULL, NULL);
    remove_temporary_folder();
    return failures != 0;
}
