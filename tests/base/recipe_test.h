/* recipe_test.h: a struct with every type that recipes know. */
#ifndef AGENA_RECIPE_TEST_H
#define AGENA_RECIPE_TEST_H

#include "base/recipe.h"
#include "base_test.h"

typedef struct {
    int steps;
    float rate;
} test_train;

typedef struct {
    char *name;
    double scale;
    uint64_t seed;
    int64_t big;
    uint8_t small;
    bool fast;
    int kind;
    int sizes[4];
    int sizes_count;
    float pair[2];
    test_train train;
} test_recipe_data;

extern const cyaml_schema_value_t test_schema;

/* Read text (as the file "r.yaml"); the recipe must be good. */
test_recipe_data *read_recipe(const char *text);
/* Read text; it must fail with AG_EFORMAT and exactly this sentence. */
void assert_refused(const char *text, const char *sentence);

#endif
