/* What experts of several families do: fetch one object and leave others alone. */
#include "lab/levels/levels.h"

/* Mark the cells of what costs something; false if there is none. */
static bool mark_bad(const lab_world *w, const lab_entity *wanted, uint8_t *avoid)
{
    bool any = false;
    for (int i = 0; i < w->entities; i++) {
        const lab_entity *e = &w->entity[i];
        if (e->kind == LAB_OBJECT && e->touch && !e->hidden && e->reward < 0 && e != wanted) {
            avoid[(int)e->y * w->map.width + (int)e->x] = 1;
            any = true;
        }
    }
    return any;
}

void lab_take(lab_world *w, const lab_entity *wanted, int repeat, int *action)
{
    if (!wanted)
        return;
    uint8_t avoid[LAB_MAX_CELLS] = { 0 };
    bool around = mark_bad(w, wanted, avoid);
    if (around) {
        lab_field way;
        lab_field_to(w, (lab_place){ (int16_t)wanted->x, (int16_t)wanted->y }, false, avoid, &way);
        around = way.steps[w->player.at.y * w->map.width + w->player.at.x] != LAB_FAR;
    }
    lab_walk(w, wanted->x, wanted->y, 0, around ? avoid : NULL, repeat, action);
}
