/* wage/kernels/fields.h: numbers of 2, 4 or 8 bits, several in a byte.
 *
 * With r fields in a byte, 16 bytes hold 16 r numbers: number i is field i / 16 (the lowest first)
 * of byte i % 16, so that sixteen bytes at a time need a shift and nothing else. */
#ifndef WAGE_KERNELS_FIELDS_H
#define WAGE_KERNELS_FIELDS_H

#include <stdint.h>
#include <string.h>

enum { WG_FIELD_BYTES = 16 };

/* Bytes of `count` fields: whole groups of 16. */
static inline int64_t wg_fields_bytes(int64_t count, int bits)
{
    int64_t group = WG_FIELD_BYTES * (8 / bits);
    return (count + group - 1) / group * WG_FIELD_BYTES;
}

/* One group: eight bytes at a time, for no field leaves its byte. */
static inline void wg_pack_group(const uint8_t *bytes, int bits, uint8_t *fields)
{
    uint64_t half[2], next[2];
    memcpy(half, bytes, sizeof half);
    for (int f = 1; f < 8 / bits; f++) {
        memcpy(next, bytes + f * WG_FIELD_BYTES, sizeof next);
        half[0] |= next[0] << f * bits;
        half[1] |= next[1] << f * bits;
    }
    memcpy(fields, half, sizeof half);
}

static inline void wg_unpack_group(const uint8_t *fields, int bits, uint8_t *bytes)
{
    uint64_t mask = UINT64_C(0x0101010101010101) * (uint64_t)((1 << bits) - 1), half[2];
    memcpy(half, fields, sizeof half);
    for (int f = 0; f < 8 / bits; f++) {
        uint64_t some[2] = { half[0] >> f * bits & mask, half[1] >> f * bits & mask };
        memcpy(bytes + f * WG_FIELD_BYTES, some, sizeof some);
    }
}

/* bytes [count] below 2^bits -> fields. */
static inline void wg_pack_fields(const uint8_t *bytes, int64_t count, int bits, uint8_t *fields)
{
    int64_t group = WG_FIELD_BYTES * (8 / bits);
    uint8_t last[8 * WG_FIELD_BYTES] = { 0 };
    for (; count >= group; count -= group, bytes += group, fields += WG_FIELD_BYTES)
        wg_pack_group(bytes, bits, fields);
    if (count > 0)
        wg_pack_group(memcpy(last, bytes, (size_t)count), bits, fields);
}

static inline void wg_unpack_fields(const uint8_t *fields, int64_t count, int bits, uint8_t *bytes)
{
    int64_t group = WG_FIELD_BYTES * (8 / bits);
    uint8_t last[8 * WG_FIELD_BYTES];
    for (; count >= group; count -= group, bytes += group, fields += WG_FIELD_BYTES)
        wg_unpack_group(fields, bits, bytes);
    if (count > 0) {
        wg_unpack_group(fields, bits, last);
        memcpy(bytes, last, (size_t)count);
    }
}

#endif
