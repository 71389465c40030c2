/* The tests of src/nn. */
#include "nn_test.h"

int main(void)
{
    int failures = test_tensors() + test_init() + test_optimizer() + test_safetensors() +
                   test_safetensors_hostile() + test_events() + test_trainer();
    remove_temporary_folder();
    return failures != 0;
}
