/* classify/shapes.h: the shapes that a network's layers work on. */
#ifndef CLASSIFY_SHAPES_H
#define CLASSIFY_SHAPES_H

#include "agena/nn.h"
#include "agena/wage.h"

/* Of one layer, for a picture. A dense layer sees a picture of 1 x 1 and all its values as
 * channels. */
typedef struct {
    int64_t height, width, channels;             /* what it reads */
    int64_t out_height, out_width, out_channels; /* what it makes */
    ag_conv_params window;                       /* of a convolution or pooling */
} cl_shape;

/* The shapes of a configuration that ag_wage_check has passed. */
void cl_shapes(const ag_wage_config *config, cl_shape shape[AG_WAGE_MAX_LAYERS]);
/* Of a layer's weights: [kernel, kernel, in, out] or [in, out]; rank 0 for pooling. */
ag_shape cl_weight_shape(const ag_wage_config *config, const cl_shape *shape, int layer);
/* A layer's own bits or the network's. */
ag_wage_bits cl_bits(const ag_wage_config *config, int layer);

#endif
