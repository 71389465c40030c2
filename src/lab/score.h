/* Whole episodes by the scripted expert or a random agent: the scale for scores. */
#ifndef LAB_SCORE_H
#define LAB_SCORE_H

#include "lab/lab.h"

enum { LAB_REPEAT = 4 /* ticks an agent keeps an action */ };

typedef enum { LAB_RANDOM, LAB_EXPERT } lab_agent;

/* Its action for the next LAB_REPEAT ticks. The random one draws one of nine combinations: look
 * left or right, little or much; step forward, back or aside; fire. */
void lab_agent_act(lab_agent agent, lab_world *w, ag_rng *rng, int *action);
/* Act, and live through those ticks; false once the episode is over. */
bool lab_agent_step(lab_agent agent, lab_world *w, ag_rng *rng, int *status);
/* The score of one whole episode; 0 or AG_ENOMEM. */
int lab_score(const lab_level *level, lab_agent agent, uint64_t seed, uint64_t episode,
              double *score);

#endif
