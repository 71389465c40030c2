/* Model files of picture classifiers. */
#include "classify/model.h"

#include "base/recipe.h"
#include "classify/recipe.h"
#include "classify/shapes.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char kind_key[] = "agena.kind", config_key[] = "agena.config",
                  steps_key[] = "agena.steps", seed_key[] = "agena.seed",
                  curve_key[] = "agena.curve", integers_kind[] = "wage", twin_kind[] = "wage-twin";

int cl_model_point(ag_classifier *m, const ag_classify_point *point)
{
    size_t count = (size_t)m->points + 1;
    ag_classify_point *more = ag_realloc(m->curve, count * sizeof *more);
    if (!more) {
        return AG_ENOMEM;
    }
    m->curve = more;
    m->curve[m->points++] = *point;
    return 0;
}

/* ---- metadata ---- */

static int set_config(const ag_wage_config *c, ag_safetensors *f)
{
    char bits[64], *text = NULL;
    snprintf(bits, sizeof bits, "%d-%d-%d-%d", c->bits.weights, c->bits.activations,
             c->bits.gradients, c->bits.errors);
    cl_network n = { c->height, c->width,   c->channels, ag_classify_network_text(c),
                     bits,      c->nearest, c->unscaled, c->he };
    int status = n.network ? ag_recipe_text(&cl_network_schema, &n, &text) : AG_ENOMEM;
    if (status == 0) {
        status = ag_safetensors_set_meta(f, config_key, text);
    }
    ag_free(text);
    ag_free(n.network);
    return status;
}

/* One line a point: epoch, loss, errors; exact as hexadecimal floats. */
static int set_curve(const ag_classifier *m, ag_safetensors *f)
{
    enum { LINE = 128 };
    char *text = ag_calloc((size_t)m->points + 1, LINE);
    size_t used = 0;
    for (int i = 0; text && i < m->points; i++) {
        const ag_classify_point *p = &m->curve[i];
        used += (size_t)snprintf(text + used, LINE, "%d %a %a %a\n", p->epoch, p->loss,
                                 p->train_error, p->error);
    }
    int status = text ? ag_safetensors_set_meta(f, curve_key, text) : AG_ENOMEM;
    ag_free(text);
    return status;
}

static int set_number(ag_safetensors *f, const char *key, unsigned long long value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", value);
    return ag_safetensors_set_meta(f, key, text);
}

static int set_metadata(const ag_classifier *m, ag_safetensors *f)
{
    int status = ag_safetensors_set_meta(f, kind_key, m->real ? twin_kind : integers_kind);
    if (status == 0) {
        status = set_config(&m->config, f);
    }
    if (status == 0) {
        status = set_number(f, steps_key, (unsigned long long)m->steps);
    }
    if (status == 0) {
        status = set_number(f, seed_key, m->seed);
    }
    return status < 0 ? status : set_curve(m, f);
}

/* ---- weights in integers ---- */

typedef struct {
    char text[40];
} tensor_name;

static tensor_name name_of(int layer, bool ternary)
{
    tensor_name n;
    snprintf(n.text, sizeof n.text, "layers.%d.%s", layer, ternary ? "ternary" : "weight");
    return n;
}

/* -1, 0, 1 as 2, 0, 1 in two bits, the first weight lowest. */
static int add_ternary(const ag_classifier *m, int layer, int64_t count, ag_safetensors *f)
{
    int8_t *weights = ag_malloc((size_t)count);
    uint8_t *bytes = ag_calloc((size_t)(count + 3) / 4, 1);
    int status = weights && bytes ? 0 : AG_ENOMEM;
    if (status == 0) {
        ag_wage_get_quantised(m->net, layer, weights);
        for (int64_t i = 0; i < count; i++) {
            unsigned code = weights[i] < 0 ? 2 : (unsigned)weights[i];
            bytes[i / 4] = (uint8_t)(bytes[i / 4] | code << (2 * (i % 4)));
        }
        status = ag_safetensors_add_integers(f, name_of(layer, true).text, AG_STORED_U8,
                                             AG_SHAPE((count + 3) / 4), bytes);
    }
    ag_free(weights);
    ag_free(bytes);
    return status;
}

