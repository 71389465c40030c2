/* Light and fog: for each material and paint a table of its colours at every step of light. */
#include <string.h>

#include "lab/view.h"

static const int SHADE[VIEW_SHADES] = { 256, 206 }; /* of 256 */

uint32_t view_pixel_of(uint32_t rgb)
{
    return (rgb >> 16 & 255) | (rgb & 0xFF00) | (rgb & 255) << 16;
}

void view_begin_light(lab_view *view)
{
    const lab_map *m = &view->world->map;
    view->light_scale = (float)(VIEW_LIGHTS - 1) / (m->sight > 1 ? m->sight : 1);
    if (view->version == m->version)
        return;
    view->version = m->version;
    view->fog = view_pixel_of(m->fog);
    memset(view->material_made, 0, sizeof view->material_made);
    memset(view->paint_made, 0, sizeof view->paint_made);
}

/* One channel of a colour at all steps. */
static void fill_channel(uint32_t *ramp, int colour, int from, int to, int shift)
{
    int at = from << 16, step = ((to - from) * 65536) / (VIEW_LIGHTS - 1);
    for (int light = 0; light < VIEW_LIGHTS; light++, at += step)
        ramp[light * ART_COLOURS + colour] |= (uint32_t)((at + 32768) >> 16) << shift;
}

static void make(view_ramp *ramp, const uint32_t *palette, uint32_t tint, const lab_map *map,
                 int shade)
{
    memset(ramp->colour, 0, sizeof ramp->colour);
    for (int channel = 0; channel < 3; channel++) {
        int shift = 16 - 8 * channel;
        int scale = (int)((tint >> shift & 255) * (map->light >> shift & 255)) * shade;
        int fog = (int)(map->fog >> shift & 255);
        for (int i = 0; i < ART_COLOURS; i++) {
            int64_t lit = (int64_t)(palette[i] >> shift & 255) * scale / (255 * 255 * 256);
            fill_channel(ramp->colour, i, (int)lit, fog, 8 * channel);
        }
    }
}

const uint32_t *view_material(lab_view *view, int material, int shade)
{
    int i = material * VIEW_SHADES + shade;
    view_ramp *ramp = &view->material[i];
    if (!view->material_made[i]) {
        const lab_material *m = &view->world->map.material[material];
        make(ramp, art_texture_palette(m->texture), m->tint, &view->world->map, SHADE[shade]);
        view->material_made[i] = 1;
    }
    return ramp->colour;
}

const uint32_t *view_paint(lab_view *view, int colour)
{
    view_ramp *ramp = &view->paint[colour];
    if (!view->paint_made[colour]) {
        uint32_t palette[ART_COLOURS];
        art_sprite_palette(colour, palette);
        make(ramp, palette, 0xFFFFFF, &view->world->map, 256);
        view->paint_made[colour] = 1;
    }
    return ramp->colour;
}
