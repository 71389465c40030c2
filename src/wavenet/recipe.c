/* The schema of WaveNet recipes and of the configuration in model files, with their defaults. */
#include "wavenet/recipe.h"

#include "base/recipe.h"

#include <cyaml/cyaml.h>

#define OPT          CYAML_FLAG_OPTIONAL
#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof(array)[0]))

static const cyaml_strval_t inputs[] = { { "one_hot", AG_WAVENET_ONE_HOT },
                                         { "scalar", AG_WAVENET_SCALAR } };
static const cyaml_strval_t outputs[] = { { "softmax", AG_WAVENET_SOFTMAX },
                                          { "mol", AG_WAVENET_MOL },
                                          { "gaussian", AG_WAVENET_GAUSSIAN } };
static const cyaml_strval_t optimizers[] = { { "adam", AG_ADAM },
                                             { "rmsprop", AG_RMSPROP },
                                             { "sgd", AG_SGD } };
static const cyaml_strval_t schedules[] = { { "constant", AG_LR_CONSTANT },
                                            { "linear", AG_LR_LINEAR },
                                            { "cosine", AG_LR_COSINE },
                                            { "halving", AG_LR_HALVING } };

static const cyaml_schema_field_t stack_fields[] = {
    CYAML_FIELD_INT("layers", CYAML_FLAG_DEFAULT, ag_wavenet_stack, layers),
    CYAML_FIELD_INT("stacks", OPT, ag_wavenet_stack, stacks),
    CYAML_FIELD_INT("kernel", OPT, ag_wavenet_stack, kernel),
    CYAML_FIELD_INT("residual", CYAML_FLAG_DEFAULT, ag_wavenet_stack, residual),
    CYAML_FIELD_INT("gate", OPT, ag_wavenet_stack, gate),
    CYAML_FIELD_INT("skip", CYAML_FLAG_DEFAULT, ag_wavenet_stack, skip),
    CYAML_FIELD_END
};

static const cyaml_schema_value_t integer = { CYAML_VALUE_INT(CYAML_FLAG_DEFAULT, int) };

static const cyaml_schema_field_t model_fields[] = {
    CYAML_FIELD_INT("sample_rate", CYAML_FLAG_DEFAULT, ag_wavenet_config, sample_rate),
    CYAML_FIELD_FLOAT("preemphasis", OPT, ag_wavenet_config, preemphasis),
    CYAML_FIELD_ENUM("input", OPT | CYAML_FLAG_STRICT, ag_wavenet_config, input, inputs,
                     COUNT(inputs)),
    CYAML_FIELD_ENUM("output", OPT | CYAML_FLAG_STRICT, ag_wavenet_config, output, outputs,
                     COUNT(outputs)),
    CYAML_FIELD_INT("mixtures", OPT, ag_wavenet_config, mixtures),
    CYAML_FIELD_FLOAT("min_log_scale", OPT, ag_wavenet_config, min_log_scale),
    CYAML_FIELD_MAPPING("main", CYAML_FLAG_DEFAULT, ag_wavenet_config, main, stack_fields),
    CYAML_FIELD_INT("head", OPT, ag_wavenet_config, head),
    CYAML_FIELD_INT("speakers", OPT, ag_wavenet_config, speakers),
    CYAML_FIELD_INT("languages", OPT, ag_wavenet_config, languages),
    CYAML_FIELD_INT("global_channels", OPT, ag_wavenet_config, global_channels),
    CYAML_FIELD_INT("local_features", OPT, ag_wavenet_config, local_features),
    CYAML_FIELD_INT("hop", OPT, ag_wavenet_config, hop),
    CYAML_FIELD_INT("local_context", OPT, ag_wavenet_config, local_context),
    CYAML_FIELD_INT("local_channels", OPT, ag_wavenet_config, local_channels),
    CYAML_FIELD_SEQUENCE_COUNT("upsample", OPT, ag_wavenet_config, upsample, upsamples, &integer, 0,
                               AG_WAVENET_MAX_UPSAMPLE),
    CYAML_FIELD_MAPPING("context", OPT, ag_wavenet_config, context, stack_fields),
    CYAML_FIELD_INT("context_rate", OPT, ag_wavenet_config, context_rate),
    CYAML_FIELD_END
};

