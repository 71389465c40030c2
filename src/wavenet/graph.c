/* WaveNet as a training graph (van den Oord et al. 2016, sections 2.1 to 2.6). */
#include "agena/wavenet.h"

#include <stdio.h>

/* What the builders of one network share. */
typedef struct {
    ag_graph *g;
    const ag_wavenet_config *c;
    int64_t batch, samples;
    int margin;
} builder;

static ag_node param(builder *b, ag_shape shape, const char *format, ...) AG_PRINTF(3, 4);

static ag_node param(builder *b, ag_shape shape, const char *format, ...)
{
    char name[96];
    va_list list;
    va_start(list, format);
    vsnprintf(name, sizeof name, format, list);
    va_end(list);
    return ag_param(b->g, name, shape);
}

/* x times NAME.weight [in, out] plus NAME.bias [out]. */
static ag_node dense(builder *b, ag_node x, int64_t in, int64_t out, const char *name)
{
    ag_node w = param(b, AG_SHAPE(in, out), "%s.weight", name);
    ag_node bias = param(b, AG_SHAPE(out), "%s.bias", name);
    return ag_add(b->g, bias, ag_matmul(b->g, x, w, false, false));
}

/* Local conditioning at one frame for every cond_hop samples: [batch, samples / cond_hop,
 * channels]. */
static ag_node local_conditioning(builder *b, ag_node *features)
{
    const ag_wavenet_config *c = b->c;
    ag_graph *g = b->g;
    int64_t channels = c->local_channels, width = 2 * c->local_context + 1;
    int64_t frames = b->samples / c->hop + 2 * b->margin;
    int64_t given = frames + 2 * c->local_context;
    *features = ag_input(g, "features", AG_F32, AG_SHAPE(b->batch, given, c->local_features));
    ag_node w = param(b, AG_SHAPE(width, c->local_features, channels), "local.conv.weight");
    ag_node bias = param(b, AG_SHAPE(channels), "local.conv.bias");
    ag_node x = ag_relu(g, ag_add(g, bias, ag_conv1d(g, *features, w, 1, 1, 0, 0)));
    int64_t scale = 1;
    for (int i = 0; i < c->upsamples; i++) {
        int u = c->upsample[i];
        w = param(b, AG_SHAPE(2 * u, channels, channels), "local.upsample.%d.weight", i);
        bias = param(b, AG_SHAPE(channels), "local.upsample.%d.bias", i);
        w = ag_permute(
            g, w, (int[]){ 0, 2, 1 }); /* [in, out] to the transposed convolution's [out, in] */
        frames *= u;
        scale *= u;
        x = ag_conv1d_transposed(g, x, w, u, u / 2, u - u / 2, frames);
        x = ag_relu(g, ag_add(g, bias, x));
    }
    return ag_slice(g, x, 1, b->margin * scale, frames - 2 * b->margin * scale);
}

/* Speaker and language embeddings summed: [batch, 1, channels]. */
static ag_node global_conditioning(builder *b, ag_wavenet_nodes *out)
{
    const ag_wavenet_config *c = b->c;
    ag_graph *g = b->g;
    ag_node h = AG_NONE;
    if (c->speakers) {
        out->speaker = ag_input(g, "speaker", AG_I32, AG_SHAPE(b->batch));
        ag_node table = param(b, AG_SHAPE(c->speakers, c->global_channels), "speaker.weight");
        h = ag_gather(g, table, out->speaker);
    }
    if (c->languages) {
        out->language = ag_input(g, "language", AG_I32, AG_SHAPE(b->batch));
        ag_node table = param(b, AG_SHAPE(c->languages, c->global_channels), "language.weight");
        ag_node l = ag_gather(g, table, out->language);
        h = h == AG_NONE ? l : ag_add(g, h, l);
    }
    return ag_reshape(g, h, AG_SHAPE(b->batch, 1, c->global_channels));
}

/* What conditions every layer, before its projections; AG_NONE: absent. */
typedef struct {
    ag_node local;   /* [batch, samples / cond_hop, channels] */
    ag_node global;  /* [batch, 1, channels] */
    ag_node context; /* [batch, samples / context_rate, channels] */
} conditioning;

