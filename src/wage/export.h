/* What an exported network is made of: its layers as the device sees them, and their memory. */
#ifndef WAGE_EXPORT_H
#define WAGE_EXPORT_H

#include "agena/wage.h"

/* The fields of wage_layer in device/wage_layer.h, which says what they are. */
typedef struct {
    int height, width, channels;
    int kernel, stride, top, left;
    int outputs, rows;
    int pool, pool_stride;
    int out_height, out_width;
    int shift, limit;
    int weight_limit, weight_shift, stored_limit;
    int error_bits, pack_bits, number;
    int64_t weights, packed, input, output;
} wg_export_layer;

enum {
    WG_EXPORT_LAYER_BYTES = 25 * 4, /* a wage_layer */
    /* Measured by tests/device, which fails when they are exceeded. */
    WG_EXPORT_RUN_CODE = 1700,
    WG_EXPORT_LEARN_CODE = 5300,
    WG_EXPORT_STACK = 512,
};

typedef struct {
    int layers, batch, picture[3];
    uint64_t seed;
    bool nearest, wide_weights;
    wg_export_layer layer[AG_WAGE_MAX_LAYERS];
    /* Elements: weights, the largest layer's, and of the arrays in model.h and wage_device.h. */
    int64_t weights, largest, packed, column, values, runner_values, work;
    ag_wage_footprint footprint;
} wg_export;

/* AG_EINVAL: a batch or a width that the device code does not train with. */
int wg_export_plan(const ag_wage *net, int batch, wg_export *out);
/* Activations of a picture, each with a byte of trace. */
int64_t wg_export_traced(const wg_export *export);

#endif