static const cyaml_schema_field_t rate_fields[] = {
    CYAML_FIELD_ENUM("kind", OPT | CYAML_FLAG_STRICT, ag_schedule, kind, schedules,
                     COUNT(schedules)),
    CYAML_FIELD_FLOAT("base", CYAML_FLAG_DEFAULT, ag_schedule, base),
    CYAML_FIELD_FLOAT("final", OPT, ag_schedule, final),
    CYAML_FIELD_INT("steps", OPT, ag_schedule, steps),
    CYAML_FIELD_INT("warmup", OPT, ag_schedule, warmup),
    CYAML_FIELD_END
};

static const cyaml_schema_field_t optimizer_fields[] = {
    CYAML_FIELD_ENUM("kind", OPT | CYAML_FLAG_STRICT, ag_optimizer_options, kind, optimizers,
                     COUNT(optimizers)),
    CYAML_FIELD_MAPPING("rate", CYAML_FLAG_DEFAULT, ag_optimizer_options, rate, rate_fields),
    CYAML_FIELD_FLOAT("beta1", OPT, ag_optimizer_options, beta1),
    CYAML_FIELD_FLOAT("beta2", OPT, ag_optimizer_options, beta2),
    CYAML_FIELD_FLOAT("epsilon", OPT, ag_optimizer_options, epsilon),
    CYAML_FIELD_FLOAT("weight_decay", OPT, ag_optimizer_options, weight_decay),
    CYAML_FIELD_FLOAT("clip_norm", OPT, ag_optimizer_options, clip_norm),
    CYAML_FIELD_FLOAT("average", OPT, ag_optimizer_options, average),
    CYAML_FIELD_END
};

static const cyaml_schema_field_t train_fields[] = {
    CYAML_FIELD_INT("steps", CYAML_FLAG_DEFAULT, wn_train_recipe, steps),
    CYAML_FIELD_INT("batch", CYAML_FLAG_DEFAULT, wn_train_recipe, batch),
    CYAML_FIELD_INT("samples", CYAML_FLAG_DEFAULT, wn_train_recipe, samples),
    CYAML_FIELD_INT("shards", OPT, wn_train_recipe, shards),
    CYAML_FIELD_MAPPING("optimizer", CYAML_FLAG_DEFAULT, wn_train_recipe, optimizer,
                        optimizer_fields),
    CYAML_FIELD_FLOAT("local_dropout", OPT, wn_train_recipe, local_dropout),
    CYAML_FIELD_INT("checkpoint_minutes", OPT, wn_train_recipe, checkpoint_minutes),
    CYAML_FIELD_INT("checkpoint_steps", OPT, wn_train_recipe, checkpoint_steps),
    CYAML_FIELD_INT("valid_steps", OPT, wn_train_recipe, valid_steps),
    CYAML_FIELD_INT("valid_crops", OPT, wn_train_recipe, valid_crops),
    CYAML_FIELD_END
};

static const cyaml_schema_field_t recipe_fields[] = {
    CYAML_FIELD_STRING_PTR("data", OPT | CYAML_FLAG_POINTER, wn_recipe, data, 1, 4096),
    CYAML_FIELD_STRING_PTR("output", OPT | CYAML_FLAG_POINTER, wn_recipe, output, 1, 4096),
    CYAML_FIELD_UINT("seed", OPT, wn_recipe, seed),
    CYAML_FIELD_BOOL("speakers", OPT, wn_recipe, speakers),
    CYAML_FIELD_BOOL("languages", OPT, wn_recipe, languages),
    CYAML_FIELD_MAPPING("model", CYAML_FLAG_DEFAULT, wn_recipe, model, model_fields),
    CYAML_FIELD_MAPPING("train", CYAML_FLAG_DEFAULT, wn_recipe, train, train_fields),
    CYAML_FIELD_END
};

