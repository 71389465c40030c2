/* What scripted experts are made of: walking along a way, looking at points. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/engine.h"

enum { TURN_MOST = 48, AHEAD = 10 }; /* pixels a tick; cells */

/* The turn of one axis for `repeat` ticks. */
static void turn(int32_t rest, int repeat, int *look)
{
    int64_t half = rest >= 0 ? LAB_PIXEL / 2 : -LAB_PIXEL / 2;
    int pixels = (int)((rest + half) / LAB_PIXEL);
    int each = pixels / repeat;
    each = each > TURN_MOST ? TURN_MOST : each < -TURN_MOST ? -TURN_MOST : each;
    if (each == 0 && pixels != 0 && abs(pixels) * 2 > repeat)
        each = pixels > 0 ? 1 : -1;
    *look = each;
}

/* The farthest cell on the way that a straight walk reaches without leaving good cells. */
static bool good_line(const lab_world *w, const lab_field *field, float x, float y, int limit)
{
    const lab_player *p = &w->player;
    if (!lab_walkable(w, p->x, p->y, x, y))
        return false;
    float length = lab_distance(p->x, p->y, x, y);
    float side_x = -(y - p->y) / (length + 1e-6f) * 0.3f;
    float side_y = (x - p->x) / (length + 1e-6f) * 0.3f;
    int samples = (int)(length * 6) + 1;
    for (int i = 1; i <= samples; i++) {
        float share = (float)i / (float)samples;
        for (int side = -1; side <= 1; side++) {
            int cx = (int)floorf(p->x + (x - p->x) * share + side_x * (float)side);
            int cy = (int)floorf(p->y + (y - p->y) * share + side_y * (float)side);
            if (!lab_cell_of(w, cx, cy))
                return false;
            /* A wall beside the line does no harm: walkable has looked. */
            int steps = field->steps[cy * w->map.width + cx];
            if (steps > limit && (side == 0 || lab_standable(w, cx, cy)))
                return false;
        }
    }
    return true;
}

/* Follow the field from the player's cell for some cells: the last one that a good line reaches. */
static void waypoint(const lab_world *w, const lab_field *field, float *x, float *y)
{
    static const int8_t DX[4] = { 1, 0, -1, 0 }, DY[4] = { 0, 1, 0, -1 };
    int cx = w->player.at.x, cy = w->player.at.y, width = w->map.width;
    int start = field->steps[cy * width + cx];
    for (int i = 0; i < AHEAD; i++) {
        int best = field->steps[cy * width + cx], way = -1;
        for (int side = 0; side < 4; side++) {
            int nx = cx + DX[side], ny = cy + DY[side];
            const lab_cell *there = lab_cell_of(w, nx, ny);
            if (there && field->steps[ny * width + nx] < best &&
                engine_passes(w, lab_cell_of(w, cx, cy), there, true)) {
                best = field->steps[ny * width + nx];
                way = side;
            }
        }
        if (way < 0)
            return;
        cx += DX[way];
        cy += DY[way];
        if (i > 0 && !good_line(w, field, lab_middle(cx), lab_middle(cy), start))
            return;
        *x = lab_middle(cx);
        *y = lab_middle(cy);
    }
}

bool lab_walk(const lab_world *w, float x, float y, float near, const uint8_t *avoid, int repeat,
              int *action)
{
    const lab_player *p = &w->player;
    if (lab_distance(p->x, p->y, x, y) < near)
        return true;
    lab_place to = { (int16_t)floorf(x), (int16_t)floorf(y) };
    if (to.x != p->at.x || to.y != p->at.y) {
        lab_field field;
        uint8_t shut[LAB_MAX_CELLS];
        size_t cells = (size_t)(w->map.width * w->map.height);
        if (avoid)
            memcpy(shut, avoid, cells);
        else
            memset(shut, 0, cells);
        engine_mark_solid(w, shut);
        lab_field_to(w, to, false, shut, &field);
        if (!lab_cell_of(w, p->at.x, p->at.y))
            return false;
        int steps = field.steps[p->at.y * w->map.width + p->at.x];
        if (steps == LAB_FAR && !shut[p->at.y * w->map.width + p->at.x])
            return false;
        if (!good_line(w, &field, x, y, steps))
            waypoint(w, &field, &x, &y);
    }
    int32_t rest = (int32_t)(lab_direction(x - p->x, y - p->y) - p->yaw);
    turn(rest, repeat, &action[LAB_LOOK_X]);
    turn(-p->pitch, repeat, &action[LAB_LOOK_Y]);
    int32_t after = rest - action[LAB_LOOK_X] * repeat * LAB_PIXEL;
    action[LAB_MOVE] = after < (1 << 29) && after > -(1 << 29);
    return false;
}

bool lab_look(const lab_world *w, float x, float y, float z, int repeat, int *action)
{
    const lab_player *p = &w->player;
    float dx = x - p->x, dy = y - p->y;
    uint32_t yaw = lab_direction(dx, dy);
    float distance = dx * lab_cos(yaw) + dy * lab_sin(yaw);
    int32_t pitch = (int32_t)lab_direction(distance, z - (p->z + LAB_EYE));
    int32_t aside = (int32_t)(yaw - p->yaw), up = pitch - p->pitch, near = 3 * LAB_PIXEL;
    turn(aside, repeat, &action[LAB_LOOK_X]);
    turn(up, repeat, &action[LAB_LOOK_Y]);
    return aside >= -near && aside <= near && up >= -near && up <= near;
}

bool lab_look_panel(const lab_world *w, int panel, float u, float v, int repeat, int *action)
{
    const lab_panel *s = &w->map.panel[panel];
    float x = (float)s->place.x, y = (float)s->place.y, along = u * (float)s->cells;
    float z = s->high - v * (s->high - s->low);
    switch (s->side) {
    case LAB_EAST:
        return lab_look(w, x + 1, y + 1 - along, z, repeat, action);
    case LAB_SOUTH:
        return lab_look(w, x + along, y + 1, z, repeat, action);
    case LAB_WEST:
        return lab_look(w, x, y + along, z, repeat, action);
    default:
        return lab_look(w, x + 1 - along, y, z, repeat, action);
    }
}

lab_entity *lab_nearest_good(lab_world *w)
{
    lab_entity *nearest = NULL;
    lab_field field;
    int best = LAB_FAR;
    lab_field_from(w, w->player.at, &field);
    for (int i = 0; i < w->entities; i++) {
        lab_entity *e = &w->entity[i];
        if (e->kind == LAB_NONE || !e->touch || e->hidden || e->reward <= 0)
            continue;
        int steps = field.steps[(int)e->y * w->map.width + (int)e->x];
        if (steps < best) {
            best = steps;
            nearest = e;
        }
    }
    return nearest;
}
