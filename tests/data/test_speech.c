/* Speech in memory: samples, features, names, limits. */
#include "data_test.h"

enum { COUNT = 5, HOP = 80 };
static const int64_t lengths[COUNT] = { 8000, 81, 1, 4000, 160 };
static ag_pool *pool;
static const char *set;

static ag_speech_options defaults(void)
{
    return (ag_speech_options){ .sample_rate = 8000, .hop = HOP, .mel = true };
}

static ag_speech *open_set(ag_speech_options options, ag_pool *with)
{
    ag_speech *s;
    assert_int_equal(ag_speech_open(set, &options, with, &s), AG_OK);
    return s;
}

static void samples_are_exact(void **state)
{
    (void)state;
    ag_speech *s = open_set(defaults(), pool);
    assert_int_equal(ag_speech_count(s), COUNT);
    int64_t all = 0;
    for (int i = 0; i < COUNT; i++) {
        const ag_speech_item *item = ag_speech_at(s, i);
        assert_int_equal(item->samples, lengths[i]);
        assert_int_equal(item->frames, (lengths[i] + HOP - 1) / HOP);
        for (int64_t k = 0; k < item->samples; k++) {
            assert_int_equal(item->audio[k], pattern(i, k));
        }
        all += lengths[i];
    }
    assert_int_equal(ag_speech_samples(s), all);
    assert_int_equal(ag_speech_config(s)->hop, HOP);
    ag_speech_free(s);
}

static void features_are_those_of_the_samples(void **state)
{
    (void)state;
    ag_speech *s = open_set(defaults(), pool);
    ag_mel_config config = ag_mel_default(8000, HOP);
    ag_mel *mel;
    assert_int_equal(ag_mel_new(&config, &mel), AG_OK);
    for (int i = 0; i < COUNT; i++) {
        const ag_speech_item *item = ag_speech_at(s, i);
        float *x = malloc((size_t)item->samples * sizeof *x);
        float *features = malloc((size_t)item->frames * AG_MEL_BANDS * sizeof *features);
        assert_true(x && features);
        for (int64_t k = 0; k < item->samples; k++) {
            x[k] = (float)item->audio[k] / 32768.0F;
        }
        ag_mel_compute(mel, x, item->samples, features);
        assert_memory_equal(features, item->mel,
                            (size_t)item->frames * AG_MEL_BANDS * sizeof *features);
        free(x);
        free(features);
    }
    ag_mel_free(mel);
    ag_speech_free(s);
}

static void names_and_texts(void **state)
{
    (void)state;
    ag_speech *s = open_set(defaults(), pool);
    const ag_manifest *m = ag_speech_manifest(s);
    assert_int_equal(ag_manifest_speakers(m), 3);
    assert_string_equal(ag_manifest_speaker(m, ag_speech_at(s, 4)->speaker), "s1");
    assert_string_equal(ag_manifest_language(m, ag_speech_at(s, 3)->language), "l1");
    assert_string_equal(ag_speech_at(s, 3)->text, "pattern");
    assert_non_null(strstr(ag_speech_at(s, 3)->path, "pattern3.wav"));
    ag_speech_free(s);
}

static void other_rates_are_resampled(void **state)
{
    (void)state;
    ag_speech_options o = defaults();
    o.sample_rate = 12000;
    o.mel = false;
    ag_speech *s = open_set(o, pool);
    assert_int_equal(ag_speech_at(s, 0)->samples, 12000);
    assert_int_equal(ag_speech_at(s, 1)->samples, 122); /* 121.5 */
    assert_null(ag_speech_at(s, 0)->mel);
    ag_speech_free(s);
}

