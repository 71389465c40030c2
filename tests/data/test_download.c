/* Downloads from a local server: whole, resumed, refused. */
#include "data_test.h"

#include <openssl/sha.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "server.h"

enum { SIZE = 300000 };
static uint8_t body[SIZE];
static char url[64], checksum[65];

/* What the tests ask for; its checksum is that of body. */
static ag_dataset_file wanted(const server *s)
{
    snprintf(url, sizeof url, "http://127.0.0.1:%d/data.bin", server_port(s));
    return (ag_dataset_file){ "data.bin", url, checksum, 1 << 20 };
}

static void assert_body(const char *path)
{
    void *data;
    size_t size;
    assert_int_equal(ag_file_read(path, 1 << 20, &data, &size), AG_OK);
    assert_int_equal(size, SIZE);
    assert_memory_equal(data, body, SIZE);
    ag_free(data);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void whole_file(void **state)
{
    (void)state;
    server *s = server_start(SERVE_RANGES, body, SIZE);
    ag_dataset_file file = wanted(s);
    const char *path = temporary("whole.bin");
    assert_int_equal(ag_download(&file, path), AG_OK);
    assert_body(path);
    assert_false(exists(temporary("whole.bin.part")));
    /* the second time there is nothing to do */
    assert_int_equal(ag_download(&file, path), AG_OK);
    assert_int_equal(server_requests(s), 1);
    server_stop(s);
}

static void cut_download_goes_on(void **state)
{
    (void)state;
    server *s = server_start(SERVE_CUT, body, SIZE);
    ag_dataset_file file = wanted(s);
    const char *path = temporary("cut.bin");
    assert_int_equal(ag_download(&file, path), AG_ENET);
    assert_non_null(strstr(ag_error(), file.url));
    assert_false(exists(path));
    struct stat st;
    assert_int_equal(stat(temporary("cut.bin.part"), &st), 0);
    assert_int_equal(st.st_size, SIZE / 2);
    assert_int_equal(ag_download(&file, path), AG_OK);
    assert_body(path);
    assert_int_equal(server_bytes_sent(s), SIZE); /* nothing was sent twice */
    server_stop(s);
}

static void complete_part_needs_no_server(void **state)
{
    (void)state;
    ag_dataset_file file = { "data.bin", "http://127.0.0.1:1/data.bin", checksum, 1 << 20 };
    write_bytes("ready.bin.part", body, SIZE);
    assert_int_equal(ag_download(&file, temporary("ready.bin")), AG_OK);
    assert_body(temporary("ready.bin"));
}

static void server_without_ranges_starts_again(void **state)
{
    (void)state;
    server *s = server_start(SERVE_WHOLE, body, SIZE);
    ag_dataset_file file = wanted(s);
    write_bytes("again.bin.part", body, 1000);
    assert_int_equal(ag_download(&file, temporary("again.bin")), AG_OK);
    assert_body(temporary("again.bin"));
    server_stop(s);
}

static void part_longer_than_the_file_starts_again(void **state)
{
    (void)state;
    server *s = server_start(SERVE_RANGES, body, SIZE);
    ag_dataset_file file = wanted(s);
    uint8_t *longer = calloc(1, SIZE + 5);
    assert_non_null(longer);
    write_bytes("longer.bin.part", longer, SIZE + 5);
    free(longer);
    assert_int_equal(ag_download(&file, temporary("longer.bin")), AG_OK);
    assert_body(temporary("longer.bin"));
    server_stop(s);
}

static void wrong_checksum_is_removed(void **state)
{
    (void)state;
    server *s = server_start(SERVE_RANGES, body, SIZE - 1);
    ag_dataset_file file = wanted(s);
    assert_int_equal(ag_download(&file, temporary("wrong.bin")), AG_EFORMAT);
    assert_non_null(strstr(ag_error(), "checksum"));
    assert_false(exists(temporary("wrong.bin")));
    assert_false(exists(temporary("wrong.bin.part")));
    server_stop(s);
}

static void too_much_is_refused(void **state)
{
    (void)state;
    server *s = server_start(SERVE_RANGES, body, SIZE);
    ag_dataset_file file = wanted(s);
    file.limit = SIZE - 1;
    assert_int_equal(ag_download(&file, temporary("much.bin")), AG_EFORMAT);
    assert_non_null(strstr(ag_error(), "299999 bytes"));
    assert_false(exists(temporary("much.bin")));
    server_stop(s);
}

static void missing_file_is_a_network_error(void **state)
{
    (void)state;
    server *s = server_start(SERVE_MISSING, body, SIZE);
    ag_dataset_file file = wanted(s);
    assert_int_equal(ag_download(&file, temporary("missing.bin")), AG_ENET);
    assert_non_null(strstr(ag_error(), "404"));
    server_stop(s);
    ag_dataset_file nobody = { "data.bin", "http://127.0.0.1:1/data.bin", checksum, 1 << 20 };
    assert_int_equal(ag_download(&nobody, temporary("nobody.bin")), AG_ENET);
}

static void other_protocols_are_refused(void **state)
{
    (void)state;
    char local[600];
    snprintf(local, sizeof local, "file://%s", write_bytes("local.bin", body, SIZE));
    ag_dataset_file file = { "data.bin", local, checksum, 1 << 20 };
    assert_int_equal(ag_download(&file, temporary("file.bin")), AG_ENET);
    assert_false(exists(temporary("file.bin")));
}

static void two_downloads_do_not_mix(void **state)
{
    (void)state;
    ag_dataset_file file = { "data.bin", "http://127.0.0.1:1/data.bin", checksum, 1 << 20 };
    int fd = open(temporary("busy.bin.part"), O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(ag_download(&file, temporary("busy.bin")), AG_EIO);
    assert_non_null(strstr(ag_error(), "another process"));
    close(fd);
}

static void data_set_is_fetched_file_by_file(void **state)
{
    (void)state;
    server *s = server_start(SERVE_RANGES, body, SIZE);
    ag_dataset_file files[2] = { wanted(s), wanted(s) };
    files[1].name = "second.bin";
    ag_dataset set = { .name = "test", .files = files, .file_count = 2 };
    assert_int_equal(ag_dataset_get(&set, temporary("sets/test")), AG_OK);
    assert_body(temporary("sets/test/data.bin"));
    assert_body(temporary("sets/test/second.bin"));
    assert_int_equal(server_requests(s), 2);
    server_stop(s);
}

static server *for_survival;

static int download_once(void *unused)
{
    (void)unused;
    ag_dataset_file file = wanted(for_survival);
    unlink(temporary("memory.bin"));
    return ag_download(&file, temporary("memory.bin"));
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    for_survival = server_start(SERVE_RANGES, body, SIZE);
    assert_true(survive_failing_allocations(download_once, NULL) > 0);
    server_stop(for_survival);
}

static void quiet(void *user, ag_log_level level, const char *line)
{
    (void)user, (void)level, (void)line;
}

static int prepare(void **state)
{
    (void)state;
    unsetenv("http_proxy");
    ag_log_sink(quiet, NULL, AG_LOG_ERROR);
    for (int i = 0; i < SIZE; i++) {
        body[i] = (uint8_t)(i * 7 + i / 256);
    }
    uint8_t digest[32];
    SHA256(body, SIZE, digest);
    for (int i = 0; i < 32; i++) {
        snprintf(checksum + 2 * i, 3, "%02x", digest[i]);
    }
    return 0;
}

static int restore(void **state)
{
    (void)state;
    ag_log_sink(NULL, NULL, AG_LOG_INFO);
    return 0;
}

void test_download(test_list *list)
{
    ADD_TEST_IN(list, "download", whole_file, prepare, restore);
    ADD_TEST_IN(list, "download", cut_download_goes_on, prepare, restore);
    ADD_TEST_IN(list, "download", complete_part_needs_no_server, prepare, restore);
    ADD_TEST_IN(list, "download", server_without_ranges_starts_again, prepare, restore);
    ADD_TEST_IN(list, "download", part_longer_than_the_file_starts_again, prepare, restore);
    ADD_TEST_IN(list, "download", wrong_checksum_is_removed, prepare, restore);
    ADD_TEST_IN(list, "download", too_much_is_refused, prepare, restore);
    ADD_TEST_IN(list, "download", missing_file_is_a_network_error, prepare, restore);
    ADD_TEST_IN(list, "download", other_protocols_are_refused, prepare, restore);
    ADD_TEST_IN(list, "download", two_downloads_do_not_mix, prepare, restore);
    ADD_TEST_IN(list, "download", data_set_is_fetched_file_by_file, prepare, restore);
    ADD_TEST_IN(list, "download", failing_allocations_are_survived, prepare, restore);
}
