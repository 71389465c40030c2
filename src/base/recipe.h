/* base/recipe.h: YAML recipes read through a libcyaml schema. */
#ifndef BASE_RECIPE_H
#define BASE_RECIPE_H

#include "agena/base.h"

struct cyaml_schema_value;

enum { AG_RECIPE_LIMIT = 1 << 20 /* bytes of a recipe */ };

/* Read a recipe into a new struct as the schema (a mapping pointer) describes it. Each override is
 * "key=value" with a dotted key ("train.steps=100"; lists as "[1, 2]") and changes or adds one
 * value. Unknown keys, wrong types and aliases are AG_EFORMAT with file, line and key; a bad
 * override is AG_EINVAL and is named. Release *out with ag_recipe_free. */
int ag_recipe_load(const char *path, const char *const *overrides, int count,
                   const struct cyaml_schema_value *schema, void **out);
/* The same from memory; name is for messages. */
int ag_recipe_parse(const void *text, size_t size, const char *name,
                    const struct cyaml_schema_value *schema, void **out);
/* The struct as YAML text (*text: ag_free it). Equal structs give equal text. */
int ag_recipe_text(const struct cyaml_schema_value *schema, const void *data, char **text);
void ag_recipe_free(const struct cyaml_schema_value *schema, void *data);

#endif
