/* Whole files: atomic writing, reading within limits, folders. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base_test.h"

static int write_whole(const char *path, const void *data, size_t size)
{
    ag_writer *w;
    int code = ag_writer_open(path, &w);
    if (code != AG_OK)
        return code;
    code = ag_writer_write(w, data, size);
    if (code == AG_OK)
        return ag_writer_commit(w);
    ag_writer_abandon(w);
    return code;
}

static void written_bytes_are_read_back(void **state)
{
    (void)state;
    static const size_t pieces[] = { 1, 65535, 1, 65536, 0, 200000, 3 };
    unsigned char bytes[200000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 256);
    ag_writer *w;
    const char *path = temporary("pieces");
    assert_int_equal(ag_writer_open(path, &w), AG_OK);
    size_t total = 0;
    for (size_t i = 0; i < 7; total += pieces[i++])
        assert_int_equal(ag_writer_write(w, bytes, pieces[i]), AG_OK);
    assert_int_equal(ag_writer_commit(w), AG_OK);
    void *data;
    size_t size;
    assert_int_equal(ag_file_read(path, 1 << 20, &data, &size), AG_OK);
    assert_int_equal(size, total);
    size_t at = 0;
    for (size_t i = 0; i < 7; at += pieces[i++])
        assert_memory_equal((char *)data + at, bytes, pieces[i]);
    assert_int_equal(((char *)data)[size], 0);
    ag_free(data);
}

static void commit_replaces(void **state)
{
    (void)state;
    const char *path = temporary("replaced");
    write_file(path, "old and longer");
    ag_writer *w;
    assert_int_equal(ag_writer_open(path, &w), AG_OK);
    assert_int_equal(ag_writer_write(w, "new", 3), AG_OK);
    assert_file(path, "old and longer");
    assert_int_equal(ag_writer_commit(w), AG_OK);
    assert_file(path, "new");
    assert_int_not_equal(access(temporary("replaced.tmp"), F_OK), 0);
}

static void abandon_leaves_the_old(void **state)
{
    (void)state;
    const char *path = temporary("kept");
    write_file(path, "old");
    ag_writer *w;
    assert_int_equal(ag_writer_open(path, &w), AG_OK);
    assert_int_equal(ag_writer_write(w, "new", 3), AG_OK);
    ag_writer_abandon(w);
    ag_writer_abandon(NULL);
    assert_file(path, "old");
    assert_int_not_equal(access(temporary("kept.tmp"), F_OK), 0);
}

/* A disk that is full after 100,000 bytes. */
static int write_too_much(void *user)
{
    struct rlimit limit = { 100000, 100000 };
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    char *bytes = calloc(1, 300000);
    int whole = write_whole(user, bytes, 300000);
    ag_writer *w;
    int code = ag_writer_open(user, &w);
    for (int i = 0; code == AG_OK && i < 3000; i++)
        code = ag_writer_write(w, bytes, 100);
    ag_writer_abandon(w);
    /* A file whose last bytes do not fit fails at the commit. */
    int committed = ag_writer_open(user, &w);
    if (committed == AG_OK)
        committed = ag_writer_write(w, bytes, 65536);
    if (committed == AG_OK)
        committed = ag_writer_write(w, bytes, 50000);
    if (committed == AG_OK)
        committed = ag_writer_commit(w);
    free(bytes);
    return whole == AG_EIO && code == AG_EIO && committed == AG_EIO ? 0 : 1;
}

static void a_full_disk_leaves_the_old(void **state)
{
    (void)state;
    const char *path = temporary("full");
    write_file(path, "old");
    assert_int_equal(in_child(write_too_much, (void *)path), 0);
    assert_file(path, "old");
    assert_int_not_equal(access(temporary("full.tmp"), F_OK), 0);
}

static int die_while_writing(void *user)
{
    ag_writer *w;
    char bytes[70000] = { 0 };
    if (ag_writer_open(user, &w) == AG_OK && ag_writer_write(w, bytes, sizeof bytes) == AG_OK)
        raise(SIGKILL);
    return 1;
}

static void a_killed_writer_leaves_the_old(void **state)
{
    (void)state;
    const char *path = temporary("killed");
    write_file(path, "old");
    assert_true(WIFSIGNALED(in_child(die_while_writing, (void *)path)));
    assert_file(path, "old");
    assert_int_equal(access(temporary("killed.tmp"), F_OK), 0);
    assert_int_equal(write_whole(path, "next", 4), AG_OK); /* takes the leftover over */
    assert_file(path, "next");
}

static void two_writers_do_not_mix(void **state)
{
    (void)state;
    const char *path = temporary("shared");
    ag_writer *first, *second;
    assert_int_equal(ag_writer_open(path, &first), AG_OK);
    assert_int_equal(ag_writer_write(first, "first", 5), AG_OK);
    assert_int_equal(ag_writer_open(path, &second), AG_EIO);
    assert_contains(ag_error(), "another writer");
    assert_null(second);
    assert_int_equal(ag_writer_commit(first), AG_OK);
    assert_file(path, "first");
}

