/* Load a model, let one of its voices speak freely, write a WAV file:
 *
 *     speak MODEL.safetensors SPEAKER SECONDS OUT.wav
 */
#include <agena/agena.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    float *samples;
    int64_t count;
} tape;

/* Called by ag_wavenet_generate for every 10 ms of audio. */
static int record(void *user, int stream, const float *samples, int64_t count)
{
    (void)stream; /* there is one */
    tape *t = user;
    memcpy(t->samples + t->count, samples, (size_t)count * sizeof(*samples));
    t->count += count;
    return AG_OK;
}

static int speak(const char *model_path, const char *speaker, double seconds, const char *out)
{
    ag_wavenet *model = NULL;
    int status = ag_wavenet_load(model_path, &model);
    if (status < 0)
        return status;
    int rate = model->config.sample_rate;
    ag_wavenet_generate_options options = {
        .speaker = speaker,
        .seconds = seconds,
        .sampler = { .streams = 1, .threads = 1, .temperature = 1, .seed = 1 },
    };
    tape t = { calloc((size_t)(seconds * rate) + 1, sizeof(float)), 0 };
    status = t.samples ? ag_wavenet_generate(model, &options, record, &t) : AG_ENOMEM;
    if (status == AG_OK)
        status = ag_audio_write_wav(out, t.samples, t.count, rate);
    free(t.samples);
    ag_wavenet_free(model);
    return status;
}

int main(int argc, char **argv)
{
    double seconds = argc == 5 ? atof(argv[3]) : 0;
    if (!(seconds > 0 && seconds <= 60)) {
        fprintf(stderr,
                "usage: speak MODEL.safetensors SPEAKER SECONDS OUT.wav (1 minute at most)\n");
        return 2;
    }
    if (speak(argv[1], argv[2], seconds, argv[4]) < 0) {
        fprintf(stderr, "speak: %s\n", ag_error());
        return 1;
    }
    return 0;
}
