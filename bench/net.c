/* bench/net.c: the one network that all WaveNet figures are about. */
#include "net.h"

#include <string.h>

ag_wavenet_config bench_net(void)
{
    return (ag_wavenet_config){
        .sample_rate = 16000,
        .input = AG_WAVENET_ONE_HOT,
        .output = AG_WAVENET_SOFTMAX,
        .main = { .layers = 20,
                  .stacks = 2,
                  .kernel = 2,
                  .residual = 64,
                  .gate = 128,
                  .skip = 128 },
        .head = 128,
    };
}

int bench_net_weights(ag_tensors **out)
{
    ag_wavenet_config config = bench_net();
    int code = ag_wavenet_weights(&config, out);
    if (code == AG_OK)
        ag_wavenet_init(&config, *out, 1);
    return code;
}

double bench_net_products(const ag_tensors *weights)
{
    double products = 0;
    for (int i = 0; i < ag_tensors_count(weights); i++) {
        ag_shape shape = ag_tensors_shape(weights, i);
        if (shape.rank > 1 && strcmp(ag_tensors_name(weights, i), "input.weight"))
            products += (double)ag_shape_count(&shape);
    }
    return products;
}
