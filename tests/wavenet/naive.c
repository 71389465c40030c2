/* A WaveNet's predictions straight from the equations of agena/wavenet.h, in double. */
#include "naive.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "agena/audio.h"

typedef struct {
    const ag_wavenet_config *c;
    const ag_tensors *weights;
    const naive_input *in;
    double *local;   /* [local_frames, local_channels] */
    double *context; /* [blocks, context.skip] */
    double *global;  /* [global_channels] */
    int64_t local_frames;
} naive;

static double *doubles(int64_t count)
{
    double *x = calloc((size_t)count + 1, sizeof(*x));
    if (!x)
        abort();
    return x;
}

static const float *weight(const naive *n, const char *format, ...) AG_PRINTF(2, 3);

static const float *weight(const naive *n, const char *format, ...)
{
    char name[96];
    va_list list;
    va_start(list, format);
    vsnprintf(name, sizeof(name), format, list);
    va_end(list);
    int index = ag_tensors_find(n->weights, name);
    if (index < 0) {
        fprintf(stderr, "no weight named %s\n", name);
        abort();
    }
    return ag_tensors_data(n->weights, index);
}

/* y [out] += x [in] w [in, out] */
static void add_product(const double *x, const float *w, int64_t in, int64_t out, double *y)
{
    for (int64_t i = 0; i < in; i++)
        for (int64_t j = 0; j < out; j++)
            y[j] += x[i] * (double)w[i * out + j];
}

static void add_vector(const float *v, int64_t count, double *y)
{
    for (int64_t j = 0; j < count; j++)
        y[j] += (double)v[j];
}

static void rectify(double *y, int64_t count)
{
    for (int64_t j = 0; j < count; j++)
        y[j] = fmax(y[j], 0);
}

/* What conditions layer l of the main stack at time t. */
static void add_condition(const naive *n, int l, int64_t t, double *pre)
{
    const ag_wavenet_config *c = n->c;
    int64_t gate = c->main.gate;
    if (n->local) {
        int64_t frame = t / ag_wavenet_cond_hop(c);
        if (frame >= n->local_frames)
            frame = n->local_frames - 1;
        add_product(n->local + frame * c->local_channels, weight(n, "layers.%d.local.weight", l),
                    c->local_channels, gate, pre);
    }
    if (n->global)
        add_product(n->global, weight(n, "layers.%d.global.weight", l), c->global_channels, gate,
                    pre);
    if (n->context)
        add_product(n->context + t / c->context_rate * c->context.skip,
                    weight(n, "layers.%d.context.weight", l), c->context.skip, gate, pre);
}

/* Layer l over x [steps, residual], in place; its skips are added to sum [steps, skip]. */
static void layer(const naive *n, const ag_wavenet_stack *s, const char *prefix, int l,
                  int64_t steps, double *x, double *sum)
{
    int64_t half = s->gate / 2, dilation = ag_wavenet_dilation(s, l);
    const float *taps = weight(n, "%slayers.%d.dilated.weight", prefix, l);
    double *pre = doubles(s->gate), *z = doubles(half);
    for (int64_t t = steps - 1; t >= 0; t--) { /* backwards, as x is overwritten */
        for (int64_t j = 0; j < s->gate; j++)
            pre[j] = 0;
        add_vector(weight(n, "%slayers.%d.dilated.bias", prefix, l), s->gate, pre);
        for (int k = 0; k < s->kernel; k++) {
            int64_t from = t - (s->kernel - 1 - k) * dilation;
            if (from >= 0)
                add_product(x + from * s->residual, taps + (int64_t)k * s->residual * s->gate,
                            s->residual, s->gate, pre);
        }
        if (prefix[0] == '\0')
            add_condition(n, l, t, pre);
        for (int64_t j = 0; j < half; j++)
            z[j] = tanh(pre[j]) / (1 + exp(-pre[half + j]));
        add_product(z, weight(n, "%slayers.%d.skip.weight", prefix, l), half, s->skip,
                    sum + t * s->skip);
        if (l + 1 == s->layers)
            continue;
        add_product(z, weight(n, "%slayers.%d.residual.weight", prefix, l), half, s->residual,
                    x + t * s->residual);
        add_vector(weight(n, "%slayers.%d.residual.bias", prefix, l), s->residual,
                   x + t * s->residual);
    }
    free(pre);
    free(z);
}

/* relu of the sum of skips and its bias: [steps, skip]; frees x. */
static double *stack(const naive *n, const ag_wavenet_stack *s, const char *prefix, int64_t steps,
                     double *x)
{
    double *sum = doubles(steps * s->skip);
    for (int64_t t = 0; t < steps; t++)
        add_vector(weight(n, "%sskip.bias", prefix), s->skip, sum + t * s->skip);
    for (int l = 0; l < s->layers; l++)
        layer(n, s, prefix, l, steps, x, sum);
    rectify(sum, steps * s->skip);
    free(x);
    return sum;
}

/* ---- conditioning ---- */

