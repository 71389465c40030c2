/* Sprites of objects: each a short list of shaded figures, drawn over each other. */
#include <math.h>
#include <string.h>

#include "lab/art.h"

const char *const lab_colour_names[LAB_PAINTS] = {
    "red",    "orange", "yellow", "green", "cyan", "blue",
    "purple", "pink",   "white",  "black", "grey", "brown",
};

const char *const lab_shape_names[LAB_ALL_SHAPES] = {
    "apple",  "lemon", "mushroom", "hat",    "can",    "cake",   "balloon", "car",   "key",
    "box",    "ball",  "cone",     "star",   "heart",  "ring",   "cup",     "tree",  "fish",
    "ladder", "chair", "umbrella", "bottle", "flower", "hammer", "boat",    "plane", "crown",
    "bulb",   "goal",  "pad",      "shot",   "flash",  "shield", "gadget",  "robot",
};

static const uint32_t PAINTS[LAB_PAINTS] = {
    [LAB_RED] = LAB_RGB(226, 34, 34),     [LAB_ORANGE] = LAB_RGB(255, 136, 14),
    [LAB_YELLOW] = LAB_RGB(255, 226, 30), [LAB_GREEN] = LAB_RGB(36, 176, 48),
    [LAB_CYAN] = LAB_RGB(40, 222, 226),   [LAB_BLUE] = LAB_RGB(42, 78, 236),
    [LAB_PURPLE] = LAB_RGB(142, 46, 204), [LAB_PINK] = LAB_RGB(255, 120, 190),
    [LAB_WHITE] = LAB_RGB(248, 248, 248), [LAB_BLACK] = LAB_RGB(34, 34, 38),
    [LAB_GREY] = LAB_RGB(146, 148, 152),  [LAB_BROWN] = LAB_RGB(138, 88, 48),
};

/* A figure in a square of 100 x 100, y down, standing on y = 100. */
typedef enum {
    END,
    OVAL,  /* middle x, y, radii */
    CAP,   /* the upper half of an oval */
    BOX,   /* middle x, y, half width, half height, radius of the corners */
    TUBE,  /* a box shaded as a cylinder */
    LINE,  /* from, to, half thickness */
    RING,  /* middle, radii to the middle of the band, half thickness */
    TRI,   /* three corners */
    QUAD,  /* four corners */
    STAR,  /* middle, outer and inner radius, points */
    HEART, /* middle, half width */
} figure_kind;

/* Of what: the object's own colour or a fixed one. */
typedef enum { OWN, WHITE, GREY, DARK, WOOD, LEAF, GOLD } figure_paint;

typedef struct {
    uint8_t kind, paint;
    int8_t p[8];
} figure;

enum { FIGURES = 16 };

