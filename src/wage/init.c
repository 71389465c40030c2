/* The first weights and the scale of a layer (sections 3.2 and 3.3.2), found in integers: with
 * L_he^2 = 3 / fan_in (LeCun's bound, or He's 6 / fan_in) and L_min = 1.5 * 2^(1-kW), comparisons
 * of squares replace the roots. */
#include "wage/net.h"

int wg_alpha(int64_t fan_in, int weight_bits, bool he)
{
    /* (L_min / L_he)^2 = 3 fan_in / 2^(2 kW), with He's bound half of that; it passes 2^(2s-1)
     * where log2 alpha rounds to s. 3 fan_in is never a power of two: there are no ties. */
    int s = 0;
    while (3 * fan_in > (int64_t)1 << (2 * s + (he ? 2 : 1) + 2 * weight_bits))
        s++;
    return s;
}

int wg_weight_limit(const wg_stage *stage)
{
    return ((1 << (stage->bits.weights - 1)) - 1) << (stage->bits.gradients - stage->bits.weights);
}

/* round(max(L_he, L_min) * 2^(kG-1)). */
static int64_t draw_range(const wg_stage *stage)
{
    int finer = stage->bits.gradients - stage->bits.weights;
    int64_t least = finer == 0 ? 2 : (int64_t)3 << (finer - 1);
    int64_t bound = 0, squared = stage->he ? 6 : 3; /* L_he^2 fan_in */
    /* bound + 1/2 <= L_he 2^(kG-1), squared and times 4. */
    while ((2 * bound + 1) * (2 * bound + 1) * stage->fan_in <=
           4 * squared << (2 * (stage->bits.gradients - 1)))
        bound++;
    return bound > least ? bound : least;
}

void wg_draw(ag_wage *net, int index)
{
    const wg_stage *stage = &net->plan.stage[index];
    int64_t range = draw_range(stage), limit = wg_weight_limit(stage);
    ag_rng rng;
    ag_rng_init(&rng, net->seed, AG_PURPOSE_INIT + (uint32_t)stage->layer, 0);
    for (int64_t i = 0; i < stage->weight_count; i++) {
        int64_t w = (int64_t)ag_rng_below(&rng, (uint64_t)(2 * range + 1)) - range;
        w = w > limit ? limit : w < -limit ? -limit : w;
        if (stage->bits.gradients > 8)
            ((int16_t *)net->stored[index])[i] = (int16_t)w;
        else
            ((int8_t *)net->stored[index])[i] = (int8_t)w;
    }
}
