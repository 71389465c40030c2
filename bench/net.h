/* bench/net.h: the one network that all WaveNet figures are about. */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include "agena/wavenet.h"

/* 20 layers in 2 stacks, kernel 2, 64 residual, 128 gate, 128 skip and head channels, one-hot
 * input, softmax over 256 classes, no conditioning, 16 kHz. */
ag_wavenet_config bench_net(void);
/* Its weights with their initial values; the caller frees them. */
int bench_net_weights(ag_tensors **out);
/* Multiply-adds of one sample: elements of all matrices but the table of the input. */
double bench_net_products(const ag_tensors *weights);

#endif
