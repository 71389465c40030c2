/* Pictures on panels: drawing on them, and posters that make walls different. */
#include <string.h>

#include "lab/art.h"
#include "lab/engine.h"
#include "lab/words.h"

static void put(lab_picture *p, int x, int y, uint32_t rgb)
{
    if (x >= 0 && y >= 0 && x < LAB_PICTURE && y < LAB_PICTURE)
        p->pixel[y * LAB_PICTURE + x] = rgb;
}

static int clipped(int coordinate)
{
    return coordinate < 0 ? 0 : coordinate > LAB_PICTURE ? LAB_PICTURE : coordinate;
}

void lab_picture_clear(lab_picture *p, uint32_t rgb)
{
    lab_picture_rectangle(p, 0, 0, LAB_PICTURE, LAB_PICTURE, rgb);
}

void lab_picture_rectangle(lab_picture *p, int x, int y, int width, int height, uint32_t rgb)
{
    int right = clipped(x + width), bottom = clipped(y + height);
    for (int j = clipped(y); j < bottom; j++) {
        for (int i = clipped(x); i < right; i++)
            p->pixel[j * LAB_PICTURE + i] = rgb;
    }
}

void lab_picture_disc(lab_picture *p, int x, int y, int radius, uint32_t rgb)
{
    for (int j = clipped(y - radius); j < clipped(y + radius + 1); j++) {
        for (int i = clipped(x - radius); i < clipped(x + radius + 1); i++) {
            if ((i - x) * (i - x) + (j - y) * (j - y) <= radius * radius)
                put(p, i, j, rgb);
        }
    }
}

/* Whether a point is inside, by the number of edges to its right; corners in half pixels. */
static bool inside(const int *corners, int n, int x2, int y2)
{
    bool in = false;
    for (int i = 0, j = n - 1; i < n; j = i++) {
        int ax = 2 * corners[2 * j], ay = 2 * corners[2 * j + 1];
        int bx = 2 * corners[2 * i], by = 2 * corners[2 * i + 1];
        if ((ay > y2) == (by > y2))
            continue;
        int64_t cross = (int64_t)(bx - ax) * (y2 - ay) - (int64_t)(x2 - ax) * (by - ay);
        if ((cross > 0) == (by > ay))
            in = !in;
    }
    return in;
}

void lab_picture_polygon(lab_picture *p, const int *corners, int n, uint32_t rgb)
{
    int low_x = LAB_PICTURE, low_y = LAB_PICTURE, high_x = 0, high_y = 0;
    for (int i = 0; i < n; i++) {
        int x = clipped(corners[2 * i]), y = clipped(corners[2 * i + 1]);
        low_x = x < low_x ? x : low_x;
        low_y = y < low_y ? y : low_y;
        high_x = x > high_x ? x : high_x;
        high_y = y > high_y ? y : high_y;
    }
    for (int y = low_y; y < high_y; y++) {
        for (int x = low_x; x < high_x; x++) {
            if (inside(corners, n, 2 * x + 1, 2 * y + 1))
                put(p, x, y, rgb);
        }
    }
}

void lab_picture_letter(lab_picture *p, char letter, int quarters, int x, int y, int side,
                        uint32_t rgb)
{
    if (side < 1)
        return;
    const uint8_t *rows = lab_glyph(letter);
    for (int j = 0; j < side; j++) {
        for (int i = 0; i < side; i++) {
            int a = i, b = j;
            for (int q = 0; q < (quarters & 3); q++) { /* back by a quarter */
                int held = a;
                a = b;
                b = side - 1 - held;
            }
            int column = (a * 7 - side) / side, row = b * 7 / side;
            bool in = a * 7 >= side && column < 5;
            if (in && rows[row] >> (4 - column) & 1)
                put(p, x + i, y + j, rgb);
        }
    }
}

void lab_picture_shape(lab_picture *p, lab_shape shape, lab_colour colour, int x, int y, int side)
{
    if (side < 1)
        return;
    art_prepare();
    uint32_t palette[ART_COLOURS];
    art_sprite_palette((int)colour, palette);
    int level = 0;
    while (level + 1 < ART_LEVELS && (ART_SIDE >> (level + 1)) >= side)
        level++;
    int from = ART_SIDE >> level;
    const uint8_t *texel = art_sprite((int)shape, 0)->texel + art_offset(level);
    for (int j = 0; j < side; j++) {
        for (int i = 0; i < side; i++) {
            uint8_t index = texel[i * from / side * from + j * from / side];
            if (index)
                put(p, x + i, y + j, palette[index]);
        }
    }
}

