/* Words in pictures, for people who watch or play. */
#ifndef LAB_WORDS_H
#define LAB_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum {
    LAB_GLYPH_ROWS = 7, /* points; 5 wide */
    LAB_GLYPH_WIDE = 6, /* points from one letter to the next */
    LAB_LINE = 10,      /* points from one line to the next */
};

/* A letter of ASCII (others: '?'): LAB_GLYPH_ROWS rows, the leftmost point in bit 4. */
const uint8_t *lab_glyph(char letter);

/* A part of a picture; colours are LAB_RGB. */
typedef struct {
    uint8_t *rgb;  /* [height, width, 3] */
    size_t stride; /* bytes of a row */
    int width, height;
} lab_canvas;

/* `length` letters from (x, y), their upper left, on; a point is scale x scale pixels. What does
 * not fit is cut off. */
void lab_write(const lab_canvas *c, int x, int y, int scale, uint32_t rgb, const char *text,
               int length);
/* A quarter of the light of some rows, so that words on them can be read. */
void lab_darken(const lab_canvas *c, int y, int rows);
/* How many lines lab_caption makes of a text. */
int lab_caption_lines(const lab_canvas *c, int scale, const char *text);
/* Text in the middle of lines on darkened rows from y on, broken at spaces where it is long; the
 * row below the last line. */
int lab_caption(const lab_canvas *c, int y, int scale, uint32_t rgb, const char *text);

#endif
