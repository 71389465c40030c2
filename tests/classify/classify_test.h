/* Shared by the tests of src/classify. */
#ifndef CLASSIFY_TEST_H
#define CLASSIFY_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/files.h"
#include "../common/test_list.h"
#include "agena/classify.h"

/* One function a file adds its tests. */
void test_network(test_list *list);
void test_twin(test_list *list);
void test_model(test_list *list);
void test_train(test_list *list);
void test_cost(test_list *list);

/* A folder with a small picture set (8 x 8, 4 classes that differ in where they are bright: 192 to
 * train on, 96 to test) and recipe.yaml, which lives as long as the tests. */
void make_workshop(void);
void remove_workshop(void);
/* A path in it, valid for seven more calls. */
const char *at(const char *name);
void write_text(const char *name, const char *text);
/* Train the recipe with these settings (NULL-ended) into the run folder `run`. */
int train(const char *run, const char *const *settings, bool resume, int threads);
/* Fail the first, then every stride-th allocation of f: AG_ENOMEM each time. */
void starve(int (*f)(void), uint64_t stride);

#endif
