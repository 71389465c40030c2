/* agena wage sweep: a recipe by several widths and seeds. */
#include "cli/common.h"
#include "cli/wage.h"

#include "agena/classify.h"
#include "nn/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *recipe, *bits, *data, *output;
    cli_list set;
    int64_t seeds, threads;
    bool real, resume;
} sweep_options;

enum { MAX_WIDTHS = 64 };

/* One sweep: its rows so far, in the file after every run. */
typedef struct {
    const sweep_options *o;
    char *recipe; /* as text, for who resumes */
    json_t *rows;
    json_t *curve;         /* of the run under way */
    const char **settings; /* the user's, then bits, seed and float of a run */
    char bits[80], seed[40];
} sweep;

/* ---- the file ---- */

static int write_text(const char *path, const char *text)
{
    ag_writer *writer = NULL;
    int status = ag_writer_open(path, &writer);
    if (status == 0) {
        status = ag_writer_write(writer, text, strlen(text));
    }
    if (status < 0) {
        ag_writer_abandon(writer);
        return status;
    }
    return ag_writer_commit(writer);
}

static int save_rows(const sweep *s)
{
    json_t *all = json_pack("{s:s, s:O}", "recipe", s->recipe, "runs", s->rows);
    char *text = all ? json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(8)) : NULL;
    json_decref(all);
    int status = text ? write_text(s->o->output, text)
                      : ag_fail(AG_ENOMEM, "out of memory while writing %s", s->o->output);
    free(text); /* jansson's own */
    return status;
}

/* Is this what a finished run left? */
static bool good_row(const json_t *row)
{
    const json_t *error = json_object_get(row, "error");
    return json_is_string(json_object_get(row, "bits")) &&
           json_is_integer(json_object_get(row, "seed")) && json_is_number(error) &&
           json_number_value(error) >= 0 && json_number_value(error) <= 1;
}

static int take_rows(sweep *s, const json_t *all)
{
    const char *recipe = json_string_value(json_object_get(all, "recipe"));
    json_t *rows = json_object_get(all, "runs"), *row;
    bool good = recipe && json_is_array(rows);
    size_t i;
    json_array_foreach(rows, i, row)
    {
        good = good && good_row(row);
    }
    if (!good) {
        return ag_fail(AG_EFORMAT, "%s holds no sweep to go on with", s->o->output);
    }
    json_decref(s->rows);
    s->rows = json_incref(rows);
    return ag_run_same_recipe(s->o->output, recipe, s->recipe);
}

static int load_rows(sweep *s)
{
    json_error_t error;
    json_t *all = json_load_file(s->o->output, JSON_REJECT_DUPLICATES, &error);
    int status = all ? take_rows(s, all)
                     : ag_fail(AG_EFORMAT, "%s holds no sweep to go on with: line %d: %s",
                               s->o->output, error.line, error.text);
    json_decref(all);
    return status;
}

/* The rows of a sweep that goes on; a new one has a file of its own. */
static int open_file(sweep *s)
{
    const char *path = s->o->output;
    bool exists = access(path, F_OK) == 0;
    if (exists && !s->o->resume) {
        return ag_fail(AG_EINVAL,
                       "%s exists: go on with it by --resume, or give another file by -o", path);
    }
    if (!exists && s->o->resume) {
        return ag_fail(AG_ENOTFOUND, "nothing to resume: there is no %s", path);
    }
    return exists ? load_rows(s) : save_rows(s);
}

/* The row of a finished run, or NULL. */
static json_t *find_row(const sweep *s, const char *bits, int64_t seed)
{
    size_t i;
    json_t *row;
    json_array_foreach(s->rows, i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "bits")), bits) == 0 &&
            json_integer_value(json_object_get(row, "seed")) == seed) {
            return row;
        }
    }
    return NULL;
}

/* ---- runs ---- */

static void add_point(void *user, const ag_classify_point *p)
{
    json_array_append_new(((sweep *)user)->curve, json_pack("{s:i, s:f, s:f}", "epoch", p->epoch,
                                                            "loss", p->loss, "error", p->error));
}

