/* The host buffers behind a training graph's leaves. */
#include "wavenet/train.h"

#include "agena/audio.h"

static int64_t feature_floats(const ag_wavenet_config *c, int64_t samples)
{
    if (!c->local_features) {
        return 0;
    }
    return (samples / c->hop + 2 * (c->local_context + WN_MARGIN)) * c->local_features;
}

static int64_t past_floats(const ag_wavenet_config *c, int64_t samples)
{
    return c->context.layers ? samples / c->context_rate : 0;
}

size_t wn_inputs_bytes(const ag_wavenet_config *c, int batch, int64_t samples)
{
    int64_t each = 4 * samples + 1 + feature_floats(c, samples) + 2 + past_floats(c, samples);
    return (size_t)(each * batch) * sizeof(float);
}

void wn_inputs_place(const ag_wavenet_config *c, int batch, int64_t samples, float *room,
                     wn_inputs *in)
{
    int64_t b = batch, n = samples;
    in->audio = room;
    in->weight = in->audio + b * (n + 1);
    in->input = in->weight + b * n;
    in->target = (float *)in->input + b * n;
    float *at = (float *)in->target + b * n;
    in->features = feature_floats(c, n) ? at : NULL;
    at += b * feature_floats(c, n);
    in->past = past_floats(c, n) ? at : NULL;
    at += b * past_floats(c, n);
    in->speaker = (int32_t *)at;
    in->language = (int32_t *)at + b;
}

/* Means of the context_rate samples before each block of targets; silence before the crop. */
static void fill_past(const ag_wavenet_config *c, const float *audio, int64_t samples, float *past)
{
    int64_t rate = c->context_rate;
    past[0] = 0;
    for (int64_t j = 1; j < samples / rate; j++) {
        const float *block = audio + 1 + (j - 1) * rate;
        float sum = 0;
        for (int64_t i = 0; i < rate; i++) {
            sum += block[i];
        }
        past[j] = sum / (float)rate;
    }
}

void wn_inputs_encode(const ag_wavenet_config *c, int batch, int64_t samples, wn_inputs *in)
{
    for (int b = 0; b < batch; b++) {
        const float *audio = in->audio + b * (samples + 1);
        int64_t at = b * samples;
        if (c->input == AG_WAVENET_ONE_HOT) {
            ag_mulaw_encode_all(audio, (int32_t *)in->input + at, samples);
        } else {
            for (int64_t t = 0; t < samples; t++) {
                ((float *)in->input)[at + t] = audio[t];
            }
        }
        if (c->output == AG_WAVENET_SOFTMAX) {
            ag_mulaw_encode_all(audio + 1, (int32_t *)in->target + at, samples);
        } else {
            for (int64_t t = 0; t < samples; t++) {
                ((float *)in->target)[at + t] = audio[t + 1];
            }
        }
        if (in->past) {
            fill_past(c, audio, samples, in->past + b * (samples / c->context_rate));
        }
    }
}

int wn_inputs_bind(ag_exec *exec, const ag_wavenet_nodes *nodes, const wn_inputs *in)
{
    const struct {
        ag_node node;
        void *data;
    } all[] = {
        { nodes->input, in->input },     { nodes->target, in->target },
        { nodes->weight, in->weight },   { nodes->features, in->features },
        { nodes->speaker, in->speaker }, { nodes->language, in->language },
        { nodes->past, in->past },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        int status = all[i].node == AG_NONE ? 0 : ag_exec_bind(exec, all[i].node, all[i].data);
        if (status < 0) {
            return status;
        }
    }
    return 0;
}

int wn_bind_weights(const ag_graph *g, ag_exec *exec, const ag_tensors *weights)
{
    for (int i = 0; i < ag_graph_params(g); i++) {
        ag_node p = ag_graph_param(g, i);
        int index = ag_tensors_find(weights, ag_node_name(g, p));
        if (index < 0) {
            return ag_fail(AG_EINVAL, "the weights lack %s", ag_node_name(g, p));
        }
        int status = ag_exec_bind(exec, p, ag_tensors_data(weights, index));
        if (status < 0) {
            return status;
        }
    }
    return 0;
}
