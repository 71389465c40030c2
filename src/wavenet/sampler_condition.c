/* Conditioning of one stream: global embeddings, upsampled features, the context stack. */
#include "wavenet/sampler_condition.h"

#include <math.h>
#include <string.h>

static void plan(wn_condition *c, wn_block *block)
{
    const wn_condition_net *net = &c->net->condition;
    size_t wide = (size_t)net->wide, channels = (size_t)net->channels;
    c->fixed = wn_block_take(block, wide, sizeof(float));
    c->local = wn_block_take(block, wide, sizeof(float));
    c->distant = wn_block_take(block, wide, sizeof(float));
    c->frame = wn_block_take(block, channels, sizeof(float));
    for (int i = 0; i < net->upsamples; i++)
        c->upsample[i].pair = wn_block_take(block, 2 * channels, sizeof(float));
}

int wn_condition_init(wn_condition *c, const wn_net *net, const wn_kernels *kernels)
{
    memset(c, 0, sizeof(*c));
    c->net = net;
    c->kernels = kernels;
    wn_block block = { NULL, 0 };
    plan(c, &block);
    c->memory = ag_malloc_aligned(block.used);
    if (!c->memory)
        return AG_ENOMEM;
    block = (wn_block){ c->memory, 0 };
    plan(c, &block);
    return net->condition.context_rate ? wn_stack_init(&c->context, &net->context, kernels, 1)
                                       : AG_OK;
}

void wn_condition_clear(wn_condition *c)
{
    if (c->context.memory)
        wn_stack_clear(&c->context);
    ag_free(c->features);
    ag_free(c->memory);
}

/* ---- start ---- */

static int check_index(const char *what, int index, int count)
{
    if (count == 0 || (index >= 0 && index < count))
        return AG_OK;
    return ag_fail(AG_EINVAL, "%s %d does not exist: the model has %d", what, index, count);
}

static int copy_features(const wn_condition_net *net, const float *features, int64_t frames,
                         float **out)
{
    *out = NULL;
    if (net->features == 0)
        return AG_OK;
    if (!features || frames < 1)
        return ag_fail(AG_EINVAL,
                       "this model needs conditioning features, at least one frame of %d",
                       net->features);
    int64_t width = net->features, edge = net->context_frames;
    if (frames > (INT64_C(1) << 40) / width - 2 * edge)
        return ag_fail(AG_EINVAL, "%lld frames of conditioning are too many", (long long)frames);
    for (int64_t i = 0; i < frames * width; i++)
        if (!isfinite(features[i]))
            return ag_fail(AG_EINVAL,
                           "conditioning frame %lld holds a value that is no finite number",
                           (long long)(i / width));
    float *copy = ag_calloc((size_t)((frames + 2 * edge) * width), sizeof(float));
    if (!copy)
        return AG_ENOMEM;
    memcpy(copy + edge * width, features, (size_t)(frames * width) * sizeof(float));
    *out = copy;
    return AG_OK;
}

/* fixed = biases + global'(speaker + language) */
static void set_fixed(wn_condition *c, int speaker, int language)
{
    const wn_condition_net *net = &c->net->condition;
    memcpy(c->fixed, net->bias, (size_t)net->wide * sizeof(float));
    if (net->global_channels == 0)
        return;
    float h[AG_WAVENET_MAX_CHANNELS];
    for (int i = 0; i < net->global_channels; i++) {
        h[i] = net->speakers ? net->speaker[speaker * net->global_channels + i] : 0.0f;
        h[i] += net->languages ? net->language[language * net->global_channels + i] : 0.0f;
    }
    wn_rows x = { h, 0, NULL };
    wn_addend to = { c->fixed, 0, NULL, 0 };
    c->kernels->multiply[AG_WEIGHTS_F32](&net->global, 1, &x, &to, c->fixed, 0);
}

int wn_condition_start(wn_condition *c, const float *features, int64_t frames, int speaker,
                       int language)
{
    const wn_condition_net *net = &c->net->condition;
    int code = check_index("speaker", speaker, net->speakers);
    if (code == AG_OK)
        code = check_index("language", language, net->languages);
    float *copy = NULL;
    if (code == AG_OK)
        code = copy_features(net, features, frames, &copy);
    if (code < 0)
        return code;
    ag_free(c->features);
    c->features = copy;
    c->frames = frames;
    c->position = 0;
    c->block_sum = 0;
    for (int i = 0; i < net->upsamples; i++) {
        c->upsample[i].ready = 0;
        memset(c->upsample[i].pair, 0, 2 * (size_t)net->channels * sizeof(float));
    }
    if (net->context_rate)
        wn_stack_reset(&c->context, 0);
    set_fixed(c, speaker, language);
    return AG_OK;
}

