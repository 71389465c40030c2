/* The renderer: a ray a column steps from cell to cell, front to back, and draws floor, ceiling and
 * faces into the rows that are still open, until none are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/view.h"

static const float HALF_WIDTH = 1.0f;                        /* tangent of half the angle of view */
static const float POSTER_FRAME = 0.05f, POSTER_EDGE = 0.1f; /* shares of a poster's side */
static const float MIST = 26.0f; /* steps of light a cell that pillars in the void fade by */

/* The column being drawn. */
typedef struct {
    int x, top, bottom; /* rows still open */
    float dx, dy;       /* direction of the ray: depth 1 */
    int windows;
} column;

/* ---- spans ---- */

static void write_depth(const lab_view *view, int x, int from, int to, float depth)
{
    for (int y = from; y < to; y++)
        view->depth[y * view->width + x] = depth;
}

/* A floor or a ceiling: `drop` is how far it lies below the eye. */
static void draw_flat(lab_view *view, const column *c, int from, int to, float drop, float middle,
                      int material, int dark)
{
    if (from >= to)
        return;
    const uint32_t *ramp = view_material(view, material, 0);
    float texels = middle * ART_SIDE / view->focal;
    int level = view_level(texels * texels * middle / (fabsf(drop) + 0.05f));
    int side = ART_SIDE >> level, mask = side - 1, shift = 7 - level;
    const uint8_t *texel =
        art_texture(view->world->map.material[material].texture)->texel + art_offset(level);
    float step_u = c->dx * drop * (float)side, step_v = c->dy * drop * (float)side;
    float from_u = view->eye_x * (float)side, from_v = view->eye_y * (float)side;
    float light_scale = drop * view->light_scale;
    const float *inverse = view->inverse;
    uint32_t *pixel = view->pixel + from * view->width + c->x;
    for (int y = from; y < to; y++, pixel += view->width) {
        float per = inverse[y];
        int u = (int)(from_u + step_u * per) & mask, v = (int)(from_v + step_v * per) & mask;
        int light = (int)(light_scale * per) + dark;
        light = light < VIEW_LIGHTS ? light : VIEW_LIGHTS - 1;
        *pixel = ramp[light * ART_COLOURS + texel[(u << shift) + v]];
    }
    for (int y = from; view->depth && y < to; y++)
        view->depth[y * view->width + c->x] = drop * inverse[y];
}

/* Where a ray meets the border of two cells. */
typedef struct {
    float depth, scale; /* scale: pixels a cell there */
    float along;        /* the face, 0..1 from its left end as seen */
    int side;           /* of the cell behind */
    int shade;
} border;

static void draw_face(lab_view *view, const column *c, int from, int to, const border *b,
                      int material, int dark)
{
    if (from >= to)
        return;
    int light = view_light(view, b->depth, dark);
    const uint32_t *ramp = view_material(view, material, b->shade) + light * ART_COLOURS;
    float texels = ART_SIDE / b->scale;
    int level = view_level(texels * texels), side = ART_SIDE >> level;
    uint32_t mask = (uint32_t)side - 1;
    const uint8_t *texel =
        art_texture(view->world->map.material[material].texture)->texel + art_offset(level);
    texel += ((int)(b->along * (float)side) & (int)mask) * side;
    float per_row = (float)side / b->scale;
    float first = ((float)from + 0.5f - view->horizon) * per_row - view->eye_z * (float)side;
    uint32_t v = (uint32_t)(int64_t)(first * 65536), step = (uint32_t)(int64_t)(per_row * 65536);
    uint32_t *pixel = view->pixel + from * view->width + c->x;
    for (int y = from; y < to; y++, pixel += view->width, v += step)
        *pixel = ramp[texel[v >> 16 & mask]];
    if (view->depth)
        write_depth(view, c->x, from, to, b->depth);
}

