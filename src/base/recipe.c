/* Recipes: text to tree, tree to struct by libcyaml, and back. */
#include "base/recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/recipe_document.h"

enum { LOG_SIZE = 256 };

static void *recipe_memory(void *user, void *memory, size_t size)
{
    (void)user;
    if (size > 0)
        return ag_realloc(memory, size);
    ag_free(memory);
    return NULL;
}

/* Keep libcyaml's first message: what is wrong. The others say where, in text nobody has seen. */
static void keep_first(cyaml_log_t level, void *user, const char *format, va_list args)
{
    char *first = user;
    (void)level;
    if (first[0] == '\0') {
        vsnprintf(first, LOG_SIZE, format, args);
        first[strcspn(first, "\n")] = '\0';
    }
}

static cyaml_config_t configuration(char first[LOG_SIZE])
{
    first[0] = '\0';
    return (cyaml_config_t){ .log_fn = keep_first,
                             .log_ctx = first,
                             .mem_fn = recipe_memory,
                             .log_level = CYAML_LOG_ERROR,
                             .flags = CYAML_CFG_NO_ALIAS };
}

static int cyaml_failed(cyaml_err_t error, const char *name, const char *first)
{
    if (error == CYAML_ERR_OOM)
        return ag_fail(AG_ENOMEM, "out of memory while reading %s", name);
    return ag_fail(AG_EFORMAT, "%s: %s", name, first[0] ? first : cyaml_strerror(error));
}

/* Frees the document. */
static int load_document(recipe_document *d, const cyaml_schema_value_t *schema, void **out)
{
    const char *name = d->name;
    char *text = NULL, first[LOG_SIZE];
    size_t size = 0;
    int code = recipe_document_emit(d, &text, &size);
    if (code != AG_OK)
        return code;
    cyaml_config_t config = configuration(first);
    cyaml_err_t error = cyaml_load_data((const uint8_t *)text, size, &config, schema, out, NULL);
    ag_free(text);
    if (error != CYAML_OK) {
        *out = NULL;
        return cyaml_failed(error, name, first);
    }
    return AG_OK;
}

int recipe_parse(const void *text, size_t size, const char *name, const char *const *overrides,
                 int count, const cyaml_schema_value_t *schema, void **out)
{
    *out = NULL;
    recipe_document d;
    int code = recipe_document_parse(&d, text, size, name);
    if (code == AG_OK)
        code = recipe_document_override(&d, overrides, count);
    if (code != AG_OK)
        return code;
    code = recipe_check(&d, schema);
    if (code != AG_OK) {
        recipe_document_free(&d);
        return code;
    }
    return load_document(&d, schema, out);
}

int ag_recipe_parse(const void *text, size_t size, const char *name,
                    const cyaml_schema_value_t *schema, void **out)
{
    return recipe_parse(text, size, name, NULL, 0, schema, out);
}

int ag_recipe_load(const char *path, const char *const *overrides, int count,
                   const cyaml_schema_value_t *schema, void **out)
{
    *out = NULL;
    void *text;
    size_t size;
    int code = ag_file_read(path, AG_RECIPE_LIMIT, &text, &size);
    if (code != AG_OK)
        return code;
    code = recipe_parse(text, size, path, overrides, count, schema, out);
    ag_free(text);
    return code;
}

void ag_recipe_free(const cyaml_schema_value_t *schema, void *data)
{
    char first[LOG_SIZE];
    cyaml_config_t config = configuration(first);
    if (data)
        cyaml_free(&config, schema, data, 0);
}

/* ---- back to text ---- */

/* A number in as few digits as read back to the same bits, by way of float or of double. */
static void put_float(char out[32], double value, bool single)
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, value);
        double back = strtod(out, NULL);
        if (single ? (float)back == (float)value && strtof(out, NULL) == (float)value
                   : back == value)
            return;
    }
}

static int exact_value(recipe_document *d, int *node, const cyaml_schema_value_t *schema,
                       const char *data);