/* ---- local conditioning ---- */

static void rectify(float *x, int n)
{
    for (int i = 0; i < n; i++)
        x[i] = x[i] > 0 ? x[i] : 0.0f;
}

static void multiply_one(const wn_condition *c, const wn_matrix *w, const float *x, const float *to,
                         float *y)
{
    wn_rows rows = { x, 0, NULL };
    wn_addend addend = { to, 0, NULL, 0 };
    c->kernels->multiply[AG_WEIGHTS_F32](w, 1, &rows, &addend, y, 0);
}

/* Frames that leave the first `level` upsamplings. */
static int64_t frames_at(const wn_condition *c, int level)
{
    int64_t frames = c->frames;
    for (int i = 0; i < level; i++)
        frames *= c->net->condition.upsample[i].factor;
    return frames;
}

static void frame_at(wn_condition *c, int level, int64_t index, float *out);

/* Let an upsampling see its inputs up to `last`; past the end they are zeros. */
static void feed(wn_condition *c, int level, int64_t last)
{
    int channels = c->net->condition.channels;
    wn_upsample_state *state = &c->upsample[level];
    for (; state->ready <= last; state->ready++) {
        float *later = state->pair + channels;
        memcpy(state->pair, later, (size_t)channels * sizeof(float));
        if (state->ready < frames_at(c, level))
            frame_at(c, level, state->ready, later);
        else
            memset(later, 0, (size_t)channels * sizeof(float));
    }
}

/* Frame `index` after the first `level` upsamplings; asked for in order. */
static void frame_at(wn_condition *c, int level, int64_t index, float *out)
{
    const wn_condition_net *net = &c->net->condition;
    if (level == 0) {
        multiply_one(c, &net->conv, c->features + index * net->features, net->conv_bias, out);
    } else {
        const wn_upsample *up = &net->upsample[level - 1];
        int64_t at = index + up->factor / 2;
        feed(c, level - 1, at / up->factor);
        multiply_one(c, &up->phase[at % up->factor], c->upsample[level - 1].pair, up->bias, out);
    }
    rectify(out, net->channels);
}

/* True when the local part changed. */
static bool step_local(wn_condition *c)
{
    const wn_condition_net *net = &c->net->condition;
    if (net->features == 0 || c->position % net->hop != 0)
        return false;
    int64_t index = c->position / net->hop;
    if (index >= frames_at(c, net->upsamples))
        return false; /* the last one is held */
    frame_at(c, net->upsamples, index, c->frame);
    multiply_one(c, &net->local, c->frame, c->fixed, c->local);
    return true;
}

/* ---- context stack ---- */

static bool step_context(wn_condition *c, float sample)
{
    const wn_condition_net *net = &c->net->condition;
    if (net->context_rate == 0)
        return false;
    c->block_sum += sample;
    if (c->position % net->context_rate != 0)
        return false;
    const wn_stack *stack = &c->net->context;
    wn_stack_input(&c->context, 0, 0, c->block_sum / (float)net->context_rate);
    c->block_sum = 0;
    for (int l = 0; l < stack->layers; l++) {
        wn_stack_chain(&c->context, l, c->net->context_bias, 0);
        wn_stack_skip(&c->context, l);
        wn_stack_ahead(&c->context, l);
    }
    wn_stack_total(&c->context);
    memset(c->distant, 0, (size_t)net->wide * sizeof(float));
    multiply_one(c, &net->context, c->context.total, c->distant, c->distant);
    return true;
}

void wn_condition_step(wn_condition *c, float sample, float *out)
{
    const wn_condition_net *net = &c->net->condition;
    bool first = c->position == 0;
    bool changed = step_local(c);
    changed = step_context(c, sample) || changed;
    c->position++;
    if (!changed && !first)
        return;
    const float *near = net->features ? c->local : c->fixed;
    memcpy(out, near, (size_t)net->wide * sizeof(float));
    for (int i = 0; net->context_rate && i < net->wide; i++)
        out[i] += c->distant[i];
}
