/* Pictures of log-mel spectrograms, as PNG with a palette. */
#include <math.h>
#include <string.h>

#include "agena/audio.h"

#include "base/png.h"

enum { BANDS = 128, MAX_COLUMNS = 2000, COLOURS = 256 };

static uint8_t srgb_byte(double linear)
{
    double x = linear < 0.0 ? 0.0 : linear > 1.0 ? 1.0 : linear;
    double v = x <= 0.0031308 ? 12.92 * x : 1.055 * pow(x, 1.0 / 2.4) - 0.055;
    return (uint8_t)lrint(255.0 * v);
}

/* One colour of Ottosson's OKLab space (2020), given by lightness, chroma and hue (radians). */
static void oklch_to_rgb(double lightness, double chroma, double hue, uint8_t rgb[3])
{
    double a = chroma * cos(hue), b = chroma * sin(hue);
    double l = pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3.0);
    double m = pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3.0);
    double s = pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3.0);
    rgb[0] = srgb_byte(+4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s);
    rgb[1] = srgb_byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s);
    rgb[2] = srgb_byte(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
}

/* Lightness rises evenly from near black to near white while the hue turns from violet through red
 * to yellow; the chroma is largest in the middle, where the screen's colours reach furthest. */
static void fill_palette(uint8_t palette[3 * COLOURS])
{
    const double pi = acos(-1.0);
    for (int i = 0; i < COLOURS; i++) {
        double t = i / (COLOURS - 1.0);
        double hue = (290.0 + 175.0 * t) * pi / 180.0;
        oklch_to_rgb(0.10 + 0.87 * t, 0.03 + 0.16 * sin(pi * t), hue, palette + 3 * i);
    }
}

/* features [columns, BANDS] -> pixels [BANDS, columns], low bands at the bottom. */
static void fill_pixels(const float *features, int64_t columns, uint8_t *pixels)
{
    for (int64_t t = 0; t < columns; t++) {
        for (int b = 0; b < BANDS; b++) {
            float level = (features[t * BANDS + b] + 1.0F) / 2.0F;
            level = level > 1.0F ? 1.0F : level;
            pixels[(BANDS - 1 - b) * columns + t] = (uint8_t)lrintf(level * (COLOURS - 1));
        }
    }
}

static int save_png(const char *path, const uint8_t *pixels, int64_t columns)
{
    uint8_t palette[3 * COLOURS];
    fill_palette(palette);
    return base_png_write(path, pixels, (int)columns, BANDS, palette, COLOURS);
}

/* 5 ms a column, or longer so that the picture stays within MAX_COLUMNS. */
static ag_mel_config picture_config(int64_t count, int rate)
{
    int64_t hop = (count - 1) / MAX_COLUMNS + 1;
    ag_mel_config c = ag_mel_default(rate, hop > rate / 200 ? (int)hop : rate / 200);
    c.bands = BANDS;
    c.fft *= 2; /* narrower filters than the default's need finer bins */
    return c;
}

int ag_spectrogram_png(const char *path, const float *samples, int64_t count, int rate)
{
    if (count < 1 || count > AG_AUDIO_MAX_SAMPLES || rate < AG_AUDIO_MIN_RATE ||
        rate > AG_AUDIO_MAX_RATE) {
        return ag_fail(AG_EINVAL, "no picture of %lld samples at %d Hz", (long long)count, rate);
    }
    ag_mel_config config = picture_config(count, rate);
    int64_t columns = ag_stft_frames(count, config.hop);
    ag_mel *mel = NULL;
    int err = ag_mel_new(&config, &mel);
    if (err != AG_OK) {
        return err;
    }
    float *features = ag_malloc((size_t)(columns * BANDS) * sizeof *features);
    uint8_t *pixels = ag_malloc((size_t)(columns * BANDS));
    if (features && pixels) {
        ag_mel_compute(mel, samples, count, features);
        fill_pixels(features, columns, pixels);
        err = save_png(path, pixels, columns);
    } else {
        err = AG_ENOMEM;
    }
    ag_free(features);
    ag_free(pixels);
    ag_mel_free(mel);
    return err;
}
