/* What the engine's files share and levels do not need. */
#ifndef LAB_ENGINE_H
#define LAB_ENGINE_H

#include "lab/lab.h"

/* One pixel of LOOK turns by this: 57 of them, 60 times, make 2^32. */
#define LAB_PIXEL 1255839

/* ---- movement (physics.c) ---- */

/* A body at height z cannot be in this cell. */
bool engine_blocks(const lab_cell *cell, float z);
/* Keep a circle of LAB_RADIUS at height z out of what blocks; the velocity loses what goes into it.
 * Returns the index of a shut door that was touched, else -1. */
int engine_push_out(const lab_world *w, float *x, float *y, float z, float *vx, float *vy);
/* The highest floor under a circle at height z that it can stand on. */
float engine_ground(const lab_world *w, float x, float y, float z);
void engine_move_player(lab_world *w);
void engine_move_doors(lab_world *w);

/* ---- entities (entities.c, opponents.c, shots.c) ---- */

void engine_entities(lab_world *w);
void engine_opponent(lab_world *w, lab_entity *e);
void engine_projectile(lab_world *w, lab_entity *e);
void engine_fire(lab_world *w);
void engine_shoot_at_player(lab_world *w, lab_entity *e);
/* Someone is hit: -1 the player, else the index of an opponent. */
void engine_hit(lab_world *w, int who, int by, int damage);
/* Mark the cells of solid entities. */
void engine_mark_solid(const lab_world *w, uint8_t *cells);
lab_entity *engine_slot(lab_world *w);

/* A body may go from cell a to its neighbour b. */
bool engine_passes(const lab_world *w, const lab_cell *a, const lab_cell *b, bool through_doors);

#endif