static void links_are_followed(void **state)
{
    (void)state;
    const char *target = temporary("target"), *link = temporary("link");
    write_file(target, "old");
    assert_int_equal(symlink(target, link), 0);
    assert_int_equal(write_whole(link, "new", 3), AG_OK);
    assert_file(target, "new");
    struct stat status;
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
}

static void only_files_are_written(void **state)
{
    (void)state;
    ag_writer *w;
    assert_int_equal(ag_writer_open("/dev/null", &w), AG_EINVAL);
    assert_contains(ag_error(), "not a regular file");
    assert_int_equal(ag_writer_open(temporary("."), &w), AG_EINVAL);
    assert_int_equal(ag_writer_open(temporary("none/file"), &w), AG_EIO);
    assert_contains(ag_error(), "No such file");
    assert_null(w);
}

static void reading_has_a_limit(void **state)
{
    (void)state;
    void *data;
    size_t size;
    const char *path = temporary("limit");
    write_file(path, "12345");
    assert_int_equal(ag_file_read(path, 5, &data, &size), AG_OK);
    ag_free(data);
    assert_int_equal(ag_file_read(path, 4, &data, &size), AG_EFORMAT);
    assert_contains(ag_error(), "larger than the 4 bytes");
    assert_null(data);
    assert_int_equal(ag_file_read(path, SIZE_MAX, &data, &size), AG_OK);
    ag_free(data);
    /* No size beforehand and no end. */
    assert_int_equal(ag_file_read("/dev/zero", 300000, &data, &size), AG_EFORMAT);
    assert_int_equal(ag_file_read("/proc/self/status", 1 << 20, &data, &size), AG_OK);
    assert_true(size > 100);
    ag_free(data);
}

static void unreadable_files_are_errors(void **state)
{
    (void)state;
    void *data;
    size_t size;
    assert_int_equal(ag_file_read(temporary("absent"), 10, &data, &size), AG_ENOTFOUND);
    assert_contains(ag_error(), "absent");
    assert_int_equal(ag_file_read(temporary("."), 10, &data, &size), AG_EIO);
    assert_null(data);
    const char *empty = temporary("empty");
    write_file(empty, "");
    assert_int_equal(ag_file_read(empty, 10, &data, &size), AG_OK);
    assert_int_equal(size, 0);
    assert_string_equal(data, "");
    ag_free(data);
}

static void folders_are_made(void **state)
{
    (void)state;
    char path[300];
    snprintf(path, sizeof path, "%s/b/c/", temporary("a"));
    assert_int_equal(ag_make_folders(path), AG_OK);
    assert_int_equal(ag_make_folders(path), AG_OK);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    write_file(temporary("a/file"), "");
    assert_int_equal(ag_make_folders(temporary("a/file/b")), AG_EIO);
    assert_contains(ag_error(), "cannot make the folder");
    assert_int_equal(ag_make_folders("/"), AG_OK);
    assert_int_equal(ag_make_folders("."), AG_OK);
}

static int write_and_read(void *user)
{
    void *data = NULL;
    size_t size;
    int code = ag_make_folders(user);
    char *path = code == AG_OK ? ag_format("%s/file", (const char *)user) : NULL;
    if (code == AG_OK)
        code = path ? write_whole(path, "x", 1) : AG_ENOMEM;
    if (code == AG_OK)
        code = ag_file_read(path, 10, &data, &size);
    /* Without a size beforehand the memory has to grow. */
    ag_free(data);
    if (code == AG_OK)
        code = ag_file_read("/proc/self/smaps", 1 << 24, &data, &size);
    else
        data = NULL;
    ag_free(data);
    ag_free(path);
    return code;
}

static void files_survive_failing_allocations(void **state)
{
    (void)state;
    const char *path = temporary("memory");
    assert_true(survive_failing_allocations(write_and_read, (void *)path) >= 8);
}

void test_file(test_list *list)
{
    ADD_TEST(list, "file", written_bytes_are_read_back);
    ADD_TEST(list, "file", commit_replaces);
    ADD_TEST(list, "file", abandon_leaves_the_old);
    ADD_TEST(list, "file", a_full_disk_leaves_the_old);
    ADD_TEST(list, "file", a_killed_writer_leaves_the_old);
    ADD_TEST(list, "file", two_writers_do_not_mix);
    ADD_TEST(list, "file", links_are_followed);
    ADD_TEST(list, "file", only_files_are_written);
    ADD_TEST(list, "file", reading_has_a_limit);
    ADD_TEST(list, "file", unreadable_files_are_errors);
    ADD_TEST(list, "file", folders_are_made);
    ADD_TEST(list, "file", files_survive_failing_allocations);
}
