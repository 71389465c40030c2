/* libagena_lab.so: our environments through EnvCApi 2.0, for programs that load DeepMind Lab or any
 * other library with that interface. levelName is "lab/LEVEL", "classic/NAME", or a level of
 * DeepMind Lab's suite under its own path. A seed alone decides an episode. */
#include "env/export/export.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PIXELS = 4096, MOST_FRAMES = 1000, FRAMES = 60 };

AG_API int agena_lab_connect(eca_api *api, void **context);
AG_API int dmlab_connect(const dmlab_launch *launch, eca_api *api, void **context);

/* Keep the thread's sentence for error_message. */
static int note_failure(export_context *c)
{
    snprintf(c->message, sizeof c->message, "%s", ag_error());
    return 1;
}

/* ---- settings ---- */

static int set_int(export_context *c, const char *key, const char *text, int high, int *out)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (!errno && end != text && !*end && value >= 1 && value <= high) {
        *out = (int)value;
        return 0;
    }
    ag_fail(AG_EINVAL, "%s is '%.40s', not a whole number from 1 to %d", key, text, high);
    return note_failure(c);
}

static int setting(void *context, const char *key, const char *value)
{
    export_context *c = context;
    if (c->state) {
        ag_fail(AG_EINVAL, "settings come before init");
        return note_failure(c);
    }
    if (strcmp(key, "width") == 0)
        return set_int(c, key, value, MOST_PIXELS, &c->width);
    if (strcmp(key, "height") == 0)
        return set_int(c, key, value, MOST_PIXELS, &c->height);
    if (strcmp(key, "fps") == 0)
        return set_int(c, key, value, MOST_FRAMES, &c->frames_per_second);
    if (strcmp(key, "levelName") == 0) {
        if (strlen(value) >= sizeof c->level) {
            ag_fail(AG_EINVAL, "levelName has over %zu bytes", sizeof c->level - 1);
            return note_failure(c);
        }
        strcpy(c->level, value);
    }
    return 0; /* others are DeepMind Lab's own (mixerSeed, logLevel) or its levels' */
}

/* ---- start ---- */

/* "contributed/dmlab30/NAME" and "NAME.lua" stand for "lab/NAME". */
static int find_class(export_context *c)
{
    if (!*c->level)
        return ag_fail(AG_EINVAL, "the setting levelName is missing");
    snprintf(c->name, sizeof c->name, "%s", c->level);
    c->class = env_class_of(c->name);
    if (c->class)
        return AG_OK;
    const char *slash = strrchr(c->level, '/'), *base = slash ? slash + 1 : c->level;
    size_t length = strlen(base);
    if (length > 4 && strcmp(base + length - 4, ".lua") == 0)
        length -= 4;
    snprintf(c->name, sizeof c->name, "lab/%.*s", (int)length, base);
    c->class = env_class_of(c->name);
    return c->class ? AG_OK : env_unknown(c->name);
}

static int specify(export_context *c, const ag_env_options *options)
{
    c->spec = (ag_env_spec){ .observations = 0 };
    int code = c->class->specify(c->name, options, &c->spec);
    return code == AG_OK ? env_measure(&c->spec) : code;
}

/* With depth, where there is any. */
static int open_state(export_context *c)
{
    ag_env_options options = {
        .batch = 1, .threads = 1, .width = c->width, .height = c->height, .depth = true
    };
    int code = specify(c, &options);
    if (code != AG_OK) {
        options.depth = false;
        code = specify(c, &options);
    }
    if (code == AG_OK)
        code = c->class->open(c->name, &options, &c->state);
    return code;
}

static void sort_actions(export_context *c)
{
    for (int i = 0; i < c->spec.actions; i++) {
        if (!c->spec.action[i].continuous)
            c->component[c->discrete++] = i;
    }
    for (int i = 0; i < c->spec.actions; i++) {
        if (c->spec.action[i].continuous)
            c->component[c->discrete + c->continuous++] = i;
    }
}

