/* Movement of bodies: acceleration, friction, sliding along walls, steps and falls; doors. */
#include <math.h>

#include "lab/engine.h"

/* Speeds in cells a second; a body goes less than its radius in a tick, so nothing is jumped over.
 */
static const float TICK = 1.0f / LAB_TICKS;
static const float TOP_SPEED = 3.2f;
static const float GRIP = 0.1f, AIR_GRIP = 0.02f; /* share of the wanted velocity taken in a tick */
static const float GRAVITY = 8.0f, FALL_LIMIT = 10.0f, JUMP_SPEED = 3.0f;
static const float DOOR_TICK = 1.0f / 30;
static const float HAIR = 1e-3f; /* between a head and a ceiling, so that rounding wedges nobody */

bool engine_blocks(const lab_cell *cell, float z)
{
    if (!cell)
        return true;
    float foot = cell->floor > z ? cell->floor : z;
    return cell->floor > z + LAB_STEP || cell->ceiling - foot < LAB_BODY;
}

static int cell_index(float coordinate)
{
    return (int)floorf(coordinate);
}

/* Keep the circle out of one cell; true if it was in it. */
static bool push_from_cell(int cx, int cy, float *x, float *y, float *vx, float *vy)
{
    float left = (float)cx, top = (float)cy;
    float nearest_x = *x < left ? left : *x > left + 1 ? left + 1 : *x;
    float nearest_y = *y < top ? top : *y > top + 1 ? top + 1 : *y;
    float dx = *x - nearest_x, dy = *y - nearest_y, square = dx * dx + dy * dy;
    if (square >= LAB_RADIUS * LAB_RADIUS || square == 0)
        return false;
    float distance = sqrtf(square), nx = dx / distance, ny = dy / distance;
    *x = nearest_x + nx * LAB_RADIUS;
    *y = nearest_y + ny * LAB_RADIUS;
    float into = *vx * nx + *vy * ny;
    if (into < 0) {
        *vx -= into * nx;
        *vy -= into * ny;
    }
    return true;
}

/* The centre itself is where nothing can be (a door has shut, a level has put it there): out by the
 * nearest side that is free. */
static void push_from_inside(const lab_world *w, int cx, int cy, float *x, float *y, float z)
{
    static const int8_t DX[4] = { 1, 0, -1, 0 }, DY[4] = { 0, 1, 0, -1 };
    float left = *x - (float)cx, top = *y - (float)cy;
    float distance[4] = { 1 - left, 1 - top, left, top }, best = 4;
    int way = -1;
    for (int side = 0; side < 4; side++) {
        bool free = !engine_blocks(lab_cell_of(w, cx + DX[side], cy + DY[side]), z);
        if (free && distance[side] < best) {
            best = distance[side];
            way = side;
        }
    }
    if (way < 0)
        return;
    *x += (float)DX[way] * (best + LAB_RADIUS);
    *y += (float)DY[way] * (best + LAB_RADIUS);
}

int engine_push_out(const lab_world *w, float *x, float *y, float z, float *vx, float *vy)
{
    /* Sides before corners: a corner between two walls in a row must not catch who slides along. */
    static const int8_t DX[8] = { 1, 0, -1, 0, 1, -1, -1, 1 };
    static const int8_t DY[8] = { 0, 1, 0, -1, 1, 1, -1, -1 };
    int cx = cell_index(*x), cy = cell_index(*y), door = -1;
    if (engine_blocks(lab_cell_of(w, cx, cy), z)) {
        push_from_inside(w, cx, cy, x, y, z);
        cx = cell_index(*x);
        cy = cell_index(*y);
    }
    for (int i = 0; i < 8; i++) {
        const lab_cell *cell = lab_cell_of(w, cx + DX[i], cy + DY[i]);
        if (engine_blocks(cell, z) && push_from_cell(cx + DX[i], cy + DY[i], x, y, vx, vy) &&
            cell && cell->door)
            door = cell->door - 1;
    }
    return door;
}

/* What is below and above a body. */
typedef struct {
    float ground, ceiling;
} shaft;

/* The highest floor and the lowest ceiling over and under a circle at height z, of the cells where
 * it can be. */
