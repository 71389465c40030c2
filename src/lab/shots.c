/* Shots: beams and projectiles, of the player and of its opponents, and being tagged. */
#include <math.h>

#include "lab/engine.h"

static const float MUZZLE = 0.42f, HIT_RADIUS = 0.3f, BEAM = 40.0f;
static const float LIGHT_FAR = 8.0f, LIGHT_STEP = 0.4f; /* of a beam, cells */
enum { FULL_SHIELD = 100, FLASH_TICKS = 12, LIGHT_TICKS = 6, PROJECTILE_TICKS = 240 };

static void flash(lab_world *w, float x, float y, float z)
{
    lab_entity *e = engine_slot(w);
    if (!e)
        return;
    *e = (lab_entity){ .kind = LAB_EFFECT,
                       .shape = LAB_FLASH,
                       .colour = LAB_ORANGE,
                       .x = x,
                       .y = y,
                       .z = z - 0.15f,
                       .size = 0.3f,
                       .life = FLASH_TICKS };
}

static bool in_wall(const lab_world *w, float x, float y, float z)
{
    const lab_cell *cell = lab_cell_of(w, (int)floorf(x), (int)floorf(y));
    return !cell || z < cell->floor || z > cell->ceiling;
}

/* A beam is seen as lights along its line, up to a wall. */
static void shine(lab_world *w, float x, float y, float z, float dx, float dy, float slope,
                  float reach, lab_colour colour)
{
    for (float along = LIGHT_STEP; along < reach && along < LIGHT_FAR; along += LIGHT_STEP) {
        float at_x = x + dx * along, at_y = y + dy * along, at_z = z + slope * along;
        lab_entity *e = in_wall(w, at_x, at_y, at_z) ? NULL : engine_slot(w);
        if (!e)
            return;
        *e = (lab_entity){ .kind = LAB_EFFECT,
                           .shape = LAB_SHOT,
                           .colour = (uint8_t)colour,
                           .x = at_x,
                           .y = at_y,
                           .z = at_z - 0.03f,
                           .size = 0.06f,
                           .life = LIGHT_TICKS };
    }
}

/* What happens to the tagged when the level has no rule of its own: somewhere else, anew. */
static void respawn(lab_world *w, int who)
{
    lab_place place;
    if (!lab_random_place(w, -1, 0, &place))
        return;
    if (who < 0) {
        lab_put_player(w, place, -1);
        w->player.shield = FULL_SHIELD;
        return;
    }
    lab_entity *e = &w->entity[who];
    e->x = lab_middle(place.x);
    e->y = lab_middle(place.y);
    e->z = lab_cell_at(w, place.x, place.y)->floor;
    e->target = place;
    e->shield = FULL_SHIELD;
    e->vx = e->vy = 0;
}

void engine_hit(lab_world *w, int who, int by, int damage)
{
    int *shield = who < 0 ? &w->player.shield : &w->entity[who].shield;
    *shield -= damage;
    if (*shield > 0)
        return;
    if (w->level->tagged)
        w->level->tagged(w, who, by);
    else
        respawn(w, who);
}

/* The first opponent on a line from the player's muzzle, -1 = none; *reach is how far it goes. */
static int beam_target(const lab_world *w, float dx, float dy, float slope, float *reach)
{
    const lab_player *p = &w->player;
    float z = p->z + LAB_EYE;
    int target = -1;
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *e = &w->entity[i];
        if (e->kind != LAB_OPPONENT || e->hidden)
            continue;
        float rx = e->x - p->x, ry = e->y - p->y;
        float along = rx * dx + ry * dy, aside = fabsf(rx * dy - ry * dx);
        float height = z + slope * along;
        if (along > 0 && along < *reach && aside < HIT_RADIUS && height > e->z &&
            height < e->z + e->size && lab_sees(w, p->x, p->y, z, e->x, e->y, e->z + MUZZLE)) {
            target = i;
            *reach = along;
        }
    }
    return target;
}

static void launch(lab_world *w, const lab_gadget *by, int owner, float x, float y, float z,
                   float dx, float dy, float slope)
{
    lab_entity *e = engine_slot(w);
    if (!e)
        return;
    *e = (lab_entity){ .kind = LAB_PROJECTILE,
                       .shape = LAB_SHOT,
                       .colour = owner < 0 ? LAB_CYAN : LAB_ORANGE,
                       .x = x + dx * 0.3f,
                       .y = y + dy * 0.3f,
                       .z = z,
                       .size = 0.16f,
                       .vx = dx * by->speed,
                       .vy = dy * by->speed,
                       .vz = slope * by->speed,
                       .owner = owner,
                       .damage = by->damage,
                       .life = PROJECTILE_TICKS };
}

