/* Ways on the map: steps to a place, lines of sight and of walking, what the player looks at. */
#include <math.h>
#include <string.h>

#include "lab/engine.h"

/* ---- steps ---- */

/* The floor of a cell, of a door the open one if it counts as open. */
static float floor_of(const lab_world *w, const lab_cell *cell, bool through_doors)
{
    if (!cell->door)
        return cell->floor;
    const lab_door *d = &w->map.door[cell->door - 1];
    bool opens = through_doors || d->open || (d->colour >= 0 && d->colour == w->player.key);
    return opens ? d->low : cell->floor;
}

bool engine_passes(const lab_world *w, const lab_cell *a, const lab_cell *b, bool through_doors)
{
    float from = floor_of(w, a, through_doors), to = floor_of(w, b, through_doors);
    float high = from > to ? from : to, low = a->ceiling < b->ceiling ? a->ceiling : b->ceiling;
    return to > LAB_VOID && to <= from + LAB_STEP && low - high >= LAB_BODY;
}

/* Steps between every cell and `root`: to it, or from it where `away`. */
static void flood(const lab_world *w, lab_place root, bool away, bool through_doors,
                  const uint8_t *avoid, lab_field *field)
{
    static const int8_t DX[4] = { 1, 0, -1, 0 }, DY[4] = { 0, 1, 0, -1 };
    int width = w->map.width, cells = width * w->map.height;
    memset(field->steps, 0xFF, (size_t)cells * sizeof *field->steps);
    if (!lab_cell_of(w, root.x, root.y))
        return;
    int16_t queue[LAB_MAX_CELLS];
    int head = 0, tail = 0;
    queue[tail++] = (int16_t)(root.y * width + root.x);
    field->steps[queue[0]] = 0;
    while (head < tail) {
        int i = queue[head++], x = i % width, y = i / width;
        for (int side = 0; side < 4; side++) {
            int nx = x + DX[side], ny = y + DY[side], n = ny * width + nx;
            const lab_cell *next = lab_cell_of(w, nx, ny), *here = &w->map.cell[i];
            if (!next || field->steps[n] != LAB_FAR || (avoid && avoid[n]) ||
                !engine_passes(w, away ? here : next, away ? next : here, through_doors))
                continue;
            field->steps[n] = (uint16_t)(field->steps[i] + 1);
            queue[tail++] = (int16_t)n;
        }
    }
}

void lab_field_to(const lab_world *w, lab_place to, bool through_doors, const uint8_t *avoid,
                  lab_field *field)
{
    flood(w, to, false, through_doors, avoid, field);
}

void lab_field_from(const lab_world *w, lab_place from, lab_field *field)
{
    flood(w, from, true, false, NULL, field);
}

/* ---- lines ---- */

/* A walk over the cells that a line crosses. */
typedef struct {
    int x, y, step_x, step_y;
    float next_x, next_y, delta_x, delta_y; /* in shares of the line */
} line_walk;

static line_walk line_begin(float x, float y, float dx, float dy)
{
    line_walk l = { .x = (int)floorf(x), .y = (int)floorf(y) };
    l.step_x = dx < 0 ? -1 : 1;
    l.step_y = dy < 0 ? -1 : 1;
    float ax = fabsf(dx), ay = fabsf(dy);
    l.delta_x = ax > 1e-9f ? 1 / ax : 1e9f;
    l.delta_y = ay > 1e-9f ? 1 / ay : 1e9f;
    float in_x = x - (float)l.x, in_y = y - (float)l.y;
    l.next_x = (dx < 0 ? in_x : 1 - in_x) * l.delta_x;
    l.next_y = (dy < 0 ? in_y : 1 - in_y) * l.delta_y;
    return l;
}

/* Into the next cell; the share of the line at its border. */
static float line_step(line_walk *l)
{
    float at = l->next_x < l->next_y ? l->next_x : l->next_y;
    if (l->next_x < l->next_y) {
        l->x += l->step_x;
        l->next_x += l->delta_x;
    } else {
        l->y += l->step_y;
        l->next_y += l->delta_y;
    }
    return at;
}