/* A run of these bits ("float": the twin) and this seed, whatever the recipe says of them. */
static ag_classify_options options_of(sweep *s, const char *bits, int64_t seed)
{
    const sweep_options *o = s->o;
    bool real = strcmp(bits, "float") == 0;
    int count = o->set.count;
    snprintf(s->seed, sizeof s->seed, "seed=%lld", (long long)seed);
    snprintf(s->bits, sizeof s->bits, "bits=%.60s", real ? "2-8-8-8" : bits);
    s->settings[count++] = s->seed;
    s->settings[count++] = s->bits;
    s->settings[count++] = real ? "float=true" : "float=false";
    return (ag_classify_options){ .recipe = o->recipe,
                                  .overrides = s->settings,
                                  .override_count = count,
                                  .data = o->data,
                                  .unsaved = true,
                                  .threads = (int)o->threads,
                                  .point = add_point,
                                  .user = s };
}

static int run_once(sweep *s, const char *bits, int64_t seed)
{
    ag_classify_options options = options_of(s, bits, seed);
    ag_classify_result r = { 0 };
    ag_logf(AG_LOG_INFO, "%s, seed %lld", bits, (long long)seed);
    s->curve = json_array();
    int status = ag_classify_train(&options, &r);
    if (status < 0) {
        json_decref(s->curve);
        return status;
    }
    double rate = r.seconds > 0 ? (double)r.pictures / r.seconds : 0;
    json_t *row =
        json_pack("{s:s, s:I, s:f, s:f, s:I, s:I, s:o}", "bits", bits, "seed", (json_int_t)seed,
                  "error", r.error, "pictures_per_second", rate, "bytes", (json_int_t)r.bytes,
                  "weights", (json_int_t)r.weights, "curve", s->curve);
    return json_array_append_new(s->rows, row) == 0
               ? save_rows(s)
               : ag_fail(AG_ENOMEM, "out of memory for the table");
}

/* Could every width start? Better known before the first run than after it. */
static int try_widths(sweep *s, const char *const *width, int count)
{
    int status = 0;
    for (int i = 0; status == 0 && i < count; i++) {
        ag_classify_options options = options_of(s, width[i], 1);
        ag_wage_config config;
        int batch;
        status = ag_classify_recipe(&options, &config, &batch);
    }
    return status;
}

static int run_all(sweep *s, const char *const *width, int count)
{
    int status = 0;
    for (int i = 0; status == 0 && i < count; i++) {
        for (int64_t seed = 1; status == 0 && seed <= s->o->seeds; seed++) {
            status = find_row(s, width[i], seed) ? 0 : run_once(s, width[i], seed);
        }
    }
    return status == AG_EINTERRUPTED
               ? ag_fail(status,
                         "stopped; the runs that were finished are in %s: go on with "
                         "--resume",
                         s->o->output)
               : status;
}

/* ---- the table ---- */

