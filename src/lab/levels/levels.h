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

#endif
