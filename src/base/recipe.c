/* Recipes: libcyaml with our allocator, its log turned into one sentence, and overrides of single
 * values. */
#include "base/recipe.h"

#include <cyaml/cyaml.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

/* ---- libcyaml
 * ------------------------------------------------------------------------------------------- */

/* The first complaint and the first place that libcyaml logs. */
typedef struct {
    char what[256], where[128];
} complaint;

static void trim(char *text)
{
    size_t n = strlen(text);
    while (n && (text[n - 1] == '\n' || text[n - 1] == '.')) {
        text[--n] = '\0';
    }
}

static void capture(cyaml_log_t level, void *user, const char *format, va_list list)
{
    complaint *c = user;
    char line[256];
    vsnprintf(line, sizeof line, format, list);
    trim(line);
    const char *text = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
    const char *place = strstr(text, "(line: ");
    if (place && !c->where[0]) {
        unsigned at = 0;
        if (sscanf(place, "(line: %u", &at) == 1) {
            snprintf(c->where, sizeof c->where, ", line %u", at);
        }
    }
    if (level >= CYAML_LOG_ERROR && !c->what[0] && strstr(text, "Backtrace") == NULL && !place) {
        snprintf(c->what, sizeof c->what, "%s", text);
    }
}

static void *allocate(void *user, void *memory, size_t size)
{
    (void)user;
    if (size == 0) {
        ag_free(memory);
        return NULL;
    }
    return ag_realloc(memory, size);
}

static cyaml_config_t config_for(complaint *c)
{
    return (cyaml_config_t){ .log_fn = capture,
                             .log_ctx = c,
                             .mem_fn = allocate,
                             .log_level = CYAML_LOG_NOTICE,
                             .flags = CYAML_CFG_NO_ALIAS };
}

static int complain(cyaml_err_t error, const complaint *c, const char *name)
{
    if (error == CYAML_ERR_OOM) {
        return ag_fail(AG_ENOMEM, "out of memory while reading %s", name);
    }
    return ag_fail(AG_EFORMAT, "%s%s: %s", name, c->where,
                   c->what[0] ? c->what : cyaml_strerror(error));
}

int ag_recipe_parse(const void *text, size_t size, const char *name,
                    const struct cyaml_schema_value *schema, void **out)
{
    *out = NULL;
    if (size > AG_RECIPE_LIMIT) {
        return ag_fail(AG_EFORMAT, "%s: %zu bytes are too many for a recipe (at most %d)", name,
                       size, AG_RECIPE_LIMIT);
    }
    complaint c = { "", "" };
    cyaml_config_t config = config_for(&c);
    cyaml_data_t *data = NULL;
    cyaml_err_t error = cyaml_load_data(text, size, &config, schema, &data, NULL);
    if (error != CYAML_OK) {
        return complain(error, &c, name);
    }
    if (!data) {
        return ag_fail(AG_EFORMAT, "%s: the recipe is empty", name);
    }
    *out = data;
    return 0;
}

int ag_recipe_text(const struct cyaml_schema_value *schema, const void *data, char **text)
{
    complaint c = { "", "" };
    cyaml_config_t config = config_for(&c);
    char *raw = NULL;
    size_t size = 0;
    *text = NULL;
    cyaml_err_t error = cyaml_save_data(&raw, &size, &config, schema, data, 0);
    if (error != CYAML_OK) {
        return complain(error, &c, "a recipe to be stored");
    }
    *text = ag_malloc(size + 1);
    if (*text) {
        memcpy(*text, raw, size);
        (*text)[size] = '\0';
    }
    ag_free(raw);
    return *text ? 0 : AG_ENOMEM;
}

void ag_recipe_free(const struct cyaml_schema_value *schema, void *data)
{
    complaint c = { "", "" };
    cyaml_config_t config = config_for(&c);
    cyaml_free(&config, schema, data, 0);
}

/* ---- overrides
 * -------------------------------------------------------------------------------------------- */

static yaml_node_t *find_pair(yaml_document_t *d, yaml_node_t *mapping, const char *key,
                              size_t size, yaml_node_pair_t **pair)
{
    for (yaml_node_pair_t *p = mapping->data.mapping.pairs.start;
         p < mapping->data.mapping.pairs.top; p++) {
        yaml_node_t *k = yaml_document_get_node(d, p->key);
        if (k && k->type == YAML_SCALAR_NODE && k->data.scalar.length == size &&
            memcmp(k->data.scalar.value, key, size) == 0) {
            *pair = p;
            return yaml_document_get_node(d, p->value);
        }
    }
    return NULL;
}

static int add_scalar(yaml_document_t *d, const char *text, size_t size)
{
    return yaml_document_add_scalar(d, NULL, (const yaml_char_t *)text, (int)size,
                                    YAML_PLAIN_SCALAR_STYLE);
}

/* "[1, 2]" as a sequence of scalars, anything else as one scalar. Returns a node, 0 without memory.
 */
static int add_value(yaml_document_t *d, const char *text)
{
    size_t n = strlen(text);
    if (n < 2 || text[0] != '[' || text[n - 1] != ']') {
        return add_scalar(d, text, n);
    }
    int list = yaml_document_add_sequence(d, NULL, YAML_FLOW_SEQUENCE_STYLE);
    const char *at = text + 1, *end = text + n - 1;
    while (list && at < end) {
        at += strspn(at, " ,");
        size_t size = strcspn(at, " ,]");
        int item = size ? add_scalar(d, at, size) : 0;
        if (size && (!item || !yaml_document_append_sequence_item(d, list, item))) {
            return 0;
        }
        at += size ? size : 1;
    }
    return list;
}

