/* STFT: against the definition in double precision, levels, positions. */
#include "audio_test.h"

#include <complex.h>

/* Bin k of frame f by the sum that defines it; phase 0 is the transform's first sample. */
static double complex defined(const float *x, int64_t count, int fft, int window, int hop,
                              int64_t f, int k)
{
    double complex sum = 0.0;
    int64_t begin = f * hop + hop / 2 - window / 2;
    double turn = 2.0 * acos(-1.0);
    for (int i = 0; i < window; i++) {
        if (begin + i < 0 || begin + i >= count) {
            continue;
        }
        double hann = pow(sin(turn / 2.0 * i / window), 2.0);
        int at = i + (fft - window) / 2;
        sum += (double)x[begin + i] * hann * cexp(-I * turn * k * at / fft);
    }
    return sum * 4.0 / window;
}

static void assert_defined(int fft, int window, int hop, int64_t count)
{
    float *x = noise(1.0F, count);
    ag_stft *stft;
    assert_int_equal(ag_stft_new(fft, window, hop, &stft), AG_OK);
    int bins = ag_stft_bins(stft);
    assert_int_equal(bins, fft / 2 + 1);
    int64_t frames = ag_stft_frames(count, hop);
    size_t size = (size_t)(frames * bins);
    float *spectrum = malloc(2 * size * sizeof *spectrum), *power = malloc(size * sizeof *power);
    assert_true(spectrum && power);
    ag_stft_spectrum(stft, x, count, 0, frames, spectrum);
    ag_stft_power(stft, x, count, 0, frames, power);
    for (int64_t f = 0; f < frames; f++) {
        for (int k = 0; k < bins; k++) {
            double complex z = defined(x, count, fft, window, hop, f, k);
            const float *got = spectrum + 2 * (f * bins + k);
            assert_near((double)got[0], creal(z), 1e-6);
            assert_near((double)got[1], cimag(z), 1e-6);
            assert_near((double)power[f * bins + k], cabs(z) * cabs(z), 1e-6);
        }
    }
    free(spectrum);
    free(power);
    ag_stft_free(stft);
    free(x);
}

static void equals_the_definition(void **state)
{
    (void)state;
    assert_defined(64, 64, 16, 200);
    assert_defined(256, 200, 50, 777);
    assert_defined(32, 20, 7, 3); /* shorter than the window */
    assert_defined(16, 2, 5, 40);
    assert_defined(4, 4, 2, 9);
}

static void sine_has_its_squared_amplitude(void **state)
{
    (void)state;
    enum { FFT = 1024, BIN = 64 };
    float *x = sine(BIN * 16000.0 / FFT, 0.25, 16000, 4096);
    ag_stft *stft;
    assert_int_equal(ag_stft_new(FFT, 800, 200, &stft), AG_OK);
    float power[FFT / 2 + 1];
    ag_stft_power(stft, x, 4096, 10, 1, power);
    assert_near((double)power[BIN], 0.0625, 1e-4);
    assert_true(power[BIN] > power[BIN - 1] && power[BIN] > power[BIN + 1]);
    ag_stft_free(stft);
    free(x);
}

static void frames_are_centred(void **state)
{
    (void)state;
    float x[1000] = { 0 };
    x[7 * 100 + 50] = 1.0F; /* the middle of frame 7 */
    ag_stft *stft;
    assert_int_equal(ag_stft_new(256, 200, 100, &stft), AG_OK);
    float power[3 * 129];
    ag_stft_power(stft, x, 1000, 6, 3, power);
    for (int k = 0; k < 129; k++) {
        assert_near((double)power[129 + k], 4e-4, 1e-9); /* (4 / window)^2 */
        assert_near((double)power[k], 0.0, 1e-12);       /* the window is zero one hop away */
        assert_near((double)power[258 + k], 0.0, 1e-12);
    }
    ag_stft_free(stft);
}

static void frames_are_counted(void **state)
{
    (void)state;
    assert_int_equal(ag_stft_frames(0, 200), 0);
    assert_int_equal(ag_stft_frames(1, 200), 1);
    assert_int_equal(ag_stft_frames(200, 200), 1);
    assert_int_equal(ag_stft_frames(201, 200), 2);
}

static void bad_arguments_are_named(void **state)
{
    (void)state;
    ag_stft *stft;
    assert_int_equal(ag_stft_new(1000, 800, 200, &stft), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "fft = 1000"));
    assert_int_equal(ag_stft_new(2, 2, 200, &stft), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "fft = 2 "));
    assert_int_equal(ag_stft_new(1024, 1025, 200, &stft), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "window = 1025"));
    assert_int_equal(ag_stft_new(1024, 801, 200, &stft), AG_EINVAL);
    assert_int_equal(ag_stft_new(1024, 800, 0, &stft), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "hop = 0"));
    assert_null(stft);
}

void test_stft(test_list *list)
{
    ADD_TEST_IN(list, "stft", equals_the_definition, NULL, NULL);
    ADD_TEST_IN(list, "stft", sine_has_its_squared_amplitude, NULL, NULL);
    ADD_TEST_IN(list, "stft", frames_are_centred, NULL, NULL);
    ADD_TEST_IN(list, "stft", frames_are_counted, NULL, NULL);
    ADD_TEST_IN(list, "stft", bad_arguments_are_named, NULL, NULL);
}
