/* The tests of src/classify, as one group. */
#include "classify_test.h"

int main(void)
{
    test_list list = { .count = 0 };
    make_workshop();
    test_network(&list);
    test_twin(&list);
    test_train(&list);
    test_model(&list);
    test_cost(&list);
    int failures = _cmocka_run_group_tests("classify", list.tests, list.count, NULL, NULL);
    remove_workshop();
    return failures != 0;
}