/* The face of a pillar out of the void: it fades into the mist below its top. */
static void draw_pillar(lab_view *view, const column *c, int from, int to, const border *b,
                        const lab_cell *cell)
{
    int band = view->height / 24 + 1;
    for (int y = from; y < to; y += band) {
        float z = view->eye_z - ((float)y + 0.5f - view->horizon) / b->scale;
        float below = cell->floor - z - 0.3f;
        int dark = cell->dark + (int)(below > 0 ? below * MIST : 0);
        draw_face(view, c, y, y + band < to ? y + band : to, b, cell->wall_material, dark);
    }
}

static void draw_picture(lab_view *view, const column *c, int from, int to, const border *b,
                         const lab_panel *panel, float u)
{
    const uint32_t *pixel_in = view->world->picture[panel->picture].pixel;
    float per_row = LAB_PICTURE / ((panel->high - panel->low) * b->scale);
    int level = view_level(per_row * per_row), side = LAB_PICTURE >> level;
    for (int i = 0, size = LAB_PICTURE; i < level; i++, size /= 2)
        pixel_in += size * size;
    float top = view->horizon - (panel->high - view->eye_z) * b->scale;
    per_row = (float)side / ((panel->high - panel->low) * b->scale);
    int column_in = (int)(u * (float)side);
    column_in = column_in < side ? column_in : side - 1;
    for (int y = from; y < to; y++) {
        int row = (int)(((float)y + 0.5f - top) * per_row);
        row = row < 0 ? 0 : row < side ? row : side - 1;
        view->pixel[y * view->width + c->x] = view_pixel_of(pixel_in[row * side + column_in]);
    }
}

/* A place on a poster, 0..1 along or down it, as a place on its picture, which leaves room for the
 * board about it; in the frame *frame. */
static float within_poster(float at, bool *frame)
{
    *frame |= at < POSTER_FRAME || at > 1 - POSTER_FRAME;
    return (at - POSTER_EDGE) / (1 - 2 * POSTER_EDGE);
}

/* A shape on a framed board: who sees it knows that it hangs there and does not lie about. */
static void draw_poster(lab_view *view, const column *c, int from, int to, const border *b,
                        const lab_panel *panel, float u)
{
    float height = panel->high - panel->low, share = 1 / (height * b->scale);
    u = (u - 0.5f) * (float)panel->cells / height + 0.5f; /* a square in the panel's middle */
    if (u < 0 || u > 1)
        return;
    float per_row = ART_SIDE * share;
    int level = view_level(per_row * per_row), side = ART_SIDE >> level;
    const uint32_t *ramp =
        view_paint(view, panel->colour) + view_light(view, b->depth, 0) * ART_COLOURS;
    const uint8_t *texel = art_sprite(panel->shape, 0)->texel + art_offset(level);
    bool post = false;
    float across = within_poster(u, &post);
    int column_in = (int)floorf(across * (float)side);
    float top = view->horizon - (panel->high - view->eye_z) * b->scale;
    for (int y = from; y < to; y++) {
        bool frame = post;
        int row = (int)floorf(within_poster(((float)y + 0.5f - top) * share, &frame) * (float)side);
        bool inside = column_in >= 0 && column_in < side && row >= 0 && row < side;
        uint8_t index = inside ? texel[column_in * side + row] : 0;
        index = frame ? ART_FRAME : index ? index : ART_BOARD;
        view->pixel[y * view->width + c->x] = ramp[index];
    }
}

/* What hangs on a face that was drawn in rows from..to; (x, y) is its cell. */
static void draw_panel(lab_view *view, const column *c, int from, int to, const border *b,
                       int index, int x, int y)
{
    const lab_panel *panel = &view->world->map.panel[index];
    int place = panel->side == LAB_EAST    ? panel->place.y - y
                : panel->side == LAB_SOUTH ? x - panel->place.x
                : panel->side == LAB_WEST  ? y - panel->place.y
                                           : panel->place.x - x;
    float u = ((float)place + b->along) / (float)panel->cells;
    from = view_row(view, panel->high - view->eye_z, b->scale, from, to);
    to = view_row(view, panel->low - view->eye_z, b->scale, from, to);
    if (u < 0 || u > 1)
        return;
    if (panel->picture < 0)
        draw_poster(view, c, from, to, b, panel, u);
    else if (panel->picture < view->world->level->pictures)
        draw_picture(view, c, from, to, b, panel, u);
}

