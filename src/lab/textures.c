/* Textures of walls, floors and ceilings: patterns of brightness that repeat, and their colours. */
#include <math.h>
#include <pthread.h>

#include "lab/art.h"

static art_image textures[LAB_TEXTURES];
static uint32_t palettes[LAB_TEXTURES][ART_COLOURS];

const art_image *art_texture(int texture)
{
    return &textures[texture];
}

const uint32_t *art_texture_palette(int texture)
{
    return palettes[texture];
}

uint32_t art_hash(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t h = a * 0x9E3779B1u ^ b * 0x85EBCA77u ^ c * 0xC2B2AE3Du;
    h = (h ^ h >> 15) * 0x2C1B3C6Du;
    h = (h ^ h >> 12) * 0x297A2D39u;
    return h ^ h >> 15;
}

static float chance(uint32_t a, uint32_t b, uint32_t c)
{
    return (float)(art_hash(a, b, c) >> 8) * (1.0f / 16777216);
}

float art_noise(float x, float y, int period, uint32_t seed)
{
    int x0 = (int)x, y0 = (int)y;
    float fx = x - (float)x0, fy = y - (float)y0;
    fx = fx * fx * (3 - 2 * fx);
    fy = fy * fy * (3 - 2 * fy);
    uint32_t xa = (uint32_t)(x0 % period), xb = (uint32_t)((x0 + 1) % period);
    uint32_t ya = (uint32_t)(y0 % period), yb = (uint32_t)((y0 + 1) % period);
    float top = chance(xa, ya, seed) + (chance(xb, ya, seed) - chance(xa, ya, seed)) * fx;
    float low = chance(xa, yb, seed) + (chance(xb, yb, seed) - chance(xa, yb, seed)) * fx;
    return top + (low - top) * fy;
}

/* Noise of several sizes; u, v in [0, 1). */
static float cloud(float u, float v, int period, uint32_t seed)
{
    float a = art_noise(u * (float)period, v * (float)period, period, seed);
    float b = art_noise(u * (float)period * 2, v * (float)period * 2, period * 2, seed + 1);
    float c = art_noise(u * (float)period * 4, v * (float)period * 4, period * 4, seed + 2);
    return a * 0.55f + b * 0.3f + c * 0.15f;
}

static float part(float x)
{
    return x - floorf(x);
}

/* How deep in a tile a point is: 0 in the gap about it, 1 inside, between on a bevel. */
static float tile(float x, float y, float gap, float bevel)
{
    float ex = x < 0.5f ? x : 1 - x, ey = y < 0.5f ? y : 1 - y, edge = ex < ey ? ex : ey;
    float depth = (edge - gap) / bevel;
    return depth < 0 ? 0 : depth > 1 ? 1 : depth;
}

/* A light from above left on a tile's bevel. */
static float lit_tile(float x, float y, float gap, float bevel)
{
    float inside = tile(x, y, gap, bevel);
    float lit = inside > 0 && inside < 1 ? (y < 0.5f ? 0.1f : -0.12f) : 0;
    return inside * 0.72f + lit;
}

static float brick(float u, float v)
{
    float row = floorf(v * 4), x = u * 2 + (part(row * 0.5f) > 0.2f ? 0.5f : 0);
    uint32_t which = (uint32_t)floorf(x) % 2 + (uint32_t)row * 7;
    float inside = tile(part(x) * 1.0f, part(v * 4), 0.05f, 0.06f);
    float edge = part(v * 4) < 0.5f ? 0.06f : -0.06f;
    float own = 0.52f + 0.22f * chance(which, 3, 1) + (inside < 1 ? edge : 0);
    return inside > 0 ? own + 0.18f * (cloud(u, v, 16, 5) - 0.5f) : 0.95f;
}

