/* The tests of src/wage, as one group. */
#include "wage_test.h"

int main(void)
{
    test_list list = { .count = 0 };
    test_config(&list);
    test_exact(&list);
    test_errors(&list);
    test_update(&list);
    test_step(&list);
    test_memory(&list);
    return _cmocka_run_group_tests("wage", list.tests, list.count, NULL, NULL) != 0;
}
