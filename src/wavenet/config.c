/* What a WaveNet configuration may say, and what follows from it. */
#include "agena/audio.h"
#include "agena/wavenet.h"

enum {
    MAX_DILATION_BITS = 20, /* the widest layer reaches back 2^20 samples */
    MAX_MIXTURES = 256,
    MAX_ROWS = 1 << 20, /* of an embedding */
    MAX_HOP = 1 << 16,
    MAX_CONTEXT = 256, /* frames on each side */
};

static int check_range(const char *prefix, const char *field, int64_t value, int64_t low,
                       int64_t high)
{
    if (value >= low && value <= high)
        return AG_OK;
    return ag_fail(AG_EINVAL, "WaveNet configuration: %s%s is %lld, not in [%lld, %lld]", prefix,
                   field, (long long)value, (long long)low, (long long)high);
}

typedef struct {
    const char *field;
    int64_t value, low, high;
} range;

static int check_ranges(const char *prefix, const range *ranges, int count)
{
    int code = AG_OK;
    for (int i = 0; i < count && code == AG_OK; i++)
        code = check_range(prefix, ranges[i].field, ranges[i].value, ranges[i].low, ranges[i].high);
    return code;
}

static int check_stack(const ag_wavenet_stack *s, const char *prefix)
{
    const range ranges[] = {
        { "layers", s->layers, 1, AG_WAVENET_MAX_LAYERS },
        { "stacks", s->stacks, 1, s->layers },
        { "kernel", s->kernel, 2, 3 },
        { "residual", s->residual, 1, AG_WAVENET_MAX_CHANNELS },
        { "gate", s->gate, 2, AG_WAVENET_MAX_CHANNELS },
        { "skip", s->skip, 1, AG_WAVENET_MAX_CHANNELS },
    };
    int code = check_ranges(prefix, ranges, sizeof(ranges) / sizeof(ranges[0]));
    if (code < 0)
        return code;
    if (s->layers % s->stacks != 0)
        return ag_fail(AG_EINVAL,
                       "WaveNet configuration: %sstacks (%d) does not divide %slayers (%d)", prefix,
                       s->stacks, prefix, s->layers);
    if (s->layers / s->stacks > MAX_DILATION_BITS + 1)
        return ag_fail(AG_EINVAL,
                       "WaveNet configuration: %d layers in a stack of %slayers, at most %d",
                       s->layers / s->stacks, prefix, MAX_DILATION_BITS + 1);
    if (s->gate % 2 != 0)
        return ag_fail(AG_EINVAL, "WaveNet configuration: %sgate (%d) is odd", prefix, s->gate);
    return AG_OK;
}

static int check_output(const ag_wavenet_config *c)
{
    const range ranges[] = {
        { "sample_rate", c->sample_rate, 1, 1000000 },
        { "input", c->input, AG_WAVENET_ONE_HOT, AG_WAVENET_SCALAR },
        { "output", c->output, AG_WAVENET_SOFTMAX, AG_WAVENET_GAUSSIAN },
        { "head", c->head, 1, AG_WAVENET_MAX_CHANNELS },
    };
    int code = check_ranges("", ranges, sizeof(ranges) / sizeof(ranges[0]));
    if (code == AG_OK && !(c->preemphasis >= 0 && c->preemphasis < 1))
        code = ag_fail(AG_EINVAL, "WaveNet configuration: preemphasis is %g, not in [0, 1)",
                       (double)c->preemphasis);
    if (code == AG_OK && c->output == AG_WAVENET_MOL)
        code = check_range("", "mixtures", c->mixtures, 1, MAX_MIXTURES);
    if (code < 0 || c->output == AG_WAVENET_SOFTMAX)
        return code;
    if (!(c->min_log_scale >= -50 && c->min_log_scale <= 10))
        return ag_fail(AG_EINVAL, "WaveNet configuration: min_log_scale is %g, not in [-50, 10]",
                       (double)c->min_log_scale);
    return AG_OK;
}

