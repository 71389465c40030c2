/* The small built-in environments, and how they draw. */
#ifndef ENV_CLASSIC_H
#define ENV_CLASSIC_H

#include "env/env.h"

extern const env_class env_cartpole, env_gridworld, env_reach, env_spell;

/* A picture that is drawn into: RGB [height, width, 3]. */
typedef struct {
    uint8_t *rgb;
    int width, height;
} env_canvas;

/* Fill the rectangle from (left, top) to before (right, bottom), cut at the picture's edges, with
 * the colour 0xRRGGBB. */
void env_fill(const env_canvas *canvas, int left, int top, int right, int bottom, uint32_t colour);

#endif