/* I8 where the gradients' grid has at most 8 bits, else I16. */
static int add_stored(const ag_classifier *m, int layer, int64_t count, ag_shape shape,
                      ag_safetensors *f)
{
    int16_t *weights = ag_malloc((size_t)count * sizeof *weights);
    if (!weights) {
        return AG_ENOMEM;
    }
    ag_wage_get_weights(m->net, layer, weights);
    bool small = cl_bits(&m->config, layer).gradients <= 8;
    int8_t *bytes = (int8_t *)weights; /* each is written after its wider value was read */
    for (int64_t i = 0; small && i < count; i++) {
        bytes[i] = (int8_t)weights[i];
    }
    int status = ag_safetensors_add_integers(f, name_of(layer, false).text,
                                             small ? AG_STORED_I8 : AG_STORED_I16, shape, weights);
    ag_free(weights);
    return status;
}

static int add_layers(const ag_classifier *m, bool packed, ag_safetensors *f)
{
    cl_shape shapes[AG_WAGE_MAX_LAYERS];
    cl_shapes(&m->config, shapes);
    int status = 0;
    for (int i = 0; status == 0 && i < m->config.layers; i++) {
        int64_t count = ag_wage_weight_count(m->net, i);
        if (count == 0) {
            continue;
        }
        status = packed && cl_bits(&m->config, i).weights == 2
                     ? add_ternary(m, i, count, f)
                     : add_stored(m, i, count, cl_weight_shape(&m->config, shapes, i), f);
    }
    return status;
}

static int get_ternary(const ag_safetensors *f, int layer, int64_t count, int shift,
                       int16_t *weights)
{
    int64_t size = (count + 3) / 4;
    uint8_t *bytes = ag_malloc((size_t)size);
    int status = bytes ? ag_safetensors_get_integers(f, name_of(layer, true).text, AG_STORED_U8,
                                                     AG_SHAPE(size), bytes)
                       : AG_ENOMEM;
    for (int64_t i = 0; status == 0 && i < count; i++) {
        int code = bytes[i / 4] >> (2 * (i % 4)) & 3;
        if (code == 3) {
            status = ag_fail(AG_EFORMAT, "weight %lld of layer %d is none of -1, 0 and 1",
                             (long long)i, layer);
        }
        weights[i] = (int16_t)((code == 2 ? -1 : code) * (1 << shift));
    }
    ag_free(bytes);
    return status;
}

static int get_stored(const ag_safetensors *f, int layer, int64_t count, ag_shape shape, bool small,
                      int16_t *weights)
{
    int8_t *bytes = (int8_t *)weights;
    int status = ag_safetensors_get_integers(f, name_of(layer, false).text,
                                             small ? AG_STORED_I8 : AG_STORED_I16, shape, weights);
    /* From the last: each wider value is written after what lies there was read. */
    for (int64_t i = count - 1; status == 0 && small && i >= 0; i--) {
        weights[i] = bytes[i];
    }
    return status;
}

static int get_layer(const ag_safetensors *f, ag_classifier *m, int layer, ag_shape shape)
{
    ag_wage_bits bits = cl_bits(&m->config, layer);
    int64_t count = ag_wage_weight_count(m->net, layer);
    int16_t *weights = ag_malloc((size_t)count * sizeof *weights);
    if (!weights) {
        return AG_ENOMEM;
    }
    bool ternary =
        bits.weights == 2 && ag_safetensors_find(f, name_of(layer, true).text) != AG_NONE;
    int status = ternary ? get_ternary(f, layer, count, bits.gradients - bits.weights, weights)
                         : get_stored(f, layer, count, shape, bits.gradients <= 8, weights);
    if (status == 0) {
        status = ag_wage_set_weights(m->net, layer, weights);
    }
    ag_free(weights);
    return status;
}

