/* The schema of recipes of picture classifiers and of the configuration in model files. */
#include "classify/recipe.h"

#include "base/recipe.h"
#include "classify/source.h"

#include <cyaml/cyaml.h>
#include <math.h>

#define OPT          CYAML_FLAG_OPTIONAL
#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof(array)[0]))

static const cyaml_strval_t losses[] = { { "softmax", AG_CLASSIFY_SOFTMAX },
                                         { "squares", AG_CLASSIFY_SQUARES } };

static const cyaml_schema_field_t rate_fields[] = {
    CYAML_FIELD_INT("epoch", CYAML_FLAG_DEFAULT, cl_rate, epoch),
    CYAML_FIELD_INT("rate", CYAML_FLAG_DEFAULT, cl_rate, rate), CYAML_FIELD_END
};

static const cyaml_schema_field_t twin_rate_fields[] = {
    CYAML_FIELD_INT("epoch", CYAML_FLAG_DEFAULT, cl_twin_rate, epoch),
    CYAML_FIELD_FLOAT("rate", CYAML_FLAG_DEFAULT, cl_twin_rate, rate), CYAML_FIELD_END
};

static const cyaml_schema_value_t rate = { CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, cl_rate,
                                                               rate_fields) };
static const cyaml_schema_value_t twin_rate = { CYAML_VALUE_MAPPING(
    CYAML_FLAG_DEFAULT, cl_twin_rate, twin_rate_fields) };

static const cyaml_schema_field_t augment_fields[] = {
    CYAML_FIELD_INT("pad", OPT, ag_variation, pad),
    CYAML_FIELD_BOOL("flip", OPT, ag_variation, flip),
    CYAML_FIELD_INT("fill", OPT, ag_variation, fill), CYAML_FIELD_END
};

static const cyaml_schema_field_t twin_fields[] = {
    CYAML_FIELD_ENUM("loss", OPT | CYAML_FLAG_STRICT, cl_twin_recipe, loss, losses, COUNT(losses)),
    CYAML_FIELD_FLOAT("momentum", OPT, cl_twin_recipe, momentum),
    CYAML_FIELD_SEQUENCE_COUNT("rates", OPT, cl_twin_recipe, rates, rate_count, &twin_rate, 0,
                               CL_MAX_RATES),
    CYAML_FIELD_INT("batch", OPT, cl_twin_recipe, batch),
    CYAML_FIELD_INT("shards", OPT, cl_twin_recipe, shards),
    CYAML_FIELD_END
};

static const cyaml_schema_field_t recipe_fields[] = {
    CYAML_FIELD_STRING_PTR("data", OPT | CYAML_FLAG_POINTER, cl_recipe, data, 1, 4096),
    CYAML_FIELD_STRING_PTR("output", OPT | CYAML_FLAG_POINTER, cl_recipe, output, 1, 4096),
    CYAML_FIELD_UINT("seed", OPT, cl_recipe, seed),
    CYAML_FIELD_STRING_PTR("network", CYAML_FLAG_POINTER, cl_recipe, network, 1, 4096),
    CYAML_FIELD_STRING_PTR("bits", OPT | CYAML_FLAG_POINTER, cl_recipe, bits, 1, 64),
    CYAML_FIELD_BOOL("nearest", OPT, cl_recipe, nearest),
    CYAML_FIELD_BOOL("unscaled", OPT, cl_recipe, unscaled),
    CYAML_FIELD_BOOL("he", OPT, cl_recipe, he),
    CYAML_FIELD_BOOL("float", OPT, cl_recipe, real),
    CYAML_FIELD_INT("epochs", CYAML_FLAG_DEFAULT, cl_recipe, epochs),
    CYAML_FIELD_INT("batch", CYAML_FLAG_DEFAULT, cl_recipe, batch),
    CYAML_FIELD_INT("valid", OPT, cl_recipe, valid),
    CYAML_FIELD_INT("limit", OPT, cl_recipe, limit),
    CYAML_FIELD_SEQUENCE_COUNT("rates", OPT, cl_recipe, rates, rate_count, &rate, 0, CL_MAX_RATES),
    CYAML_FIELD_MAPPING("augment", OPT, cl_recipe, augment, augment_fields),
    CYAML_FIELD_MAPPING("twin", OPT, cl_recipe, twin, twin_fields),
    CYAML_FIELD_INT("checkpoint_minutes", OPT, cl_recipe, checkpoint_minutes),
    CYAML_FIELD_INT("checkpoint_steps", OPT, cl_recipe, checkpoint_steps),
    CYAML_FIELD_END
};

