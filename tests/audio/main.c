/* The tests of src/audio, as one group. */
#include "audio_test.h"

int main(void)
{
    test_list list = { .count = 0 };
    test_mulaw(&list);
    test_pcm(&list);
    test_preemphasis(&list);
    test_read(&list);
    test_resample(&list);
    test_stft(&list);
    test_mel(&list);
    test_spectrogram(&list);
    test_memory(&list);
    int failures = _cmocka_run_group_tests("audio", list.tests, list.count, NULL, NULL);
    remove_temporary_folder();
    return failures != 0;
}
