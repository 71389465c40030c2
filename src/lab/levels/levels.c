/* All levels. */
#include <string.h>

#include "lab/levels/levels.h"

const lab_level *const lab_families[] = {
    lab_explore_levels,         lab_natlab_levels,
    lab_lasertag_levels,        lab_psychlab_levels,
    lab_skymaze_levels,         lab_rooms_objects_levels,
    lab_rooms_watermaze_levels, lab_rooms_keys_levels,
    lab_language_levels,        NULL,
};

const lab_level *lab_level_at(int index)
{
    for (int f = 0; index >= 0 && lab_families[f]; f++) {
        for (const lab_level *level = lab_families[f]; level->name; level++) {
            if (index-- == 0)
                return level;
        }
    }
    return NULL;
}

const lab_level *lab_level_find(const char *name)
{
    const lab_level *level;
    for (int i = 0; (level = lab_level_at(i)); i++) {
        if (strcmp(level->name, name) == 0)
            return level;
    }
    return NULL;
}
