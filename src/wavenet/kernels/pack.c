/* Packing of the sampler's matrices into the order in which its kernels read them. */
#include "wavenet/kernels/kernels.h"

#include <math.h>
#include <string.h>

static const size_t element_size[] = { sizeof(float), sizeof(uint16_t), sizeof(int8_t) };

size_t wn_matrix_bytes(ag_weights kind, int k, int n)
{
    size_t elements = (size_t)k * (size_t)n;
    size_t columns = kind == AG_WEIGHTS_INT8 ? (size_t)n * (sizeof(float) + sizeof(int32_t)) : 0;
    return elements * element_size[kind] + columns;
}

size_t wn_matrix_index(ag_weights kind, int k, int n, int i, int j)
{
    int first = j / WN_PANEL * WN_PANEL;
    int width = n - first < WN_PANEL ? n - first : WN_PANEL;
    size_t panel = (size_t)first * (size_t)k;
    size_t row = (size_t)i, c = (size_t)(j - first), columns = (size_t)width;
    if (kind == AG_WEIGHTS_F32)
        return panel + row * columns + c;
    if (kind == AG_WEIGHTS_BF16)
        return panel + row * columns + c / 32 * 32 + c % 16 * 2 + c % 32 / 16;
    return panel + row / 4 * 4 * columns + c * 4 + row % 4;
}

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* Nearest bf16 number (ties to even); a finite one whatever finite x. */
static uint32_t round_bf16(float x)
{
    uint32_t bits = bits_of(x);
    uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return (rounded & 0x7fff) == 0x7f80 ? rounded - 1 : rounded;
}

/* The kernels read the high half without masking the low one: choose the half whose whole word is
 * nearest to x, so the error stays within that of rounding to bf16. Subnormal words are avoided, as
 * they slow some processors down: the smallest normal one stands for zero. */
static uint32_t high_half(float x, uint32_t low)
{
    uint32_t near = bits_of(x) >> 16;
    uint32_t choices[] = { near, near + 1, near > 0 ? near - 1 : 0, (near & 0x8000) | 0x0080 };
    uint32_t best = 0;
    double error = INFINITY;
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        float value = float_of(choices[i] << 16 | low);
        bool usable = isnormal(value) || value == 0;
        if (usable && fabs((double)value - (double)x) < error) {
            error = fabs((double)value - (double)x);
            best = choices[i];
        }
    }
    return best;
}

static void pack_f32(int k, int n, wn_element_fn at, const void *user, float *data)
{
    for (int j = 0; j < n; j++)
        for (int i = 0; i < k; i++)
            data[wn_matrix_index(AG_WEIGHTS_F32, k, n, i, j)] = at(user, i, j);
}

static void pack_bf16(int k, int n, wn_element_fn at, const void *user, uint32_t *data)
{
    for (int j = 0; j < n; j += j % 16 == 15 ? 17 : 1)
        for (int i = 0; i < k; i++) {
            uint32_t low = round_bf16(at(user, i, j));
            data[wn_matrix_index(AG_WEIGHTS_BF16, k, n, i, j) / 2] =
                high_half(at(user, i, j + 16), low) << 16 | low;
        }
}

static void pack_int8_column(int k, int n, int j, wn_element_fn at, const void *user, int8_t *data,
                             float *scale, int32_t *offset)
{
    float peak = 0;
    for (int i = 0; i < k; i++)
        peak = fmaxf(peak, fabsf(at(user, i, j)));
    *scale = peak / 127.0f;
    int32_t sum = 0;
    for (int i = 0; i < k; i++) {
        /* In double: 127 / peak overflows float32 for the smallest peaks. */
        long q = peak > 0 ? lrint(127.0 * (double)at(user, i, j) / (double)peak) : 0;
        data[wn_matrix_index(AG_WEIGHTS_INT8, k, n, i, j)] = (int8_t)q;
        sum += (int32_t)q;
    }
    *offset = -128 * sum;
}

void wn_matrix_pack(ag_weights kind, int k, int n, wn_element_fn at, const void *user, void *memory,
                    wn_matrix *out)
{
    *out = (wn_matrix){ k, n, memory, NULL, NULL };
    if (kind == AG_WEIGHTS_F32) {
        pack_f32(k, n, at, user, memory);
    } else if (kind == AG_WEIGHTS_BF16) {
        pack_bf16(k, n, at, user, memory);
    } else {
        float *scale = (float *)(void *)((int8_t *)memory + (size_t)k * (size_t)n);
        int32_t *offset = (int32_t *)(void *)(scale + n);
        for (int j = 0; j < n; j++)
            pack_int8_column(k, n, j, at, user, memory, &scale[j], &offset[j]);
        out->scale = scale;
        out->offset = offset;
    }
}
