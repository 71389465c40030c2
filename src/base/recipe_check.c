/* A recipe's tree against its schema: stricter than libcyaml and with better sentences. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/recipe.h"
#include "base/recipe_document.h"
#include "base/suggest.h"

/* One value on its way through the schema: where it is and what it is called. */
typedef struct {
    recipe_document *document;
    int node;
    const char *key; /* "train.steps" */
} place;

static int check_value(place p, const cyaml_schema_value_t *schema);

/* The text of a scalar that has one. */
static int scalar_text(place p, const char *wanted, const char **text)
{
    const yaml_node_t *n = yaml_document_get_node(&p.document->yaml, p.node);
    if (n->type != YAML_SCALAR_NODE)
        return recipe_fail(p.document, p.node, "%s should be %s, not a %s", p.key, wanted,
                           n->type == YAML_MAPPING_NODE ? "mapping" : "list");
    *text = (const char *)n->data.scalar.value;
    if (n->data.scalar.length != strlen(*text))
        return recipe_fail(p.document, p.node, "%s holds a 0 byte", p.key);
    if (**text == '\0' && n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return recipe_fail(p.document, p.node, "%s has no value: it should be %s", p.key, wanted);
    return AG_OK;
}

static int wrong(place p, const char *wanted, const char *text)
{
    return recipe_fail(p.document, p.node, "%s should be %s, not '%.60s'", p.key, wanted, text);
}

/* Decimal digits without leading zeros, which libcyaml would read as octal. */
static bool is_whole(const char *text, bool sign)
{
    if (sign && *text == '-')
        text++;
    if (*text == '0')
        return text[1] == '\0';
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && text[digits] == '\0';
}

static int check_int(place p, const cyaml_schema_value_t *schema)
{
    const char *text;
    int code = scalar_text(p, "a whole number", &text);
    if (code != AG_OK)
        return code;
    if (!is_whole(text, true))
        return wrong(p, "a whole number", text);
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    long long most = INT64_MAX >> (64 - 8 * schema->data_size);
    if (errno == ERANGE || value > most || value < -most - 1)
        return recipe_fail(p.document, p.node, "%s should be from %lld to %lld, not %.60s", p.key,
                           -most - 1, most, text);
    return AG_OK;
}

static int check_uint(place p, const cyaml_schema_value_t *schema)
{
    const char *text;
    int code = scalar_text(p, "a whole number from 0", &text);
    if (code != AG_OK)
        return code;
    if (!is_whole(text, false))
        return wrong(p, "a whole number from 0", text);
    errno = 0;
    unsigned long long value = strtoull(text, NULL, 10);
    unsigned long long most = UINT64_MAX >> (64 - 8 * schema->data_size);
    if (errno == ERANGE || value > most)
        return recipe_fail(p.document, p.node, "%s should be from 0 to %llu, not %.60s", p.key,
                           most, text);
    return AG_OK;
}

static int check_float(place p, const cyaml_schema_value_t *schema)
{
    const char *text;
    int code = scalar_text(p, "a number", &text);
    if (code != AG_OK)
        return code;
    char *end;
    double value = strtod(text, &end);
    if (!strchr("+-.0123456789", *text) || end == text || *end != '\0')
        return wrong(p, "a number", text);
    bool finite = schema->data_size == sizeof(float) ? isfinite((float)value) : isfinite(value);
    return finite ? AG_OK : wrong(p, "a finite number", text);
}

static int check_bool(place p)
{
    const char *text;
    int code = scalar_text(p, "true or false", &text);
    if (code != AG_OK)
        return code;
    bool known = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    return known ? AG_OK : wrong(p, "true or false", text);
}

static int check_enum(place p, const cyaml_schema_value_t *schema)
{
    char wanted[256] = "one of";
    for (uint32_t i = 0; i < schema->enumeration.count; i++) {
        size_t used = strlen(wanted);
        snprintf(wanted + used, sizeof wanted - used, "%s %s", i > 0 ? "," : "",
                 schema->enumeration.strings[i].str);
    }
    const char *text;
    int code = scalar_text(p, wanted, &text);
    if (code != AG_OK)
        return code;
    for (uint32_t i = 0; i < schema->enumeration.count; i++) {
        if (strcmp(text, schema->enumeration.strings[i].str) == 0)
            return AG_OK;
    }
    return wrong(p, wanted, text);
}

static int check_string(place p, const cyaml_schema_value_t *schema)
{
    const char *text;
    int code = scalar_text(p, "text", &text);
    if (code != AG_OK)
        return code;
    size_t length = strlen(text);
    if (length < schema->string.min || length > schema->string.max)
        return recipe_fail(p.document, p.node, "%s should have %u to %u bytes, not %zu", p.key,
                           schema->string.min, schema->string.max, length);
    return AG_OK;
}

/* ---- mappings and lists ---- */

static void join(char out[RECIPE_KEY], const char *above, const char *key)
{
    snprintf(out, RECIPE_KEY, "%s%s%s", above, *above ? "." : "", key);
}

static const cyaml_schema_field_t *find_field(const cyaml_schema_field_t *fields, const char *key)
{
    for (; fields->key; fields++) {
        if (strcmp(fields->key, key) == 0)
            return fields;
    }
    return NULL;
}

static int unknown_key(place p, const cyaml_schema_field_t *fields, const char *key)
{
    char full[RECIPE_KEY];
    join(full, p.key, key);
    base_suggestion s = base_suggest_begin(key);
    for (; fields->key; fields++)
        base_suggest_offer(&s, fields->key);
    if (s.best)
        return recipe_fail(p.document, p.node, "unknown key %.200s, did you mean %s?", full,
                           s.best);
    return recipe_fail(p.document, p.node, "unknown key %.200s", full);
}

static int check_pair(place above, const yaml_node_pair_t *pair, const cyaml_schema_field_t *fields)
{
    place at_key = { above.document, pair->key, above.key };
    const char *key = recipe_scalar(above.document, pair->key);
    if (!key)
        return recipe_fail(above.document, pair->key, "a key should be a name");
    const cyaml_schema_field_t *field = find_field(fields, key);
    if (!field)
        return unknown_key(at_key, fields, key);
    char full[RECIPE_KEY];
    join(full, above.key, key);
    int index = above.node;
    if (recipe_find(above.document, index, key) != pair->value)
        return recipe_fail(above.document, pair->key, "%s is there twice", full);
    return check_value((place){ above.document, pair->value, full }, &field->value);
}

static int check_mapping(place p, const cyaml_schema_value_t *schema)
{
    const yaml_node_t *n = yaml_document_get_node(&p.document->yaml, p.node);
    const cyaml_schema_field_t *fields = schema->mapping.fields;
    if (n->type != YAML_MAPPING_NODE)
        return recipe_fail(p.document, p.node, "%s should be a mapping of keys to values",
                           *p.key ? p.key : "a recipe");
    for (yaml_node_pair_t *pair = n->data.mapping.pairs.start; pair < n->data.mapping.pairs.top;
         pair++) {
        int code = check_pair(p, pair, fields);
        if (code != AG_OK)
            return code;
    }
    for (; fields->key; fields++) {
        if (fields->value.flags & CYAML_FLAG_OPTIONAL ||
            recipe_find(p.document, p.node, fields->key))
            continue;
        char full[RECIPE_KEY];
        join(full, p.key, fields->key);
        return recipe_fail(p.document, p.node, "%s is missing", full);
    }
    return AG_OK;
}

static int check_list(place p, const cyaml_schema_value_t *schema)
{
    const yaml_node_t *n = yaml_document_get_node(&p.document->yaml, p.node);
    uint32_t least = schema->sequence.min, most = schema->sequence.max;
    if (n->type != YAML_SEQUENCE_NODE)
        return recipe_fail(p.document, p.node, "%s should be a list", p.key);
    const yaml_node_item_t *items = n->data.sequence.items.start;
    ptrdiff_t count = n->data.sequence.items.top - items;
    if (count < (ptrdiff_t)least || count > (ptrdiff_t)most)
        return recipe_fail(p.document, p.node, "%s should have %u to %u entries, not %td", p.key,
                           least, most, count);
    for (ptrdiff_t i = 0; i < count; i++) {
        char full[RECIPE_KEY + 24];
        snprintf(full, sizeof full, "%s[%td]", p.key, i);
        int code = check_value((place){ p.document, items[i], full }, schema->sequence.entry);
        if (code != AG_OK)
            return code;
    }
    return AG_OK;
}

static int check_value(place p, const cyaml_schema_value_t *schema)
{
    switch (schema->type) {
    case CYAML_INT:
        return check_int(p, schema);
    case CYAML_UINT:
        return check_uint(p, schema);
    case CYAML_BOOL:
        return check_bool(p);
    case CYAML_ENUM:
        return check_enum(p, schema);
    case CYAML_FLOAT:
        return check_float(p, schema);
    case CYAML_STRING:
        return check_string(p, schema);
    case CYAML_MAPPING:
        return check_mapping(p, schema);
    case CYAML_SEQUENCE:
    case CYAML_SEQUENCE_FIXED:
        return check_list(p, schema);
    default:
        return recipe_fail(p.document, p.node, "%s is of a type that recipes do not use", p.key);
    }
}

int recipe_check(recipe_document *d, const cyaml_schema_value_t *schema)
{
    return check_value((place){ d, 1, "" }, schema);
}
