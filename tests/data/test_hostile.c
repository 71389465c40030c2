/* Hostile manifests: each gets AG_EFORMAT and a sentence with its line. */
#include "data_test.h"

#define GOOD                                                                                       \
    "{\"path\":\"a.wav\",\"speaker\":\"s\",\"language\":\"en\",\"seconds\":1,"                     \
    "\"split\":\"train\",\"sample_rate\":16000}\n"
#define WITH(rest)                                                                                 \
    GOOD "{\"path\":\"a.wav\",\"speaker\":\"s\",\"language\":\"en\",\"seconds\":1," rest "}\n"

static void assert_refused(const void *data, size_t size, const char *part)
{
    ag_manifest *m;
    assert_int_equal(ag_manifest_parse(data, size, "m.jsonl", "", &m), AG_EFORMAT);
    assert_null(m);
    assert_non_null(strstr(ag_error(), "m.jsonl"));
    assert_non_null(strstr(ag_error(), part));
    assert_null(strchr(ag_error(), '\n'));
}

static void refuse(const char *text, const char *part)
{
    assert_refused(text, strlen(text), part);
}

static void lines_that_are_no_records(void **state)
{
    (void)state;
    refuse(GOOD "hello\n", "line 2");
    refuse(GOOD "\n" GOOD, "line 2");
    refuse("[1, 2]\n", "line 1: not a JSON object");
    refuse("{}\n", "line 1");
    refuse("{\"path\":", "line 1");
    refuse("\xff\xfe\x00{", "line 1");
    refuse(GOOD "{\"path\":\"\xff\"}\n", "line 2");
}

static void wrong_fields(void **state)
{
    (void)state;
    refuse(WITH("\"split\":\"train\""), "line 2");                       /* missing */
    refuse(WITH("\"split\":\"train\",\"sample_rate\":\"x\""), "line 2"); /* wrong type */
    refuse(WITH("\"split\":\"train\",\"sample_rate\":16000,\"more\":1"), "line 2");
    refuse(WITH("\"split\":\"train\",\"sample_rate\":1,\"sample_rate\":2"), "line 2");
    refuse(WITH("\"split\":\"dev\",\"sample_rate\":16000"), "line 2: split \"dev\"");
    refuse(WITH("\"split\":\"train\",\"sample_rate\":16000,\"text\":\"a\\u0000b\""), "line 2");
    refuse(WITH("\"split\":\"train\",\"sample_rate\":16000,\"text\":\"a\\u0007b\""), "control");
}

static void wrong_values(void **state)
{
    (void)state;
    refuse(WITH("\"split\":\"train\",\"sample_rate\":7"), "sample_rate = 7");
    refuse("{\"path\":\"a\",\"speaker\":\"\",\"language\":\"en\",\"seconds\":1,\"split\":\"train\","
           "\"sample_rate\":16000}",
           "speaker has 0 bytes");
    refuse("{\"path\":\"a\",\"speaker\":\"s\",\"language\":\"en\",\"seconds\":-1,\"split\":"
           "\"train\",\"sample_rate\":16000}",
           "seconds = -1");
    refuse("{\"path\":\"a\",\"speaker\":\"s\",\"language\":\"en\",\"seconds\":1e999,\"split\":"
           "\"train\",\"sample_rate\":16000}",
           "line 1");
    refuse("{\"path\":\"\",\"speaker\":\"s\",\"language\":\"en\",\"seconds\":1,\"split\":"
           "\"train\",\"sample_rate\":16000}",
           "path has 0 bytes");
}

static void long_and_deep_lines(void **state)
{
    (void)state;
    size_t size = AG_MANIFEST_MAX_LINE + 1;
    char *line = malloc(size);
    assert_non_null(line);
    memset(line, '[', size);
    assert_refused(line, size, "longer than 65536 bytes");
    assert_refused(line, size - 1, "line 1");
    free(line);
}

/* Cut and flip a good manifest everywhere. */
static void damage_is_survived(void **state)
{
    (void)state;
    char text[] = GOOD GOOD;
    size_t size = sizeof text - 1;
    for (size_t i = 0; i < size; i++) {
        ag_manifest *m;
        int err = ag_manifest_parse(text, i, "cut", "", &m);
        assert_true(err == AG_OK || err == AG_EFORMAT);
        ag_manifest_free(m);
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ 1 << bit);
            err = ag_manifest_parse(text, size, "flipped", "", &m);
            assert_true(err == AG_OK || err == AG_EFORMAT);
            ag_manifest_free(m);
            text[i] = (char)(text[i] ^ 1 << bit);
        }
    }
}

static void empty_manifests_are_allowed(void **state)
{
    (void)state;
    ag_manifest *m;
    assert_int_equal(ag_manifest_parse("", 0, "empty", "", &m), AG_OK);
    assert_int_equal(ag_manifest_count(m), 0);
    assert_int_equal(ag_manifest_speakers(m), 0);
    ag_manifest_free(m);
    assert_int_equal(ag_manifest_read(temporary("none.jsonl"), &m), AG_ENOTFOUND);
}

void test_hostile(test_list *list)
{
    ADD_TEST_IN(list, "hostile", lines_that_are_no_records, NULL, NULL);
    ADD_TEST_IN(list, "hostile", wrong_fields, NULL, NULL);
    ADD_TEST_IN(list, "hostile", wrong_values, NULL, NULL);
    ADD_TEST_IN(list, "hostile", long_and_deep_lines, NULL, NULL);
    ADD_TEST_IN(list, "hostile", damage_is_survived, NULL, NULL);
    ADD_TEST_IN(list, "hostile", empty_manifests_are_allowed, NULL, NULL);
}
