/* What the two halves of the device code share: the description of a layer, and its forward pass.
 */
#ifndef WAGE_LAYER_H
#define WAGE_LAYER_H

#include "wage_device.h"

/* A convolution with the pooling after it; a dense layer is one of a single pixel. */
typedef struct {
    int32_t height, width, channels;        /* of the input */
    int32_t kernel, stride, top, left;      /* top, left: zeros around the input */
    int32_t outputs, rows;                  /* rows = kernel * kernel * channels */
    int32_t pool, pool_stride;              /* 1 without pooling */
    int32_t out_height, out_width;          /* after pooling */
    int32_t shift;                          /* right, from accumulators to activations */
    int32_t limit;                          /* of the activations' magnitude */
    int32_t weight_limit, weight_shift;     /* the forward weights, and right from the stored */
    int32_t stored_limit;                   /* of the stored weights' magnitude */
    int32_t error_bits;                     /* of the errors at the output */
    int32_t pack_bits;                      /* a weight in flash */
    int32_t number;                         /* in the network that was exported */
    int32_t weights, packed, input, output; /* where: elements, bytes, values of a picture */
} wage_layer;

extern const wage_layer wage_layers[WAGE_LAYERS];
extern const uint8_t wage_packed[WAGE_PACKED]; /* forward weights, columns of whole bytes */
#if WAGE_BATCH > 0
extern const wage_weight wage_stored[WAGE_WEIGHTS]; /* what training starts from */
#endif

/* What the backward pass must know of an activation. */
enum {
    WAGE_INSIDE = 1,   /* not clipped */
    WAGE_POSITIVE = 2, /* before rounding */
    WAGE_WHICH = 2     /* bits to shift right for the place of the maximum in its window */
};

/* The part of the kernel's window at (y, x) of a convolution that lies on the input. */
typedef struct {
    int32_t y, x; /* the window's corner in the input */
    int32_t first_y, end_y, first_x, end_x;
} wage_window;

wage_window wage_window_at(const wage_layer *layer, int32_t y, int32_t x);
/* Output `n` of a layer at every place, from its column of forward weights. trace may be null. */
void wage_forward(const wage_layer *layer, const int8_t *column, int32_t n, const int8_t *input,
                  int8_t *output, uint8_t *trace);
void wage_picture(const uint8_t *picture, int8_t *values);
/* v / 2^shift, halves away from zero, clipped to +-limit. */
int32_t wage_round(int32_t v, int32_t shift, int32_t limit);
/* |v|, of the smallest number too. */
uint32_t wage_magnitude(int32_t v);

#endif
