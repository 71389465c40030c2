/* Overrides such as "train.steps=100" change or add values of a recipe's tree. */
#include <ctype.h>
#include <string.h>

#include "base/recipe.h"
#include "base/recipe_document.h"

/* Copy a node of another tree, whose depth is bounded. Returns its number, 0 when out of memory. */
static int copy_node(yaml_document_t *to, yaml_document_t *from, int index)
{
    const yaml_node_t *n = yaml_document_get_node(from, index);
    int copy = 0;
    if (n->type == YAML_SCALAR_NODE)
        return yaml_document_add_scalar(to, NULL, n->data.scalar.value, (int)n->data.scalar.length,
                                        n->data.scalar.style);
    if (n->type == YAML_SEQUENCE_NODE) {
        copy = yaml_document_add_sequence(to, NULL, YAML_FLOW_SEQUENCE_STYLE);
        for (int *i = n->data.sequence.items.start; copy && i < n->data.sequence.items.top; i++) {
            int item = copy_node(to, from, *i);
            if (!item || !yaml_document_append_sequence_item(to, copy, item))
                return 0;
        }
        return copy;
    }
    copy = yaml_document_add_mapping(to, NULL, YAML_FLOW_MAPPING_STYLE);
    for (yaml_node_pair_t *p = n->data.mapping.pairs.start; copy && p < n->data.mapping.pairs.top;
         p++) {
        int key = copy_node(to, from, p->key), value = key ? copy_node(to, from, p->value) : 0;
        if (!value || !yaml_document_append_mapping_pair(to, copy, key, value))
            return 0;
    }
    return copy;
}

static int out_of_memory(const char *override)
{
    return ag_fail(AG_ENOMEM, "out of memory at the override %s", override);
}

/* The value's own YAML, copied into the tree: its node in *node. */
static int add_value(recipe_document *d, const char *override, const char *value, int *node)
{
    recipe_document parsed;
    int code = recipe_document_parse(&parsed, value, strlen(value), "value");
    if (code == AG_ENOMEM)
        return code;
    if (code != AG_OK) {
        ag_fail_context(AG_EINVAL, "override %s", override);
        return AG_EINVAL;
    }
    *node = copy_node(&d->yaml, &parsed.yaml, 1);
    recipe_document_free(&parsed);
    return *node ? AG_OK : out_of_memory(override);
}

/* Put `value` behind the key of a mapping, in place of what was there. */
static int set_pair(recipe_document *d, int mapping, const char *key, int value)
{
    yaml_node_t *n = yaml_document_get_node(&d->yaml, mapping);
    for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
        const char *found = recipe_scalar(d, p->key);
        if (found && strcmp(found, key) == 0) {
            p->value = value;
            return 1;
        }
    }
    int added = yaml_document_add_scalar(&d->yaml, NULL, (const yaml_char_t *)key, -1,
                                         YAML_ANY_SCALAR_STYLE);
    return added && yaml_document_append_mapping_pair(&d->yaml, mapping, added, value);
}

/* The mapping behind `key`, made when there is none. */
static int descend(recipe_document *d, const char *override, int *mapping, const char *key)
{
    int below = recipe_find(d, *mapping, key);
    if (!below) {
        below = yaml_document_add_mapping(&d->yaml, NULL, YAML_BLOCK_MAPPING_STYLE);
        if (!below || !set_pair(d, *mapping, key, below))
            return out_of_memory(override);
    }
    if (yaml_document_get_node(&d->yaml, below)->type != YAML_MAPPING_NODE)
        return ag_fail(AG_EINVAL, "override %s: %s has no keys of its own", override, key);
    *mapping = below;
    return AG_OK;
}

/* Split "a.b=value": the key is copied and holds nothing but letters, digits, '_' and dots between.
 */
static int split(const char *override, char key[RECIPE_KEY], const char **value)
{
    const char *equals = strchr(override, '=');
    size_t length = equals ? (size_t)(equals - override) : 0;
    if (length == 0 || length >= RECIPE_KEY)
        return ag_fail(AG_EINVAL, "override %s: it should be KEY=VALUE, such as train.steps=100",
                       override);
    memcpy(key, override, length);
    key[length] = '\0';
    bool path = key[0] != '.' && key[length - 1] != '.' && !strstr(key, "..");
    for (const char *c = key; *c; c++)
        path = path && (isalnum((unsigned char)*c) || *c == '_' || *c == '.');
    if (!path)
        return ag_fail(AG_EINVAL, "override %s: its key should be names with dots between",
                       override);
    *value = equals + 1;
    return AG_OK;
}

static int apply(recipe_document *d, const char *override)
{
    char key[RECIPE_KEY];
    const char *text = NULL;
    int code = split(override, key, &text);
    if (code != AG_OK)
        return code;
    int mapping = 1, value = 0, depth = 1;
    if (yaml_document_get_node(&d->yaml, mapping)->type != YAML_MAPPING_NODE)
        return recipe_fail(d, mapping, "a recipe should be a mapping of keys to values");
    char *part = key;
    for (char *dot; (dot = strchr(part, '.')); part = dot + 1) {
        *dot = '\0';
        if (++depth > RECIPE_DEPTH)
            return ag_fail(AG_EINVAL, "override %s: nested more than %d levels deep", override,
                           RECIPE_DEPTH);
        code = descend(d, override, &mapping, part);
        if (code != AG_OK)
            return code;
    }
    code = add_value(d, override, text, &value);
    if (code != AG_OK)
        return code;
    return set_pair(d, mapping, part, value) ? AG_OK : out_of_memory(override);
}

int recipe_document_override(recipe_document *d, const char *const *overrides, int count)
{
    int code = AG_OK;
    if (count > 0 && !(d->last = ag_calloc((size_t)count, sizeof *d->last)))
        code = AG_ENOMEM;
    d->overrides = overrides;
    for (int i = 0; code == AG_OK && i < count; i++) {
        code = apply(d, overrides[i]);
        d->last[i] = (int)(d->yaml.nodes.top - d->yaml.nodes.start);
        d->count = i + 1;
    }
    if (code != AG_OK)
        recipe_document_free(d);
    return code;
}
