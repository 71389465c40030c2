/* The tests of src/data, as one group. */
#include "data_test.h"

int main(void)
{
    test_list list = { .count = 0 };
    test_manifest(&list);
    test_hostile(&list);
    test_asterisk(&list);
    test_folder(&list);
    test_dataset(&list);
    test_download(&list);
    test_speech(&list);
    test_loader(&list);
    test_pictures(&list);
    int failures = _cmocka_run_group_tests("data", list.tests, list.count, NULL, NULL);
    remove_temporary_folder();
    return failures != 0;
}
