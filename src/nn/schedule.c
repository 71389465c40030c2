/* Learning-rate schedules: a warm-up, then a constant, linear, cosine or halving course. */
#include "agena/nn.h"

#include <math.h>

#define PI 3.14159265358979323846

/* How far step is on the way to the last of s->steps steps, 0 to 1. */
static double progress(const ag_schedule *s, int64_t step)
{
    if (s->steps <= 0 || step >= s->steps)
        return 1.0;
    return (double)step / (double)s->steps;
}

static double course(const ag_schedule *s, int64_t step)
{
    double base = s->base, final = s->final;
    switch (s->kind) {
    case AG_LR_LINEAR:
        return base + (final - base) * progress(s, step);
    case AG_LR_COSINE:
        return final + (base - final) * 0.5 * (1.0 + cos(PI * progress(s, step)));
    case AG_LR_HALVING:
        return s->steps > 0 ? base * exp2(-(double)(step / s->steps)) : base;
    case AG_LR_CONSTANT:
        break;
    }
    return base;
}

float ag_schedule_rate(const ag_schedule *s, int64_t step)
{
    double rate = course(s, step);
    /* The first step already moves: step 0 of a warm-up of w steps has 1/w of the rate. */
    if (step < s->warmup)
        rate *= (double)(step + 1) / (double)s->warmup;
    return (float)rate;
}
