/* Words in pictures: a font of 5 x 7 points, and captions of it. */
#include "lab/words.h"

#include <string.h>

enum { FIRST = ' ', LAST = '~' };

/* ASCII from the space on: a row a byte, the leftmost point in bit 4. */
static const uint8_t FONT[LAST - FIRST + 1][LAB_GLYPH_ROWS] = {
    { 0, 0, 0, 0, 0, 0, 0 },        { 4, 4, 4, 4, 0, 0, 4 },        { 10, 10, 10, 0, 0, 0, 0 },
    { 10, 10, 31, 10, 31, 10, 10 }, { 4, 15, 20, 14, 5, 30, 4 },    { 24, 25, 2, 4, 8, 19, 3 },
    { 12, 18, 20, 8, 21, 18, 13 },  { 12, 4, 8, 0, 0, 0, 0 },       { 2, 4, 8, 8, 8, 4, 2 },
    { 8, 4, 2, 2, 2, 4, 8 },        { 0, 4, 21, 14, 21, 4, 0 },     { 0, 4, 4, 31, 4, 4, 0 },
    { 0, 0, 0, 0, 12, 4, 8 },       { 0, 0, 0, 31, 0, 0, 0 },       { 0, 0, 0, 0, 0, 12, 12 },
    { 0, 1, 2, 4, 8, 16, 0 },       { 14, 17, 19, 21, 25, 17, 14 }, { 4, 12, 4, 4, 4, 4, 14 },
    { 14, 17, 1, 2, 4, 8, 31 },     { 31, 2, 4, 2, 1, 17, 14 },     { 2, 6, 10, 18, 31, 2, 2 },
    { 31, 16, 30, 1, 1, 17, 14 },   { 6, 8, 16, 30, 17, 17, 14 },   { 31, 1, 2, 4, 8, 8, 8 },
    { 14, 17, 17, 14, 17, 17, 14 }, { 14, 17, 17, 15, 1, 2, 12 },   { 0, 12, 12, 0, 12, 12, 0 },
    { 0, 12, 12, 0, 12, 4, 8 },     { 2, 4, 8, 16, 8, 4, 2 },       { 0, 0, 31, 0, 31, 0, 0 },
    { 8, 4, 2, 1, 2, 4, 8 },        { 14, 17, 1, 2, 4, 0, 4 },      { 14, 17, 1, 13, 21, 21, 14 },
    { 14, 17, 17, 31, 17, 17, 17 }, { 30, 17, 17, 30, 17, 17, 30 }, { 14, 17, 16, 16, 16, 17, 14 },
    { 30, 17, 17, 17, 17, 17, 30 }, { 31, 16, 16, 30, 16, 16, 31 }, { 31, 16, 16, 30, 16, 16, 16 },
    { 14, 17, 16, 23, 17, 17, 14 }, { 17, 17, 17, 31, 17, 17, 17 }, { 14, 4, 4, 4, 4, 4, 14 },
    { 7, 2, 2, 2, 2, 18, 12 },      { 17, 18, 20, 24, 20, 18, 17 }, { 16, 16, 16, 16, 16, 16, 31 },
    { 17, 27, 21, 21, 17, 17, 17 }, { 17, 25, 21, 19, 17, 17, 17 }, { 14, 17, 17, 17, 17, 17, 14 },
    { 30, 17, 17, 30, 16, 16, 16 }, { 14, 17, 17, 17, 21, 18, 13 }, { 30, 17, 17, 30, 20, 18, 17 },
    { 15, 16, 16, 14, 1, 1, 30 },   { 31, 4, 4, 4, 4, 4, 4 },       { 17, 17, 17, 17, 17, 17, 14 },
    { 17, 17, 17, 17, 17, 10, 4 },  { 17, 17, 17, 21, 21, 27, 17 }, { 17, 17, 10, 4, 10, 17, 17 },
    { 17, 17, 10, 4, 4, 4, 4 },     { 31, 1, 2, 4, 8, 16, 31 },     { 14, 8, 8, 8, 8, 8, 14 },
    { 0, 16, 8, 4, 2, 1, 0 },       { 14, 2, 2, 2, 2, 2, 14 },      { 4, 10, 17, 0, 0, 0, 0 },
    { 0, 0, 0, 0, 0, 0, 31 },       { 8, 4, 2, 0, 0, 0, 0 },        { 0, 0, 14, 1, 15, 17, 15 },
    { 16, 16, 22, 25, 17, 17, 30 }, { 0, 0, 14, 16, 16, 17, 14 },   { 1, 1, 13, 19, 17, 17, 15 },
    { 0, 0, 14, 17, 31, 16, 14 },   { 6, 9, 8, 28, 8, 8, 8 },       { 0, 0, 15, 17, 15, 1, 14 },
    { 16, 16, 22, 25, 17, 17, 17 }, { 4, 0, 12, 4, 4, 4, 14 },      { 2, 0, 6, 2, 2, 18, 12 },
    { 16, 16, 18, 20, 24, 20, 18 }, { 12, 4, 4, 4, 4, 4, 14 },      { 0, 0, 26, 21, 21, 17, 17 },
    { 0, 0, 22, 25, 17, 17, 17 },   { 0, 0, 14, 17, 17, 17, 14 },   { 0, 0, 30, 17, 30, 16, 16 },
    { 0, 0, 13, 19, 15, 1, 1 },     { 0, 0, 22, 25, 16, 16, 16 },   { 0, 0, 15, 16, 14, 1, 30 },
    { 8, 8, 28, 8, 8, 9, 6 },       { 0, 0, 17, 17, 17, 19, 13 },   { 0, 0, 17, 17, 17, 10, 4 },
    { 0, 0, 17, 17, 21, 21, 10 },   { 0, 0, 17, 10, 4, 10, 17 },    { 0, 0, 17, 17, 15, 1, 14 },
    { 0, 0, 31, 2, 4, 8, 31 },      { 2, 4, 4, 8, 4, 4, 2 },        { 4, 4, 4, 4, 4, 4, 4 },
    { 8, 4, 4, 2, 4, 4, 8 },        { 0, 0, 8, 21, 2, 0, 0 },
};

