/* WaveNet models: their weights, initial values and files. */
#include "agena/wavenet.h"

#include "base/recipe.h"
#include "wavenet/recipe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

int ag_wavenet_weights(const ag_wavenet_config *config, ag_tensors **out)
{
    *out = NULL;
    int status = ag_wavenet_check(config);
    if (status < 0) {
        return status;
    }
    int64_t hop = config->local_features ? config->hop : 1;
    int64_t rate = config->context.layers ? config->context_rate : 1;
    ag_graph *g = NULL;
    status = ag_graph_new(&g);
    if (status < 0) {
        return status;
    }
    ag_wavenet_nodes nodes;
    status = ag_wavenet_graph(config, 1, hop / gcd(hop, rate) * rate, 0, g, &nodes);
    if (status == 0) {
        status = ag_tensors_new(g, out);
    }
    ag_graph_free(g);
    return status;
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

void ag_wavenet_init(const ag_wavenet_config *config, ag_tensors *weights, uint64_t seed)
{
    float skip_gain = 1 / sqrtf((float)config->main.layers);
    for (int i = 0; i < ag_tensors_count(weights); i++) {
        const char *name = ag_tensors_name(weights, i);
        if (ends_with(name, ".bias")) {
            ag_init_zero(weights, i);
        } else if (strcmp(name, "speaker.weight") == 0 || strcmp(name, "language.weight") == 0) {
            ag_init_normal(weights, i, seed, 0.3f);
        } else if (strcmp(name, "input.weight") == 0 && config->input == AG_WAVENET_ONE_HOT) {
            ag_init_normal(weights, i, seed, 0.5f);
        } else {
            ag_init_xavier_uniform(weights, i, seed,
                                   ends_with(name, ".skip.weight") ? skip_gain : 1);
        }
    }
}

/* ---- files ---- */

static const char kind_key[] = "agena.kind", config_key[] = "agena.config",
                  steps_key[] = "agena.steps", speakers_key[] = "agena.speakers",
                  languages_key[] = "agena.languages";

/* Names are stored one a line. */
static char *join(char *const *names, int count)
{
    size_t size = 1;
    for (int i = 0; i < count; i++) {
        size += strlen(names[i]) + 1;
    }
    char *text = ag_calloc(size, 1);
    char *at = text;
    for (int i = 0; text && i < count; i++) {
        size_t n = strlen(names[i]);
        memcpy(at, names[i], n);
        at += n;
        *at++ = '\n';
    }
    return text;
}

static int split(const char *path, const char *key, const char *text, int count, char ***out)
{
    *out = count ? ag_calloc((size_t)count, sizeof(char *)) : NULL;
    if (count && !*out) {
        return AG_ENOMEM;
    }
    for (int i = 0; i < count; i++) {
        const char *end = text ? strchr(text, '\n') : NULL;
        if (!end || end == text) {
            return ag_fail(AG_EFORMAT, "%s: the metadata %s does not hold %d names", path, key,
                           count);
        }
        (*out)[i] = ag_format("%.*s", (int)(end - text), text);
        if (!(*out)[i]) {
            return AG_ENOMEM;
        }
        text = end + 1;
    }
    return 0;
}

static int load_config(const char *path, const ag_safetensors *f, ag_wavenet_config *config)
{
    const char *kind = ag_safetensors_meta(f, kind_key), *text = ag_safetensors_meta(f, config_key);
    if (!kind || strcmp(kind, "wavenet") != 0 || !text) {
        return ag_fail(AG_EFORMAT, "%s: not a WaveNet model: its metadata has no %s or no %s", path,
                       kind_key, config_key);
    }
    void *loaded = NULL;
    int status = ag_recipe_parse(text, strlen(text), path, &wn_config_schema, &loaded);
    if (status < 0) {
        return status;
    }
    *config = *(ag_wavenet_config *)loaded;
    ag_recipe_free(&wn_config_schema, loaded);
    status = ag_wavenet_check(config);
    return status < 0 ? ag_fail_context(status, "%s", path) : 0;
}

static int load_from(const char *path, const ag_safetensors *f, ag_wavenet *m)
{
    int status = load_config(path, f, &m->config);
    if (status < 0) {
        return status;
    }
    const char *steps = ag_safetensors_meta(f, steps_key);
    m->steps = steps ? strtoll(steps, NULL, 10) : 0;
    const char *speakers = ag_safetensors_meta(f, speakers_key);
    const char *languages = ag_safetensors_meta(f, languages_key);
    status = split(path, speakers_key, speakers, m->config.speakers, &m->speakers);
    if (status == 0) {
        status = split(path, languages_key, languages, m->config.languages, &m->languages);
    }
    if (status == 0) {
        status = ag_wavenet_weights(&m->config, &m->weights);
    }
    if (status == 0) {
        status = ag_safetensors_get(f, "", m->weights);
        status = status < 0 ? ag_fail_context(status, "%s", path) : 0;
    }
    return status;
}

int ag_wavenet_load(const char *path, ag_wavenet **out)
{
    *out = NULL;
    ag_safetensors *f = NULL;
    int status = ag_safetensors_load(path, &f);
    if (status < 0) {
        return status;
    }
    ag_wavenet *m = ag_calloc(1, sizeof *m);
    status = m ? load_from(path, f, m) : AG_ENOMEM;
    ag_safetensors_free(f);
    if (status < 0) {
        ag_wavenet_free(m);
        return status;
    }
    *out = m;
    return 0;
}

static int set_names(ag_safetensors *f, const char *key, char *const *names, int count)
{
    if (!count) {
        return 0;
    }
    char *text = join(names, count);
    int status = text ? ag_safetensors_set_meta(f, key, text) : AG_ENOMEM;
    ag_free(text);
    return status;
}

static int fill(const ag_wavenet *m, ag_safetensors *f)
{
    char steps[32], *config = NULL;
    snprintf(steps, sizeof steps, "%lld", (long long)m->steps);
    int status = ag_recipe_text(&wn_config_schema, &m->config, &config);
    if (status == 0) {
        status = ag_safetensors_set_meta(f, config_key, config);
    }
    ag_free(config);
    if (status == 0) {
        status = ag_safetensors_set_meta(f, kind_key, "wavenet");
    }
    if (status == 0) {
        status = ag_safetensors_set_meta(f, steps_key, steps);
    }
    if (status == 0) {
        status = set_names(f, speakers_key, m->speakers, m->config.speakers);
    }
    if (status == 0) {
        status = set_names(f, languages_key, m->languages, m->config.languages);
    }
    return status < 0 ? status : ag_safetensors_add(f, "", m->weights);
}

int ag_wavenet_pack(const ag_wavenet *model, ag_safetensors **out)
{
    *out = NULL;
    ag_safetensors *f = NULL;
    int status = ag_safetensors_new(&f);
    if (status == 0) {
        status = fill(model, f);
    }
    if (status < 0) {
        ag_safetensors_free(f);
        return status;
    }
    *out = f;
    return 0;
}

int ag_wavenet_save(const ag_wavenet *model, const char *path, ag_store store)
{
    ag_safetensors *f = NULL;
    int status = ag_wavenet_pack(model, &f);
    if (status == 0) {
        status = ag_safetensors_save(f, path, store);
    }
    ag_safetensors_free(f);
    return status;
}

static void free_names(char **names, int count)
{
    for (int i = 0; names && i < count; i++) {
        ag_free(names[i]);
    }
    ag_free(names);
}

void ag_wavenet_free(ag_wavenet *model)
{
    if (!model) {
        return;
    }
    free_names(model->speakers, model->config.speakers);
    free_names(model->languages, model->config.languages);
    ag_tensors_free(model->weights);
    ag_free(model);
}

int ag_wavenet_index(const char *what, const char *name, char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    char known[512] = "";
    size_t at = 0;
    for (int i = 0; i < count && at < sizeof known; i++) {
        at += (size_t)snprintf(known + at, sizeof known - at, "%s%s", i ? ", " : "", names[i]);
    }
    return ag_fail(AG_EINVAL, "the model knows no %s named %s; it has: %s", what, name, known);
}

int ag_wavenet_check_names(const ag_wavenet *model, const ag_manifest *manifest)
{
    const ag_wavenet_config *c = &model->config;
    for (int i = 0; c->speakers && i < ag_manifest_speakers(manifest); i++) {
        const char *name = ag_manifest_speaker(manifest, i);
        if (i >= c->speakers || strcmp(name, model->speakers[i]) != 0) {
            return ag_fail(AG_EINVAL, "speaker %d is %s in the data, %s in the model", i, name,
                           i < c->speakers ? model->speakers[i] : "nobody");
        }
    }
    for (int i = 0; c->languages && i < ag_manifest_languages(manifest); i++) {
        const char *name = ag_manifest_language(manifest, i);
        if (i >= c->languages || strcmp(name, model->languages[i]) != 0) {
            return ag_fail(AG_EINVAL, "language %d is %s in the data, %s in the model", i, name,
                           i < c->languages ? model->languages[i] : "none");
        }
    }
    return 0;
}
