/* Pictures as PNG files. */
#ifndef BASE_PNG_H
#define BASE_PNG_H

#include "agena/base.h"

/* Write a picture, atomically. pixels [height, width, 3] RGB; or [height, width] indices into
 * palette [colours, 3], where there is one. */
int base_png_write(const char *path, const uint8_t *pixels, int width, int height,
                   const uint8_t *palette, int colours);

#endif
