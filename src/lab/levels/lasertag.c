/* Laser tag: tag opponents that shoot back, in a new maze each time. */
#include "lab/levels/levels.h"

typedef struct {
    int side, rooms, opponents;
} tag_config;

static const tag_config ONE_SMALL = { 11, 3, 1 }, THREE_SMALL = { 11, 3, 3 },
                        ONE_LARGE = { 21, 7, 1 }, THREE_LARGE = { 21, 7, 3 };

/* A gadget lies about as an entity whose tag is its index here. */
static const lab_gadget GADGETS[] = {
    { .enabled = true, .beam = true, .speed = 12, .reload = 20, .damage = 25 },
    { .enabled = true, .beam = false, .speed = 12, .reload = 45, .damage = 100 },
};

enum {
    BEAM,
    DISC,
    GADGET_KINDS,
    SHIELD_TAG = GADGET_KINDS,
    FRESH_SHIELD = 125, /* drops to USUAL_SHIELD, a point a second */
    USUAL_SHIELD = 100,
    RETURN_TICKS = 20 * LAB_TICKS,
};

static void respawn(lab_world *w, int who)
{
    lab_place place;
    if (!lab_random_far(w, w->player.at, 6, &place))
        return;
    if (who < 0) {
        lab_put_player(w, place, -1);
        w->player.shield = FRESH_SHIELD;
        return;
    }
    lab_entity *e = &w->entity[who];
    e->x = lab_middle(place.x);
    e->y = lab_middle(place.y);
    e->z = lab_cell_at(w, place.x, place.y)->floor;
    e->vx = e->vy = 0;
    e->target = place;
    e->shield = USUAL_SHIELD;
}

static void place_things(lab_world *w, const tag_config *config)
{
    static const lab_colour COLOURS[] = { LAB_RED, LAB_YELLOW, LAB_PURPLE };
    lab_place place;
    for (int i = 0; i < config->opponents; i++) {
        if (lab_random_far(w, w->player.at, 5, &place))
            lab_add_opponent(w, place, COLOURS[i]);
    }
    for (int i = 0; i < config->rooms + 2; i++) {
        if (!lab_random_place(w, -1, 0, &place))
            return;
        bool shield = i % 3 == 2;
        lab_entity *e = lab_add_object(w, place, shield ? LAB_SHIELD : LAB_GADGET,
                                       i % 3 ? LAB_ORANGE : LAB_CYAN, 0.4f, 0);
        if (e)
            e->tag = shield ? SHIELD_TAG : i % 3;
    }
}

static int build(lab_world *w)
{
    const tag_config *config = w->level->config;
    lab_maze maze = { .width = config->side,
                      .height = config->side,
                      .rooms = config->rooms,
                      .room_min = 3,
                      .room_max = 5,
                      .exits = 3,
                      .loops = config->side / 2,
                      .wall = 1,
                      .ceiling = 1 };
    int rc = lab_make_maze(w, &maze);
    if (rc)
        return rc;
    int style = lab_below(w, LAB_THEMES);
    lab_paint(w, -1, lab_theme_of(w, style));
    for (int room = 0; room < w->map.rooms; room++)
        lab_paint(w, room + 1, lab_theme_of(w, style + 1 + room % 3));
    lab_place start;
    if (lab_random_place(w, -1, 0, &start))
        lab_put_player(w, start, -1);
    w->player.shield = FRESH_SHIELD;
    w->gadget = w->opponents_gadget = GADGETS[BEAM];
    place_things(w, config);
    return 0;
}

static void pickup(lab_world *w, lab_entity *e)
{
    e->returns = RETURN_TICKS;
    if (e->tag == SHIELD_TAG)
        w->player.shield = FRESH_SHIELD;
    else
        w->gadget = GADGETS[e->tag];
}

static void tick(lab_world *w)
{
    if (w->tick % LAB_TICKS == 0 && w->player.shield > USUAL_SHIELD)
        w->player.shield--;
}

static void tagged(lab_world *w, int who, int by)
{
    if (who >= 0 && by < 0)
        lab_reward(w, 1);
    if (who < 0)
        w->gadget = GADGETS[BEAM];
    respawn(w, who);
}

/* ---- the expert ---- */

static float away(const lab_world *w, const lab_entity *e)
{
    return lab_distance(w->player.x, w->player.y, e->x, e->y);
}

/* The nearest opponent, among those in sight if there is one. */
static const lab_entity *prey(const lab_world *w, bool *in_sight)
{
    const lab_entity *best = NULL;
    const lab_player *p = &w->player;
    *in_sight = false;
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *e = &w->entity[i];
        if (e->kind != LAB_OPPONENT || e->hidden)
            continue;
        bool seen = lab_sees(w, p->x, p->y, p->z + LAB_EYE, e->x, e->y, e->z + LAB_EYE);
        if (!best || (seen && !*in_sight) || (seen == *in_sight && away(w, e) < away(w, best))) {
            best = e;
            *in_sight = seen;
        }
    }
    return best;
}

/* Chase; in sight, turn to it, dodge and fire. */
static void expert(lab_world *w, int repeat, int *action)
{
    bool in_sight;
    const lab_player *p = &w->player;
    const lab_entity *e = prey(w, &in_sight);
    if (!e)
        return;
    if (!in_sight) {
        lab_walk(w, e->x, e->y, 0.5f, NULL, repeat, action);
        return;
    }
    float flight = w->gadget.beam ? 0 : away(w, e) / w->gadget.speed;
    float x = e->x + e->vx * flight, y = e->y + e->vy * flight;
    lab_look(w, x, y, e->z + e->size / 2, repeat, action);
    float dx = x - p->x, dy = y - p->y;
    float ahead = dx * lab_cos(p->yaw) + dy * lab_sin(p->yaw);
    float aside = dx * lab_sin(p->yaw) - dy * lab_cos(p->yaw);
    action[LAB_FIRE] = ahead > 0 && aside < 0.25f && aside > -0.25f;
    action[LAB_STRAFE] = w->tick / 40 % 2 ? 1 : -1;
    action[LAB_MOVE] = away(w, e) > 3;
}

#define LASERTAG(NAME, SUMMARY, CONFIG)                                                            \
    {                                                                                              \
        .name = NAME, .summary = SUMMARY, .seconds = 240, .config = CONFIG, .build = build,        \
        .pickup = pickup, .tick = tick, .tagged = tagged, .expert = expert                         \
    }

const lab_level lab_lasertag_levels[] = {
    LASERTAG("lasertag_one_opponent_small", "tag an opponent in a small maze", &ONE_SMALL),
    LASERTAG("lasertag_three_opponents_small", "tag three opponents in a small maze", &THREE_SMALL),
    LASERTAG("lasertag_one_opponent_large", "tag an opponent in a large maze", &ONE_LARGE),
    LASERTAG("lasertag_three_opponents_large", "tag three opponents in a large maze", &THREE_LARGE),
    { .name = NULL },
};
