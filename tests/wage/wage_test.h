/* wage_test.h: the cases of each file. */
#ifndef WAGE_TEST_H
#define WAGE_TEST_H

#include "../common/test_list.h"

#include "nets.h"

void test_config(test_list *list);
void test_exact(test_list *list);
void test_errors(test_list *list);
void test_update(test_list *list);
void test_step(test_list *list);
void test_memory(test_list *list);

#endif