/* Add a slow series p [batch, slow, channels] to a faster one [batch, fast, channels]. */
static ag_node add_slow(ag_graph *g, ag_node slow, ag_node fast)
{
    ag_shape s = ag_node_shape(g, slow), f = ag_node_shape(g, fast);
    if (s.rank != 3 || f.rank != 3) {
        return AG_NONE;
    }
    int64_t repeat = f.dim[1] / s.dim[1];
    ag_node wide = ag_reshape(g, fast, AG_SHAPE(f.dim[0], s.dim[1], repeat, f.dim[2]));
    ag_node once = ag_reshape(g, slow, AG_SHAPE(s.dim[0], s.dim[1], 1, s.dim[2]));
    return ag_reshape(g, ag_add(g, once, wide), f);
}

/* Bias and all projections of layer l at the rate of the local conditioning: [batch, frames, 2Z] or
 * [2Z]. */
static ag_node layer_conditioning(builder *b, const conditioning *h, const char *prefix, int l,
                                  int64_t gate)
{
    ag_graph *g = b->g;
    const ag_wavenet_config *c = b->c;
    ag_node sum = param(b, AG_SHAPE(gate), "%slayers.%d.dilated.bias", prefix, l);
    if (h->global != AG_NONE) {
        ag_node w =
            param(b, AG_SHAPE(c->global_channels, gate), "%slayers.%d.global.weight", prefix, l);
        sum = ag_add(g, sum, ag_matmul(g, h->global, w, false, false));
    }
    if (h->local != AG_NONE) {
        ag_node w =
            param(b, AG_SHAPE(c->local_channels, gate), "%slayers.%d.local.weight", prefix, l);
        sum = ag_add(g, sum, ag_matmul(g, h->local, w, false, false));
    }
    if (h->context != AG_NONE) {
        ag_node w =
            param(b, AG_SHAPE(c->context.skip, gate), "%slayers.%d.context.weight", prefix, l);
        ag_node p = ag_matmul(g, h->context, w, false, false);
        sum = h->local != AG_NONE ? add_slow(g, p, sum) : ag_add(g, sum, p);
    }
    return sum;
}

/* The dilated layers over x [batch, time, residual]: the sum of skips [batch, time, skip]. */
static ag_node layers(builder *b, const ag_wavenet_stack *s, const conditioning *h,
                      const char *prefix, ag_node x)
{
    ag_graph *g = b->g;
    ag_node sum = AG_NONE;
    int64_t z = s->gate / 2;
    for (int l = 0; l < s->layers; l++) {
        ag_node w = param(b, AG_SHAPE(s->kernel, s->residual, s->gate),
                          "%slayers.%d.dilated.weight", prefix, l);
        ag_node cond = layer_conditioning(b, h, prefix, l, s->gate);
        ag_node pre = ag_conv1d_causal(g, x, w, ag_wavenet_dilation(s, l));
        pre = ag_node_shape(g, cond).rank == 3 ? add_slow(g, cond, pre) : ag_add(g, cond, pre);
        ag_node gated = ag_gated(g, pre);
        w = param(b, AG_SHAPE(z, s->skip), "%slayers.%d.skip.weight", prefix, l);
        ag_node skip = ag_matmul(g, gated, w, false, false);
        sum = sum == AG_NONE ? skip : ag_add(g, sum, skip);
        if (l + 1 < s->layers) {
            w = param(b, AG_SHAPE(z, s->residual), "%slayers.%d.residual.weight", prefix, l);
            ag_node bias = param(b, AG_SHAPE(s->residual), "%slayers.%d.residual.bias", prefix, l);
            x = ag_add(g, ag_add(g, x, bias), ag_matmul(g, gated, w, false, false));
        }
    }
    ag_node bias = param(b, AG_SHAPE(s->skip), "%sskip.bias", prefix);
    return ag_relu(g, ag_add(g, sum, bias));
}

