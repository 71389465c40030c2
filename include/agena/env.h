/* agena/env.h: what an environment is. A batch of environments steps at once and writes
 * observations, rewards and ends straight into the caller's buffers.
 *
 * Names: "lab/LEVEL" (the 3-D world), "classic/NAME" (small built-in ones),
 * "plugin:FILE.so[:connect_symbol][?key=value&...]" (EnvCApi 2.0), "gym:ID[?key=value&...]". */
#ifndef AGENA_ENV_H
#define AGENA_ENV_H

#include "agena/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    AG_ENV_MAX_RANK = 4,
    AG_ENV_MAX_OBSERVATIONS = 32,
    AG_ENV_MAX_ACTIONS = 64,
    AG_ENV_MAX_TEXT_ACTIONS = 8,
    AG_ENV_MAX_TEXT = 1 << 16 /* bytes of a text action */
};

typedef enum {
    AG_OBSERVE_IMAGE,  /* uint8 [height, width, channels] */
    AG_OBSERVE_BYTES,  /* uint8 of any other shape */
    AG_OBSERVE_FLOATS, /* float32 */
    AG_OBSERVE_TEXT,   /* uint8 [bytes]: UTF-8, filled up with zeros, one at least; cut to fit */
} ag_observation_type;

typedef struct {
    const char *name; /* "RGB_INTERLEAVED", "INSTR" */
    ag_observation_type type;
    int rank;
    int shape[AG_ENV_MAX_RANK];
    float low, high; /* of the elements, where known; else -INFINITY, INFINITY */
    size_t bytes;    /* of one environment's observation */
} ag_observation_spec;

/* One component of an action; an environment has one or several of them. */
typedef struct {
    const char *name; /* "MOVE_BACK_FORWARD", "action" */
    bool continuous;  /* else an integer from low to high */
    double low, high; /* inclusive */
} ag_action_spec;

typedef struct {
    int observations;
    ag_observation_spec observation[AG_ENV_MAX_OBSERVATIONS];
    int actions;
    ag_action_spec action[AG_ENV_MAX_ACTIONS];
    double frames_per_second; /* of rendering and play; 0: unknown */
    int text_actions;         /* texts that an action has besides: see ag_env_say */
    const char *text_action[AG_ENV_MAX_TEXT_ACTIONS]; /* their names */
} ag_env_spec;

typedef struct {
    int batch;         /* environments side by side, >= 1 */
    int threads;       /* that step them, 0 = all processors; bytes do not depend on it */
    int action_repeat; /* steps of the environment a step here: rewards are summed; 0 = 1 */
    uint64_t seed;     /* environment i's episodes are a function of (seed, i, episode) */
    /* An ended environment starts its next episode within the same step, and the observation is the
     * new episode's first, as Gymnasium's "same step" mode; else the caller resets it. */
    bool auto_reset;
    int width, height; /* of pictures, where the environment lets one choose; 0: its usual size */
    bool depth;        /* fourth channel of pictures, where the environment has it */
} ag_env_options;

typedef struct ag_env ag_env;
/* AG_ENOTFOUND lists what is known; AG_EINVAL for settings that an environment does not take. */
AG_API int ag_env_open(const char *name, const ag_env_options *options, ag_env **out);
AG_API void ag_env_close(ag_env *env);                                /* NULL allowed */
AG_API const ag_env_spec *ag_env_specification(const ag_env *env);    /* owned by env */
AG_API const ag_env_options *ag_env_configuration(const ag_env *env); /* with defaults filled in */

/* Where a step writes, by the caller: observation[k] [batch, spec's shape], reward [batch] float32,
 * terminated and truncated [batch]: 1 when the episode ended by its own rule, or by its time (kept
 * apart as in Gymnasium). NULL: not wanted. */
typedef struct {
    void *observation[AG_ENV_MAX_OBSERVATIONS];
    float *reward;
    uint8_t *terminated, *truncated;
} ag_env_buffers;

/* Start a new episode in those with mask[i] != 0 (NULL: all); only their observations are written.
 * After a failure they have no episode. */
AG_API int ag_env_reset(ag_env *env, const uint8_t *mask, const ag_env_buffers *out);
/* Set the seed of environment i: its next reset is episode 0 of that seed. */
AG_API int ag_env_seed(ag_env *env, int index, uint64_t seed);
/* Give environment `index` a text for its text action `action`: `length` bytes of UTF-8, copied,
 * none of them zero. It holds for the steps that follow, until another one is given or the episode
 * ends; an episode begins with empty ones. AG_EINVAL: there is no such environment or text action,
 * or the text is over AG_ENV_MAX_TEXT bytes. */
AG_API int ag_env_say(ag_env *env, int index, int action, const char *text, size_t length);
/* actions [batch, spec's actions]: doubles, whole numbers for discrete components. AG_EINVAL names
 * one that is out of range, or an environment without an episode; nothing has then moved. After
 * another failure (AG_EIO of a plug-in or a bridge) none has an episode: reset them. Allocates
 * nothing for built-in environments. */
AG_API int ag_env_step(ag_env *env, const double *actions, const ag_env_buffers *out);
/* The picture of environment i for people, RGB [height, width, 3] in env's own memory until the
 * next call; AG_EINVAL where an environment has none, AG_EIO where a bridge's cannot give one. */
AG_API int ag_env_render(ag_env *env, int index, const uint8_t **rgb, int *width, int *height);

/* The built-in names ("classic/cartpole", ..., "lab/..."), in order. */
AG_API int ag_env_count(void);
AG_API const char *ag_env_name(int index);
AG_API const char *ag_env_summary(int index); /* one phrase */

#ifdef __cplusplus
}
#endif
#endif
