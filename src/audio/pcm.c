/* 16-bit PCM: conversion from float, WAV files, raw streams. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "agena/audio.h"

enum { BLOCK = 4096, WAV_HEADER = 44 };

int16_t ag_pcm16(float x)
{
    float scaled = x * 32768.0F;
    if (!(scaled > -32768.0F)) {
        return isnan(x) ? 0 : INT16_MIN;
    }
    return scaled >= 32767.0F ? INT16_MAX : (int16_t)lrintf(scaled);
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value & 255U);
    at[1] = (uint8_t)(value >> 8 & 255U);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value & 65535U);
    put16(at + 2, value >> 16);
}

/* Little-endian bytes of up to BLOCK samples; returns how many samples were taken. */
static int64_t pack_block(const float *samples, int64_t count, uint8_t bytes[2 * BLOCK])
{
    int64_t n = count < BLOCK ? count : BLOCK;
    for (int64_t i = 0; i < n; i++) {
        put16(bytes + 2 * i, (uint16_t)ag_pcm16(samples[i]));
    }
    return n;
}

static void wav_header(uint8_t header[WAV_HEADER], uint32_t data_size, uint32_t rate)
{
    memcpy(header, "RIFF", 4);
    put32(header + 4, data_size + WAV_HEADER - 8);
    memcpy(header + 8, "WAVEfmt ", 8);
    put32(header + 16, 16); /* size of the format chunk */
    put16(header + 20, 1);  /* PCM */
    put16(header + 22, 1);  /* channels */
    put32(header + 24, rate);
    put32(header + 28, 2 * rate); /* bytes a second */
    put16(header + 32, 2);        /* bytes a frame */
    put16(header + 34, 16);       /* bits a sample */
    memcpy(header + 36, "data", 4);
    put32(header + 40, data_size);
}

static int write_wav(ag_writer *writer, const float *samples, int64_t count, int rate)
{
    uint8_t bytes[2 * BLOCK];
    wav_header(bytes, (uint32_t)(2 * count), (uint32_t)rate);
    int err = ag_writer_write(writer, bytes, WAV_HEADER);
    while (err == AG_OK && count > 0) {
        int64_t n = pack_block(samples, count, bytes);
        err = ag_writer_write(writer, bytes, 2 * (size_t)n);
        samples += n;
        count -= n;
    }
    return err;
}

int ag_audio_write_wav(const char *path, const float *samples, int64_t count, int rate)
{
    if (count < 0 || count > AG_AUDIO_MAX_SAMPLES || rate < 1 || rate > AG_AUDIO_MAX_RATE) {
        return ag_fail(AG_EINVAL, "cannot write %s: %lld samples at %d Hz is out of range", path,
                       (long long)count, rate);
    }
    ag_writer *writer = NULL;
    int err = ag_writer_open(path, &writer);
    if (err != AG_OK) {
        return err;
    }
    err = write_wav(writer, samples, count, rate);
    if (err != AG_OK) {
        ag_writer_abandon(writer);
        return err;
    }
    return ag_writer_commit(writer);
}

int ag_audio_write_pcm(FILE *file, const float *samples, int64_t count)
{
    uint8_t bytes[2 * BLOCK];
    while (count > 0) {
        int64_t n = pack_block(samples, count, bytes);
        if (fwrite(bytes, 2, (size_t)n, file) != (size_t)n) {
            return ag_fail(AG_EIO, "cannot write audio to the stream: %s", strerror(errno));
        }
        samples += n;
        count -= n;
    }
    if (fflush(file) != 0) {
        return ag_fail(AG_EIO, "cannot write audio to the stream: %s", strerror(errno));
    }
    return AG_OK;
}