static const figure SHAPES[LAB_ROBOT][FIGURES] = {
    [LAB_APPLE] = { { LINE, WOOD, { 50, 34, 57, 12, 3 } },
                    { OVAL, LEAF, { 72, 19, 16, 8 } },
                    { OVAL, OWN, { 35, 64, 30, 34 } },
                    { OVAL, OWN, { 62, 64, 33, 34 } } },
    [LAB_LEMON] = { { OVAL, LEAF, { 66, 28, 16, 7 } },
                    { OVAL, OWN, { 10, 64, 9, 8 } },
                    { OVAL, OWN, { 90, 64, 9, 8 } },
                    { OVAL, OWN, { 50, 64, 40, 30 } } },
    [LAB_MUSHROOM] = { { TUBE, WHITE, { 50, 76, 14, 23, 8 } },
                       { CAP, OWN, { 50, 60, 47, 54 } },
                       { OVAL, WHITE, { 32, 40, 8, 8 } },
                       { OVAL, WHITE, { 60, 26, 8, 7 } },
                       { OVAL, WHITE, { 72, 48, 7, 6 } } },
    [LAB_HAT] = { { OVAL, OWN, { 50, 88, 48, 11 } },
                  { TUBE, OWN, { 50, 50, 27, 38, 3 } },
                  { BOX, WHITE, { 50, 76, 27, 7, 0 } },
                  { OVAL, OWN, { 50, 13, 27, 7 } } },
    [LAB_CAN] = { { OVAL, GREY, { 50, 92, 29, 7 } },
                  { TUBE, OWN, { 50, 53, 29, 40, 2 } },
                  { TUBE, WHITE, { 50, 54, 29, 13, 0 } },
                  { OVAL, GREY, { 50, 14, 29, 8 } },
                  { OVAL, DARK, { 50, 14, 12, 3 } } },
    [LAB_CAKE] = { { OVAL, GREY, { 50, 93, 49, 7 } },
                   { TUBE, OWN, { 50, 76, 41, 16, 3 } },
                   { TUBE, WHITE, { 50, 63, 42, 6, 5 } },
                   { TUBE, OWN, { 50, 46, 27, 13, 3 } },
                   { TUBE, WHITE, { 50, 34, 28, 6, 5 } },
                   { BOX, WHITE, { 50, 20, 4, 10, 1 } },
                   { OVAL, GOLD, { 50, 6, 5, 6 } } },
    [LAB_BALLOON] = { { LINE, DARK, { 50, 74, 44, 98, 2 } },
                      { TRI, OWN, { 50, 66, 41, 79, 59, 79 } },
                      { OVAL, OWN, { 50, 36, 33, 36 } } },
    [LAB_CAR] = { { CAP, OWN, { 48, 62, 32, 36 } },
                  { BOX, WHITE, { 34, 48, 12, 8, 2 } },
                  { BOX, WHITE, { 62, 48, 12, 8, 2 } },
                  { BOX, OWN, { 50, 72, 49, 15, 9 } },
                  { OVAL, GOLD, { 93, 68, 5, 5 } },
                  { OVAL, DARK, { 25, 86, 13, 13 } },
                  { OVAL, GREY, { 25, 86, 5, 5 } },
                  { OVAL, DARK, { 75, 86, 13, 13 } },
                  { OVAL, GREY, { 75, 86, 5, 5 } } },
    [LAB_KEY] = { { BOX, OWN, { 50, 66, 7, 30, 2 } },
                  { BOX, OWN, { 64, 90, 14, 5, 1 } },
                  { BOX, OWN, { 62, 74, 12, 5, 1 } },
                  { RING, OWN, { 50, 25, 18, 18, 8 } } },
    [LAB_BOX] = { { QUAD, OWN, { 2, 30, 30, 8, 98, 8, 70, 30 } },
                  { QUAD, DARK, { 70, 30, 98, 8, 98, 74, 70, 99 } },
                  { QUAD, OWN, { 74, 32, 96, 14, 96, 72, 74, 93 } },
                  { BOX, OWN, { 36, 64, 34, 35, 1 } },
                  { BOX, WOOD, { 36, 64, 34, 6, 0 } },
                  { BOX, WOOD, { 36, 64, 6, 35, 0 } } },
    [LAB_BALL] = { { OVAL, OWN, { 50, 52, 47, 47 } } },
    [LAB_CONE] = { { OVAL, OWN, { 50, 90, 46, 9 } },
                   { TRI, OWN, { 50, 2, 10, 88, 90, 88 } },
                   { QUAD, WHITE, { 37, 36, 63, 36, 71, 54, 29, 54 } } },
    [LAB_STAR] = { { STAR, OWN, { 50, 54, 50, 22, 5 } } },
    [LAB_HEART] = { { HEART, OWN, { 50, 52, 44 } } },
    [LAB_RING] = { { RING, OWN, { 50, 52, 35, 35, 13 } } },
    [LAB_CUP] = { { RING, OWN, { 76, 60, 16, 16, 6 } },
                  { TUBE, OWN, { 42, 62, 34, 36, 9 } },
                  { OVAL, WHITE, { 42, 27, 34, 9 } },
                  { OVAL, WOOD, { 42, 28, 27, 6 } } },
    [LAB_TREE] = { { TUBE, WOOD, { 50, 84, 7, 16, 1 } },
                   { OVAL, OWN, { 28, 52, 25, 22 } },
                   { OVAL, OWN, { 72, 52, 25, 22 } },
                   { OVAL, OWN, { 50, 28, 29, 27 } },
                   { OVAL, OWN, { 50, 56, 25, 19 } } },
    [LAB_FISH] = { { TRI, OWN, { 66, 56, 98, 28, 98, 84 } },
                   { TRI, OWN, { 34, 40, 62, 40, 58, 18 } },
                   { OVAL, OWN, { 42, 56, 41, 26 } },
                   { OVAL, WHITE, { 22, 49, 8, 8 } },
                   { OVAL, DARK, { 21, 49, 4, 4 } },
                   { LINE, DARK, { 46, 48, 46, 64, 1 } } },
    [LAB_LADDER] = { { LINE, OWN, { 30, 22, 70, 22, 4 } },
                     { LINE, OWN, { 30, 42, 70, 42, 4 } },
                     { LINE, OWN, { 30, 62, 70, 62, 4 } },
                     { LINE, OWN, { 30, 82, 70, 82, 4 } },
                     { BOX, OWN, { 28, 51, 6, 48, 2 } },
                     { BOX, OWN, { 72, 51, 6, 48, 2 } } },
    [LAB_CHAIR] = { { BOX, OWN, { 24, 80, 5, 19, 1 } },
                    { BOX, OWN, { 80, 80, 5, 19, 1 } },
                    { BOX, OWN, { 38, 76, 4, 18, 1 } },
                    { BOX, OWN, { 24, 34, 7, 33, 3 } },
                    { QUAD, OWN, { 18, 58, 68, 54, 90, 64, 22, 68 } } },
    [LAB_UMBRELLA] = { { LINE, WOOD, { 50, 8, 50, 90, 3 } },
                       { LINE, WOOD, { 50, 92, 62, 94, 4 } },
                       { CAP, OWN, { 50, 54, 49, 48 } },
                       { LINE, DARK, { 50, 8, 33, 52, 1 } },
                       { LINE, DARK, { 50, 8, 67, 52, 1 } } },
    [LAB_BOTTLE] = { { TUBE, WOOD, { 50, 7, 8, 6, 1 } },
                     { TUBE, OWN, { 50, 24, 9, 14, 2 } },
                     { TUBE, OWN, { 50, 66, 24, 33, 12 } },
                     { TUBE, WHITE, { 50, 68, 24, 13, 0 } } },
    [LAB_FLOWER] = { { LINE, LEAF, { 50, 50, 50, 98, 3 } },
                     { OVAL, LEAF, { 66, 82, 16, 6 } },
                     { OVAL, OWN, { 50, 14, 13, 13 } },
                     { OVAL, OWN, { 72, 28, 13, 13 } },
                     { OVAL, OWN, { 64, 54, 13, 13 } },
                     { OVAL, OWN, { 36, 54, 13, 13 } },
                     { OVAL, OWN, { 28, 28, 13, 13 } },
                     { OVAL, GOLD, { 50, 35, 13, 13 } } },
    [LAB_HAMMER] = { { BOX, WOOD, { 50, 62, 6, 37, 3 } },
                     { QUAD, OWN, { 56, 8, 76, 11, 98, 46, 56, 34 } },
                     { BOX, OWN, { 48, 21, 15, 12, 2 } },
                     { BOX, OWN, { 20, 21, 17, 20, 4 } } },
    [LAB_BOAT] = { { LINE, WOOD, { 48, 6, 48, 72, 3 } },
                   { TRI, WHITE, { 53, 8, 53, 62, 92, 62 } },
                   { TRI, WHITE, { 43, 18, 43, 62, 12, 62 } },
                   { QUAD, OWN, { 2, 68, 98, 68, 80, 97, 20, 97 } } },
    [LAB_PLANE] = { { TRI, OWN, { 4, 18, 4, 50, 30, 50 } },
                    { OVAL, OWN, { 52, 50, 47, 19 } },
                    { QUAD, OWN, { 42, 52, 68, 52, 44, 94, 24, 94 } },
                    { QUAD, OWN, { 46, 36, 66, 36, 50, 10, 36, 10 } },
                    { OVAL, WHITE, { 82, 45, 8, 6 } } },
    [LAB_CROWN] = { { TRI, OWN, { 6, 24, 10, 80, 44, 80 } },
                    { TRI, OWN, { 94, 24, 56, 80, 90, 80 } },
                    { TRI, OWN, { 50, 12, 22, 80, 78, 80 } },
                    { BOX, OWN, { 50, 84, 42, 13, 2 } },
                    { OVAL, WHITE, { 6, 22, 6, 6 } },
                    { OVAL, WHITE, { 94, 22, 6, 6 } },
                    { OVAL, WHITE, { 50, 10, 7, 7 } },
                    { OVAL, WHITE, { 28, 84, 6, 6 } },
                    { OVAL, WHITE, { 50, 84, 6, 6 } },
                    { OVAL, WHITE, { 72, 84, 6, 6 } } },
    [LAB_BULB] = { { TUBE, GREY, { 50, 84, 15, 14, 4 } },
                   { LINE, DARK, { 36, 82, 64, 80, 1 } },
                   { LINE, DARK, { 36, 90, 64, 88, 1 } },
                   { QUAD, OWN, { 24, 52, 76, 52, 62, 74, 38, 74 } },
                   { OVAL, OWN, { 50, 37, 35, 36 } } },
    [LAB_GOAL] = { { OVAL, GREY, { 50, 94, 34, 6 } },
                   { TUBE, GREY, { 50, 82, 8, 12, 0 } },
                   { STAR, GOLD, { 50, 40, 44, 30, 8 } },
                   { OVAL, LEAF, { 50, 40, 27, 27 } },
                   { STAR, WHITE, { 50, 41, 20, 9, 5 } } },
    [LAB_PAD] = { { OVAL, GREY, { 50, 91, 49, 9 } },
                  { OVAL, OWN, { 50, 90, 41, 7 } },
                  { RING, OWN, { 50, 66, 36, 7, 3 } },
                  { RING, OWN, { 50, 42, 28, 6, 3 } },
                  { RING, OWN, { 50, 20, 19, 5, 3 } } },
    [LAB_SHOT] = { { OVAL, OWN, { 50, 50, 48, 48 } }, { OVAL, WHITE, { 50, 50, 24, 24 } } },
    [LAB_FLASH] = { { STAR, OWN, { 50, 50, 50, 20, 8 } }, { STAR, WHITE, { 50, 50, 30, 12, 8 } } },
    [LAB_SHIELD] = { { TRI, OWN, { 12, 60, 88, 60, 50, 99 } },
                     { BOX, OWN, { 50, 36, 38, 30, 5 } },
                     { BOX, WHITE, { 50, 46, 6, 26, 1 } },
                     { BOX, WHITE, { 50, 40, 22, 6, 1 } } },
    [LAB_GADGET] = { { QUAD, DARK, { 24, 50, 44, 50, 38, 94, 18, 94 } },
                     { BOX, GREY, { 52, 40, 46, 15, 4 } },
                     { BOX, OWN, { 44, 40, 24, 8, 2 } },
                     { BOX, DARK, { 92, 40, 7, 9, 1 } } },
};

