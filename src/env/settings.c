/* Takes names with settings apart. */
#include "env/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c - 'A' + 10;
}

/* Undo %XX in place. */
static int decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++, to++) {
        *to = *from;
        if (*from != '%')
            continue;
        if (!isxdigit((unsigned char)from[1]) || !isxdigit((unsigned char)from[2]) ||
            (from[1] == '0' && from[2] == '0'))
            return ag_fail(AG_EINVAL, "'%.40s' begins with no %%XX that stands for a byte", from);
        *to = (char)(digit(from[1]) * 16 + digit(from[2]));
        from += 2;
    }
    *to = '\0';
    return AG_OK;
}

static bool is_identifier(const char *text)
{
    if (!isalpha((unsigned char)*text) && *text != '_')
        return false;
    while (isalnum((unsigned char)*text) || *text == '_')
        text++;
    return !*text;
}

static int add_setting(env_settings *s, char *text)
{
    char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return ag_fail(AG_EINVAL, "setting '%.80s' is not key=value", text);
    *equals = '\0';
    s->list[s->count++] = (env_setting){ .key = text, .value = equals + 1 };
    int code = decode(equals + 1);
    return code == AG_OK ? decode(text) : code;
}

/* How many pieces '&' makes of a text. */
static int pieces(const char *text)
{
    int count = 1;
    for (; *text; text++)
        count += *text == '&';
    return count;
}

static int parse_list(env_settings *s, char *text)
{
    int count = pieces(text);
    if (count > ENV_MOST_SETTINGS)
        return ag_fail(AG_EINVAL, "%d settings; %d are the most", count, ENV_MOST_SETTINGS);
    s->list = ag_calloc((size_t)count, sizeof *s->list);
    if (!s->list)
        return AG_ENOMEM;
    for (char *next; text; text = next) {
        next = strchr(text, '&');
        if (next)
            *next++ = '\0';
        int code = add_setting(s, text);
        if (code != AG_OK)
            return code;
    }
    return AG_OK;
}

int env_settings_parse(const char *name, bool symbol, env_settings *out)
{
    *out = (env_settings){ .symbol = "" };
    out->text = ag_strdup(name);
    if (!out->text)
        return AG_ENOMEM;
    out->target = out->text;
    char *list = strchr(out->text, '?');
    if (list)
        *list++ = '\0';
    char *colon = symbol ? strrchr(out->text, ':') : NULL;
    if (colon && is_identifier(colon + 1)) {
        *colon = '\0';
        out->symbol = colon + 1;
    }
    if (!*out->target)
        return ag_fail(AG_EINVAL, "the name ends where that of a file or an environment should be");
    return list && *list ? parse_list(out, list) : AG_OK;
}

void env_settings_free(env_settings *settings)
{
    ag_free(settings->text);
    ag_free(settings->list);
    *settings = (env_settings){ .symbol = "" };
}

const char *env_settings_take(env_settings *settings, const char *key)
{
    const char *value = NULL;
    for (int i = 0; i < settings->count; i++) {
        if (strcmp(settings->list[i].key, key) == 0) {
            settings->list[i].taken = true;
            value = settings->list[i].value;
        }
    }
    return value;
}

int env_settings_take_int(env_settings *settings, const char *key, int low, int high, int usual,
                          int *out)
{
    const char *value = env_settings_take(settings, key);
    *out = usual;
    if (!value)
        return AG_OK;
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    if (errno || end == value || *end || number < low || number > high)
        return ag_fail(AG_EINVAL, "setting %s is '%.40s', not a whole number from %d to %d", key,
                       value, low, high);
    *out = (int)number;
    return AG_OK;
}
