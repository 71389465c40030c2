/* agena wage: train, evaluate, compare, count and export networks that compute in integers. */
#include "cli/common.h"
#include "cli/wage.h"

#include "agena/classify.h"

#include <stdio.h>
#include <string.h>

/* ---- train ---- */

typedef struct {
    const char *recipe, *data, *output;
    cli_list set;
    bool resume, real;
    int64_t threads;
} train_options;

static int run_train(const void *options)
{
    const train_options *o = options;
    ag_classify_options t = { .recipe = o->recipe,
                              .overrides = o->set.items,
                              .override_count = o->set.count,
                              .data = o->data,
                              .output = o->output,
                              .resume = o->resume,
                              .real = o->real,
                              .threads = (int)o->threads };
    return ag_classify_train(&t, NULL);
}

static const cli_option train_table[] = {
    CLI_RECIPE(train_options),
    CLI_PICTURES(train_options),
    CLI_RUN_FOLDER(train_options),
    CLI_RESUME(train_options, "go on from the checkpoint in the run folder"),
    { .name = "float",
      .type = CLI_FLAG,
      .help = "train the same network in float32, for comparison",
      .offset = offsetof(train_options, real) },
    CLI_SET(train_options, "epochs=3"),
    CLI_THREADS(train_options),
    { 0 },
};

static const cli_example train_examples[] = {
    { "agena wage train recipes/wage-mnist.yaml -o build/digits", "Digits, in integers alone." },
    { "agena wage train recipes/wage-mnist.yaml -o build/digits --resume",
      "Go on after Ctrl-C, a crash or a power cut." },
    { "agena wage train recipes/wage-mnist.yaml -o build/twin --float", "The float32 twin." },
    { 0 },
};

static const cli_command wage_train = {
    .name = "train",
    .summary = "Train a network in integers from a recipe",
    .description =
        "Trains to the recipe's last epoch and looks at the test split after each. The run folder "
        "gets checkpoint.safetensors (all that resuming needs), model.safetensors and TensorBoard "
        "event files.\n\n"
        "Ctrl-C saves and stops. A run that was resumed, on any number of threads, ends with the "
        "same bytes as one that never stopped.",
    .options = train_table,
    .examples = train_examples,
    .size = sizeof(train_options),
    .run = run_train,
};

/* ---- eval ---- */

typedef struct {
    const char *model, *data;
    int split;
    int64_t limit, threads;
    bool json;
} eval_options;

static const char *const split_names[] = { "test", "train", NULL };

