/* The tests of src/lab, as one group. */
#include "lab_test.h"

int main(void)
{
    test_list list = { .count = 0 };
    test_map(&list);
    test_physics(&list);
    test_path(&list);
    test_things(&list);
    test_render(&list);
    test_world(&list);
    test_class(&list);
    test_levels(&list);
    test_rooms(&list);
    test_language(&list);
    test_families(&list);
    test_words(&list);
    return _cmocka_run_group_tests("lab", list.tests, list.count, NULL, NULL) != 0;
}
