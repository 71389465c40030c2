/* agena info: what a model file holds. */
#include "cli/common.h"
#include "cli/info.h"

#include "agena/wavenet.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    const char *model;
    bool json;
} info_options;

static const char *const outputs[] = { "softmax", "mol", "gaussian" };
static const char *const inputs[] = { "one_hot", "scalar" };

/* Multiply-adds of one generated sample, without what is computed once a conditioning frame. */
static int64_t cost(const ag_wavenet_config *c)
{
    const ag_wavenet_stack *s = &c->main;
    int64_t z = s->gate / 2;
    int64_t layer = (int64_t)s->kernel * s->residual * s->gate + z * s->residual + z * s->skip;
    return s->layers * layer - z * s->residual + (int64_t)s->skip * c->head +
           (int64_t)c->head * ag_wavenet_outputs(c);
}

static json_t *list(char *const *names, int count)
{
    json_t *out = json_array();
    for (int i = 0; i < count; i++) {
        json_array_append_new(out, json_string(names[i]));
    }
    return out;
}

static int print_json(const ag_wavenet *m)
{
    const ag_wavenet_config *c = &m->config;
    const ag_wavenet_stack *s = &c->main;
    json_t *out = json_pack(
        "{s:s, s:i, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:i, "
        "s:i, s:o, s:o, s:I, s:f}",
        "kind", "wavenet", "sample_rate", c->sample_rate, "input", inputs[c->input], "output",
        outputs[c->output], "layers", s->layers, "stacks", s->stacks, "kernel", s->kernel,
        "residual", s->residual, "gate", s->gate, "skip", s->skip, "head", c->head,
        "receptive_field", (json_int_t)ag_wavenet_receptive_field(s), "weights",
        (json_int_t)ag_tensors_elements(m->weights), "multiply_adds_per_sample",
        (json_int_t)cost(c), "local_features", c->local_features, "hop", c->hop, "speakers",
        list(m->speakers, c->speakers), "languages", list(m->languages, c->languages), "steps",
        (json_int_t)m->steps, "preemphasis", (double)c->preemphasis);
    return cli_print_json(out, JSON_INDENT(2));
}

static void print_names(const char *what, char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        printf("%s%s", i ? ", " : what, names[i]);
    }
    printf("%s", count ? "\n" : "");
}

static void print_text(const char *path, const ag_wavenet *m)
{
    const ag_wavenet_config *c = &m->config;
    const ag_wavenet_stack *s = &c->main;
    int64_t field = ag_wavenet_receptive_field(s);
    printf("%s: WaveNet, %d Hz, trained for %lld steps\n", path, c->sample_rate,
           (long long)m->steps);
    printf("input           %s\noutput          %s\n", inputs[c->input], outputs[c->output]);
    if (c->preemphasis != 0) {
        printf("pre-emphasis    %g\n", (double)c->preemphasis);
    }
    printf("layers          %d in %d stacks, kernel %d, %d residual, %d gate, %d skip channels\n",
           s->layers, s->stacks, s->kernel, s->residual, s->gate, s->skip);
    printf("receptive field %lld samples, %.1f ms\n", (long long)field,
           1000.0 * (double)field / c->sample_rate);
    if (c->local_features) {
        printf("conditioning    %d features every %d samples (%.1f ms)\n", c->local_features,
               c->hop, 1000.0 * c->hop / c->sample_rate);
    }
    if (c->context.layers) {
        printf("context stack   %d layers, one step every %d samples\n", c->context.layers,
               c->context_rate);
    }
    print_names("speakers        ", m->speakers, c->speakers);
    print_names("languages       ", m->languages, c->languages);
    printf("weights         %lld\n", (long long)ag_tensors_elements(m->weights));
    printf("cost            %lld multiply-adds a sample\n", (long long)cost(c));
}

static int describe_wavenet(const char *path, bool json)
{
    ag_wavenet *m = NULL;
    int status = ag_wavenet_load(path, &m);
    if (status == 0 && json) {
        status = print_json(m);
    } else if (status == 0) {
        print_text(path, m);
    }
    ag_wavenet_free(m);
    return status;
}

static int run_info(const void *options)
{
    const info_options *o = options;
    ag_safetensors *f = NULL;
    int status = ag_safetensors_load(o->model, &f);
    if (status < 0) {
        return status;
    }
    const char *kind = ag_safetensors_meta(f, "agena.kind");
    bool classifier = kind && strncmp(kind, "wage", 4) == 0;
    ag_safetensors_free(f);
    return classifier ? cli_info_classifier(o->model, o->json)
                      : describe_wavenet(o->model, o->json);
}

static const cli_option info_table[] = {
    CLI_MODEL(info_options),
    CLI_JSON(info_options, CLI_ONE_OBJECT),
    { 0 },
};

static const cli_example info_examples[] = {
    { "agena info models/speech.safetensors", "Which voices does it have?" },
    { 0 },
};

const cli_command cli_info = {
    .name = "info",
    .summary = "Describe a model",
    .options = info_table,
    .examples = info_examples,
    .size = sizeof(info_options),
    .run = run_info,
};