const cyaml_schema_value_t cl_recipe_schema = { CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, cl_recipe,
                                                                    recipe_fields) };

static const cyaml_schema_field_t network_fields[] = {
    CYAML_FIELD_INT("height", CYAML_FLAG_DEFAULT, cl_network, height),
    CYAML_FIELD_INT("width", CYAML_FLAG_DEFAULT, cl_network, width),
    CYAML_FIELD_INT("channels", CYAML_FLAG_DEFAULT, cl_network, channels),
    CYAML_FIELD_STRING_PTR("network", CYAML_FLAG_POINTER, cl_network, network, 1, 4096),
    CYAML_FIELD_STRING_PTR("bits", CYAML_FLAG_POINTER, cl_network, bits, 1, 64),
    CYAML_FIELD_BOOL("nearest", OPT, cl_network, nearest),
    CYAML_FIELD_BOOL("unscaled", OPT, cl_network, unscaled),
    CYAML_FIELD_BOOL("he", CYAML_FLAG_DEFAULT, cl_network, he),
    CYAML_FIELD_END
};

const cyaml_schema_value_t cl_network_schema = { CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, cl_network,
                                                                     network_fields) };

/* ---- defaults and ranges ---- */

static void fill_defaults(cl_recipe *r)
{
    cl_twin_recipe *t = &r->twin;
    if (r->rate_count == 0) {
        r->rate_count = 1; /* from epoch 0 on, 2^0 */
    }
    if (t->rate_count == 0) {
        t->rates[t->rate_count++] = (cl_twin_rate){ 0, 0.05f };
    }
    t->batch = t->batch ? t->batch : r->batch;
    if (t->shards == 0) {
        for (t->shards = 4; t->batch > 0 && t->batch % t->shards; t->shards /= 2) {
        }
    }
    r->checkpoint_minutes = r->checkpoint_minutes ? r->checkpoint_minutes : 5;
}

static int check_ranges(const cl_recipe *r)
{
    const ag_recipe_range ranges[] = {
        { "epochs", r->epochs, 1, CL_MAX_EPOCHS },
        { "batch", r->batch, 1, 4096 },
        { "valid", r->valid, 0, 1 << 26 },
        { "limit", r->limit, 0, 1 << 26 },
        { "augment.pad", r->augment.pad, 0, 64 },
        { "augment.fill", r->augment.fill, 0, 255 },
        { "twin.batch", r->twin.batch, 1, 4096 },
        { "twin.shards", r->twin.shards, 1, r->twin.batch },
        { "checkpoint_minutes", r->checkpoint_minutes, 1, 1 << 20 },
        { "checkpoint_steps", r->checkpoint_steps, 0, 1 << 30 },
    };
    int status = ag_recipe_check_ranges(ranges, COUNT(ranges));
    if (status == 0 && r->twin.batch % r->twin.shards) {
        status = ag_fail(AG_EINVAL, "twin.shards (%d) does not divide the twin's batch (%d)",
                         r->twin.shards, r->twin.batch);
    }
    if (status == 0 && !(r->twin.momentum >= 0 && r->twin.momentum < 1)) {
        status = ag_fail(AG_EINVAL, "twin.momentum is %g, not in [0, 1)", (double)r->twin.momentum);
    }
    return status;
}

/* A schedule starts with epoch 0 and goes on with later ones. */
static int check_epoch(const char *key, unsigned i, int epoch, int before)
{
    return (i == 0 ? epoch == 0 : epoch > before)
               ? 0
               : ag_fail(AG_EINVAL, "%s: the first epoch is 0, the others go up (epoch %d)", key,
                         epoch);
}

static int check_rates(const cl_recipe *r)
{
    int status = 0;
    for (unsigned i = 0; status == 0 && i < r->rate_count; i++) {
        status = check_epoch("rates", i, r->rates[i].epoch, i ? r->rates[i - 1].epoch : 0);
        if (status == 0) {
            ag_recipe_range rate = { "rates: rate", r->rates[i].rate, -15, 15 };
            status = ag_recipe_check_ranges(&rate, 1);
        }
    }
    const cl_twin_recipe *t = &r->twin;
    for (unsigned i = 0; status == 0 && i < t->rate_count; i++) {
        status = check_epoch("twin.rates", i, t->rates[i].epoch, i ? t->rates[i - 1].epoch : 0);
        if (status == 0 && !(t->rates[i].rate > 0 && t->rates[i].rate <= 100)) {
            status = ag_fail(AG_EINVAL, "twin.rates: rate is %g, not in (0, 100]",
                             (double)t->rates[i].rate);
        }
    }
    return status;
}