/* Put value under key[0, size) of a mapping (a node number: adding nodes moves them). */
static bool set_pair(yaml_document_t *d, int mapping, const char *key, size_t size, int value)
{
    yaml_node_pair_t *pair = NULL;
    if (find_pair(d, yaml_document_get_node(d, mapping), key, size, &pair)) {
        pair->value = value;
        return true;
    }
    int k = add_scalar(d, key, size);
    return k && yaml_document_append_mapping_pair(d, mapping, k, value);
}

static int no_memory(void)
{
    return ag_fail(AG_ENOMEM, "out of memory while applying an override");
}

static int apply(yaml_document_t *d, const char *override)
{
    const char *equals = strchr(override, '=');
    if (!equals || equals == override) {
        return ag_fail(AG_EINVAL, "the override \"%s\" is not of the form key=value", override);
    }
    int at = 1; /* the root */
    const char *key = override;
    for (;;) {
        yaml_node_t *node = yaml_document_get_node(d, at);
        if (!node || node->type != YAML_MAPPING_NODE) {
            return ag_fail(AG_EINVAL, "the override \"%s\": what holds \"%.*s\" is not a mapping",
                           override, (int)(equals - key), key);
        }
        size_t size = strcspn(key, ".=");
        if (key[size] == '=') {
            int value = add_value(d, equals + 1);
            return value && set_pair(d, at, key, size, value) ? 0 : no_memory();
        }
        yaml_node_pair_t *pair = NULL;
        int next;
        if (find_pair(d, node, key, size, &pair)) {
            next = pair->value;
        } else {
            next = yaml_document_add_mapping(d, NULL, YAML_BLOCK_MAPPING_STYLE);
            if (!next || !set_pair(d, at, key, size, next)) {
                return no_memory();
            }
        }
        at = next;
        key += size + 1;
    }
}

/* What the emitter writes: a growing text. */
typedef struct {
    char *text;
    size_t size, room;
} text_buffer;

static int append(void *user, unsigned char *data, size_t size)
{
    text_buffer *b = user;
    if (b->size + size > b->room) {
        size_t room = 2 * (b->size + size) + 256;
        char *text = ag_realloc(b->text, room);
        if (!text) {
            return 0;
        }
        b->text = text;
        b->room = room;
    }
    memcpy(b->text + b->size, data, size);
    b->size += size;
    return 1;
}

/* Emit the document (which the emitter releases) into b. */
static int emit(yaml_document_t *d, text_buffer *b)
{
    yaml_emitter_t emitter;
    if (!yaml_emitter_initialize(&emitter)) {
        yaml_document_delete(d);
        return no_memory();
    }
    yaml_emitter_set_output(&emitter, append, b);
    bool written = yaml_emitter_open(&emitter) && yaml_emitter_dump(&emitter, d) &&
                   yaml_emitter_close(&emitter);
    yaml_emitter_delete(&emitter);
    return written ? 0 : no_memory();
}

static int with_overrides(const char *text, size_t size, const char *const *overrides, int count,
                          text_buffer *b)
{
    yaml_parser_t parser;
    yaml_document_t document;
    if (!yaml_parser_initialize(&parser)) {
        return no_memory();
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    bool loaded = yaml_parser_load(&parser, &document);
    yaml_parser_delete(&parser);
    if (!loaded) {
        return no_memory(); /* libcyaml has parsed the same text */
    }
    int status = 0;
    for (int i = 0; status == 0 && i < count; i++) {
        status = apply(&document, overrides[i]);
    }
    if (status < 0) {
        yaml_document_delete(&document);
        return status;
    }
    return emit(&document, b);
}

/* Replace the sentence "FILE, line N: why" about the emitted text by one about the override. */
static int blame(int status, const char *override)
{
    const char *colon = strstr(ag_error(), ": ");
    char why[256];
    snprintf(why, sizeof why, "%s", colon ? colon + 2 : ag_error());
    return status == AG_ENOMEM ? status
                               : ag_fail(AG_EINVAL, "the override \"%s\": %s", override, why);
}

/* Add the overrides one by one, so that the one at fault can be named; the last result counts. */
static int parse_overridden(const char *path, const char *text, size_t size,
                            const char *const *overrides, int count,
                            const struct cyaml_schema_value *schema, void **out)
{
    int status = 0;
    for (int n = 1; status == 0 && n <= count; n++) {
        text_buffer b = { NULL, 0, 0 };
        if (*out) {
            ag_recipe_free(schema, *out);
            *out = NULL;
        }
        status = with_overrides(text, size, overrides, n, &b);
        if (status == 0) {
            status = ag_recipe_parse(b.text, b.size, path, schema, out);
            status = status < 0 ? blame(status, overrides[n - 1]) : 0;
        }
        ag_free(b.text);
    }
    return status;
}

int ag_recipe_load(const char *path, const char *const *overrides, int count,
                   const struct cyaml_schema_value *schema, void **out)
{
    *out = NULL;
    void *text = NULL;
    size_t size = 0;
    int status = ag_file_read(path, AG_RECIPE_LIMIT, &text, &size);
    if (status < 0) {
        return status;
    }
    void *plain = NULL;
    status = ag_recipe_parse(text, size, path, schema, &plain);
    if (status == 0) {
        status = parse_overridden(path, text, size, overrides, count, schema, &plain);
    }
    ag_free(text);
    if (status == 0) {
        *out = plain;
    }
    return status;
}
