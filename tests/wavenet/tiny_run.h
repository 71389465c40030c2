/* A tiny data set and recipe in a temporary folder, and runs on it, for the tests of training. */
#ifndef TINY_RUN_H
#define TINY_RUN_H

#include <stdbool.h>

extern char tiny_folder[64];

/* cmocka's set-up and tear-down: twelve short recordings of two voices in all splits, recipe.yaml,
 * manifest.jsonl. */
int tiny_make(void **state);
int tiny_remove(void **state);
/* tiny_folder/name, valid for the next three calls. */
const char *tiny_path(const char *name);
/* Train to `steps` (a number as text) in the run folder tiny_folder/run; prints the sentence of an
 * error. */
int tiny_train(const char *run, const char *steps, bool resume, int threads);

#endif
