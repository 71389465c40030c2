/* Recipes from hostile text. The first line may hold overrides, split by a tab. */
#include <stdlib.h>
#include <string.h>

#include "base/recipe.h"
#include "base/recipe_document.h"

enum { MOST_OVERRIDES = 4 };

typedef struct {
    int steps;
    float rate;
} inner;

typedef struct {
    char *name;
    double scale;
    uint64_t seed;
    bool fast;
    int kind;
    int sizes[4];
    int sizes_count;
    int8_t pair[2];
    inner train;
} outer;

static const cyaml_strval_t kinds[] = { { "adam", 0 }, { "sgd", 1 } };
static const cyaml_schema_value_t whole = { CYAML_VALUE_INT(CYAML_FLAG_DEFAULT, int) };
static const cyaml_schema_value_t small = { CYAML_VALUE_INT(CYAML_FLAG_DEFAULT, int8_t) };
static const cyaml_schema_field_t inner_fields[] = {
    CYAML_FIELD_INT("steps", CYAML_FLAG_DEFAULT, inner, steps),
    CYAML_FIELD_FLOAT("rate", CYAML_FLAG_OPTIONAL, inner, rate),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t outer_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, outer, name, 1, 100),
    CYAML_FIELD_FLOAT("scale", CYAML_FLAG_OPTIONAL, outer, scale),
    CYAML_FIELD_UINT("seed", CYAML_FLAG_OPTIONAL, outer, seed),
    CYAML_FIELD_BOOL("fast", CYAML_FLAG_OPTIONAL, outer, fast),
    CYAML_FIELD_ENUM("kind", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, outer, kind, kinds, 2),
    CYAML_FIELD_SEQUENCE("sizes", CYAML_FLAG_OPTIONAL, outer, sizes, &whole, 0, 4),
    CYAML_FIELD_SEQUENCE_FIXED("pair", CYAML_FLAG_OPTIONAL, outer, pair, &small, 2),
    CYAML_FIELD_MAPPING("train", CYAML_FLAG_OPTIONAL, outer, train, inner_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t schema = { CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, outer,
                                                                 outer_fields) };

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* What was read can be written, and reads back to the same text. */
static void check_round_trip(void *data)
{
    char *first = NULL, *second = NULL;
    void *again = NULL;
    require(ag_recipe_text(&schema, data, &first) == AG_OK);
    require(ag_recipe_parse(first, strlen(first), "again", &schema, &again) == AG_OK);
    require(ag_recipe_text(&schema, again, &second) == AG_OK);
    require(strcmp(first, second) == 0);
    ag_recipe_free(&schema, again);
    ag_free(first);
    ag_free(second);
}

/* The overrides of a line, cut in place. */
static int cut_overrides(char *line, const char *overrides[MOST_OVERRIDES])
{
    int count = 0;
    for (char *state, *part = strtok_r(line, "\t", &state); part && count < MOST_OVERRIDES;
         part = strtok_r(NULL, "\t", &state))
        overrides[count++] = part;
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t length = end ? (size_t)(end - data) : 0;
    const uint8_t *text = end ? end + 1 : data;
    char *line = ag_malloc(length + 1);
    if (!line)
        return 0;
    memcpy(line, data, length);
    line[length] = '\0';
    const char *overrides[MOST_OVERRIDES];
    int count = cut_overrides(line, overrides);
    void *out = NULL;
    int code =
        recipe_parse(text, size - (size_t)(text - data), "recipe", overrides, count, &schema, &out);
    require((code == AG_OK) == (out != NULL));
    require(code == AG_OK || ag_error()[0] != '\0');
    if (out)
        check_round_trip(out);
    ag_recipe_free(&schema, out);
    ag_free(line);
    return 0;
}
