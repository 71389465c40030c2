/* A round pool with an invisible platform: find it, and remember where it is (Morris 1984). */
#include "lab/levels/levels.h"

enum { SIDE = 19, RADIUS = 8, VISIT = 5 /* rewarded ticks of a visit */ };

static const float PLATFORM = 0.6f, /* its radius, cells */
    HALL = 3, RIM = 0.5f;           /* heights */

typedef struct {
    float x, y; /* of the platform */
    int on;     /* ticks on it in this visit */
} pool_state;

static pool_state *state_of(lab_world *w)
{
    return (pool_state *)w->state;
}

/* Water, a rim of stone, and the wall of the hall. */
static void dig(lab_world *w)
{
    uint8_t water = lab_material_of(w, LAB_TEX_WATER, LAB_RGB(255, 255, 255));
    uint8_t rim = lab_material_of(w, LAB_TEX_STONE, LAB_RGB(230, 224, 210));
    for (int y = 1; y < SIDE - 1; y++) {
        for (int x = 1; x < SIDE - 1; x++) {
            lab_cell *cell = lab_cell_at(w, x, y);
            int dx = x - SIDE / 2, dy = y - SIDE / 2;
            bool pool = dx * dx + dy * dy <= RADIUS * RADIUS;
            cell->floor = pool ? 0 : RIM;
            cell->ceiling = HALL;
            cell->mark = pool ? 'W' : '#';
            cell->floor_material = pool ? water : rim;
            cell->wall_material = rim;
        }
    }
}

/* Two pictures on each wall, large enough to be known from the other side, each in a colour. */
static void hang_landmarks(lab_world *w)
{
    int colour[LAB_COLOURS];
    for (int i = 0; i < LAB_COLOURS; i++)
        colour[i] = i;
    lab_shuffle_ints(w, colour, LAB_COLOURS);
    for (int i = 0; i < LAB_COLOURS; i++) {
        int16_t along = (int16_t)((i % 2 ? 11 : 3) + lab_below(w, 4));
        int shape = lab_below(w, LAB_SHAPES);
        lab_panel panel = { .cells = 2, .low = RIM + 0.3f, .high = HALL - 0.2f, .picture = -1 };
        panel.shape = (uint8_t)shape;
        panel.colour = (uint8_t)colour[i];
        panel.side = (uint8_t)(i / 2);
        bool across = panel.side == LAB_EAST || panel.side == LAB_WEST;
        int16_t wall = panel.side == LAB_EAST || panel.side == LAB_SOUTH ? 0 : SIDE - 1;
        panel.place = across ? (lab_place){ wall, along } : (lab_place){ along, wall };
        lab_panel_add(w, &panel);
    }
}

static int begin(lab_world *w)
{
    pool_state *s = state_of(w);
    lab_place platform = { (int16_t)s->x, (int16_t)s->y }, start;
    s->on = 0;
    if (lab_random_far(w, platform, 5, &start))
        lab_put_player(w, start, -1);
    return 0;
}

static int build(lab_world *w)
{
    pool_state *s = state_of(w);
    int rc = lab_map_new(w, SIDE, SIDE);
    if (rc)
        return rc;
    lab_paint(w, -1, lab_theme_of(w, lab_below(w, LAB_THEMES)));
    for (int i = 0; i < SIDE * SIDE; i++)
        w->map.cell[i].floor = w->map.cell[i].ceiling = HALL;
    dig(w);
    hang_landmarks(w);
    lab_place platform;
    if (lab_random_place(w, -1, 'W', &platform)) {
        s->x = lab_middle(platform.x);
        s->y = lab_middle(platform.y);
    }
    return begin(w);
}

static void tick(lab_world *w)
{
    pool_state *s = state_of(w);
    if (lab_distance(w->player.x, w->player.y, s->x, s->y) > PLATFORM)
        return;
    lab_reward(w, 1);
    if (++s->on == VISIT)
        lab_restart(w);
}

static void expert(lab_world *w, int repeat, int *action)
{
    const pool_state *s = state_of(w);
    lab_walk(w, s->x, s->y, 0.1f, NULL, repeat, action);
}

const lab_level lab_rooms_watermaze_levels[] = {
    { .name = "rooms_watermaze",
      .summary = "find an invisible platform in a pool, again and again",
      .seconds = 120,
      .build = build,
      .restart = begin,
      .tick = tick,
      .expert = expert },
    { .name = NULL },
};
