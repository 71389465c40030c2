/* A batch of environments out of a shared library that implements EnvCApi: each has a context. */
#ifndef ENV_PLUGIN_H
#define ENV_PLUGIN_H

#include "env/driver.h"
#include "env/env_c_api.h"
#include "env/settings.h"

enum {
    PLUGIN_TEXT_BYTES = 4096, /* of a text observation, unless asked; longer texts are cut */
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
    int texts;                /* text actions */
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
    char *text[AG_ENV_MAX_TEXT_ACTIONS]; /* our own copies, zero-ended; NULL: empty */
    eca_text_action said[AG_ENV_MAX_TEXT_ACTIONS];
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
int plugin_say(void *state, int action, const char *text, size_t length);
/* AG_EIO with "what: " and the plug-in's own message. */
int plugin_failure(const plugin_env *env, const char *what);

/* What the opener chooses of the observations. */
typedef struct {
    const char *names; /* with commas; NULL: all */
    int pad;           /* elements that varying shapes are filled up to; 0: the first one is kept */
    int text_bytes;    /* of a text, with a zero after it */
} plugin_choice;

/* plugin_spec.c: ask a context that is ready what it observes and takes. */
int plugin_specify(plugin_env *env, const plugin_choice *choice, uint64_t seed, ag_env_spec *spec);

#endif
