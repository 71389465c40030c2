/* What holds for every level: experts and random agents, determinism, places, beginnings. */
#include "lab_test.h"
#include "lab/score.h"

enum { WIDTH = 32, HEIGHT = 24 };

static const int NOTHING[LAB_ACTIONS];

static double score_of(const lab_level *level, lab_agent agent)
{
    double sum = 0;
    for (uint64_t episode = 0; episode < 2; episode++) {
        double score;
        assert_int_equal(lab_score(level, agent, 3, episode, &score), 0);
        sum += score;
    }
    return sum;
}

static void every_expert_beats_a_random_agent(void **state)
{
    (void)state;
    const lab_level *level;
    for (int i = 0; (level = lab_level_at(i)); i++) {
        double expert = score_of(level, LAB_EXPERT), random = score_of(level, LAB_RANDOM);
        if (expert <= 0 || expert < 2 * random)
            fail_msg("%s: the expert scores %g, a random agent %g", level->name, expert, random);
    }
}

/* Everything seen and moved in some decisions of the expert. */
static uint64_t seen_by_expert(const lab_level *level, uint64_t seed)
{
    static uint8_t rgb[WIDTH * HEIGHT * 3];
    uint64_t hash = 0xCBF29CE484222325u;
    int status = 0;
    lab_world *w = world_of(level, seed);
    lab_view *view;
    assert_int_equal(lab_view_new(WIDTH, HEIGHT, false, &view), 0);
    for (int i = 0; i < 60 && lab_agent_step(LAB_EXPERT, w, NULL, &status); i++) {
        const lab_player *p = &w->player;
        lab_render(w, view);
        lab_view_rgb(view, rgb);
        hash = mixed(hash, rgb, sizeof rgb);
        hash = mixed(hash, w->instruction, sizeof w->instruction);
        hash = mixed(hash, &w->score, sizeof w->score);
        hash = mixed(hash, &p->x, sizeof p->x);
        hash = mixed(hash, &p->y, sizeof p->y);
        hash = mixed(hash, &p->yaw, sizeof p->yaw);
        for (int e = 0; e < w->entities; e++) {
            hash = mixed(hash, &w->entity[e].x, sizeof w->entity[e].x);
            hash = mixed(hash, &w->entity[e].y, sizeof w->entity[e].y);
        }
    }
    assert_int_equal(status, 0);
    lab_view_free(view);
    lab_world_free(w);
    return hash;
}

static void experts_live_the_same_again_and_else_with_another_seed(void **state)
{
    (void)state;
    const lab_level *level;
    for (int i = 0; (level = lab_level_at(i)); i++) {
        uint64_t first = seen_by_expert(level, 1);
        if (seen_by_expert(level, 1) != first)
            fail_msg("%s: not the same again", level->name);
        if (seen_by_expert(level, 2) == first)
            fail_msg("%s: the same with another seed", level->name);
    }
}

static bool stands_in_the_map(const lab_world *w)
{
    const lab_player *p = &w->player;
    if (!(p->x > 0 && p->y > 0 && p->x < (float)w->map.width && p->y < (float)w->map.height))
        return false;
    const lab_cell *cell = lab_cell_of(w, (int)p->x, (int)p->y);
    return cell->floor <= p->z + LAB_STEP && p->z + LAB_BODY <= cell->ceiling + LAB_STEP &&
           p->at.x == (int)p->x && p->at.y == (int)p->y;
}

static void random_steps_stay_in_every_map(void **state)
{
    (void)state;
    const lab_level *level;
    for (int i = 0; (level = lab_level_at(i)); i++) {
        lab_world *w = world_of(level, 4);
        ag_rng rng;
        ag_rng_init(&rng, 4, AG_PURPOSE_TEST, 0);
        for (int step = 0; step < 300 && !w->ended; step++) {
            int action[LAB_ACTIONS];
            random_action(&rng, action);
            for (int t = 0; t < 4 && !w->ended && w->tick < w->ticks; t++)
                assert_int_equal(lab_world_tick(w, action), 0);
            if (!stands_in_the_map(w))
                fail_msg("%s: at %g %g %g after step %d", level->name, (double)w->player.x,
                         (double)w->player.y, (double)w->player.z, step);
        }
        lab_world_free(w);
    }
}

/* No object lies where an episode begins. */
static void nothing_is_earned_by_standing_still(void **state)
{
    (void)state;
    const lab_level *level;
    for (int i = 0; (level = lab_level_at(i)); i++) {
        lab_world *w = world_of(level, 0);
        for (uint64_t episode = 0; episode < 60; episode++) {
            assert_int_equal(lab_world_episode(w, 5, episode), 0);
            for (int t = 0; t < 3; t++)
                assert_int_equal(lab_world_tick(w, NOTHING), 0);
            if (w->score != 0)
                fail_msg("%s: %g in episode %d", level->name, w->score, (int)episode);
        }
        lab_world_free(w);
    }
}

/* But before a screen the player always stands in one place. */
static void episodes_begin_at_different_places(void **state)
{
    (void)state;
    const lab_level *level;
    for (int i = 0; (level = lab_level_at(i)); i++) {
        lab_world *w = world_of(level, 0);
        lab_place first = w->player.at;
        int others = 0;
        for (uint64_t episode = 1; episode < 20; episode++) {
            assert_int_equal(lab_world_episode(w, 0, episode), 0);
            others += w->player.at.x != first.x || w->player.at.y != first.y;
        }
        if ((others > 5) == (level->pictures > 0))
            fail_msg("%s: %d of 19 episodes begin elsewhere", level->name, others);
        lab_world_free(w);
    }
}

/* Words of random numbers that an episode has drawn. */
static uint64_t drawn(const ag_rng *rng)
{
    return (uint64_t)rng->counter[0] * 4 - (4 - rng->used);
}

/* Levels try again what does not fit: never for long, whatever the seed. How long a reset takes is
 * the bench's to say (lab-reset-longest). */
static void resets_draw_few_numbers(void **state)
{
    (void)state;
    enum { EPISODES = 300, MOST = 100000 };
    const lab_level *level;
    for (int i = 0; (level = lab_level_at(i)); i++) {
        lab_world *w = world_of(level, 0);
        uint64_t most = 0;
        for (uint64_t seed = 0; seed < EPISODES; seed++) {
            assert_int_equal(lab_world_episode(w, seed, 0), 0);
            most = drawn(&w->rng) > most ? drawn(&w->rng) : most;
        }
        if (most > MOST)
            fail_msg("%s: %llu", level->name, (unsigned long long)most);
        lab_world_free(w);
    }
}

void test_levels(test_list *list)
{
    ADD_TEST(list, "levels", every_expert_beats_a_random_agent);
    ADD_TEST(list, "levels", experts_live_the_same_again_and_else_with_another_seed);
    ADD_TEST(list, "levels", random_steps_stay_in_every_map);
    ADD_TEST(list, "levels", episodes_begin_at_different_places);
    ADD_TEST(list, "levels", resets_draw_few_numbers);
    ADD_TEST(list, "levels", nothing_is_earned_by_standing_still);
}
