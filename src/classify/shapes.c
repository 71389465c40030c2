/* Shapes of layers, by the rules of agena/wage.h. */
#include "classify/shapes.h"

/* Cells of one side, and the zeros before and after it that a convolution sees. */
static int64_t convolved(int64_t size, const ag_wage_layer *l, int pad[2])
{
    int64_t stride = l->stride ? l->stride : 1;
    if (l->valid) {
        return (size - l->kernel) / stride + 1;
    }
    int64_t out = (size + stride - 1) / stride, missing = (out - 1) * stride + l->kernel - size;
    missing = missing > 0 ? missing : 0;
    pad[0] = (int)(missing / 2);
    pad[1] = (int)(missing - missing / 2);
    return out;
}

static int64_t pooled(int64_t size, const ag_wage_layer *l)
{
    return (size - l->kernel) / (l->stride ? l->stride : l->kernel) + 1;
}

static void fill(const ag_wage_layer *l, cl_shape *s)
{
    if (l->kind == AG_WAGE_DENSE) {
        s->channels *= s->height * s->width;
        s->height = s->width = s->out_height = s->out_width = 1;
        s->out_channels = l->channels;
        return;
    }
    bool pool = l->kind == AG_WAGE_POOL;
    int stride = l->stride ? l->stride : pool ? l->kernel : 1;
    s->window.stride[0] = s->window.stride[1] = stride;
    s->out_height = pool ? pooled(s->height, l) : convolved(s->height, l, s->window.pad[0]);
    s->out_width = pool ? pooled(s->width, l) : convolved(s->width, l, s->window.pad[1]);
    s->out_channels = pool ? s->channels : l->channels;
}

void cl_shapes(const ag_wage_config *config, cl_shape shape[AG_WAGE_MAX_LAYERS])
{
    cl_shape at = { .out_height = config->height,
                    .out_width = config->width,
                    .out_channels = config->channels };
    for (int i = 0; i < config->layers; i++) {
        shape[i] = (cl_shape){ .height = at.out_height,
                               .width = at.out_width,
                               .channels = at.out_channels };
        fill(&config->layer[i], &shape[i]);
        at = shape[i];
    }
}

ag_shape cl_weight_shape(const ag_wage_config *config, const cl_shape *shape, int layer)
{
    const ag_wage_layer *l = &config->layer[layer];
    int64_t in = shape[layer].channels, out = shape[layer].out_channels;
    switch (l->kind) {
    case AG_WAGE_CONV:
        return AG_SHAPE(l->kernel, l->kernel, in, out);
    case AG_WAGE_DENSE:
        return AG_SHAPE(in, out);
    default:
        return AG_SCALAR;
    }
}

ag_wage_bits cl_bits(const ag_wage_config *config, int layer)
{
    const ag_wage_bits *own = &config->layer[layer].bits;
    return own->weights ? *own : config->bits;
}
