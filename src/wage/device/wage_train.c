/* The training step: errors backward, gradients, and updates rounded at random. A number that the
 * whole batch's largest value scales is computed twice, once to find that value. */
#include "wage_layer.h"

#if WAGE_BATCH > 0

typedef char learner_is_of_the_size_stated[sizeof(wage_learner) == WAGE_LEARNER_BYTES ? 1 : -1];

/* Column n of the forward weights: the stored ones rounded to fewer bits. */
static void quantise_column(const wage_learner *learner, const wage_layer *layer, int32_t n,
                            int8_t *column)
{
    const wage_weight *from = learner->weights + layer->weights + n * layer->rows;
    int32_t i;
    for (i = 0; i < layer->rows; i++)
        column[i] = (int8_t)wage_round(from[i], layer->weight_shift, layer->weight_limit);
}

void wage_start(wage_learner *learner, uint64_t seed)
{
    int32_t i;
    learner->seed[0] = (uint32_t)seed;
    learner->seed[1] = (uint32_t)(seed >> 32);
    for (i = 0; i < WAGE_WEIGHTS; i++)
        learner->weights[i] = wage_stored[i];
}

void wage_put(wage_learner *learner, int32_t slot, const uint8_t *picture, uint8_t label)
{
    wage_picture(picture, learner->values[slot]);
    learner->labels[slot] = label;
}

static void forward(wage_learner *learner, int32_t count)
{
    int32_t i, n, b;
    for (i = 0; i < WAGE_LAYERS; i++) {
        const wage_layer *layer = &wage_layers[i];
        for (n = 0; n < layer->outputs; n++) {
            quantise_column(learner, layer, n, learner->column);
            for (b = 0; b < count; b++)
                wage_forward(layer, learner->column, n, learner->values[b] + layer->input,
                             learner->values[b] + layer->output,
                             learner->trace[b] + layer->output - WAGE_PICTURE);
        }
    }
}

void wage_predict(wage_learner *learner, const uint8_t *picture, int8_t outputs[WAGE_CLASSES])
{
    int32_t i;
    wage_put(learner, 0, picture, 0);
    forward(learner, 1);
    for (i = 0; i < WAGE_CLASSES; i++)
        outputs[i] = learner->values[0][WAGE_VALUES - WAGE_CLASSES + i];
}

/* log2 of the power of two nearest to m, 0 for 0: up where m * m > 2^(2k + 1). */
static int32_t nearest_power(uint32_t m)
{
    int32_t k = 0;
    uint32_t x;
    while (m >> k > 1)
        k++;
    x = m << (31 - k);
    return k + (int32_t)((uint64_t)x * x >> 63);
}

static void note_largest(uint32_t *most, int32_t v)
{
    uint32_t size = wage_magnitude(v);
    if (size > *most)
        *most = size;
}

/* The shift that brings a layer's errors, the batch's largest being `most`, to its error_bits. */
static int32_t error_shift(const wage_layer *layer, uint32_t most)
{
    return nearest_power(most) - (layer->error_bits - 1);
}

/* An error as the layers below it see it: quantised, and none where the activation was clipped or
 * the rectifier off. */
static int8_t keep_error(const wage_layer *layer, int32_t e, int32_t shift, int32_t trace)
{
    if (!(trace & WAGE_INSIDE) || !(trace & WAGE_POSITIVE))
        return 0;
    return (int8_t)wage_round(e, shift, (1 << (layer->error_bits - 1)) - 1);
}

/* ---- the last layer ---- */

/* Differences from the targets (1 for the label's class, else 0) take the outputs' place. */
static wage_result output_errors(wage_learner *learner, int32_t count)
{
    const wage_layer *last = &wage_layers[WAGE_LAYERS - 1];
    wage_result result = { 0, 0 };
    uint32_t most = 0;
    int32_t b, i, pass, shift = 0;
    for (pass = 0; pass < 2; pass++) {
        for (b = 0; b < count; b++) {
            int8_t *out = learner->values[b] + last->output;
            const uint8_t *trace = learner->trace[b] + last->output - WAGE_PICTURE;
            if (pass == 0)
                result.correct += wage_class(out) == learner->labels[b];
            for (i = 0; i < WAGE_CLASSES; i++) {
                int32_t e = out[i] - (i == learner->labels[b] ? last->limit + 1 : 0);
                if (pass == 1) {
                    out[i] = keep_error(last, e, shift, trace[i] | WAGE_POSITIVE);
                } else {
                    result.loss += e * e;
                    if (trace[i] & WAGE_INSIDE)
                        note_largest(&most, e);
                }
            }
        }
        shift = error_shift(last, most);
    }
    return result;
}

/* ---- updates ---- */

/* Philox4x32-10 (Salmon et al. 2011). */
static void philox(uint32_t counter[4], uint32_t key_0, uint32_t key_1)
{
    int32_t round;
    for (round = 0; round < 10; round++) {
        uint64_t p = (uint64_t)counter[0] * UINT32_C(0xD2511F53);
        uint64_t q = (uint64_t)counter[2] * UINT32_C(0xCD9E8D57);
        counter[0] = (uint32_t)(q >> 32) ^ counter[1] ^ key_0;
        counter[1] = (uint32_t)q;
        counter[2] = (uint32_t)(p >> 32) ^ counter[3] ^ key_1;
        counter[3] = (uint32_t)p;
        key_0 += UINT32_C(0x9E3779B9);
        key_1 += UINT32_C(0xBB67AE85);
    }
}

