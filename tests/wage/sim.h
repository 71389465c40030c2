/* sim.h: WAGE as the paper writes it, with real numbers in double (where all of it is exact), plain
 * loops and no code of src/wage. It shares only the random numbers. */
#ifndef WAGE_SIM_H
#define WAGE_SIM_H

#include "agena/wage.h"

typedef struct {
    int height, width, channels;
} sim_shape;

typedef struct {
    ag_wage_layer layer;
    int index; /* in the configuration */
    ag_wage_bits bits;
    bool last;
    sim_shape in, conv, out;
    int kernel, stride, top, left, pool, pool_stride;
    double alpha;
    long weights;
    double *w;              /* stored */
    double *a, *x, *places; /* [batch, out]: activations, sums / alpha before them, of the maxima */
    double *e;              /* [batch, out]: quantised errors of the last step */
} sim_layer;

typedef struct {
    ag_wage_config config;
    int layers, batch;
    uint64_t seed;
    sim_layer layer[AG_WAGE_MAX_LAYERS];
} sim;

sim *sim_new(const ag_wage_config *config, int batch, uint64_t seed);
void sim_free(sim *net);
double sim_step(sim *net, const uint8_t *pictures, const uint8_t *labels, int count, int rate,
                uint64_t step); /* the loss */
/* outputs [count, classes], real values. */
void sim_predict(sim *net, const uint8_t *pictures, int count, double *outputs);

#endif
