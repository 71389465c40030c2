/* The rules of exploring, nature, laser tag, platforms and the screen. */
#include "lab_test.h"
#include "lab/score.h"

static const int NOTHING[LAB_ACTIONS];

static void pass(lab_world *w, int ticks)
{
    for (int i = 0; i < ticks; i++)
        assert_int_equal(lab_world_tick(w, NOTHING), 0);
}

static int steps_from_player(const lab_world *w, const lab_field *field)
{
    return field->steps[w->player.at.y * w->map.width + w->player.at.x];
}

static bool reaches(const lab_world *w, const lab_entity *e)
{
    lab_field way;
    lab_field_to(w, (lab_place){ (int16_t)e->x, (int16_t)e->y }, false, NULL, &way);
    return steps_from_player(w, &way) != LAB_FAR;
}

/* ---- exploring ---- */

static uint64_t places_of_things(const lab_world *w)
{
    uint64_t hash = 0;
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *e = &w->entity[i];
        if (e->kind != LAB_OBJECT)
            continue;
        hash = mixed(hash, &e->x, sizeof e->x);
        hash = mixed(hash, &e->y, sizeof e->y);
        hash = mixed(hash, &e->shape, sizeof e->shape);
        hash = mixed(hash, &e->colour, sizeof e->colour);
    }
    return hash;
}

static void things_stay_where_they_are_after_a_restart(void **state)
{
    (void)state;
    static const char *const NAMES[] = {
        "explore_goal_locations_small",   "explore_goal_locations_large",
        "explore_object_locations_small", "explore_object_locations_large",
        "explore_object_rewards_few",     "explore_object_rewards_many"
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        lab_world *w = world_of(lab_level_find(NAMES[i]), 1);
        assert_int_equal(w->map.width, i % 2 ? 17 : 11);
        uint64_t things = places_of_things(w);
        lab_place start = w->player.at;
        int moved = 0;
        for (int t = 0; t < 5; t++) {
            for (int e = 0; e < w->entities && w->restarts == t; e++) {
                if (w->entity[e].reward > 0)
                    touch(w, &w->entity[e]);
            }
            assert_int_equal(w->restarts, t + 1);
            assert_true(places_of_things(w) == things);
            moved += w->player.at.x != start.x || w->player.at.y != start.y;
        }
        assert_true(moved > 0);
        assert_int_equal(lab_world_episode(w, 2, 0), 0);
        assert_true(places_of_things(w) != things);
        lab_world_free(w);
    }
}

static void rewards_of_exploring_are_as_described(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int tens, ones, twos, minus;
    } EXPECTED[] = { { "explore_goal_locations_small", 1, 0, 0, 0 },
                     { "explore_goal_locations_large", 1, 0, 0, 0 },
                     { "explore_obstructed_goals_small", 1, 0, 0, 0 },
                     { "explore_obstructed_goals_large", 1, 0, 0, 0 },
                     { "explore_object_locations_small", 0, 12, 0, 0 },
                     { "explore_object_locations_large", 0, 24, 0, 0 },
                     { "explore_object_rewards_few", 0, 0, 4, 4 },
                     { "explore_object_rewards_many", 0, 0, 8, 8 } };
    for (size_t i = 0; i < sizeof EXPECTED / sizeof EXPECTED[0]; i++) {
        lab_world *w = world_of(lab_level_find(EXPECTED[i].name), 3);
        assert_int_equal(count_objects(w, -1, 10), EXPECTED[i].tens);
        assert_int_equal(count_objects(w, LAB_APPLE, 1), EXPECTED[i].ones);
        assert_int_equal(count_objects(w, -1, 2), EXPECTED[i].twos);
        assert_int_equal(count_objects(w, -1, -1), EXPECTED[i].minus);
        assert_int_equal(w->entities, EXPECTED[i].tens + EXPECTED[i].ones + EXPECTED[i].twos +
                                          EXPECTED[i].minus);
        lab_world_free(w);
    }
}

/* A door among those that are open without which there is no way to e. */
static bool some_door_is_needed(lab_world *w, const lab_entity *e)
{
    bool needed = false;
    for (int i = 0; i < w->map.doors && !needed; i++) {
        if (!w->map.door[i].open)
            continue;
        lab_door_jump(w, i, false);
        needed = !reaches(w, e);
        lab_door_jump(w, i, true);
    }
    return needed;
}