static shaft shaft_at(const lab_world *w, float x, float y, float z)
{
    int x0 = cell_index(x - LAB_RADIUS), x1 = cell_index(x + LAB_RADIUS);
    int y0 = cell_index(y - LAB_RADIUS), y1 = cell_index(y + LAB_RADIUS);
    shaft s = { LAB_VOID, LAB_SKY };
    for (int cy = y0; cy <= y1; cy++) {
        for (int cx = x0; cx <= x1; cx++) {
            const lab_cell *cell = lab_cell_of(w, cx, cy);
            if (engine_blocks(cell, z))
                continue;
            float nearest_x = x < (float)cx ? (float)cx : x > (float)cx + 1 ? (float)cx + 1 : x;
            float nearest_y = y < (float)cy ? (float)cy : y > (float)cy + 1 ? (float)cy + 1 : y;
            float dx = x - nearest_x, dy = y - nearest_y;
            if (dx * dx + dy * dy >= LAB_RADIUS * LAB_RADIUS)
                continue;
            s.ground = cell->floor > s.ground ? cell->floor : s.ground;
            s.ceiling = cell->ceiling < s.ceiling ? cell->ceiling : s.ceiling;
        }
    }
    return s;
}

float engine_ground(const lab_world *w, float x, float y, float z)
{
    return shaft_at(w, x, y, z).ground;
}

/* ---- the player ---- */

static void look(lab_player *p, const int *action)
{
    p->yaw += (uint32_t)action[LAB_LOOK_X] * LAB_PIXEL;
    int64_t pitch = p->pitch + (int64_t)action[LAB_LOOK_Y] * LAB_PIXEL;
    pitch = pitch > LAB_MAX_PITCH ? LAB_MAX_PITCH : pitch;
    p->pitch = (int32_t)(pitch < -LAB_MAX_PITCH ? -LAB_MAX_PITCH : pitch);
}

static void accelerate(lab_player *p, const int *action)
{
    float c = lab_cos(p->yaw), s = lab_sin(p->yaw);
    float move = (float)action[LAB_MOVE], strafe = (float)action[LAB_STRAFE];
    float speed = action[LAB_CROUCH] ? TOP_SPEED / 2 : TOP_SPEED;
    if (action[LAB_MOVE] && action[LAB_STRAFE])
        speed *= 0.70710678f;
    float wish_x = (c * move - s * strafe) * speed, wish_y = (s * move + c * strafe) * speed;
    float grip = p->on_ground ? GRIP : AIR_GRIP;
    p->vx += (wish_x - p->vx) * grip;
    p->vy += (wish_y - p->vy) * grip;
}

/* Rise no higher than the head allows. */
static void bump(lab_player *p, float ceiling)
{
    float highest = ceiling - LAB_BODY - HAIR;
    if (p->z <= highest)
        return;
    p->z = highest;
    p->vz = p->vz > 0 ? 0 : p->vz;
}

/* Jump, fall, land, and walk up and down steps. */
static void settle(lab_world *w, lab_player *p)
{
    shaft s = shaft_at(w, p->x, p->y, p->z);
    float ground = s.ground;
    if (p->on_ground && w->jumping && w->action[LAB_JUMP]) {
        p->vz = JUMP_SPEED;
        p->on_ground = false;
    }
    float step_down = p->on_ground ? LAB_STEP : 0;
    if (p->vz <= 0 && p->z <= ground + step_down) {
        p->z = ground;
        p->vz = 0;
        p->on_ground = true;
        return;
    }
    p->on_ground = false;
    p->vz -= GRAVITY * TICK;
    p->vz = p->vz < -FALL_LIMIT ? -FALL_LIMIT : p->vz;
    p->z += p->vz * TICK;
    if (p->vz > 0)
        bump(p, s.ceiling);
    if (p->vz <= 0 && p->z <= ground) {
        p->z = ground;
        p->vz = 0;
        p->on_ground = true;
    }
}

/* Round entities that bodies cannot walk through. */
static void keep_off_solids(const lab_world *w, lab_player *p)
{
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *e = &w->entity[i];
        if (!e->solid || e->kind == LAB_NONE || e->hidden)
            continue;
        float dx = p->x - e->x, dy = p->y - e->y, reach = LAB_RADIUS + e->radius;
        float square = dx * dx + dy * dy;
        if (square >= reach * reach || square == 0)
            continue;
        float distance = sqrtf(square);
        p->x = e->x + dx / distance * reach;
        p->y = e->y + dy / distance * reach;
    }
}

