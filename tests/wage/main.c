/* The tests of src/wage, as one group. */
#include "wage_test.h"

int main(void)
{
    test_list list = { .count = 0 };
    test_exact(&list);
    return _cmocka_run_group_tests("wage", list.tests, list.count, NULL, NULL) != 0;
}
