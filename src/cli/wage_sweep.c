/* agena wage sweep: a recipe by several widths and seeds. */
#include "cli/common.h"
#include "cli/wage.h"

#include "agena/classify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    .options = sweep_table,
    .examples = sweep_examples,
    .size = sizeof(sweep_options),
    .run = run_sweep,
};
