/* Entities: adding and removing them, touching them, and their ticks. */
#include <math.h>

#include "lab/engine.h"

lab_entity *engine_slot(lab_world *w)
{
    int i = 0;
    while (i < w->entities && w->entity[i].kind != LAB_NONE)
        i++;
    if (i == LAB_MAX_ENTITIES)
        return NULL;
    if (i == w->entities)
        w->entities++;
    return &w->entity[i];
}

static lab_entity *add(lab_world *w, lab_place place, lab_entity e)
{
    lab_entity *slot = engine_slot(w);
    if (!slot)
        return NULL;
    const lab_cell *cell = lab_cell_of(w, place.x, place.y);
    e.x = lab_middle(place.x);
    e.y = lab_middle(place.y);
    e.z = cell && cell->floor > LAB_VOID ? cell->floor : 0;
    *slot = e;
    return slot;
}

lab_entity *lab_add_object(lab_world *w, lab_place place, lab_shape shape, lab_colour colour,
                           float size, float reward)
{
    return add(w, place,
               (lab_entity){ .kind = LAB_OBJECT,
                             .shape = (uint8_t)shape,
                             .colour = (uint8_t)colour,
                             .touch = true,
                             .size = size,
                             .radius = 0.3f + size / 6,
                             .reward = reward });
}

lab_entity *lab_add_key(lab_world *w, lab_place place, lab_colour colour, float reward)
{
    return add(w, place,
               (lab_entity){ .kind = LAB_KEY_OBJECT,
                             .shape = LAB_KEY,
                             .colour = (uint8_t)colour,
                             .touch = true,
                             .size = 0.4f,
                             .radius = 0.4f,
                             .reward = reward });
}

lab_entity *lab_add_pad(lab_world *w, lab_place place, lab_place to, int32_t to_yaw)
{
    return add(w, place,
               (lab_entity){ .kind = LAB_TELEPORT,
                             .shape = LAB_PAD,
                             .colour = LAB_CYAN,
                             .touch = true,
                             .size = 0.5f,
                             .radius = 0.35f,
                             .to_x = lab_middle(to.x),
                             .to_y = lab_middle(to.y),
                             .to_yaw = to_yaw });
}

lab_entity *lab_add_opponent(lab_world *w, lab_place place, lab_colour colour)
{
    return add(w, place,
               (lab_entity){ .kind = LAB_OPPONENT,
                             .shape = LAB_ROBOT,
                             .colour = (uint8_t)colour,
                             .solid = true,
                             .size = 0.75f,
                             .radius = LAB_RADIUS,
                             .shield = 100,
                             .yaw = (uint32_t)lab_below(w, 65536) << 16,
                             .target = place });
}

void lab_remove(lab_world *w, lab_entity *e)
{
    e->kind = LAB_NONE;
    while (w->entities > 0 && w->entity[w->entities - 1].kind == LAB_NONE)
        w->entities--;
}

void lab_remove_all(lab_world *w)
{
    w->entities = 0;
}

int lab_entity_index(const lab_world *w, const lab_entity *e)
{
    return (int)(e - w->entity);
}

static void mark_cell(const lab_world *w, const lab_entity *e, uint8_t *cells)
{
    int x = (int)floorf(e->x), y = (int)floorf(e->y);
    if (lab_cell_of(w, x, y))
        cells[y * w->map.width + x] = 1;
}

void lab_avoid(const lab_world *w, const lab_entity *except, uint8_t *avoid)
{
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *e = &w->entity[i];
        if (e->kind != LAB_NONE && e->touch && !e->hidden && e != except)
            mark_cell(w, e, avoid);
    }
}

void engine_mark_solid(const lab_world *w, uint8_t *cells)
{
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *e = &w->entity[i];
        if (e->kind != LAB_NONE && e->solid && !e->hidden)
            mark_cell(w, e, cells);
    }
}

/* ---- ticks ---- */

static bool touches(const lab_player *p, const lab_entity *e)
{
    float dx = p->x - e->x, dy = p->y - e->y;
    return dx * dx + dy * dy < e->radius * e->radius && p->z < e->z + e->size &&
           p->z + LAB_BODY > e->z;
}

static void touch(lab_world *w, lab_entity *e)
{
    if (e->kind == LAB_KEY_OBJECT) {
        if (w->player.key >= 0)
            return;
        w->player.key = e->colour;
    }
    lab_reward(w, (double)e->reward);
    if (e->kind == LAB_TELEPORT)
        lab_move_player(w, e->to_x, e->to_y, e->to_yaw);
    else
        e->hidden = true;
    if (w->level->pickup)
        w->level->pickup(w, e);
}

static void live(lab_world *w, lab_entity *e)
{
    switch (e->kind) {
    case LAB_OPPONENT:
        engine_opponent(w, e);
        break;
    case LAB_PROJECTILE:
        engine_projectile(w, e);
        break;
    case LAB_EFFECT:
        if (--e->life <= 0)
            lab_remove(w, e);
        break;
    default:
        if (e->touch && touches(&w->player, e))
            touch(w, e);
    }
}

void engine_entities(lab_world *w)
{
    for (int i = 0; i < w->entities; i++) {
        lab_entity *e = &w->entity[i];
        if (e->kind == LAB_NONE)
            continue;
        if (!e->hidden)
            live(w, e);
        else if (e->returns > 0 && --e->returns == 0)
            e->hidden = false;
    }
}
