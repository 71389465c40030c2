/* classify/recipe.h: what a recipe of a picture classifier (YAML) holds. */
#ifndef CLASSIFY_RECIPE_H
#define CLASSIFY_RECIPE_H

#include "agena/classify.h"

struct cyaml_schema_value;

enum { CL_MAX_RATES = 16, CL_MAX_EPOCHS = 1 << 20 };

/* From the epoch on (from 0), a learning rate of 2^rate. */
typedef struct {
    int epoch, rate;
} cl_rate;

typedef struct {
    int epoch;
    float rate;
} cl_twin_rate;

typedef struct {
    ag_classify_loss loss;
    float momentum;
    cl_twin_rate rates[CL_MAX_RATES];
    unsigned rate_count;
    int batch;  /* pictures a step; 0 in the file = the recipe's batch */
    int shards; /* parts of a batch that are computed apart; divides batch */
} cl_twin_recipe;

typedef struct {
    char *data;   /* a data set's name or folder; may be given by --data instead */
    char *output; /* run folder; may be given by --output */
    uint64_t seed;
    char *network; /* as ag_classify_parse_network reads it */
    char *bits;    /* "2-8-8-8" */
    bool nearest, unscaled, he;
    bool real; /* key float: train the twin */
    int epochs, batch;
    int valid; /* pictures at the end of the train split that are held out; 0 = none */
    int limit; /* train on so many pictures at most; 0 = all */
    cl_rate rates[CL_MAX_RATES];
    unsigned rate_count;
    ag_variation augment;
    cl_twin_recipe twin;
    int checkpoint_minutes;
    int checkpoint_steps; /* also after every so many steps; 0 = by time and epoch alone */
} cl_recipe;

extern const struct cyaml_schema_value cl_recipe_schema; /* of a cl_recipe * */

/* What a model's metadata says of its network. */
typedef struct {
    int height, width, channels;
    char *network, *bits;
    bool nearest, unscaled, he;
} cl_network;

extern const struct cyaml_schema_value cl_network_schema; /* of a cl_network * */

/* Read a recipe, fill in defaults, check ranges. Free with cl_recipe_free. */
int cl_recipe_load(const char *path, const char *const *overrides, int count, cl_recipe **out);
void cl_recipe_free(cl_recipe *recipe);
/* The recipe of a run, with its options; a twin has its own batch. */
int cl_recipe_choose(const ag_classify_options *options, cl_recipe **out);
/* Its data: from the options, else the recipe's; *data belongs to either. */
int cl_recipe_data(const ag_classify_options *options, const cl_recipe *r, const char **data);
/* As YAML (ag_free it), without the run folder and the keys of checkpoints. */
int cl_recipe_text(const cl_recipe *r, char **text);

/* The rate of an epoch. */
int cl_rate_at(const cl_recipe *r, int64_t epoch);
float cl_twin_rate_at(const cl_recipe *r, int64_t epoch);

/* Network, bits and the paper's switches as a configuration for pictures of this shape; checked
 * for the batch. */
int cl_configure(const cl_network *n, int batch, ag_wage_config *config);
/* The recipe's, for pictures of this shape. */
int cl_recipe_configure(const cl_recipe *r, int height, int width, int channels,
                        ag_wage_config *config);

#endif
