/* 16-bit samples, WAV files (read back by libsndfile itself) and raw streams. */
#include "audio_test.h"

#include <sndfile.h>
#include <unistd.h>

static void nearest_16_bit_value(void **state)
{
    (void)state;
    for (int i = -32768; i <= 32767; i++) {
        assert_int_equal(ag_pcm16((float)i / 32768.0F), i);
        assert_int_equal(ag_pcm16(((float)i + 0.3F) / 32768.0F), i);
    }
    assert_int_equal(ag_pcm16(1.0F), 32767);
    assert_int_equal(ag_pcm16(7.0F), 32767);
    assert_int_equal(ag_pcm16(-7.0F), -32768);
    assert_int_equal(ag_pcm16(INFINITY), 32767);
    assert_int_equal(ag_pcm16(-INFINITY), -32768);
    assert_int_equal(ag_pcm16(NAN), 0);
}

static void wav_is_what_libsndfile_reads(void **state)
{
    (void)state;
    enum { N = 10001 };
    float *x = noise(1.2F, N); /* clips now and then */
    const char *path = temporary("a.wav");
    assert_int_equal(ag_audio_write_wav(path, x, N, 22050), AG_OK);
    SF_INFO info = { 0 };
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    assert_non_null(file);
    assert_int_equal(info.samplerate, 22050);
    assert_int_equal(info.channels, 1);
    assert_int_equal(info.frames, N);
    assert_int_equal(info.format, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    static int16_t pcm[N];
    assert_int_equal(sf_readf_short(file, pcm, N), N);
    for (int i = 0; i < N; i++) {
        assert_int_equal(pcm[i], ag_pcm16(x[i]));
    }
    sf_close(file);
    free(x);
}

static void failed_write_keeps_the_old_file(void **state)
{
    (void)state;
    float *x = noise(0.5F, 10);
    const char *path = temporary("kept.wav");
    assert_int_equal(ag_audio_write_wav(path, x, 10, 16000), AG_OK);
    assert_int_equal(ag_audio_write_wav(path, x, -1, 16000), AG_EINVAL);
    assert_int_equal(ag_audio_write_wav(path, x, 10, 0), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "kept.wav"));
    assert_int_equal(ag_audio_write_wav("/nowhere/at/all.wav", x, 10, 16000), AG_EIO);
    ag_audio audio;
    assert_int_equal(ag_audio_read(path, &audio), AG_OK);
    assert_int_equal(audio.count, 10);
    assert_int_equal(count_temporary("kept.wav"), 1);
    ag_audio_clear(&audio);
    free(x);
}

static void stream_is_little_endian(void **state)
{
    (void)state;
    const float x[] = { 0.0F, 1.0F, -1.0F, 258.0F / 32768.0F };
    const uint8_t expected[] = { 0, 0, 0xff, 0x7f, 0x00, 0x80, 0x02, 0x01 };
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(ag_audio_write_pcm(file, x, 4), AG_OK);
    uint8_t bytes[9];
    rewind(file);
    assert_int_equal(fread(bytes, 1, 9, file), 8);
    assert_memory_equal(bytes, expected, 8);
    fclose(file);
}

static void full_disk_is_an_error(void **state)
{
    (void)state;
    float *x = noise(0.5F, 10000);
    FILE *file = fopen("/dev/full", "wb");
    assert_non_null(file);
    assert_int_equal(ag_audio_write_pcm(file, x, 10000), AG_EIO);
    assert_non_null(strstr(ag_error(), "No space left"));
    fclose(file);
    free(x);
}

void test_pcm(test_list *list)
{
    ADD_TEST_IN(list, "pcm", nearest_16_bit_value, NULL, NULL);
    ADD_TEST_IN(list, "pcm", wav_is_what_libsndfile_reads, NULL, NULL);
    ADD_TEST_IN(list, "pcm", failed_write_keeps_the_old_file, NULL, NULL);
    ADD_TEST_IN(list, "pcm", stream_is_little_endian, NULL, NULL);
    ADD_TEST_IN(list, "pcm", full_disk_is_an_error, NULL, NULL);
}
