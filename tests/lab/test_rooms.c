/* The rules of the rooms' levels: what is good where, keys, pads, the pool. */
#include "lab/score.h"
#include "lab_test.h"

static const int NOTHING[LAB_ACTIONS];

/* ---- good objects ---- */

/* The shape that is good, and the floor's colour, in an episode. */
static void collect_episode(lab_world *w, uint64_t seed, int *shape, uint32_t *tint)
{
    assert_int_equal(lab_world_episode(w, seed, 0), 0);
    assert_int_equal(count_objects(w, -1, 1), 10);
    assert_int_equal(count_objects(w, -1, -1), 10);
    for (int i = 0; i < w->entities; i++) {
        if (w->entity[i].reward > 0)
            *shape = w->entity[i].shape;
    }
    *tint = w->map.material[lab_cell_at(w, 5, 3)->floor_material].tint;
}

static void hats_meet_the_other_colours_in_the_test_only(void **state)
{
    (void)state;
    lab_world *train = world_of(lab_level_find("rooms_collect_good_objects_train"), 0);
    lab_world *test = world_of(lab_level_find("rooms_collect_good_objects_test"), 0);
    int shape, cakes_in[2] = { 0, 0 };
    uint32_t tint, hats = 0, others;
    collect_episode(test, 0, &shape, &others);
    for (uint64_t seed = 0; seed < 40; seed++) {
        collect_episode(test, seed, &shape, &tint);
        assert_int_equal(shape, LAB_HAT);
        assert_true(tint == others);
        collect_episode(train, seed, &shape, &tint);
        assert_true(shape == LAB_HAT || shape == LAB_CAKE);
        if (shape == LAB_CAKE) {
            cakes_in[tint == others]++;
        } else {
            assert_true(tint != others && (hats == 0 || hats == tint));
            hats = tint;
        }
    }
    assert_true(hats != 0 && cakes_in[0] > 0 && cakes_in[1] > 0);
    lab_world_free(train);
    lab_world_free(test);
}

static void ten_pickups_end_it(void **state)
{
    (void)state;
    lab_world *w = world_of(lab_level_find("rooms_collect_good_objects_train"), 1);
    int taken = 0;
    for (int i = 0; i < w->entities && !w->ended; i++) {
        double before = w->score;
        touch(w, &w->entity[i]);
        assert_true(w->entity[i].hidden);
        taken = count_taken(w);
        assert_true(w->score != before);
        assert_int_equal(w->ended, taken >= 10);
    }
    assert_true(w->ended);
    lab_world_free(w);
}

/* ---- deferred effects ---- */

static uint32_t floor_tint(lab_world *w)
{
    return w->map.material[lab_cell_at(w, 2, 2)->floor_material].tint;
}

static void boxes_pay_later(void **state)
{
    (void)state;
    lab_world *w = world_of(lab_level_find("rooms_exploit_deferred_effects_train"), 0);
    int alone = 0, shut = 0, open = 0;
    uint32_t dark = 0, bright = 0;
    for (uint64_t seed = 0; seed < 30; seed++) {
        assert_int_equal(lab_world_episode(w, seed, 0), 0);
        int boxes = count_objects(w, LAB_BOX, -3), cakes = count_objects(w, LAB_CAKE, 10);
        assert_int_equal(count_objects(w, LAB_APPLE, 1), 10);
        bool is_open = w->map.doors && w->map.door[0].open;
        assert_true((boxes == 1 && cakes == 0) || (boxes == 0 && cakes == 10));
        assert_int_equal(w->map.doors, boxes ? 0 : 1);
        assert_true(!boxes || !lab_standable(w, 7, 3));
        *(is_open ? &bright : &dark) = floor_tint(w);
        *(boxes ? &alone : is_open ? &open : &shut) += 1;
    }
    assert_true(alone > 0 && shut > 0 && open > 0 && dark != bright);
    lab_world_free(w);

    w = world_of(lab_level_find("rooms_exploit_deferred_effects_test"), 1);
    assert_int_equal(count_objects(w, LAB_CAKE, 10), 10);
    lab_entity *box = object_of(w, LAB_BOX);
    assert_true(!w->map.door[0].open && floor_tint(w) == dark);
    touch(w, box);
    assert_true(w->map.door[0].open && floor_tint(w) == bright);
    lab_world_free(w);
}

