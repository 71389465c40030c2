/* Foraging mushrooms in nature: memory of a place, for long and for short. */
#include "lab/levels/levels.h"

/* So many mushrooms that not even the expert has them all before the time is up. */
typedef struct {
    int side, mushrooms;
    bool fixed;   /* the same land and the same places always */
    bool regrows; /* a mushroom is back after a minute */
} natlab_config;

static const natlab_config FIXED = { .side = 61, .mushrooms = 90, .fixed = true },
                           REGROWTH = { .side = 23, .mushrooms = 56, .regrows = true },
                           RANDOMIZED = { .side = 41, .mushrooms = 112 };

enum { FIXED_LAND = 30, REGROW_TICKS = 60 * LAB_TICKS };

/* Light, fog and sky of one time of day. */
typedef struct {
    lab_sky_kind sky;
    uint32_t light, fog;
    float sight;
} time_of_day;

static const time_of_day TIMES[] = {
    { LAB_SKY_MORNING, LAB_RGB(255, 232, 214), LAB_RGB(232, 214, 205), 22 },
    { LAB_SKY_DAY, LAB_RGB(255, 255, 255), LAB_RGB(190, 214, 236), 34 },
    { LAB_SKY_DUSK, LAB_RGB(255, 205, 170), LAB_RGB(198, 138, 120), 24 },
    { LAB_SKY_NIGHT, LAB_RGB(132, 144, 190), LAB_RGB(20, 26, 48), 16 },
};

static void set_time(lab_world *w, const time_of_day *t)
{
    w->map.sky = (uint8_t)t->sky;
    w->map.light = t->light;
    w->map.fog = t->fog;
    w->map.sight = t->sight;
    lab_relight(w);
}

static int grow(lab_world *w)
{
    const natlab_config *config = w->level->config;
    lab_terrain terrain = { .width = config->side,
                            .height = config->side,
                            .relief = 2.5f,
                            .smoothness = 6,
                            .water = 0.2f,
                            .trees = 0.05f,
                            .rocks = 0.03f };
    int rc = lab_make_terrain(w, &terrain);
    lab_place places[LAB_MAX_CELLS];
    int count = rc == 0 ? lab_places(w, -1, 0, places, LAB_MAX_CELLS) : 0;
    lab_shuffle(w, places, count);
    for (int i = 0; i < config->mushrooms && i < count; i++)
        lab_add_object(w, places[i], LAB_MUSHROOM, LAB_RED, 0.45f, 1);
    return rc;
}

static int build(lab_world *w)
{
    const natlab_config *config = w->level->config;
    ag_rng episode = w->rng;
    if (config->fixed)
        ag_rng_init(&w->rng, FIXED_LAND, AG_PURPOSE_EPISODE, 0);
    int rc = grow(w);
    if (config->fixed)
        w->rng = episode;
    if (rc)
        return rc;
    set_time(w, &TIMES[lab_below(w, (int)(sizeof TIMES / sizeof TIMES[0]))]);
    lab_place start;
    if (lab_random_place(w, -1, 0, &start))
        lab_put_player(w, start, -1);
    return 0;
}

static void pickup(lab_world *w, lab_entity *e)
{
    const natlab_config *config = w->level->config;
    if (config->regrows)
        e->returns = REGROW_TICKS;
}

static void expert(lab_world *w, int repeat, int *action)
{
    const lab_entity *wanted = lab_nearest_good(w);
    if (wanted)
        lab_walk(w, wanted->x, wanted->y, 0, NULL, repeat, action);
}

#define NATLAB(NAME, SUMMARY, CONFIG)                                                              \
    {                                                                                              \
        .name = NAME, .summary = SUMMARY, .seconds = 120, .config = CONFIG, .build = build,        \
        .pickup = pickup, .expert = expert                                                         \
    }

const lab_level lab_natlab_levels[] = {
    NATLAB("natlab_fixed_large_map", "gather mushrooms in a large land that is always the same",
           &FIXED),
    NATLAB("natlab_varying_map_regrowth", "gather mushrooms that grow again where they were",
           &REGROWTH),
    NATLAB("natlab_varying_map_randomized", "gather mushrooms in a land not seen before",
           &RANDOMIZED),
    { .name = NULL },
};
