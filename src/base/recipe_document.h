/* base/recipe_document.h: a recipe between text and struct, as a tree that knows where each value
 * is from. */
#ifndef BASE_RECIPE_DOCUMENT_H
#define BASE_RECIPE_DOCUMENT_H

#include <stddef.h>
#include <yaml.h>

#include "agena/base.h"

enum { RECIPE_DEPTH = 16, RECIPE_NODES = 65536, RECIPE_KEY = 256 };

typedef struct {
    const char *name;             /* of the file, for sentences */
    const char *const *overrides; /* [count] */
    int count;
    int *last;  /* [count] number of the last node that each override added */
    int loaded; /* nodes that came from the file */
    yaml_document_t yaml;
} recipe_document;

struct cyaml_schema_value;

/* Both keep pointers to name and overrides. On failure there is nothing to free. */
int recipe_document_parse(recipe_document *d, const void *text, size_t size, const char *name);
int recipe_document_override(recipe_document *d, const char *const *overrides, int count);
void recipe_document_free(recipe_document *d);
/* Write the tree as text (ag_free it), ended by a 0 byte. The document is freed by this. */
int recipe_document_emit(recipe_document *d, char **text, size_t *size);

/* An error about one node: "file:line: sentence" or "override a.b=c: sentence". */
int recipe_fail(const recipe_document *d, int node, const char *format, ...) AG_PRINTF(3, 4);
/* Check the tree's types, keys and ranges against a schema. */
int recipe_check(recipe_document *d, const struct cyaml_schema_value *schema);

/* ag_recipe_parse with overrides. */
int recipe_parse(const void *text, size_t size, const char *name, const char *const *overrides,
                 int count, const struct cyaml_schema_value *schema, void **out);

/* A scalar's text, NULL for other nodes. */
const char *recipe_scalar(const recipe_document *d, int node);
/* The value behind a key of a mapping, 0 when it has none. */
int recipe_find(const recipe_document *d, int mapping, const char *key);

#endif