static bool hidden_by(const lab_cell *cell, float z0, float z1)
{
    float low = z0 < z1 ? z0 : z1, high = z0 < z1 ? z1 : z0;
    return !cell || low < cell->floor || high > cell->ceiling;
}

bool lab_sees(const lab_world *w, float x0, float y0, float z0, float x1, float y1, float z1)
{
    line_walk l = line_begin(x0, y0, x1 - x0, y1 - y0);
    float at = 0;
    for (int i = 0; i < 2 * LAB_MAX_SIDE; i++) {
        float next = l.next_x < l.next_y ? l.next_x : l.next_y;
        float end = next < 1 ? next : 1;
        const lab_cell *cell = lab_cell_of(w, l.x, l.y);
        if (hidden_by(cell, z0 + (z1 - z0) * at, z0 + (z1 - z0) * end))
            return false;
        if (next >= 1)
            return true;
        at = line_step(&l);
    }
    return false;
}

bool lab_walkable(const lab_world *w, float x0, float y0, float x1, float y1)
{
    float length = lab_distance(x0, y0, x1, y1);
    if (length < 1e-3f)
        return true;
    float side_x = -(y1 - y0) / length * LAB_RADIUS, side_y = (x1 - x0) / length * LAB_RADIUS;
    const lab_cell *start = lab_cell_of(w, (int)floorf(x0), (int)floorf(y0));
    float z = start ? start->floor : 0;
    int samples = (int)(length * 8) + 1;
    for (int i = 1; i <= samples; i++) {
        float share = (float)i / (float)samples;
        float x = x0 + (x1 - x0) * share, y = y0 + (y1 - y0) * share;
        for (int side = -1; side <= 1; side++) {
            const lab_cell *cell = lab_cell_of(w, (int)floorf(x + side_x * (float)side),
                                               (int)floorf(y + side_y * (float)side));
            if (engine_blocks(cell, z) || cell->floor <= LAB_VOID)
                return false;
        }
        z = lab_cell_of(w, (int)floorf(x), (int)floorf(y))->floor;
    }
    return true;
}

/* ---- what the player looks at ---- */

/* Where on a panel a point of its wall's face is: u from the left, v from the top. */
static bool on_panel(const lab_panel *panel, float x, float y, float z, float *u, float *v)
{
    float left_x = (float)panel->place.x, left_y = (float)panel->place.y;
    float along = panel->side == LAB_EAST    ? left_y + 1 - y
                  : panel->side == LAB_SOUTH ? x - left_x
                  : panel->side == LAB_WEST  ? y - left_y
                                             : left_x + 1 - x;
    *u = along / (float)panel->cells;
    *v = (panel->high - z) / (panel->high - panel->low);
    return *u >= 0 && *u < 1 && *v >= 0 && *v < 1;
}

int lab_gaze(const lab_world *w, float *u, float *v)
{
    const lab_player *p = &w->player;
    float dx = lab_cos(p->yaw), dy = lab_sin(p->yaw), eye = p->z + LAB_EYE;
    float slope = lab_sin((uint32_t)p->pitch) / lab_cos((uint32_t)p->pitch);
    line_walk l = line_begin(p->x, p->y, dx, dy);
    for (int i = 0; i < 2 * LAB_MAX_SIDE; i++) {
        bool along_x = l.next_x < l.next_y;
        float at = line_step(&l), z = eye + slope * at;
        const lab_cell *cell = lab_cell_of(w, l.x, l.y);
        if (!cell)
            return -1;
        int side =
            along_x ? (l.step_x > 0 ? LAB_WEST : LAB_EAST) : (l.step_y > 0 ? LAB_NORTH : LAB_SOUTH);
        if (z > cell->floor && z < cell->ceiling)
            continue;
        if (!cell->panel[side])
            return -1;
        int index = cell->panel[side] - 1;
        bool hit = on_panel(&w->map.panel[index], p->x + dx * at, p->y + dy * at, z, u, v);
        return hit ? index : -1;
    }
    return -1;
}