const cyaml_schema_value_t wn_recipe_schema = { CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, wn_recipe,
                                                                    recipe_fields) };
const cyaml_schema_value_t wn_config_schema = { CYAML_VALUE_MAPPING(
    CYAML_FLAG_POINTER, ag_wavenet_config, model_fields) };

static void default_int(int *value, int otherwise)
{
    *value = *value ? *value : otherwise;
}

static void default_float(float *value, float otherwise)
{
    *value = *value != 0 ? *value : otherwise;
}

static void default_stack(ag_wavenet_stack *s)
{
    default_int(&s->stacks, 1);
    default_int(&s->kernel, 2);
    default_int(&s->gate, 2 * s->residual);
}

static void fill_defaults(wn_recipe *r)
{
    ag_wavenet_config *c = &r->model;
    default_stack(&c->main);
    if (c->context.layers) {
        default_stack(&c->context);
    }
    default_int(&c->head, c->main.skip);
    default_int(&c->mixtures, c->output == AG_WAVENET_MOL ? 10 : 0);
    default_float(&c->min_log_scale, c->output == AG_WAVENET_GAUSSIAN ? -9.0f : -7.0f);
    wn_train_recipe *t = &r->train;
    default_int(&t->shards, t->batch);
    default_int(&t->checkpoint_minutes, 5);
    default_int(&t->valid_crops, 64);
    default_float(&t->optimizer.beta1, t->optimizer.kind == AG_ADAM ? 0.9f : 0);
    default_float(&t->optimizer.beta2, t->optimizer.kind == AG_ADAM ? 0.999f : 0.99f);
    default_float(&t->optimizer.epsilon, t->optimizer.kind == AG_ADAM ? 1e-8f : 0.1f);
}

static int check_train(const wn_train_recipe *t)
{
    const ag_recipe_range ranges[] = {
        { "train.steps", t->steps, 1, (int64_t)1 << 40 },
        { "train.batch", t->batch, 1, 4096 },
        { "train.samples", t->samples, 1, 1 << 22 },
        { "train.shards", t->shards, 1, t->batch },
        { "train.checkpoint_minutes", t->checkpoint_minutes, 1, 1 << 20 },
        { "train.checkpoint_steps", t->checkpoint_steps, 0, (int64_t)1 << 40 },
        { "train.valid_steps", t->valid_steps, 0, 1 << 30 },
        { "train.valid_crops", t->valid_crops, 1, 1 << 20 },
    };
    int status = ag_recipe_check_ranges(ranges, COUNT(ranges));
    if (status < 0) {
        return status;
    }
    if (!(t->local_dropout >= 0 && t->local_dropout < 1)) {
        return ag_fail(AG_EINVAL, "train.local_dropout is %g, not in [0, 1)",
                       (double)t->local_dropout);
    }
    if (t->batch % t->shards) {
        return ag_fail(AG_EINVAL, "train.shards (%d) does not divide train.batch (%d)", t->shards,
                       t->batch);
    }
    return 0;
}

int wn_recipe_load(const char *path, const char *const *overrides, int count, wn_recipe **out)
{
    *out = NULL;
    void *loaded = NULL;
    int status = ag_recipe_load(path, overrides, count, &wn_recipe_schema, &loaded);
    if (status < 0) {
        return status;
    }
    wn_recipe *r = loaded;
    fill_defaults(r);
    status = check_train(&r->train);
    if (status < 0) {
        wn_recipe_free(r);
        return ag_fail_context(status, "%s", path);
    }
    *out = r;
    return 0;
}

void wn_recipe_free(wn_recipe *recipe)
{
    if (recipe) {
        ag_recipe_free(&wn_recipe_schema, recipe);
    }
}
