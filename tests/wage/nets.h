/* nets.h: networks and pictures for the tests of src/wage; needs no test library. */
#ifndef WAGE_NETS_H
#define WAGE_NETS_H

#include "agena/wage.h"
#include "wage/net.h"

/* Networks that together use every kind of layer and path. */
enum {
    NET_DENSE,   /* 4x4: 8, 3 */
    NET_LENET,   /* 12x12: 4C5-MP2-6C5-MP2-10-5 */
    NET_VGG,     /* 8x8x3: 4C3-4C3-MP2-6C3-6C3-MP2-9-4 */
    NET_STRIDED, /* 9x7x2: convolutions of stride 2 and 3, odd sizes, one without padding */
    NET_ALEXNET, /* 23x23x3: overlapping windows */
    NET_WINDOWS, /* 13x11: windows of 3x3 apart, of 2x2 with stride 1 */
    NETS
};
ag_wage_config test_net(int which);
ag_wage_config with_bits(ag_wage_config config, int kw, int ka, int kg, int ke);

/* Pictures [count, ...] of a config, any bytes, and labels below its classes; free() both. */
uint8_t *some_pictures(const ag_wage_config *config, int count, uint64_t seed);
uint8_t *some_labels(const ag_wage_config *config, int count, uint64_t seed);
int classes_of(const ag_wage_config *config);

/* All stored weights of a network in order; free() it. */
int16_t *all_weights(const ag_wage *net, int64_t *count);
/* CRC-32C of all stored weights as little-endian 16-bit numbers. */
uint32_t weights_crc(const ag_wage *net);
/* `steps` steps on batches of changing size. */
void train(ag_wage *net, int batch, int steps, int rate);

#endif
