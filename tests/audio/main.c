/* The tests of src/audio. */
#include "audio_test.h"

int main(void)
{
    int failures = test_mulaw() + test_pcm() + test_read() + test_resample() + test_stft() +
                   test_mel() + test_spectrogram() + test_memory();
    remove_temporary_folder();
    return failures != 0;
}
