/* Initialisers of weights: each fills one tensor from a random stream of its own. */
#include "nn/tensors.h"

#include <math.h>

typedef struct {
    int64_t in, out;
} nn_fans;

static ag_rng stream(uint64_t seed, int index)
{
    ag_rng rng;
    ag_rng_init(&rng, seed, (uint32_t)AG_PURPOSE_INIT + (uint32_t)index, 0);
    return rng;
}

static int64_t elements_of(const ag_tensors *t, int index)
{
    ag_shape shape = ag_tensors_shape(t, index);
    return nn_shape_elements(&shape);
}

static nn_fans fans_of(const ag_tensors *t, int index)
{
    ag_shape shape = ag_tensors_shape(t, index);
    nn_fans fans = { 1, 1 };
    for (int i = 0; i < shape.rank; i++) {
        if (i != shape.rank - 1)
            fans.in *= shape.dim[i];
        if (i != shape.rank - 2)
            fans.out *= shape.dim[i];
    }
    return fans;
}

void ag_init_constant(ag_tensors *t, int index, float value)
{
    float *data = ag_tensors_data(t, index);
    int64_t elements = elements_of(t, index);
    for (int64_t i = 0; i < elements; i++)
        data[i] = value;
}

void ag_init_zero(ag_tensors *t, int index)
{
    ag_init_constant(t, index, 0.0f);
}

void ag_init_normal(ag_tensors *t, int index, uint64_t seed, float stddev)
{
    ag_rng rng = stream(seed, index);
    float *data = ag_tensors_data(t, index);
    int64_t elements = elements_of(t, index);
    for (int64_t i = 0; i < elements; i++)
        data[i] = stddev * ag_rng_normal(&rng);
}

void ag_init_xavier_uniform(ag_tensors *t, int index, uint64_t seed, float gain)
{
    nn_fans fans = fans_of(t, index);
    float limit = gain * sqrtf(6.0f / (float)(fans.in + fans.out));
    ag_rng rng = stream(seed, index);
    float *data = ag_tensors_data(t, index);
    int64_t elements = elements_of(t, index);
    for (int64_t i = 0; i < elements; i++)
        data[i] = limit * (2.0f * ag_rng_uniform(&rng) - 1.0f);
}

void ag_init_he_normal(ag_tensors *t, int index, uint64_t seed)
{
    ag_init_normal(t, index, seed, sqrtf(2.0f / (float)fans_of(t, index).in));
}

/* Take the earlier vectors' directions out of vector k of `vectors` [.., length] and make it of
 * length 1. False when nothing is left of it. */
static bool orthonormalise(double *vectors, int64_t k, int64_t length)
{
    double *v = vectors + k * length;
    /* A second pass removes what rounding left of the first: "twice is enough" (Kahan, Parlett). */
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t j = 0; j < k; j++) {
            const double *u = vectors + j * length;
            double dot = 0;
            for (int64_t i = 0; i < length; i++)
                dot += u[i] * v[i];
            for (int64_t i = 0; i < length; i++)
                v[i] -= dot * u[i];
        }
    }
    double square = 0;
    for (int64_t i = 0; i < length; i++)
        square += v[i] * v[i];
    if (!(square > 1e-20 * (double)length))
        return false;
    double scale = 1.0 / sqrt(square);
    for (int64_t i = 0; i < length; i++)
        v[i] *= scale;
    return true;
}

int ag_init_orthogonal(ag_tensors *t, int index, uint64_t seed, float gain)
{
    ag_shape shape = ag_tensors_shape(t, index);
    int64_t columns = shape.rank ? shape.dim[shape.rank - 1] : 1;
    int64_t rows = elements_of(t, index) / columns;
    bool tall = rows >= columns;
    int64_t count = tall ? columns : rows, length = tall ? rows : columns;

    double *vectors = ag_calloc((size_t)(count * length), sizeof(*vectors));
    if (!vectors)
        return AG_ENOMEM;
    ag_rng rng = stream(seed, index);
    for (int64_t k = 0; k < count; k++) {
        do {
            for (int64_t i = 0; i < length; i++)
                vectors[k * length + i] = ag_rng_normal(&rng);
        } while (!orthonormalise(vectors, k, length));
    }
    float *data = ag_tensors_data(t, index);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++)
            data[r * columns + c] =
                gain * (float)(tall ? vectors[c * length + r] : vectors[r * length + c]);
    ag_free(vectors);
    return AG_OK;
}
