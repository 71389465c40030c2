/* Views: their memory, and their pixels as bytes. */
#include <endian.h>
#include <string.h>

#include "lab/view.h"

static int allocate(lab_view *view, bool depth)
{
    size_t width = (size_t)view->width, height = (size_t)view->height;
    view->pixel = ag_calloc(width * height + 1, sizeof *view->pixel);
    view->depth = depth ? ag_calloc(width * height, sizeof *view->depth) : NULL;
    view->across = ag_calloc(width, sizeof *view->across);
    view->azimuth = ag_calloc(width, sizeof *view->azimuth);
    view->inverse = ag_calloc(height, sizeof *view->inverse);
    view->window = ag_calloc(width * VIEW_WINDOWS, sizeof *view->window);
    view->window_of = ag_calloc(width + 1, sizeof *view->window_of);
    view->material = ag_calloc(LAB_MAX_MATERIALS * VIEW_SHADES, sizeof *view->material);
    view->paint = ag_calloc(LAB_PAINTS, sizeof *view->paint);
    bool all = view->pixel && (view->depth || !depth) && view->across && view->azimuth &&
               view->inverse && view->window && view->window_of && view->material && view->paint;
    return all ? 0 : AG_ENOMEM;
}

int lab_view_new(int width, int height, bool depth, lab_view **out)
{
    *out = NULL;
    if (width < 1 || height < 1 || width > LAB_VIEW_MAX || height > LAB_VIEW_MAX)
        return ag_fail(AG_EINVAL, "a picture of %d x %d pixels; sides go from 1 to %d", width,
                       height, LAB_VIEW_MAX);
    lab_view *view = ag_calloc(1, sizeof *view);
    if (!view)
        return AG_ENOMEM;
    view->width = width;
    view->height = height;
    if (allocate(view, depth)) {
        lab_view_free(view);
        return AG_ENOMEM;
    }
    for (int x = 0; x < width; x++) {
        view->across[x] = (2 * ((float)x + 0.5f) - (float)width) / (float)width;
        view->azimuth[x] = lab_direction(1, view->across[x]);
    }
    art_prepare();
    *out = view;
    return 0;
}

void lab_view_free(lab_view *view)
{
    if (!view)
        return;
    ag_free(view->pixel);
    ag_free(view->depth);
    ag_free(view->across);
    ag_free(view->azimuth);
    ag_free(view->inverse);
    ag_free(view->window);
    ag_free(view->window_of);
    ag_free(view->material);
    ag_free(view->paint);
    ag_free(view);
}

/* Four pixels of 32 bits are three words of 24. */
void lab_view_rgb(const lab_view *view, uint8_t *out)
{
    const uint32_t *p = view->pixel;
    int count = view->width * view->height, i = 0;
    for (; i + 4 <= count; i += 4, p += 4, out += 12) {
        uint32_t words[3] = { htole32(p[0] | p[1] << 24), htole32(p[1] >> 8 | p[2] << 16),
                              htole32(p[2] >> 16 | p[3] << 8) };
        memcpy(out, words, sizeof words);
    }
    for (; i < count; i++, p++) {
        *out++ = (uint8_t)*p;
        *out++ = (uint8_t)(*p >> 8);
        *out++ = (uint8_t)(*p >> 16);
    }
}

void lab_view_rgbd(const lab_view *view, uint8_t *out)
{
    int count = view->width * view->height;
    for (int i = 0; i < count; i++, out += 4) {
        float tenths = view->depth[i] * LAB_DEPTH_SCALE;
        uint32_t depth = tenths < 255 ? (uint32_t)tenths : 255;
        uint32_t word = htole32(view->pixel[i] | depth << 24);
        memcpy(out, &word, sizeof word);
    }
}

const float *lab_view_depth(const lab_view *view)
{
    return view->depth;
}
