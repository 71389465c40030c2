/* Episodes, steps and observations of one environment of a plug-in. */
#include "env/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <time.h>

enum { MOST_STARTS = 1000, EAGER_STARTS = 100 };

int plugin_failure(const plugin_env *env, const char *what)
{
    const char *message = env->api.error_message ? env->api.error_message(env->context) : NULL;
    return ag_fail(AG_EIO, "%s: %.600s", what,
                   message && *message ? message : "the plug-in gives no reason");
}

void plugin_release(plugin_shared *shared)
{
    if (!shared || --shared->users > 0)
        return;
    if (shared->library)
        dlclose(shared->library);
    if (shared->arena)
        ag_arena_free(shared->arena);
    ag_free(shared);
}

void plugin_close(void *state)
{
    plugin_env *e = state;
    if (e->connected && e->api.release_context)
        e->api.release_context(e->context);
    plugin_release(e->shared);
    for (int i = 0; i < AG_ENV_MAX_TEXT_ACTIONS; i++)
        ag_free(e->text[i]);
    ag_free(e->events);
    ag_free(e);
}

/* Count what happened since the last move. */
static int read_events(plugin_env *e)
{
    int types = e->shared->event_types;
    if (types == 0)
        return AG_OK;
    int count = e->api.event_count(e->context);
    if (count < 0 || count > PLUGIN_MOST_EVENTS)
        return ag_fail(AG_EFORMAT, "the plug-in tells of %d events; 0 to %d are believed", count,
                       PLUGIN_MOST_EVENTS);
    for (int i = 0; i < count; i++) {
        eca_event event = { .id = -1 };
        e->api.event(e->context, i, &event);
        if (event.id < 0 || event.id >= types)
            return ag_fail(AG_EFORMAT, "event %d is of type %d, and the plug-in has %d types", i,
                           event.id, types);
        e->events[event.id]++;
    }
    return AG_OK;
}

/* A plug-in that says EAGAIN is asked again, at first at once, then every millisecond. */
static int start(plugin_env *e, int episode, int seed)
{
    int code = EAGAIN;
    for (int i = 0; i < MOST_STARTS && code == EAGAIN; i++) {
        if (i >= EAGER_STARTS)
            nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
        code = e->api.start(e->context, episode, seed);
    }
    if (code == EAGAIN)
        return ag_fail(AG_EIO,
                       "episode %d does not start: the plug-in asked %d times to be called "
                       "again",
                       episode, MOST_STARTS);
    return code == 0 ? AG_OK : plugin_failure(e, "the episode does not start");
}

int plugin_seed(uint64_t seed, uint64_t episode)
{
    ag_rng rng;
    ag_rng_init(&rng, seed, AG_PURPOSE_EPISODE, episode);
    return (int)(ag_rng_u32(&rng) & INT32_MAX);
}

int plugin_episode(void *state, uint64_t seed, uint64_t episode)
{
    plugin_env *e = state;
    e->running = false;
    int code = start(e, (int)(episode & INT32_MAX), plugin_seed(seed, episode));
    if (code != AG_OK)
        return code;
    e->running = true;
    for (int i = 0; i < AG_ENV_MAX_TEXT_ACTIONS; i++)
        e->said[i] = (eca_text_action){ .data = "" };
    if (e->shared->event_types)
        memset(e->events, 0, (size_t)e->shared->event_types * sizeof *e->events);
    return read_events(e);
}

static void act(plugin_env *e, const double *action)
{
    const plugin_shared *s = e->shared;
    for (int i = 0; i < s->discrete; i++)
        e->discrete[i] = (int)action[i];
    for (int i = 0; i < s->continuous; i++)
        e->continuous[i] = action[s->discrete + i];
    if (s->discrete)
        e->api.act_discrete(e->context, e->discrete);
    if (s->continuous)
        e->api.act_continuous(e->context, e->continuous);
    if (s->texts)
        e->api.act_text(e->context, e->said);
}

