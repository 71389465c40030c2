/* Every allocation of the room fails once: an error each time, nothing leaked (ASan). */
#include "audio_test.h"

static float samples[3000];

static int read_wav(void *unused)
{
    (void)unused;
    ag_audio audio;
    int err = ag_audio_read(temporary("memory.wav"), &audio);
    assert_true(err == AG_OK || !audio.samples);
    ag_audio_clear(&audio);
    return err;
}

static int read_g722(void *unused)
{
    (void)unused;
    ag_audio audio;
    int err = ag_audio_parse(samples, sizeof samples, "a.g722", &audio);
    ag_audio_clear(&audio);
    return err;
}

static int resample(void *unused)
{
    (void)unused;
    ag_audio audio = { ag_malloc(sizeof samples), 3000, 16000 };
    if (!audio.samples) {
        return AG_ENOMEM;
    }
    memcpy(audio.samples, samples, sizeof samples);
    int err = ag_audio_resample(&audio, 8000);
    assert_int_equal(audio.rate, err == AG_OK ? 8000 : 16000);
    ag_audio_clear(&audio);
    return err;
}

static int write_wav(void *unused)
{
    (void)unused;
    return ag_audio_write_wav(temporary("memory.wav"), samples, 3000, 16000);
}

static int make_mel(void *unused)
{
    (void)unused;
    ag_mel_config config = ag_mel_default(16000, 200);
    ag_mel *mel;
    int err = ag_mel_new(&config, &mel);
    ag_mel_free(mel);
    return err;
}

static int draw(void *unused)
{
    (void)unused;
    return ag_spectrogram_png(temporary("memory.png"), samples, 3000, 16000);
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    assert_true(survive_failing_allocations(write_wav, NULL) > 0);
    assert_true(survive_failing_allocations(read_wav, NULL) > 0);
    assert_true(survive_failing_allocations(read_g722, NULL) > 0);
    assert_true(survive_failing_allocations(resample, NULL) > 0);
    assert_true(survive_failing_allocations(make_mel, NULL) > 0);
    assert_true(survive_failing_allocations(draw, NULL) > 0);
    assert_int_equal(count_temporary("memory"), 2);
}

void test_memory(test_list *list)
{
    ADD_TEST_IN(list, "memory", failing_allocations_are_survived, NULL, NULL);
}
