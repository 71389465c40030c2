/* Entities in the picture, the farthest first, and what lies over it: cross hairs, the key,
 * the gadget and the shield. */
#include <math.h>
#include <string.h>

#include "lab/view.h"

static const float NEAREST = 0.12f;
enum { FULL_BAR = 125 }; /* the shield that fills its bar */

typedef struct {
    const lab_entity *entity;
    float depth, side;
} seen;

/* Which of a robot's pictures: where it looks relative to who sees it, and its step. */
static int robot_view(const lab_view *view, const lab_entity *e)
{
    uint32_t to_eye = lab_direction(view->eye_x - e->x, view->eye_y - e->y);
    uint32_t quarter = (e->yaw - to_eye + (1u << 29)) >> 30;
    return (int)(quarter & 3) * 2 + (e->life / 10) % 2;
}

/* Things to take hover and sway. */
static float sway(const lab_view *view, const lab_entity *e)
{
    if (!e->touch || e->kind == LAB_TELEPORT)
        return 0;
    uint32_t phase =
        (uint32_t)view->world->tick * (1u << 26) + (uint32_t)(e->x * 4096) * (1u << 20);
    return 0.06f + 0.03f * lab_sin(phase);
}

/* Rows top..bottom (not whole) of one column of an image; at depth 0 what lies over the picture,
 * which leaves the depths of the world alone. */
static void draw_column_of(lab_view *view, const uint8_t *texel, int side, const uint32_t *ramp,
                           int x, int from, int to, float top, float per_row, float depth)
{
    for (int y = from; y < to; y++) {
        int row = (int)(((float)y + 0.5f - top) * per_row);
        uint8_t index = texel[row < 0 ? 0 : row < side ? row : side - 1];
        if (!index)
            continue;
        view->pixel[y * view->width + x] = ramp[index];
        if (view->depth && depth > 0)
            view->depth[y * view->width + x] = depth;
    }
}

/* The open rows of a column at a depth. */
static view_window window_at(const lab_view *view, int x, float depth)
{
    const view_window *first = &view->window[view->window_of[x]];
    const view_window *last = &view->window[view->window_of[x + 1]] - 1;
    while (last > first && last->depth > depth)
        last--;
    return *last;
}

static void draw_sprite(lab_view *view, const seen *s)
{
    const lab_entity *e = s->entity;
    float scale = view->focal / s->depth, size = e->size * scale;
    float left = 0.5f * (float)view->width + s->side * scale - size * 0.5f;
    float top = view->horizon - (e->z + sway(view, e) + e->size - view->eye_z) * scale;
    if (size < 0.5f || left >= (float)view->width || left + size <= 0 ||
        top >= (float)view->height || top + size <= 0)
        return;
    float texels = ART_SIDE / size;
    int level = view_level(texels * texels * 0.7f), side = ART_SIDE >> level;
    const art_image *image = art_sprite(e->shape, e->shape == LAB_ROBOT ? robot_view(view, e) : 0);
    const uint8_t *texel = image->texel + art_offset(level);
    const uint32_t *ramp =
        view_paint(view, e->colour) + view_light(view, s->depth, 0) * ART_COLOURS;
    float per_pixel = (float)side / size;
    int x0 = left + 0.5f <= 0 ? 0 : (int)(left + 0.5f);
    int x1 = left + size + 0.5f >= (float)view->width ? view->width : (int)(left + size + 0.5f);
    for (int x = x0; x < x1; x++) {
        view_window w = window_at(view, x, s->depth);
        int from = top + 0.5f <= (float)w.top ? w.top : (int)(top + 0.5f);
        float foot = top + size + 0.5f;
        int to = foot >= (float)w.bottom ? w.bottom : (int)foot;
        int u = (int)(((float)x + 0.5f - left) * per_pixel);
        u = u < 0 ? 0 : u < side ? u : side - 1;
        draw_column_of(view, texel + u * side, side, ramp, x, from, to, top, per_pixel, s->depth);
    }
}

