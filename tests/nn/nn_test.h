/* nn_test.h: what the test files of this room share. */
#ifndef AGENA_NN_TEST_H
#define AGENA_NN_TEST_H

#include "../common/failing.h"
#include "../common/files.h"
#include "../common/test_list.h"
#include "agena/nn.h"

/* One function a file adds its tests. */
void test_tensors(test_list *list);
void test_init(test_list *list);
void test_optimizer(test_list *list);
void test_safetensors(test_list *list);
void test_safetensors_hostile(test_list *list);
void test_events(test_list *list);
void test_trainer(test_list *list);
void test_run(test_list *list);

/* A set with tensors "a" [3, 5], "b" [2, 4, 8] and "c" [7], filled with numbers that differ by
 * seed. */
ag_tensors *sample_set(uint64_t seed);
void fill_random(ag_tensors *t, uint64_t seed);
void assert_near(double value, double expected, double tolerance);
void assert_same_bytes(const ag_tensors *a, const ag_tensors *b);
/* A path in this process's own temporary folder; the last four stay valid. */
const char *temporary(const char *name);
void remove_temporary_folder(void);

#endif
