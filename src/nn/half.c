/* Number formats of files: float32, bfloat16, IEEE half precision and integers, little endian on
 * every machine. */
#include "nn/half.h"

#include <string.h>

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static uint32_t load16(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8;
}

void nn_from_f32(float *to, const uint8_t *from, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = float_of(load16(from + 4 * i) | load16(from + 4 * i + 2) << 16);
}

void nn_from_bf16(float *to, const uint8_t *from, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = float_of(load16(from + 2 * i) << 16);
}

static float widen_half(uint32_t half)
{
    uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 0x1fu, fraction = half & 0x3ffu;
    if (exponent == 0x1f) /* infinity or NaN */
        return float_of(sign | 0x7f800000u | fraction << 13);
    if (exponent == 0) { /* zero or subnormal: fraction x 2^-24 */
        float size = (float)fraction * 0x1p-24f;
        return sign ? -size : size;
    }
    return float_of(sign | (exponent + 127 - 15) << 23 | fraction << 13);
}

void nn_from_f16(float *to, const uint8_t *from, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = widen_half(load16(from + 2 * i));
}

void nn_to_f32(uint8_t *to, const float *from, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits = bits_of(from[i]);
        for (int j = 0; j < 4; j++)
            to[4 * i + j] = (uint8_t)(bits >> (8 * j));
    }
}

static uint32_t round_bf16(uint32_t bits)
{
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return bits >> 16 | 0x40u; /* rounding could turn a NaN into infinity */
    return (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
}

void nn_to_bf16(uint8_t *to, const float *from, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits = round_bf16(bits_of(from[i]));
        to[2 * i] = (uint8_t)bits;
        to[2 * i + 1] = (uint8_t)(bits >> 8);
    }
}

void nn_copy_integers(void *to, const void *from, int64_t count, int bytes)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(to, from, (size_t)count * (size_t)bytes);
#else
    for (int64_t i = 0; i < count; i++)
        for (int j = 0; j < bytes; j++)
            ((uint8_t *)to)[i * bytes + j] = ((const uint8_t *)from)[i * bytes + bytes - 1 - j];
#endif
}