static int get_layers(const ag_safetensors *f, ag_classifier *m)
{
    cl_shape shapes[AG_WAGE_MAX_LAYERS];
    cl_shapes(&m->config, shapes);
    int status = 0;
    for (int i = 0; status == 0 && i < m->config.layers; i++) {
        if (ag_wage_weight_count(m->net, i) > 0) {
            status = get_layer(f, m, i, cl_weight_shape(&m->config, shapes, i));
        }
    }
    return status;
}

/* ---- files ---- */

static int fill(const ag_classifier *m, bool packed, ag_safetensors *f)
{
    int status = set_metadata(m, f);
    if (status < 0) {
        return status;
    }
    return m->real ? ag_safetensors_add(f, "", m->weights) : add_layers(m, packed, f);
}

int cl_model_pack(const ag_classifier *m, bool packed, ag_safetensors **out)
{
    *out = NULL;
    ag_safetensors *f = NULL;
    int status = ag_safetensors_new(&f);
    if (status == 0) {
        status = fill(m, packed, f);
    }
    if (status < 0) {
        ag_safetensors_free(f);
        return status;
    }
    *out = f;
    return 0;
}

int ag_classifier_save(const ag_classifier *m, bool packed, const char *path)
{
    ag_safetensors *f = NULL;
    int status = cl_model_pack(m, packed, &f);
    if (status == 0) {
        status = ag_safetensors_save(f, path, AG_STORE_F32);
    }
    ag_safetensors_free(f);
    return status;
}

/* A whole number of the metadata, from 0 to `most`. */
static int read_number(const char *path, const ag_safetensors *f, const char *key,
                       unsigned long long most, unsigned long long *out)
{
    const char *text = ag_safetensors_meta(f, key);
    char *end = NULL;
    errno = 0;
    *out = text && *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
    if (!end || *end || errno || *out > most) {
        return ag_fail(AG_EFORMAT, "%s: its metadata %s is no whole number from 0 to %llu", path,
                       key, most);
    }
    return 0;
}

/* One line: an epoch after those before, a loss, shares of wrong answers. */
static bool good_point(const ag_classifier *m, const ag_classify_point *p)
{
    int before = m->points ? m->curve[m->points - 1].epoch : 0;
    return p->epoch > before && isfinite(p->loss) && p->train_error >= -1 && p->train_error <= 1 &&
           p->error >= 0 && p->error <= 1;
}

static int read_curve(const char *path, const char *text, ag_classifier *m)
{
    int status = 0;
    m->points = 0;
    while (status == 0 && *text) {
        ag_classify_point p = { 0 };
        int used = 0;
        if (sscanf(text, "%9d %la %la %la%n", &p.epoch, &p.loss, &p.train_error, &p.error, &used) !=
                4 ||
            text[used] != '\n' || !good_point(m, &p)) {
            return ag_fail(AG_EFORMAT,
                           "%s: line %d of the metadata %s is no later epoch with a loss and two "
                           "shares of errors",
                           path, m->points + 1, curve_key);
        }
        status = cl_model_point(m, &p);
        text += used + 1;
    }
    return status;
}

int cl_model_unpack(const char *path, const ag_safetensors *f, ag_classifier *m)
{
    const char *curve = ag_safetensors_meta(f, curve_key);
    unsigned long long steps = 0, seed = 0;
    int status = read_number(path, f, steps_key, INT64_MAX, &steps);
    if (status == 0) {
        status = read_number(path, f, seed_key, UINT64_MAX, &seed);
    }
    if (status == 0 && curve) {
        status = read_curve(path, curve, m);
    }
    if (status < 0) {
        return status;
    }
    m->steps = (int64_t)steps;
    m->seed = seed;
    status = m->real ? ag_safetensors_get(f, "", m->weights) : get_layers(f, m);
    return status < 0 ? ag_fail_context(status, "%s", path) : 0;
}

