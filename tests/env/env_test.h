/* env_test.h: what the test files of this room share. */
#ifndef AGENA_ENV_TEST_H
#define AGENA_ENV_TEST_H

#include "../common/failing.h"
#include "../common/test_list.h"
#include "agena/env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One function a file adds its tests. */
void test_batch(test_list *list);
void test_names(test_list *list);
void test_plugin(test_list *list);
void test_export(test_list *list);
void test_gym(test_list *list);
void test_bridge(test_list *list);

void assert_contains(const char *text, const char *part);
/* Opening fails with this code, and a sentence that has this part. */
void assert_refused(const char *name, const ag_env_options *options, int code, const char *part);

/* Under qemu-user, by ./dev arm64. */
static inline bool emulated(void)
{
    return getenv("MESON_EXE_WRAPPER") != NULL;
}

/* A batch with buffers for all that a step writes. */
typedef struct {
    ag_env *env;
    const ag_env_spec *spec;
    int batch;
    ag_env_buffers out;
    double *actions;
    ag_rng rng; /* of the random actions */
} play;

/* Opens; stops the test if that fails. */
void play_open(play *p, const char *name, const ag_env_options *options);
void play_close(play *p);
/* One step with random actions in range. */
int play_step(play *p);
/* A checksum of all that the buffers hold, mixed into hash. */
uint64_t play_hash(const play *p, uint64_t hash);
/* Reset, then steps with random actions of this seed: a checksum of everything written. */
uint64_t play_run(play *p, int steps, uint64_t actions_seed);

#endif
