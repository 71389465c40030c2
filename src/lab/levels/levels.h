/* The families of levels. */
#ifndef LAB_LEVELS_H
#define LAB_LEVELS_H

#include "lab/lab.h"

/* Arrays of levels; name NULL at the end. */
extern const lab_level lab_explore_levels[];
extern const lab_level lab_natlab_levels[];
extern const lab_level lab_lasertag_levels[];
extern const lab_level lab_psychlab_levels[];
extern const lab_level lab_skymaze_levels[];
extern const lab_level lab_language_levels[];
extern const lab_level lab_rooms_keys_levels[];
extern const lab_level lab_rooms_watermaze_levels[];
extern const lab_level lab_rooms_objects_levels[];

/* For experts: walk to an object (NULL: stand still), around those that cost something where there
 * is a way around them. */
void lab_take(lab_world *w, const lab_entity *wanted, int repeat, int *action);

#endif