static float stone(float u, float v)
{
    float x = u * 2 + (v < 0.5f ? 0 : 0.5f), y = v * 2;
    uint32_t which = (uint32_t)floorf(x) % 2 + 2 * (uint32_t)floorf(y);
    float own = lit_tile(part(x), part(y), 0.02f, 0.05f) * (0.85f + 0.3f * chance(which, 1, 2));
    return 0.36f + own * 0.78f + 0.3f * (cloud(u, v, 8, 9) - 0.5f);
}

static float tiles(float u, float v)
{
    uint32_t which = (uint32_t)(u * 4) + 4 * (uint32_t)(v * 4);
    float own = lit_tile(part(u * 4), part(v * 4), 0.03f, 0.05f);
    return 0.25f + own * (0.9f + 0.16f * chance(which, 2, 2)) + 0.06f * (cloud(u, v, 16, 3) - 0.5f);
}

static float planks(float u, float v)
{
    float board = floorf(u * 4), x = part(u * 4), start = chance((uint32_t)board, 1, 3);
    float end = part(v + start);
    bool gap = x < 0.04f || end < 0.012f;
    float grain = cloud(part(u + board * 0.13f), part(v * 0.25f), 32, 20 + (uint32_t)board);
    float fine = art_noise(u * 32, v * 4, 32, 7);
    return gap ? 0.2f
               : 0.55f + 0.22f * chance((uint32_t)board, 2, 3) + 0.24f * (grain - 0.5f) +
                     0.16f * (fine - 0.5f);
}

static float panels(float u, float v)
{
    float own = lit_tile(part(u), part(v), 0.012f, 0.04f);
    float inner = tile(part(u), part(v), 0.13f, 0.03f);
    float groove = inner > 0 && inner < 1 ? (part(v) < 0.5f ? -0.16f : 0.14f) : 0;
    return 0.2f + own + groove + 0.08f * (cloud(u, v, 16, 11) - 0.5f);
}

static float checker(float u, float v)
{
    bool odd = ((int)(u * 4) + (int)(v * 4)) % 2;
    float own = odd ? 0.95f : 0.5f;
    return own * (0.94f + 0.06f * tile(part(u * 4), part(v * 4), 0.01f, 0.04f)) +
           0.1f * (cloud(u, v, 16, 13) - 0.5f);
}

static float stripes(float u, float v)
{
    float x = part(u * 4);
    float own = x < 0.5f ? 0.92f : 0.6f;
    return own - (v > 0.94f ? 0.25f : 0) + 0.06f * (cloud(u, v, 16, 17) - 0.5f);
}

/* Hexagons in two rows offset: the nearest centre of two lattices. */
static float hexagons(float u, float v)
{
    float x = u * 4, y = v * 4, best = 9, second = 9;
    uint32_t which = 0;
    for (int j = -1; j <= 4; j++) {
        for (int i = -1; i <= 4; i++) {
            float cx = (float)i + 0.5f + (j % 2 ? 0.5f : 0), cy = (float)j + 0.5f;
            float dx = x - cx, dy = (y - cy) * 1.1f, d = sqrtf(dx * dx + dy * dy);
            if (d < best) {
                second = best;
                best = d;
                which = (uint32_t)((i + 8) % 4 + 4 * ((j + 8) % 4));
            } else if (d < second) {
                second = d;
            }
        }
    }
    return second - best < 0.09f ? 0.38f : 0.74f + 0.26f * chance(which, 5, 5) - best * 0.12f;
}

static float dots(float u, float v)
{
    float x = u * 4 + ((int)(v * 4) % 2 ? 0.5f : 0), dx = part(x) - 0.5f, dy = part(v * 4) - 0.5f;
    float d = dx * dx + dy * dy;
    return (d < 0.07f ? 1.0f : d < 0.09f ? 0.8f : 0.62f) + 0.05f * (cloud(u, v, 16, 19) - 0.5f);
}

static float weave(float u, float v)
{
    bool over = ((int)(u * 8) + (int)(v * 8)) % 2;
    float x = part(u * 8) - 0.5f, y = part(v * 8) - 0.5f;
    return over ? 0.95f - x * x * 1.6f : 0.78f - y * y * 1.8f;
}

