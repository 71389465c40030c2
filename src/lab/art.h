/* Textures, sprites and skies: made by the program at first use, then never changed, shared by all
 * worlds.
 *
 * An image is a square of palette indices with its half, quarter, ... after it, columns first
 * (texel [u, v] at u * side + v): walls and sprites are drawn by columns. */
#ifndef LAB_ART_H
#define LAB_ART_H

#include "lab/lab.h"

enum {
    ART_SIDE = 128,
    ART_LEVELS = 8,                                 /* 128, 64, ..., 1 */
    ART_TEXELS = (4 * ART_SIDE * ART_SIDE - 1) / 3, /* of all levels */
    ART_COLOURS = 64,                               /* of a palette */
    ART_BOARD = 38, /* of every sprite's palette: pale, and wood, for what posters are on */
    ART_FRAME = 42,
    ART_VIEWS = 8,    /* of a robot: front, left, back, right in two steps of its walk each */
    SKY_WIDTH = 512,  /* all about */
    SKY_HEIGHT = 128, /* from the zenith to the horizon */
};

typedef struct {
    uint8_t texel[ART_TEXELS];
} art_image;

/* Make everything, once; other threads wait meanwhile. */
void art_prepare(void);

const art_image *art_texture(int texture);
const art_image *art_sprite(int shape, int view); /* view 0 but for LAB_ROBOT */
/* The palette of a texture before tint and light, of a sprite in a colour: LAB_RGB. Index 0 of a
 * sprite is where nothing is. */
const uint32_t *art_texture_palette(int texture);
void art_sprite_palette(int colour, uint32_t palette[ART_COLOURS]);
const uint32_t *art_sky(int kind); /* LAB_RGB [SKY_HEIGHT, SKY_WIDTH] */

/* Where level `level` of an image begins. */
static inline int art_offset(int level)
{
    static const int OFFSET[ART_LEVELS] = { 0, 16384, 20480, 21504, 21760, 21824, 21840, 21844 };
    return OFFSET[level];
}

/* ---- between the files of art ---- */

void art_make_textures(void);
void art_make_sprites(void);
void art_make_skies(void);
/* Smooth noise in [0, 1), of period `period` cells in both directions; x, y in cells. */
float art_noise(float x, float y, int period, uint32_t seed);
uint32_t art_hash(uint32_t a, uint32_t b, uint32_t c);

#endif
