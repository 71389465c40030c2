/* nn/crc32c.h: the checksum of event files. */
#ifndef AGENA_NN_CRC32C_H
#define AGENA_NN_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli, as in RFC 3720). */
uint32_t nn_crc32c(const void *data, size_t size);
/* The masked form that TFRecord files store, so that a checksum of data with checksums stays
 * useful. */
uint32_t nn_crc32c_masked(const void *data, size_t size);

#endif
