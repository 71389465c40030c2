/* The graph of the float32 twin. */
#include "agena/classify.h"
#include "classify/shapes.h"

#include <stdio.h>

static ag_node weight(const ag_wage_config *config, const cl_shape *shapes, int layer, ag_graph *g)
{
    char name[32];
    snprintf(name, sizeof name, "layers.%d.weight", layer);
    return ag_param(g, name, cl_weight_shape(config, shapes, layer));
}

/* Relu after every layer with weights but the last; where a pooling follows, after that. */
static bool rectified(const ag_wage_config *config, int layer)
{
    if (layer == config->layers - 1) {
        return false;
    }
    return config->layer[layer].kind != AG_WAGE_CONV ||
           config->layer[layer + 1].kind != AG_WAGE_POOL;
}

static ag_node apply(const ag_wage_config *config, const cl_shape *shapes, int layer, int batch,
                     ag_graph *g, ag_node x)
{
    const ag_wage_layer *l = &config->layer[layer];
    if (l->kind == AG_WAGE_CONV) {
        x = ag_conv2d(g, x, weight(config, shapes, layer, g), shapes[layer].window);
    } else if (l->kind == AG_WAGE_POOL) {
        x = ag_max_pool(g, x, l->kernel, l->kernel, shapes[layer].window);
    } else {
        x = ag_reshape(g, x, AG_SHAPE(batch, shapes[layer].channels));
        x = ag_matmul(g, x, weight(config, shapes, layer, g), false, false);
    }
    return rectified(config, layer) ? ag_relu(g, x) : x;
}

static ag_node squares(ag_graph *g, ag_node outputs, ag_node labels, int batch, int64_t classes)
{
    ag_node hot = ag_unpick(g, ag_constant(g, 1, AG_SHAPE(batch)), labels, classes);
    return ag_affine(g, ag_sum_all(g, ag_square(g, ag_sub(g, outputs, hot))), 1.0f / (float)batch,
                     0);
}

int ag_classify_graph(const ag_wage_config *config, int batch, ag_classify_loss loss, ag_graph *g,
                      ag_classify_nodes *nodes)
{
    cl_shape shapes[AG_WAGE_MAX_LAYERS];
    int status = ag_wage_check(config, 0);
    if (status < 0) {
        return status;
    }
    cl_shapes(config, shapes);
    int64_t classes = shapes[config->layers - 1].out_channels;
    nodes->pictures = ag_input(g, "pictures", AG_F32,
                               AG_SHAPE(batch, config->height, config->width, config->channels));
    nodes->labels = ag_input(g, "labels", AG_I32, AG_SHAPE(batch));
    ag_node x = nodes->pictures;
    for (int i = 0; i < config->layers; i++) {
        x = apply(config, shapes, i, batch, g, x);
    }
    nodes->outputs = x;
    nodes->loss = loss == AG_CLASSIFY_SQUARES
                      ? squares(g, x, nodes->labels, batch, classes)
                      : ag_mean_all(g, ag_cross_entropy(g, x, nodes->labels));
    return ag_graph_error(g);
}