/* A robot's picture: what is the same from all sides, then what is not. */
static const figure ROBOT_BODY[] = { { LINE, GREY, { 28, 40, 20, 62, 6 } },
                                     { LINE, GREY, { 72, 40, 80, 62, 6 } },
                                     { TUBE, OWN, { 50, 50, 24, 22, 9 } },
                                     { LINE, GREY, { 50, 2, 50, 8, 2 } },
                                     { TUBE, OWN, { 50, 17, 19, 13, 7 } } };
static const figure ROBOT_LEGS[2][2] = {
    { { LINE, DARK, { 40, 70, 34, 95, 6 } }, { LINE, DARK, { 60, 70, 62, 88, 6 } } },
    { { LINE, DARK, { 40, 70, 38, 88, 6 } }, { LINE, DARK, { 60, 70, 66, 95, 6 } } },
};
static const figure ROBOT_FACES[4][4] = {
    { { BOX, DARK, { 50, 17, 14, 6, 3 } },
      { OVAL, GOLD, { 43, 17, 4, 4 } },
      { OVAL, GOLD, { 57, 17, 4, 4 } },
      { OVAL, WHITE, { 50, 44, 6, 6 } } },
    { { BOX, DARK, { 37, 17, 7, 6, 3 } },
      { OVAL, GOLD, { 35, 17, 4, 4 } },
      { LINE, GREY, { 50, 46, 22, 52, 6 } },
      { BOX, DARK, { 12, 50, 12, 4, 1 } } },
    { { BOX, GREY, { 50, 48, 14, 14, 4 } },
      { LINE, DARK, { 42, 44, 58, 44, 2 } },
      { LINE, DARK, { 42, 52, 58, 52, 2 } },
      { END, 0, { 0 } } },
    { { BOX, DARK, { 63, 17, 7, 6, 3 } },
      { OVAL, GOLD, { 65, 17, 4, 4 } },
      { LINE, GREY, { 50, 46, 78, 52, 6 } },
      { BOX, DARK, { 88, 50, 12, 4, 1 } } },
};

