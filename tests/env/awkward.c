/* A plug-in for tests, through EnvCApi: shapes of all kinds, texts, events, and with the setting
 * mode=... one thing that goes wrong or is absurd. */
#include "env/env_c_api.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 5, HEIGHT = 4, EPISODE = 10 };
enum { VECTOR, PICTURE, CUBE, TEXT, VARIES, SCALAR, OBSERVATIONS };

typedef struct {
    char mode[32], level[32], order[64];
    int width, starts, episode, seed, step, discrete[2];
    double continuous;
    double vector[3], varies[9];
    unsigned char bytes[512];
    char text[1100], heard[2][40];
    int shape[4], text_shape;
    const char *message;
} awkward;

static int is(const awkward *a, const char *mode)
{
    return strcmp(a->mode, mode) == 0;
}

static int setting(void *context, const char *key, const char *value)
{
    awkward *a = context;
    if (strcmp(key, "mode") == 0)
        snprintf(a->mode, sizeof a->mode, "%s", value);
    else if (strcmp(key, "level") == 0)
        snprintf(a->level, sizeof a->level, "%s", value);
    else if (strcmp(key, "width") == 0)
        a->width = atoi(value);
    else {
        a->message = "this key is unheard of";
        return 1;
    }
    return 0;
}

static int init(void *context)
{
    awkward *a = context;
    a->message = "the moon is not full";
    return is(a, "init");
}

static int start(void *context, int episode_id, int seed)
{
    awkward *a = context;
    a->message = "no level fits";
    a->starts++;
    if (is(a, "start") || (is(a, "eagain") && a->starts % 4 != 0) || is(a, "eagain_forever"))
        return is(a, "start") ? 7 : EAGAIN;
    a->episode = episode_id;
    a->seed = seed;
    a->step = 0;
    return 0;
}

/* A context is released once, and nothing is asked of it afterwards: its memory is poisoned. */
static void release_context(void *context)
{
    memset(context, 0xA5, sizeof(awkward));
    free(context);
}

static const char *error_message(void *context)
{
    if (is(context, "speechless"))
        return NULL;
    return ((awkward *)context)->message;
}

/* With mode=changing, all counts and shapes are others as soon as an episode runs. */
static int changes(const awkward *a)
{
    return is(a, "changing") && a->step > 0;
}

static int discrete_count(void *context)
{
    return is(context, "many_actions") ? 65 : is(context, "minus_actions") ? -1 : 2;
}

static int continuous_count(void *context)
{
    (void)context;
    return 1;
}

static int text_count(void *context)
{
    return is(context, "many_texts") ? 9 : 2;
}

static const char *text_name(void *context, int index)
{
    (void)context;
    static const char *const names[] = { "SAY", "WRITE" };
    return index < 2 ? names[index] : "MORE";
}

static const char *discrete_name(void *context, int index)
{
    (void)context;
    static const char *const names[] = { "LOOK", "FIRE" };
    return index < 2 ? names[index] : "MORE";
}

static const char *continuous_name(void *context, int index)
{
    (void)index;
    return is(context, "no_name") ? NULL : "PUSH";
}

static void discrete_bounds(void *context, int index, int *low, int *high)
{
    *low = index == 0 ? -512 : 0;
    *high = index == 0 ? 512 : is(context, "bounds") ? -3 : 1;
}

static void continuous_bounds(void *context, int index, double *low, double *high)
{
    (void)context, (void)index;
    *low = -1;
    *high = 2.5;
}

static int observation_count(void *context)
{
    return is(context, "minus_observations") ? -5
           : is(context, "million")          ? 1000000
           : is(context, "many")             ? 40
           : changes(context)                ? 0
                                             : OBSERVATIONS;
}

static const char *observation_name(void *context, int index)
{
    (void)context;
    static const char *const names[] = { "VECTOR", "PICTURE", "CUBE", "TEXT", "VARIES", "SCALAR" };
    return index < OBSERVATIONS ? names[index] : "MORE";
}

static eca_observation_spec shaped(awkward *a, eca_observation_type type, int dims, int x, int y,
                                   int z, int w)
{
    const int shape[] = { x, y, z, w };
    memcpy(a->shape, shape, sizeof shape);
    return (eca_observation_spec){ type, dims, a->shape };
}

static void observation_spec(void *context, int index, eca_observation_spec *out)
{
    awkward *a = context;
    switch (index) {
    case PICTURE:
        *out = shaped(a, ECA_BYTES, 3, HEIGHT, a->width ? a->width : WIDTH, 3, 0);
        break;
    case CUBE:
        *out = shaped(a, ECA_BYTES, 4, 2, 3, 4, 5);
        break;
    case TEXT:
        *out = shaped(a, ECA_STRING, 1, 0, 0, 0, 0);
        break;
    case VARIES:
        *out = (eca_observation_spec){ ECA_DOUBLES, 0, NULL };
        break;
    case SCALAR:
        *out = (eca_observation_spec){ ECA_BYTES, 0, NULL };
        break;
    default:
        *out = shaped(a, ECA_DOUBLES, 1, 3, 0, 0, 0);
    }
    if (index != VECTOR)
        return;
    if (changes(a))
        *out = shaped(a, ECA_DOUBLES, 4, 1, 1, 1, 3);
    if (is(a, "many_axes") && a->step)
        out->dims = 1 << 30;
    if (is(a, "minus_axis") && a->step)
        *out = shaped(a, ECA_DOUBLES, 1, -3, 0, 0, 0);
    if (is(a, "overflow") && a->step)
        *out = shaped(a, ECA_DOUBLES, 4, 1 << 30, 1 << 30, 1 << 30, 1 << 30);
    if (is(a, "type"))
        out->type = (eca_observation_type)9;
    if (is(a, "dims"))
        out->dims = 1 << 30;
    if (is(a, "null_shape"))
        out->shape = NULL;
    if (is(a, "minus_shape"))
        *out = shaped(a, ECA_BYTES, 2, 3, -4, 0, 0);
    if (is(a, "huge_shape"))
        *out = shaped(a, ECA_BYTES, 4, 1 << 30, 1 << 30, 1 << 30, 1 << 30);
}

