/* First-order pre-emphasis and its inverse. */
#include "agena/audio.h"

void ag_preemphasis(float *samples, int64_t count, float amount)
{
    float before = 0;
    for (int64_t i = 0; amount != 0 && i < count; i++) {
        float now = samples[i];
        samples[i] = now - amount * before;
        before = now;
    }
}

void ag_deemphasis(float *samples, int64_t count, float amount, float *last)
{
    for (int64_t i = 0; amount != 0 && i < count; i++) {
        samples[i] += amount * *last;
        *last = samples[i];
    }
}
