/* mu-law: the tables against the formula, symmetry, bounds of the error, edge cases. */
#include "audio_test.h"

static double compress(double x)
{
    return copysign(log1p(255.0 * fabs(x)) / log(256.0), x);
}

static void decodes_by_the_formula(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        double f = 2.0 * c / 255.0 - 1.0;
        double x = copysign((pow(256.0, fabs(f)) - 1.0) / 255.0, f);
        assert_near((double)ag_mulaw_decode(c), x, 1e-7 * fabs(x));
    }
}

static void encodes_by_the_formula(void **state)
{
    (void)state;
    int checked = 0;
    for (int i = -100000; i <= 100000; i++) {
        float x = (float)i / 100000.0F;
        double position = (compress((double)x) + 1.0) * 127.5 + 0.5;
        double rest = position - floor(position);
        if (rest > 1e-6 && rest < 1.0 - 1e-6) { /* not where rounding decides */
            assert_int_equal(ag_mulaw_encode(x), (int)floor(position));
            checked++;
        }
    }
    assert_true(checked > 199000);
}

static void encode_inverts_decode(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        assert_int_equal(ag_mulaw_encode(ag_mulaw_decode(c)), c);
        assert_true(ag_mulaw_decode(c) == -ag_mulaw_decode(255 - c));
        assert_true(c == 0 || ag_mulaw_decode(c) > ag_mulaw_decode(c - 1));
    }
}

/* Half a class is 1/255 in f, and dx/df = ln 256 (x + 1/255); the factor covers the curvature. */
static void error_is_bounded(void **state)
{
    (void)state;
    for (int i = -32768; i <= 32767; i++) {
        float x = (float)i / 32768.0F;
        double error = fabs((double)ag_mulaw_decode(ag_mulaw_encode(x)) - (double)x);
        double bound = log(256.0) / 255.0 * (fabs((double)x) + 1.0 / 255.0);
        assert_true(error <= 1.012 * bound);
    }
}

/* 8-bit mu-law is known for about 38 dB at full scale, nearly constant over 40 dB of level. */
static double snr_at(double amplitude)
{
    float *x = sine(997.0, amplitude, 16000, 16000);
    double signal = 0.0, error = 0.0;
    for (int i = 0; i < 16000; i++) {
        double e = (double)ag_mulaw_decode(ag_mulaw_encode(x[i])) - (double)x[i];
        signal += (double)(x[i] * x[i]);
        error += e * e;
    }
    free(x);
    return 10.0 * log10(signal / error);
}

static void signal_to_noise_is_that_of_8_bits(void **state)
{
    (void)state;
    assert_near(snr_at(1.0), 38.0, 1.5);
    assert_near(snr_at(0.1), 37.0, 2.0);
    assert_near(snr_at(0.01), 31.0, 3.0);
}

static void edges(void **state)
{
    (void)state;
    assert_int_equal(ag_mulaw_encode(0.0F), AG_MULAW_SILENCE);
    assert_int_equal(ag_mulaw_encode(-0.0F), AG_MULAW_SILENCE);
    assert_int_equal(ag_mulaw_encode(NAN), AG_MULAW_SILENCE);
    assert_int_equal(ag_mulaw_encode(1.0F), 255);
    assert_int_equal(ag_mulaw_encode(-1.0F), 0);
    assert_int_equal(ag_mulaw_encode(INFINITY), 255);
    assert_int_equal(ag_mulaw_encode(-INFINITY), 0);
    assert_true(ag_mulaw_decode(255) == 1.0F && ag_mulaw_decode(0) == -1.0F);
}

static void series_equal_single_samples(void **state)
{
    (void)state;
    float *x = noise(1.0F, 1000);
    int32_t classes[1000];
    ag_mulaw_encode_all(x, classes, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(classes[i], ag_mulaw_encode(x[i]));
    }
    free(x);
}

void test_mulaw(test_list *list)
{
    ADD_TEST_IN(list, "mulaw", decodes_by_the_formula, NULL, NULL);
    ADD_TEST_IN(list, "mulaw", encodes_by_the_formula, NULL, NULL);
    ADD_TEST_IN(list, "mulaw", encode_inverts_decode, NULL, NULL);
    ADD_TEST_IN(list, "mulaw", error_is_bounded, NULL, NULL);
    ADD_TEST_IN(list, "mulaw", signal_to_noise_is_that_of_8_bits, NULL, NULL);
    ADD_TEST_IN(list, "mulaw", edges, NULL, NULL);
    ADD_TEST_IN(list, "mulaw", series_equal_single_samples, NULL, NULL);
}
