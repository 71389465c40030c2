/* The map from above. */
#include <math.h>
#include <string.h>

#include "lab/art.h"
#include "lab/film.h"

static uint32_t scaled(uint32_t rgb, float by)
{
    uint32_t out = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        float v = (float)(rgb >> shift & 255) * by;
        out |= (uint32_t)(v > 255 ? 255 : v) << shift;
    }
    return out;
}

/* The mean colour of a material: the last, single texel of its texture, tinted. */
static uint32_t material_rgb(const lab_map *m, int material)
{
    const lab_material *of = &m->material[material];
    const art_image *image = art_texture(of->texture);
    uint32_t rgb = art_texture_palette(of->texture)[image->texel[art_offset(ART_LEVELS - 1)]],
             out = 0;
    for (int shift = 0; shift < 24; shift += 8)
        out |= (rgb >> shift & 255) * (of->tint >> shift & 255) / 255 << shift;
    return out;
}

/* Walls in their own colour and dark, shut doors (low ones too) in theirs, floors lighter the
 * higher they are. */
static uint32_t cell_rgb(const lab_world *w, const lab_cell *cell)
{
    if (cell->floor <= LAB_VOID)
        return LAB_RGB(150, 190, 230);
    if (cell->door && cell->floor > w->map.door[cell->door - 1].low)
        return scaled(material_rgb(&w->map, cell->wall_material), 1.2f);
    if (cell->floor >= cell->ceiling)
        return scaled(material_rgb(&w->map, cell->wall_material), 0.45f);
    return scaled(material_rgb(&w->map, cell->floor_material), 0.75f + 0.08f * cell->floor);
}

typedef struct {
    uint8_t *rgb;
    size_t stride;
    int side;
    float scale; /* pixels a cell */
} canvas;

static void dot(const canvas *c, float x, float y, float radius, uint32_t rgb)
{
    float cx = x * c->scale, cy = y * c->scale;
    for (int py = (int)(cy - radius); py <= (int)(cy + radius); py++) {
        for (int px = (int)(cx - radius); px <= (int)(cx + radius); px++) {
            float dx = (float)px - cx, dy = (float)py - cy;
            if (px < 0 || py < 0 || px >= c->side || py >= c->side ||
                dx * dx + dy * dy > radius * radius)
                continue;
            uint8_t *at = c->rgb + (size_t)py * c->stride + 3 * (size_t)px;
            at[0] = (uint8_t)(rgb >> 16);
            at[1] = (uint8_t)(rgb >> 8);
            at[2] = (uint8_t)rgb;
        }
    }
}

static void draw_cells(const lab_world *w, const canvas *c)
{
    for (int py = 0; py < c->side; py++) {
        for (int px = 0; px < c->side; px++) {
            const lab_cell *cell =
                lab_cell_of(w, (int)((float)px / c->scale), (int)((float)py / c->scale));
            uint32_t rgb = cell ? cell_rgb(w, cell) : 0;
            uint8_t *at = c->rgb + (size_t)py * c->stride + 3 * (size_t)px;
            at[0] = (uint8_t)(rgb >> 16);
            at[1] = (uint8_t)(rgb >> 8);
            at[2] = (uint8_t)rgb;
        }
    }
}

void lab_overview(const lab_world *w, int side, uint8_t *rgb, size_t stride)
{
    int longest = w->map.width > w->map.height ? w->map.width : w->map.height;
    canvas c = { rgb, stride, side, (float)side / (float)(longest > 0 ? longest : 1) };
    art_prepare();
    draw_cells(w, &c);
    float radius = 0.22f * c.scale < 2 ? 2 : 0.22f * c.scale;
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *e = &w->entity[i];
        if (e->kind == LAB_NONE || e->hidden)
            continue;
        dot(&c, e->x, e->y, radius + 1, 0);
        dot(&c, e->x, e->y, radius, lab_paint_rgb(e->colour));
    }
    const lab_player *p = &w->player;
    float dx = lab_cos(p->yaw), dy = lab_sin(p->yaw);
    for (int i = 0; i <= 12; i++)
        dot(&c, p->x + dx * 0.05f * (float)i, p->y + dy * 0.05f * (float)i,
            radius * (1.2f - 0.07f * (float)i), LAB_RGB(255, 255, 255));
    dot(&c, p->x, p->y, radius * 0.6f, LAB_RGB(220, 30, 30));
}