/* ---- the object that does not match ---- */

static bool alike(const lab_entity *a, const lab_entity *b)
{
    return a->shape == b->shape && a->colour == b->colour;
}

static void the_other_object_is_right(void **state)
{
    (void)state;
    lab_world *w = world_of(lab_level_find("rooms_select_nonmatching_object"), 1);
    for (int round = 0; round < 20; round++) {
        lab_entity *shown = NULL, *pad = NULL, *good = NULL, *bad = NULL;
        for (int i = 0; i < w->entities; i++) {
            lab_entity *e = &w->entity[i];
            lab_entity **kind = e->kind == LAB_TELEPORT ? &pad
                                : !e->touch             ? &shown
                                : e->reward > 0         ? &good
                                                        : &bad;
            *kind = e;
        }
        assert_true(shown && pad && good && bad);
        assert_true(alike(shown, bad) && !alike(shown, good));
        assert_true(pad->reward == 1 && good->reward == 10 && bad->reward == -10);
        lab_field way;
        lab_place goal = { (int16_t)good->x, (int16_t)good->y };
        lab_field_to(w, goal, true, NULL, &way);
        assert_int_equal(way.steps[w->player.at.y * w->map.width + w->player.at.x], LAB_FAR);
        touch(w, pad);
        assert_true(way.steps[w->player.at.y * w->map.width + w->player.at.x] != LAB_FAR);
        touch(w, round % 2 ? good : bad);
        assert_int_equal(w->restarts, round + 1);
        assert_true(w->score == (round % 2 ? round + 1 : round + 1 - 10));
    }
    lab_world_free(w);
}

/* ---- keys and doors ---- */

enum { KEYS = 4, CLOSETS = 6 };

/* The puzzle in short: keys lie in the hall (-1) or behind a door. */
typedef struct {
    int colour[KEYS], behind[KEYS], lock[CLOSETS], goal;
} puzzle;

static int door_before(const lab_world *w, const lab_entity *e)
{
    for (int i = 0; i < w->map.doors; i++) {
        lab_place p = w->map.door[i].place;
        bool above = p.y < w->map.height / 2;
        if ((int)e->x / 4 == p.x / 4 && (above ? e->y < (float)p.y : e->y > (float)p.y))
            return i;
    }
    return -1;
}

static puzzle puzzle_of(const lab_world *w)
{
    puzzle p = { .goal = -1 };
    int keys = 0;
    assert_int_equal(w->map.doors, CLOSETS);
    for (int i = 0; i < CLOSETS; i++)
        p.lock[i] = w->map.door[i].colour;
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *e = &w->entity[i];
        if (e->kind == LAB_KEY_OBJECT) {
            assert_true(keys < KEYS && e->reward == 1);
            p.colour[keys] = e->colour;
            p.behind[keys++] = door_before(w, e);
        } else if (e->reward == 50) {
            p.goal = door_before(w, e);
        }
    }
    assert_int_equal(keys, KEYS);
    assert_true(p.goal >= 0);
    return p;
}

/* Whether the goal can be reached: keys taken, doors open, colour carried (-1: none). */
static bool solvable(const puzzle *p, unsigned taken, unsigned open, int carried)
{
    if (open >> p->goal & 1)
        return true;
    for (int i = 0; carried < 0 && i < KEYS; i++) {
        bool there = p->behind[i] < 0 || open >> p->behind[i] & 1;
        if (there && !(taken >> i & 1) && solvable(p, taken | 1u << i, open, p->colour[i]))
            return true;
    }
    for (int i = 0; carried >= 0 && i < CLOSETS; i++) {
        if (!(open >> i & 1) && p->lock[i] == carried && solvable(p, taken, open | 1u << i, -1))
            return true;
    }
    return false;
}

