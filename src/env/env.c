/* The public face of a batch of environments: opens by name, checks what callers give, and keeps
 * which episodes run. */
#include <math.h>
#include <string.h>

#include "env/driver.h"

enum { MOST_ENVIRONMENTS = 1 << 16, MOST_REPEATS = 1000, MOST_PIXELS = 1 << 14 };

struct ag_env {
    char *name;
    ag_env_options options;
    ag_env_spec spec;
    env_opened opened;
    uint8_t *running;                /* [batch] an episode has begun and not ended */
    float *reward;                   /* [batch] where the caller does not want them */
    uint8_t *terminated, *truncated; /* [batch] */
};

static int check_options(ag_env_options *o)
{
    if (o->batch < 1 || o->batch > MOST_ENVIRONMENTS)
        return ag_fail(AG_EINVAL, "a batch has 1 to %d environments, not %d", MOST_ENVIRONMENTS,
                       o->batch);
    if (o->threads < 0)
        return ag_fail(AG_EINVAL, "%d threads; 0 stands for all processors", o->threads);
    if (o->action_repeat < 0 || o->action_repeat > MOST_REPEATS)
        return ag_fail(AG_EINVAL, "an action is repeated 1 to %d times, not %d", MOST_REPEATS,
                       o->action_repeat);
    if (o->width < 0 || o->height < 0 || o->width > MOST_PIXELS || o->height > MOST_PIXELS)
        return ag_fail(AG_EINVAL, "pictures have at most %d pixels a side, not %d by %d",
                       MOST_PIXELS, o->width, o->height);
    if (o->threads == 0)
        o->threads = ag_cpu_count();
    if (o->action_repeat == 0)
        o->action_repeat = 1;
    return AG_OK;
}

static const char *after(const char *name, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(name, prefix, length) == 0 ? name + length : NULL;
}

static int open_by_name(ag_env *env)
{
    const char *rest = after(env->name, "plugin:");
    if (rest)
        return env_plugin_open(rest, &env->spec, &env->options, &env->opened);
    if ((rest = after(env->name, "gym:")))
        return env_gym_open(rest, &env->spec, &env->options, &env->opened);
    const env_class *class = env_class_of(env->name);
    return env_built_in_open(class, env->name, &env->spec, &env->options, &env->opened);
}

static int prepare(ag_env *env, const char *name)
{
    env->name = ag_strdup(name);
    size_t batch = (size_t)env->options.batch;
    env->running = ag_calloc(batch, 1);
    env->reward = ag_calloc(batch, sizeof *env->reward);
    env->terminated = ag_calloc(batch, 1);
    env->truncated = ag_calloc(batch, 1);
    if (!env->name || !env->running || !env->reward || !env->terminated || !env->truncated)
        return AG_ENOMEM;
    return open_by_name(env);
}

int ag_env_open(const char *name, const ag_env_options *options, ag_env **out)
{
    *out = NULL;
    if (!after(name, "plugin:") && !after(name, "gym:") && !env_class_of(name))
        return env_unknown(name);
    ag_env *env = ag_calloc(1, sizeof *env);
    if (!env)
        return AG_ENOMEM;
    env->options = options ? *options : (ag_env_options){ .batch = 1 };
    int code = check_options(&env->options);
    if (code == AG_OK)
        code = prepare(env, name);
    if (code != AG_OK) {
        ag_env_close(env);
        return ag_fail_context(code, "%.200s", name);
    }
    *out = env;
    return AG_OK;
}

void ag_env_close(ag_env *env)
{
    if (!env)
        return;
    if (env->opened.driver)
        env->opened.driver->close(env->opened.batch);
    ag_free(env->name);
    ag_free(env->running);
    ag_free(env->reward);
    ag_free(env->terminated);
    ag_free(env->truncated);
    ag_free(env);
}

const ag_env_spec *ag_env_specification(const ag_env *env)
{
    return &env->spec;
}

const ag_env_options *ag_env_configuration(const ag_env *env)
{
    return &env->options;
}

