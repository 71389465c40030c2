/* Skies: panoramas of gradient, clouds, sun and stars. */
#include <math.h>

#include "lab/art.h"

static uint32_t skies[LAB_SKIES][SKY_WIDTH * SKY_HEIGHT];

static const struct {
    uint32_t zenith, horizon, cloud;
    float cover;                  /* by clouds */
    float sun_u, sun_v, sun_size; /* shares of the panorama */
    uint32_t sun;
    bool stars;
} SKIES[LAB_SKIES] = {
    [LAB_SKY_DAY] = { LAB_RGB(46, 110, 214), LAB_RGB(176, 214, 246), LAB_RGB(255, 255, 255), 0.5f,
                      0.2f, 0.3f, 0.03f, LAB_RGB(255, 250, 214), false },
    [LAB_SKY_MORNING] = { LAB_RGB(84, 140, 214), LAB_RGB(250, 216, 176), LAB_RGB(255, 236, 220),
                          0.46f, 0.6f, 0.7f, 0.035f, LAB_RGB(255, 240, 180), false },
    [LAB_SKY_DUSK] = { LAB_RGB(58, 44, 110), LAB_RGB(250, 130, 70), LAB_RGB(214, 110, 120), 0.5f,
                       0.8f, 0.86f, 0.045f, LAB_RGB(255, 190, 90), false },
    [LAB_SKY_NIGHT] = { LAB_RGB(6, 8, 26), LAB_RGB(34, 44, 84), LAB_RGB(44, 50, 80), 0.42f, 0.4f,
                        0.3f, 0.028f, LAB_RGB(236, 240, 255), true },
};

const uint32_t *art_sky(int kind)
{
    return skies[kind];
}

static uint32_t mixed(uint32_t a, uint32_t b, float share)
{
    uint32_t out = 0;
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    for (int shift = 0; shift < 24; shift += 8) {
        float from = (float)(a >> shift & 255), to = (float)(b >> shift & 255);
        out |= (uint32_t)(from + (to - from) * share + 0.5f) << shift;
    }
    return out;
}

static uint32_t sky_colour(int kind, int x, int y)
{
    float u = (float)x / SKY_WIDTH, v = (float)y / SKY_HEIGHT;
    uint32_t colour = mixed(SKIES[kind].zenith, SKIES[kind].horizon, v * v);
    if (SKIES[kind].stars && art_hash((uint32_t)x, (uint32_t)y, 61) % 160 == 0)
        colour = mixed(colour, LAB_RGB(255, 255, 255),
                       0.3f + 0.7f * (float)(art_hash((uint32_t)x, (uint32_t)y, 62) % 16) / 16);
    float dx = fabsf(u - SKIES[kind].sun_u) * 4, dy = v - SKIES[kind].sun_v;
    float away = sqrtf(dx * dx + dy * dy) / (SKIES[kind].sun_size * 2.6f);
    colour = mixed(colour, SKIES[kind].sun, away < 1 ? 1 : 0.5f / (away * away));
    float n = 0.6f * art_noise(u * 16, v * 8, 16, 71) + 0.3f * art_noise(u * 32, v * 16, 32, 72) +
              0.1f * art_noise(u * 64, v * 32, 64, 73);
    return mixed(colour, SKIES[kind].cloud, (n - 1 + SKIES[kind].cover) * 4 * (1 - v * v * v));
}

void art_make_skies(void)
{
    for (int kind = 0; kind < LAB_SKIES; kind++) {
        for (int i = 0; i < SKY_WIDTH * SKY_HEIGHT; i++)
            skies[kind][i] = sky_colour(kind, i % SKY_WIDTH, i / SKY_WIDTH);
    }
}