/* Entities before the eye, by depth, the farthest first. */
static int list_seen(const lab_view *view, seen *list)
{
    const lab_world *w = view->world;
    int count = 0;
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *e = &w->entity[i];
        float rx = e->x - view->eye_x, ry = e->y - view->eye_y;
        float depth = rx * view->dir_x + ry * view->dir_y;
        float side = ry * view->dir_x - rx * view->dir_y;
        if (e->kind == LAB_NONE || e->hidden || depth < NEAREST || depth > w->map.sight ||
            fabsf(side) - e->size > depth)
            continue;
        int at = count++;
        for (; at > 0 && list[at - 1].depth < depth; at--)
            list[at] = list[at - 1];
        list[at] = (seen){ .entity = e, .depth = depth, .side = side };
    }
    return count;
}

void view_sprites(lab_view *view)
{
    seen list[LAB_MAX_ENTITIES];
    int count = list_seen(view, list);
    for (int i = 0; i < count; i++)
        draw_sprite(view, &list[i]);
}

/* ---- over the picture ---- */

static void draw_over(lab_view *view, int shape, int colour, float left, float top, float size)
{
    float texels = ART_SIDE / size;
    int level = view_level(texels * texels * 0.7f), side = ART_SIDE >> level;
    const uint8_t *texel = art_sprite(shape, 0)->texel + art_offset(level);
    const uint32_t *ramp = view_paint(view, colour);
    float per_pixel = (float)side / size;
    for (int x = left > 0 ? (int)left : 0; x < (int)(left + size) && x < view->width; x++) {
        int u = (int)(((float)x + 0.5f - left) * per_pixel), to = (int)(top + size);
        u = u < 0 ? 0 : u < side ? u : side - 1;
        draw_column_of(view, texel + u * side, side, ramp, x, (int)top,
                       to < view->height ? to : view->height, top, per_pixel, 0);
    }
}

static void cross_hairs(lab_view *view)
{
    int x = view->width / 2, y = view->height / 2, arm = view->height / 36 + 1;
    for (int i = -arm; i <= arm; i++) {
        bool inside = x + i >= 0 && x + i < view->width && y + i >= 0 && y + i < view->height;
        if (i == 0 || !inside)
            continue;
        view->pixel[y * view->width + x + i] = 0xFFFFFF;
        view->pixel[(y + i) * view->width + x] = 0xFFFFFF;
    }
}

/* What is left of the shield, at the lower left: who is hit sees it become short and red. */
static void shield_bar(lab_view *view)
{
    int shield = view->world->player.shield, thick = view->height / 24, x0 = view->height / 24;
    int most = view->height / 2, left = shield * most / FULL_BAR;
    int colour = shield > 50 ? LAB_GREEN : shield > 25 ? LAB_YELLOW : LAB_RED;
    uint32_t full = view_pixel_of(lab_paint_rgb(colour));
    uint32_t empty = view_pixel_of(lab_paint_rgb(LAB_BLACK));
    for (int y = view->height - 2 * thick; y < view->height - thick; y++) {
        for (int i = 0; i < most && x0 + i < view->width; i++)
            view->pixel[y * view->width + x0 + i] = i < left ? full : empty;
    }
}

static void armed(lab_view *view)
{
    const lab_world *w = view->world;
    float unit = (float)view->height;
    if (w->player.reload > w->gadget.reload - 5 && w->player.reload > 0)
        draw_over(view, LAB_FLASH, LAB_CYAN, 0.5f * (float)view->width - unit * 0.1f, unit * 0.82f,
                  unit * 0.2f);
    draw_over(view, LAB_GADGET, w->gadget.beam ? LAB_CYAN : LAB_ORANGE,
              (float)view->width - unit * 0.24f, unit * 0.78f, unit * 0.2f);
    shield_bar(view);
}

void view_head_up(lab_view *view)
{
    const lab_world *w = view->world;
    float unit = (float)view->height;
    if (w->gadget.enabled)
        armed(view);
    if (w->player.key >= 0)
        draw_over(view, LAB_KEY, w->player.key, (float)view->width - unit * 0.24f, unit * 0.76f,
                  unit * 0.22f);
    if (w->gadget.enabled || w->cross_hairs)
        cross_hairs(view);
}