/* The caller's buffers, with our own in place of those not wanted. */
static ag_env_buffers all_buffers(ag_env *env, const ag_env_buffers *out)
{
    ag_env_buffers all = out ? *out : (ag_env_buffers){ .reward = NULL };
    if (!all.reward)
        all.reward = env->reward;
    if (!all.terminated)
        all.terminated = env->terminated;
    if (!all.truncated)
        all.truncated = env->truncated;
    return all;
}

int ag_env_reset(ag_env *env, const uint8_t *mask, const ag_env_buffers *out)
{
    ag_env_buffers buffers = all_buffers(env, out);
    int code = env->opened.driver->reset(env->opened.batch, mask, &buffers);
    for (int i = 0; i < env->options.batch; i++) {
        if (!mask || mask[i])
            env->running[i] = code == AG_OK;
    }
    return code == AG_OK ? code : ag_fail_context(code, "%.200s", env->name);
}

static int check_index(const ag_env *env, int index)
{
    if (index < 0 || index >= env->options.batch)
        return ag_fail(AG_EINVAL, "%.200s: there is no environment %d in a batch of %d", env->name,
                       index, env->options.batch);
    return AG_OK;
}

int ag_env_seed(ag_env *env, int index, uint64_t seed)
{
    int code = check_index(env, index);
    return code == AG_OK ? env->opened.driver->seed(env->opened.batch, index, seed) : code;
}

static int refuse_action(const ag_env *env, int index, const ag_action_spec *a, double value)
{
    return ag_fail(AG_EINVAL, "%.200s: action %s of environment %d is %g, not %s from %g to %g",
                   env->name, a->name, index, value, a->continuous ? "a number" : "a whole number",
                   a->low, a->high);
}

static int check_step(const ag_env *env, const double *actions)
{
    for (int i = 0; i < env->options.batch; i++) {
        if (!env->running[i])
            return ag_fail(AG_EINVAL,
                           "%.200s: environment %d of the batch has no episode; reset it first",
                           env->name, i);
        for (int k = 0; k < env->spec.actions; k++) {
            const ag_action_spec *a = &env->spec.action[k];
            double value = *actions++;
            bool good = value >= a->low && value <= a->high && isfinite(value);
            if (!good || (!a->continuous && value != floor(value)))
                return refuse_action(env, i, a, value);
        }
    }
    return AG_OK;
}

int ag_env_say(ag_env *env, int index, int action, const char *text, size_t length)
{
    int code = check_index(env, index);
    if (code != AG_OK)
        return code;
    if (action < 0 || action >= env->spec.text_actions)
        return ag_fail(AG_EINVAL, "%.200s: there is no text action %d; it has %d", env->name,
                       action, env->spec.text_actions);
    if (length > AG_ENV_MAX_TEXT || (length && memchr(text, 0, length)))
        return ag_fail(AG_EINVAL,
                       "%.200s: text action %s has at most %d bytes, none of them zero; this one "
                       "has %zu",
                       env->name, env->spec.text_action[action], AG_ENV_MAX_TEXT, length);
    code = env->opened.driver->say(env->opened.batch, index, action, text, length);
    return code == AG_OK ? code : ag_fail_context(code, "%.200s", env->name);
}

int ag_env_step(ag_env *env, const double *actions, const ag_env_buffers *out)
{
    int code = check_step(env, actions);
    if (code != AG_OK)
        return code;
    ag_env_buffers buffers = all_buffers(env, out);
    code = env->opened.driver->step(env->opened.batch, actions, &buffers);
    for (int i = 0; i < env->options.batch; i++) {
        bool ended = buffers.terminated[i] || buffers.truncated[i];
        env->running[i] = code == AG_OK && (!ended || env->options.auto_reset);
    }
    return code == AG_OK ? code : ag_fail_context(code, "%.200s", env->name);
}

int ag_env_render(ag_env *env, int index, const uint8_t **rgb, int *width, int *height)
{
    int code = check_index(env, index);
    if (code != AG_OK)
        return code;
    code = env->opened.driver->render(env->opened.batch, index, rgb, width, height);
    return code == AG_OK ? code : ag_fail_context(code, "%.200s", env->name);
}
