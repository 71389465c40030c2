/* The order of an epoch and the variation of its pictures, drawn from (seed, epoch, index). */
#include "agena/data.h"

#include <string.h>

void ag_pictures_order(uint64_t seed, int64_t epoch, int64_t count, int32_t *order)
{
    ag_rng rng;
    ag_rng_init(&rng, seed, AG_PURPOSE_SHUFFLE, (uint64_t)epoch);
    for (int64_t i = 0; i < count; i++) {
        int64_t at = (int64_t)ag_rng_below(&rng, (uint64_t)i + 1);
        order[i] = order[at];
        order[at] = (int32_t)i;
    }
}

/* A row of the picture moved by `shift` pixels to the left, then mirrored. */
static void copy_row(const uint8_t *from, int width, int channels, int shift, bool mirror, int fill,
                     uint8_t *to)
{
    for (int x = 0; x < width; x++) {
        int at = (mirror ? width - 1 - x : x) + shift;
        if (at < 0 || at >= width) {
            memset(to, fill, (size_t)channels);
        } else {
            memcpy(to, from + (size_t)at * (size_t)channels, (size_t)channels);
        }
        to += channels;
    }
}

void ag_pictures_vary(const ag_pictures *p, int64_t index, const ag_variation *v, uint64_t seed,
                      int64_t epoch, uint8_t *out)
{
    size_t row = (size_t)p->width * (size_t)p->channels, size = row * (size_t)p->height;
    const uint8_t *picture = p->pixels + (size_t)index * size;
    if (v->pad == 0 && !v->flip) {
        memcpy(out, picture, size);
        return;
    }
    ag_rng rng;
    ag_rng_init(&rng, seed, AG_PURPOSE_CROP, (uint64_t)epoch << 32 | (uint64_t)index);
    uint64_t places = 2 * (uint64_t)v->pad + 1;
    int down = (int)ag_rng_below(&rng, places) - v->pad;
    int right = (int)ag_rng_below(&rng, places) - v->pad;
    bool mirror = v->flip && ag_rng_below(&rng, 2);
    for (int y = 0; y < p->height; y++, out += row) {
        int at = y + down;
        if (at < 0 || at >= p->height) {
            memset(out, v->fill, row);
        } else {
            copy_row(picture + (size_t)at * row, p->width, p->channels, right, mirror, v->fill,
                     out);
        }
    }
}
