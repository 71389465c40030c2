/* Weights after 20 steps, on every platform and with every table of kernels that it has. Without a
 * test library, so that it is cross-compiled easily. */
#include "nets.h"

#include <inttypes.h>
#include <stdio.h>

enum { BATCH = 24, STEPS = 20 };

static const struct {
    int net;
    ag_wage_bits bits;
    uint32_t crc[2]; /* of all weights, with LeCun's bound and with He's */
} GOLDEN[] = {
    { NET_DENSE, { 2, 8, 8, 8 }, { 0x8EBCE78C, 0xEB3B7D19 } },
    { NET_LENET, { 2, 8, 8, 8 }, { 0xF94F836D, 0xF41FE717 } },
    { NET_VGG, { 2, 8, 8, 8 }, { 0x8929D33E, 0x1CD4D068 } },
    { NET_STRIDED, { 2, 8, 8, 8 }, { 0xD706D994, 0x9F8DB490 } },
    { NET_ALEXNET, { 2, 8, 8, 8 }, { 0x999E0720, 0x8D8AB9FF } },
    { NET_WINDOWS, { 2, 8, 8, 8 }, { 0x154846B0, 0xAD819CC6 } },
    { NET_VGG, { 8, 8, 8, 8 }, { 0xA74CA0E9, 0xFC25D365 } },
    { NET_ALEXNET, { 3, 5, 12, 15 }, { 0x5813F230, 0x58142F34 } },
};
enum { CASES = 2 * sizeof GOLDEN / sizeof *GOLDEN };

static bool agrees(const wg_kernels *kernels, int number)
{
    int i = number / 2, he = number % 2;
    ag_wage_config config = test_net(GOLDEN[i].net);
    config.bits = GOLDEN[i].bits;
    config.he = he;
    ag_wage *net;
    if (wg_new_with(kernels, &config, BATCH, 7, NULL, &net) != AG_OK) {
        printf("# %s\n", ag_error());
        return false;
    }
    train(net, BATCH, STEPS, 3);
    uint32_t crc = weights_crc(net);
    ag_wage_free(net);
    if (crc != GOLDEN[i].crc[he])
        printf("# the CRC is 0x%08" PRIX32 "\n", crc);
    return crc == GOLDEN[i].crc[he];
}

int main(void)
{
    const wg_kernels *list[4];
    int versions = wg_kernels_all(list), failures = 0, number = 0;
    printf("1..%d\n", versions * CASES);
    for (int v = 0; v < versions; v++)
        for (int i = 0; i < CASES; i++) {
            bool good = agrees(list[v], i);
            failures += !good;
            printf("%s %d - %s: network %d of the golden ones\n", good ? "ok" : "not ok", ++number,
                   list[v]->name, i + 1);
        }
    return failures != 0;
}
