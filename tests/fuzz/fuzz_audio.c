/* Fuzz target of the audio readers: whatever is decoded must keep what the header promises, and no
 * failing allocation on the way may do harm. */
#include "agena/audio.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libsndfile 1.2.0 forgets a few kilobytes of libvorbis's state when an Ogg header is damaged. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libvorbis.so\nleak:libsndfile.so\n";
}

static void use(const ag_audio *audio)
{
    if (audio->count < 1 || audio->count > AG_AUDIO_MAX_SAMPLES ||
        audio->rate < AG_AUDIO_MIN_RATE || audio->rate > AG_AUDIO_MAX_RATE)
        abort();
    for (int64_t i = 0; i < audio->count; i++)
        if (!(audio->samples[i] >= -1.0F && audio->samples[i] <= 1.0F))
            abort();
}

static void parse(const uint8_t *data, size_t size, const char *name)
{
    ag_audio audio;
    int code = ag_audio_parse(data, size, name, &audio);
    if ((code == AG_OK) != (audio.samples != NULL) || (code != AG_OK && !*ag_error()))
        abort();
    if (code == AG_OK)
        use(&audio);
    ag_audio_clear(&audio);

    ag_alloc_fail_at(1 + size % 3);
    int again = ag_audio_parse(data, size, name, &audio);
    ag_alloc_fail_at(0);
    if (again != code && again != AG_ENOMEM)
        abort();
    ag_audio_clear(&audio);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse(data, size, "input");
    parse(data, size, "input.g722");
    return 0;
}
