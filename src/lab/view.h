/* The inside of a view, shared by the files of the renderer. */
#ifndef LAB_VIEW_H
#define LAB_VIEW_H

#include "lab/art.h"
#include "lab/render.h"

enum {
    VIEW_LIGHTS = 64, /* steps from full light to fog */
    VIEW_RAMP = VIEW_LIGHTS * ART_COLOURS,
    VIEW_WINDOWS = 2 * LAB_MAX_SIDE + 4, /* of a column, at most */
    VIEW_SHADES = 2,                     /* of walls: by the side they face */
};

#define VIEW_INFINITY 1e6f

/* Rows of a column that what lies at `depth` or farther can still show in. */
typedef struct {
    float depth;
    int16_t top, bottom;
} view_window;

/* Colours of a palette at each step of light: [VIEW_LIGHTS, ART_COLOURS]; pixels are bytes R, G, B
 * from the lowest up. */
typedef struct {
    uint32_t colour[VIEW_RAMP];
} view_ramp;

struct lab_view {
    int width, height;
    uint32_t *pixel;     /* [height, width] */
    float *depth;        /* [height, width] or NULL */
    float *across;       /* [width]: of each column, -1..1 */
    uint32_t *azimuth;   /* [width]: of each column relative to the yaw */
    float *inverse;      /* [height]: depth of a plane one cell below (above) the eye in each row */
    view_window *window; /* [width * VIEW_WINDOWS], filled one column after the other */
    int *window_of;      /* [width + 1] */
    view_ramp *material; /* [LAB_MAX_MATERIALS * VIEW_SHADES] */
    view_ramp *paint;    /* [LAB_PAINTS], of sprites */
    uint8_t material_made[LAB_MAX_MATERIALS * VIEW_SHADES], paint_made[LAB_PAINTS];
    unsigned version; /* of the map that ramps were made for */
    uint32_t fog;     /* as a pixel */
    /* of the picture being drawn */
    const lab_world *world;
    float eye_x, eye_y, eye_z, dir_x, dir_y;
    float focal, horizon; /* pixels; the row that the eye's height is in */
    float light_scale;    /* steps of light a cell */
    float max_floor;
};

/* Ramps of the world's materials and paints, made when first needed (light.c). */
void view_begin_light(lab_view *view);
const uint32_t *view_material(lab_view *view, int material, int shade);
const uint32_t *view_paint(lab_view *view, int colour);
uint32_t view_pixel_of(uint32_t rgb);

void view_sprites(lab_view *view);
void view_head_up(lab_view *view);

static inline int view_light(const lab_view *view, float depth, int dark)
{
    int light = (int)(depth * view->light_scale) + dark;
    return light < VIEW_LIGHTS ? light : VIEW_LIGHTS - 1;
}

/* The first row whose middle is at or below a point `rise` over the eye; between top and bottom. */
static inline int view_row(const lab_view *view, float rise, float scale, int top, int bottom)
{
    float row = view->horizon - rise * scale + 0.5f;
    return row <= (float)top ? top : row >= (float)bottom ? bottom : (int)row;
}

/* Half the binary logarithm, rounded: the level of an image for (texels per pixel) squared. */
static inline int view_level(float square)
{
    union {
        float f;
        uint32_t u;
    } bits = { .f = square };
    int level = ((int)(bits.u >> 23) - 126) / 2;
    return square <= 1 ? 0 : level >= ART_LEVELS ? ART_LEVELS - 1 : level;
}

#endif