static void doors_leave_a_way_to_the_goal(void **state)
{
    (void)state;
    static const char *const NAMES[] = { "explore_obstructed_goals_small",
                                         "explore_obstructed_goals_large" };
    for (int i = 0; i < 2; i++) {
        lab_world *w = world_of(lab_level_find(NAMES[i]), 1);
        int half = 0, changes = 0;
        uint64_t before = 0;
        assert_true(w->map.doors >= 4);
        for (int t = 0; t < 50; t++) {
            int shut = 0;
            uint64_t doors = 0;
            for (int d = 0; d < w->map.doors; d++) {
                shut += !w->map.door[d].open;
                doors |= (uint64_t)w->map.door[d].open << d;
            }
            const lab_entity *goal = object_of(w, LAB_GOAL);
            assert_true(reaches(w, goal));
            assert_true(shut <= w->map.doors / 2);
            assert_true(shut == w->map.doors / 2 || some_door_is_needed(w, goal));
            half += shut == w->map.doors / 2;
            changes += doors != before;
            before = doors;
            lab_restart(w);
            pass(w, 1);
        }
        assert_true(half > 5 && changes > 40);
        lab_world_free(w);
    }
}

/* ---- nature ---- */

static uint64_t land_of(const lab_world *w)
{
    uint64_t hash = places_of_things(w);
    for (int i = 0; i < w->map.width * w->map.height; i++)
        hash = mixed(hash, &w->map.cell[i].floor, sizeof w->map.cell[i].floor);
    return hash;
}

static void the_fixed_land_is_the_same_for_all_seeds(void **state)
{
    (void)state;
    lab_world *fixed = world_of(lab_level_find("natlab_fixed_large_map"), 0);
    lab_world *other = world_of(lab_level_find("natlab_varying_map_randomized"), 0);
    uint64_t land = land_of(fixed), random = land_of(other);
    unsigned skies = 0;
    int moved = 0;
    lab_place start = fixed->player.at;
    for (uint64_t seed = 1; seed < 20; seed++) {
        assert_int_equal(lab_world_episode(fixed, seed, seed % 3), 0);
        assert_true(land_of(fixed) == land);
        skies |= 1u << fixed->map.sky;
        moved += fixed->player.at.x != start.x || fixed->player.at.y != start.y;
        assert_int_equal(lab_world_episode(other, seed, 0), 0);
        assert_true(land_of(other) != random);
    }
    assert_int_equal(skies, (1u << LAB_SKIES) - 1);
    assert_true(moved > 10);
    lab_world_free(fixed);
    lab_world_free(other);
}

/* Ticks until a mushroom that was taken shows again; at most two minutes. */
static int ticks_to_regrow(const char *name)
{
    lab_world *w = world_of(lab_level_find(name), 1);
    lab_entity *e = object_of(w, LAB_MUSHROOM);
    float x = w->player.x, y = w->player.y;
    assert_true(e->reward == 1);
    touch(w, e);
    assert_true(e->hidden && w->score == 1);
    lab_move_player(w, x, y, -1);
    int ticks = 0;
    for (; e->hidden && ticks < 7000; ticks++)
        pass(w, 1);
    lab_world_free(w);
    return ticks;
}

static void mushrooms_regrow_after_a_minute_in_one_level(void **state)
{
    (void)state;
    int ticks = ticks_to_regrow("natlab_varying_map_regrowth");
    assert_in_range(ticks, 3590, 3610);
    assert_int_equal(ticks_to_regrow("natlab_fixed_large_map"), 7000);
    assert_int_equal(ticks_to_regrow("natlab_varying_map_randomized"), 7000);
}

/* A scale that ends before the time does would tell good from better no more. */
static void mushrooms_last_as_long_as_the_time(void **state)
{
    (void)state;
    static const char *const NAMES[] = { "natlab_fixed_large_map", "natlab_varying_map_regrowth",
                                         "natlab_varying_map_randomized" };
    for (int i = 0; i < 3; i++) {
        lab_world *w = world_of(lab_level_find(NAMES[i]), 1);
        double before = 0;
        int status = 0;
        while (lab_agent_step(LAB_EXPERT, w, NULL, &status))
            before = w->tick < 105 * LAB_TICKS ? w->score : before;
        assert_true(before > 20 && w->score > before);
        lab_world_free(w);
    }
}