static int read_config(const char *path, const ag_safetensors *f, int batch, ag_classifier *m)
{
    const char *kind = ag_safetensors_meta(f, kind_key), *text = ag_safetensors_meta(f, config_key);
    m->real = kind && strcmp(kind, twin_kind) == 0;
    if (!kind || !text || (!m->real && strcmp(kind, integers_kind) != 0)) {
        return ag_fail(AG_EFORMAT, "%s: not a WAGE model: its metadata has no %s or no %s", path,
                       kind_key, config_key);
    }
    void *loaded = NULL;
    int status = ag_recipe_parse(text, strlen(text), path, &cl_network_schema, &loaded);
    if (status < 0) {
        return status;
    }
    status = cl_configure(loaded, m->real ? 0 : batch, &m->config);
    ag_recipe_free(&cl_network_schema, loaded);
    return status < 0 ? ag_fail_context(status, "%s", path) : 0;
}

/* Weights of the configuration's shapes, not filled. */
static int make_twin(ag_classifier *m)
{
    ag_graph *g = NULL;
    ag_classify_nodes nodes;
    int status = ag_graph_new(&g);
    if (status == 0) {
        status = ag_classify_graph(&m->config, 1, AG_CLASSIFY_SOFTMAX, g, &nodes);
    }
    if (status == 0) {
        status = ag_tensors_new(g, &m->weights);
    }
    ag_graph_free(g);
    return status;
}

/* Does the file hold each layer's weights? Asked before memory is taken for what its metadata
 * says. */
static int check_layers(const char *path, const ag_safetensors *f, const ag_wage_config *c)
{
    cl_shape shapes[AG_WAGE_MAX_LAYERS];
    cl_shapes(c, shapes);
    for (int i = 0; i < c->layers; i++) {
        if (c->layer[i].kind == AG_WAGE_POOL) {
            continue;
        }
        ag_shape wanted = cl_weight_shape(c, shapes, i);
        int64_t count = ag_shape_count(&wanted);
        int index = ag_safetensors_find(f, name_of(i, false).text);
        if (index == AG_NONE) {
            index = ag_safetensors_find(f, name_of(i, true).text);
            count = (count + 3) / 4;
        }
        ag_shape found = index == AG_NONE ? AG_SHAPE(0) : ag_safetensors_shape(f, index);
        if (ag_shape_count(&found) != count) {
            return ag_fail(AG_EFORMAT, "%s: no tensor holds the weights of layer %d", path, i);
        }
    }
    return 0;
}

static int load_from(const char *path, const ag_safetensors *f, int batch, ag_pool *pool,
                     ag_classifier *m)
{
    int status = read_config(path, f, batch, m);
    if (status < 0) {
        return status;
    }
    status = check_layers(path, f, &m->config);
    if (status < 0) {
        return status;
    }
    unsigned long long seed = 0;
    status = read_number(path, f, seed_key, UINT64_MAX, &seed);
    if (status < 0) {
        return status;
    }
    status = m->real ? make_twin(m) : ag_wage_new(&m->config, batch, seed, pool, &m->net);
    return status < 0 ? ag_fail_context(status, "%s", path) : cl_model_unpack(path, f, m);
}

int ag_classifier_load(const char *path, int batch, ag_pool *pool, ag_classifier **out)
{
    *out = NULL;
    ag_safetensors *f = NULL;
    int status = ag_safetensors_load(path, &f);
    if (status < 0) {
        return status;
    }
    ag_classifier *m = ag_calloc(1, sizeof *m);
    status = m ? load_from(path, f, batch, pool, m) : AG_ENOMEM;
    ag_safetensors_free(f);
    if (status < 0) {
        ag_classifier_free(m);
        return status;
    }
    *out = m;
    return 0;
}

void ag_classifier_free(ag_classifier *m)
{
    if (m) {
        ag_wage_free(m->net);
        ag_tensors_free(m->weights);
        ag_free(m->curve);
        ag_free(m);
    }
}