const uint8_t *lab_glyph(char letter)
{
    return FONT[letter >= FIRST && letter <= LAST ? letter - FIRST : '?' - FIRST];
}

static void put(const lab_canvas *c, int x, int y, uint32_t rgb)
{
    if (x < 0 || y < 0 || x >= c->width || y >= c->height)
        return;
    uint8_t *at = c->rgb + (size_t)y * c->stride + 3 * (size_t)x;
    at[0] = (uint8_t)(rgb >> 16);
    at[1] = (uint8_t)(rgb >> 8);
    at[2] = (uint8_t)rgb;
}

void lab_write(const lab_canvas *c, int x, int y, int scale, uint32_t rgb, const char *text,
               int length)
{
    for (int i = 0; i < length; i++, x += LAB_GLYPH_WIDE * scale) {
        const uint8_t *rows = lab_glyph(text[i]);
        for (int p = 0; p < 5 * scale * LAB_GLYPH_ROWS * scale; p++) {
            int column = p % (5 * scale), row = p / (5 * scale);
            if (rows[row / scale] >> (4 - column / scale) & 1)
                put(c, x + column, y + row, rgb);
        }
    }
}

void lab_darken(const lab_canvas *c, int y, int rows)
{
    int end = y + rows < c->height ? y + rows : c->height;
    for (int row = y > 0 ? y : 0; row < end; row++) {
        uint8_t *at = c->rgb + (size_t)row * c->stride;
        for (int i = 0; i < 3 * c->width; i++)
            at[i] /= 4;
    }
}

/* How much of the text goes into a line of `most` letters: up to a space, if there is one. */
static int line_of(const char *text, int most)
{
    int length = (int)strlen(text), end = most;
    if (length <= most)
        return length;
    while (end > 0 && text[end] != ' ')
        end--;
    return end > 0 ? end : most;
}

static int letters_a_line(const lab_canvas *c, int scale)
{
    return (c->width - 2 * scale) / (LAB_GLYPH_WIDE * scale);
}

int lab_caption_lines(const lab_canvas *c, int scale, const char *text)
{
    int most = letters_a_line(c, scale), lines = 0;
    for (; most > 0 && *text; lines++) {
        text += line_of(text, most);
        text += *text == ' ';
    }
    return lines;
}

int lab_caption(const lab_canvas *c, int y, int scale, uint32_t rgb, const char *text)
{
    int high = LAB_LINE * scale, most = letters_a_line(c, scale);
    while (most > 0 && *text) {
        int length = line_of(text, most);
        lab_darken(c, y, high);
        int left = (c->width - (length * LAB_GLYPH_WIDE - 1) * scale) / 2;
        lab_write(c, left, y + scale, scale, rgb, text, length);
        y += high;
        text += length;
        text += *text == ' ';
    }
    return y;
}
