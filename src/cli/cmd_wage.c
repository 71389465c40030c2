/* agena wage: train, evaluate, compare, count and export networks that compute in integers. */
#include "cli/cli.h"

#include "agena/classify.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Write JSON, which is used up, and a line's end. */
static int print_json(json_t *out)
{
    int status = out && json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0
                     ? 0
                     : ag_fail(AG_EIO, "the result could not be written");
    json_decref(out);
    if (status == 0) {
        printf("\n");
    }
    return status;
}

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
    { .type = CLI_FILE,
      .required = true,
      .value = "RECIPE",
      .help = "YAML file that describes the network and its training",
      .offset = offsetof(train_options, recipe) },
    { .name = "data",
      .type = CLI_FOLDER,
      .value = "DATA",
      .help = "name of a data set or its folder; otherwise the recipe's key data",
      .offset = offsetof(train_options, data) },
    { .name = "output",
      .letter = 'o',
      .type = CLI_FOLDER,
      .value = "DIR",
      .help = "run folder: checkpoint, model and log; otherwise the recipe's key output",
      .offset = offsetof(train_options, output) },
    { .name = "resume",
      .type = CLI_FLAG,
      .help = "go on from the checkpoint in the run folder",
      .offset = offsetof(train_options, resume) },
    { .name = "float",
      .type = CLI_FLAG,
      .help = "train the same network in float32, for comparison",
      .offset = offsetof(train_options, real) },
    { .name = "set",
      .type = CLI_LIST,
      .value = "KEY=VALUE",
      .help = "change a value of the recipe, for example epochs=3",
      .offset = offsetof(train_options, set) },
    { .name = "threads",
      .letter = 't',
      .type = CLI_INT,
      .value = "N",
      .normal = "0",
      .help = "threads to use, 0 for all processors; the result does not depend on it",
      .least = 0,
      .most = 1024,
      .offset = offsetof(train_options, threads) },
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

static int open_pictures(const char *data, ag_split split, ag_pictures **out)
{
    const ag_dataset *set = NULL;
    char *folder = NULL;
    for (int i = 0; i < ag_dataset_count() && !set; i++) {
        set = strcmp(ag_dataset_at(i)->name, data) == 0 ? ag_dataset_at(i) : NULL;
    }
    int status = set ? ag_dataset_locate(set, &folder) : 0;
    if (status == 0) {
        status = ag_pictures_open(folder ? folder : data, split, out);
    }
    ag_free(folder);
    return status;
}

