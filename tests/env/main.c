/* The tests of src/env, as one group. */
#include "env_test.h"

int main(void)
{
    test_list list = { .count = 0 };
    test_names(&list);
    test_batch(&list);
    test_plugin(&list);
    test_export(&list);
    return _cmocka_run_group_tests("env", list.tests, list.count, NULL, NULL) != 0;
}
