/* CPU features and counts. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base_test.h"

static void features_imply_one_another(void **state)
{
    (void)state;
    unsigned f = ag_cpu_features();
    assert_int_equal(f, ag_cpu_features());
    if (f & (AG_CPU_VNNI | AG_CPU_BF16))
        assert_true(f & AG_CPU_AVX512);
    if (f & AG_CPU_AVX512)
        assert_true(f & AG_CPU_AVX2);
    assert_true(strlen(ag_cpu_name()) > 0);
}

static void count_follows_affinity(void **state)
{
    (void)state;
    cpu_set_t old, one;
    assert_int_equal(sched_getaffinity(0, sizeof old, &old), 0);
    int count = ag_cpu_count();
    assert_true(count >= 1 && count <= CPU_COUNT(&old));
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &old)) {
            CPU_SET(i, &one);
            break;
        }
    }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(ag_cpu_count(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof old, &old), 0);
}

static void seconds_go_forward(void **state)
{
    (void)state;
    double begin = ag_seconds();
    usleep(2000);
    double passed = ag_seconds() - begin;
    assert_true(passed >= 0.002 && passed < 10);
}

/* This program again, in a fresh process (an emulated one where meson's tests are): what it prints
 * of the features. */
int print_cpu(void)
{
    printf("%u\n", ag_cpu_features());
    return 0;
}

static int features_with(const char *level)
{
    char self[512] = "", command[700];
    assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    snprintf(command, sizeof command, "AGENA_CPU=%s $MESON_EXE_WRAPPER '%s' print-cpu 2>&1", level,
             self);
    FILE *output = popen(command, "r");
    assert_non_null(output);
    unsigned features = ~0u;
    int fields = fscanf(output, "%u", &features);
    pclose(output);
    return fields == 1 ? (int)features : -1;
}

static void environment_lowers_features(void **state)
{
    (void)state;
    int all = features_with("");
    assert_int_equal(features_with("c"), 0);
    assert_int_equal(features_with("avx2"), all & AG_CPU_AVX2);
    assert_int_equal(features_with("neon"), all & AG_CPU_NEON);
    assert_int_equal(features_with("avx512"), all & ~(AG_CPU_NEON | AG_CPU_DOTPROD));
    assert_int_equal(features_with("nonsense"), -1); /* a warning comes first */
}

void test_cpu(test_list *list)
{
    ADD_TEST(list, "cpu", features_imply_one_another);
    ADD_TEST(list, "cpu", count_follows_affinity);
    ADD_TEST(list, "cpu", seconds_go_forward);
    ADD_TEST(list, "cpu", environment_lowers_features);
}
