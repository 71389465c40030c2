/* Fuzz target of map text: whatever bytes it is made of, a world is refused or can be walked in,
 * looked at and asked for ways. The input is the layout, then (after a 0 byte) the rooms. */
#include <stdlib.h>
#include <string.h>

#include "lab/lab.h"
#include "lab/render.h"

enum { WIDTH = 16, HEIGHT = 12, TICKS = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const lab_level level = { .name = "fuzzed", .seconds = 1 };

static void live(lab_world *w, lab_view *view)
{
    lab_place start = { 0, 0 };
    lab_random_place(w, -1, 0, &start);
    lab_put_player(w, start, -1);
    lab_hang_posters(w, 2);
    lab_door_add(w, start, -1, false);
    for (int i = 0; i < TICKS; i++) {
        int action[LAB_ACTIONS] = { 9, 1, i % 3 - 1, 1, 0, 0, 0 };
        if (lab_world_tick(w, action) || w->player.x < 0 || w->player.x > (float)w->map.width ||
            !(w->player.z > -100))
            abort();
    }
    lab_field field;
    lab_field_to(w, start, true, NULL, &field);
    if (field.steps[start.y * w->map.width + start.x] != 0)
        abort();
    lab_render(w, view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lab_world *w = NULL;
    lab_view *view = NULL;
    char *text = malloc(size + 2);
    if (!text || lab_world_new(&level, &w) || lab_view_new(WIDTH, HEIGHT, true, &view))
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = text[size + 1] = 0;
    const char *rooms = text + strlen(text) + 1;
    int code =
        lab_map_text(w, text, rooms <= text + size ? rooms : NULL, 1, size % 2 ? LAB_SKY : 1);
    if (code != AG_OK && (code != AG_EINVAL || !*ag_error()))
        abort();
    if (code == AG_OK)
        live(w, view);
    lab_view_free(view);
    lab_world_free(w);
    free(text);
    return 0;
}
