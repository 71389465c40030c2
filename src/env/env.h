/* What is behind an ag_env: one class a kind of environment, with its own table of functions. */
#ifndef ENV_ENV_H
#define ENV_ENV_H

#include "agena/env.h"

/* What one environment of a batch tells after a move. */
typedef struct {
    double reward;
    bool terminated, truncated;
} env_outcome;

/* Built-in environments (classic, lab) have one state each and are stepped one by one on the pool;
 * they allocate in open only (a step may begin an episode), and what they do is a function of
 * (seed, episode) and the actions. Different states may be used by different threads at once. */
typedef struct {
    /* "classic/cartpole"; or "lab/", a family of names that begin so. */
    const char *name, *summary;
    /* A family's full names in order ("lab/explore_goal_locations_small"), each with a phrase on
     * it in *summary; NULL past the end. A class of one name has no list. */
    const char *(*list)(int index, const char **summary);
    /* Environments that are worth a thread: 1 for costly steps, more for quick ones. */
    int share;
    /* Fill the (zeroed) specification for these options (picture size); AG_EINVAL for a bad one.
     * Its `bytes` are filled in afterwards, before open. */
    int (*specify)(const char *name, const ag_env_options *options, ag_env_spec *spec);
    int (*open)(const char *name, const ag_env_options *options, void **state);
    void (*close)(void *state);
    int (*episode)(void *state, uint64_t seed, uint64_t episode);
    /* One step of the environment with one action [spec's actions], which is in range. */
    int (*step)(void *state, const double *action, env_outcome *out);
    /* Write one observation at `out` (spec's bytes). */
    int (*observe)(void *state, int observation, void *out);
    /* Keep a text for the steps of this episode; NULL: the class has no text actions. */
    int (*say)(void *state, int action, const char *text, size_t length);
    /* RGB for people: width and height in, pixels out; NULL: no picture. */
    int (*render)(void *state, const uint8_t **rgb, int *width, int *height);
} env_class;

/* A room registers by being listed in src/env/registry.c, which needs its table declared here. */
extern const env_class *const env_classes[]; /* NULL at the end */
extern const env_class env_lab;              /* of src/lab */

/* The class that serves a built-in name; NULL if there is none. */
const env_class *env_class_of(const char *name);
/* AG_ENOTFOUND: "there is no environment 'name'; did you mean ...; there are: ...". */
int env_unknown(const char *name);

/* ---- specifications ---- */

/* Append an observation of this type and shape (rank of them; unknown bounds). */
void env_observe(ag_env_spec *spec, const char *name, ag_observation_type type, int rank,
                 const int *shape);
/* Append a component of the action. */
void env_act(ag_env_spec *spec, const char *name, bool continuous, double low, double high);
/* Append a text action. */
void env_act_text(ag_env_spec *spec, const char *name);
/* Fill in every `bytes`; AG_EINVAL when a shape is empty or an observation is over 1 GiB. */
int env_measure(ag_env_spec *spec);

#endif
