/* Manifests of folders: order, speakers, damaged files. */
#include "data_test.h"

#include <unistd.h>

static ag_pool *pool;

static void make_folder(void)
{
    write_pattern("folder/zoe/2.wav", 1, 8000, 8000);
    write_pattern("folder/zoe/1.WAV", 2, 4000, 8000);
    write_pattern("folder/anna/deep/er/3.wav", 3, 16000, 16000);
    write_pattern("folder/loose.wav", 4, 1600, 16000);
    write_text("folder/zoe/notes.txt", "no audio");
    if (access(temporary("folder/anna/loop"), F_OK) != 0) {
        assert_int_equal(symlink("..", temporary("folder/anna/loop")), 0);
    }
}

static void files_are_found_in_order(void **state)
{
    (void)state;
    make_folder();
    ag_manifest *m;
    assert_int_equal(ag_folder_manifest(temporary("folder"), NULL, "de", pool, &m), AG_OK);
    assert_int_equal(ag_manifest_count(m), 4);
    const char *ends[] = { "anna/deep/er/3.wav", "loose.wav", "zoe/1.WAV", "zoe/2.wav" };
    const char *speakers[] = { "anna", "default", "zoe", "zoe" };
    const double seconds[] = { 1.0, 0.1, 0.5, 1.0 };
    for (int i = 0; i < 4; i++) {
        const ag_recording *r = ag_manifest_at(m, i);
        assert_int_equal(r->path[0], '/');
        assert_non_null(strstr(r->path, ends[i]));
        assert_string_equal(r->speaker, speakers[i]);
        assert_string_equal(r->language, "de");
        assert_true(r->seconds == seconds[i]);
        assert_int_equal(r->split, ag_split_of("de", ends[i]));
    }
    assert_int_equal(ag_manifest_at(m, 0)->sample_rate, 16000);
    assert_int_equal(ag_manifest_at(m, 3)->speaker_id, 2);
    ag_manifest_free(m);
}

static void one_speaker_for_all(void **state)
{
    (void)state;
    make_folder();
    ag_manifest *m;
    assert_int_equal(ag_folder_manifest(temporary("folder"), "me", "de", pool, &m), AG_OK);
    assert_int_equal(ag_manifest_speakers(m), 1);
    assert_string_equal(ag_manifest_speaker(m, 0), "me");
    ag_manifest_free(m);
}

static void damaged_files_are_named(void **state)
{
    (void)state;
    write_pattern("damaged/a.wav", 1, 100, 8000);
    write_text("damaged/b.wav", "RIFF but no more");
    ag_manifest *m;
    assert_int_equal(ag_folder_manifest(temporary("damaged"), NULL, "de", pool, &m), AG_EFORMAT);
    assert_null(m);
    assert_non_null(strstr(ag_error(), "damaged/b.wav"));
}

static void folders_without_audio(void **state)
{
    (void)state;
    write_text("nothing/a.txt", "a");
    ag_manifest *m;
    assert_int_equal(ag_folder_manifest(temporary("nothing"), NULL, "de", pool, &m), AG_ENOTFOUND);
    assert_non_null(strstr(ag_error(), "nothing"));
    assert_int_equal(ag_folder_manifest(temporary("absent"), NULL, "de", pool, &m), AG_ENOTFOUND);
}

static void deep_folders_are_refused(void **state)
{
    (void)state;
    char path[256] = "deep";
    for (int i = 0; i < 40; i++) {
        strcat(path, "/d");
    }
    strcat(path, "/a.wav");
    write_text(path, "");
    ag_manifest *m;
    assert_int_equal(ag_folder_manifest(temporary("deep"), NULL, "de", pool, &m), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "nested"));
}

static int build_once(void *unused)
{
    (void)unused;
    ag_manifest *m;
    int err = ag_folder_manifest(temporary("folder"), NULL, "de", pool, &m);
    ag_manifest_free(m);
    return err;
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    make_folder();
    assert_true(survive_failing_allocations(build_once, NULL) > 0);
}

static int make_pool(void **state)
{
    (void)state;
    return ag_pool_new(2, &pool);
}

static int free_pool(void **state)
{
    (void)state;
    ag_pool_free(pool);
    return 0;
}

void test_folder(test_list *list)
{
    ADD_TEST_IN(list, "folder", files_are_found_in_order, make_pool, free_pool);
    ADD_TEST_IN(list, "folder", one_speaker_for_all, make_pool, free_pool);
    ADD_TEST_IN(list, "folder", damaged_files_are_named, make_pool, free_pool);
    ADD_TEST_IN(list, "folder", folders_without_audio, make_pool, free_pool);
    ADD_TEST_IN(list, "folder", deep_folders_are_refused, make_pool, free_pool);
    ADD_TEST_IN(list, "folder", failing_allocations_are_survived, make_pool, free_pool);
}