static float speckle(float u, float v, uint32_t seed)
{
    return chance((uint32_t)(u * ART_SIDE), (uint32_t)(v * ART_SIDE), seed);
}

static float grass(float u, float v)
{
    return 0.62f * cloud(u, v, 8, 23) + 0.22f * art_noise(u * 64, v * 32, 64, 24) +
           0.16f * speckle(u, v, 25);
}

static float sand(float u, float v)
{
    float ripple = art_noise(u * 4, v * 16, 16, 27);
    return 0.5f + 0.3f * (cloud(u, v, 8, 26) - 0.5f) + 0.14f * ripple + 0.12f * speckle(u, v, 28);
}

static float rock(float u, float v)
{
    float a = cloud(u, v, 4, 31), b = cloud(u, v, 8, 33);
    float crack = fabsf(a - 0.5f) < 0.018f || fabsf(b - 0.5f) < 0.012f ? -0.22f : 0;
    return 0.3f + 0.8f * (0.6f * a + 0.4f * b) + crack + 0.08f * speckle(u, v, 34);
}

static float water(float u, float v)
{
    float a = cloud(u, v, 4, 41), b = cloud(v, u, 8, 43);
    float line = fabsf(a - b);
    return line < 0.04f ? 0.95f : 0.35f + 0.4f * a;
}

static float metal(float u, float v)
{
    float own = lit_tile(part(u * 2), part(v * 2), 0.015f, 0.03f);
    float dx = part(u * 2) - 0.12f, dy = part(v * 2) - 0.12f;
    float rx = part(u * 2) - 0.88f, ry = part(v * 2) - 0.88f;
    bool rivet = dx * dx + dy * dy < 0.002f || rx * rx + ry * ry < 0.002f ||
                 dx * dx + ry * ry < 0.002f || rx * rx + dy * dy < 0.002f;
    float brushed = art_noise(u * 4, v * 64, 64, 45);
    return rivet ? 0.98f : 0.16f + own + 0.14f * (brushed - 0.5f);
}

static float door(float u, float v)
{
    float frame = tile(u, v, 0.06f, 0.03f);
    float plank = part(v * 4) < 0.05f ? 0.4f : 0.72f + 0.08f * (cloud(u, v, 16, 47) - 0.5f);
    float dx = u - 0.5f, dy = v - 0.5f, d = sqrtf(dx * dx + dy * dy);
    if (d < 0.17f)
        return d < 0.05f ? 0.1f : d < 0.13f ? 1.0f : 0.35f;
    return frame < 1 ? 0.42f + frame * 0.3f : plank;
}

/* Tufts in no order: small regular ones make rings of moire in small pictures. */
static float carpet(float u, float v)
{
    float tuft = chance((uint32_t)(u * 32), (uint32_t)(v * 32), 55) - 0.5f;
    return 0.66f + 0.2f * tuft + 0.2f * (cloud(u, v, 8, 51) - 0.5f) +
           0.12f * (speckle(u, v, 52) - 0.5f);
}

static float plain(float u, float v)
{
    return 0.82f + 0.14f * (cloud(u, v, 8, 53) - 0.5f) + 0.04f * (speckle(u, v, 54) - 0.5f);
}

