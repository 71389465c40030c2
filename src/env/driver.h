/* How a batch of environments is moved as a whole, behind an ag_env: one by one on a pool of
 * threads (each.c), or by another process (gym.c). */
#ifndef ENV_DRIVER_H
#define ENV_DRIVER_H

#include "env/env.h"

/* Every buffer of `out` that a driver writes is wanted, except observations that are NULL; actions
 * have been checked. A driver's sentences name the environment of the batch where they can. */
typedef struct {
    void (*close)(void *batch);
    int (*reset)(void *batch, const uint8_t *mask, const ag_env_buffers *out);
    int (*seed)(void *batch, int index, uint64_t seed);
    int (*step)(void *batch, const double *actions, const ag_env_buffers *out);
    int (*render)(void *batch, int index, const uint8_t **rgb, int *width, int *height);
    /* NULL where no specification has text actions. The text has been checked. */
    int (*say)(void *batch, int index, int action, const char *text, size_t length);
} env_driver;

/* What opening a name gives. */
typedef struct {
    const env_driver *driver;
    void *batch;
} env_opened;

/* A batch of states of one class. Takes over the states [options->batch] and closes them, also when
 * it fails; spec and options must outlive it. */
int env_each_open(const env_class *class, void **states, const ag_env_spec *spec,
                  const ag_env_options *options, env_opened *out);
/* Open the states of a built-in class, then the above. */
int env_built_in_open(const env_class *class, const char *name, ag_env_spec *spec,
                      const ag_env_options *options, env_opened *out);
/* "plugin:" and "gym:"; `rest` is what follows that. spec comes zeroed. */
int env_plugin_open(const char *rest, ag_env_spec *spec, const ag_env_options *options,
                    env_opened *out);
int env_gym_open(const char *rest, ag_env_spec *spec, const ag_env_options *options,
                 env_opened *out);

/* The seed of environment `index` of a batch; that of the first is the batch's. */
uint64_t env_seed_of(uint64_t seed, int index);

#endif