/* ---- laser tag ---- */

static int opponents_of(const lab_world *w)
{
    int n = 0;
    for (int i = 0; i < w->entities; i++)
        n += w->entity[i].kind == LAB_OPPONENT;
    return n;
}

static lab_world *without_opponents(void)
{
    lab_world *w = world_of(lab_level_find("lasertag_one_opponent_large"), 1);
    for (int i = 0; i < w->entities; i++) {
        if (w->entity[i].kind == LAB_OPPONENT)
            lab_remove(w, &w->entity[i]);
    }
    return w;
}

static void shields_drop_from_125_to_100(void **state)
{
    (void)state;
    lab_world *w = without_opponents();
    assert_int_equal(w->player.shield, 125);
    pass(w, 24 * LAB_TICKS);
    assert_int_equal(w->player.shield, 101);
    pass(w, 26 * LAB_TICKS);
    assert_int_equal(w->player.shield, 100);
    lab_entity *shield = object_of(w, LAB_SHIELD);
    touch(w, shield);
    assert_in_range(w->player.shield, 124, 125);
    assert_true(w->score == 0);
    lab_world_free(w);
}

static void gadgets_change_the_shots(void **state)
{
    (void)state;
    lab_world *w = without_opponents();
    int beams = 0, discs = 0;
    for (int i = 0; i < w->entities; i++) {
        lab_entity *e = &w->entity[i];
        if (e->kind != LAB_OBJECT || e->shape != LAB_GADGET)
            continue;
        touch(w, e);
        *(w->gadget.beam ? &beams : &discs) += 1;
    }
    assert_true(beams > 0 && discs > 0);
    assert_true(w->opponents_gadget.enabled && w->opponents_gadget.beam);
    w->level->tagged(w, -1, 0);
    assert_true(w->gadget.beam);
    lab_world_free(w);
}

static void tags_pay_one_and_both_respawn(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int side, opponents;
    } LEVELS[] = { { "lasertag_one_opponent_small", 11, 1 },
                   { "lasertag_three_opponents_small", 11, 3 },
                   { "lasertag_one_opponent_large", 21, 1 },
                   { "lasertag_three_opponents_large", 21, 3 } };
    for (size_t i = 0; i < sizeof LEVELS / sizeof LEVELS[0]; i++) {
        lab_world *w = world_of(lab_level_find(LEVELS[i].name), 1);
        assert_int_equal(w->map.width, LEVELS[i].side);
        assert_int_equal(opponents_of(w), LEVELS[i].opponents);
        lab_entity *e = w->entity;
        while (e->kind != LAB_OPPONENT)
            e++;
        float x = e->x, y = e->y;
        e->shield = 0;
        w->reward = 0;
        w->level->tagged(w, lab_entity_index(w, e), -1);
        assert_true(w->reward == 1 && e->shield == 100 && (e->x != x || e->y != y));
        x = w->player.x;
        y = w->player.y;
        w->player.shield = 0;
        w->level->tagged(w, -1, lab_entity_index(w, e));
        assert_true(w->reward == 1 && w->player.shield == 125);
        assert_true(lab_distance(x, y, w->player.x, w->player.y) > 1);
        lab_world_free(w);
    }
}

/* ---- platforms ---- */

static void drops_lead_to_the_goal_and_not_from_everywhere(void **state)
{
    (void)state;
    static const char *const NAMES[] = { "skymaze_irreversible_path_hard",
                                         "skymaze_irreversible_path_varied" };
    for (int i = 0; i < 2; i++) {
        lab_world *w = world_of(lab_level_find(NAMES[i]), 0);
        int lost_somewhere = 0;
        for (uint64_t seed = 0; seed < 20; seed++) {
            assert_int_equal(lab_world_episode(w, seed, 0), 0);
            const lab_entity *goal = object_of(w, LAB_GOAL);
            lab_field way, back;
            lab_place places[LAB_MAX_CELLS], start = w->player.at;
            assert_true(goal->reward == 100);
            lab_field_to(w, (lab_place){ (int16_t)goal->x, (int16_t)goal->y }, false, NULL, &way);
            lab_field_to(w, start, false, NULL, &back);
            assert_true(steps_from_player(w, &way) != LAB_FAR);
            assert_int_equal(back.steps[(int)goal->y * w->map.width + (int)goal->x], LAB_FAR);
            int count = lab_places(w, -1, 0, places, LAB_MAX_CELLS), lost = 0;
            for (int p = 0; p < count; p++)
                lost += way.steps[places[p].y * w->map.width + places[p].x] == LAB_FAR;
            assert_true(lost > 0 || i == 1);
            lost_somewhere += lost > 0;
        }
        assert_true(lost_somewhere > 0);
        touch(w, object_of(w, LAB_GOAL));
        assert_true(w->ended && w->score == 100);
        lab_world_free(w);
    }
}