static art_image sprites[LAB_ROBOT + ART_VIEWS];

const art_image *art_sprite(int shape, int view)
{
    return &sprites[shape + view];
}

/* ---- figures ---- */

/* How far inside a point is (negative: outside), and how light it is there, 0..1.2. */
typedef struct {
    float depth, light;
} hit;

static float round_light(float nx, float ny)
{
    float square = nx * nx + ny * ny;
    float nz = square < 1 ? sqrtf(1 - square) : 0;
    float light = -0.46f * nx - 0.56f * ny + 0.69f * nz;
    light = light < 0 ? 0 : light;
    float glint = light * light;
    glint = glint * glint * glint * glint;
    return 0.36f + 0.58f * light + 0.34f * glint * glint;
}

static hit in_oval(const int8_t *p, float x, float y)
{
    float rx = p[2], ry = p[3], nx = (x - (float)p[0]) / rx, ny = (y - (float)p[1]) / ry;
    float small = rx < ry ? rx : ry;
    return (hit){ (1 - sqrtf(nx * nx + ny * ny)) * small, round_light(nx, ny) };
}

static hit in_cap(const int8_t *p, float x, float y)
{
    hit h = in_oval(p, x, y);
    float below = (float)p[1] - y;
    h.depth = h.depth < below ? h.depth : below;
    return h;
}

