/* A tiny data set and recipe in a temporary folder, and runs on it, for the tests of training. */
#include "tiny_run.h"

#include "agena/wavenet.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

char tiny_folder[64];

const char *tiny_path(const char *name)
{
    static char path[4][160];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", tiny_folder, name);
    return path[turn];
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* Twelve short recordings of two voices (sums of sines) in all splits, and a recipe for a tiny
 * network. */
int tiny_make(void **state)
{
    (void)state;
    strcpy(tiny_folder, "/tmp/agena-train-XXXXXX");
    assert_non_null(mkdtemp(tiny_folder));
    ag_manifest *m = NULL;
    assert_int_equal(ag_manifest_new(&m), 0);
    float audio[3000];
    for (int i = 0; i < 12; i++) {
        int samples = 1500 + 110 * i;
        for (int t = 0; t < samples; t++) {
            audio[t] = 0.4f * sinf((float)(t * (i + 3)) * 0.02f) + 0.1f * sinf((float)t * 0.31f);
        }
        char name[32];
        snprintf(name, sizeof name, "%02d.wav", i);
        assert_int_equal(ag_audio_write_wav(tiny_path(name), audio, samples, 8000), 0);
        ag_recording r = { .path = name,
                           .speaker = i % 2 ? "ann" : "bob",
                           .language = i % 3 ? "en" : "fr",
                           .text = "",
                           .seconds = samples / 8000.0,
                           .sample_rate = 8000,
                           .split = i < 8    ? AG_SPLIT_TRAIN
                                    : i < 10 ? AG_SPLIT_VALID
                                             : AG_SPLIT_TEST };
        assert_int_equal(ag_manifest_add(m, &r), 0);
    }
    assert_int_equal(ag_manifest_write(m, tiny_path("manifest.jsonl")), 0);
    ag_manifest_free(m);
    write_text(tiny_path("recipe.yaml"),
               "seed: 7\n"
               "speakers: true\n"
               "languages: true\n"
               "model:\n"
               "  sample_rate: 8000\n"
               "  main: {layers: 4, stacks: 2, residual: 8, gate: 16, skip: 8}\n"
               "  global_channels: 4\n"
               "  local_features: 80\n"
               "  hop: 80\n"
               "  local_context: 1\n"
               "  local_channels: 8\n"
               "  upsample: [4]\n"
               "train:\n"
               "  steps: 6\n"
               "  batch: 6\n"
               "  shards: 3\n"
               "  samples: 400\n"
               "  local_dropout: 0.2\n"
               "  optimizer: {rate: {base: 0.01}, clip_norm: 1, average: 0.9}\n"
               "  checkpoint_steps: 2\n"
               "  valid_steps: 4\n");
    return 0;
}

int tiny_remove(void **state)
{
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", tiny_folder);
    return system(command);
}

int tiny_train(const char *run, const char *steps, bool resume, int threads)
{
    char override[64];
    snprintf(override, sizeof override, "train.steps=%s", steps);
    const char *overrides[] = { override };
    ag_wavenet_train_options o = { .recipe = tiny_path("recipe.yaml"),
                                   .overrides = overrides,
                                   .override_count = 1,
                                   .data = tiny_folder,
                                   .output = tiny_path(run),
                                   .resume = resume,
                                   .threads = threads };
    int status = ag_wavenet_train(&o);
    if (status < 0) {
        printf("# %s\n", ag_error());
    }
    return status;
}
