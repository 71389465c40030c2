/* Temporary files, child processes and failing allocations for the tests of this room. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base_test.h"

static char folder[64];

const char *temporary(const char *name)
{
    static char paths[4][256];
    static int next;
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "/tmp/agena-base-XXXXXX");
        assert_non_null(mkdtemp(folder));
    }
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void remove_tree(const char *path)
{
    DIR *entries = opendir(path);
    for (struct dirent *e; entries && (e = readdir(entries));) {
        char below[512];
        snprintf(below, sizeof below, "%s/%s", path, e->d_name);
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && unlink(below) != 0)
            remove_tree(below);
    }
    if (entries)
        closedir(entries);
    rmdir(path);
}

void remove_temporary_folder(void)
{
    if (folder[0])
        remove_tree(folder);
}

void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void assert_file(const char *path, const char *text)
{
    void *data;
    size_t size;
    assert_int_equal(ag_file_read(path, 1 << 20, &data, &size), AG_OK);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(data, text, size);
    ag_free(data);
}

void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not contain '%s'", text, part);
}

int in_child(int (*work)(void *user), void *user)
{
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(work(user));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

typedef struct {
    int (*work)(void *user);
    void *user;
    int pipe[2];
} redirected;

static int redirect(void *user)
{
    redirected *r = user;
    dup2(r->pipe[1], STDERR_FILENO);
    close(r->pipe[0]);
    close(r->pipe[1]);
    return r->work(r->user);
}

int in_child_stderr(int (*work)(void *user), void *user, char *out, size_t size)
{
    redirected r = { .work = work, .user = user };
    assert_int_equal(pipe(r.pipe), 0);
    int status = in_child(redirect, &r); /* what these tests print fits in a pipe */
    close(r.pipe[1]);
    size_t used = 0;
    for (ssize_t got = 1; got > 0 && used + 1 < size; used += got > 0 ? (size_t)got : 0)
        got = read(r.pipe[0], out + used, size - used - 1);
    out[used] = '\0';
    close(r.pipe[0]);
    return status;
}
