/* Specifications of observations and actions, put together piece by piece. */
#include <math.h>

#include "env/env.h"

enum { MOST_BYTES = 1 << 30 };

void env_observe(ag_env_spec *spec, const char *name, ag_observation_type type, int rank,
                 const int *shape)
{
    ag_observation_spec *o = &spec->observation[spec->observations++];
    *o = (ag_observation_spec){ .name = name, .type = type, .rank = rank };
    bool bytes = type == AG_OBSERVE_IMAGE || type == AG_OBSERVE_BYTES;
    o->low = bytes ? 0 : -INFINITY;
    o->high = bytes ? 255 : INFINITY;
    for (int i = 0; i < rank; i++)
        o->shape[i] = shape[i];
}

void env_act(ag_env_spec *spec, const char *name, bool continuous, double low, double high)
{
    spec->action[spec->actions++] =
        (ag_action_spec){ .name = name, .continuous = continuous, .low = low, .high = high };
}

void env_act_text(ag_env_spec *spec, const char *name)
{
    spec->text_action[spec->text_actions++] = name;
}

static int measure(ag_observation_spec *o)
{
    size_t bytes = o->type == AG_OBSERVE_FLOATS ? sizeof(float) : 1;
    for (int i = 0; i < o->rank; i++) {
        if (o->shape[i] < 1)
            return ag_fail(AG_EINVAL, "observation %s has an axis of %d elements; 1 is the least",
                           o->name, o->shape[i]);
        if (__builtin_mul_overflow(bytes, (size_t)o->shape[i], &bytes) || bytes > MOST_BYTES)
            return ag_fail(AG_EINVAL, "observation %s is over the most of %d bytes", o->name,
                           MOST_BYTES);
    }
    o->bytes = bytes;
    return AG_OK;
}

int env_measure(ag_env_spec *spec)
{
    for (int i = 0; i < spec->observations; i++) {
        int code = measure(&spec->observation[i]);
        if (code != AG_OK)
            return code;
    }
    return AG_OK;
}
