/* Log-mel: filters against published frequencies of the scale, levels, floor. */
#include "audio_test.h"

/* 40 frequencies equally spaced on Slaney's scale from 0 to 11,025 Hz, as librosa's manual prints
 * them. */
static const double published[40] = {
    0.0,      85.317,   170.635,  255.952,  341.269,  426.586,  511.904,   597.221,
    682.538,  767.855,  853.173,  938.49,   1024.856, 1119.114, 1222.042,  1334.436,
    1457.167, 1591.187, 1737.532, 1897.337, 2071.84,  2262.393, 2470.47,   2697.686,
    2945.799, 3216.731, 3512.582, 3835.643, 4188.417, 4573.636, 4994.285,  5453.621,
    5955.205, 6502.92,  7101.009, 7754.107, 8467.272, 9246.028, 10096.408, 11025.0,
};

enum { RATE = 22050, BANDS = 38, HOP = 8192 };

/* Features of a sine, in the middle of a frame that sees nothing but the sine. */
static void features_of(double hz, double amplitude, float features[BANDS])
{
    ag_mel_config config = { .rate = RATE,
                             .hop = HOP,
                             .window = 8192,
                             .fft = 8192,
                             .bands = BANDS,
                             .low = 0.0F,
                             .high = 11025.0F };
    ag_mel *mel;
    assert_int_equal(ag_mel_new(&config, &mel), AG_OK);
    float *x = sine(hz, amplitude, RATE, 3 * HOP);
    float all[3 * BANDS];
    ag_mel_compute(mel, x, 3 * HOP, all);
    memcpy(features, all + BANDS, BANDS * sizeof *features);
    free(x);
    ag_mel_free(mel);
}

static void peaks_lie_on_the_published_scale(void **state)
{
    (void)state;
    for (int b = 0; b < BANDS; b++) {
        float features[BANDS];
        features_of(published[b + 1], 1.0, features);
        for (int other = 0; other < BANDS; other++) {
            /* the neighbours get only the main lobe's skirts */
            assert_true(other == b || features[other] < features[b] - 0.2F);
        }
        /* the window's lobe holds 1.5 times the power of its peak, less where the filter narrows */
        assert_near((double)features[b], 1.0 + log10(1.5) / 4.0, 0.02);
    }
}

static void neighbours_cross_in_the_middle(void **state)
{
    (void)state;
    for (int b = 0; b + 1 < BANDS; b++) {
        float features[BANDS];
        features_of((published[b + 1] + published[b + 2]) / 2.0, 1.0, features);
        assert_near((double)features[b], (double)features[b + 1], 0.01);
        assert_near((double)features[b], 1.0 + log10(0.75) / 4.0, 0.02);
    }
}

static void level_is_in_decibels(void **state)
{
    (void)state;
    float loud[BANDS], quiet[BANDS];
    features_of(published[10], 0.5, loud);
    features_of(published[10], 0.05, quiet);
    assert_near((double)(loud[9] - quiet[9]), 0.5, 1e-4); /* 20 dB of 40 */
}

static void silence_is_the_floor(void **state)
{
    (void)state;
    ag_mel_config config = ag_mel_default(16000, 200);
    ag_mel *mel;
    assert_int_equal(ag_mel_new(&config, &mel), AG_OK);
    static float x[1001], features[6 * AG_MEL_BANDS + 1];
    features[6 * AG_MEL_BANDS] = 77.0F;
    ag_mel_compute(mel, x, 1001, features);
    for (int i = 0; i < 6 * AG_MEL_BANDS; i++) {
        assert_true(features[i] == -1.0F);
    }
    assert_true(features[6 * AG_MEL_BANDS] == 77.0F);
    ag_mel_free(mel);
}

static void defaults(void **state)
{
    (void)state;
    ag_mel_config c = ag_mel_default(16000, 200);
    assert_int_equal(c.window, 800);
    assert_int_equal(c.fft, 1024);
    assert_int_equal(c.bands, 80);
    assert_true(c.low == 50.0F && c.high == 8000.0F);
    const int rates[] = { 1000, 4000, 8000, 11025, 22050, 44100, 48000, 96000, 192000 };
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        ag_mel *mel;
        c = ag_mel_default(rates[i], rates[i] / 80);
        assert_int_equal(ag_mel_new(&c, &mel), AG_OK);
        ag_mel_free(mel);
    }
}

static ag_audio recording(float amplitude, int rate, int64_t count)
{
    float *x = noise(amplitude, count);
    ag_audio audio = { ag_malloc((size_t)count * sizeof *x), count, rate };
    assert_non_null(audio.samples);
    memcpy(audio.samples, x, (size_t)count * sizeof *x);
    free(x);
    return audio;
}

static void distance_is_in_decibels(void **state)
{
    (void)state;
    ag_audio a = recording(0.5F, 16000, 8000), b = recording(0.05F, 16000, 7000);
    double db;
    assert_int_equal(ag_mel_distance(&a, &a, &db), AG_OK);
    assert_true(db == 0.0);
    assert_int_equal(ag_mel_distance(&a, &b, &db), AG_OK);
    assert_near(db, 20.0, 0.3); /* the shorter one's end sees silence */
    ag_audio_clear(&a);
    ag_audio_clear(&b);
}

static void assert_invalid(ag_mel_config c, const char *part)
{
    ag_mel *mel;
    assert_int_equal(ag_mel_new(&c, &mel), AG_EINVAL);
    assert_null(mel);
    assert_non_null(strstr(ag_error(), part));
}

static void bad_fields_are_named(void **state)
{
    (void)state;
    ag_mel_config good = ag_mel_default(16000, 200), c = good;
    c.rate = 10;
    assert_invalid(c, "rate = 10");
    c = good;
    c.bands = 0;
    assert_invalid(c, "bands = 0");
    c = good;
    c.high = 9000.0F;
    assert_invalid(c, "high = 9000");
    c = good;
    c.low = NAN;
    assert_invalid(c, "low = ");
    c = good;
    c.hop = -1;
    assert_invalid(c, "hop = -1");
    c = good;
    c.bands = 500;
    assert_invalid(c, "narrower than a bin");
}

void test_mel(test_list *list)
{
    ADD_TEST_IN(list, "mel", peaks_lie_on_the_published_scale, NULL, NULL);
    ADD_TEST_IN(list, "mel", neighbours_cross_in_the_middle, NULL, NULL);
    ADD_TEST_IN(list, "mel", level_is_in_decibels, NULL, NULL);
    ADD_TEST_IN(list, "mel", silence_is_the_floor, NULL, NULL);
    ADD_TEST_IN(list, "mel", defaults, NULL, NULL);
    ADD_TEST_IN(list, "mel", distance_is_in_decibels, NULL, NULL);
    ADD_TEST_IN(list, "mel", bad_fields_are_named, NULL, NULL);
}
