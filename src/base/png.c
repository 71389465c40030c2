/* Pictures as PNG files, by libpng's simplified interface: it reports errors by return value. */
#include "base/png.h"

#include <png.h>

static int encode(png_image *image, const uint8_t *pixels, const uint8_t *palette, void **data,
                  png_alloc_size_t *size)
{
    png_alloc_size_t room = PNG_IMAGE_PNG_SIZE_MAX(*image);
    *data = ag_malloc(room);
    if (!*data)
        return AG_ENOMEM;
    *size = room;
    if (!png_image_write_to_memory(image, *data, size, 0, pixels, 0, palette))
        return ag_fail(AG_ENOMEM, "cannot encode a picture: %s", image->message);
    return AG_OK;
}

static int save(const char *path, const void *data, size_t size)
{
    ag_writer *writer = NULL;
    int err = ag_writer_open(path, &writer);
    if (err != AG_OK)
        return err;
    err = ag_writer_write(writer, data, size);
    if (err != AG_OK) {
        ag_writer_abandon(writer);
        return err;
    }
    return ag_writer_commit(writer);
}

int base_png_write(const char *path, const uint8_t *pixels, int width, int height,
                   const uint8_t *palette, int colours)
{
    png_image image = { .version = PNG_IMAGE_VERSION,
                        .width = (png_uint_32)width,
                        .height = (png_uint_32)height,
                        .format = palette ? PNG_FORMAT_RGB_COLORMAP : PNG_FORMAT_RGB,
                        .colormap_entries = (png_uint_32)colours };
    void *data = NULL;
    png_alloc_size_t size = 0;
    int err = encode(&image, pixels, palette, &data, &size);
    if (err == AG_OK)
        err = save(path, data, size);
    ag_free(data);
    png_image_free(&image);
    return err;
}
