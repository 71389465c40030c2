/* Spectrogram pictures, decoded by libpng. */
#include "audio_test.h"

#include <png.h>

/* Read a picture as RGB, malloc'ed. */
static uint8_t *decode(const char *path, int *width, int *height)
{
    png_image image = { .version = PNG_IMAGE_VERSION };
    assert_true(png_image_begin_read_from_file(&image, path));
    image.format = PNG_FORMAT_RGB;
    uint8_t *pixels = malloc(PNG_IMAGE_SIZE(image));
    assert_non_null(pixels);
    assert_true(png_image_finish_read(&image, NULL, pixels, 0, NULL));
    *width = (int)image.width;
    *height = (int)image.height;
    return pixels;
}

static double luminance(const uint8_t *rgb)
{
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
}

/* The brightest row of a column. */
static int brightest(const uint8_t *pixels, int width, int height, int column)
{
    int best = 0;
    for (int y = 1; y < height; y++) {
        const uint8_t *p = pixels + 3 * (y * width + column);
        if (luminance(p) > luminance(pixels + 3 * (best * width + column))) {
            best = y;
        }
    }
    return best;
}

static void tone_is_a_bright_line(void **state)
{
    (void)state;
    float *x = sine(3000.0, 0.5, 16000, 16000);
    memset(x, 0, 8000 * sizeof *x);
    const char *path = temporary("tone.png");
    assert_int_equal(ag_spectrogram_png(path, x, 16000, 16000), AG_OK);
    int width, height;
    uint8_t *pixels = decode(path, &width, &height);
    assert_int_equal(width, 200); /* 5 ms each */
    assert_int_equal(height, 128);
    /* 3 kHz lies at 0.69 of the way from 50 Hz to 8 kHz on Slaney's scale */
    int row = brightest(pixels, width, height, 150);
    assert_in_range(row, 36, 43);
    assert_true(luminance(pixels + 3 * (row * width + 150)) > 180.0);
    assert_true(luminance(pixels + 3 * (row * width + 50)) < 10.0);
    free(pixels);
    free(x);
}

/* A tone that grows louder takes every colour: none may be darker than the one before. */
static void colours_grow_lighter(void **state)
{
    (void)state;
    enum { N = 160000 };
    float *x = sine(1000.0, 1.0, 16000, N);
    for (int i = 0; i < N; i++) {
        x[i] *= powf(10.0F, 4.0F * ((float)i / N - 1.0F));
    }
    const char *path = temporary("ramp.png");
    assert_int_equal(ag_spectrogram_png(path, x, N, 16000), AG_OK);
    int width, height;
    uint8_t *pixels = decode(path, &width, &height);
    int row = brightest(pixels, width, height, width / 2);
    double last = 0.0;
    for (int i = 20; i < width - 20; i++) {
        double now = luminance(pixels + 3 * (row * width + i));
        assert_true(now > last - 1.0);
        last = now;
    }
    assert_true(last > 200.0);
    free(pixels);
    free(x);
}

static void long_audio_has_2000_columns(void **state)
{
    (void)state;
    float *x = noise(0.1F, 1000001);
    const char *path = temporary("long.png");
    assert_int_equal(ag_spectrogram_png(path, x, 1000001, 16000), AG_OK);
    int width, height;
    free(decode(path, &width, &height));
    assert_in_range(width, 1990, 2000);
    free(x);
}

static void every_rate_has_a_picture(void **state)
{
    (void)state;
    static float x[3000];
    const int rates[] = { 1000, 8000, 22050, 48000, 192000 };
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        assert_int_equal(ag_spectrogram_png(temporary("r.png"), x, 3000, rates[i]), AG_OK);
    }
    assert_int_equal(ag_spectrogram_png(temporary("r.png"), x, 1, 16000), AG_OK);
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    static float x[10];
    assert_int_equal(ag_spectrogram_png(temporary("b.png"), x, 0, 16000), AG_EINVAL);
    assert_int_equal(ag_spectrogram_png(temporary("b.png"), x, 10, 5), AG_EINVAL);
    assert_int_equal(ag_spectrogram_png("/nowhere/at/all.png", x, 10, 16000), AG_EIO);
    assert_int_equal(count_temporary("b.png"), 0);
}

void test_spectrogram(test_list *list)
{
    ADD_TEST_IN(list, "spectrogram", tone_is_a_bright_line, NULL, NULL);
    ADD_TEST_IN(list, "spectrogram", colours_grow_lighter, NULL, NULL);
    ADD_TEST_IN(list, "spectrogram", long_audio_has_2000_columns, NULL, NULL);
    ADD_TEST_IN(list, "spectrogram", every_rate_has_a_picture, NULL, NULL);
    ADD_TEST_IN(list, "spectrogram", bad_input_is_refused, NULL, NULL);
}
