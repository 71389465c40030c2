/* Manifests: round trips, numbers of names, splits. */
#include "data_test.h"

static const ag_recording example = { .path = "a/b.wav",
                                      .speaker = "zoë",
                                      .language = "fr",
                                      .text = "\"Ça va\" \\ ?",
                                      .seconds = 1.25,
                                      .sample_rate = 22050,
                                      .split = AG_SPLIT_VALID };

static ag_manifest *three(void)
{
    ag_manifest *m;
    assert_int_equal(ag_manifest_new(&m), AG_OK);
    ag_recording r = example;
    assert_int_equal(ag_manifest_add(m, &r), AG_OK);
    r.speaker = "anna";
    r.language = "en";
    r.path = "/tmp/c.flac";
    r.text = NULL;
    r.split = AG_SPLIT_TRAIN;
    assert_int_equal(ag_manifest_add(m, &r), AG_OK);
    r.speaker = "zoë";
    r.split = AG_SPLIT_TEST;
    assert_int_equal(ag_manifest_add(m, &r), AG_OK);
    assert_int_equal(ag_manifest_number(m), AG_OK);
    return m;
}

static void assert_same(const ag_recording *a, const ag_recording *b)
{
    assert_string_equal(a->speaker, b->speaker);
    assert_string_equal(a->language, b->language);
    assert_string_equal(a->text, b->text);
    assert_true(a->seconds == b->seconds);
    assert_int_equal(a->sample_rate, b->sample_rate);
    assert_int_equal(a->split, b->split);
    assert_int_equal(a->speaker_id, b->speaker_id);
    assert_int_equal(a->language_id, b->language_id);
}

static void writing_and_reading_gives_the_same(void **state)
{
    (void)state;
    ag_manifest *m = three(), *read;
    assert_int_equal(ag_manifest_write(m, temporary("manifest.jsonl")), AG_OK);
    assert_int_equal(ag_manifest_read(temporary(""), &read), AG_OK); /* by its folder */
    assert_int_equal(ag_manifest_count(read), 3);
    for (int i = 0; i < 3; i++) {
        assert_same(ag_manifest_at(m, i), ag_manifest_at(read, i));
    }
    /* relative paths start at the manifest's folder */
    assert_string_equal(ag_manifest_at(read, 0)->path, temporary("a/b.wav"));
    assert_string_equal(ag_manifest_at(read, 1)->path, "/tmp/c.flac");
    ag_manifest_free(read);
    ag_manifest_free(m);
}

static void names_are_numbered_in_byte_order(void **state)
{
    (void)state;
    ag_manifest *m = three();
    assert_int_equal(ag_manifest_speakers(m), 2);
    assert_string_equal(ag_manifest_speaker(m, 0), "anna");
    assert_string_equal(ag_manifest_speaker(m, 1), "zoë");
    assert_int_equal(ag_manifest_at(m, 0)->speaker_id, 1);
    assert_int_equal(ag_manifest_at(m, 1)->speaker_id, 0);
    assert_int_equal(ag_manifest_languages(m), 2);
    assert_string_equal(ag_manifest_language(m, 1), "fr");
    assert_int_equal(ag_manifest_at(m, 0)->language_id, 1);
    ag_manifest_free(m);
}

static void bad_recordings_are_refused(void **state)
{
    (void)state;
    ag_manifest *m;
    assert_int_equal(ag_manifest_new(&m), AG_OK);
    ag_recording r = example;
    r.path = "";
    assert_int_equal(ag_manifest_add(m, &r), AG_EINVAL);
    r = example;
    r.speaker = "a\nb";
    assert_int_equal(ag_manifest_add(m, &r), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "speaker has a control character at byte 1"));
    r = example;
    r.language = NULL;
    assert_int_equal(ag_manifest_add(m, &r), AG_EINVAL);
    r = example;
    r.seconds = 7201.0;
    assert_int_equal(ag_manifest_add(m, &r), AG_EINVAL);
    r = example;
    r.sample_rate = 1;
    assert_int_equal(ag_manifest_add(m, &r), AG_EINVAL);
    r = example;
    r.split = (ag_split)3;
    assert_int_equal(ag_manifest_add(m, &r), AG_EINVAL);
    assert_int_equal(ag_manifest_count(m), 0);
    ag_manifest_free(m);
}

