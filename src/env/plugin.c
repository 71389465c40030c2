/* "plugin:FILE.so[:connect_symbol][?key=value&...]": loads the library and connects a context for
 * each environment of the batch. Settings go to the plug-in before init, but for those of ours:
 * agena.observations, agena.pad, agena.text, agena.parallel, and for DeepMind Lab runfiles_path,
 * renderer and temp_folder. */
#include "env/plugin.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

enum { MOST_PADDING = 1 << 24, MOST_TEXT_BYTES = 1 << 20 };

static const char DMLAB[] = "dmlab_connect", OWN[] = "agena_lab_connect";

/* One plug-in being opened. */
typedef struct {
    env_settings settings;
    plugin_shared *shared;
    void *connect; /* its function */
    bool dmlab;
    dmlab_launch launch;
    char folder[PATH_MAX]; /* the library's */
    plugin_choice choice;
    int parallel;
    const ag_env_options *options;
    ag_env_spec *spec;
} opening;

static const env_class serial_class = {
    .name = "plugin:",
    .share = INT_MAX,
    .close = plugin_close,
    .episode = plugin_episode,
    .step = plugin_step,
    .observe = plugin_observe,
    .say = plugin_say,
};

static const env_class parallel_class = {
    .name = "plugin:",
    .share = 1,
    .close = plugin_close,
    .episode = plugin_episode,
    .step = plugin_step,
    .observe = plugin_observe,
    .say = plugin_say,
};

/* The symbol, if it is the library's own and not one of a library that it uses (libc has a
 * `connect` as well). */
static void *own_symbol(void *library, const char *name)
{
    void *symbol = dlsym(library, name);
    struct link_map *map;
    Dl_info where;
    if (!symbol || dlinfo(library, RTLD_DI_LINKMAP, &map) || !dladdr(symbol, &where) ||
        strcmp(where.dli_fname, map->l_name) != 0)
        return NULL;
    return symbol;
}

static int find_connect(opening *o)
{
    const char *symbol = o->settings.symbol;
    void *library = o->shared->library;
    o->connect = own_symbol(library, *symbol ? symbol : OWN);
    o->dmlab = strcmp(symbol, DMLAB) == 0;
    if (!o->connect && !*symbol) {
        o->connect = own_symbol(library, DMLAB);
        o->dmlab = true;
    }
    if (o->connect)
        return AG_OK;
    if (*symbol)
        return ag_fail(AG_ENOTFOUND, "the library has no function %.100s", symbol);
    return ag_fail(AG_ENOTFOUND,
                   "the library has neither %s nor %s; name its connect function after a colon",
                   OWN, DMLAB);
}

static int find_folder(opening *o)
{
    struct link_map *map;
    if (dlinfo(o->shared->library, RTLD_DI_LINKMAP, &map) ||
        strlen(map->l_name) >= sizeof o->folder)
        return ag_fail(AG_EIO, "the library's folder cannot be found");
    strcpy(o->folder, map->l_name);
    char *slash = strrchr(o->folder, '/');
    if (slash)
        *slash = '\0';
    return AG_OK;
}

static int load(opening *o)
{
    o->shared = ag_calloc(1, sizeof *o->shared);
    if (!o->shared)
        return AG_ENOMEM;
    o->shared->users = 1; /* this function's caller */
    int code = ag_arena_new(&o->shared->arena);
    if (code != AG_OK)
        return code;
    o->shared->library = dlopen(o->settings.target, RTLD_NOW | RTLD_LOCAL);
    if (!o->shared->library)
        return ag_fail(AG_ENOTFOUND, "it cannot be loaded: %.600s%s", dlerror(),
                       strchr(o->settings.target, '/') ? "" : "; a file in this folder is ./FILE");
    code = find_connect(o);
    return code == AG_OK ? find_folder(o) : code;
}

static int read_own_settings(opening *o)
{
    env_settings *s = &o->settings;
    o->choice.names = env_settings_take(s, "agena.observations");
    int code = env_settings_take_int(s, "agena.pad", 1, MOST_PADDING, 0, &o->choice.pad);
    if (code == AG_OK)
        code = env_settings_take_int(s, "agena.text", 2, MOST_TEXT_BYTES, PLUGIN_TEXT_BYTES,
                                     &o->choice.text_bytes);
    if (code == AG_OK)
        code = env_settings_take_int(s, "agena.parallel", 0, 1, 0, &o->parallel);
    if (code != AG_OK || !o->dmlab)
        return code;
    const char *path = env_settings_take(s, "runfiles_path");
    const char *renderer = env_settings_take(s, "renderer");
    if (renderer && strcmp(renderer, "hardware") != 0 && strcmp(renderer, "software") != 0)
        return ag_fail(AG_EINVAL, "setting renderer is '%.40s', not software or hardware",
                       renderer);
    o->launch = (dmlab_launch){
        .runfiles_path = path ? path : o->folder,
        .renderer = renderer && *renderer == 'h' ? DMLAB_HARDWARE : DMLAB_SOFTWARE,
        .optional_temp_folder = env_settings_take(s, "temp_folder"),
    };
    return AG_OK;
}