/* Sky above the horizon, fog below it; under a ceiling there is fog alone. */
static void draw_rest(lab_view *view, const column *c, bool sky)
{
    int horizon = view_row(view, 0, 0, c->top, c->bottom);
    const uint32_t *image = art_sky(view->world->map.sky);
    uint32_t turn = view->world->player.yaw + view->azimuth[c->x];
    int column_in = (int)(turn >> 23);
    uint32_t *pixel = view->pixel + c->x;
    for (int y = c->top; y < horizon; y++) {
        float up = (view->horizon - (float)y - 0.5f) / view->focal;
        int row = SKY_HEIGHT - 1 - (int)(up * (SKY_HEIGHT * 0.7f));
        row = row < 0 ? 0 : row;
        pixel[y * view->width] =
            sky ? view_pixel_of(image[row * SKY_WIDTH + column_in]) : view->fog;
    }
    for (int y = horizon; y < c->bottom; y++)
        pixel[y * view->width] = view->fog;
    if (view->depth)
        write_depth(view, c->x, c->top, c->bottom, VIEW_INFINITY);
}

/* ---- columns ---- */

static void note_window(lab_view *view, const column *c, float depth, int *count)
{
    view_window *last = &view->window[*count - 1];
    if (last->top == c->top && last->bottom == c->bottom)
        return;
    view->window[(*count)++] =
        (view_window){ .depth = depth, .top = (int16_t)c->top, .bottom = (int16_t)c->bottom };
}

/* Floor and ceiling of a cell that the ray is in from depth `near` to `far`. */
static void draw_cell(lab_view *view, column *c, const lab_cell *cell, float near, float far)
{
    float scale = view->focal / far, middle = 0.5f * (near + far);
    float drop = view->eye_z - cell->floor;
    if (drop > 0 && cell->floor > LAB_VOID) {
        int row = view_row(view, -drop, scale, c->top, c->bottom);
        draw_flat(view, c, row, c->bottom, drop, middle, cell->floor_material, cell->dark);
        c->bottom = row;
    }
    drop = view->eye_z - cell->ceiling;
    if (drop < 0 && cell->ceiling < LAB_SKY) {
        int row = view_row(view, -drop, scale, c->top, c->bottom);
        draw_flat(view, c, c->top, row, drop, middle, cell->ceiling_material, cell->dark);
        c->top = row;
    }
}

/* The faces of the next cell at the border: what stands higher and what hangs lower. */
static void draw_border(lab_view *view, column *c, const lab_cell *here, const lab_cell *next,
                        const border *b, int x, int y)
{
    if (next->floor > here->floor || next->floor >= next->ceiling) {
        float top =
            next->floor >= next->ceiling && here->ceiling < LAB_SKY ? here->ceiling : next->floor;
        int row = view_row(view, top - view->eye_z, b->scale, c->top, c->bottom);
        if (here->floor <= LAB_VOID)
            draw_pillar(view, c, row, c->bottom, b, next);
        else
            draw_face(view, c, row, c->bottom, b, next->wall_material, next->dark);
        if (next->panel[b->side])
            draw_panel(view, c, row, c->bottom, b, next->panel[b->side] - 1, x, y);
        c->bottom = row;
    }
    if (next->ceiling < here->ceiling && next->floor < next->ceiling) {
        int row = view_row(view, next->ceiling - view->eye_z, b->scale, c->top, c->bottom);
        draw_face(view, c, c->top, row, b, next->wall_material, next->dark);
        c->top = row;
    }
}

/* Nothing farther can be seen: no floor in sight rises into the open rows. */
static bool nothing_behind(const lab_view *view, const column *c, float scale)
{
    return c->bottom <= view_row(view, 0, 0, 0, view->height) &&
           view_row(view, view->max_floor - view->eye_z, scale, 0, view->height) >= c->bottom;
}

