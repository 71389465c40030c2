/* A batch of environments out of a shared library that implements EnvCApi: each has a context. */
#ifndef ENV_PLUGIN_H
#define ENV_PLUGIN_H

#include "env/driver.h"
#include "env/env_c_api.h"
#include "env/settings.h"

enum {
    PLUGIN_TEXT_BYTES = 512,  /* of a text observation; longer texts are cut */
    PLUGIN_MOST_COUNT = 4096, /* of observations, actions and types of events that are believed */
    PLUGIN_MOST_EVENTS = 1 << 20 /* of a step */
};

/* Where an observation of ours comes from. */
typedef struct {
    int index; /* of the plug-in's observation; -1: the counts of events */
    eca_observation_type type;
    int elements;
    bool padded; /* shorter ones are filled up with zeros */
} plugin_source;

/* What all contexts share: the library and what it was asked. Dies with the last context. */
typedef struct {
    void *library;
    ag_arena *arena;          /* names */
    int users;                /* contexts, and who opens them */
    int discrete, continuous; /* components of an action */
    int event_types;
    int sources;
    plugin_source source[AG_ENV_MAX_OBSERVATIONS];
} plugin_shared;

/* One environment. */
typedef struct {
    plugin_shared *shared;
    eca_api api;
    void *context;
    bool connected;
    bool running; /* observations may be asked for */
    int discrete[AG_ENV_MAX_ACTIONS];
    double continuous[AG_ENV_MAX_ACTIONS];
    float *events; /* [event types] since the last move */
} plugin_env;

/* plugin_play.c: the functions of its class. plugin_close allows for half-made environments. */
void plugin_release(plugin_shared *shared); /* one user less; NULL allowed */
void plugin_close(void *state);
/* What the plug-in's start gets as a seed for an episode. */
int plugin_seed(uint64_t seed, uint64_t episode);
int plugin_episode(void *state, uint64_t seed, uint64_t episode);
int plugin_step(void *state, const double *action, env_outcome *out);
int plugin_observe(void *state, int observation, void *out);
/* AG_EIO with "what: " and the plug-in's own message. */
int plugin_failure(const plugin_env *env, const char *what);

/* plugin_spec.c: ask a context that is ready what it observes and takes. chosen: names with commas,
 * NULL for all; pad: elements that observations of varying shape are filled up to, 0 to fix their
 * shape at the first one. */
int plugin_specify(plugin_env *env, const char *chosen, int pad, uint64_t seed, ag_env_spec *spec);

#endif