static int check_api(const eca_api *api)
{
    if (!api->setting || !api->init || !api->start || !api->release_context || !api->advance ||
        !api->observation || !api->observation_count || !api->observation_name ||
        !api->observation_spec)
        return ag_fail(AG_EFORMAT, "the plug-in leaves out functions that every environment has");
    return AG_OK;
}

static int connect_env(const opening *o, plugin_env *e)
{
    int code = o->dmlab ? ((dmlab_connect_fn)o->connect)(&o->launch, &e->api, &e->context)
                        : ((eca_connect)o->connect)(&e->api, &e->context);
    if (code != 0)
        return ag_fail(AG_EIO, "the plug-in refuses to connect (%d)%s", code,
                       o->dmlab ? "; DeepMind Lab's connects once a process, for a batch of 1"
                                : "");
    e->connected = true;
    return check_api(&e->api);
}

static int set(const plugin_env *e, const char *key, const char *value)
{
    if (e->api.setting(e->context, key, value) == 0)
        return AG_OK;
    plugin_failure(e, "refused");
    return ag_fail_context(AG_EINVAL, "setting %.80s=%.80s", key, value);
}

static int set_number(const plugin_env *e, const char *key, int value)
{
    if (value == 0)
        return AG_OK;
    char text[16];
    snprintf(text, sizeof text, "%d", value);
    return set(e, key, text);
}

static int set_all(const opening *o, const plugin_env *e)
{
    int code = set_number(e, "width", o->options->width);
    if (code == AG_OK)
        code = set_number(e, "height", o->options->height);
    for (int i = 0; i < o->settings.count && code == AG_OK; i++) {
        const env_setting *s = &o->settings.list[i];
        if (!s->taken)
            code = set(e, s->key, s->value);
    }
    return code;
}

/* Specifications are the first context's; the others are of the same library and settings. */
static int begin(opening *o, plugin_env *e, int index)
{
    int code = connect_env(o, e);
    if (code == AG_OK)
        code = set_all(o, e);
    if (code == AG_OK && e->api.init(e->context) != 0)
        code = plugin_failure(e, "it does not start");
    if (code != AG_OK)
        return code;
    if (index == 0)
        return plugin_specify(e, &o->choice, o->options->seed, o->spec);
    int types = e->shared->event_types;
    e->events = types ? ag_calloc((size_t)types, sizeof(float)) : NULL;
    return types && !e->events ? AG_ENOMEM : AG_OK;
}

static int open_env(opening *o, int index, void **state)
{
    plugin_env *e = ag_calloc(1, sizeof *e);
    if (!e)
        return AG_ENOMEM;
    e->shared = o->shared;
    e->shared->users++;
    int code = begin(o, e, index);
    if (code != AG_OK) {
        plugin_close(e);
        return ag_fail_context(code, "environment %d of the batch", index);
    }
    *state = e;
    return AG_OK;
}

static int open_batch(opening *o, env_opened *out)
{
    int batch = o->options->batch;
    void **states = ag_calloc((size_t)batch, sizeof *states);
    if (!states)
        return AG_ENOMEM;
    int code = AG_OK, made = 0;
    while (made < batch && code == AG_OK) {
        code = open_env(o, made, &states[made]);
        made += code == AG_OK;
    }
    if (code == AG_OK)
        return env_each_open(o->parallel ? &parallel_class : &serial_class, states, o->spec,
                             o->options, out);
    for (int i = 0; i < made; i++)
        plugin_close(states[i]);
    ag_free(states);
    return code;
}

int env_plugin_open(const char *rest, ag_env_spec *spec, const ag_env_options *options,
                    env_opened *out)
{
    opening *o = ag_calloc(1, sizeof *o);
    if (!o)
        return AG_ENOMEM;
    o->options = options;
    o->spec = spec;
    int code = options->depth ? ag_fail(AG_EINVAL, "a plug-in's depth is an observation of its own")
                              : env_settings_parse(rest, true, &o->settings);
    if (code == AG_OK)
        code = load(o);
    if (code == AG_OK)
        code = read_own_settings(o);
    if (code == AG_OK)
        code = open_batch(o, out);
    plugin_release(o->shared);
    env_settings_free(&o->settings);
    ag_free(o);
    return code;
}
