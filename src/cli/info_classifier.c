/* What agena info says of WAGE models and their float32 twins. */
#include "cli/common.h"
#include "cli/info.h"

#include "agena/classify.h"

#include <stdio.h>

static int64_t weights_of(const ag_classifier *m)
{
    int64_t count = m->real ? ag_tensors_elements(m->weights) : 0;
    for (int i = 0; !m->real && i < m->config.layers; i++) {
        count += ag_wage_weight_count(m->net, i);
    }
    return count;
}

static json_t *curve_of(const ag_classifier *m)
{
    json_t *curve = json_array();
    for (int i = 0; i < m->points; i++) {
        const ag_classify_point *p = &m->curve[i];
        json_t *point =
            json_pack("{s:i, s:f, s:f}", "epoch", p->epoch, "loss", p->loss, "error", p->error);
        if (point && p->train_error >= 0) {
            json_object_set_new(point, "train_error", json_real(p->train_error));
        }
        json_array_append_new(curve, point);
    }
    return curve;
}

static int print_json(const ag_classifier *m, const char *network, const char *bits)
{
    const ag_wage_config *c = &m->config;
    json_t *out = json_pack(
        "{s:s, s:[i,i,i], s:s, s:s, s:b, s:b, s:b, s:i, s:I, s:I, s:I, s:o}", "kind",
        m->real ? "wage-twin" : "wage", "picture", c->height, c->width, c->channels, "network",
        network, "bits", bits, "nearest", c->nearest, "unscaled", c->unscaled, "he", c->he,
        "classes", c->layer[c->layers - 1].channels, "weights", (json_int_t)weights_of(m), "steps",
        (json_int_t)m->steps, "seed", (json_int_t)m->seed, "curve", curve_of(m));
    return cli_print_json(out, JSON_INDENT(2));
}

static void print_text(const char *path, const ag_classifier *m, const char *network,
                       const char *bits)
{
    const ag_wage_config *c = &m->config;
    printf("%s: %s, trained for %lld steps\n", path,
           m->real ? "float32 twin of a WAGE network" : "WAGE network", (long long)m->steps);
    printf("pictures        %d x %d, %d channel%s of 8 bits\n", c->height, c->width, c->channels,
           c->channels == 1 ? "" : "s");
    printf("network         %s\n", network);
    if (!m->real) {
        printf("bits            %s (weights, activations, gradients, errors)%s%s%s\n", bits,
               c->nearest ? ", updates rounded to nearest" : "",
               c->unscaled ? ", layers not scaled" : "", c->he ? ", He's bound" : "");
    }
    printf("weights         %lld\n", (long long)weights_of(m));
    if (m->points) {
        const ag_classify_point *p = &m->curve[m->points - 1];
        printf("after epoch %-3d %.2f %% wrong\n", p->epoch, 100 * p->error);
    }
}

int cli_info_classifier(const char *path, bool json)
{
    ag_classifier *m = NULL;
    int status = ag_classifier_load(path, 0, NULL, &m);
    char *network = status == 0 ? ag_classify_network_text(&m->config) : NULL;
    if (status == 0 && !network) {
        status = AG_ENOMEM;
    }
    if (status == 0) {
        const ag_wage_bits *b = &m->config.bits;
        char bits[64];
        snprintf(bits, sizeof bits, "%d-%d-%d-%d", b->weights, b->activations, b->gradients,
                 b->errors);
        if (json) {
            status = print_json(m, network, bits);
        } else {
            print_text(path, m, network, bits);
        }
    }
    ag_free(network);
    ag_classifier_free(m);
    return status;
}
