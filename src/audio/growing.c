/* The growing sample buffer of the audio readers. */
#include "audio/growing.h"

float *growing_extend(growing *g, int64_t n, int rate, const char *name)
{
    int64_t count = g->count + n;
    if (count > AG_AUDIO_MAX_SAMPLES || count > (int64_t)AG_AUDIO_MAX_SECONDS * rate) {
        g->error = ag_fail(AG_EFORMAT, "%s: longer than %d s or %d samples; cut it into pieces",
                           name, AG_AUDIO_MAX_SECONDS, AG_AUDIO_MAX_SAMPLES);
        return NULL;
    }
    if (count > g->room) {
        int64_t room = count > 65536 ? 2 * count : 65536;
        float *data = ag_realloc(g->data, (size_t)room * sizeof *data);
        if (!data) {
            g->error = AG_ENOMEM;
            return NULL;
        }
        g->data = data;
        g->room = room;
    }
    float *end = g->data + g->count;
    g->count = count;
    return end;
}
