/* Names with settings: "TARGET?key=value&key=value". */
#ifndef ENV_SETTINGS_H
#define ENV_SETTINGS_H

#include "agena/base.h"

enum { ENV_MOST_SETTINGS = 256 };

typedef struct {
    const char *key, *value;
    bool taken;
} env_setting;

typedef struct {
    char *text; /* what the others point into */
    const char *target;
    const char *symbol; /* after the target's last colon, "" if there is none */
    env_setting *list;
    int count;
} env_settings;

/* Take apart; %XX stands for a byte in keys and values. With `symbol`, a C identifier after the
 * last colon of the target is split off. AG_EINVAL: no target, a setting without a key or '=', a
 * bad escape, too many. Free it also after a failure. */
int env_settings_parse(const char *name, bool symbol, env_settings *out);
void env_settings_free(env_settings *settings);

/* The last value of a key, which is then taken; NULL if there is none. */
const char *env_settings_take(env_settings *settings, const char *key);
/* The same for a whole number in [low, high]; `usual` if there is none. */
int env_settings_take_int(env_settings *settings, const char *key, int low, int high, int usual,
                          int *out);

#endif
