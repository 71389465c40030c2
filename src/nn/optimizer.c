/* Optimisers: one step of Adam, RMSProp or SGD over a whole set of weights, and their checkpoints.
 */
#include "nn/tensors.h"
#include "nn/update.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Floats handled at a time, so that clipping, the step and the average find them in the cache. */
#define CHUNK 2048

enum { MAX_STATES = 2 };

/* What each kind keeps per weight, and the prefix of its names in a checkpoint. */
static const struct {
    const char *name;
    const char *state[MAX_STATES]; /* NULL after the last */
} kinds[] = {
    [AG_ADAM] = { "adam", { "adam.m.", "adam.v." } },
    [AG_RMSPROP] = { "rmsprop", { "rmsprop.square.", "rmsprop.momentum." } },
    [AG_SGD] = { "sgd", { "sgd.momentum.", NULL } },
};

static const char average_prefix[] = "average.";
static const char kind_key[] = "optimizer.kind";
static const char steps_key[] = "optimizer.steps";

struct ag_optimizer {
    ag_optimizer_options options;
    int64_t steps;
    ag_tensors *state[MAX_STATES];
    ag_tensors *average;
};

static bool in_unit(float x)
{
    return x >= 0.0f && x < 1.0f;
}

static bool not_negative(float x)
{
    return x >= 0.0f && isfinite(x);
}

static int check_options(const ag_optimizer_options *o)
{
    const ag_schedule *rate = &o->rate;
    if ((unsigned)o->kind > AG_SGD || (unsigned)rate->kind > AG_LR_HALVING)
        return ag_fail(AG_EINVAL, "unknown kind of optimiser or learning-rate schedule");
    if (!not_negative(rate->base) || !not_negative(rate->final))
        return ag_fail(AG_EINVAL, "a learning rate must be a number of at least 0");
    if (rate->steps < 0 || rate->warmup < 0)
        return ag_fail(AG_EINVAL, "a learning-rate schedule cannot have negative steps");
    if (rate->kind != AG_LR_CONSTANT && rate->steps == 0)
        return ag_fail(AG_EINVAL, "this learning-rate schedule needs a number of steps");
    if (!in_unit(o->beta1) || !in_unit(o->beta2) || !in_unit(o->average))
        return ag_fail(AG_EINVAL, "beta1, beta2 and the average's decay must be in [0, 1)");
    if (o->kind != AG_SGD && !(o->epsilon > 0.0f && isfinite(o->epsilon)))
        return ag_fail(AG_EINVAL, "the optimiser's epsilon must be greater than 0");
    if (!not_negative(o->weight_decay) || !not_negative(o->clip_norm))
        return ag_fail(AG_EINVAL, "weight decay and the clipping norm must be at least 0");
    return AG_OK;
}

static int make_states(ag_optimizer *o, const ag_tensors *weights)
{
    int code = AG_OK;
    for (int i = 0; i < MAX_STATES && kinds[o->options.kind].state[i] && code == AG_OK; i++)
        code = ag_tensors_like(weights, &o->state[i]);
    if (code == AG_OK && o->options.average > 0.0f) {
        code = ag_tensors_like(weights, &o->average);
        if (code == AG_OK)
            code = ag_tensors_copy(o->average, weights);
    }
    return code;
}

int ag_optimizer_new(const ag_optimizer_options *options, const ag_tensors *weights,
                     ag_optimizer **out)
{
    *out = NULL;
    int code = check_options(options);
    if (code != AG_OK)
        return code;
    ag_optimizer *o = ag_calloc(1, sizeof(*o));
    if (!o)
        return AG_ENOMEM;
    o->options = *options;
    code = make_states(o, weights);
    if (code != AG_OK) {
        ag_optimizer_free(o);
        return code;
    }
    if (options->kind == AG_RMSPROP) /* TensorFlow starts the mean square at 1, not at 0 */
        for (int i = 0; i < ag_tensors_count(weights); i++)
            ag_init_constant(o->state[0], i, 1.0f);
    *out = o;
    return AG_OK;
}

void ag_optimizer_free(ag_optimizer *o)
{
    if (!o)
        return;
    for (int i = 0; i < MAX_STATES; i++)
        ag_tensors_free(o->state[i]);
    ag_tensors_free(o->average);
    ag_free(o);
}

/* The sentence for a gradient that is not finite: which tensor has it. */
static int fail_not_finite(const ag_tensors *gradients, int64_t step)
{
    int count = ag_tensors_count(gradients);
    for (int i = 0; i < count; i++) {
        ag_shape shape = ag_tensors_shape(gradients, i);
        const float *data = ag_tensors_data(gradients, i);
        int64_t elements = nn_shape_elements(&shape);
        for (int64_t j = 0; j < elements; j++)
            if (!isfinite(data[j]))
                return ag_fail(AG_EINVAL,
                               "the gradient of '%s' is not finite at step %" PRId64
                               ": lower the learning rate or clip the gradients",
                               ag_tensors_name(gradients, i), step);
    }
    return ag_fail(AG_EINVAL, "the padding of the gradients is not zero at step %" PRId64, step);
}

/* A step's constants, made once from the options and the number of steps taken. */
typedef struct {
    float clip; /* factor of the gradients */
    nn_adam adam;
    nn_rmsprop rmsprop;
    nn_sgd sgd;
} step_params;