void engine_fire(lab_world *w)
{
    lab_player *p = &w->player;
    p->reload -= p->reload > 0;
    if (!w->gadget.enabled || !w->action[LAB_FIRE] || p->reload > 0)
        return;
    p->reload = w->gadget.reload;
    w->fired = true;
    float dx = lab_cos(p->yaw), dy = lab_sin(p->yaw);
    float slope = lab_sin((uint32_t)p->pitch) / lab_cos((uint32_t)p->pitch);
    if (!w->gadget.beam) {
        launch(w, &w->gadget, -1, p->x, p->y, p->z + MUZZLE, dx, dy,
               slope + (LAB_EYE - MUZZLE) / BEAM);
        return;
    }
    float reach = BEAM;
    int target = beam_target(w, dx, dy, slope, &reach);
    shine(w, p->x, p->y, p->z + MUZZLE, dx, dy, slope + (LAB_EYE - MUZZLE) / BEAM, reach, LAB_CYAN);
    if (target < 0)
        return;
    flash(w, p->x + dx * reach * 0.95f, p->y + dy * reach * 0.95f, p->z + LAB_EYE + slope * reach);
    engine_hit(w, target, -1, w->gadget.damage);
}

/* An opponent shoots at the player: a little beside it, the more the farther. */
void engine_shoot_at_player(lab_world *w, lab_entity *e)
{
    const lab_player *p = &w->player;
    const lab_gadget *gadget = &w->opponents_gadget;
    int own = lab_entity_index(w, e);
    float distance = lab_distance(e->x, e->y, p->x, p->y);
    int32_t error = (lab_below(w, 2001) - 1000) * (1 << 16); /* 5 degrees at most */
    uint32_t way = lab_direction(p->x - e->x, p->y - e->y) + (uint32_t)error;
    e->reload = gadget->reload * 2 + lab_below(w, 20);
    if (!gadget->beam) {
        float slope = distance > 0.1f ? (p->z - e->z) / distance : 0;
        launch(w, gadget, own, e->x, e->y, e->z + MUZZLE, lab_cos(way), lab_sin(way), slope);
        return;
    }
    float miss = fabsf(lab_sin((uint32_t)error)) * distance;
    float rise = distance > 0.1f ? (p->z - e->z) / distance : 0;
    shine(w, e->x, e->y, e->z + MUZZLE, lab_cos(way), lab_sin(way), rise,
          miss < HIT_RADIUS ? distance - LAB_RADIUS : BEAM, LAB_ORANGE);
    if (miss < HIT_RADIUS) {
        flash(w, e->x + (p->x - e->x) * 0.15f, e->y + (p->y - e->y) * 0.15f, e->z + MUZZLE);
        engine_hit(w, -1, own, gadget->damage);
    }
}

/* Whom a projectile has reached: an entity, -1 = the player, -2 = nobody. */
static int reached(const lab_world *w, const lab_entity *e)
{
    const lab_player *p = &w->player;
    float middle = e->z + e->size / 2;
    if (e->owner >= 0)
        return lab_distance(e->x, e->y, p->x, p->y) < HIT_RADIUS && middle > p->z &&
                       middle < p->z + LAB_BODY + 0.1f
                   ? -1
                   : -2;
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *o = &w->entity[i];
        if (o->kind == LAB_OPPONENT && !o->hidden && middle > o->z && middle < o->z + o->size &&
            lab_distance(e->x, e->y, o->x, o->y) < HIT_RADIUS)
            return i;
    }
    return -2;
}

void engine_projectile(lab_world *w, lab_entity *e)
{
    e->x += e->vx * (1.0f / LAB_TICKS);
    e->y += e->vy * (1.0f / LAB_TICKS);
    e->z += e->vz * (1.0f / LAB_TICKS);
    int who = reached(w, e), owner = e->owner, damage = e->damage;
    if (who == -2 && --e->life > 0 && !in_wall(w, e->x, e->y, e->z + e->size / 2))
        return;
    float x = e->x - e->vx * 0.01f, y = e->y - e->vy * 0.01f, z = e->z;
    lab_remove(w, e);
    flash(w, x, y, z);
    if (who > -2)
        engine_hit(w, who, owner, damage);
}
