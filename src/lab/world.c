/* A world's life: an episode, a tick, restarts of the map, rewards and instructions. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lab/engine.h"

static const int LOW[LAB_ACTIONS] = { -512, -512, -1, -1, 0, 0, 0 };
static const int HIGH[LAB_ACTIONS] = { 512, 512, 1, 1, 1, 1, 1 };

int lab_world_new(const lab_level *level, lab_world **out)
{
    *out = NULL;
    lab_world *w = ag_calloc(1, sizeof *w);
    if (!w)
        return AG_ENOMEM;
    w->level = level;
    if (level->pictures > 0) {
        w->picture = ag_calloc((size_t)level->pictures, sizeof *w->picture);
        if (!w->picture) {
            ag_free(w);
            return AG_ENOMEM;
        }
    }
    *out = w;
    return 0;
}

void lab_world_free(lab_world *w)
{
    if (!w)
        return;
    ag_free(w->picture);
    ag_free(w);
}

/* All but the map (lab_map_new does it) and the pictures, as before any episode. */
static void forget(lab_world *w)
{
    w->player = (lab_player){ .key = -1, .on_ground = true, .shield = 100 };
    w->entities = 0;
    w->gadget = w->opponents_gadget = (lab_gadget){ .speed = 12, .reload = 20, .damage = 25 };
    w->jumping = w->restart_asked = w->ended = w->fired = w->cross_hairs = false;
    w->tick = w->restarts = 0;
    w->ticks = w->level->seconds * LAB_TICKS;
    w->reward = w->score = 0;
    w->instruction[0] = 0;
    w->safe_x = w->safe_y = 0;
    memset(w->action, 0, sizeof w->action);
    memset(w->state, 0, sizeof w->state);
    memset(w->way, 0xFF, sizeof w->way);
    if (w->picture)
        memset(w->picture, 0, (size_t)w->level->pictures * sizeof *w->picture);
}

int lab_world_episode(lab_world *w, uint64_t seed, uint64_t episode)
{
    forget(w);
    ag_rng_init(&w->rng, seed, AG_PURPOSE_EPISODE, episode);
    int rc = w->level->build(w);
    w->restart_asked = false;
    w->reward = 0;
    return rc ? ag_fail_context(rc, "lab/%s", w->level->name) : 0;
}

static int restart(lab_world *w)
{
    w->restart_asked = false;
    w->restarts++;
    if (w->level->restart)
        return w->level->restart(w);
    lab_place place;
    if (lab_random_place(w, -1, 0, &place))
        lab_put_player(w, place, -1);
    return 0;
}

int lab_world_tick(lab_world *w, const int *action)
{
    for (int i = 0; i < LAB_ACTIONS; i++) {
        if (action[i] < LOW[i] || action[i] > HIGH[i])
            return ag_fail(AG_EINVAL, "component %d of the action is %d; it goes from %d to %d", i,
                           action[i], LOW[i], HIGH[i]);
        w->action[i] = action[i];
    }
    w->reward = 0;
    w->fired = false;
    engine_move_player(w);
    if (w->map.doors)
        engine_move_doors(w);
    engine_fire(w);
    engine_entities(w);
    w->tick++;
    if (w->level->tick)
        w->level->tick(w);
    w->score += w->reward;
    return w->restart_asked && !w->ended ? restart(w) : 0;
}

void lab_world_expert(lab_world *w, int repeat, int *action)
{
    memset(action, 0, LAB_ACTIONS * sizeof *action);
    if (w->level->expert)
        w->level->expert(w, repeat < 1 ? 1 : repeat, action);
}

void lab_reward(lab_world *w, double reward)
{
    w->reward += reward;
}

void lab_restart(lab_world *w)
{
    w->restart_asked = true;
}

void lab_end(lab_world *w)
{
    w->ended = true;
}

void lab_instruct(lab_world *w, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    memset(w->instruction, 0, sizeof w->instruction);
    vsnprintf(w->instruction, sizeof w->instruction, format, list);
    va_end(list);
}