static hit in_box(const int8_t *p, float x, float y, bool tube)
{
    float r = p[4], nx = (x - (float)p[0]) / (float)p[2], ny = (y - (float)p[1]) / (float)p[3];
    float dx = fabsf(x - (float)p[0]) - (float)p[2] + r;
    float dy = fabsf(y - (float)p[1]) - (float)p[3] + r;
    float ox = dx > 0 ? dx : 0, oy = dy > 0 ? dy : 0, inner = dx > dy ? dx : dy;
    float outside = sqrtf(ox * ox + oy * oy) + (inner < 0 ? inner : 0) - r;
    float light = tube ? round_light(nx * 0.95f, -0.25f) : 0.82f - 0.12f * nx - 0.14f * ny;
    return (hit){ -outside, light };
}

static hit in_line(const int8_t *p, float x, float y)
{
    float ax = p[0], ay = p[1], dx = (float)p[2] - ax, dy = (float)p[3] - ay;
    float along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy);
    along = along < 0 ? 0 : along > 1 ? 1 : along;
    float ox = x - ax - dx * along, oy = y - ay - dy * along, r = p[4];
    return (hit){ r - sqrtf(ox * ox + oy * oy), round_light(ox / r * 0.9f, oy / r * 0.9f) };
}

static hit in_ring(const int8_t *p, float x, float y)
{
    float rx = p[2], ry = p[3], nx = (x - (float)p[0]) / rx, ny = (y - (float)p[1]) / ry;
    float at = sqrtf(nx * nx + ny * ny), small = rx < ry ? rx : ry;
    float across = (at - 1) * small, half = p[4], side = across / half;
    float ux = at > 0 ? nx / at : 0, uy = at > 0 ? ny / at : 0;
    return (hit){ half - fabsf(across), round_light(ux * side * 0.9f, uy * side * 0.9f) };
}