static step_params params_of(const ag_optimizer *o, double norm)
{
    const ag_optimizer_options *p = &o->options;
    double rate = ag_schedule_rate(&p->rate, o->steps), t = (double)o->steps + 1.0;
    float decay = (float)(1.0 - rate * p->weight_decay);
    bool clip = p->clip_norm > 0.0f && norm > p->clip_norm;
    return (step_params){
        .clip = clip ? (float)(p->clip_norm / norm) : 1.0f,
        .adam = { .beta1 = p->beta1,
                  .beta2 = p->beta2,
                  .epsilon = p->epsilon,
                  .rate = (float)(rate / (1.0 - pow(p->beta1, t))),
                  .root = (float)(1.0 / sqrt(1.0 - pow(p->beta2, t))),
                  .decay = decay },
        .rmsprop = { .momentum = p->beta1,
                     .smoothing = p->beta2,
                     .epsilon = p->epsilon,
                     .rate = (float)rate,
                     .decay = decay },
        .sgd = { .momentum = p->beta1, .rate = (float)rate, .decay = decay },
    };
}

/* One chunk of the block: clip, step, average. */
static void step_chunk(ag_optimizer *o, const step_params *p, float *w, float *g, int64_t begin,
                       int64_t count)
{
    float *state[MAX_STATES];
    for (int i = 0; i < MAX_STATES; i++)
        state[i] = o->state[i] ? ag_tensors_block(o->state[i]) + begin : NULL;
    if (p->clip != 1.0f)
        nn_scale(g + begin, p->clip, count);
    switch (o->options.kind) {
    case AG_ADAM:
        nn_adam_step(&p->adam, w + begin, g + begin, state[0], state[1], count);
        break;
    case AG_RMSPROP:
        nn_rmsprop_step(&p->rmsprop, w + begin, g + begin, state[0], state[1], count);
        break;
    case AG_SGD:
        nn_sgd_step(&p->sgd, w + begin, g + begin, state[0], count);
        break;
    }
    if (o->average)
        nn_average_step(o->options.average, ag_tensors_block(o->average) + begin, w + begin, count);
}

int ag_optimizer_step(ag_optimizer *o, ag_tensors *weights, ag_tensors *gradients, float *norm)
{
    if (!nn_tensors_same(o->state[0], weights) || !nn_tensors_same(weights, gradients))
        return ag_fail(AG_EINVAL, "the optimiser was made for tensors of other names or shapes");
    float *w = ag_tensors_block(weights), *g = ag_tensors_block(gradients);
    int64_t size = ag_tensors_block_size(weights);
    double length = sqrt(nn_sum_squares(g, size));
    if (!isfinite(length))
        return fail_not_finite(gradients, o->steps);
    step_params p = params_of(o, length);
    for (int64_t begin = 0; begin < size; begin += CHUNK)
        step_chunk(o, &p, w, g, begin, size - begin < CHUNK ? size - begin : CHUNK);
    o->steps++;
    if (norm)
        *norm = (float)length;
    return AG_OK;
}

int64_t ag_optimizer_steps(const ag_optimizer *o)
{
    return o->steps;
}

const ag_tensors *ag_optimizer_average(const ag_optimizer *o)
{
    return o->average;
}

int ag_optimizer_save(const ag_optimizer *o, ag_safetensors *f)
{
    char steps[32];
    snprintf(steps, sizeof(steps), "%" PRId64, o->steps);
    int code = ag_safetensors_set_meta(f, kind_key, kinds[o->options.kind].name);
    if (code == AG_OK)
        code = ag_safetensors_set_meta(f, steps_key, steps);
    for (int i = 0; i < MAX_STATES && o->state[i] && code == AG_OK; i++)
        code = ag_safetensors_add(f, kinds[o->options.kind].state[i], o->state[i]);
    if (code == AG_OK && o->average)
        code = ag_safetensors_add(f, average_prefix, o->average);
    return code;
}

/* The step count in the metadata, -1 when it is absent or no count. */
static int64_t read_steps(const ag_safetensors *f)
{
    const char *text = ag_safetensors_meta(f, steps_key);
    if (!text || *text < '0' || *text > '9')
        return -1;
    char *end;
    errno = 0;
    long long steps = strtoll(text, &end, 10);
    return errno || *end ? -1 : (int64_t)steps;
}

int ag_optimizer_load(ag_optimizer *o, const ag_safetensors *f)
{
    const char *kind = ag_safetensors_meta(f, kind_key), *own = kinds[o->options.kind].name;
    if (!kind || strcmp(kind, own) != 0)
        return ag_fail(AG_EFORMAT, "the checkpoint holds the state of optimiser '%.40s', not '%s'",
                       kind ? kind : "none", own);
    int64_t steps = read_steps(f);
    if (steps < 0)
        return ag_fail(AG_EFORMAT, "the checkpoint's '%s' is missing or no number", steps_key);

    /* Everything is looked at before anything is changed. */
    int code = AG_OK;
    for (int i = 0; i < MAX_STATES && o->state[i] && code == AG_OK; i++)
        code = nn_safetensors_check(f, kinds[o->options.kind].state[i], o->state[i]);
    if (code == AG_OK && o->average)
        code = nn_safetensors_check(f, average_prefix, o->average);
    for (int i = 0; i < MAX_STATES && o->state[i] && code == AG_OK; i++)
        code = ag_safetensors_get(f, kinds[o->options.kind].state[i], o->state[i]);
    if (code == AG_OK && o->average)
        code = ag_safetensors_get(f, average_prefix, o->average);
    if (code == AG_OK)
        o->steps = steps;
    return code;
}
