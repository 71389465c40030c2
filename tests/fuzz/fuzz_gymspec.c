/* Fuzz target of what a bridge to Gymnasium tells of its environments: what is believed is within
 * the bounds that a specification has, and no failing allocation does harm. */
#include "env/gym.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
    if (!good)
        abort();
}

static void check(const ag_env_spec *spec)
{
    require(spec->observations >= 1 && spec->observations <= AG_ENV_MAX_OBSERVATIONS);
    for (int i = 0; i < spec->observations; i++) {
        const ag_observation_spec *o = &spec->observation[i];
        size_t elements = 1;
        require(*o->name && o->rank >= 1 && o->rank <= AG_ENV_MAX_RANK);
        for (int k = 0; k < o->rank; k++) {
            require(o->shape[k] >= 1);
            elements *= (size_t)o->shape[k];
        }
        require(o->bytes == elements * (o->type == AG_OBSERVE_FLOATS ? 4 : 1));
        require(o->bytes <= (size_t)1 << 30);
    }
    require(spec->actions >= 0 && spec->actions <= AG_ENV_MAX_ACTIONS);
    for (int i = 0; i < spec->actions; i++)
        require(*spec->action[i].name && spec->action[i].low <= spec->action[i].high);
    require(gym_same_spec(spec, spec) == AG_OK);
}

static int believe(const char *line)
{
    ag_env_spec spec = { .observations = 0 };
    ag_arena *arena;
    int code = ag_arena_new(&arena);
    if (code != AG_OK)
        return code;
    code = gym_read_spec(line, arena, &spec);
    if (code == AG_OK)
        check(&spec);
    ag_arena_free(arena);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = malloc(size + 1);
    if (!line)
        return 0;
    memcpy(line, data, size);
    line[size] = '\0';
    int code = believe(line);
    for (uint64_t n = 1; n <= 3; n++) {
        ag_alloc_fail_at(n);
        int again = believe(line);
        ag_alloc_fail_at(0);
        require(again == code || again == AG_ENOMEM);
    }
    free(line);
    return 0;
}
