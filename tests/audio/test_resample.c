/* Resampling: pitch, level, length and position are kept. */
#include "audio_test.h"

static ag_audio tone(double hz, int rate, int64_t count)
{
    float *x = sine(hz, 0.5, rate, count);
    ag_audio audio = { ag_malloc((size_t)count * sizeof *x), count, rate };
    assert_non_null(audio.samples);
    memcpy(audio.samples, x, (size_t)count * sizeof *x);
    free(x);
    return audio;
}

/* The tone at the new rate must be the tone, away from the ends where the filter sees silence. */
static void assert_kept(int from, int to)
{
    ag_audio audio = tone(1000.0, from, from);
    assert_int_equal(ag_audio_resample(&audio, to), AG_OK);
    assert_int_equal(audio.rate, to);
    assert_int_equal(audio.count, to);
    float *expected = sine(1000.0, 0.5, to, to);
    for (int i = to / 20; i < to - to / 20; i++) {
        assert_near((double)audio.samples[i], (double)expected[i], 1e-4);
    }
    free(expected);
    ag_audio_clear(&audio);
}

static void tones_are_kept(void **state)
{
    (void)state;
    assert_kept(16000, 22050);
    assert_kept(44100, 16000);
    assert_kept(8000, 16000);
    assert_kept(48000, 8000);
}

static void length_is_rounded_up(void **state)
{
    (void)state;
    ag_audio audio = tone(100.0, 44100, 1001);
    assert_int_equal(ag_audio_resample(&audio, 16000), AG_OK);
    assert_int_equal(audio.count, 364); /* 363.17 */
    ag_audio_clear(&audio);
}

/* A tone above the new rate's reach must vanish rather than fold down. */
static void aliases_are_removed(void **state)
{
    (void)state;
    ag_audio audio = tone(7000.0, 16000, 16000);
    assert_int_equal(ag_audio_resample(&audio, 8000), AG_OK);
    for (int i = 400; i < 7600; i++) {
        assert_near((double)audio.samples[i], 0.0, 1e-4);
    }
    ag_audio_clear(&audio);
}

static void same_rate_changes_nothing(void **state)
{
    (void)state;
    ag_audio audio = tone(1000.0, 16000, 100);
    const float *before = audio.samples;
    assert_int_equal(ag_audio_resample(&audio, 16000), AG_OK);
    assert_ptr_equal(audio.samples, before);
    ag_audio_clear(&audio);
}

static void bad_rates_leave_the_audio(void **state)
{
    (void)state;
    ag_audio audio = tone(1000.0, 16000, 100);
    assert_int_equal(ag_audio_resample(&audio, 0), AG_EINVAL);
    assert_int_equal(ag_audio_resample(&audio, 1000000), AG_EINVAL);
    assert_int_equal(audio.rate, 16000);
    assert_int_equal(audio.count, 100);
    ag_audio_clear(&audio);
}

void test_resample(test_list *list)
{
    ADD_TEST_IN(list, "resample", tones_are_kept, NULL, NULL);
    ADD_TEST_IN(list, "resample", length_is_rounded_up, NULL, NULL);
    ADD_TEST_IN(list, "resample", aliases_are_removed, NULL, NULL);
    ADD_TEST_IN(list, "resample", same_rate_changes_nothing, NULL, NULL);
    ADD_TEST_IN(list, "resample", bad_rates_leave_the_audio, NULL, NULL);
}