static int event_type_count(void *context)
{
    return is(context, "million_events") ? 1000000 : changes(context) ? 1 : 3;
}

static const char *event_type_name(void *context, int type)
{
    (void)context, (void)type;
    return "EVENT";
}

static void observe_text(awkward *a, eca_observation *out)
{
    int length = snprintf(a->text, sizeof a->text, "%s %d: ", a->level, a->step);
    if (is(a, "echo"))
        length = snprintf(a->text, sizeof a->text, "%s|%s", a->heard[0], a->heard[1]);
    /* Grows by two bytes a character: "é". */
    while (a->step >= 5 && length < 1000 && !is(a, "echo"))
        length += snprintf(a->text + length, sizeof a->text - (size_t)length, "é");
    a->text_shape = length;
    out->spec = (eca_observation_spec){ ECA_STRING, 1, &a->text_shape };
    out->payload.string = a->text;
}

/* 2 x 2 at first, with mode=grow 3 x 3 from the third step on. */
static void observe_varies(awkward *a, eca_observation *out)
{
    int side = is(a, "grow") && a->step >= 3 ? 3 : 2;
    out->spec = shaped(a, ECA_DOUBLES, 2, side, side, 0, 0);
    for (int i = 0; i < side * side; i++)
        a->varies[i] = a->step + 0.25 * i;
    out->payload.doubles = a->varies;
}

static void observation(void *context, int index, eca_observation *out)
{
    awkward *a = context;
    observation_spec(context, index, &out->spec);
    switch (index) {
    case TEXT:
        observe_text(a, out);
        return;
    case VARIES:
        observe_varies(a, out);
        return;
    case VECTOR:
        a->vector[0] = a->seed;
        a->vector[1] = a->step;
        a->vector[2] = a->discrete[0] + 1000 * a->discrete[1] + a->continuous;
        out->payload.doubles = is(a, "null_payload") && a->step ? NULL : a->vector;
        if (is(a, "other_type") && a->step)
            out->spec.type = ECA_BYTES;
        return;
    default:
        memset(a->bytes, a->step + index, sizeof a->bytes);
        out->payload.bytes = a->bytes;
    }
}

/* None at the start; then one of type 0 and two of type 2. */
static int event_count(void *context)
{
    const awkward *a = context;
    if (is(a, "flood") && a->step)
        return 1 << 30;
    return is(a, "minus_events") && a->step ? -1 : a->step > 0 ? 3 : 0;
}

static void event(void *context, int index, eca_event *out)
{
    *out = (eca_event){ .id = is(context, "event") ? 3 : index == 0 ? 0 : 2 };
}

static void act_discrete(void *context, const int actions[])
{
    memcpy(((awkward *)context)->discrete, actions, 2 * sizeof *actions);
}

static void act_continuous(void *context, const double actions[])
{
    ((awkward *)context)->continuous = actions[0];
}

/* The length is told, and a zero stands behind. */
static void act_text(void *context, const eca_text_action actions[])
{
    awkward *a = context;
    for (int i = 0; i < 2; i++)
        snprintf(a->heard[i], sizeof a->heard[i], "%.30s %d", actions[i].data,
                 (int)(actions[i].length - strlen(actions[i].data)));
}

static eca_status advance(void *context, int steps, double *reward)
{
    awkward *a = context;
    a->message = "the cable is unplugged";
    a->step += steps;
    *reward = is(a, "nan") ? NAN : 0.5 * a->step;
    if (a->step == 3 && is(a, "status"))
        return (eca_status)42;
    if (a->step == 3 && (is(a, "advance") || is(a, "speechless")))
        return ECA_ERROR;
    if (a->step >= EPISODE)
        return is(a, "interrupt") ? ECA_INTERRUPTED : ECA_TERMINATED;
    return ECA_RUNNING;
}

__attribute__((visibility("default"))) int awkward_connect(eca_api *api, void **context);
__attribute__((visibility("default"))) int hollow_connect(eca_api *api, void **context);
__attribute__((visibility("default"))) int closed_connect(eca_api *api, void **context);

int awkward_connect(eca_api *api, void **context)
{
    *context = calloc(1, sizeof(awkward));
    *api = (eca_api){
        .setting = setting,
        .init = init,
        .start = start,
        .release_context = release_context,
        .error_message = error_message,
        .action_discrete_count = discrete_count,
        .action_continuous_count = continuous_count,
        .action_text_count = text_count,
        .action_discrete_name = discrete_name,
        .action_continuous_name = continuous_name,
        .action_text_name = text_name,
        .action_discrete_bounds = discrete_bounds,
        .action_continuous_bounds = continuous_bounds,
        .observation_count = observation_count,
        .observation_name = observation_name,
        .observation_spec = observation_spec,
        .event_type_count = event_type_count,
        .event_type_name = event_type_name,
        .observation = observation,
        .event_count = event_count,
        .event = event,
        .act_discrete = act_discrete,
        .act_continuous = act_continuous,
        .act_text = act_text,
        .advance = advance,
    };
    return *context ? 0 : ENOMEM;
}

/* Leaves functions out. */
int hollow_connect(eca_api *api, void **context)
{
    int code = awkward_connect(api, context);
    api->advance = NULL;
    return code;
}

int closed_connect(eca_api *api, void **context)
{
    (void)api, (void)context;
    return 13;
}
