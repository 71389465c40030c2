/* What a bridge tells about its environments, checked before it is believed. */
#include "env/gym.h"

#include <math.h>
#include <string.h>

/* A number, or the one that stands for its absence. */
static double number(const json_t *object, const char *key, double absent)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : absent;
}

static int read_name(const json_t *object, ag_arena *arena, const char **out)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    if (!name || !*name)
        return ag_fail(AG_EFORMAT, "the bridge tells of something without a name");
    *out = ag_arena_strdup(arena, name);
    return *out ? AG_OK : AG_ENOMEM;
}

static int read_type(const json_t *object, ag_observation_type *out)
{
    static const char *const names[] = { "image", "bytes", "floats", "text" };
    const char *type = json_string_value(json_object_get(object, "type"));
    for (int i = 0; type && i < 4; i++) {
        if (strcmp(type, names[i]) == 0) {
            *out = (ag_observation_type)i;
            return AG_OK;
        }
    }
    return ag_fail(AG_EFORMAT, "the bridge tells of an observation of no known type");
}

static int read_observation(const json_t *object, ag_arena *arena, ag_env_spec *spec)
{
    const char *name = NULL;
    ag_observation_type type = AG_OBSERVE_BYTES;
    int code = read_name(object, arena, &name);
    if (code == AG_OK)
        code = read_type(object, &type);
    if (code != AG_OK)
        return code;
    const json_t *axes = json_object_get(object, "shape");
    size_t rank = json_array_size(axes);
    if (rank < 1 || rank > AG_ENV_MAX_RANK)
        return ag_fail(AG_EFORMAT, "observation %.100s has %zu axes", name, rank);
    int shape[AG_ENV_MAX_RANK];
    for (size_t i = 0; i < rank; i++) {
        json_int_t size = json_integer_value(json_array_get(axes, i));
        shape[i] = size > 0 && size <= INT32_MAX ? (int)size : 0; /* refused by env_measure */
    }
    env_observe(spec, name, type, (int)rank, shape);
    ag_observation_spec *o = &spec->observation[spec->observations - 1];
    o->low = (float)number(object, "low", -INFINITY);
    o->high = (float)number(object, "high", INFINITY);
    return AG_OK;
}

static int read_action(const json_t *object, ag_arena *arena, ag_env_spec *spec)
{
    const char *name = NULL;
    int code = read_name(object, arena, &name);
    if (code != AG_OK)
        return code;
    double low = number(object, "low", -INFINITY), high = number(object, "high", INFINITY);
    if (low > high)
        return ag_fail(AG_EFORMAT, "action %.100s goes from %g to %g", name, low, high);
    env_act(spec, name, json_is_true(json_object_get(object, "continuous")), low, high);
    return AG_OK;
}

static int read_all(const json_t *told, ag_arena *arena, ag_env_spec *spec)
{
    const json_t *observations = json_object_get(told, "observations");
    const json_t *actions = json_object_get(told, "actions");
    if (json_array_size(observations) == 0 || !json_is_array(actions))
        return ag_fail(AG_EFORMAT, "the bridge tells of no observations, or of no actions");
    if (json_array_size(observations) > AG_ENV_MAX_OBSERVATIONS)
        return ag_fail(AG_EINVAL, "it has %zu observations; %d are the most",
                       json_array_size(observations), AG_ENV_MAX_OBSERVATIONS);
    if (json_array_size(actions) > AG_ENV_MAX_ACTIONS)
        return ag_fail(AG_EINVAL, "its action has %zu components; %d are the most",
                       json_array_size(actions), AG_ENV_MAX_ACTIONS);
    int code = AG_OK;
    for (size_t i = 0; i < json_array_size(observations) && code == AG_OK; i++)
        code = read_observation(json_array_get(observations, i), arena, spec);
    for (size_t i = 0; i < json_array_size(actions) && code == AG_OK; i++)
        code = read_action(json_array_get(actions, i), arena, spec);
    spec->frames_per_second = number(told, "fps", 0);
    return code == AG_OK ? env_measure(spec) : code;
}

int gym_read_spec(const char *line, ag_arena *arena, ag_env_spec *spec)
{
    json_error_t trouble;
    json_t *told = json_loads(line, 0, &trouble);
    if (!told)
        return ag_fail(AG_EFORMAT, "the bridge tells what is no JSON: %.200s", trouble.text);
    const char *error = json_string_value(json_object_get(told, "error"));
    int code = error ? ag_fail(AG_EIO, "%.800s", error) : read_all(told, arena, spec);
    json_decref(told);
    return code;
}

static bool same_observation(const ag_observation_spec *a, const ag_observation_spec *b)
{
    return a->type == b->type && a->rank == b->rank &&
           memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0;
}

static bool same_action(const ag_action_spec *a, const ag_action_spec *b)
{
    return a->continuous == b->continuous && a->low == b->low && a->high == b->high;
}

int gym_same_spec(const ag_env_spec *a, const ag_env_spec *b)
{
    bool same = a->observations == b->observations && a->actions == b->actions;
    for (int i = 0; same && i < a->observations; i++)
        same = same_observation(&a->observation[i], &b->observation[i]);
    for (int i = 0; same && i < a->actions; i++)
        same = same_action(&a->action[i], &b->action[i]);
    return same ? AG_OK : ag_fail(AG_EFORMAT, "started again, it observes or takes something else");
}