/* The coarse WaveNet over the past (section 2.6): [batch, samples / context_rate, context.skip]. */
static ag_node context_stack(builder *b, ag_wavenet_nodes *out)
{
    const ag_wavenet_config *c = b->c;
    int64_t blocks = b->samples / c->context_rate;
    const conditioning none = { AG_NONE, AG_NONE, AG_NONE };
    out->past = ag_input(b->g, "past", AG_F32, AG_SHAPE(b->batch, blocks));
    ag_node x = ag_reshape(b->g, out->past, AG_SHAPE(b->batch, blocks, 1));
    x = dense(b, x, 1, c->context.residual, "context.input");
    return layers(b, &c->context, &none, "context.", x);
}

static ag_node input_layer(builder *b, ag_wavenet_nodes *out)
{
    const ag_wavenet_config *c = b->c;
    ag_graph *g = b->g;
    ag_shape shape = AG_SHAPE(b->batch, b->samples);
    if (c->input == AG_WAVENET_SCALAR) {
        out->input = ag_input(g, "input", AG_F32, shape);
        ag_node column = ag_reshape(g, out->input, AG_SHAPE(b->batch, b->samples, 1));
        return dense(b, column, 1, c->main.residual, "input");
    }
    out->input = ag_input(g, "input", AG_I32, shape);
    ag_node table = param(b, AG_SHAPE(256, c->main.residual), "input.weight");
    ag_node bias = param(b, AG_SHAPE(c->main.residual), "input.bias");
    return ag_gather(g, ag_add(g, table, bias),
                     out->input); /* bias joins the table's rows, not every sample */
}

static void likelihood(builder *b, ag_wavenet_nodes *out)
{
    const ag_wavenet_config *c = b->c;
    ag_graph *g = b->g;
    ag_shape shape = AG_SHAPE(b->batch, b->samples);
    if (c->output == AG_WAVENET_SOFTMAX) {
        out->target = ag_input(g, "target", AG_I32, shape);
        out->nll = ag_cross_entropy(g, out->params, out->target);
    } else {
        out->target = ag_input(g, "target", AG_F32, shape);
        out->nll = c->output == AG_WAVENET_MOL
                       ? ag_mol_loss(g, out->params, out->target, 16, c->min_log_scale)
                       : ag_gaussian_loss(g, out->params, out->target, c->min_log_scale);
    }
    out->weight = ag_input(g, "weight", AG_F32, shape);
    out->loss = ag_sum_all(g, ag_mul(g, out->weight, out->nll));
}

static int check_samples(const ag_wavenet_config *c, int64_t samples)
{
    if (samples < 1 || (c->local_features && samples % c->hop) ||
        (c->context.layers && samples % c->context_rate)) {
        return ag_fail(AG_EINVAL,
                       "%lld samples a crop are not a positive multiple of the hop (%d) and the "
                       "context rate (%d)",
                       (long long)samples, c->hop, c->context_rate);
    }
    return 0;
}

int ag_wavenet_graph(const ag_wavenet_config *config, int batch, int64_t samples, int margin,
                     ag_graph *g, ag_wavenet_nodes *out)
{
    int status = ag_wavenet_check(config);
    status = status < 0 ? status : check_samples(config, samples);
    if (status < 0) {
        return status;
    }
    *out = (ag_wavenet_nodes){ AG_NONE, AG_NONE, AG_NONE, AG_NONE, AG_NONE,
                               AG_NONE, AG_NONE, AG_NONE, AG_NONE, AG_NONE };
    builder b = { g, config, batch, samples, config->local_features ? margin : 0 };
    conditioning h = { AG_NONE, AG_NONE, AG_NONE };
    if (config->local_features) {
        h.local = local_conditioning(&b, &out->features);
    }
    if (config->global_channels) {
        h.global = global_conditioning(&b, out);
    }
    if (config->context.layers) {
        h.context = context_stack(&b, out);
    }
    ag_node x = input_layer(&b, out);
    ag_node s = layers(&b, &config->main, &h, "", x);
    ag_node hidden = ag_relu(g, dense(&b, s, config->main.skip, config->head, "head.0"));
    out->params = dense(&b, hidden, config->head, ag_wavenet_outputs(config), "head.1");
    likelihood(&b, out);
    return ag_graph_error(g);
}