static const struct {
    float (*pattern)(float u, float v);
    uint32_t dark, light;
} TEXTURES[LAB_TEXTURES] = {
    [LAB_TEX_PLAIN] = { plain, LAB_RGB(20, 20, 20), LAB_RGB(255, 255, 255) },
    [LAB_TEX_BRICK] = { brick, LAB_RGB(20, 16, 14), LAB_RGB(255, 250, 244) },
    [LAB_TEX_STONE] = { stone, LAB_RGB(16, 16, 20), LAB_RGB(255, 255, 252) },
    [LAB_TEX_TILES] = { tiles, LAB_RGB(24, 26, 30), LAB_RGB(255, 255, 255) },
    [LAB_TEX_PLANKS] = { planks, LAB_RGB(30, 20, 14), LAB_RGB(255, 246, 230) },
    [LAB_TEX_PANELS] = { panels, LAB_RGB(24, 22, 24), LAB_RGB(255, 255, 255) },
    [LAB_TEX_CHECKER] = { checker, LAB_RGB(16, 16, 18), LAB_RGB(255, 255, 252) },
    [LAB_TEX_STRIPES] = { stripes, LAB_RGB(20, 18, 20), LAB_RGB(255, 255, 255) },
    [LAB_TEX_HEX] = { hexagons, LAB_RGB(14, 14, 18), LAB_RGB(255, 255, 255) },
    [LAB_TEX_DOTS] = { dots, LAB_RGB(18, 18, 22), LAB_RGB(255, 255, 255) },
    [LAB_TEX_WEAVE] = { weave, LAB_RGB(20, 18, 24), LAB_RGB(255, 255, 255) },
    [LAB_TEX_GRASS] = { grass, LAB_RGB(30, 66, 22), LAB_RGB(166, 204, 92) },
    [LAB_TEX_SAND] = { sand, LAB_RGB(122, 96, 62), LAB_RGB(250, 228, 172) },
    [LAB_TEX_ROCK] = { rock, LAB_RGB(44, 42, 42), LAB_RGB(226, 222, 214) },
    [LAB_TEX_WATER] = { water, LAB_RGB(12, 58, 110), LAB_RGB(150, 220, 250) },
    [LAB_TEX_METAL] = { metal, LAB_RGB(16, 18, 22), LAB_RGB(250, 254, 255) },
    [LAB_TEX_DOOR] = { door, LAB_RGB(14, 12, 12), LAB_RGB(255, 255, 255) },
    [LAB_TEX_CARPET] = { carpet, LAB_RGB(20, 16, 18), LAB_RGB(255, 250, 250) },
};

/* Each texel of a smaller level is the mean of four: patterns fade to their mean with distance
 * instead of flickering. */
static void halve(uint8_t *from, int side, uint8_t *to)
{
    for (int u = 0; u < side / 2; u++) {
        for (int v = 0; v < side / 2; v++) {
            const uint8_t *p = from + 2 * u * side + 2 * v;
            to[u * (side / 2) + v] = (uint8_t)((p[0] + p[1] + p[side] + p[side + 1] + 2) / 4);
        }
    }
}

static void make_texture(int t)
{
    uint8_t *texel = textures[t].texel;
    for (int u = 0; u < ART_SIDE; u++) {
        for (int v = 0; v < ART_SIDE; v++) {
            float value =
                TEXTURES[t].pattern(((float)u + 0.5f) / ART_SIDE, ((float)v + 0.5f) / ART_SIDE);
            value = value < 0 ? 0 : value > 0.999f ? 0.999f : value;
            texel[u * ART_SIDE + v] = (uint8_t)(value * ART_COLOURS);
        }
    }
    for (int level = 0; level + 1 < ART_LEVELS; level++)
        halve(texel + art_offset(level), ART_SIDE >> level, texel + art_offset(level + 1));
}

static uint32_t between(uint32_t a, uint32_t b, float share)
{
    uint32_t mixed = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        float from = (float)(a >> shift & 255), to = (float)(b >> shift & 255);
        mixed |= (uint32_t)(from + (to - from) * share + 0.5f) << shift;
    }
    return mixed;
}

void art_make_textures(void)
{
    for (int t = 0; t < LAB_TEXTURES; t++) {
        make_texture(t);
        for (int i = 0; i < ART_COLOURS; i++)
            palettes[t][i] =
                between(TEXTURES[t].dark, TEXTURES[t].light, (float)i / (ART_COLOURS - 1));
    }
}

static void make_all(void)
{
    art_make_textures();
    art_make_sprites();
    art_make_skies();
}

void art_prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_all);
}