int plugin_say(void *state, int action, const char *text, size_t length)
{
    plugin_env *e = state;
    char *copy = ag_realloc(e->text[action], length + 1);
    if (!copy)
        return AG_ENOMEM;
    if (length)
        memcpy(copy, text, length);
    copy[length] = '\0';
    e->text[action] = copy;
    e->said[action] = (eca_text_action){ copy, length };
    return AG_OK;
}

int plugin_step(void *state, const double *action, env_outcome *out)
{
    plugin_env *e = state;
    act(e, action);
    if (e->shared->event_types)
        memset(e->events, 0, (size_t)e->shared->event_types * sizeof *e->events);
    eca_status status = e->api.advance(e->context, 1, &out->reward);
    e->running = status == ECA_RUNNING;
    switch (status) {
    case ECA_RUNNING:
        return read_events(e);
    case ECA_INTERRUPTED:
        out->truncated = true;
        return read_events(e);
    case ECA_TERMINATED:
        out->terminated = true;
        return read_events(e);
    case ECA_ERROR:
        return plugin_failure(e, "a step fails");
    }
    return ag_fail(AG_EFORMAT, "a step ends with the status %d, which does not exist", (int)status);
}

/* Elements of an observation, or -1 when its shape is absurd. */
static int64_t elements_of(const eca_observation *o)
{
    if (o->spec.dims < 0 || o->spec.dims > PLUGIN_MOST_COUNT || (o->spec.dims && !o->spec.shape))
        return -1;
    int64_t count = 1;
    for (int i = 0; i < o->spec.dims; i++) {
        if (o->spec.shape[i] < 0 || __builtin_mul_overflow(count, o->spec.shape[i], &count))
            return -1;
    }
    return count;
}

/* A text is cut before a character that does not fit, and filled up with zeros: one at least. */
static void copy_text(const char *text, int64_t length, char *out, int size)
{
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
    }
    size_t used = strnlen(text, (size_t)length);
    memcpy(out, text, used);
    memset(out + used, 0, (size_t)size - used);
}

static int copy(const eca_observation *o, const plugin_source *source, void *out)
{
    int64_t count = elements_of(o);
    if (o->spec.type != source->type || count < 0 || (count > 0 && !o->payload.bytes))
        return ag_fail(AG_EFORMAT, "observation %d comes with another type or an absurd shape",
                       source->index);
    if (source->type == ECA_STRING) {
        /* A text whose length is not told ends with a zero. */
        const char *text = o->payload.string ? o->payload.string : "";
        copy_text(text, o->spec.dims ? count : (int64_t)strlen(text), out, source->elements);
        return AG_OK;
    }
    if (count > source->elements || (count < source->elements && !source->padded))
        return ag_fail(AG_EFORMAT,
                       "observation %d has %lld elements, not %d; ?agena.pad=N fills shapes that "
                       "vary up to N elements",
                       source->index, (long long)count, source->elements);
    size_t given = (size_t)count, all = (size_t)source->elements;
    if (source->type == ECA_BYTES) {
        memcpy(out, o->payload.bytes, given);
        memset((uint8_t *)out + given, 0, all - given);
        return AG_OK;
    }
    float *values = out;
    for (size_t i = 0; i < given; i++)
        values[i] = (float)o->payload.doubles[i];
    memset(values + given, 0, (all - given) * sizeof *values);
    return AG_OK;
}

int plugin_observe(void *state, int observation, void *out)
{
    plugin_env *e = state;
    const plugin_source *source = &e->shared->source[observation];
    size_t size = source->type == ECA_DOUBLES ? sizeof(float) : 1;
    if (source->index < 0) {
        memcpy(out, e->events, (size_t)source->elements * size);
        return AG_OK;
    }
    if (!e->running) { /* an episode that has ended must not be asked */
        memset(out, 0, (size_t)source->elements * size);
        return AG_OK;
    }
    eca_observation o = { .payload.bytes = NULL };
    e->api.observation(e->context, source->index, &o);
    return copy(&o, source, out);
}