static hit in_polygon(const float *corner, int n, float x, float y, float light)
{
    float nearest = 1e9f;
    bool inside = false;
    for (int i = 0, j = n - 1; i < n; j = i++) {
        float ax = corner[2 * j], ay = corner[2 * j + 1];
        float dx = corner[2 * i] - ax, dy = corner[2 * i + 1] - ay;
        if ((ay > y) != (ay + dy > y) && x < ax + dx * (y - ay) / dy)
            inside = !inside;
        float along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy + 1e-9f);
        along = along < 0 ? 0 : along > 1 ? 1 : along;
        float ox = x - ax - dx * along, oy = y - ay - dy * along;
        float d = ox * ox + oy * oy;
        nearest = d < nearest ? d : nearest;
    }
    nearest = sqrtf(nearest);
    return (hit){ inside ? nearest : -nearest, light };
}

static hit in_corners(const int8_t *p, int n, float x, float y)
{
    float corner[8];
    for (int i = 0; i < 2 * n; i++)
        corner[i] = p[i];
    return in_polygon(corner, n, x, y, 0.98f - 0.002f * y - 0.0022f * x);
}

static hit in_star(const int8_t *p, float x, float y)
{
    float corner[2 * 2 * 8];
    int points = p[4];
    for (int i = 0; i < 2 * points; i++) {
        uint32_t turn = (uint32_t)(((uint64_t)i << 32) / (uint64_t)(2 * points)) - (1u << 30);
        float r = i % 2 ? (float)p[3] : (float)p[2];
        corner[2 * i] = (float)p[0] + r * lab_cos(turn);
        corner[2 * i + 1] = (float)p[1] + r * lab_sin(turn);
    }
    return in_polygon(corner, 2 * points, x, y, 1.0f - 0.0045f * y);
}

/* A square on its corner, and a disc on each of its upper sides. */
static hit in_heart(const int8_t *p, float x, float y)
{
    float dx = fabsf(x - (float)p[0]), dy = y - (float)p[1], side = (float)p[2] * 1.1716f;
    float low = 0.78f * side - dy; /* over the lowest corner */
    float a = (dx + low) * 0.70711f, b = (low - dx) * 0.70711f;
    float square = b < side - a ? b : side - a;
    float ox = dx - 0.35355f * side, oy = low - 1.06066f * side;
    float disc = 0.5f * side - sqrtf(ox * ox + oy * oy);
    float u = (x - (float)p[0]) / (float)p[2], v = dy / (float)p[2];
    return (hit){ square > disc ? square : disc, round_light(u * 0.87f, v * 0.84f) };
}

static hit in_figure(const figure *f, float x, float y)
{
    switch (f->kind) {
    case OVAL:
        return in_oval(f->p, x, y);
    case CAP:
        return in_cap(f->p, x, y);
    case BOX:
    case TUBE:
        return in_box(f->p, x, y, f->kind == TUBE);
    case LINE:
        return in_line(f->p, x, y);
    case RING:
        return in_ring(f->p, x, y);
    case TRI:
        return in_corners(f->p, 3, x, y);
    case QUAD:
        return in_corners(f->p, 4, x, y);
    case STAR:
        return in_star(f->p, x, y);
    default:
        return in_heart(f->p, x, y);
    }
}

/* ---- palettes: 1..31 the object's own colour, then four groups of eight ---- */

enum { OWN_SHADES = 31, GROUP_SHADES = 8, GREYS = 32, WOODS = 40, LEAVES = 48, GOLDS = 56 };

static uint8_t shade(figure_paint paint, float light)
{
    float scale = paint == DARK ? 0.26f : paint == GREY ? 0.62f : 1;
    int base = paint == OWN    ? 1
               : paint == WOOD ? WOODS
               : paint == LEAF ? LEAVES
               : paint == GOLD ? GOLDS
                               : GREYS;
    int shades = paint == OWN ? OWN_SHADES : GROUP_SHADES;
    int i = (int)(light * scale * (1 / 1.2f) * (float)shades);
    return (uint8_t)(base + (i < 0 ? 0 : i >= shades ? shades - 1 : i));
}

static uint32_t scaled(uint32_t rgb, float light)
{
    uint32_t out = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        float c = (float)(rgb >> shift & 255);
        c = light <= 1 ? c * light : c + (255 - c) * (light - 1) * 3;
        out |= (uint32_t)(c > 255 ? 255 : c) << shift;
    }
    return out;
}