static int exact_float(recipe_document *d, int *node, const cyaml_schema_value_t *schema,
                       const char *data)
{
    char digits[32];
    float single;
    double value;
    if (schema->data_size == sizeof single) {
        memcpy(&single, data, sizeof single);
        value = single;
    } else {
        memcpy(&value, data, sizeof value);
    }
    put_float(digits, value, schema->data_size == sizeof single);
    *node = yaml_document_add_scalar(&d->yaml, NULL, (yaml_char_t *)digits, -1,
                                     YAML_PLAIN_SCALAR_STYLE);
    return *node ? AG_OK : ag_fail(AG_ENOMEM, "out of memory while writing YAML");
}

static int exact_mapping(recipe_document *d, int node, const cyaml_schema_value_t *schema,
                         const char *data)
{
    for (const cyaml_schema_field_t *f = schema->mapping.fields; f->key; f++) {
        /* Adding a node may move the others, but not the pairs of a mapping. */
        yaml_node_t *n = yaml_document_get_node(&d->yaml, node);
        yaml_node_pair_t *pair = n->data.mapping.pairs.start, *end = n->data.mapping.pairs.top;
        while (pair < end && strcmp(recipe_scalar(d, pair->key), f->key) != 0)
            pair++;
        int code = pair < end ? exact_value(d, &pair->value, &f->value, data + f->data_offset) : 0;
        if (code != AG_OK)
            return code;
    }
    return AG_OK;
}

static int exact_list(recipe_document *d, int node, const cyaml_schema_value_t *schema,
                      const char *data)
{
    const cyaml_schema_value_t *entry = schema->sequence.entry;
    const yaml_node_t *n = yaml_document_get_node(&d->yaml, node);
    yaml_node_item_t *items = n->data.sequence.items.start;
    ptrdiff_t count = n->data.sequence.items.top - items;
    size_t step = entry->flags & CYAML_FLAG_POINTER ? sizeof(void *) : entry->data_size;
    for (ptrdiff_t i = 0; i < count; i++) {
        int code = exact_value(d, &items[i], entry, data + (size_t)i * step);
        if (code != AG_OK)
            return code;
    }
    return AG_OK;
}

/* Replace the floats below *node, which libcyaml writes in six digits, by exact ones. */
static int exact_value(recipe_document *d, int *node, const cyaml_schema_value_t *schema,
                       const char *data)
{
    if (schema->flags & CYAML_FLAG_POINTER)
        memcpy((void *)&data, (const void *)data, sizeof(char *));
    if (!data)
        return AG_OK;
    if (schema->type == CYAML_FLOAT)
        return exact_float(d, node, schema, data);
    if (schema->type == CYAML_MAPPING)
        return exact_mapping(d, *node, schema, data);
    if (schema->type == CYAML_SEQUENCE || schema->type == CYAML_SEQUENCE_FIXED)
        return exact_list(d, *node, schema, data);
    return AG_OK;
}

int ag_recipe_text(const cyaml_schema_value_t *schema, const void *data, char **text)
{
    *text = NULL;
    char first[LOG_SIZE], *saved = NULL;
    size_t size = 0;
    cyaml_config_t config = configuration(first);
    cyaml_err_t error = cyaml_save_data(&saved, &size, &config, schema, data, 0);
    if (error != CYAML_OK)
        return cyaml_failed(error, "a recipe", first);
    recipe_document d;
    int code = recipe_document_parse(&d, saved, size, "a recipe");
    ag_free(saved);
    if (code != AG_OK)
        return code;
    int top = 1;
    code = exact_value(&d, &top, schema, (const char *)&data);
    if (code != AG_OK) {
        recipe_document_free(&d);
        return code;
    }
    return recipe_document_emit(&d, text, &size);
}

int ag_recipe_check_ranges(const ag_recipe_range *ranges, size_t count)
{
    for (const ag_recipe_range *r = ranges; r < ranges + count; r++) {
        if (r->value < r->low || r->value > r->high) {
            return ag_fail(AG_EINVAL, "%s is %lld, not from %lld to %lld", r->key,
                           (long long)r->value, (long long)r->low, (long long)r->high);
        }
    }
    return 0;
}
