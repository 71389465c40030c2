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

#include <cmocka.h>

#include "../common/files.h"
#include "tiny_run.h"

static void threads_do_not_matter(void **state)
{
    (void)state;
    assert_int_equal(tiny_train("one", "6", false, 1), 0);
    assert_int_equal(tiny_train("three", "6", false, 3), 0);
    assert_same_file(tiny_path("one/checkpoint.safetensors"),
                     tiny_path("three/checkpoint.safetensors"));
    assert_same_file(tiny_path("one/model.safetensors"), tiny_path("three/model.safetensors"));
}

static void resuming_equals_never_stopping(void **state)
{
    (void)state;
    assert_int_equal(tiny_train("halves", "2", false, 2), 0);
    assert_int_equal(tiny_train("halves", "5", true, 1), 0);
    assert_int_equal(tiny_train("halves", "6", true, 2), 0);
    assert_same_file(tiny_path("one/checkpoint.safetensors"),
                     tiny_path("halves/checkpoint.safetensors"));
}

static void refuses_to_overwrite_or_to_resume_nothing(void **state)
{
    (void)state;
    assert_int_equal(tiny_train("one", "6", false, 1), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "--resume"));
    assert_int_equal(tiny_train("nowhere", "6", true, 1), AG_ENOTFOUND);
}

static void training_lowers_the_loss(void **state)
{
    (void)state;
    assert_int_equal(tiny_train("long", "60", false, 2), 0);
    ag_wavenet *first = NULL, *last = NULL;
    assert_int_equal(ag_wavenet_load(tiny_path("one/model.safetensors"), &first), 0);
    assert_int_equal(ag_wavenet_load(tiny_path("long/model.safetensors"), &last), 0);
    assert_int_equal(last->steps, 60);
    assert_int_equal(last->config.speakers, 2);
    assert_string_equal(last->speakers[0], "ann");
    assert_string_equal(last->languages[1], "fr");
    ag_pool *pool = NULL;
    ag_speech *speech = NULL;
    assert_int_equal(ag_pool_new(2, &pool), 0);
    ag_speech_options o = { .sample_rate = 8000, .hop = 80, .mel = true, .split = AG_SPLIT_TEST };
    assert_int_equal(ag_speech_open(tiny_folder, &o, pool, &speech), 0);
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
    assert_true(fabs(bits - after) < 0.01);
    ag_sampler_free(sampler);
    ag_speech_free(speech);
    ag_pool_free(pool);
    ag_wavenet_free(first);
    ag_wavenet_free(last);
}

/* With --init the first step starts from the other model's weights, not from random ones. */
static void begins_with_the_weights_of_a_model(void **state)
{
    (void)state;
    const char *overrides[] = { "train.steps=1", "train.valid_steps=0",
                                "train.optimizer.rate.base=1e-9" };
    ag_wavenet_train_options o = { .recipe = tiny_path("recipe.yaml"),
                                   .overrides = overrides,
                                   .override_count = 3,
                                   .data = tiny_folder,
                                   .init = tiny_path("long/model.safetensors"),
                                   .threads = 1 };
    char *output = ag_strdup(tiny_path("tuned"));
    o.output = output;
    assert_int_equal(ag_wavenet_train(&o), 0);
    ag_wavenet *from = NULL, *to = NULL;
    assert_int_equal(ag_wavenet_load(tiny_path("long/model.safetensors"), &from), 0);
    assert_int_equal(ag_wavenet_load(tiny_path("tuned/model.safetensors"), &to), 0);
    for (int64_t i = 0; i < ag_tensors_block_size(from->weights); i++) {
        assert_true(fabsf(ag_tensors_block(from->weights)[i] - ag_tensors_block(to->weights)[i]) <
                    1e-6f);
    }
    ag_wavenet_free(from);
    ag_wavenet_free(to);
    ag_free(output);
}

static void model_files_are_checked(void **state)
{
    (void)state;
    void *data = NULL;
    size_t size = 0;
    ag_wavenet *m = NULL;
    assert_int_equal(ag_file_read(tiny_path("one/model.safetensors"), 1 << 26, &data, &size), 0);
    FILE *f = fopen(tiny_path("cut.safetensors"), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size - 5, f), size - 5);
    fclose(f);
    ag_free(data);
    assert_int_equal(ag_wavenet_load(tiny_path("cut.safetensors"), &m), AG_EFORMAT);
    assert_null(m);
    assert_int_equal(ag_wavenet_load(tiny_path("00.wav"), &m), AG_EFORMAT);
    assert_int_equal(ag_wavenet_load(tiny_path("absent"), &m), AG_ENOTFOUND);
    assert_int_equal(ag_wavenet_index("speaker", "zoe", (char *[]){ "ann", "bob" }, 2), AG_EINVAL);
    assert_string_equal(ag_error(), "the model knows no speaker named zoe; it has: ann, bob");
}