void art_sprite_palette(int colour, uint32_t palette[ART_COLOURS])
{
    static const uint32_t GROUPS[4] = { LAB_RGB(238, 238, 240), LAB_RGB(164, 108, 60),
                                        LAB_RGB(64, 184, 60), LAB_RGB(255, 206, 40) };
    palette[0] = 0;
    for (int i = 0; i < OWN_SHADES; i++)
        palette[1 + i] = scaled(PAINTS[colour], 1.2f * ((float)i + 0.5f) / OWN_SHADES);
    for (int i = 0; i < 4 * GROUP_SHADES; i++)
        palette[GREYS + i] = scaled(GROUPS[i / GROUP_SHADES],
                                    1.2f * ((float)(i % GROUP_SHADES) + 0.5f) / GROUP_SHADES);
}

uint32_t lab_paint_rgb(int colour)
{
    return PAINTS[colour < 0 || colour >= LAB_PAINTS ? 0 : colour];
}

/* ---- images ---- */

/* A dark line inside each figure's edge sets it off from others and from the wall behind. */
static void draw_figure(const figure *f, uint8_t *texel)
{
    const float pixel = 100.0f / ART_SIDE, outline = 2.2f;
    for (int u = 0; u < ART_SIDE; u++) {
        for (int v = 0; v < ART_SIDE; v++) {
            hit h = in_figure(f, ((float)u + 0.5f) * pixel, ((float)v + 0.5f) * pixel);
            if (h.depth < 0)
                continue;
            float light = h.depth < outline ? h.light * 0.5f : h.light;
            texel[u * ART_SIDE + v] = shade(f->paint, light);
        }
    }
}

static int group_of(uint8_t index)
{
    return index == 0 ? 0 : index <= OWN_SHADES ? 1 : 2 + (index - GREYS) / GROUP_SHADES;
}

/* Four texels to one: the commonest group of colours, and its mean within the group. */
static uint8_t merge(const uint8_t four[4])
{
    int count[6] = { 0 }, sum[6] = { 0 }, best = 0;
    for (int i = 0; i < 4; i++) {
        int group = group_of(four[i]);
        count[group]++;
        sum[group] += four[i];
    }
    if (count[0] > 2)
        return 0;
    for (int group = 1; group < 6; group++)
        best = count[group] > count[best] || best == 0 ? group : best;
    return (uint8_t)(count[best] ? sum[best] / count[best] : 0);
}

static void make_levels(art_image *image)
{
    for (int level = 0; level + 1 < ART_LEVELS; level++) {
        int side = ART_SIDE >> level, half = side / 2;
        const uint8_t *from = image->texel + art_offset(level);
        uint8_t *to = image->texel + art_offset(level + 1);
        for (int i = 0; i < half * half; i++) {
            const uint8_t *p = from + 2 * (i / half) * side + 2 * (i % half);
            to[i] = merge((uint8_t[]){ p[0], p[1], p[side], p[side + 1] });
        }
    }
}

static void make_robot(int view)
{
    uint8_t *texel = sprites[LAB_ROBOT + view].texel;
    for (int i = 0; i < 2; i++)
        draw_figure(&ROBOT_LEGS[view % 2][i], texel);
    for (int i = 0; i < 5; i++)
        draw_figure(&ROBOT_BODY[i], texel);
    for (int i = 0; i < 4 && ROBOT_FACES[view / 2][i].kind != END; i++)
        draw_figure(&ROBOT_FACES[view / 2][i], texel);
}

void art_make_sprites(void)
{
    memset(sprites, 0, sizeof sprites);
    for (int shape = 0; shape < LAB_ROBOT; shape++) {
        for (int i = 0; i < FIGURES && SHAPES[shape][i].kind != END; i++)
            draw_figure(&SHAPES[shape][i], sprites[shape].texel);
    }
    for (int view = 0; view < ART_VIEWS; view++)
        make_robot(view);
    for (int i = 0; i < LAB_ROBOT + ART_VIEWS; i++)
        make_levels(&sprites[i]);
}
