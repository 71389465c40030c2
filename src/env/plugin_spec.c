/* What a plug-in's context observes and takes, checked before it is believed. */
#include "env/plugin.h"

#include <math.h>
#include <string.h>

typedef struct {
    plugin_env *env;
    const plugin_choice *choice;
    bool started; /* an episode runs, so that observations may be looked at */
    uint64_t seed;
    ag_env_spec *spec;
} asking;

/* A count the plug-in gives; a function it lacks means none. */
static int ask_count(const plugin_env *e, int (*function)(void *context), const char *what,
                     int *out)
{
    *out = function ? function(e->context) : 0;
    if (*out < 0 || *out > PLUGIN_MOST_COUNT)
        return ag_fail(AG_EFORMAT, "the plug-in tells of %d %s; 0 to %d are believed", *out, what,
                       PLUGIN_MOST_COUNT);
    return AG_OK;
}

/* A copy of a name of the plug-in's. */
static int ask_name(asking *a, const char *(*function)(void *context, int index), int index,
                    const char *what, const char **out)
{
    const char *name = function ? function(a->env->context, index) : NULL;
    if (!name || !*name || strnlen(name, 256) == 256)
        return ag_fail(AG_EFORMAT, "%s %d of the plug-in has no name of 1 to 255 bytes", what,
                       index);
    *out = ag_arena_strdup(a->env->shared->arena, name);
    return *out ? AG_OK : AG_ENOMEM;
}

static int ask_discrete(asking *a, int index)
{
    const char *name = "";
    int code = ask_name(a, a->env->api.action_discrete_name, index, "discrete action", &name);
    if (code != AG_OK)
        return code;
    int low = 0, high = -1;
    if (a->env->api.action_discrete_bounds)
        a->env->api.action_discrete_bounds(a->env->context, index, &low, &high);
    if (low > high)
        return ag_fail(AG_EFORMAT, "action %s goes from %d to %d in the plug-in", name, low, high);
    env_act(a->spec, name, false, low, high);
    return AG_OK;
}

static int ask_continuous(asking *a, int index)
{
    const char *name = "";
    int code = ask_name(a, a->env->api.action_continuous_name, index, "continuous action", &name);
    if (code != AG_OK)
        return code;
    double low = 0, high = -1;
    if (a->env->api.action_continuous_bounds)
        a->env->api.action_continuous_bounds(a->env->context, index, &low, &high);
    if (!(low <= high))
        return ag_fail(AG_EFORMAT, "action %s goes from %g to %g in the plug-in", name, low, high);
    env_act(a->spec, name, true, low, high);
    return AG_OK;
}

static int ask_text(asking *a, int index)
{
    const char *name = "";
    int code = ask_name(a, a->env->api.action_text_name, index, "text action", &name);
    if (code == AG_OK)
        env_act_text(a->spec, name);
    return code;
}

/* Counts of the components, each with functions that take and describe it. */
static int count_actions(asking *a)
{
    plugin_shared *s = a->env->shared;
    const eca_api *api = &a->env->api;
    int code = ask_count(a->env, api->action_discrete_count, "discrete actions", &s->discrete);
    if (code == AG_OK)
        code =
            ask_count(a->env, api->action_continuous_count, "continuous actions", &s->continuous);
    if (code == AG_OK)
        code = ask_count(a->env, api->action_text_count, "text actions", &s->texts);
    if (code != AG_OK)
        return code;
    if (s->discrete + s->continuous > AG_ENV_MAX_ACTIONS || s->texts > AG_ENV_MAX_TEXT_ACTIONS)
        return ag_fail(
            AG_EFORMAT, "the plug-in takes %d actions and %d texts at once; %d and %d are the most",
            s->discrete + s->continuous, s->texts, AG_ENV_MAX_ACTIONS, AG_ENV_MAX_TEXT_ACTIONS);
    if ((s->discrete && !api->act_discrete) || (s->continuous && !api->act_continuous) ||
        (s->texts && !api->act_text))
        return ag_fail(AG_EFORMAT,
                       "the plug-in tells of actions, but has no function to take them");
    return AG_OK;
}

static int ask_actions(asking *a)
{
    const plugin_shared *s = a->env->shared;
    int code = count_actions(a);
    for (int i = 0; i < s->discrete && code == AG_OK; i++)
        code = ask_discrete(a, i);
    for (int i = 0; i < s->continuous && code == AG_OK; i++)
        code = ask_continuous(a, i);
    for (int i = 0; i < s->texts && code == AG_OK; i++)
        code = ask_text(a, i);
    return code;
}

/* Is the name one of those asked for (separated by commas), or are all? */
static bool is_chosen(const char *chosen, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = chosen; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || !at[length]))
            return true;
    }
    return !chosen;
}

static int check_shape(const eca_observation_spec *o, const char *name, bool fixed)
{
    if ((int)o->type < ECA_DOUBLES || (int)o->type > ECA_STRING)
        return ag_fail(AG_EFORMAT, "observation %s has the type %d, which does not exist", name,
                       (int)o->type);
    if (o->dims < 0 || o->dims > AG_ENV_MAX_RANK)
        return ag_fail(AG_EFORMAT, "observation %s has %d axes; %d are the most", name, o->dims,
                       AG_ENV_MAX_RANK);
    if (o->dims > 0 && !o->shape)
        return ag_fail(AG_EFORMAT, "observation %s has %d axes without a shape", name, o->dims);
    for (int i = 0; i < o->dims; i++) {
        if (o->shape[i] < 0 || (fixed && o->shape[i] == 0))
            return ag_fail(AG_EFORMAT, "observation %s has an axis of %d elements", name,
                           o->shape[i]);
    }
    return AG_OK;
}

