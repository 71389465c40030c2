/* Shared by the tests of src/data. */
#ifndef DATA_TEST_H
#define DATA_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/failing.h"
#include "../common/test_list.h"
#include "agena/data.h"

/* One function a file adds its tests. */
void test_manifest(test_list *list);
void test_hostile(test_list *list);
void test_asterisk(test_list *list);
void test_folder(test_list *list);
void test_dataset(test_list *list);
void test_download(test_list *list);
void test_speech(test_list *list);
void test_loader(test_list *list);
void test_pictures(test_list *list);

/* A path in a folder that lives as long as the tests; valid for seven more calls. */
const char *temporary(const char *name);
void remove_temporary_folder(void);
/* Write a file below the temporary folder, making its folders; returns its path. */
const char *write_bytes(const char *name, const void *bytes, size_t size);
const char *write_text(const char *name, const char *text);

/* Write a WAV of `count` samples whose value tells where one is: see pattern. */
const char *write_pattern(const char *name, int seed, int64_t count, int rate);
/* 16-bit sample i of the pattern `seed`: never 0. */
int16_t pattern(int seed, int64_t i);
/* A manifest pattern.jsonl of `count` WAV files at 8 kHz: file i has lengths[i] samples of pattern
 * i, speaker "s0".. by i mod 3, language "l0".. by i mod 2, split train. Returns its path. */
const char *write_pattern_set(const int64_t *lengths, int count);

#endif
