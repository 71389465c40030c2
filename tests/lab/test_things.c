/* Entities: taking, keys, pads, return, shots, opponents. */
#include "lab_test.h"

#include "lab/engine.h"

static int taken;

static void count_pickup(lab_world *w, lab_entity *e)
{
    (void)w;
    (void)e;
    taken++;
}

static int build_hall(lab_world *w)
{
    int rc =
        lab_map_text(w, "############\n#..........#\n#..........#\n############\n", NULL, 1, 1);
    if (!rc)
        lab_put_player(w, (lab_place){ 1, 1 }, 0);
    return rc;
}

static const lab_level hall = {
    .name = "hall", .seconds = 60, .build = build_hall, .pickup = count_pickup
};

static void things_are_taken_once_and_may_return(void **state)
{
    (void)state;
    lab_world *w = world_of(&hall, 1);
    taken = 0;
    lab_entity *apple = lab_add_object(w, (lab_place){ 3, 1 }, LAB_APPLE, LAB_RED, 0.4f, 2);
    apple->returns = 0;
    double reward = 0;
    for (int t = 0; t < 60; t++) {
        tick(w, 0, 0, 1);
        reward += w->reward;
    }
    assert_true(reward == 2 && w->score == 2);
    assert_int_equal(taken, 1);
    assert_true(apple->hidden);
    apple->returns = 30;
    for (int t = 0; t < 31; t++)
        tick(w, 0, 0, 0);
    assert_false(apple->hidden);
    lab_world_free(w);
}

static void one_key_at_a_time(void **state)
{
    (void)state;
    lab_world *w = world_of(&hall, 1);
    taken = 0;
    lab_add_key(w, (lab_place){ 3, 1 }, LAB_RED, 1);
    lab_entity *second = lab_add_key(w, (lab_place){ 5, 1 }, LAB_BLUE, 1);
    for (int t = 0; t < 120; t++)
        tick(w, 0, 0, 1);
    assert_int_equal(w->player.key, LAB_RED);
    assert_false(second->hidden);
    assert_true(w->score == 1);
    lab_world_free(w);
}

static void pads_move_the_player(void **state)
{
    (void)state;
    lab_world *w = world_of(&hall, 1);
    lab_add_pad(w, (lab_place){ 3, 1 }, (lab_place){ 9, 2 }, 32768);
    for (int t = 0; t < 60 && w->player.x < 8; t++)
        tick(w, 0, 0, 1);
    assert_int_equal(w->player.at.x, 9);
    assert_int_equal(w->player.at.y, 2);
    assert_int_equal(w->player.yaw, 1u << 31);
    lab_world_free(w);
}

static void slots_run_out_and_come_back(void **state)
{
    (void)state;
    lab_world *w = world_of(&hall, 1);
    lab_entity *last = NULL, *e;
    int count = 0;
    while ((e = lab_add_object(w, (lab_place){ 5, 2 }, LAB_BALL, LAB_RED, 0.3f, 0))) {
        last = e;
        count++;
    }
    assert_int_equal(count, LAB_MAX_ENTITIES);
    lab_remove(w, last);
    assert_int_equal(w->entities, LAB_MAX_ENTITIES - 1);
    lab_remove(w, &w->entity[3]);
    assert_ptr_equal(lab_add_object(w, (lab_place){ 5, 2 }, LAB_BALL, LAB_RED, 0.3f, 0),
                     &w->entity[3]);
    lab_remove_all(w);
    assert_int_equal(w->entities, 0);
    lab_world_free(w);
}

static int tagged_who, tagged_by, tags;

static void count_tag(lab_world *w, int who, int by)
{
    tagged_who = who;
    tagged_by = by;
    tags++;
    *(who < 0 ? &w->player.shield : &w->entity[who].shield) = 100;
}

static const lab_level arena = {
    .name = "arena", .seconds = 60, .build = build_hall, .tagged = count_tag
};

/* With a gadget of each kind, straight ahead: four hits of 25 use up a shield of 100. */
static void shots_hit_who_stands_ahead(void **state)
{
    (void)state;
    for (int beam = 0; beam < 2; beam++) {
        lab_world *w = world_of(&arena, 1);
        w->gadget.enabled = true;
        w->gadget.beam = beam;
        lab_add_opponent(w, (lab_place){ 8, 1 }, LAB_RED)->frozen = 10000;
        tags = 0;
        int fire[LAB_ACTIONS] = { 0, 0, 0, 0, 1, 0, 0 };
        for (int t = 0; t < 150; t++)
            assert_int_equal(lab_world_tick(w, fire), 0);
        assert_true(tags >= 1);
        assert_int_equal(tagged_who, 0);
        assert_int_equal(tagged_by, -1);
        lab_world_free(w);
    }
}

static void shots_stop_at_walls(void **state)
{
    (void)state;
    for (int beam = 0; beam < 2; beam++) {
        lab_world *w = world_of(&arena, 1);
        w->gadget.enabled = true;
        w->gadget.beam = beam;
        *lab_cell_at(w, 5, 1) = *lab_cell_at(w, 0, 0);
        lab_add_opponent(w, (lab_place){ 8, 1 }, LAB_RED)->frozen = 10000;
        tags = 0;
        int fire[LAB_ACTIONS] = { 0, 0, 0, 0, 1, 0, 0 };
        for (int t = 0; t < 200; t++)
            assert_int_equal(lab_world_tick(w, fire), 0);
        assert_int_equal(tags, 0);
        lab_world_free(w);
    }
}