static void a_wrong_door_hides_the_goal(void **state)
{
    (void)state;
    lab_world *w = world_of(lab_level_find("rooms_keys_doors_puzzle"), 0);
    for (uint64_t seed = 0; seed < 30; seed++) {
        assert_int_equal(lab_world_episode(w, seed, 0), 0);
        puzzle p = puzzle_of(w);
        int in_hall = 0, right = 0, wrong = 0;
        for (int i = 1; i < KEYS; i++) {
            if (p.behind[i] < 0)
                in_hall = i;
        }
        for (int i = 0; i < CLOSETS; i++) {
            if (p.lock[i] == p.colour[in_hall])
                *(solvable(&p, 1u << in_hall, 1u << i, -1) ? &right : &wrong) += 1;
        }
        assert_true(p.behind[in_hall] < 0 && solvable(&p, 0, 0, -1));
        assert_int_equal(right, 1);
        assert_int_equal(wrong, 1);
    }
    lab_world_free(w);
}

/* Three keys and the goal: who takes the key in the hall does not run into a door by it. */
static void experts_always_reach_the_goal(void **state)
{
    (void)state;
    for (uint64_t episode = 0; episode < 100; episode++) {
        double score;
        assert_int_equal(
            lab_score(lab_level_find("rooms_keys_doors_puzzle"), LAB_EXPERT, 1, episode, &score),
            0);
        assert_true(score == 53);
    }
}

/* ---- the pool ---- */

static void the_platform_pays_five_a_visit_and_stays(void **state)
{
    (void)state;
    lab_world *w = world_of(lab_level_find("rooms_watermaze"), 1);
    float x = 0, y = 0;
    int visits = 0, paid = 0;
    while (visits < 6 && w->tick < w->ticks) {
        int action[LAB_ACTIONS];
        lab_world_expert(w, 1, action);
        lab_place before = w->player.at;
        assert_int_equal(lab_world_tick(w, action), 0);
        paid += w->reward == 1;
        assert_true(w->reward == 0 || w->reward == 1);
        if (w->restarts == visits) {
            assert_true(paid < 5);
            continue;
        }
        visits++;
        assert_int_equal(paid, 5);
        assert_true(visits == 1 || lab_distance(x, y, before.x, before.y) < 1.5f);
        assert_true(lab_distance(w->player.x, w->player.y, before.x, before.y) > 2);
        x = before.x;
        y = before.y;
        paid = 0;
    }
    assert_int_equal(visits, 6);
    assert_int_equal(lab_world_tick(w, NOTHING), 0);
    assert_true(w->reward == 0);
    lab_world_free(w);
}

/* Without something to know directions by, the platform cannot be remembered. */
static void the_pool_has_landmarks_on_every_wall(void **state)
{
    (void)state;
    lab_world *w = world_of(lab_level_find("rooms_watermaze"), 1);
    unsigned colours = 0, on_side[4] = { 0 };
    for (int i = 0; i < w->map.panels; i++) {
        const lab_panel *panel = &w->map.panel[i];
        assert_true(panel->low > lab_cell_at(w, 1, 1)->floor);
        assert_true(panel->high < lab_cell_at(w, 1, 1)->ceiling);
        colours |= 1u << panel->colour;
        on_side[panel->side]++;
    }
    assert_int_equal(colours, (1u << LAB_COLOURS) - 1);
    for (int side = 0; side < 4; side++)
        assert_int_equal(on_side[side], 2);
    lab_world_free(w);
}

void test_rooms(test_list *list)
{
    ADD_TEST(list, "rooms", hats_meet_the_other_colours_in_the_test_only);
    ADD_TEST(list, "rooms", ten_pickups_end_it);
    ADD_TEST(list, "rooms", boxes_pay_later);
    ADD_TEST(list, "rooms", the_other_object_is_right);
    ADD_TEST(list, "rooms", a_wrong_door_hides_the_goal);
    ADD_TEST(list, "rooms", experts_always_reach_the_goal);
    ADD_TEST(list, "rooms", the_platform_pays_five_a_visit_and_stays);
    ADD_TEST(list, "rooms", the_pool_has_landmarks_on_every_wall);
}