/* ---- the screen ---- */

static const struct {
    const char *name;
    int trials;
    bool low; /* buttons */
} SCREENS[] = { { "psychlab_arbitrary_visuomotor_mapping", 60, false },
                { "psychlab_continuous_recognition", 60, false },
                { "psychlab_sequential_comparison", 60, false },
                { "psychlab_visual_search", 80, true } };
enum { SCREENS_COUNT = sizeof SCREENS / sizeof SCREENS[0] };

static void trials_pay_one_and_are_counted(void **state)
{
    (void)state;
    for (int i = 0; i < SCREENS_COUNT; i++) {
        lab_world *w = world_of(lab_level_find(SCREENS[i].name), 1);
        while (!w->ended && w->tick < w->ticks) {
            int action[LAB_ACTIONS];
            lab_world_expert(w, 1, action);
            assert_int_equal(lab_world_tick(w, action), 0);
            assert_true(w->reward == 0 || w->reward == 1);
        }
        assert_true(w->score == SCREENS[i].trials);
        assert_true(w->ended);
        lab_world_free(w);
    }
}

/* Who looks at the cross and to the left in turn, whatever is shown, is right some of the time. */
static void guessing_is_half_right(void **state)
{
    (void)state;
    for (int i = 1; i < SCREENS_COUNT; i++) {
        lab_world *w = world_of(lab_level_find(SCREENS[i].name), 1);
        while (!w->ended && w->tick < w->ticks) {
            int action[LAB_ACTIONS] = { 0 };
            bool left = w->tick / 45 % 2;
            lab_look_panel(w, 0, left ? 0.14f : 0.5f, left && SCREENS[i].low ? 0.86f : 0.5f, 1,
                           action);
            assert_int_equal(lab_world_tick(w, action), 0);
        }
        assert_true(w->score > 0.25 * SCREENS[i].trials && w->score < 0.75 * SCREENS[i].trials);
        lab_world_free(w);
    }
}

static void the_player_stays_before_the_screen(void **state)
{
    (void)state;
    for (int i = 0; i < SCREENS_COUNT; i++) {
        lab_world *w = world_of(lab_level_find(SCREENS[i].name), 1);
        float x = w->player.x, y = w->player.y;
        for (int t = 0; t < 120; t++)
            tick(w, t % 7 - 3, t / 30 % 2 ? 1 : -1, t / 20 % 2 ? 1 : -1);
        assert_true(lab_distance(x, y, w->player.x, w->player.y) < 0.01f);
        lab_world_free(w);
    }
}

void test_families(test_list *list)
{
    ADD_TEST(list, "explore", things_stay_where_they_are_after_a_restart);
    ADD_TEST(list, "explore", rewards_of_exploring_are_as_described);
    ADD_TEST(list, "explore", doors_leave_a_way_to_the_goal);
    ADD_TEST(list, "natlab", the_fixed_land_is_the_same_for_all_seeds);
    ADD_TEST(list, "natlab", mushrooms_regrow_after_a_minute_in_one_level);
    ADD_TEST(list, "natlab", mushrooms_last_as_long_as_the_time);
    ADD_TEST(list, "lasertag", shields_drop_from_125_to_100);
    ADD_TEST(list, "lasertag", gadgets_change_the_shots);
    ADD_TEST(list, "lasertag", tags_pay_one_and_both_respawn);
    ADD_TEST(list, "skymaze", drops_lead_to_the_goal_and_not_from_everywhere);
    ADD_TEST(list, "psychlab", trials_pay_one_and_are_counted);
    ADD_TEST(list, "psychlab", guessing_is_half_right);
    ADD_TEST(list, "psychlab", the_player_stays_before_the_screen);
}
