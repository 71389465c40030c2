/* The tests of src/data. */
#include "data_test.h"

int main(void)
{
    int failures = test_manifest() + test_hostile() + test_asterisk() + test_folder() +
                   test_dataset() + test_download() + test_speech() + test_loader();
    remove_temporary_folder();
    return failures != 0;
}
