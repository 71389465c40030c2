/* Every allocation of the room fails once: an error each time, nothing leaked (ASan). */
#include "audio_test.h"

static float samples[3000];

static int read_wav(void)
{
    ag_audio audio;
    int err = ag_audio_read(temporary("memory.wav"), &audio);
    assert_true(err == AG_OK || !audio.samples);
    ag_audio_clear(&audio);
    return err;
}

static int read_g722(void)
{
    ag_audio audio;
    int err = ag_audio_parse(samples, sizeof samples, "a.g722", &audio);
    ag_audio_clear(&audio);
    return err;
}

static int resample(void)
{
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

static int write_wav(void)
{
    return ag_audio_write_wav(temporary("memory.wav"), samples, 3000, 16000);
}

static int make_mel(void)
{
    ag_mel_config config = ag_mel_default(16000, 200);
    ag_mel *mel;
    int err = ag_mel_new(&config, &mel);
    ag_mel_free(mel);
    return err;
}

static int draw(void)
{
    return ag_spectrogram_png(temporary("memory.png"), samples, 3000, 16000);
}

/* Fail the first, second, ... allocation of f until it gets through without a failure. */
static void survive(int (*f)(void))
{
    int n = 0, err;
    do {
        ag_alloc_fail_at((uint64_t)++n);
        err = f();
        ag_alloc_fail_at(0);
        assert_true(err == AG_OK || err == AG_ENOMEM);
    } while (err == AG_ENOMEM && n < 1000);
    assert_int_equal(err, AG_OK);
    assert_true(n > 1);
    assert_int_equal(f(), AG_OK);
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    survive(write_wav);
    survive(read_wav);
    survive(read_g722);
    survive(resample);
    survive(make_mel);
    survive(draw);
    assert_int_equal(count_temporary("memory"), 2);
}

void test_memory(test_list *list)
{
    ADD_TEST_IN(list, "memory", failing_allocations_are_survived, NULL, NULL);
}