static int count_samples(void *user, int stream, const float *samples, int64_t count)
{
    (void)stream;
    (void)samples;
    *(int64_t *)user += count;
    return 0;
}

/* Load a model and speak a little in the manner of a recording. */
static int load_and_generate(void)
{
    ag_wavenet *m = NULL;
    int64_t made = 0;
    int status = ag_wavenet_load(tiny_path("one/model.safetensors"), &m);
    if (status == 0) {
        ag_wavenet_generate_options o = { .mel = tiny_path("10.wav"),
                                          .speaker = "bob",
                                          .seconds = 0.02,
                                          .sampler = {
                                              .streams = 2, .threads = 1, .temperature = 1 } };
        status = ag_wavenet_generate(m, &o, count_samples, &made);
        if (status == 0) {
            assert_int_equal(made, 2 * 160);
        }
    }
    ag_wavenet_free(m);
    return status;
}

static int train_two_steps(void)
{
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'", tiny_path("starved"));
    assert_int_equal(system(command), 0);
    const char *overrides[] = { "train.steps=2", "train.valid_steps=1" };
    ag_wavenet_train_options o = { .recipe = tiny_path("recipe.yaml"),
                                   .overrides = overrides,
                                   .override_count = 2,
                                   .data = tiny_folder,
                                   .output = tiny_path("starved"),
                                   .threads = 1 };
    return ag_wavenet_train(&o);
}

/* Fail allocation first, first + stride, ...: an error each time, and no harm to what follows. */
static void starve(int (*work)(void), uint64_t stride)
{
    ag_alloc_fail_at(0);
    assert_int_equal(work(), 0);
    uint64_t total = ag_alloc_fail_at(0);
    assert_true(total > 50);
    for (uint64_t n = 1; n <= total; n += stride) {
        ag_alloc_fail_at(n);
        int status = work();
        ag_alloc_fail_at(0);
        if (status != AG_ENOMEM) {
            fail_msg("allocation %llu of %llu failed: status %d, \"%s\"", (unsigned long long)n,
                     (unsigned long long)total, status, ag_error());
        }
    }
    assert_int_equal(work(), 0);
}

enum { MADE = 400 }; /* samples, several blocks of 10 ms */

typedef struct {
    float samples[2][MADE];
    int64_t count[2];
} heard;

static int hear(void *user, int stream, const float *samples, int64_t count)
{
    heard *h = user;
    memcpy(h->samples[stream] + h->count[stream], samples, (size_t)count * sizeof *samples);
    h->count[stream] += count;
    return 0;
}

/* Generated audio is the sampler's, de-emphasised over the borders of blocks. */
static void generation_undoes_preemphasis(void **state)
{
    (void)state;
    ag_wavenet *m = NULL;
    assert_int_equal(ag_wavenet_load(tiny_path("one/model.safetensors"), &m), 0);
    ag_wavenet_generate_options o = { .seconds = MADE / 8000.0,
                                      .sampler = { .streams = 2, .threads = 1, .temperature = 1 } };
    static heard plain, made;
    assert_int_equal(ag_wavenet_generate(m, &o, hear, &plain), 0);
    m->config.preemphasis = 0.5F;
    assert_int_equal(ag_wavenet_generate(m, &o, hear, &made), 0);
    for (int s = 0; s < 2; s++) {
        assert_int_equal(made.count[s], MADE);
        float last = 0;
        for (int t = 0; t < MADE; t++) {
            last = plain.samples[s][t] + 0.5F * last;
            assert_true(made.samples[s][t] == last);
        }
    }
    ag_wavenet_free(m);
}

static void generation_survives_allocation_failure(void **state)
{
    (void)state;
    starve(load_and_generate, 1);
}

static void training_survives_allocation_failure(void **state)
{
    (void)state;
    ag_log_sink(NULL, NULL, AG_LOG_ERROR);
    starve(train_two_steps, 29);
    ag_log_sink(NULL, NULL, AG_LOG_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(resuming_equals_never_stopping),
        cmocka_unit_test(refuses_to_overwrite_or_to_resume_nothing),
        cmocka_unit_test(training_lowers_the_loss),
        cmocka_unit_test(begins_with_the_weights_of_a_model),
        cmocka_unit_test(model_files_are_checked),
        cmocka_unit_test(generation_undoes_preemphasis),
        cmocka_unit_test(generation_survives_allocation_failure),
        cmocka_unit_test(training_survives_allocation_failure),
    };
    return cmocka_run_group_tests_name("wavenet-train", tests, tiny_make, tiny_remove);
}