static void unlock(lab_world *w, int door)
{
    lab_door *d = &w->map.door[door];
    if (d->open || d->colour < 0 || d->colour != w->player.key)
        return;
    w->player.key = -1;
    d->open = true;
    if (w->level->door)
        w->level->door(w, door);
}

static void arrive(lab_world *w, lab_player *p)
{
    lab_place at = { (int16_t)cell_index(p->x), (int16_t)cell_index(p->y) };
    if (at.x == p->at.x && at.y == p->at.y)
        return;
    p->at = at;
    const lab_cell *cell = lab_cell_of(w, at.x, at.y);
    if (cell && cell->trigger && w->level->trigger)
        w->level->trigger(w, cell->trigger, at);
}

/* Down where nothing is: back to where it last stood. */
static void fell(lab_world *w)
{
    if (w->level->fell) {
        w->level->fell(w);
        return;
    }
    lab_move_player(w, w->safe_x, w->safe_y, -1);
}

void engine_move_player(lab_world *w)
{
    lab_player *p = &w->player;
    static const int STILL[LAB_ACTIONS] = { 0 };
    look(p, w->action);
    accelerate(p, p->frozen ? STILL : w->action);
    p->frozen -= p->frozen > 0;
    p->x += p->vx * TICK;
    p->y += p->vy * TICK;
    keep_off_solids(w, p);
    int door = engine_push_out(w, &p->x, &p->y, p->z, &p->vx, &p->vy);
    settle(w, p);
    const lab_cell *under = lab_cell_of(w, cell_index(p->x), cell_index(p->y));
    if (p->on_ground && under && under->floor == p->z) {
        w->safe_x = p->x;
        w->safe_y = p->y;
    }
    if (door >= 0)
        unlock(w, door);
    arrive(w, p);
    if (p->z < w->map.bottom)
        fell(w);
}

void lab_move_player(lab_world *w, float x, float y, int32_t yaw)
{
    lab_player *p = &w->player;
    const lab_cell *cell = lab_cell_of(w, cell_index(x), cell_index(y));
    p->x = x;
    p->y = y;
    p->z = cell && cell->floor > LAB_VOID ? cell->floor : 0;
    p->vx = p->vy = p->vz = 0;
    p->on_ground = true;
    p->at = (lab_place){ (int16_t)cell_index(x), (int16_t)cell_index(y) };
    if (yaw >= 0)
        p->yaw = (uint32_t)yaw << 16;
    w->safe_x = x;
    w->safe_y = y;
}

void lab_put_player(lab_world *w, lab_place place, int32_t yaw)
{
    if (yaw < 0)
        yaw = lab_below(w, 65536);
    lab_move_player(w, lab_middle(place.x), lab_middle(place.y), yaw);
    w->player.pitch = 0;
}

/* ---- doors ---- */

/* Whoever stands in a doorway keeps the door from shutting. */
static bool occupied(const lab_world *w, lab_place place)
{
    float left = (float)place.x - LAB_RADIUS, top = (float)place.y - LAB_RADIUS;
    float side = 1 + 2 * LAB_RADIUS;
    const lab_player *p = &w->player;
    if (p->x > left && p->x < left + side && p->y > top && p->y < top + side)
        return true;
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *e = &w->entity[i];
        if (e->kind == LAB_OPPONENT && e->x > left && e->x < left + side && e->y > top &&
            e->y < top + side)
            return true;
    }
    return false;
}

void engine_move_doors(lab_world *w)
{
    for (int i = 0; i < w->map.doors; i++) {
        const lab_door *d = &w->map.door[i];
        lab_cell *cell = lab_cell_at(w, d->place.x, d->place.y);
        float wanted = d->open ? d->low : d->high;
        if (cell->floor == wanted || (!d->open && occupied(w, d->place)))
            continue;
        float step = (d->high - d->low) * DOOR_TICK, rest = wanted - cell->floor;
        cell->floor = fabsf(rest) <= step ? wanted : cell->floor + (rest > 0 ? step : -step);
    }
}
