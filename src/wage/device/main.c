/* An example: learns two made-up pictures, then tells them apart. Put your camera or radio in place
 * of `look`. */
#include "wage_device.h"

static uint8_t picture[WAGE_PICTURE];

/* Stripes: dark to the left of the middle, or to the right. */
static void look(int32_t label)
{
    int32_t i;
    for (i = 0; i < WAGE_PICTURE; i++)
        picture[i] = (uint8_t)((i % 16 < 8) == (label == 0) ? 0 : 255);
}

#if WAGE_BATCH > 0
static wage_learner net;

int main(void)
{
    int8_t outputs[WAGE_CLASSES];
    int32_t step, slot;
    wage_start(&net, WAGE_SEED);
    for (step = 0; step < 40; step++) {
        for (slot = 0; slot < WAGE_BATCH; slot++) {
            look((step + slot) % 2);
            wage_put(&net, slot, picture, (uint8_t)((step + slot) % 2));
        }
        wage_step(&net, WAGE_BATCH, 1, (uint64_t)step);
    }
    look(1);
    wage_predict(&net, picture, outputs);
    return wage_class(outputs) == 1 ? 0 : 1;
}
#else
static wage_runner net;

int main(void)
{
    int8_t outputs[WAGE_CLASSES];
    look(1);
    wage_run(&net, picture, outputs);
    return wage_class(outputs);
}
#endif
