/* test_list.h: the test cases of a room, gathered from its files into one group, so that its
 * program prints one TAP stream. */
#ifndef COMMON_TEST_LIST_H
#define COMMON_TEST_LIST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

typedef struct {
    struct CMUnitTest tests[128];
    size_t count;
} test_list;

/* Add a function as the case "subject: function". */
#define ADD_TEST(list, subject, function) ADD_TEST_IN(list, subject, function, NULL, NULL)
/* The same between a set-up and a tear-down. */
#define ADD_TEST_IN(list, subject, function, setup, teardown)                                      \
    (list)->tests[(list)->count++] = (struct CMUnitTest)                                           \
    {                                                                                              \
        subject ": " #function, function, setup, teardown, NULL                                    \
    }

#endif
