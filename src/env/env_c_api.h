/* The RL environment C interface, version 2.0: what DeepMind Lab's library and others export. An
 * ABI: the order and the types of all members are given. Every function takes the context first;
 * what a returned pointer refers to stays the environment's and is gone at the next call. */
#ifndef ENV_ENV_C_API_H
#define ENV_ENV_C_API_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { ECA_RUNNING, ECA_INTERRUPTED, ECA_ERROR, ECA_TERMINATED } eca_status;
typedef enum { ECA_DOUBLES, ECA_BYTES, ECA_STRING } eca_observation_type;
typedef enum { ECA_READABLE = 1, ECA_WRITABLE, ECA_READ_WRITABLE, ECA_LISTABLE } eca_attributes;
typedef enum {
    ECA_SUCCESS,
    ECA_NOT_FOUND,
    ECA_PERMISSION_DENIED,
    ECA_INVALID_ARGUMENT
} eca_property_result;

typedef struct {
    eca_observation_type type;
    int dims; /* 0: the shape varies; see each observation's own */
    const int *shape;
} eca_observation_spec;

typedef struct {
    eca_observation_spec spec;
    union {
        const double *doubles;
        const unsigned char *bytes;
        const char *string;
    } payload;
} eca_observation;

typedef struct {
    int id; /* its type */
    int observation_count;
    const eca_observation *observations;
} eca_event;

typedef struct {
    const char *data;
    uint64_t length;
} eca_text_action;

typedef struct {
    int (*setting)(void *context, const char *key, const char *value); /* before init */
    int (*init)(void *context);
    int (*start)(void *context, int episode_id, int seed); /* EAGAIN: call it again */
    void (*release_context)(void *context);
    const char *(*error_message)(void *context);
    eca_property_result (*write_property)(void *context, const char *key, const char *value);
    eca_property_result (*read_property)(void *context, const char *key, const char **value);
    eca_property_result (*list_property)(void *context, void *userdata, const char *list_key,
                                         void (*property)(void *userdata, const char *key,
                                                          eca_attributes attributes));
    const char *(*environment_name)(void *context);
    int (*action_discrete_count)(void *context);
    int (*action_continuous_count)(void *context);
    int (*action_text_count)(void *context);
    const char *(*action_discrete_name)(void *context, int index);
    const char *(*action_continuous_name)(void *context, int index);
    const char *(*action_text_name)(void *context, int index);
    void (*action_discrete_bounds)(void *context, int index, int *low, int *high); /* inclusive */
    void (*action_continuous_bounds)(void *context, int index, double *low, double *high);
    int (*observation_count)(void *context);
    const char *(*observation_name)(void *context, int index);
    void (*observation_spec)(void *context, int index, eca_observation_spec *spec);
    int (*event_type_count)(void *context);
    const char *(*event_type_name)(void *context, int type);
    void (*observation)(void *context, int index, eca_observation *out); /* while running only */
    int (*event_count)(void *context);
    void (*event)(void *context, int index, eca_event *out);
    void (*act_discrete)(void *context, const int actions[]); /* hold until changed */
    void (*act_continuous)(void *context, const double actions[]);
    void (*act_text)(void *context, const eca_text_action actions[]);
    eca_status (*advance)(void *context, int steps, double *reward); /* summed over the steps */
} eca_api;

typedef int (*eca_connect)(eca_api *api, void **context);

/* DeepMind Lab's own way to connect, under the name dmlab_connect. */
typedef enum { DMLAB_SOFTWARE, DMLAB_HARDWARE } dmlab_renderer;

typedef struct {
    const char *runfiles_path; /* the folder of its data */
    dmlab_renderer renderer;
    struct {
        bool (*fetch)(void *context, const char *const paths[], int count, const char *key,
                      const char *pk3_path);
        void (*write)(void *context, const char *const paths[], int count, const char *key,
                      const char *pk3_path);
        void *context;
    } level_cache;
    void *file_reader_override;
    const char *optional_temp_folder;
    void *read_only_file_system;
} dmlab_launch;

typedef int (*dmlab_connect_fn)(const dmlab_launch *launch, eca_api *api, void **context);

#endif
