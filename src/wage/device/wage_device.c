/* Forward pass and classification with the weights in flash. */
#include "wage_layer.h"

typedef char runner_is_of_the_size_stated[sizeof(wage_runner) == WAGE_RUNNER_BYTES ? 1 : -1];

uint32_t wage_magnitude(int32_t v)
{
    return v < 0 ? 0u - (uint32_t)v : (uint32_t)v;
}

int32_t wage_round(int32_t v, int32_t shift, int32_t limit)
{
    uint32_t size = wage_magnitude(v), most = (uint32_t)limit;
    if (shift > 31)
        size = 0;
    else if (shift > 0)
        size = (size + (UINT32_C(1) << (shift - 1))) >> shift;
    else
        size = size > most ? most : size << -shift;
    if (size > most)
        size = most;
    return v < 0 ? -(int32_t)size : (int32_t)size;
}

/* WAGE_INSIDE where |v| / 2^shift <= limit before any rounding, else 0. */
static int32_t inside(int32_t v, int32_t shift, int32_t limit)
{
    uint32_t size = wage_magnitude(v), most = (uint32_t)limit;
    if (shift <= 0)
        return size <= most >> -shift ? WAGE_INSIDE : 0;
    return (size + ((UINT32_C(1) << shift) - 1)) >> shift <= most ? WAGE_INSIDE : 0;
}

/* A byte 0 .. 255 stands for -1 .. 1: to the nearest of -127 .. 127 / 128. */
void wage_picture(const uint8_t *picture, int8_t *values)
{
    int32_t i;
    for (i = 0; i < WAGE_PICTURE; i++) {
        int32_t twice = 2 * (int32_t)picture[i] - 255;
        int32_t size = (2 * 128 * (twice < 0 ? -twice : twice) + 255) / 510;
        size = size > 127 ? 127 : size;
        values[i] = (int8_t)(twice < 0 ? -size : size);
    }
}

wage_window wage_window_at(const wage_layer *layer, int32_t y, int32_t x)
{
    wage_window at;
    at.y = y * layer->stride - layer->top;
    at.x = x * layer->stride - layer->left;
    at.first_y = at.y < 0 ? -at.y : 0;
    at.first_x = at.x < 0 ? -at.x : 0;
    at.end_y = layer->height - at.y < layer->kernel ? layer->height - at.y : layer->kernel;
    at.end_x = layer->width - at.x < layer->kernel ? layer->width - at.x : layer->kernel;
    return at;
}

static int32_t dot(const int8_t *a, const int8_t *b, int32_t count)
{
    int32_t sum = 0;
    for (; count >= 4; count -= 4, a += 4, b += 4)
        sum += a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
    for (; count > 0; count--)
        sum += *a++ * *b++;
    return sum;
}

/* The convolution at (y, x). */
static int32_t convolve(const wage_layer *layer, const int8_t *column, const int8_t *input,
                        int32_t y, int32_t x)
{
    wage_window at = wage_window_at(layer, y, x);
    int32_t count = (at.end_x - at.first_x) * layer->channels, sum = 0, ky;
    for (ky = at.first_y; ky < at.end_y; ky++)
        sum += dot(input + ((at.y + ky) * layer->width + at.x + at.first_x) * layer->channels,
                   column + (ky * layer->kernel + at.first_x) * layer->channels, count);
    return sum;
}

/* The maximum of the pooling window at (y, x), the first of equals. */
static int32_t largest(const wage_layer *layer, const int8_t *column, const int8_t *input,
                       int32_t y, int32_t x, int32_t *which)
{
    int32_t top = INT32_MIN, dy, dx;
    for (dy = 0; dy < layer->pool; dy++) {
        for (dx = 0; dx < layer->pool; dx++) {
            int32_t v = convolve(layer, column, input, y * layer->pool_stride + dy,
                                 x * layer->pool_stride + dx);
            if (v > top) {
                top = v;
                *which = dy * layer->pool + dx;
            }
        }
    }
    return top;
}

void wage_forward(const wage_layer *layer, const int8_t *column, int32_t n, const int8_t *input,
                  int8_t *output, uint8_t *trace)
{
    int last = layer == &wage_layers[WAGE_LAYERS - 1];
    int32_t y, x, place = n;
    for (y = 0; y < layer->out_height; y++) {
        for (x = 0; x < layer->out_width; x++, place += layer->outputs) {
            int32_t which = 0, v = largest(layer, column, input, y, x, &which);
            int positive = v > 0;
            if (!positive && !last)
                v = 0; /* the rectifier */
            output[place] = (int8_t)wage_round(v, layer->shift, layer->limit);
            if (trace)
                trace[place] = (uint8_t)(inside(v, layer->shift, layer->limit) |
                                         (positive ? WAGE_POSITIVE : 0) | which << WAGE_WHICH);
        }
    }
}

/* Column n of the forward weights, out of flash. */
static void unpack(const wage_layer *layer, int32_t n, int8_t *column)
{
    int32_t bits = layer->pack_bits, each = 8 / bits, top = 1 << (bits - 1), i;
    const uint8_t *from = wage_packed + layer->packed + n * ((layer->rows + each - 1) / each);
    for (i = 0; i < layer->rows; i++) {
        int32_t field = from[i / each] >> i % each * bits & ((1 << bits) - 1);
        column[i] = (int8_t)((field ^ top) - top);
    }
}

void wage_run(wage_runner *runner, const uint8_t *picture, int8_t outputs[WAGE_CLASSES])
{
    int8_t *input = runner->values;
    int32_t i, n;
    wage_picture(picture, input);
    for (i = 0; i < WAGE_LAYERS; i++) {
        const wage_layer *layer = &wage_layers[i];
        int32_t size = layer->out_height * layer->out_width * layer->outputs;
        int8_t *output =
            input == runner->values ? runner->values + WAGE_RUNNER_VALUES - size : runner->values;
        for (n = 0; n < layer->outputs; n++) {
            unpack(layer, n, runner->column);
            wage_forward(layer, runner->column, n, input, output, 0);
        }
        input = output;
    }
    for (i = 0; i < WAGE_CLASSES; i++)
        outputs[i] = input[i];
}

int32_t wage_class(const int8_t outputs[WAGE_CLASSES])
{
    int32_t best = 0, i;
    for (i = 1; i < WAGE_CLASSES; i++)
        best = outputs[i] > outputs[best] ? i : best;
    return best;
}