static int draw_column(lab_view *view, int x, int count)
{
    const lab_map *m = &view->world->map;
    column c = { .x = x, .bottom = view->height };
    float across = view->across[x];
    c.dx = view->dir_x - view->dir_y * across;
    c.dy = view->dir_y + view->dir_x * across;
    view->window[count++] = (view_window){ .depth = 0, .top = 0, .bottom = (int16_t)c.bottom };
    int cx = (int)floorf(view->eye_x), cy = (int)floorf(view->eye_y);
    int step_x = c.dx < 0 ? -1 : 1, step_y = c.dy < 0 ? -1 : 1;
    float ax = fabsf(c.dx), ay = fabsf(c.dy), in_x = view->eye_x - (float)cx;
    float in_y = view->eye_y - (float)cy;
    float per_x = ax > 1e-6f ? 1 / ax : 1e6f, per_y = ay > 1e-6f ? 1 / ay : 1e6f;
    float next_x = (c.dx < 0 ? in_x : 1 - in_x) * per_x;
    float next_y = (c.dy < 0 ? in_y : 1 - in_y) * per_y;
    const lab_cell *here = lab_cell_of(view->world, cx, cy);
    float near = 0;
    while (here) {
        border b = { .depth = next_x < next_y ? next_x : next_y };
        b.depth = b.depth < 1e-4f ? 1e-4f : b.depth;
        b.scale = view->focal / b.depth;
        draw_cell(view, &c, here, near, b.depth);
        if (c.top >= c.bottom || b.depth > m->sight)
            break;
        if (next_x < next_y) {
            cx += step_x;
            next_x += per_x;
            float at = view->eye_y + c.dy * b.depth - (float)cy;
            b.along = step_x > 0 ? at : 1 - at;
            b.side = step_x > 0 ? LAB_WEST : LAB_EAST;
        } else {
            cy += step_y;
            next_y += per_y;
            float at = view->eye_x + c.dx * b.depth - (float)cx;
            b.along = step_y > 0 ? 1 - at : at;
            b.side = step_y > 0 ? LAB_NORTH : LAB_SOUTH;
            b.shade = 1;
        }
        const lab_cell *next = lab_cell_of(view->world, cx, cy);
        if (!next)
            break;
        draw_border(view, &c, here, next, &b, cx, cy);
        note_window(view, &c, b.depth, &count);
        if (c.top >= c.bottom || nothing_behind(view, &c, b.scale))
            break;
        here = next;
        near = b.depth;
    }
    if (c.top < c.bottom)
        draw_rest(view, &c, !here || here->ceiling >= LAB_SKY);
    return count;
}

/* ---- pictures ---- */

static void begin(lab_view *view, const lab_world *w)
{
    const lab_player *p = &w->player;
    view->world = w;
    view->eye_x = p->x;
    view->eye_y = p->y;
    view->eye_z = p->z + LAB_EYE;
    view->dir_x = lab_cos(p->yaw);
    view->dir_y = lab_sin(p->yaw);
    view->focal = 0.5f * (float)view->width / HALF_WIDTH;
    view->horizon = 0.5f * (float)view->height +
                    lab_sin((uint32_t)p->pitch) / lab_cos((uint32_t)p->pitch) * view->focal;
    for (int y = 0; y < view->height; y++) {
        float below = (float)y + 0.5f - view->horizon;
        below = fabsf(below) < 1e-3f ? 1e-3f : below;
        view->inverse[y] = view->focal / below;
    }
    view->max_floor = LAB_VOID;
    for (int i = 0; i < w->map.width * w->map.height; i++)
        view->max_floor =
            w->map.cell[i].floor > view->max_floor ? w->map.cell[i].floor : view->max_floor;
    view_begin_light(view);
}

void lab_render(const lab_world *w, lab_view *view)
{
    begin(view, w);
    int count = 0;
    for (int x = 0; x < view->width; x++) {
        view->window_of[x] = count;
        count = draw_column(view, x, count);
    }
    view->window_of[view->width] = count;
    view_sprites(view);
    view_head_up(view);
}