static int print_evaluation(const eval_options *o, const ag_classifier *m, int64_t wrong,
                            int64_t count)
{
    double error = (double)wrong / (double)count;
    if (o->json) {
        return print_json(json_pack("{s:s, s:b, s:I, s:I, s:f}", "split", split_names[o->split],
                                    "float", m->real, "pictures", (json_int_t)count, "wrong",
                                    (json_int_t)wrong, "error", error));
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
        status = open_pictures(o->data, o->split ? AG_SPLIT_TRAIN : AG_SPLIT_TEST, &p);
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
    { .type = CLI_FILE,
      .required = true,
      .value = "MODEL",
      .help = "model or checkpoint (safetensors)",
      .offset = offsetof(eval_options, model) },
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
    { .name = "threads",
      .letter = 't',
      .type = CLI_INT,
      .value = "N",
      .normal = "0",
      .help = "threads to use, 0 for all processors",
      .least = 0,
      .most = 1024,
      .offset = offsetof(eval_options, threads) },
    { .name = "json",
      .type = CLI_FLAG,
      .help = "print one JSON object",
      .offset = offsetof(eval_options, json) },
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

static int run_pack(const void *options)
{
    const pack_options *o = options;
    ag_classifier *m = NULL;
    int status = ag_classifier_load(o->model, 0, NULL, &m);
    if (status == 0 && m->real) {
        status = ag_fail(AG_EINVAL, "%s is in float32: only integers can be packed", o->model);
    }
    if (status == 0) {
        status = ag_classifier_save(m, true, o->output);
    }
    ag_classifier_free(m);
    return status;
}

static const cli_option pack_table[] = {
    { .type = CLI_FILE,
      .required = true,
      .value = "MODEL",
      .help = "model or checkpoint (safetensors)",
      .offset = offsetof(pack_options, model) },
    { .name = "output",
      .letter = 'o',
      .type = CLI_FILE,
      .required = true,
      .value = "FILE",
      .help = "the packed model",
      .offset = offsetof(pack_options, output) },
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

/* ---- sweep ---- */

typedef struct {
    const char *recipe, *bits, *data, *output;
    cli_list set;
    int64_t seeds, threads;
    bool real, resume;
} sweep_options;

enum { MAX_WIDTHS = 64, MAX_SETTINGS = 64 };

/* One sweep: its rows so far, in the file after every run. */
typedef struct {
    const sweep_options *o;
    json_t *rows;
    json_t *curve; /* of the run under way */
} sweep;

static void add_point(void *user, const ag_classify_point *p)
{
    json_array_append_new(((sweep *)user)->curve, json_pack("{s:i, s:f, s:f}", "epoch", p->epoch,
                                                            "loss", p->loss, "error", p->error));
}

static int save_rows(const sweep *s)
{
    json_t *all = json_pack("{s:s, s:O}", "recipe", s->o->recipe, "runs", s->rows);
    char *text = all ? json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(8)) : NULL;
    ag_writer *writer = NULL;
    int status = text ? ag_writer_open(s->o->output, &writer)
                      : ag_fail(AG_ENOMEM, "out of memory while writing the table");
    if (status == 0 && text) {
        status = ag_writer_write(writer, text, strlen(text));
    }
    if (status == 0) {
        status = ag_writer_commit(writer);
    } else {
        ag_writer_abandon(writer);
    }
    json_decref(all);
    free(text); /* jansson's own */
    return status;
}

/* The row of a finished run, or NULL. */
static json_t *find_row(const sweep *s, const char *bits, int64_t seed)
{
    size_t i;
    json_t *row;
    json_array_foreach(s->rows, i, row)
    {
        const char *name = json_string_value(json_object_get(row, "bits"));
        if (name && strcmp(name, bits) == 0 &&
            json_integer_value(json_object_get(row, "seed")) == seed) {
            return row;
        }
    }
    return NULL;
}

static int load_rows(sweep *s)
{
    json_error_t error;
    json_t *all = json_load_file(s->o->output, 0, &error);
    json_t *rows = json_object_get(all, "runs");
    const char *recipe = json_string_value(json_object_get(all, "recipe"));
    bool same = recipe && strcmp(recipe, s->o->recipe) == 0 && json_is_array(rows);
    if (same) {
        json_decref(s->rows);
        s->rows = json_incref(rows);
    }
    json_decref(all);
    return same ? 0
                : ag_fail(AG_EFORMAT, "%s holds no sweep of %s to go on with", s->o->output,
                          s->o->recipe);
}

/* Train once; bits "float" stands for the twin. */
static int run_once(sweep *s, const char *bits, int64_t seed)
{
    const sweep_options *o = s->o;
    const char *settings[MAX_SETTINGS + 2];
    char width[80], number[40];
    int count = 0;
    for (; count < o->set.count; count++) {
        settings[count] = o->set.items[count];
    }
    bool real = strcmp(bits, "float") == 0;
    snprintf(width, sizeof width, "bits=%.60s", bits);
    snprintf(number, sizeof number, "seed=%lld", (long long)seed);
    settings[count++] = number;
    if (!real) {
        settings[count++] = width;
    }
    ag_logf(AG_LOG_INFO, "%s, seed %lld", bits, (long long)seed);
    s->curve = json_array();
    ag_classify_options t = { .recipe = o->recipe,
                              .overrides = settings,
                              .override_count = count,
                              .data = o->data,
                              .unsaved = true,
                              .real = real,
                              .threads = (int)o->threads,
                              .point = add_point,
                              .user = s };
    ag_classify_result result = { 0 };
    int status = ag_classify_train(&t, &result);
    if (status < 0) {
        json_decref(s->curve);
        return status;
    }
    double rate = result.seconds > 0 ? (double)result.pictures / result.seconds : 0;
    json_array_append_new(s->rows,
                          json_pack("{s:s, s:I, s:f, s:f, s:I, s:I, s:o}", "bits", bits, "seed",
                                    (json_int_t)seed, "error", result.error, "pictures_per_second",
                                    rate, "bytes", (json_int_t)result.bytes, "weights",
                                    (json_int_t)result.weights, "curve", s->curve));
    return save_rows(s);
}

/* Mean and range over the seeds of one width. */
static void print_row(const sweep *s, const char *bits)
{
    double sum = 0, least = 1, most = 0;
    int runs = 0;
    for (int64_t seed = 1; seed <= s->o->seeds; seed++) {
        const json_t *row = find_row(s, bits, seed);
        if (row) {
            double error = json_real_value(json_object_get(row, "error"));
            sum += error;
            least = error < least ? error : least;
            most = error > most ? error : most;
            runs++;
        }
    }
    if (runs) {
        printf("%-12s %5d %9.2f %9.2f %9.2f\n", bits, runs, 100 * sum / runs, 100 * least,
               100 * most);
    }
}

/* Cut "2-8-8-8,2-8-8-4" into names, each checked; "float" comes last when asked for. */
static int read_widths(const sweep_options *o, char *text, const char **width, int *count)
{
    *count = 0;
    for (char *at = strtok(text, ","); at; at = strtok(NULL, ",")) {
        ag_wage_bits bits;
        int status = ag_classify_parse_bits(at, &bits);
        if (status < 0) {
            return status;
        }
        if (*count == MAX_WIDTHS) {
            return ag_fail(CLI_USAGE, "more than %d widths", MAX_WIDTHS);
        }
        width[(*count)++] = at;
    }
    if (o->real) {
        width[(*count)++] = "float";
    }
    return *count ? 0 : ag_fail(CLI_USAGE, "--bits names no width");
}

static int run_all(sweep *s, const char *const *width, int count)
{
    int status = s->o->resume ? load_rows(s) : save_rows(s);
    for (int i = 0; status == 0 && i < count; i++) {
        for (int64_t seed = 1; status == 0 && seed <= s->o->seeds; seed++) {
            status = find_row(s, width[i], seed) ? 0 : run_once(s, width[i], seed);
        }
    }
    if (json_array_size(s->rows) > 0) {
        printf("%-12s %5s %9s %9s %9s\n", "bits", "runs", "error %", "least", "most");
    }
    for (int i = 0; i < count; i++) {
        print_row(s, width[i]);
    }
    return status;
}

static int run_sweep(const void *options)
{
    const sweep_options *o = options;
    if (o->set.count > MAX_SETTINGS) {
        return ag_fail(CLI_USAGE, "more than %d values are set", MAX_SETTINGS);
    }
    const char *width[MAX_WIDTHS + 1];
    int count = 0;
    sweep s = { .o = o, .rows = json_array() };
    char *text = ag_strdup(o->bits);
    int status = text && s.rows ? read_widths(o, text, width, &count) : AG_ENOMEM;
    if (status == 0) {
        status = run_all(&s, width, count);
    }
    json_decref(s.rows);
    ag_free(text);
    return status;
}

static const cli_option sweep_table[] = {
    { .type = CLI_FILE,
      .required = true,
      .value = "RECIPE",
      .help = "YAML file that describes the network and its training",
      .offset = offsetof(sweep_options, recipe) },
    { .name = "bits",
      .type = CLI_STRING,
      .required = true,
      .value = "LIST",
      .help = "widths to try, such as 2-8-8-8,2-8-8-4 (weights, activations, gradients, errors)",
      .offset = offsetof(sweep_options, bits) },
    { .name = "seeds",
      .type = CLI_INT,
      .value = "N",
      .normal = "1",
      .help = "train each with the seeds 1 to N",
      .least = 1,
      .most = 1000,
      .offset = offsetof(sweep_options, seeds) },
    { .name = "float",
      .type = CLI_FLAG,
      .help = "train the float32 twin too",
      .offset = offsetof(sweep_options, real) },
    { .name = "output",
      .letter = 'o',
      .type = CLI_FILE,
      .required = true,
      .value = "FILE",
      .help = "JSON with every run's error and curve, written after each run",
      .offset = offsetof(sweep_options, output) },
    { .name = "resume",
      .type = CLI_FLAG,
      .help = "leave out the runs that FILE has",
      .offset = offsetof(sweep_options, resume) },
    { .name = "data",
      .type = CLI_FOLDER,
      .value = "DATA",
      .help = "name of a data set or its folder; otherwise the recipe's key data",
      .offset = offsetof(sweep_options, data) },
    { .name = "set",
      .type = CLI_LIST,
      .value = "KEY=VALUE",
      .help = "change a value of the recipe, for example epochs=3",
      .offset = offsetof(sweep_options, set) },
    { .name = "threads",
      .letter = 't',
      .type = CLI_INT,
      .value = "N",
      .normal = "0",
      .help = "threads to use, 0 for all processors; the result does not depend on it",
      .least = 0,
      .most = 1024,
      .offset = offsetof(sweep_options, threads) },
    { 0 },
};

static const cli_example sweep_examples[] = {
    { "agena wage sweep recipes/wage-mnist.yaml --bits 2-8-8-8,2-8-8-4,2-8-8-2 --seeds 3 "
      "-o errors.json",
      "How many bits do errors need?" },
    { 0 },
};

static const cli_command wage_sweep = {
    .name = "sweep",
    .summary = "Train a recipe with several widths and compare",
    .options = sweep_table,
    .examples = sweep_examples,
    .size = sizeof(sweep_options),
    .run = run_sweep,
};

/* ---- cost ---- */

typedef struct {
    const char *source;
    int64_t batch;
    bool json;
} cost_options;

static json_t *cost_object(const ag_classify_cost *c)
{
    return json_pack(
        "{s:{s:I, s:I, s:I}, s:I, s:I, s:f, s:f, s:{s:f, s:f, s:f, s:f}}", "multiply_adds",
        "forward", (json_int_t)c->forward, "backward", (json_int_t)c->backward, "gradient",
        (json_int_t)c->gradient, "weights", (json_int_t)c->weights, "activations",
        (json_int_t)c->activations, "inference_bytes", c->inference_bits / 8, "training_bytes",
        c->training_bits / 8, "energy_uj", "inference_compute", c->inference_compute / 1e6,
        "inference_memory", c->inference_memory / 1e6, "training_compute",
        c->training_compute / 1e6, "training_memory", c->training_memory / 1e6);
}

static void print_line(const char *what, double integers, double real)
{
    printf("%-28s %12.3f %12.3f %9.1f\n", what, integers, real, real / integers);
}

static void print_cost(const ag_wage_config *config, int64_t batch, const ag_classify_cost *w,
                       const ag_classify_cost *f)
{
    const ag_wage_bits *b = &config->bits;
    printf("%lld weights, %lld activations a picture; %d-%d-%d-%d, batch %lld\n\n",
           (long long)w->weights, (long long)w->activations, b->weights, b->activations,
           b->gradients, b->errors, (long long)batch);
    printf("%-28s %12s\n", "multiply-adds a picture", "millions");
    printf("  forward   %2d x %2d bits        %12.3f\n", b->activations, b->weights,
           (double)w->forward / 1e6);
    printf("  backward  %2d x %2d bits        %12.3f\n", b->errors, b->weights,
           (double)w->backward / 1e6);
    printf("  gradient  %2d x %2d bits        %12.3f\n\n", b->activations, b->errors,
           (double)w->gradient / 1e6);
    printf("%-28s %12s %12s %9s\n", "a picture", "integers", "float32", "times");
    print_line("inference: memory, kB", w->inference_bits / 8e3, f->inference_bits / 8e3);
    print_line("  compute, uJ", w->inference_compute / 1e6, f->inference_compute / 1e6);
    print_line("  memory, uJ", w->inference_memory / 1e6, f->inference_memory / 1e6);
    print_line("training: memory, kB", w->training_bits / 8e3, f->training_bits / 8e3);
    print_line("  compute, uJ", w->training_compute / 1e6, f->training_compute / 1e6);
    print_line("  memory, uJ", w->training_memory / 1e6, f->training_memory / 1e6);
    printf("\nenergy at 45 nm (Horowitz 2014): int8 product 0.2 pJ, int32 sum 0.1, float32 product "
           "3.7,\nfloat32 sum 0.9, 32 bits of DRAM 640; a product by a ternary weight is free; "
           "nothing is\ncached\n");
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static int read_network(const cost_options *o, ag_wage_config *config, int *batch)
{
    if (ends_with(o->source, ".yaml") || ends_with(o->source, ".yml")) {
        return ag_classify_recipe(o->source, NULL, 0, config, batch);
    }
    ag_classifier *m = NULL;
    int status = ag_classifier_load(o->source, 0, NULL, &m);
    if (status == 0) {
        *config = m->config;
        *batch = 128;
    }
    ag_classifier_free(m);
    return status;
}

static int run_cost(const void *options)
{
    const cost_options *o = options;
    ag_wage_config config;
    ag_classify_cost integers, real;
    int batch = 0;
    int status = read_network(o, &config, &batch);
    batch = o->batch ? (int)o->batch : batch;
    if (status == 0) {
        status = ag_classify_count(&config, batch, false, &integers);
    }
    if (status == 0) {
        status = ag_classify_count(&config, batch, true, &real);
    }
    if (status == 0 && o->json) {
        return print_json(json_pack("{s:i, s:o, s:o}", "batch", batch, "integers",
                                    cost_object(&integers), "float", cost_object(&real)));
    }
    if (status == 0) {
        print_cost(&config, batch, &integers, &real);
    }
    return status;
}

static const cli_option cost_table[] = {
    { .type = CLI_FILE,
      .required = true,
      .value = "MODEL",
      .help = "model (safetensors) or recipe (.yaml)",
      .offset = offsetof(cost_options, source) },
    { .name = "batch",
      .type = CLI_INT,
      .value = "N",
      .normal = "0",
      .help = "pictures of a training step; 0 for the recipe's, or 128",
      .least = 0,
      .most = 4096,
      .offset = offsetof(cost_options, batch) },
    { .name = "json",
      .type = CLI_FLAG,
      .help = "print one JSON object",
      .offset = offsetof(cost_options, json) },
    { 0 },
};

static const cli_example cost_examples[] = {
    { "agena wage cost recipes/wage-cifar10.yaml", "What do integers save?" },
    { 0 },
};

static const cli_command wage_cost = {
    .name = "cost",
    .summary = "Count operations, memory traffic and energy, against float32",
    .description =
        "Multiply-adds by the widths of their operands, bits moved between memory and processor "
        "when nothing is cached, and the energy of both by published figures for 45 nm. These are "
        "counts, not measurements of this machine.",
    .options = cost_table,
    .examples = cost_examples,
    .size = sizeof(cost_options),
    .run = run_cost,
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
        return print_json(json_pack("{s:I, s:I, s:I, s:I, s:I}", "weights", (json_int_t)f->weights,
                                    "packed_bytes", (json_int_t)f->packed_bytes, "stored_bytes",
                                    (json_int_t)f->stored_bytes, "inference_bytes",
                                    (json_int_t)f->inference_bytes, "training_bytes",
                                    (json_int_t)f->training_bytes));
    }
    printf("%lld weights\nflash: %lld bytes to classify", (long long)f->weights,
           (long long)f->packed_bytes);
    if (o->batch) {
        printf(", %lld to learn from", (long long)f->stored_bytes);
    }
    printf("\nRAM:   %lld bytes to classify", (long long)f->inference_bytes);
    if (o->batch) {
        printf(", %lld to learn in steps of %lld pictures", (long long)f->training_bytes,
               (long long)o->batch);
    }
    printf("\nwrote %s\n", o->output);
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
    { .type = CLI_FILE,
      .required = true,
      .value = "MODEL",
      .help = "model or checkpoint (safetensors)",
      .offset = offsetof(export_options, model) },
    { .name = "output",
      .letter = 'o',
      .type = CLI_FOLDER,
      .required = true,
      .value = "DIR",
      .help = "folder for the C files",
      .offset = offsetof(export_options, output) },
    { .name = "batch",
      .type = CLI_INT,
      .value = "N",
      .normal = "0",
      .help = "pictures of a step of learning on the device, 1 to 16; 0: it only classifies",
      .least = 0,
      .most = 16,
      .offset = offsetof(export_options, batch) },
    { .name = "json",
      .type = CLI_FLAG,
      .help = "print what it takes as one JSON object",
      .offset = offsetof(export_options, json) },
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

static const cli_command *const subcommands[] = { &wage_train,  &wage_eval, &wage_sweep, &wage_cost,
                                                  &wage_export, &wage_pack, NULL };

const cli_command cli_wage = {
    .name = "wage",
    .summary = "Train and run networks in integers",
    .subcommands = subcommands,
};
