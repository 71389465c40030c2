/* agena wage cost: operations, memory traffic and energy beside float32. */
#include "cli/common.h"
#include "cli/wage.h"

#include "agena/classify.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    const char *source, *data;
    cli_list set;
    int64_t batch;
    bool json;
} cost_options;

static json_t *width_objects(const ag_classify_cost *c)
{
    json_t *rows = json_array();
    for (int i = 0; i < c->widths; i++) {
        const ag_classify_products *p = &c->by_width[i];
        json_array_append_new(rows, json_pack("{s:[i,i], s:I, s:I, s:I}", "bits", p->left, p->right,
                                              "forward", (json_int_t)p->forward, "backward",
                                              (json_int_t)p->backward, "gradient",
                                              (json_int_t)p->gradient));
    }
    return rows;
}

static json_t *cost_object(const ag_classify_cost *c)
{
    return json_pack(
        "{s:{s:I, s:I, s:I}, s:o, s:I, s:I, s:f, s:f, s:{s:f, s:f, s:f, s:f}}", "multiply_adds",
        "forward", (json_int_t)c->forward, "backward", (json_int_t)c->backward, "gradient",
        (json_int_t)c->gradient, "by_width", width_objects(c), "weights", (json_int_t)c->weights,
        "activations", (json_int_t)c->activations, "inference_bytes", c->inference_bits / 8,
        "training_bytes", c->training_bits / 8, "energy_uj", "inference_compute",
        c->inference_compute / 1e6, "inference_memory", c->inference_memory / 1e6,
        "training_compute", c->training_compute / 1e6, "training_memory", c->training_memory / 1e6);
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
    printf("%-28s %12s %12s %12s\n", "millions of multiply-adds", "forward", "backward",
           "gradient");
    for (int i = 0; i < w->widths; i++) {
        const ag_classify_products *p = &w->by_width[i];
        printf("  %2d x %2d bits               %12.3f %12.3f %12.3f\n", p->left, p->right,
               (double)p->forward / 1e6, (double)p->backward / 1e6, (double)p->gradient / 1e6);
    }
    printf("\n");
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
        ag_classify_options r = { .recipe = o->source,
                                  .overrides = o->set.items,
                                  .override_count = o->set.count,
                                  .data = o->data };
        return ag_classify_recipe(&r, config, batch);
    }
    if (o->data || o->set.count) {
        return ag_fail(CLI_USAGE, "--data and --set go with a recipe (.yaml), not with a model");
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
        return cli_print_json(json_pack("{s:i, s:o, s:o}", "batch", batch, "integers",
                                        cost_object(&integers), "float", cost_object(&real)),
                              JSON_INDENT(2) | JSON_REAL_PRECISION(6));
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
    CLI_PICTURES(cost_options),
    CLI_SET(cost_options, "bits=8-8-8-8"),
    { .name = "batch",
      .type = CLI_INT,
      .value = "N",
      .normal = "0",
      .help = "pictures of a training step; 0 for the recipe's, or 128",
      .least = 0,
      .most = 4096,
      .offset = offsetof(cost_options, batch) },
    CLI_JSON(cost_options, CLI_ONE_OBJECT),
    { 0 },
};

static const cli_example cost_examples[] = {
    { "agena wage cost recipes/wage-cifar10.yaml", "What do integers save?" },
    { 0 },
};

const cli_command cli_wage_cost = {
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