static void text_that_is_not_utf8_is_not_written(void **state)
{
    (void)state;
    ag_manifest *m;
    assert_int_equal(ag_manifest_new(&m), AG_OK);
    ag_recording r = example;
    r.text = "caf\xe9";
    assert_int_equal(ag_manifest_add(m, &r), AG_OK);
    assert_int_equal(ag_manifest_write(m, temporary("latin.jsonl")), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "UTF-8"));
    ag_manifest *read;
    assert_int_equal(ag_manifest_read(temporary("latin.jsonl"), &read), AG_ENOTFOUND);
    ag_manifest_free(m);
}

static void split_names(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        ag_split split;
        assert_int_equal(ag_split_parse(ag_split_name((ag_split)i), &split), AG_OK);
        assert_int_equal(split, i);
    }
    ag_split split;
    assert_int_equal(ag_split_parse("dev", &split), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "dev"));
}

/* These must never change: models are judged on the test split of the day they were trained. */
static void splits_stay_for_ever(void **state)
{
    (void)state;
    assert_int_equal(ag_split_of("en", "activated"), AG_SPLIT_TRAIN);
    assert_int_equal(ag_split_of("en", "vm-for"), AG_SPLIT_VALID);
    assert_int_equal(ag_split_of("en", "confbridge-locked"), AG_SPLIT_TEST);
    assert_int_equal(ag_split_of("fr", "conf-errormenu"), AG_SPLIT_TEST);
}

static void splits_have_their_shares(void **state)
{
    (void)state;
    int count[3] = { 0 };
    for (int i = 0; i < 20000; i++) {
        char name[32];
        snprintf(name, sizeof name, "digits/%d", i);
        count[ag_split_of("it", name)]++;
    }
    /* five standard deviations of a fair draw */
    assert_in_range(count[AG_SPLIT_VALID], 1000 - 154, 1000 + 154);
    assert_in_range(count[AG_SPLIT_TEST], 1000 - 154, 1000 + 154);
}

static int write_and_read(void *unused)
{
    (void)unused;
    ag_manifest *m = NULL, *read = NULL;
    int err = ag_manifest_new(&m);
    for (int i = 0; err == AG_OK && i < 70; i++) { /* enough to grow */
        err = ag_manifest_add(m, &example);
    }
    if (err == AG_OK) {
        err = ag_manifest_number(m);
    }
    if (err == AG_OK) {
        err = ag_manifest_write(m, temporary("memory.jsonl"));
    }
    if (err == AG_OK) {
        err = ag_manifest_read(temporary("memory.jsonl"), &read);
    }
    ag_manifest_free(read);
    ag_manifest_free(m);
    return err;
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    assert_true(survive_failing_allocations(write_and_read, NULL) > 0);
}

void test_manifest(test_list *list)
{
    ADD_TEST_IN(list, "manifest", writing_and_reading_gives_the_same, NULL, NULL);
    ADD_TEST_IN(list, "manifest", names_are_numbered_in_byte_order, NULL, NULL);
    ADD_TEST_IN(list, "manifest", bad_recordings_are_refused, NULL, NULL);
    ADD_TEST_IN(list, "manifest", text_that_is_not_utf8_is_not_written, NULL, NULL);
    ADD_TEST_IN(list, "manifest", split_names, NULL, NULL);
    ADD_TEST_IN(list, "manifest", splits_stay_for_ever, NULL, NULL);
    ADD_TEST_IN(list, "manifest", splits_have_their_shares, NULL, NULL);
    ADD_TEST_IN(list, "manifest", failing_allocations_are_survived, NULL, NULL);
}