int cl_recipe_load(const char *path, const char *const *overrides, int count, cl_recipe **out)
{
    *out = NULL;
    void *loaded = NULL;
    int status = ag_recipe_load(path, overrides, count, &cl_recipe_schema, &loaded);
    if (status < 0) {
        return status;
    }
    cl_recipe *r = loaded;
    fill_defaults(r);
    status = check_ranges(r);
    if (status == 0) {
        status = check_rates(r);
    }
    if (status < 0) {
        cl_recipe_free(r);
        return ag_fail_context(status, "%s", path);
    }
    *out = r;
    return 0;
}

void cl_recipe_free(cl_recipe *recipe)
{
    if (recipe) {
        ag_recipe_free(&cl_recipe_schema, recipe);
    }
}

int cl_recipe_choose(const ag_classify_options *options, cl_recipe **out)
{
    int status = cl_recipe_load(options->recipe, options->overrides, options->override_count, out);
    if (status < 0) {
        return status;
    }
    cl_recipe *r = *out;
    r->real = r->real || options->real;
    r->batch = r->real ? r->twin.batch : r->batch;
    return 0;
}

int cl_recipe_data(const ag_classify_options *options, const cl_recipe *r, const char **data)
{
    *data = options->data ? options->data : r->data;
    return *data
               ? 0
               : ag_fail(AG_EINVAL, "no data: give --data or the key data in %s", options->recipe);
}

int cl_recipe_text(const cl_recipe *r, char **text)
{
    cl_recipe copy = *r;
    copy.output = NULL;
    copy.checkpoint_minutes = copy.checkpoint_steps = 0;
    return ag_recipe_text(&cl_recipe_schema, &copy, text);
}

int cl_rate_at(const cl_recipe *r, int64_t epoch)
{
    unsigned i = r->rate_count;
    while (i > 1 && r->rates[i - 1].epoch > epoch) {
        i--;
    }
    return r->rates[i - 1].rate;
}

float cl_twin_rate_at(const cl_recipe *r, int64_t epoch)
{
    unsigned i = r->twin.rate_count;
    while (i > 1 && r->twin.rates[i - 1].epoch > epoch) {
        i--;
    }
    return r->twin.rates[i - 1].rate;
}

/* ---- configurations ---- */

int cl_configure(const cl_network *n, int batch, ag_wage_config *config)
{
    *config = (ag_wage_config){ .height = n->height,
                                .width = n->width,
                                .channels = n->channels,
                                .nearest = n->nearest,
                                .unscaled = n->unscaled,
                                .he = n->he };
    int status = ag_classify_parse_network(n->network, config);
    if (status == 0) {
        status = ag_classify_parse_bits(n->bits ? n->bits : "2-8-8-8", &config->bits);
    }
    return status < 0 ? status : ag_wage_check(config, batch);
}

int cl_recipe_configure(const cl_recipe *r, int height, int width, int channels,
                        ag_wage_config *config)
{
    cl_network n = { height, width, channels, r->network, r->bits, r->nearest, r->unscaled, r->he };
    return cl_configure(&n, r->real ? 0 : r->batch, config);
}

/* ---- recipes alone ---- */

int ag_classify_recipe(const ag_classify_options *options, ag_wage_config *config, int *batch)
{
    cl_recipe *r = NULL;
    const char *data;
    int height = 0, width = 0, channels = 0;
    int status = cl_recipe_choose(options, &r);
    if (status == 0) {
        status = cl_recipe_data(options, r, &data);
    }
    if (status == 0) {
        status = cl_source_shape(data, &height, &width, &channels);
    }
    if (status == 0) {
        *batch = r->batch;
        status = cl_recipe_configure(r, height, width, channels, config);
        status = status < 0 ? ag_fail_context(status, "%s", options->recipe) : 0;
    }
    cl_recipe_free(r);
    return status;
}

int ag_classify_recipe_text(const ag_classify_options *options, char **text)
{
    cl_recipe *r = NULL;
    const char *data;
    *text = NULL;
    int status = cl_recipe_choose(options, &r);
    if (status == 0) {
        status = cl_recipe_data(options, r, &data);
    }
    if (status == 0) {
        cl_recipe copy = *r;
        copy.data = (char *)data;
        status = cl_recipe_text(&copy, text);
    }
    cl_recipe_free(r);
    return status;
}
