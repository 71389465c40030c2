/* The tests of gym:, as one group. */
#include "env_test.h"

int main(void)
{
    test_list list = { .count = 0 };
    test_gym(&list);
    test_bridge(&list);
    return _cmocka_run_group_tests("env-gym", list.tests, list.count, NULL, NULL) != 0;
}
