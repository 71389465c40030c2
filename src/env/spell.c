/* classic/spell: type a word that an instruction names; a text observation and an action of two
 * discrete components. */
#include <stdio.h>
#include <string.h>

#include "env/classic.h"

enum { TEXT_BYTES = 16, LONGEST = 40 };

static const char *const words[] = { "agent", "Lemon", "goal", "Maze", "key", "Apple" };
enum { WORDS = sizeof words / sizeof words[0] };

typedef struct {
    const char *word;
    int typed, steps; /* letters typed, all of them right */
} spell;

static int specify(const char *name, const ag_env_options *options, ag_env_spec *spec)
{
    (void)name;
    if (options->width || options->height || options->depth)
        return ag_fail(AG_EINVAL, "its observation is no picture, whose size could be chosen");
    env_observe(spec, "INSTR", AG_OBSERVE_TEXT, 1, (const int[]){ TEXT_BYTES });
    env_observe(spec, "typed", AG_OBSERVE_BYTES, 1, (const int[]){ 1 });
    env_act(spec, "letter", false, 0, 25);
    env_act(spec, "shift", false, 0, 1);
    return AG_OK;
}

static int open_spell(const char *name, const ag_env_options *options, void **state)
{
    (void)name, (void)options;
    *state = ag_calloc(1, sizeof(spell));
    return *state ? AG_OK : AG_ENOMEM;
}

static int episode(void *state, uint64_t seed, uint64_t number)
{
    ag_rng rng;
    ag_rng_init(&rng, seed, AG_PURPOSE_EPISODE, number);
    *(spell *)state = (spell){ .word = words[ag_rng_below(&rng, WORDS)] };
    return AG_OK;
}

static int step(void *state, const double *action, env_outcome *out)
{
    spell *s = state;
    int letter = (action[1] > 0 ? 'A' : 'a') + (int)action[0];
    bool right = letter == s->word[s->typed];
    s->typed += right;
    s->steps++;
    out->reward = right ? 1 : 0;
    out->terminated = !s->word[s->typed];
    out->truncated = !out->terminated && s->steps >= LONGEST;
    return AG_OK;
}

static int observe(void *state, int observation, void *out)
{
    const spell *s = state;
    if (observation == 0) {
        memset(out, 0, TEXT_BYTES);
        snprintf(out, TEXT_BYTES, "type %s", s->word);
    } else {
        *(uint8_t *)out = (uint8_t)s->typed;
    }
    return AG_OK;
}

const env_class env_spell = {
    .name = "classic/spell",
    .summary = "type the word that the instruction names (text, two discrete actions)",
    .share = 64,
    .specify = specify,
    .open = open_spell,
    .close = ag_free,
    .episode = episode,
    .step = step,
    .observe = observe,
};