static int print_evaluation(const eval_options *o, const ag_classifier *m, int64_t wrong,
                            int64_t count)
{
    double error = (double)wrong / (double)count;
    if (o->json) {
        return cli_print_json(json_pack("{s:s, s:b, s:I, s:I, s:f}", "split", split_names[o->split],
                                        "float", m->real, "pictures", (json_int_t)count, "wrong",
                                        (json_int_t)wrong, "error", error),
                              JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    }
    printf("%lld of %lld pictures of the %s split wrong: %.2f %%\n", (long long)wrong,
           (long long)count, split_names[o->split], 100 * error);
    return 0;
}

static int evaluate(const eval_options *o, ag_pool *pool)
{
    ag_classifier *m = NULL;
    ag_pictures *p = NULL;
    int status = ag_classifier_load(o->model, 0, pool, &m);
    if (status == 0) {
        status = ag_classify_pictures(o->data, o->split ? AG_SPLIT_TRAIN : AG_SPLIT_TEST, &p);
    }
    if (status == 0) {
        int64_t wrong, count = o->limit && o->limit < p->count ? o->limit : p->count;
        status = ag_classifier_evaluate(m, p, 0, count, pool, &wrong);
        if (status == 0) {
            status = print_evaluation(o, m, wrong, count);
        }
    }
    ag_pictures_free(p);
    ag_classifier_free(m);
    return status;
}

static int run_eval(const void *options)
{
    const eval_options *o = options;
    ag_pool *pool = NULL;
    int status = ag_pool_new((int)o->threads, &pool);
    if (status == 0) {
        status = evaluate(o, pool);
    }
    ag_pool_free(pool);
    return status;
}

static const cli_option eval_table[] = {
    CLI_MODEL(eval_options),
    { .name = "data",
      .type = CLI_FOLDER,
      .required = true,
      .value = "DATA",
      .help = "name of a data set or its folder",
      .offset = offsetof(eval_options, data) },
    { .name = "split",
      .type = CLI_CHOICE,
      .value = "SPLIT",
      .normal = "test",
      .help = "pictures to use",
      .choices = split_names,
      .offset = offsetof(eval_options, split) },
    { .name = "limit",
      .type = CLI_INT,
      .value = "N",
      .normal = "0",
      .help = "only the first N pictures; 0 for all",
      .least = 0,
      .most = 1e9,
      .offset = offsetof(eval_options, limit) },
    CLI_THREADS(eval_options),
    CLI_JSON(eval_options, CLI_ONE_OBJECT),
    { 0 },
};

static const cli_example eval_examples[] = {
    { "agena wage eval build/digits/model.safetensors --data mnist", "How many digits are wrong?" },
    { 0 },
};

static const cli_command wage_eval = {
    .name = "eval",
    .summary = "Count the wrong answers of a model",
    .options = eval_table,
    .examples = eval_examples,
    .size = sizeof(eval_options),
    .run = run_eval,
};

/* ---- pack ---- */

typedef struct {
    const char *model, *output;
} pack_options;

static bool has_ternary(const ag_classifier *m)
{
    bool found = false;
    for (int i = 0; i < m->config.layers; i++) {
        const ag_wage_layer *l = &m->config.layer[i];
        found = found || (l->kind != AG_WAGE_POOL &&
                          (l->bits.weights ? l->bits.weights : m->config.bits.weights) == 2);
    }
    return found;
}

static int run_pack(const void *options)
{
    const pack_options *o = options;
    ag_classifier *m = NULL;
    int status = ag_classifier_load(o->model, 0, NULL, &m);
    if (status == 0 && m->real) {
        status = ag_fail(AG_EINVAL, "%s is in float32: only integers can be packed", o->model);
    }
    if (status == 0 && !has_ternary(m)) {
        status = ag_fail(AG_EINVAL, "%s has no layer of ternary weights to pack", o->model);
    }
    if (status == 0) {
        status = ag_classifier_save(m, true, o->output);
    }
    ag_classifier_free(m);
    return status;
}

static const cli_option pack_table[] = {
    CLI_MODEL(pack_options),
    CLI_OUTPUT(pack_options, CLI_FILE, "FILE", "the packed model"),
    { 0 },
};

static const cli_command wage_pack = {
    .name = "pack",
    .summary = "Keep only 2 bits of ternary weights",
    .description = "A model keeps its weights on the gradients' grid, from which training can go "
                   "on. Packed, layers of ternary weights hold what inference needs: a quarter of "
                   "the size, the same answers.",
    .options = pack_table,
    .size = sizeof(pack_options),
    .run = run_pack,
};

/* ---- export ---- */

typedef struct {
    const char *model, *output;
    int64_t batch;
    bool json;
} export_options;

static int print_footprint(const export_options *o, const ag_wage_footprint *f)
{
    if (o->json) {
        return cli_print_json(json_pack("{s:I, s:I, s:I, s:I, s:I}", "weights",
                                        (json_int_t)f->weights, "packed_bytes",
                                        (json_int_t)f->packed_bytes, "stored_bytes",
                                        (json_int_t)f->stored_bytes, "inference_bytes",
                                        (json_int_t)f->inference_bytes, "training_bytes",
                                        (json_int_t)f->training_bytes),
                              JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    }
    printf("%lld weights\nflash: %lld bytes of weights to classify", (long long)f->weights,
           (long long)f->packed_bytes);
    if (o->batch) {
        printf(", %lld to learn from", (long long)f->stored_bytes);
    }
    printf("\nRAM:   %lld bytes to classify", (long long)f->inference_bytes);
    if (o->batch) {
        printf(", %lld to learn in steps of %lld pictures", (long long)f->training_bytes,
               (long long)o->batch);
    }
    printf("\nwrote %s, whose README.md states every part\n", o->output);
    return 0;
}

static int run_export(const void *options)
{
    const export_options *o = options;
    ag_classifier *m = NULL;
    ag_wage_footprint footprint;
    int status = ag_classifier_load(o->model, (int)o->batch, NULL, &m);
    if (status == 0 && m->real) {
        status = ag_fail(AG_EINVAL, "%s is in float32: only networks in integers are exported",
                         o->model);
    }
    if (status == 0) {
        status = ag_wage_export(m->net, (int)o->batch, o->output, &footprint);
    }
    if (status == 0) {
        status = print_footprint(o, &footprint);
    }
    ag_classifier_free(m);
    return status;
}

static const cli_option export_table[] = {
    CLI_MODEL(export_options),
    CLI_OUTPUT(export_options, CLI_FOLDER, "DIR", "folder for the C files"),
    { .name = "batch",
      .type = CLI_INT,
      .value = "N",
      .normal = "0",
      .help = "pictures of a step of learning on the device, 1 to 16; 0: it only classifies",
      .least = 0,
      .most = 16,
      .offset = offsetof(export_options, batch) },
    CLI_JSON(export_options, "print what it takes as one JSON object"),
    { 0 },
};

static const cli_example export_examples[] = {
    { "agena wage export model.safetensors -o device --batch 4",
      "C99 that goes on learning on a microcontroller." },
    { 0 },
};

static const cli_command wage_export = {
    .name = "export",
    .summary = "Write a model as C for small devices",
    .description = "Plain C99 without allocation, floating point or library: weights, inference "
                   "and, with --batch, the training step, whose bytes equal those of agena.",
    .options = export_table,
    .examples = export_examples,
    .size = sizeof(export_options),
    .run = run_export,
};

static const cli_command *const subcommands[] = {
    &wage_train, &wage_eval, &cli_wage_sweep, &cli_wage_cost, &wage_export, &wage_pack, NULL
};

const cli_command cli_wage = {
    .name = "wage",
    .summary = "Train and run networks in integers",
    .subcommands = subcommands,
};
