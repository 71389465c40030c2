/* Networks as text: "32C5-MP2-64C5-MP2-512FC-10". */
#include "agena/classify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *text, *at;
    ag_wage_config *config;
} parser;

static int fail_at(const parser *p, const char *expected)
{
    return ag_fail(AG_EINVAL, "network \"%.200s\", character %d: %s", p->text,
                   (int)(p->at - p->text) + 1, expected);
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A number of one to six digits, the first not 0. */
static bool number(const char **at, int *out)
{
    int value = 0, digits = 0;
    while (digit((*at)[digits]) && digits < 7) {
        value = 10 * value + (*at)[digits++] - '0';
    }
    if (digits == 0 || digits > 6 || **at == '0') {
        return false;
    }
    *at += digits;
    *out = value;
    return true;
}

static bool word(parser *p, const char *text)
{
    size_t n = strlen(text);
    bool here = strncmp(p->at, text, n) == 0;
    p->at += here ? n : 0;
    return here;
}

/* Four numbers with "-" between. */
static bool four_bits(const char **at, ag_wage_bits *bits)
{
    int *each[] = { &bits->weights, &bits->activations, &bits->gradients, &bits->errors };
    for (int i = 0; i < 4; i++) {
        if (i > 0 && *(*at)++ != '-') {
            return false;
        }
        if (!number(at, each[i])) {
            return false;
        }
    }
    return true;
}

int ag_classify_parse_bits(const char *text, ag_wage_bits *bits)
{
    const char *at = text;
    ag_wage_bits parsed;
    if (!four_bits(&at, &parsed) || *at) {
        return ag_fail(AG_EINVAL,
                       "bits \"%.60s\" are not four numbers like 2-8-8-8 (weights, activations, "
                       "gradients, errors)",
                       text);
    }
    *bits = parsed;
    return 0;
}

static int parse_own_bits(parser *p, ag_wage_layer *l)
{
    if (!word(p, "[")) {
        return 0;
    }
    return four_bits(&p->at, &l->bits) && word(p, "]")
               ? 0
               : fail_at(p, "expected bits in brackets, such as [8-8-8-8]");
}

/* What follows the letters of a convolution or pooling. */
static int parse_window(parser *p, ag_wage_layer *l)
{
    if (!number(&p->at, &l->kernel)) {
        return fail_at(p, "expected the side of the window");
    }
    if (word(p, "s") && !number(&p->at, &l->stride)) {
        return fail_at(p, "expected the stride");
    }
    l->valid = l->kind == AG_WAGE_CONV && word(p, "v");
    return l->kind == AG_WAGE_CONV ? parse_own_bits(p, l) : 0;
}

static int parse_layer(parser *p, ag_wage_layer *l)
{
    if (word(p, "MP")) {
        l->kind = AG_WAGE_POOL;
        return parse_window(p, l);
    }
    if (!number(&p->at, &l->channels)) {
        return fail_at(p, "expected a layer: 32C5, MP2, 512FC or the number of classes");
    }
    if (word(p, "C")) {
        l->kind = AG_WAGE_CONV;
        return parse_window(p, l);
    }
    l->kind = AG_WAGE_DENSE;
    bool hidden = word(p, "FC");
    int status = parse_own_bits(p, l);
    if (status == 0 && !hidden && *p->at) {
        status = fail_at(p, "expected C or FC after the channels; only the last layer, the "
                            "classes, has neither");
    }
    return status;
}

static int add_layer(parser *p)
{
    ag_wage_layer l = { 0 };
    if (p->config->layers == AG_WAGE_MAX_LAYERS) {
        return ag_fail(AG_EINVAL, "network \"%.200s\" has more than %d layers", p->text,
                       AG_WAGE_MAX_LAYERS);
    }
    int status = parse_layer(p, &l);
    if (status == 0) {
        p->config->layer[p->config->layers++] = l;
    }
    return status;
}

/* Behind "2x(" : its layers, then again as often as it says. */
static int parse_group(parser *p, int times)
{
    int status = 0;
    const char *begin = p->at;
    for (int i = 0; status == 0 && i < times; i++) {
        p->at = begin;
        do {
            status = add_layer(p);
        } while (status == 0 && word(p, "-"));
        if (status == 0 && !word(p, ")")) {
            status = fail_at(p, "expected - or )");
        }
    }
    return status;
}

int ag_classify_parse_network(const char *text, ag_wage_config *config)
{
    parser p = { text, text, config };
    config->layers = 0;
    memset(config->layer, 0, sizeof config->layer);
    int status = 0;
    do {
        const char *at = p.at;
        int times;
        if (number(&at, &times) && strncmp(at, "x(", 2) == 0) {
            p.at = at + 2;
            status = parse_group(&p, times);
        } else {
            status = add_layer(&p);
        }
    } while (status == 0 && word(&p, "-"));
    if (status == 0 && *p.at) {
        status = fail_at(&p, "expected - or the end");
    }
    return status;
}

/* ---- and back ---- */

typedef struct {
    char text[64];
} layer_text;

static layer_text describe(const ag_wage_layer *l, bool last)
{
    layer_text t;
    char stride[16] = "", bits[32] = "";
    if (l->stride) {
        snprintf(stride, sizeof stride, "s%d", l->stride);
    }
    if (l->bits.weights) {
        snprintf(bits, sizeof bits, "[%d-%d-%d-%d]", l->bits.weights, l->bits.activations,
                 l->bits.gradients, l->bits.errors);
    }
    if (l->kind == AG_WAGE_POOL) {
        snprintf(t.text, sizeof t.text, "MP%d%s", l->kernel, stride);
    } else if (l->kind == AG_WAGE_CONV) {
        snprintf(t.text, sizeof t.text, "%dC%d%s%s%s", l->channels, l->kernel, stride,
                 l->valid ? "v" : "", bits);
    } else {
        snprintf(t.text, sizeof t.text, "%d%s%s", l->channels, last ? "" : "FC", bits);
    }
    return t;
}

char *ag_classify_network_text(const ag_wage_config *config)
{
    char text[AG_WAGE_MAX_LAYERS * sizeof(layer_text)] = "";
    size_t used = 0;
    for (int i = 0; i < config->layers; i++) {
        layer_text t = describe(&config->layer[i], i == config->layers - 1);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? "-" : "", t.text);
    }
    return ag_strdup(text);
}
