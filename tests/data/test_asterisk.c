/* The manifest of Asterisk's prompts, from a small tree laid out as Debian does. */
#include "data_test.h"

#include <zlib.h>

#include "data/asterisk.h"

static const uint8_t silence[1600]; /* 0.2 s of G.722 */

static void prompt(const char *language_folder, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "sounds/%s/%s.g722", language_folder, name);
    write_bytes(path, silence, sizeof silence);
}

static void transcript(const char *language, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "doc/asterisk-core-sounds-%s/core-sounds-%s.txt.gz", language,
             language);
    gzFile file = gzopen(write_text(path, ""), "wb");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, text, (unsigned)strlen(text)), strlen(text));
    gzclose(file);
}

static void make_tree(void)
{
    const char *en[] = { "hello",      "digits/1F", "beep",       "silence/1", "tt-monkeys",
                         "letters/at", "untold",    "said-twice", "monkey",    "angle" };
    for (size_t i = 0; i < sizeof en / sizeof *en; i++) {
        prompt("en_US_f_Allison", en[i]);
    }
    write_bytes("sounds/en_US_f_Allison/empty.g722", "", 0);
    write_text("sounds/en_US_f_Allison/readme.txt", "not a prompt");
    prompt("it_IT_m_Carlo", "hello");
    transcript("en", "\xef\xbb\xbf; A comment: not a prompt\n\nhello:  Hello \t there. \r\n"
                     "digits/1f: one\nbeep: a beep\nsilence/1: (1 second of silence)\n"
                     "letters/at: at [@]\nsaid-twice: said-twice: Once.\n"
                     "monkey: [sound of monkeys]\nangle: <beep ascending>\nno colon\n"
                     "hello: second\nempty: nothing\n");
    transcript("it", "hello: Buon giorno.\n");
}

static const ag_recording *find(const ag_manifest *m, const char *ending)
{
    for (int64_t i = 0; i < ag_manifest_count(m); i++) {
        const ag_recording *r = ag_manifest_at(m, i);
        if (strcmp(r->path + strlen(r->path) - strlen(ending), ending) == 0) {
            return r;
        }
    }
    return NULL;
}

static ag_manifest *build(const char *languages)
{
    ag_manifest *m;
    assert_int_equal(asterisk_manifest(temporary("sounds"), temporary("doc"), languages, &m),
                     AG_OK);
    return m;
}

static void speech_is_kept_and_sounds_are_not(void **state)
{
    (void)state;
    make_tree();
    ag_manifest *m = build("en,it");
    assert_int_equal(ag_manifest_count(m), 6);
    assert_null(find(m, "/beep.g722"));
    assert_null(find(m, "/monkey.g722"));
    assert_null(find(m, "/angle.g722"));
    assert_null(find(m, "/empty.g722"));
    assert_string_equal(find(m, "Allison/hello.g722")->text, "Hello there.");
    assert_string_equal(find(m, "digits/1F.g722")->text, "one");
    assert_string_equal(find(m, "letters/at.g722")->text, "at");
    assert_string_equal(find(m, "untold.g722")->text, "");
    assert_string_equal(find(m, "said-twice.g722")->text, "Once.");
    ag_manifest_free(m);
}

static void recordings_are_described(void **state)
{
    (void)state;
    make_tree();
    ag_manifest *m = build("en,it");
    const ag_recording *r = find(m, "Carlo/hello.g722");
    assert_string_equal(r->speaker, "carlo");
    assert_string_equal(r->language, "it");
    assert_true(r->seconds == 0.2);
    assert_int_equal(r->sample_rate, 16000);
    assert_int_equal(r->split, ag_split_of("it", "hello"));
    assert_int_equal(r->speaker_id, 1);
    ag_audio audio;
    assert_int_equal(ag_audio_read(r->path, &audio), AG_OK);
    assert_int_equal(audio.count, 3200);
    ag_audio_clear(&audio);
    ag_manifest_free(m);
}

static void missing_packages_are_named(void **state)
{
    (void)state;
    make_tree();
    ag_manifest *m;
    assert_int_equal(asterisk_manifest(temporary("sounds"), temporary("doc"), NULL, &m),
                     AG_ENOTFOUND);
    const char *missing[] = { "asterisk-core-sounds-es-g722", "asterisk-core-sounds-ru ",
                              "asterisk-core-sounds-fr ", "apt install" };
    for (size_t i = 0; i < 4; i++) {
        assert_non_null(strstr(ag_error(), missing[i]));
    }
    assert_null(strstr(ag_error(), "asterisk-core-sounds-en"));
    assert_null(strstr(ag_error(), "asterisk-core-sounds-it"));
}

static void unknown_languages_are_refused(void **state)
{
    (void)state;
    make_tree();
    ag_manifest *m;
    const char *bad[] = { "de", "en,de", "", "en,", "e", "enx" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(asterisk_manifest(temporary("sounds"), temporary("doc"), bad[i], &m),
                         AG_EINVAL);
    }
}

static void large_transcripts_are_refused(void **state)
{
    (void)state;
    make_tree();
    size_t size = (1 << 20) + 1;
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, 'a', size);
    text[size] = '\0';
    transcript("en", text);
    free(text);
    ag_manifest *m;
    assert_int_equal(asterisk_manifest(temporary("sounds"), temporary("doc"), "en", &m),
                     AG_EFORMAT);
    assert_non_null(strstr(ag_error(), "larger than 1048576 bytes"));
}

static int build_once(void *unused)
{
    (void)unused;
    ag_manifest *m;
    int err = asterisk_manifest(temporary("sounds"), temporary("doc"), "en,it", &m);
    ag_manifest_free(m);
    return err;
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    make_tree();
    assert_true(survive_failing_allocations(build_once, NULL) > 0);
}

void test_asterisk(test_list *list)
{
    ADD_TEST_IN(list, "asterisk", speech_is_kept_and_sounds_are_not, NULL, NULL);
    ADD_TEST_IN(list, "asterisk", recordings_are_described, NULL, NULL);
    ADD_TEST_IN(list, "asterisk", missing_packages_are_named, NULL, NULL);
    ADD_TEST_IN(list, "asterisk", unknown_languages_are_refused, NULL, NULL);
    ADD_TEST_IN(list, "asterisk", large_transcripts_are_refused, NULL, NULL);
    ADD_TEST_IN(list, "asterisk", failing_allocations_are_survived, NULL, NULL);
}
