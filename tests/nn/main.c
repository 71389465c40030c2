/* The tests of src/nn, as one group. */
#include "nn_test.h"

int main(void)
{
    test_list list = { .count = 0 };
    test_tensors(&list);
    test_init(&list);
    test_optimizer(&list);
    test_safetensors(&list);
    test_safetensors_hostile(&list);
    test_events(&list);
    test_trainer(&list);
    test_run(&list);
    int failures = _cmocka_run_group_tests("nn", list.tests, list.count, NULL, NULL);
    remove_temporary_folder();
    return failures != 0;
}
