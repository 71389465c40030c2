/* Pictures of a world from the player's eye, 90 degrees wide, square pixels. */
#ifndef LAB_RENDER_H
#define LAB_RENDER_H

#include "lab/lab.h"

typedef struct lab_view lab_view;

enum { LAB_VIEW_MAX = 4096, LAB_DEPTH_SCALE = 10 };

/* A view of its own size; AG_EINVAL for a size out of 1..LAB_VIEW_MAX, AG_ENOMEM. Nothing is
 * allocated afterwards. A view serves one world. */
int lab_view_new(int width, int height, bool depth, lab_view **out);
void lab_view_free(lab_view *view); /* NULL allowed */

/* Draw; then the pixels can be had, once or several times. */
void lab_render(const lab_world *w, lab_view *view);
void lab_view_rgb(const lab_view *view, uint8_t *out); /* [height, width, 3] */
/* [height, width, 4] of a view with depth: the fourth is the distance along the direction of view
 * in tenths of a cell, 255 for what is farther and for the sky. */
void lab_view_rgbd(const lab_view *view, uint8_t *out);
/* Distances [height, width] in cells (a large number for the sky); NULL without depth. */
const float *lab_view_depth(const lab_view *view);

#endif