/* No axes, or an empty one: each observation tells its own shape. */
static bool varies(const eca_observation_spec *o)
{
    for (int i = 0; i < o->dims; i++) {
        if (o->shape[i] == 0)
            return true;
    }
    return o->dims == 0;
}

/* The shape of the first observation, for those whose specification has none. */
static int look(asking *a, int index, const char *name, eca_observation_spec *o)
{
    if (!a->started) {
        int code = plugin_episode(a->env, a->seed, 0);
        if (code != AG_OK)
            return code;
        a->started = true;
    }
    eca_observation first = { .payload.bytes = NULL };
    a->env->api.observation(a->env->context, index, &first);
    *o = first.spec;
    return check_shape(o, name, true);
}

static ag_observation_type kind(eca_observation_type type, int rank, const int *shape)
{
    if (type != ECA_BYTES)
        return type == ECA_STRING ? AG_OBSERVE_TEXT : AG_OBSERVE_FLOATS;
    bool channels = rank == 3 && (shape[2] == 1 || shape[2] == 3 || shape[2] == 4);
    return channels ? AG_OBSERVE_IMAGE : AG_OBSERVE_BYTES;
}

static int add(asking *a, const char *name, eca_observation_type type, plugin_source source,
               int rank, const int *shape)
{
    plugin_shared *s = a->env->shared;
    if (a->spec->observations == AG_ENV_MAX_OBSERVATIONS)
        return ag_fail(
            AG_EINVAL,
            "the plug-in has over %d observations; ?agena.observations=NAME,NAME chooses",
            AG_ENV_MAX_OBSERVATIONS);
    env_observe(a->spec, name, kind(type, rank, shape), rank, shape);
    int code = env_measure(a->spec);
    size_t size = type == ECA_DOUBLES ? sizeof(float) : 1;
    source.type = type;
    source.elements = (int)(a->spec->observation[a->spec->observations - 1].bytes / size);
    s->source[s->sources++] = source;
    return code;
}

static int ask_observation(asking *a, int index)
{
    const char *name = "";
    int code = ask_name(a, a->env->api.observation_name, index, "observation", &name);
    if (code != AG_OK || !is_chosen(a->choice->names, name))
        return code;
    eca_observation_spec o = { .type = ECA_DOUBLES, .dims = -1 };
    a->env->api.observation_spec(a->env->context, index, &o);
    code = check_shape(&o, name, false);
    if (code != AG_OK)
        return code;
    plugin_source source = { .index = index };
    if (o.type == ECA_STRING)
        return add(a, name, o.type, source, 1, &a->choice->text_bytes);
    source.padded = varies(&o) && a->choice->pad > 0;
    if (source.padded)
        return add(a, name, o.type, source, 1, &a->choice->pad);
    if (varies(&o))
        code = look(a, index, name, &o);
    if (code == AG_OK && o.dims == 0)
        return add(a, name, o.type, source, 1, (const int[]){ 1 });
    return code == AG_OK ? add(a, name, o.type, source, o.dims, o.shape) : code;
}

/* How many events of each type a step brought is one observation more. */
static int ask_events(asking *a)
{
    plugin_shared *s = a->env->shared;
    const eca_api *api = &a->env->api;
    int code = ask_count(a->env, api->event_type_count, "types of events", &s->event_types);
    if (code == AG_OK && s->event_types > 0 && (!api->event_count || !api->event))
        code = ag_fail(AG_EFORMAT, "the plug-in tells of events, but has no function to read them");
    return code;
}

static int make_events(asking *a)
{
    int types = a->env->shared->event_types;
    if (types == 0)
        return AG_OK;
    a->env->events = ag_calloc((size_t)types, sizeof(float));
    return a->env->events ? AG_OK : AG_ENOMEM;
}

static int ask_all(asking *a, int *count)
{
    int code = ask_actions(a);
    if (code == AG_OK)
        code = ask_events(a);
    if (code == AG_OK)
        code = make_events(a);
    return code == AG_OK ? ask_count(a->env, a->env->api.observation_count, "observations", count)
                         : code;
}

int plugin_specify(plugin_env *env, const plugin_choice *choice, uint64_t seed, ag_env_spec *spec)
{
    asking a = { .env = env, .choice = choice, .seed = seed, .spec = spec };
    const char *names = choice->names;
    int count = 0, code = ask_all(&a, &count);
    for (int i = 0; i < count && code == AG_OK; i++)
        code = ask_observation(&a, i);
    if (code == AG_OK && env->shared->event_types && is_chosen(names, "EVENTS"))
        code = add(&a, "EVENTS", ECA_DOUBLES, (plugin_source){ .index = -1 }, 1,
                   &env->shared->event_types);
    if (code == AG_OK && spec->observations == 0)
        code = ag_fail(AG_EINVAL, "the plug-in has no observation%s%.200s",
                       names ? " of those chosen: " : "", names ? names : "");
    return code;
}