static int set_frames(export_context *c)
{
    int own = c->spec.frames_per_second > 0 ? (int)lround(c->spec.frames_per_second) : FRAMES;
    int asked = c->frames_per_second ? c->frames_per_second : own;
    if (asked > own || own % asked != 0)
        return ag_fail(AG_EINVAL, "fps is %d, which does not divide this world's %d", asked, own);
    c->repeat = own / asked;
    return AG_OK;
}

static int init(void *context)
{
    export_context *c = context;
    int code = c->state ? ag_fail(AG_EINVAL, "init was called before") : find_class(c);
    if (code == AG_OK)
        code = open_state(c);
    if (code == AG_OK)
        code = set_frames(c);
    if (code == AG_OK)
        code = export_list(c);
    if (code != AG_OK)
        return note_failure(c);
    sort_actions(c);
    return 0;
}

/* What an action is before one is given: nothing, or the least where nothing is out of range. */
static double neutral(const ag_action_spec *a)
{
    return a->low <= 0 && a->high >= 0 ? 0 : a->low;
}

static int start(void *context, int episode_id, int seed)
{
    (void)episode_id;
    export_context *c = context;
    c->running = false;
    int code = c->raw && c->made ? c->class->episode(c->state, (uint32_t)seed, 0)
                                 : ag_fail(AG_EINVAL, "start comes after an init that succeeds");
    if (code != AG_OK)
        return note_failure(c);
    for (int i = 0; i < c->spec.actions; i++)
        c->action[i] = neutral(&c->spec.action[i]);
    c->running = true;
    c->held = -1;
    return 0;
}

static void release_context(void *context)
{
    export_context *c = context;
    if (c->state)
        c->class->close(c->state);
    ag_free(c->raw);
    ag_free(c->made);
    ag_free(c);
}

static const char *error_message(void *context)
{
    return ((export_context *)context)->message;
}

static const char *environment_name(void *context)
{
    (void)context;
    return "agena";
}

/* ---- properties: none ---- */

static eca_property_result write_property(void *context, const char *key, const char *value)
{
    (void)context, (void)key, (void)value;
    return ECA_NOT_FOUND;
}

static eca_property_result read_property(void *context, const char *key, const char **value)
{
    (void)context, (void)key, (void)value;
    return ECA_NOT_FOUND;
}

static eca_property_result list_property(void *context, void *userdata, const char *list_key,
                                         void (*property)(void *userdata, const char *key,
                                                          eca_attributes attributes))
{
    (void)context, (void)userdata, (void)property;
    return *list_key ? ECA_NOT_FOUND : ECA_SUCCESS;
}

/* ---- actions ---- */

static int discrete_count(void *context)
{
    return ((export_context *)context)->discrete;
}

static int continuous_count(void *context)
{
    return ((export_context *)context)->continuous;
}

static int none(void *context)
{
    (void)context;
    return 0;
}

/* A component by its place in a list of theirs; NULL where the index is out of range. */
static const ag_action_spec *discrete(const export_context *c, int index)
{
    bool there = index >= 0 && index < c->discrete;
    return there ? &c->spec.action[c->component[index]] : NULL;
}

static const ag_action_spec *continuous(const export_context *c, int index)
{
    bool there = index >= 0 && index < c->continuous;
    return there ? &c->spec.action[c->component[c->discrete + index]] : NULL;
}

static const char *discrete_name(void *context, int index)
{
    const ag_action_spec *a = discrete(context, index);
    return a ? a->name : NULL;
}

static const char *continuous_name(void *context, int index)
{
    const ag_action_spec *a = continuous(context, index);
    return a ? a->name : NULL;
}

static const char *no_name(void *context, int index)
{
    (void)context, (void)index;
    return NULL;
}

