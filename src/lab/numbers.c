/* Sines, directions, chance: the arithmetic of the world, equal on every machine. */
#include <float.h>
#include <math.h>

#include "lab/lab.h"

#if FLT_EVAL_METHOD != 0
#error "the world needs float arithmetic without excess precision"
#endif

/* Sine and cosine of an angle within an eighth of a turn: Taylor polynomials, good to 2e-7. */
static float small_sin(float a)
{
    float q = a * a;
    return a * (1.0f + q * (-1.0f / 6 + q * (1.0f / 120 + q * (-1.0f / 5040))));
}

static float small_cos(float a)
{
    float q = a * a;
    return 1.0f + q * (-0.5f + q * (1.0f / 24 + q * (-1.0f / 720 + q * (1.0f / 40320))));
}

float lab_sin(uint32_t turn)
{
    uint32_t quarter = (turn + (1u << 29)) >> 30;
    float a = (float)(int32_t)(turn - (quarter << 30)) * (6.283185307f / 4294967296.0f);
    switch (quarter & 3) {
    case 0:
        return small_sin(a);
    case 1:
        return small_cos(a);
    case 2:
        return -small_sin(a);
    default:
        return -small_cos(a);
    }
}

float lab_cos(uint32_t turn)
{
    return lab_sin(turn + (1u << 30));
}

/* The arc tangent of 0..1 in turns of 2^32: the minimax polynomial of degree 11, good to 1e-5. */
static uint32_t small_direction(float a)
{
    float q = a * a;
    float angle = 0.05265332f - q * 0.01172120f;
    angle = -0.11643287f + q * angle;
    angle = 0.19354346f + q * angle;
    angle = -0.33262347f + q * angle;
    angle = a * (0.99997726f + q * angle);
    return (uint32_t)(angle * (4294967296.0f / 6.283185307f));
}

uint32_t lab_direction(float dx, float dy)
{
    float ax = fabsf(dx), ay = fabsf(dy);
    if (ax + ay < 1e-12f)
        return 0;
    uint32_t turn = ax >= ay ? small_direction(ay / ax) : (1u << 30) - small_direction(ax / ay);
    if (dx < 0)
        turn = (1u << 31) - turn;
    return dy < 0 ? 0u - turn : turn;
}

float lab_distance(float x0, float y0, float x1, float y1)
{
    float dx = x1 - x0, dy = y1 - y0;
    return sqrtf(dx * dx + dy * dy);
}

int lab_below(lab_world *w, int n)
{
    return n <= 1 ? 0 : (int)ag_rng_below(&w->rng, (uint64_t)n);
}

bool lab_chance(lab_world *w, float probability)
{
    return ag_rng_uniform(&w->rng) < probability;
}

void lab_shuffle_ints(lab_world *w, int *values, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int j = lab_below(w, i + 1), held = values[i];
        values[i] = values[j];
        values[j] = held;
    }
}

void lab_shuffle(lab_world *w, lab_place *places, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int j = lab_below(w, i + 1);
        lab_place held = places[i];
        places[i] = places[j];
        places[j] = held;
    }
}
