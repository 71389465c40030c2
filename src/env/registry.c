/* The built-in environments by name. */
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "env/classic.h"
#include "env/env.h"

const env_class *const env_classes[] = {
    &env_cartpole, &env_gridworld, &env_reach, &env_spell, &env_lab, NULL,
};

static const char *entry(const env_class *class, int index, const char **summary)
{
    if (class->list)
        return class->list(index, summary);
    *summary = class->summary;
    return index == 0 ? class->name : NULL;
}

static int entries(const env_class *class)
{
    int count = 0;
    const char *summary;
    while (entry(class, count, &summary))
        count++;
    return count;
}

/* The index-th of all names; NULL past the end. */
static const char *find(int index, const char **summary)
{
    for (int c = 0; index >= 0 && env_classes[c]; c++) {
        int count = entries(env_classes[c]);
        if (index < count)
            return entry(env_classes[c], index, summary);
        index -= count;
    }
    return NULL;
}

int ag_env_count(void)
{
    int count = 0;
    for (int c = 0; env_classes[c]; c++)
        count += entries(env_classes[c]);
    return count;
}

const char *ag_env_name(int index)
{
    const char *summary;
    return find(index, &summary);
}

const char *ag_env_summary(int index)
{
    const char *summary;
    return find(index, &summary) ? summary : NULL;
}

const env_class *env_class_of(const char *name)
{
    for (int c = 0; env_classes[c]; c++) {
        const char *known, *summary;
        for (int i = 0; (known = entry(env_classes[c], i, &summary)); i++) {
            if (strcmp(known, name) == 0)
                return env_classes[c];
        }
    }
    return NULL;
}

/* All classes: "classic/cartpole, ..., lab/... (32), ". */
static void describe(char *text, size_t size)
{
    size_t used = 0;
    for (int c = 0; env_classes[c] && used < size; c++) {
        const env_class *class = env_classes[c];
        int length = class->list ? snprintf(text + used, size - used, "%s... (%d), ", class->name,
                                            entries(class))
                                 : snprintf(text + used, size - used, "%s, ", class->name);
        used += length > 0 ? (size_t)length : 0;
    }
}

int env_unknown(const char *name)
{
    char known[512] = "";
    describe(known, sizeof known);
    base_suggestion meant = base_suggest_begin(name);
    for (int i = 0; i < ag_env_count(); i++)
        base_suggest_offer(&meant, ag_env_name(i));
    return ag_fail(AG_ENOTFOUND,
                   "there is no environment '%.100s'%s%s%s; there are %splugin:FILE.so and gym:ID",
                   name, meant.best ? "; did you mean '" : "", meant.best ? meant.best : "",
                   meant.best ? "'" : "", known);
}