static void make_global(naive *n)
{
    const ag_wavenet_config *c = n->c;
    n->global = doubles(c->global_channels);
    if (c->speakers)
        add_vector(weight(n, "speaker.weight") + n->in->speaker * c->global_channels,
                   c->global_channels, n->global);
    if (c->languages)
        add_vector(weight(n, "language.weight") + n->in->language * c->global_channels,
                   c->global_channels, n->global);
}

/* Every input frame adds to the 2 u output frames around it. */
static double *upsample(const naive *n, int index, const double *x, int64_t frames)
{
    int64_t u = n->c->upsample[index], channels = n->c->local_channels;
    const float *w = weight(n, "local.upsample.%d.weight", index);
    double *y = doubles(frames * u * channels);
    for (int64_t f = 0; f < frames; f++)
        for (int64_t k = 0; k < 2 * u; k++) {
            int64_t to = f * u + k - u / 2;
            if (to >= 0 && to < frames * u)
                add_product(x + f * channels, w + k * channels * channels, channels, channels,
                            y + to * channels);
        }
    for (int64_t f = 0; f < frames * u; f++)
        add_vector(weight(n, "local.upsample.%d.bias", index), channels, y + f * channels);
    rectify(y, frames * u * channels);
    return y;
}

static void make_local(naive *n)
{
    const ag_wavenet_config *c = n->c;
    int64_t frames = n->in->frames, features = c->local_features, channels = c->local_channels;
    double *x = doubles(features), *y = doubles(frames * channels);
    for (int64_t f = 0; f < frames; f++)
        for (int64_t k = 0; k < 2 * c->local_context + 1; k++) {
            int64_t from = f + k - c->local_context;
            if (from < 0 || from >= frames)
                continue;
            for (int64_t i = 0; i < features; i++)
                x[i] = (double)n->in->features[from * features + i];
            add_product(x, weight(n, "local.conv.weight") + k * features * channels, features,
                        channels, y + f * channels);
        }
    for (int64_t f = 0; f < frames; f++)
        add_vector(weight(n, "local.conv.bias"), channels, y + f * channels);
    rectify(y, frames * channels);
    free(x);
    for (int i = 0; i < c->upsamples; i++) {
        double *wider = upsample(n, i, y, frames);
        free(y);
        y = wider;
        frames *= c->upsample[i];
    }
    n->local = y;
    n->local_frames = frames;
}

static void make_context(naive *n)
{
    const ag_wavenet_config *c = n->c;
    int64_t rate = c->context_rate, blocks = (n->in->samples + rate - 1) / rate;
    double *x = doubles(blocks * c->context.residual);
    for (int64_t j = 0; j < blocks; j++) {
        double mean = 0;
        for (int64_t i = (j - 1) * rate; j > 0 && i < j * rate; i++)
            mean += (double)n->in->audio[i] / (double)rate;
        double *row = x + j * c->context.residual;
        add_product(&mean, weight(n, "context.input.weight"), 1, c->context.residual, row);
        add_vector(weight(n, "context.input.bias"), c->context.residual, row);
    }
    n->context = stack(n, &c->context, "context.", blocks, x);
}

/* ---- the whole ---- */

static double *make_input(const naive *n)
{
    const ag_wavenet_config *c = n->c;
    int64_t width = c->main.residual;
    double *x = doubles(n->in->samples * width);
    for (int64_t t = 0; t < n->in->samples; t++) {
        float before = t > 0 ? n->in->audio[t - 1] : 0.0f;
        const float *w = weight(n, "input.weight");
        double one = 1, sample = (double)before;
        if (c->input == AG_WAVENET_ONE_HOT)
            add_product(&one, w + ag_mulaw_encode(before) * width, 1, width, x + t * width);
        else
            add_product(&sample, w, 1, width, x + t * width);
        add_vector(weight(n, "input.bias"), width, x + t * width);
    }
    return x;
}

double *naive_predict(const ag_wavenet_config *config, const ag_tensors *weights,
                      const naive_input *input)
{
    naive n = { .c = config, .weights = weights, .in = input };
    if (config->global_channels)
        make_global(&n);
    if (config->local_features)
        make_local(&n);
    if (config->context.layers)
        make_context(&n);
    int64_t outputs = ag_wavenet_outputs(config);
    double *sum = stack(&n, &config->main, "", input->samples, make_input(&n));
    double *params = doubles(input->samples * outputs), *hidden = doubles(config->head);
    for (int64_t t = 0; t < input->samples; t++) {
        for (int64_t j = 0; j < config->head; j++)
            hidden[j] = 0;
        add_product(sum + t * config->main.skip, weight(&n, "head.0.weight"), config->main.skip,
                    config->head, hidden);
        add_vector(weight(&n, "head.0.bias"), config->head, hidden);
        rectify(hidden, config->head);
        add_product(hidden, weight(&n, "head.1.weight"), config->head, outputs,
                    params + t * outputs);
        add_vector(weight(&n, "head.1.bias"), outputs, params + t * outputs);
    }
    free(sum);
    free(hidden);
    free(n.local);
    free(n.global);
    free(n.context);
    return params;
}