static void discrete_bounds(void *context, int index, int *low, int *high)
{
    const ag_action_spec *a = discrete(context, index);
    *low = a ? (int)a->low : 0;
    *high = a ? (int)a->high : 0;
}

static void continuous_bounds(void *context, int index, double *low, double *high)
{
    const ag_action_spec *a = continuous(context, index);
    *low = a ? a->low : 0;
    *high = a ? a->high : 0;
}

/* Nothing checks what comes: it is brought into range. */
static void act(export_context *c, int component, double value)
{
    const ag_action_spec *a = &c->spec.action[component];
    c->action[component] = value >= a->low ? fmin(value, a->high) : a->low;
}

static void act_discrete(void *context, const int actions[])
{
    export_context *c = context;
    for (int i = 0; i < c->discrete; i++)
        act(c, c->component[i], actions[i]);
}

static void act_continuous(void *context, const double actions[])
{
    export_context *c = context;
    for (int i = 0; i < c->continuous; i++)
        act(c, c->component[c->discrete + i], actions[i]);
}

static void act_text(void *context, const eca_text_action actions[])
{
    (void)context, (void)actions;
}

/* ---- observations ---- */

static int observation_count(void *context)
{
    return ((export_context *)context)->observations;
}

static const char *observation_name(void *context, int index)
{
    const export_context *c = context;
    return index >= 0 && index < c->observations ? c->observation[index].name : NULL;
}

static void observation_spec(void *context, int index, eca_observation_spec *out)
{
    export_describe(context, index, out);
}

static void observation(void *context, int index, eca_observation *out)
{
    export_observe(context, index, out);
}

static void no_event(void *context, int index, eca_event *out)
{
    (void)context, (void)index;
    *out = (eca_event){ .id = 0 };
}

/* ---- steps ---- */

static eca_status advance(void *context, int steps, double *reward)
{
    export_context *c = context;
    *reward = 0;
    c->held = -1;
    if (!c->running) {
        ag_fail(AG_EINVAL, "no episode runs; start one");
        note_failure(c);
        return ECA_ERROR;
    }
    for (int64_t i = 0; i < (int64_t)steps * c->repeat; i++) {
        env_outcome outcome = { .reward = 0 };
        if (c->class->step(c->state, c->action, &outcome) != AG_OK) {
            c->running = false;
            note_failure(c);
            return ECA_ERROR;
        }
        *reward += outcome.reward;
        c->running = !outcome.terminated && !outcome.truncated;
        if (!c->running)
            return outcome.terminated ? ECA_TERMINATED : ECA_INTERRUPTED;
    }
    return ECA_RUNNING;
}

int agena_lab_connect(eca_api *api, void **context)
{
    *context = ag_calloc(1, sizeof(export_context));
    if (!*context)
        return ENOMEM;
    *api = (eca_api){
        .setting = setting,
        .init = init,
        .start = start,
        .release_context = release_context,
        .error_message = error_message,
        .write_property = write_property,
        .read_property = read_property,
        .list_property = list_property,
        .environment_name = environment_name,
        .action_discrete_count = discrete_count,
        .action_continuous_count = continuous_count,
        .action_text_count = none,
        .action_discrete_name = discrete_name,
        .action_continuous_name = continuous_name,
        .action_text_name = no_name,
        .action_discrete_bounds = discrete_bounds,
        .action_continuous_bounds = continuous_bounds,
        .observation_count = observation_count,
        .observation_name = observation_name,
        .observation_spec = observation_spec,
        .event_type_count = none,
        .event_type_name = no_name,
        .observation = observation,
        .event_count = none,
        .event = no_event,
        .act_discrete = act_discrete,
        .act_continuous = act_continuous,
        .act_text = act_text,
        .advance = advance,
    };
    return 0;
}

int dmlab_connect(const dmlab_launch *launch, eca_api *api, void **context)
{
    (void)launch; /* our world needs no data files and has one renderer */
    return agena_lab_connect(api, context);
}