/* The features are those of the recording itself. */
static void audio_can_be_preemphasised(void **state)
{
    (void)state;
    ag_speech_options o = defaults();
    ag_speech *plain = open_set(o, pool);
    o.preemphasis = 0.5F;
    ag_speech *s = open_set(o, pool);
    for (int i = 0; i < COUNT; i++) {
        const ag_speech_item *x = ag_speech_at(plain, i), *y = ag_speech_at(s, i);
        assert_memory_equal(x->mel, y->mel, (size_t)x->frames * AG_MEL_BANDS * sizeof *x->mel);
        for (int64_t t = 0; t < x->samples; t++) {
            float before = t ? (float)x->audio[t - 1] : 0;
            assert_int_equal(y->audio[t], ag_pcm16(((float)x->audio[t] - 0.5F * before) / 32768));
        }
    }
    ag_speech_free(plain);
    ag_speech_free(s);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    ag_pool *one;
    assert_int_equal(ag_pool_new(1, &one), AG_OK);
    ag_speech *a = open_set(defaults(), one), *b = open_set(defaults(), pool);
    for (int i = 0; i < COUNT; i++) {
        const ag_speech_item *x = ag_speech_at(a, i), *y = ag_speech_at(b, i);
        assert_memory_equal(x->audio, y->audio, (size_t)x->samples * sizeof *x->audio);
        assert_memory_equal(x->mel, y->mel, (size_t)x->frames * AG_MEL_BANDS * sizeof *x->mel);
    }
    ag_speech_free(a);
    ag_speech_free(b);
    ag_pool_free(one);
}

static void memory_is_limited(void **state)
{
    (void)state;
    ag_speech_options o = defaults();
    size_t need = 0;
    for (int i = 0; i < COUNT; i++) {
        need += (size_t)lengths[i] * 2 + (size_t)((lengths[i] + HOP - 1) / HOP) * 320;
    }
    o.memory = need;
    ag_speech_free(open_set(o, pool));
    o.memory = need - 1;
    ag_speech *s;
    assert_int_equal(ag_speech_open(set, &o, pool, &s), AG_ENOMEM);
    assert_null(s);
    assert_non_null(strstr(ag_error(), "raise the limit"));
}

static void wrong_requests_are_refused(void **state)
{
    (void)state;
    ag_speech *s;
    ag_speech_options o = defaults();
    o.split = AG_SPLIT_TEST;
    assert_int_equal(ag_speech_open(set, &o, pool, &s), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "no recordings in split test"));
    o = defaults();
    o.hop = 0;
    assert_int_equal(ag_speech_open(set, &o, pool, &s), AG_EINVAL);
    o = defaults();
    o.sample_rate = 10;
    assert_int_equal(ag_speech_open(set, &o, pool, &s), AG_EINVAL);
    o = defaults();
    o.preemphasis = 1;
    assert_int_equal(ag_speech_open(set, &o, pool, &s), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "preemphasis"));
    o = defaults();
    assert_int_equal(ag_speech_open(temporary("none.jsonl"), &o, pool, &s), AG_ENOTFOUND);
    const char *broken =
        write_text("broken.jsonl", "{\"path\":\"gone.wav\",\"speaker\":\"s\",\"language\":\"en\","
                                   "\"seconds\":1,\"split\":\"train\",\"sample_rate\":8000}\n");
    assert_int_equal(ag_speech_open(broken, &o, pool, &s), AG_ENOTFOUND);
    assert_non_null(strstr(ag_error(), "gone.wav"));
    assert_null(s);
}

static int open_once(void *unused)
{
    (void)unused;
    ag_speech_options o = defaults();
    ag_speech *s;
    int err = ag_speech_open(set, &o, pool, &s);
    ag_speech_free(s);
    return err;
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    assert_true(survive_failing_allocations(open_once, NULL) > 0);
}

static int prepare(void **state)
{
    (void)state;
    static char path[512];
    strcpy(path, write_pattern_set(lengths, COUNT));
    set = path;
    return ag_pool_new(3, &pool);
}

static int finish(void **state)
{
    (void)state;
    ag_pool_free(pool);
    return 0;
}

void test_speech(test_list *list)
{
    ADD_TEST_IN(list, "speech", samples_are_exact, prepare, finish);
    ADD_TEST_IN(list, "speech", features_are_those_of_the_samples, prepare, finish);
    ADD_TEST_IN(list, "speech", names_and_texts, prepare, finish);
    ADD_TEST_IN(list, "speech", other_rates_are_resampled, prepare, finish);
    ADD_TEST_IN(list, "speech", audio_can_be_preemphasised, prepare, finish);
    ADD_TEST_IN(list, "speech", threads_do_not_matter, prepare, finish);
    ADD_TEST_IN(list, "speech", memory_is_limited, prepare, finish);
    ADD_TEST_IN(list, "speech", wrong_requests_are_refused, prepare, finish);
    ADD_TEST_IN(list, "speech", failing_allocations_are_survived, prepare, finish);
}
