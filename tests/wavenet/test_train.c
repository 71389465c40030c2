/* Training: the same bytes for any number of threads and after resuming, evaluation against a plain
 * computation, model files. */
#include "agena/wavenet.h"

#include "wavenet/train.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[4][160];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
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
static int make_data(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/agena-train-XXXXXX");
    assert_non_null(mkdtemp(folder));
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
        assert_int_equal(ag_audio_write_wav(in_folder(name), audio, samples, 8000), 0);
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
    assert_int_equal(ag_manifest_write(m, in_folder("manifest.jsonl")), 0);
    ag_manifest_free(m);
    write_text(in_folder("recipe.yaml"),
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
               "  valid_steps: 4\n");
    return 0;
}

static int remove_data(void **state)
{
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static int train(const char *run, const char *steps, bool resume, int threads)
{
    char override[64];
    snprintf(override, sizeof override, "train.steps=%s", steps);
    const char *overrides[] = { override };
    ag_wavenet_train_options o = { .recipe = in_folder("recipe.yaml"),
                                   .overrides = overrides,
                                   .override_count = 1,
                                   .data = folder,
                                   .output = in_folder(run),
                                   .resume = resume,
                                   .threads = threads };
    int status = ag_wavenet_train(&o);
    if (status < 0) {
        print_message("%s\n", ag_error());
    }
    return status;
}

static void assert_same_file(const char *a, const char *b)
{
    void *x = NULL, *y = NULL;
    size_t n = 0, m = 0;
    assert_int_equal(ag_file_read(a, 1 << 26, &x, &n), 0);
    assert_int_equal(ag_file_read(b, 1 << 26, &y, &m), 0);
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    ag_free(x);
    ag_free(y);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    assert_int_equal(train("one", "6", false, 1), 0);
    assert_int_equal(train("three", "6", false, 3), 0);
    assert_same_file(in_folder("one/checkpoint.safetensors"),
                     in_folder("three/checkpoint.safetensors"));
    assert_same_file(in_folder("one/model.safetensors"), in_folder("three/model.safetensors"));
}

static void resuming_equals_never_stopping(void **state)
{
    (void)state;
    assert_int_equal(train("halves", "2", false, 2), 0);
    assert_int_equal(train("halves", "5", true, 1), 0);
    assert_int_equal(train("halves", "6", true, 2), 0);
    assert_same_file(in_folder("one/checkpoint.safetensors"),
                     in_folder("halves/checkpoint.safetensors"));
}

static void refuses_to_overwrite_or_to_resume_nothing(void **state)
{
    (void)state;
    assert_int_equal(train("one", "6", false, 1), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "--resume"));
    assert_int_equal(train("nowhere", "6", true, 1), AG_ENOTFOUND);
}

static void training_lowers_the_loss(void **state)
{
    (void)state;
    assert_int_equal(train("long", "60", false, 2), 0);
    ag_wavenet *first = NULL, *last = NULL;
    assert_int_equal(ag_wavenet_load(in_folder("one/model.safetensors"), &first), 0);
    assert_int_equal(ag_wavenet_load(in_folder("long/model.safetensors"), &last), 0);
    assert_int_equal(last->steps, 60);
    assert_int_equal(last->config.speakers, 2);
    assert_string_equal(last->speakers[0], "ann");
    assert_string_equal(last->languages[1], "fr");
    ag_pool *pool = NULL;
    ag_speech *speech = NULL;
    assert_int_equal(ag_pool_new(2, &pool), 0);
    ag_speech_options o = { .sample_rate = 8000, .hop = 80, .mel = true, .split = AG_SPLIT_TEST };
    assert_int_equal(ag_speech_open(folder, &o, pool, &speech), 0);
    double before = 0, after = 0;
    int64_t samples = 0;
    assert_int_equal(
        ag_wavenet_evaluate(&first->config, first->weights, speech, 0, pool, &before, &samples), 0);
    assert_int_equal(
        ag_wavenet_evaluate(&last->config, last->weights, speech, 0, pool, &after, &samples), 0);
    assert_int_equal(samples, ag_speech_samples(speech));
    assert_true(before > 7 && before < 9);
    assert_true(after < before - 1);

    /* The sampler, fed the same audio, sees the same likelihood. */
    ag_sampler *sampler = NULL;
    ag_sampler_options so = { .streams = 1, .threads = 1, .temperature = 1 };
    assert_int_equal(ag_sampler_new(&last->config, last->weights, &so, &sampler), 0);
    double nats = 0;
    for (int64_t i = 0; i < ag_speech_count(speech); i++) {
        const ag_speech_item *item = ag_speech_at(speech, i);
        float *audio = malloc((size_t)item->samples * sizeof *audio);
        float *logits = malloc((size_t)item->samples * 256 * sizeof *logits);
        for (int64_t t = 0; t < item->samples; t++) {
            audio[t] = (float)item->audio[t] / 32768;
        }
        assert_int_equal(
            ag_sampler_start(sampler, 0, item->mel, item->frames, item->speaker, item->language),
            0);
        assert_int_equal(ag_sampler_predict(sampler, audio, item->samples, logits), 0);
        for (int64_t t = 0; t < item->samples; t++) {
            const float *row = logits + t * 256;
            double sum = 0;
            for (int c = 0; c < 256; c++) {
                sum += exp((double)row[c]);
            }
            nats += log(sum) - (double)row[ag_mulaw_encode(audio[t])];
        }
        free(audio);
        free(logits);
    }
    double bits = nats / log(2) / (double)samples;
    /* The evaluation's windows see two frames of silence features beyond a recording's ends; the
     * sampler nothing. */
    print_message("evaluation %.6f, sampler %.6f bits a sample\n", after, bits);
    assert_true(fabs(bits - after) < 0.01);
    ag_sampler_free(sampler);
    ag_speech_free(speech);
    ag_pool_free(pool);
    ag_wavenet_free(first);
    ag_wavenet_free(last);
}

static void model_files_are_checked(void **state)
{
    (void)state;
    void *data = NULL;
    size_t size = 0;
    ag_wavenet *m = NULL;
    assert_int_equal(ag_file_read(in_folder("one/model.safetensors"), 1 << 26, &data, &size), 0);
    FILE *f = fopen(in_folder("cut.safetensors"), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size - 5, f), size - 5);
    fclose(f);
    ag_free(data);
    assert_int_equal(ag_wavenet_load(in_folder("cut.safetensors"), &m), AG_EFORMAT);
    assert_null(m);
    assert_int_equal(ag_wavenet_load(in_folder("00.wav"), &m), AG_EFORMAT);
    assert_int_equal(ag_wavenet_load(in_folder("absent"), &m), AG_ENOTFOUND);
    assert_int_equal(ag_wavenet_index("speaker", "zoe", (char *[]){ "ann", "bob" }, 2), AG_EINVAL);
    assert_string_equal(ag_error(), "the model knows no speaker named zoe; it has: ann, bob");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(resuming_equals_never_stopping),
        cmocka_unit_test(refuses_to_overwrite_or_to_resume_nothing),
        cmocka_unit_test(training_lowers_the_loss),
        cmocka_unit_test(model_files_are_checked),
    };
    return cmocka_run_group_tests_name("wavenet-train", tests, make_data, remove_data);
}