typedef struct {
    const uint32_t *key;
    uint32_t purpose, step[2];
    uint32_t block, words[4]; /* which block words are, from 1; 0: none yet */
} rounding;

/* 16 random bits for weight i [kernel, kernel, input, output], the same in any order. */
static uint32_t random_bits(rounding *from, uint32_t i)
{
    if (from->block != i / 8 + 1) {
        from->block = i / 8 + 1;
        from->words[0] = i / 8;
        from->words[1] = from->purpose;
        from->words[2] = from->step[0];
        from->words[3] = from->step[1];
        philox(from->words, from->key[0], from->key[1]);
    }
    return from->words[i % 8 / 2] >> 16 * (i % 2) & 0xFFFF;
}

/* size / 2^shift, up with the probability of the bits left out (or to the nearest). */
static uint32_t round_update(uint32_t size, int32_t shift, rounding *from, uint32_t i)
{
    uint32_t rest, whole = 0;
    if (shift <= 0)
        return shift < -16 || size > UINT32_C(0xFFFF) >> -shift ? 0xFFFF : size << -shift;
    if (shift < 32) {
        whole = size >> shift;
        size &= (UINT32_C(1) << shift) - 1;
    }
    if (shift < 16)
        rest = size << (16 - shift);
    else
        rest = shift - 16 < 32 ? size >> (shift - 16) : 0;
    return whole + ((WAGE_NEAREST ? 0x7FFF : random_bits(from, i)) < rest);
}

/* Take a step of weight (row, n) against its gradient g, of g / 2^shift. */
static void update(wage_learner *learner, const wage_layer *layer, int32_t row, int32_t n,
                   int32_t g, int32_t shift, rounding *from)
{
    wage_weight *w = learner->weights + layer->weights + n * layer->rows + row;
    int32_t by, value;
    if (g == 0)
        return;
    by =
        (int32_t)round_update(wage_magnitude(g), shift, from, (uint32_t)(row * layer->outputs + n));
    value = *w - (g < 0 ? -by : by);
    value = value > layer->stored_limit ? layer->stored_limit : value;
    *w = (wage_weight)(value < -layer->stored_limit ? -layer->stored_limit : value);
}

/* ---- dense layers ---- */

/* Row by row: one row of the weights and one input of every picture are all that the errors at that
 * input and the gradient of that row need, so that both can be replaced at once. */
static void dense_row(wage_learner *learner, const wage_layer *layer, int32_t row, int32_t count)
{
    const wage_weight *w = learner->weights + layer->weights + row;
    int32_t *gradient = learner->work, *error = learner->work + layer->outputs;
    int32_t b, n;
    for (n = 0; n < layer->outputs; n++) {
        gradient[n] = 0;
        learner->column[n] =
            (int8_t)wage_round(w[n * layer->rows], layer->weight_shift, layer->weight_limit);
    }
    for (b = 0; b < count; b++) {
        const int8_t *e = learner->values[b] + layer->output;
        int32_t a = learner->values[b][layer->input + row], sum = 0;
        for (n = 0; n < layer->outputs; n++) {
            gradient[n] += a * e[n];
            sum += e[n] * learner->column[n];
        }
        error[b] = sum;
    }
}

static void dense_backward(wage_learner *learner, const wage_layer *layer, int32_t count,
                           int32_t rate, rounding *from)
{
    const wage_layer *below = layer == wage_layers ? 0 : layer - 1;
    int32_t *gradient = learner->work, *error = learner->work + layer->outputs;
    uint32_t most = 0, most_error = 0;
    int32_t row, b, n, pass, shift = 0, shift_error = 0;
    for (pass = 0; pass < 2; pass++) {
        for (row = 0; row < layer->rows; row++) {
            dense_row(learner, layer, row, count);
            for (n = 0; n < layer->outputs; n++) {
                if (pass == 1)
                    update(learner, layer, row, n, gradient[n], shift, from);
                else
                    note_largest(&most, gradient[n]);
            }
            for (b = 0; below && b < count; b++) {
                int32_t trace = learner->trace[b][layer->input - WAGE_PICTURE + row];
                if (pass == 1)
                    learner->values[b][layer->input + row] =
                        keep_error(below, error[b], shift_error, trace);
                else if (trace & WAGE_INSIDE)
                    note_largest(&most_error, error[b]);
            }
        }
        shift = nearest_power(most) - rate;
        shift_error = below ? error_shift(below, most_error) : 0;
    }
}

/* ---- convolutions ---- */

/* to += value * from, over rows of `count`. */
static void add_rows(int32_t *to, int32_t to_stride, const int8_t *from, int32_t from_stride,
                     int32_t rows, int32_t count, int32_t value)
{
    int32_t i;
    for (; rows > 0; rows--, to += to_stride, from += from_stride) {
        for (i = 0; i < count; i++)
            to[i] += value * from[i];
    }
}

