/* One environment of ours as others see it through EnvCApi. */
#ifndef ENV_EXPORT_H
#define ENV_EXPORT_H

#include "env/env.h"
#include "env/env_c_api.h"

enum { EXPORT_MOST = AG_ENV_MAX_OBSERVATIONS + 12, EXPORT_MESSAGE = 1024, EXPORT_LEVEL = 256 };

/* How an observation of theirs comes out of ours. */
typedef enum {
    EXPORT_SAME,    /* bytes as they are, floats as doubles, text without its zeros */
    EXPORT_PICTURE, /* the picture's channels in some order, interleaved or as planes */
    EXPORT_NOTHING, /* an empty text */
} export_way;

typedef struct {
    const char *name;
    export_way way;
    int source; /* index of our observation */
    eca_observation_type type;
    int dims, shape[AG_ENV_MAX_RANK];
    int channels;
    bool planes, reversed; /* each channel in a row; blue before red */
} export_observation;

typedef struct {
    /* Settings. */
    char level[EXPORT_LEVEL];
    int width, height, frames_per_second;
    /* From init on. */
    char name[EXPORT_LEVEL + 8]; /* ours of the level */
    const env_class *class;
    void *state;
    ag_env_spec spec;
    int repeat; /* ticks of a frame at the frames per second that were asked for */
    int observations;
    export_observation observation[EXPORT_MOST];
    uint8_t *raw, *made; /* our observation, and theirs */
    size_t made_bytes;
    int held;   /* index of the observation that raw holds, -1: none */
    int length; /* of the text that was made: its shape */
    int discrete, continuous;
    int component[AG_ENV_MAX_ACTIONS]; /* of our action: discrete ones, then continuous ones */
    double action[AG_ENV_MAX_ACTIONS];
    bool running;
    char message[EXPORT_MESSAGE];
} export_context;

/* Find out what to show of spec's observations, and make memory for it. */
int export_list(export_context *context);
/* An index that is out of range has an empty text. */
void export_describe(export_context *context, int index, eca_observation_spec *out);
/* All zeros unless an episode runs: it must not be asked for then. */
void export_observe(export_context *context, int index, eca_observation *out);

#endif
