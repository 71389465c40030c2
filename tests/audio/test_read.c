/* Reading audio: formats made by their own libraries, and hostile files. */
#include "audio_test.h"

#include <sndfile.h>
#include <spandsp/telephony.h>
#include <spandsp/g722.h>

#include "audio/growing.h"

/* Write frames [count, channels] with libsndfile. */
static const char *make_file(const char *name, int format, int channels, int rate, const float *x,
                             int64_t count)
{
    const char *path = temporary(name);
    SF_INFO info = { .format = format, .channels = channels, .samplerate = rate };
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    assert_non_null(file);
    assert_int_equal(sf_writef_float(file, x, count), count);
    sf_close(file);
    return path;
}

static void flac_channels_are_averaged(void **state)
{
    (void)state;
    const float frames[] = { 0.5F, 0.25F, -0.5F, 0.5F, -0.125F, -0.25F };
    const char *path = make_file("a.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 2, 44100, frames, 3);
    ag_audio audio;
    assert_int_equal(ag_audio_read(path, &audio), AG_OK);
    assert_int_equal(audio.rate, 44100);
    assert_int_equal(audio.count, 3);
    assert_true(audio.samples[0] == 0.375F && audio.samples[1] == 0.0F &&
                audio.samples[2] == -0.1875F);
    ag_audio_clear(&audio);
    assert_null(audio.samples);
}

static double snr(const float *x, const float *y, int64_t count)
{
    double signal = 0.0, error = 0.0;
    for (int64_t i = 0; i < count; i++) {
        signal += (double)(x[i] * x[i]);
        error += (double)((x[i] - y[i]) * (x[i] - y[i]));
    }
    return 10.0 * log10(signal / error);
}

static void ogg_sounds_the_same(void **state)
{
    (void)state;
    float *x = sine(440.0, 0.5, 16000, 16000);
    const char *path = make_file("a.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 1, 16000, x, 16000);
    ag_audio audio;
    assert_int_equal(ag_audio_read(path, &audio), AG_OK);
    assert_int_equal(audio.count, 16000);
    assert_true(snr(x, audio.samples, 16000) > 15.0);
    ag_audio_clear(&audio);
    free(x);
}

static void wav_of_16_bits_is_exact(void **state)
{
    (void)state;
    float *x = noise(1.0F, 9000);
    for (int i = 0; i < 9000; i++) {
        x[i] = (float)ag_pcm16(x[i]) / 32768.0F;
    }
    const char *path = temporary("exact.wav");
    assert_int_equal(ag_audio_write_wav(path, x, 9000, 8000), AG_OK);
    ag_audio audio;
    assert_int_equal(ag_audio_read(path, &audio), AG_OK);
    assert_int_equal(audio.count, 9000);
    assert_memory_equal(audio.samples, x, 9000 * sizeof *x);
    ag_audio_clear(&audio);
    free(x);
}

/* G.722 at 64 kbit/s carries a 1 kHz tone at well over 25 dB; coder and decoder together delay it
 * by less than 50 samples. */
static void g722_is_decoded(void **state)
{
    (void)state;
    enum { N = 16000, LAG = 50 };
    float *x = sine(1000.0, 0.5, 16000, N);
    static int16_t pcm[N];
    static uint8_t coded[N];
    for (int i = 0; i < N; i++) {
        pcm[i] = ag_pcm16(x[i]);
    }
    g722_encode_state_t *encoder = g722_encode_init(NULL, 64000, 0);
    int bytes = g722_encode(encoder, coded, pcm, N);
    g722_encode_free(encoder);
    assert_int_equal(bytes, N / 2);
    ag_audio audio;
    assert_int_equal(ag_audio_parse(coded, N / 2, "tone.G722", &audio), AG_OK);
    assert_int_equal(audio.rate, 16000);
    assert_int_equal(audio.count, N);
    double best = -100.0;
    for (int lag = 0; lag < LAG; lag++) {
        best = fmax(best, snr(x + 2000, audio.samples + 2000 + lag, N - 2000 - LAG));
    }
    assert_true(best > 25.0);
    ag_audio_clear(&audio);
    free(x);
}

static void float_wav_is_clipped(void **state)
{
    (void)state;
    const float x[] = { 2.0F, -3.0F, 0.25F };
    const char *path = make_file("f.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 1, 16000, x, 3);
    ag_audio audio;
    assert_int_equal(ag_audio_read(path, &audio), AG_OK);
    assert_true(audio.samples[0] == 1.0F && audio.samples[1] == -1.0F && audio.samples[2] == 0.25F);
    ag_audio_clear(&audio);
}

/* Read a file that must be refused, and find `part` in the sentence. */
static void assert_refused(const char *path, const char *part)
{
    ag_audio audio;
    assert_int_equal(ag_audio_read(path, &audio), AG_EFORMAT);
    assert_null(audio.samples);
    assert_non_null(strstr(ag_error(), part));
    assert_non_null(strstr(ag_error(), path));
    assert_null(strchr(ag_error(), '\n'));
}

static void not_a_number_is_refused(void **state)
{
    (void)state;
    const float x[] = { 0.0F, NAN, 0.0F }, y[] = { INFINITY, -INFINITY };
    assert_refused(make_file("n.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 1, 16000, x, 3),
                   "not a finite number");
    assert_refused(make_file("i.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 2, 16000, y, 1),
                   "not a finite number");
}

static void limits_of_rate_and_channels(void **state)
{
    (void)state;
    static float x[33];
    int wav = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
    assert_refused(make_file("slow.wav", wav, 1, 999, x, 33), "999 Hz");
    assert_refused(make_file("fast.wav", wav, 1, 192001, x, 33), "192001 Hz");
    assert_refused(make_file("many.wav", wav, 33, 16000, x, 1), "33 channels");
}

static const char *write_bytes(const char *name, const void *bytes, size_t size)
{
    const char *path = temporary(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    return path;
}

static void hostile_files_get_a_sentence(void **state)
{
    (void)state;
    assert_refused(write_bytes("text.wav", "hello, world", 12), "not a WAV");
    assert_refused(write_bytes("empty.wav", "", 0), "not a WAV");
    assert_refused(write_bytes("empty.g722", "", 0), "no audio samples");
    assert_refused(write_bytes("riff.wav", "RIFF\xff\xff\xff\xffWAVE", 12), "cannot decode");
    assert_refused(write_bytes("f.flac", "fLaC\0\0\0\x22", 8), "cannot decode");
    assert_refused(write_bytes("o.ogg", "OggS\0\2", 6), "cannot decode");
    ag_audio audio;
    assert_int_equal(ag_audio_read(temporary("none.wav"), &audio), AG_ENOTFOUND);
    assert_null(audio.samples);
}

/* A header that promises 4 GB more than the file has: only what is there is read. */
static void promises_are_not_believed(void **state)
{
    (void)state;
    static float x[100];
    const char *path = temporary("long.wav");
    assert_int_equal(ag_audio_write_wav(path, x, 100, 16000), AG_OK);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, 40, SEEK_SET);
    fwrite("\xf0\xff\xff\xff", 1, 4, file);
    fclose(file);
    ag_audio audio;
    assert_int_equal(ag_audio_read(path, &audio), AG_OK);
    assert_int_equal(audio.count, 100);
    ag_audio_clear(&audio);
}

/* Every cut and many flipped bits of a FLAC file: an answer or a sentence, and no leak (ASan). */
static void damaged_flac_is_survived(void **state)
{
    (void)state;
    float *x = noise(0.5F, 500);
    const char *path = make_file("d.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1, 16000, x, 500);
    void *data;
    size_t size;
    assert_int_equal(ag_file_read(path, 1 << 20, &data, &size), AG_OK);
    for (size_t i = 0; i < size; i += 3) {
        ag_audio audio;
        int err = ag_audio_parse(data, i, "cut.flac", &audio);
        assert_true(err == AG_OK || err == AG_EFORMAT);
        ag_audio_clear(&audio);
        ((uint8_t *)data)[i] ^= 0x41;
        err = ag_audio_parse(data, size, "flipped.flac", &audio);
        assert_true(err == AG_OK || err == AG_EFORMAT);
        ag_audio_clear(&audio);
        ((uint8_t *)data)[i] ^= 0x41;
    }
    ag_free(data);
    free(x);
}

static void two_hours_are_the_most(void **state)
{
    (void)state;
    growing g = { 0 };
    assert_non_null(growing_extend(&g, (int64_t)AG_AUDIO_MAX_SECONDS * 1000, 1000, "a"));
    assert_null(growing_extend(&g, 1, 1000, "a"));
    assert_int_equal(g.error, AG_EFORMAT);
    assert_non_null(strstr(ag_error(), "longer than 7200 s"));
    assert_int_equal(g.count, AG_AUDIO_MAX_SECONDS * 1000);
    assert_null(growing_extend(&g, AG_AUDIO_MAX_SAMPLES, AG_AUDIO_MAX_RATE, "a"));
    ag_free(g.data);
}

void test_read(test_list *list)
{
    ADD_TEST_IN(list, "read", flac_channels_are_averaged, NULL, NULL);
    ADD_TEST_IN(list, "read", ogg_sounds_the_same, NULL, NULL);
    ADD_TEST_IN(list, "read", wav_of_16_bits_is_exact, NULL, NULL);
    ADD_TEST_IN(list, "read", g722_is_decoded, NULL, NULL);
    ADD_TEST_IN(list, "read", float_wav_is_clipped, NULL, NULL);
    ADD_TEST_IN(list, "read", not_a_number_is_refused, NULL, NULL);
    ADD_TEST_IN(list, "read", limits_of_rate_and_channels, NULL, NULL);
    ADD_TEST_IN(list, "read", hostile_files_get_a_sentence, NULL, NULL);
    ADD_TEST_IN(list, "read", promises_are_not_believed, NULL, NULL);
    ADD_TEST_IN(list, "read", damaged_flac_is_survived, NULL, NULL);
    ADD_TEST_IN(list, "read", two_hours_are_the_most, NULL, NULL);
}