/* An opponent looks every few ticks; between two looks a wall has come before it. */
static void opponents_do_not_shoot_through_walls(void **state)
{
    (void)state;
    for (int hidden = 0; hidden < 2; hidden++) {
        lab_world *w = world_of(&arena, 1);
        w->opponents_gadget.enabled = w->opponents_gadget.beam = true;
        lab_entity *e = lab_add_opponent(w, (lab_place){ 8, 1 }, LAB_RED);
        lab_move_player(w, 6.5f, 1.5f, 0);
        e->yaw = 1u << 31;
        for (int y = 1; y <= 2 && hidden; y++)
            *lab_cell_at(w, 7, y) = *lab_cell_at(w, 0, 0);
        w->tick = 1;
        e->returns = true; /* it saw the player */
        for (int shots = 0; shots < 3; shots++) {
            e->reload = 0;
            tick(w, 0, 0, 0);
        }
        if (hidden)
            assert_int_equal(w->player.shield, 100);
        else
            assert_true(w->player.shield < 100);
        lab_world_free(w);
    }
}

static void opponents_find_and_shoot_the_player(void **state)
{
    (void)state;
    lab_world *w = world_of(&arena, 1);
    w->opponents_gadget.enabled = true;
    lab_add_opponent(w, (lab_place){ 8, 1 }, LAB_RED);
    tags = 0;
    for (int t = 0; t < 1800; t++) {
        tick(w, 0, 0, 0);
        for (int i = 0; i < w->entities; i++) {
            const lab_entity *e = &w->entity[i];
            if (e->kind == LAB_OPPONENT)
                assert_true(e->x > 1 && e->x < 11 && e->y > 1 && e->y < 3);
        }
    }
    assert_true(tags >= 1);
    assert_int_equal(tagged_who, -1);
    assert_int_equal(tagged_by, 0);
    lab_world_free(w);
}

/* A disc of 100 in the player's hands changes neither the opponents' shots nor what is in the air.
 */
static void each_side_shoots_with_its_own(void **state)
{
    (void)state;
    lab_world *w = world_of(&arena, 1);
    w->opponents_gadget.enabled = true;
    lab_entity *e = lab_add_opponent(w, (lab_place){ 4, 1 }, LAB_RED);
    e->frozen = 10000;
    engine_shoot_at_player(w, e);
    w->gadget.damage = 100;
    for (int t = 0; t < 90; t++)
        tick(w, 0, 0, 0);
    assert_int_equal(w->player.shield, 75);
    w->opponents_gadget.damage = 100;
    w->gadget = (lab_gadget){ .enabled = true, .speed = 12, .reload = 20, .damage = 60 };
    int fire[LAB_ACTIONS] = { 0, 0, 0, 0, 1, 0, 0 };
    assert_int_equal(lab_world_tick(w, fire), 0);
    w->gadget.damage = 1;
    for (int t = 0; t < 90; t++)
        tick(w, 0, 0, 0);
    assert_int_equal(e->shield, 40);
    lab_world_free(w);
}

static int lights_of(const lab_world *w, float *farthest)
{
    int n = 0;
    *farthest = 0;
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *e = &w->entity[i];
        bool light = e->kind == LAB_EFFECT && e->shape == LAB_SHOT;
        n += light;
        *farthest = light && e->x > *farthest ? e->x : *farthest;
    }
    return n;
}

/* From the player at x = 1.5 to the wall at x = 5, for a moment. */
static void beams_are_seen_up_to_the_wall(void **state)
{
    (void)state;
    lab_world *w = world_of_text("######\n#P...#\n######\n");
    int fire[LAB_ACTIONS] = { 0, 0, 0, 0, 1, 0, 0 };
    float farthest;
    w->gadget.enabled = w->gadget.beam = true;
    assert_int_equal(lab_world_tick(w, fire), 0);
    assert_int_equal(lights_of(w, &farthest), 8);
    assert_true(farthest > 4.5f && farthest < 5);
    for (int i = 0; i < 8; i++)
        tick(w, 0, 0, 0);
    assert_int_equal(lights_of(w, &farthest), 0);
    lab_world_free(w);
}

void test_things(test_list *list)
{
    ADD_TEST(list, "things", things_are_taken_once_and_may_return);
    ADD_TEST(list, "things", one_key_at_a_time);
    ADD_TEST(list, "things", pads_move_the_player);
    ADD_TEST(list, "things", slots_run_out_and_come_back);
    ADD_TEST(list, "things", shots_hit_who_stands_ahead);
    ADD_TEST(list, "things", shots_stop_at_walls);
    ADD_TEST(list, "things", opponents_do_not_shoot_through_walls);
    ADD_TEST(list, "things", opponents_find_and_shoot_the_player);
    ADD_TEST(list, "things", each_side_shoots_with_its_own);
    ADD_TEST(list, "things", beams_are_seen_up_to_the_wall);
}