static int check_global(const ag_wavenet_config *c)
{
    const range ranges[] = {
        { "speakers", c->speakers, 0, MAX_ROWS },
        { "languages", c->languages, 0, MAX_ROWS },
        { "global_channels", c->global_channels, 0, AG_WAVENET_MAX_CHANNELS },
    };
    int code = check_ranges("", ranges, sizeof(ranges) / sizeof(ranges[0]));
    if (code < 0)
        return code;
    if ((c->global_channels > 0) != (c->speakers > 0 || c->languages > 0))
        return ag_fail(AG_EINVAL,
                       "WaveNet configuration: global_channels is %d with %d speakers and %d "
                       "languages; both or neither must be given",
                       c->global_channels, c->speakers, c->languages);
    return AG_OK;
}

static int check_local(const ag_wavenet_config *c)
{
    int code = check_range("", "local_features", c->local_features, 0, AG_WAVENET_MAX_CHANNELS);
    if (code < 0 || c->local_features == 0)
        return code;
    const range ranges[] = {
        { "hop", c->hop, 1, MAX_HOP },
        { "local_context", c->local_context, 0, MAX_CONTEXT },
        { "local_channels", c->local_channels, 1, AG_WAVENET_MAX_CHANNELS },
        { "upsamples", c->upsamples, 0, AG_WAVENET_MAX_UPSAMPLE },
    };
    code = check_ranges("", ranges, sizeof(ranges) / sizeof(ranges[0]));
    int64_t product = 1;
    for (int i = 0; i < c->upsamples && code == AG_OK; i++) {
        code = check_range("", "upsample", c->upsample[i], 2, MAX_HOP);
        product *= c->upsample[i];
        if (code == AG_OK && c->hop % product != 0)
            code = ag_fail(AG_EINVAL,
                           "WaveNet configuration: hop (%d) is not a multiple of the product of "
                           "upsample (%lld)",
                           c->hop, (long long)product);
    }
    return code;
}

static int check_context(const ag_wavenet_config *c)
{
    if (c->context.layers == 0)
        return AG_OK;
    int code = check_stack(&c->context, "context.");
    if (code == AG_OK)
        code = check_range("", "context_rate", c->context_rate, 1, MAX_HOP);
    if (code == AG_OK && c->context_rate % ag_wavenet_cond_hop(c) != 0)
        code =
            ag_fail(AG_EINVAL,
                    "WaveNet configuration: context_rate (%d) is not a multiple of the %d samples "
                    "of a conditioning frame",
                    c->context_rate, ag_wavenet_cond_hop(c));
    return code;
}

int ag_wavenet_check(const ag_wavenet_config *config)
{
    int code = check_output(config);
    if (code == AG_OK)
        code = check_stack(&config->main, "");
    if (code == AG_OK)
        code = check_global(config);
    if (code == AG_OK)
        code = check_local(config);
    return code == AG_OK ? check_context(config) : code;
}

int64_t ag_wavenet_receptive_field(const ag_wavenet_stack *stack)
{
    int64_t sum = 0;
    for (int l = 0; l < stack->layers; l++)
        sum += ag_wavenet_dilation(stack, l);
    return (stack->kernel - 1) * sum + 1;
}

int ag_wavenet_dilation(const ag_wavenet_stack *stack, int layer)
{
    return 1 << layer % (stack->layers / stack->stacks);
}

int ag_wavenet_cond_hop(const ag_wavenet_config *config)
{
    int hop = config->local_features ? config->hop : 1;
    for (int i = 0; config->local_features && i < config->upsamples; i++)
        hop /= config->upsample[i];
    return hop;
}

int ag_wavenet_outputs(const ag_wavenet_config *config)
{
    if (config->output == AG_WAVENET_SOFTMAX)
        return AG_MULAW_CLASSES;
    return config->output == AG_WAVENET_MOL ? 3 * config->mixtures : 2;
}
