/* Rectangles for the pictures of the small environments. */
#include "env/classic.h"

static int within(int value, int end)
{
    return value < 0 ? 0 : value > end ? end : value;
}

void env_fill(const env_canvas *canvas, int left, int top, int right, int bottom, uint32_t colour)
{
    left = within(left, canvas->width);
    right = within(right, canvas->width);
    bottom = within(bottom, canvas->height);
    for (int y = within(top, canvas->height); y < bottom; y++) {
        uint8_t *pixel = canvas->rgb + 3 * ((size_t)y * (size_t)canvas->width + (size_t)left);
        for (int x = left; x < right; x++, pixel += 3) {
            pixel[0] = (uint8_t)(colour >> 16);
            pixel[1] = (uint8_t)(colour >> 8);
            pixel[2] = (uint8_t)colour;
        }
    }
}
