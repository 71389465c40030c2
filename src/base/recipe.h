/* base/recipe.h: YAML recipes read into C structs by a libcyaml schema.
 *
 * A recipe is one YAML document of plain mappings, lists and scalars: no anchors, aliases, tags or
 * directives, at most 1 MiB and 16 levels deep. Values must be of the schema's type exactly: whole
 * numbers in decimal, finite numbers, true or false, one of an enumeration's names. Unknown,
 * repeated and missing keys are errors. Sentences name file, line and key.
 *
 * Schemas use the types INT, UINT, BOOL, ENUM, FLOAT, STRING, MAPPING, SEQUENCE and SEQUENCE_FIXED,
 * and the top is a MAPPING with CYAML_FLAG_POINTER. */
#ifndef BASE_RECIPE_H
#define BASE_RECIPE_H

#include <cyaml/cyaml.h>
#include <stddef.h>
#include <stdint.h>

enum { AG_RECIPE_LIMIT = 1 << 20 }; /* bytes */

/* Read a recipe, change or add values by `overrides` [count], each "train.steps=100" or
 * "model.upsample=[4, 5]", and load it into a new struct (ag_recipe_free it). AG_EINVAL when an
 * override is to blame, else AG_EFORMAT, or the errors of ag_file_read. */
int ag_recipe_load(const char *path, const char *const *overrides, int count,
                   const struct cyaml_schema_value *schema, void **out);
/* The same from memory; name stands for the file in sentences. */
int ag_recipe_parse(const void *text, size_t size, const char *name,
                    const struct cyaml_schema_value *schema, void **out);
void ag_recipe_free(const struct cyaml_schema_value *schema, void *data); /* NULL allowed */
/* The struct as YAML that ag_recipe_parse reads back to equal values, every float bit for bit.
 * *text is ag_free'd by the caller. */
int ag_recipe_text(const struct cyaml_schema_value *schema, const void *data, char **text);

/* A whole number that a recipe gives, and from what to what it may be. */
typedef struct {
    const char *key;
    int64_t value, low, high;
} ag_recipe_range;

/* AG_EINVAL names the first of `count` that is out of its range. */
int ag_recipe_check_ranges(const ag_recipe_range *ranges, size_t count);

#endif
