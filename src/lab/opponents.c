/* Opponents: they walk to random places, or to the player once seen, and shoot at it. */
#include "lab/engine.h"

static const float OPPONENT_SPEED = 2.2f;
enum { THINK_TICKS = 10, AIM_TICKS = 25 };

/* The number of an opponent among its like: whose way in w->way it walks. */
static int number(const lab_world *w, const lab_entity *e)
{
    int n = 0;
    for (const lab_entity *o = w->entity; o < e; o++)
        n += o->kind == LAB_OPPONENT;
    return n % LAB_MAX_OPPONENTS;
}

static bool sees_player(const lab_world *w, const lab_entity *e)
{
    const lab_player *p = &w->player;
    float dx = p->x - e->x, dy = p->y - e->y;
    bool ahead = dx * lab_cos(e->yaw) + dy * lab_sin(e->yaw) > -0.3f;
    return ahead && lab_sees(w, e->x, e->y, e->z + LAB_EYE, p->x, p->y, p->z + LAB_EYE);
}

static void turn_to(lab_entity *e, uint32_t wanted)
{
    int32_t rest = (int32_t)(wanted - e->yaw), most = 40 * LAB_PIXEL;
    rest = rest > most ? most : rest < -most ? -most : rest;
    e->yaw += (uint32_t)rest;
}

/* Choose where to go: where the player was seen, or anywhere. */
static void choose(lab_world *w, lab_entity *e, bool seen)
{
    lab_place place;
    if (seen && lab_chance(w, 0.5f))
        place = w->player.at;
    else if (!lab_random_place(w, -1, 0, &place))
        return;
    e->target = place;
    lab_field_to(w, place, false, NULL, &w->way[number(w, e)]);
}

/* The middle of the neighbour that is nearest to the target; false: there, or there is no way. */
static bool next_point(const lab_world *w, const lab_entity *e, float *x, float *y)
{
    static const int8_t DX[4] = { 1, 0, -1, 0 }, DY[4] = { 0, 1, 0, -1 };
    const lab_field *field = &w->way[number(w, e)];
    int cx = (int)e->x, cy = (int)e->y;
    const lab_cell *here = lab_cell_of(w, cx, cy);
    if (!here)
        return false;
    int best = field->steps[cy * w->map.width + cx];
    bool found = false;
    for (int side = 0; side < 4; side++) {
        int nx = cx + DX[side], ny = cy + DY[side];
        const lab_cell *there = lab_cell_of(w, nx, ny);
        if (!there || !engine_passes(w, here, there, false) ||
            field->steps[ny * w->map.width + nx] >= best)
            continue;
        best = field->steps[ny * w->map.width + nx];
        *x = lab_middle(nx);
        *y = lab_middle(ny);
        found = true;
    }
    return found;
}

static void walk(lab_world *w, lab_entity *e, bool seen)
{
    float x, y, wish_x = 0, wish_y = 0;
    if (next_point(w, e, &x, &y)) {
        uint32_t way = lab_direction(x - e->x, y - e->y);
        if (!seen)
            turn_to(e, way);
        wish_x = lab_cos(way) * OPPONENT_SPEED;
        wish_y = lab_sin(way) * OPPONENT_SPEED;
    } else {
        choose(w, e, seen);
    }
    e->vx += (wish_x - e->vx) * 0.1f;
    e->vy += (wish_y - e->vy) * 0.1f;
    e->x += e->vx * (1.0f / LAB_TICKS);
    e->y += e->vy * (1.0f / LAB_TICKS);
    engine_push_out(w, &e->x, &e->y, e->z, &e->vx, &e->vy);
    float ground = engine_ground(w, e->x, e->y, e->z);
    e->z = ground > LAB_VOID ? ground : e->z;
    e->life += e->vx * e->vx + e->vy * e->vy > 0.2f;
}

void engine_opponent(lab_world *w, lab_entity *e)
{
    if (e->frozen > 0) {
        e->frozen--;
        return;
    }
    /* Looking is costly: each opponent looks every few ticks, not all in the same one. */
    int index = lab_entity_index(w, e);
    if ((w->tick + index * 3) % THINK_TICKS == 0) {
        bool saw = e->returns > 0;
        bool seen = w->opponents_gadget.enabled && sees_player(w, e);
        if (seen && !saw)
            e->reload = e->reload > AIM_TICKS ? e->reload : AIM_TICKS;
        e->returns = seen;
        if (seen && lab_chance(w, 0.1f))
            choose(w, e, true);
    }
    bool seen = e->returns > 0;
    if (seen)
        turn_to(e, lab_direction(w->player.x - e->x, w->player.y - e->y));
    walk(w, e, seen);
    e->reload -= e->reload > 0;
    /* What it saw some ticks ago may be behind a wall by now. */
    if (seen && e->reload == 0 && sees_player(w, e))
        engine_shoot_at_player(w, e);
}