/* Mean and range over the seeds of one width. */
static void print_row(const sweep *s, const char *bits)
{
    double sum = 0, least = 1, most = 0;
    int runs = 0;
    for (int64_t seed = 1; seed <= s->o->seeds; seed++) {
        const json_t *row = find_row(s, bits, seed);
        if (row) {
            double error = json_number_value(json_object_get(row, "error"));
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

static void print_table(const sweep *s, const char *const *width, int count)
{
    if (json_array_size(s->rows) > 0) {
        printf("%-12s %5s %9s %9s %9s\n", "bits", "runs", "error %", "least", "most");
    }
    for (int i = 0; i < count; i++) {
        print_row(s, width[i]);
    }
}

/* ---- what was asked for ---- */

/* Cut "2-8-8-8,2-8-8-4" into names; "float" comes last when asked for. */
static int read_widths(const sweep_options *o, char *text, const char **width, int *count)
{
    char *rest = NULL;
    *count = 0;
    for (char *at = strtok_r(text, ", ", &rest); at; at = strtok_r(NULL, ", ", &rest)) {
        ag_wage_bits bits;
        int status = ag_classify_parse_bits(at, &bits);
        if (status < 0) {
            return status;
        }
        for (int i = 0; i < *count; i++) {
            if (strcmp(width[i], at) == 0) {
                return ag_fail(CLI_USAGE, "--bits names %s twice", at);
            }
        }
        if (*count == MAX_WIDTHS) {
            return ag_fail(CLI_USAGE, "--bits names more than %d widths", MAX_WIDTHS);
        }
        width[(*count)++] = at;
    }
    if (o->real) {
        width[(*count)++] = "float";
    }
    return *count ? 0 : ag_fail(CLI_USAGE, "--bits names no width");
}

/* What a sweep sets itself. */
static int check_settings(const cli_list *set)
{
    static const char *const own[] = { "seed=", "bits=", "float=" };
    for (int i = 0; i < set->count; i++) {
        for (size_t k = 0; k < sizeof own / sizeof *own; k++) {
            if (strncmp(set->items[i], own[k], strlen(own[k])) == 0) {
                return ag_fail(CLI_USAGE,
                               "--set %s: a sweep sets that itself, by --bits, --seeds and --float",
                               set->items[i]);
            }
        }
    }
    return 0;
}

static int prepare(sweep *s, const char *const *width, int count)
{
    const sweep_options *o = s->o;
    s->rows = json_array();
    s->settings = ag_calloc((size_t)o->set.count + 3, sizeof *s->settings);
    if (!s->rows || !s->settings) {
        return ag_fail(AG_ENOMEM, "out of memory for a sweep");
    }
    for (int i = 0; i < o->set.count; i++) {
        s->settings[i] = o->set.items[i];
    }
    int status = try_widths(s, width, count);
    if (status == 0) {
        ag_classify_options any = options_of(s, "2-8-8-8", 0);
        status = ag_classify_recipe_text(&any, &s->recipe);
    }
    return status < 0 ? status : open_file(s);
}

static int run_sweep(const void *options)
{
    const sweep_options *o = options;
    const char *width[MAX_WIDTHS + 1];
    int count = 0;
    sweep s = { .o = o };
    char *text = ag_strdup(o->bits);
    int status = text ? read_widths(o, text, width, &count) : AG_ENOMEM;
    if (status == 0) {
        status = check_settings(&o->set);
    }
    if (status == 0) {
        status = prepare(&s, width, count);
    }
    if (status == 0) {
        status = run_all(&s, width, count);
        print_table(&s, width, count);
    }
    json_decref(s.rows);
    ag_free(s.settings);
    ag_free(s.recipe);
    ag_free(text);
    return status;
}

static const cli_option sweep_table[] = {
    CLI_RECIPE(sweep_options),
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
    CLI_OUTPUT(sweep_options, CLI_FILE, "FILE",
               "JSON with every run's error and curve, written after each run"),
    CLI_RESUME(sweep_options, "leave out the runs that FILE has"),
    CLI_PICTURES(sweep_options),
    CLI_SET(sweep_options, "epochs=3"),
    CLI_THREADS(sweep_options),
    { 0 },
};

static const cli_example sweep_examples[] = {
    { "agena wage sweep recipes/wage-mnist.yaml --bits 2-8-8-8,2-8-8-4,2-8-8-2 --seeds 3 "
      "-o errors.json",
      "How many bits do errors need?" },
    { 0 },
};

const cli_command cli_wage_sweep = {
    .name = "sweep",
    .summary = "Train a recipe with several widths and compare",
    .description =
        "Trains every width with every seed and compares the errors on the test split. The rates "
        "of "
        "a recipe count in steps of the gradients' grid, which is twice as fine with a bit more of "
        "gradients: to compare widths of gradients, sweep each with its own --set rates=... .",
    .options = sweep_table,
    .examples = sweep_examples,
    .size = sizeof(sweep_options),
    .run = run_sweep,
};
