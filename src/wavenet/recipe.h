/* wavenet/recipe.h: what a WaveNet recipe (YAML) holds. */
#ifndef WAVENET_RECIPE_H
#define WAVENET_RECIPE_H

#include "agena/wavenet.h"

struct cyaml_schema_value;

typedef struct {
    int64_t steps; /* optimiser steps of the whole run */
    int batch;     /* crops a step */
    int samples;   /* samples a crop */
    int shards;    /* parts of a batch that are computed apart; divides batch; 0 = batch */
    ag_optimizer_options optimizer;
    float local_dropout;      /* share of crops trained without local conditioning, in [0, 1) */
    int checkpoint_minutes;   /* between checkpoints */
    int64_t checkpoint_steps; /* also after every so many steps; 0 = by time alone */
    int valid_steps;          /* steps between looks at the validation split; 0 = never */
    int valid_crops;          /* crops of one look */
} wn_train_recipe;

typedef struct {
    char *data;   /* manifest or folder; may be given by the option --data instead */
    char *output; /* run folder; may be given by --output */
    uint64_t seed;
    bool speakers;  /* condition on the speaker, counted in the manifest */
    bool languages; /* and on the language */
    ag_wavenet_config model;
    wn_train_recipe train;
} wn_recipe;

extern const struct cyaml_schema_value wn_recipe_schema; /* of a wn_recipe * */
extern const struct cyaml_schema_value
    wn_config_schema; /* of an ag_wavenet_config *, in model files */

/* Read a recipe, fill in defaults, check ranges. Free with wn_recipe_free. */
int wn_recipe_load(const char *path, const char *const *overrides, int count, wn_recipe **out);
void wn_recipe_free(wn_recipe *recipe);

#endif
