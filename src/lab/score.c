/* Whole episodes by the scripted expert or a random agent. */
#include "lab/score.h"

#include <string.h>

static const int COMBINATIONS[9][LAB_ACTIONS] = {
    { -20 },
    { 20 },
    { -60 },
    { 60 },
    { [LAB_STRAFE] = -1 },
    { [LAB_STRAFE] = 1 },
    { [LAB_MOVE] = 1 },
    { [LAB_MOVE] = -1 },
    { [LAB_FIRE] = 1 },
};

void lab_agent_act(lab_agent agent, lab_world *w, ag_rng *rng, int *action)
{
    memset(action, 0, LAB_ACTIONS * sizeof *action);
    if (agent == LAB_EXPERT)
        lab_world_expert(w, LAB_REPEAT, action);
    else
        memcpy(action, COMBINATIONS[ag_rng_below(rng, 9)], sizeof COMBINATIONS[0]);
}

static bool over(const lab_world *w)
{
    return w->ended || w->tick >= w->ticks;
}

bool lab_agent_step(lab_agent agent, lab_world *w, ag_rng *rng, int *status)
{
    int action[LAB_ACTIONS];
    lab_agent_act(agent, w, rng, action);
    for (int i = 0; i < LAB_REPEAT && *status == 0 && !over(w); i++)
        *status = lab_world_tick(w, action);
    return *status == 0 && !over(w);
}

int lab_score(const lab_level *level, lab_agent agent, uint64_t seed, uint64_t episode,
              double *score)
{
    lab_world *w = NULL;
    ag_rng rng;
    int status = lab_world_new(level, &w);
    if (status == 0)
        status = lab_world_episode(w, seed, episode);
    ag_rng_init(&rng, seed, AG_PURPOSE_SAMPLE, episode);
    while (status == 0 && lab_agent_step(agent, w, &rng, &status))
        ;
    *score = status == 0 ? w->score : 0;
    lab_world_free(w);
    return status;
}
