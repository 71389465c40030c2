/* classify/picture.h: pictures as networks read them. */
#ifndef CLASSIFY_PICTURE_H
#define CLASSIFY_PICTURE_H

#include "agena/classify.h"

/* Values of one picture. */
static inline size_t cl_picture_size(const ag_wage_config *c)
{
    return (size_t)c->height * (size_t)c->width * (size_t)c->channels;
}

/* Bytes to [-1, 1], as the float32 twin takes them. */
static inline void cl_pictures_to_float(const uint8_t *bytes, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = (float)bytes[i] / 127.5f - 1.0f;
    }
}

/* AG_EINVAL unless the pictures have the network's shape and its classes are enough for them. */
int cl_pictures_fit(const ag_wage_config *config, const ag_pictures *p);

#endif