/* What the errors of picture b at output n, each at the place of its window's maximum, add to the
 * gradient of column n and to the error at the layer's input (either may be null). */
static void spread(const wage_learner *learner, const wage_layer *layer, int32_t b, int32_t n,
                   int32_t *gradient, int32_t *error)
{
    const int8_t *input = learner->values[b] + layer->input;
    const int8_t *e = learner->values[b] + layer->output + n;
    const uint8_t *trace = learner->trace[b] + layer->output - WAGE_PICTURE + n;
    int32_t line = layer->width * layer->channels, kernel_line = layer->kernel * layer->channels;
    int32_t y, x;
    for (y = 0; y < layer->out_height; y++) {
        for (x = 0; x < layer->out_width; x++, e += layer->outputs, trace += layer->outputs) {
            int32_t which = *trace >> WAGE_WHICH, count, in_kernel, in_input;
            wage_window at;
            if (*e == 0)
                continue;
            at = wage_window_at(layer, y * layer->pool_stride + which / layer->pool,
                                x * layer->pool_stride + which % layer->pool);
            count = (at.end_x - at.first_x) * layer->channels;
            in_kernel = at.first_y * kernel_line + at.first_x * layer->channels;
            in_input = (at.y + at.first_y) * line + (at.x + at.first_x) * layer->channels;
            if (gradient)
                add_rows(gradient + in_kernel, kernel_line, input + in_input, line,
                         at.end_y - at.first_y, count, *e);
            if (error)
                add_rows(error + in_input, line, learner->column + in_kernel, kernel_line,
                         at.end_y - at.first_y, count, *e);
        }
    }
}

/* The gradient [output, row] of the batch; returns the batch's largest error at the input. */
static uint32_t conv_gradient(wage_learner *learner, const wage_layer *layer, int32_t count,
                              int32_t *gradient, int32_t *error)
{
    int32_t size = layer->height * layer->width * layer->channels;
    uint32_t most = 0;
    int32_t b, n, i;
    for (i = 0; i < layer->outputs * layer->rows; i++)
        gradient[i] = 0;
    for (b = 0; b < count; b++) {
        for (i = 0; error && i < size; i++)
            error[i] = 0;
        for (n = 0; n < layer->outputs; n++) {
            quantise_column(learner, layer, n, learner->column);
            spread(learner, layer, b, n, gradient + n * layer->rows, error);
        }
        for (i = 0; error && i < size; i++) {
            if (learner->trace[b][layer->input - WAGE_PICTURE + i] & WAGE_INSIDE)
                note_largest(&most, error[i]);
        }
    }
    return most;
}

/* Replace the layer's input by the errors there. */
static void conv_errors(wage_learner *learner, const wage_layer *layer, int32_t count,
                        int32_t shift, int32_t *error)
{
    int32_t size = layer->height * layer->width * layer->channels, b, n, i;
    for (b = 0; b < count; b++) {
        for (i = 0; i < size; i++)
            error[i] = 0;
        for (n = 0; n < layer->outputs; n++) {
            quantise_column(learner, layer, n, learner->column);
            spread(learner, layer, b, n, 0, error);
        }
        for (i = 0; i < size; i++)
            learner->values[b][layer->input + i] = keep_error(
                layer - 1, error[i], shift, learner->trace[b][layer->input - WAGE_PICTURE + i]);
    }
}

static void conv_backward(wage_learner *learner, const wage_layer *layer, int32_t count,
                          int32_t rate, rounding *from)
{
    int32_t weights = layer->outputs * layer->rows, first = layer == wage_layers;
    int32_t *gradient = learner->work, *error = first ? 0 : learner->work + weights;
    uint32_t most = 0, most_error;
    int32_t row, n, i, shift;
    most_error = conv_gradient(learner, layer, count, gradient, error);
    if (!first)
        conv_errors(learner, layer, count, error_shift(layer - 1, most_error), error);
    for (i = 0; i < weights; i++)
        note_largest(&most, gradient[i]);
    shift = nearest_power(most) - rate;
    for (row = 0; row < layer->rows; row++) {
        for (n = 0; n < layer->outputs; n++)
            update(learner, layer, row, n, gradient[n * layer->rows + row], shift, from);
    }
}

wage_result wage_step(wage_learner *learner, int32_t count, int32_t rate, uint64_t step)
{
    rounding from;
    wage_result result;
    int32_t i;
    from.key = learner->seed;
    from.step[0] = (uint32_t)step;
    from.step[1] = (uint32_t)(step >> 32);
    forward(learner, count);
    result = output_errors(learner, count);
    for (i = WAGE_LAYERS - 1; i >= 0; i--) {
        const wage_layer *layer = &wage_layers[i];
        from.purpose = WAGE_PURPOSE + (uint32_t)layer->number;
        from.block = 0;
        if (layer->height * layer->width * layer->kernel == 1)
            dense_backward(learner, layer, count, rate, &from);
        else
            conv_backward(learner, layer, count, rate, &from);
    }
    return result;
}
#endif
