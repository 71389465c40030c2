/* Shared by the tests of src/audio. */
#ifndef AUDIO_TEST_H
#define AUDIO_TEST_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/failing.h"
#include "../common/test_list.h"
#include "agena/audio.h"

/* One function a file adds its tests. */
void test_mulaw(test_list *list);
void test_pcm(test_list *list);
void test_preemphasis(test_list *list);
void test_read(test_list *list);
void test_resample(test_list *list);
void test_stft(test_list *list);
void test_mel(test_list *list);
void test_spectrogram(test_list *list);
void test_memory(test_list *list);

/* A path in a folder that lives as long as the tests; valid for four more calls. */
const char *temporary(const char *name);
void remove_temporary_folder(void);
/* The number of files in it whose name begins so. */
int count_temporary(const char *beginning);

/* amplitude * sin(2 pi hz t / rate + 0.3), malloc'ed. */
float *sine(double hz, double amplitude, int rate, int64_t count);
/* Uniform noise in [-amplitude, amplitude), malloc'ed. */
float *noise(float amplitude, int64_t count);

#define assert_near(value, expected, tolerance)                                                    \
    do {                                                                                           \
        double value_ = (value), expected_ = (expected);                                           \
        if (!(fabs(value_ - expected_) <= (tolerance))) {                                          \
            fail_msg("%s = %.9g is not within %.3g of %.9g", #value, value_, (double)(tolerance),  \
                     expected_);                                                                   \
        }                                                                                          \
    } while (0)

#endif
