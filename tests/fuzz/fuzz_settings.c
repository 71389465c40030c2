/* Fuzz target of names with settings: what is taken apart lies within the copy of the name, and no
 * failing allocation does harm. */
#include "env/settings.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(env_settings *s, size_t size)
{
    if (!*s->target || strlen(s->target) + strlen(s->symbol) > size || s->count > ENV_MOST_SETTINGS)
        abort();
    for (int i = 0; i < s->count; i++) {
        const char *key = s->list[i].key, *end = s->text + size + 1;
        if (!*key || key < s->text || key + strlen(key) >= end ||
            s->list[i].value + strlen(s->list[i].value) >= end)
            abort();
        if (!env_settings_take(s, key) || !s->list[i].taken)
            abort();
        int value;
        int code = env_settings_take_int(s, key, -5, 300, 7, &value);
        if (code == AG_OK && (value < -5 || value > 300))
            abort();
    }
}

static int parse(const char *name, bool symbol, size_t size)
{
    env_settings s;
    int code = env_settings_parse(name, symbol, &s);
    if (code == AG_OK)
        check(&s, size);
    env_settings_free(&s);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *name = malloc(size + 1);
    if (!name)
        return 0;
    memcpy(name, data, size);
    name[size] = '\0';
    int code = parse(name, size % 2, size);
    for (uint64_t n = 1; n <= 2; n++) {
        ag_alloc_fail_at(n);
        int again = parse(name, size % 2, size);
        ag_alloc_fail_at(0);
        if (again != code && again != AG_ENOMEM)
            abort();
    }
    free(name);
    return 0;
}