/* One figure of an abstract picture, out of a word of chance. */
static void abstract_figure(lab_picture *p, uint32_t h, uint32_t rgb, int x, int y, int side)
{
    int cx = x + side / 8 + (int)(h & 255) * side * 3 / 4 / 256;
    int cy = y + side / 8 + (int)(h >> 8 & 255) * side * 3 / 4 / 256;
    int size = side / 10 + (int)(h >> 16 & 63) * side / 6 / 64;
    int slant = size / 2 + (int)(h >> 24 & 7) * size / 8;
    switch (h >> 28 & 3) {
    case 0:
        lab_picture_disc(p, cx, cy, size, rgb);
        break;
    case 1:
        lab_picture_rectangle(p, cx - size, cy - slant / 2, 2 * size, slant, rgb);
        break;
    case 2:
        lab_picture_polygon(
            p, (int[]){ cx, cy - size, cx + size, cy + slant / 2, cx - slant, cy + size }, 3, rgb);
        break;
    default:
        lab_picture_polygon(
            p, (int[]){ cx, cy - size, cx + slant, cy, cx, cy + size, cx - slant, cy }, 4, rgb);
    }
}

static void keep_inside(lab_picture *p, const lab_picture *before, int x, int y, int side)
{
    for (int j = 0; j < LAB_PICTURE; j++) {
        for (int i = 0; i < LAB_PICTURE; i++) {
            if (i < x || j < y || i >= x + side || j >= y + side)
                p->pixel[j * LAB_PICTURE + i] = before->pixel[j * LAB_PICTURE + i];
        }
    }
}

void lab_picture_abstract(lab_picture *p, uint32_t number, int x, int y, int side)
{
    lab_picture before = *p;
    uint32_t ground = art_hash(number, 0, 91);
    int first = (int)(ground % LAB_COLOURS);
    uint32_t back = lab_paint_rgb(first);
    lab_picture_rectangle(p, x, y, side, side, back >> 1 & 0x7F7F7F);
    for (uint32_t i = 1; i <= 7; i++) {
        uint32_t h = art_hash(number, i, 92);
        int colour = (first + 1 + (int)(art_hash(number, i, 93) % (LAB_COLOURS - 1))) % LAB_COLOURS;
        abstract_figure(p, h, i % 4 == 3 ? LAB_RGB(250, 250, 250) : lab_paint_rgb(colour), x, y,
                        side);
    }
    keep_inside(p, &before, x, y, side);
}

void lab_picture_show(lab_picture *p)
{
    uint32_t *from = p->pixel;
    for (int side = LAB_PICTURE; side > 1; side /= 2) {
        uint32_t *to = from + side * side;
        for (int i = 0; i < side / 2 * (side / 2); i++) {
            const uint32_t *q = from + 2 * (i / (side / 2)) * side + 2 * (i % (side / 2));
            uint32_t out = 0;
            for (int shift = 0; shift < 24; shift += 8) {
                uint32_t sum = (q[0] >> shift & 255) + (q[1] >> shift & 255) +
                               (q[side] >> shift & 255) + (q[side + 1] >> shift & 255);
                out |= (sum + 2) / 4 << shift;
            }
            to[i] = out;
        }
        from = to;
    }
}

/* ---- posters ---- */

void lab_hang_posters(lab_world *w, int count)
{
    static const int8_t DX[4] = { 1, 0, -1, 0 }, DY[4] = { 0, 1, 0, -1 };
    for (int tries = count * 20; tries > 0 && count > 0; tries--) {
        int x = lab_below(w, w->map.width), y = lab_below(w, w->map.height), side = lab_below(w, 4);
        const lab_cell *wall = lab_cell_of(w, x, y);
        if (lab_standable(w, x, y) || wall->door || wall->panel[side] || wall->floor < 0.8f ||
            !lab_standable(w, x + DX[side], y + DY[side]))
            continue;
        int shape = lab_below(w, LAB_SHAPES);
        int colour = lab_below(w, LAB_COLOURS);
        lab_panel panel = { .place = { (int16_t)x, (int16_t)y },
                            .side = (uint8_t)side,
                            .cells = 1,
                            .low = 0.2f,
                            .high = 0.8f,
                            .picture = -1,
                            .shape = (uint8_t)shape,
                            .colour = (uint8_t)colour };
        count -= lab_panel_add(w, &panel) >= 0;
    }
}
