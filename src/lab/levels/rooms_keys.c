/* Keys and doors: a key opens one door of its colour and is gone, and only one can be carried. The
 * doors are low, so that one sees what lies behind them: whoever opens the wrong one is stuck. The
 * walls are always the same; which closet holds what, and colours, are drawn anew. */
#include "lab/levels/levels.h"

enum { CLOSETS = 6, CHAIN = 3, HALL_Y = 5 };

static const float LOW_DOOR = 0.4f;

/* Doors at '+', closets above and below the hall. */
static const char HALL[] = "###########\n"
                           "#..#...#..#\n"
                           "#..#...#..#\n"
                           "#+###+###+#\n"
                           "#.........#\n"
                           "#.........#\n"
                           "#.........#\n"
                           "#+###+###+#\n"
                           "#..#...#..#\n"
                           "#..#...#..#\n"
                           "###########\n";
static const lab_place DOOR[CLOSETS] = {
    { 1, 3 }, { 5, 3 }, { 9, 3 }, { 1, 7 }, { 5, 7 }, { 9, 7 }
};

typedef struct {
    int closet[CHAIN]; /* whose doors lead to the goal, in order; doors have these numbers */
    int done;          /* doors of the chain that are open */
} keys_state;

static keys_state *state_of(lab_world *w)
{
    return (keys_state *)w->state;
}

static lab_place inside(int closet)
{
    lab_place p = DOOR[closet];
    p.y = (int16_t)(p.y < HALL_Y ? p.y - 1 : p.y + 1);
    return p;
}

static lab_place before(int closet)
{
    lab_place p = DOOR[closet];
    p.y = (int16_t)(p.y < HALL_Y ? p.y + 1 : p.y - 1);
    return p;
}

static void put_key(lab_world *w, lab_place place, int colour)
{
    lab_entity *key = lab_add_key(w, place, (lab_colour)colour, 1);
    if (key)
        key->z += 0.2f; /* seen over a door */
}

/* The chain: a key in the middle of the hall, so that nobody runs into a door by taking it; behind
 * its door the next key, and so on to the goal. Beside it two doors that those keys open as well,
 * and nothing that helps behind them. */
static void fill(lab_world *w)
{
    keys_state *s = state_of(w);
    int closet[CLOSETS], colour[LAB_COLOURS];
    for (int i = 0; i < CLOSETS; i++)
        closet[i] = i;
    for (int i = 0; i < LAB_COLOURS; i++)
        colour[i] = i;
    lab_shuffle_ints(w, closet, CLOSETS);
    lab_shuffle_ints(w, colour, LAB_COLOURS);
    /* Locks by closet: three of the chain, two that look alike, one whose key is a trap's. */
    const int lock[CLOSETS] = { colour[0], colour[1], colour[2], colour[0], colour[1], colour[3] };
    int lock_of[CLOSETS];
    for (int i = 0; i < CLOSETS; i++)
        lock_of[closet[i]] = lock[i];
    for (int i = 0; i < CLOSETS; i++) {
        int door = lab_door_add(w, DOOR[i], lock_of[i], false);
        if (door < 0)
            continue;
        w->map.door[door].high = w->map.door[door].low + LOW_DOOR;
        lab_door_jump(w, door, false);
    }
    for (int i = 0; i < CHAIN; i++)
        s->closet[i] = closet[i];
    put_key(w, (lab_place){ (int16_t)(3 + lab_below(w, 5)), HALL_Y }, colour[0]);
    put_key(w, inside(closet[0]), colour[1]);
    put_key(w, inside(closet[1]), colour[2]);
    put_key(w, inside(closet[3]), colour[3]);
    lab_entity *goal = lab_add_object(w, inside(closet[2]), LAB_GOAL, LAB_GREEN, 0.6f, 50);
    if (goal)
        goal->z += 0.2f;
}

static int build(lab_world *w)
{
    int rc = lab_map_text(w, HALL, NULL, 1, 1);
    if (rc)
        return rc;
    lab_paint(w, -1, lab_theme_of(w, lab_below(w, LAB_THEMES)));
    fill(w);
    lab_place start = { (int16_t)(1 + lab_below(w, 9)), HALL_Y - 1 };
    start.y = (int16_t)(start.y + 2 * lab_below(w, 2));
    lab_put_player(w, start, -1);
    return 0;
}

static void door(lab_world *w, int index)
{
    keys_state *s = state_of(w);
    if (s->done < CHAIN && index == s->closet[s->done])
        s->done++;
}

static void pickup(lab_world *w, lab_entity *e)
{
    if (e->shape == LAB_GOAL)
        lab_end(w);
}

/* With a key to the next door of the chain, else to the next key or the goal. */
static void expert(lab_world *w, int repeat, int *action)
{
    const keys_state *s = state_of(w);
    const lab_player *p = &w->player;
    if (p->key >= 0 && s->done < CHAIN) {
        lab_place stand = before(s->closet[s->done]), way = DOOR[s->closet[s->done]];
        if (p->at.x == stand.x && p->at.y == stand.y)
            action[LAB_MOVE] =
                lab_look(w, lab_middle(way.x), lab_middle(way.y), p->z + LAB_EYE, repeat, action);
        else
            lab_walk(w, lab_middle(stand.x), lab_middle(stand.y), 0, NULL, repeat, action);
        return;
    }
    const lab_entity *wanted = lab_nearest_good(w);
    if (wanted)
        lab_walk(w, wanted->x, wanted->y, 0, NULL, repeat, action);
}

const lab_level lab_rooms_keys_levels[] = {
    { .name = "rooms_keys_doors_puzzle",
      .summary = "open doors in an order that leads to the goal",
      .seconds = 60,
      .build = build,
      .door = door,
      .pickup = pickup,
      .expert = expert },
    { .name = NULL },
};
