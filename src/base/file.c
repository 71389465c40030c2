/* Whole files: reading with a limit, writing atomically, making folders. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agena/base.h"

enum { BUFFER_SIZE = 1 << 16, READ_AT_LEAST = 1 << 16 };

/* ---- reading ---- */

/* Read until the end or until limit + 1 bytes, which is one too many. */
static int read_all(int file, const char *path, size_t limit, size_t expected, char **out,
                    size_t *size)
{
    size_t capacity = expected < limit ? expected + 1 : limit + 1, used = 0;
    char *data = ag_malloc(capacity + 1);
    while (data) {
        ssize_t got = read(file, data + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            ag_free(data);
            return ag_fail(AG_EIO, "cannot read %s: %s", path, strerror(errno));
        }
        used += (size_t)got;
        if (got == 0 || used > limit)
            break;
        if (used < capacity)
            continue;
        size_t grow = used > READ_AT_LEAST ? used : READ_AT_LEAST;
        capacity = limit + 1 - used < grow ? limit + 1 : used + grow;
        char *larger = ag_realloc(data, capacity + 1);
        if (!larger)
            ag_free(data);
        data = larger;
    }
    *out = data;
    *size = used;
    return data ? AG_OK : AG_ENOMEM;
}

static int open_to_read(const char *path, size_t *expected)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return ag_fail(errno == ENOENT ? AG_ENOTFOUND : AG_EIO, "cannot open %s: %s", path,
                       strerror(errno));
    struct stat status;
    if (fstat(file, &status) != 0 || S_ISDIR(status.st_mode)) {
        close(file);
        return ag_fail(AG_EIO, "cannot read %s: it is not a file", path);
    }
    *expected = S_ISREG(status.st_mode) && status.st_size > 0 ? (size_t)status.st_size : 0;
    return file;
}

int ag_file_read(const char *path, size_t limit, void **data, size_t *size)
{
    *data = NULL;
    *size = 0;
    if (limit > PTRDIFF_MAX - 2)
        limit = PTRDIFF_MAX - 2;
    size_t expected = 0, used = 0;
    int file = open_to_read(path, &expected);
    if (file < 0)
        return file;
    char *text = NULL;
    int code = read_all(file, path, limit, expected, &text, &used);
    close(file);
    if (code != AG_OK)
        return code;
    if (used > limit) {
        ag_free(text);
        return ag_fail(AG_EFORMAT, "%s is larger than the %zu bytes allowed here", path, limit);
    }
    text[used] = '\0';
    *data = text;
    *size = used;
    return AG_OK;
}

/* ---- writing ---- */

struct ag_writer {
    char *path, *temporary;
    int file;
    size_t used;
    unsigned char buffer[BUFFER_SIZE];
};

static int write_all(int file, const char *path, const unsigned char *data, size_t size)
{
    while (size > 0) {
        ssize_t put = write(file, data, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return ag_fail(AG_EIO, "cannot write %s: %s", path, strerror(errno));
        data += put;
        size -= (size_t)put;
    }
    return AG_OK;
}

/* Where a link leads; the rename at the end would replace the link, or a device, by a file. */
static int resolve(const char *path, char **out)
{
    *out = NULL;
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return ag_fail(AG_EINVAL, "cannot write %s: it exists and is not a regular file", path);
    char *target = realpath(path, NULL);
    *out = ag_strdup(target ? target : path);
    free(target);
    return *out ? AG_OK : AG_ENOMEM;
}

/* Open the temporary file and lock it. A crashed writer's leftover is taken over; a living
 * writer's lock is an error. */
static int open_temporary(ag_writer *w)
{
    for (;;) {
        w->file = open(w->temporary, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (w->file < 0)
            return ag_fail(AG_EIO, "cannot create %s: %s", w->temporary, strerror(errno));
        if (flock(w->file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
            return ag_fail(AG_EIO, "cannot write %s: another writer is at work on it", w->path);
        struct stat mine, named;
        if (fstat(w->file, &mine) == 0 && stat(w->temporary, &named) == 0 &&
            mine.st_ino == named.st_ino && mine.st_dev == named.st_dev)
            break;
        close(w->file); /* the other writer renamed it between our open and our lock */
    }
    if (ftruncate(w->file, 0) != 0)
        return ag_fail(AG_EIO, "cannot write %s: %s", w->temporary, strerror(errno));
    return AG_OK;
}

static void release(ag_writer *w)
{
    if (w->file >= 0)
        close(w->file);
    ag_free(w->temporary);
    ag_free(w->path);
    ag_free(w);
}

int ag_writer_open(const char *path, ag_writer **out)
{
    *out = NULL;
    ag_writer *w = ag_calloc(1, sizeof *w);
    if (!w)
        return AG_ENOMEM;
    w->file = -1;
    int code = resolve(path, &w->path);
    if (code == AG_OK && !(w->temporary = ag_format("%s.tmp", w->path)))
        code = AG_ENOMEM;
    if (code == AG_OK)
        code = open_temporary(w);
    if (code != AG_OK) {
        release(w);
        return code;
    }
    *out = w;
    return AG_OK;
}

static int flush(ag_writer *w)
{
    int code = write_all(w->file, w->path, w->buffer, w->used);
    w->used = 0;
    return code;
}

int ag_writer_write(ag_writer *w, const void *data, size_t size)
{
    if (size > BUFFER_SIZE - w->used) {
        int code = flush(w);
        if (code != AG_OK)
            return code;
    }
    if (size >= BUFFER_SIZE)
        return write_all(w->file, w->path, data, size);
    memcpy(w->buffer + w->used, data, size);
    w->used += size;
    return AG_OK;
}

/* A rename lasts only when the folder's own entry has reached the disk. */
static int sync_folder(const char *path)
{
    char *folder = ag_strdup(path);
    if (!folder)
        return AG_ENOMEM;
    char *slash = strrchr(folder, '/');
    const char *name = !slash ? "." : slash == folder ? "/" : folder;
    if (slash)
        *slash = '\0';
    int file = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = file < 0 || (fsync(file) != 0 && errno != EINVAL && errno != ENOTSUP);
    int code =
        failed ? ag_fail(AG_EIO, "cannot sync the folder of %s: %s", path, strerror(errno)) : AG_OK;
    if (file >= 0)
        close(file);
    ag_free(folder);
    return code;
}

int ag_writer_commit(ag_writer *w)
{
    int code = flush(w);
    if (code == AG_OK && fsync(w->file) != 0)
        code = ag_fail(AG_EIO, "cannot write %s: %s", w->path, strerror(errno));
    if (code == AG_OK && rename(w->temporary, w->path) != 0)
        code = ag_fail(AG_EIO, "cannot rename %s: %s", w->temporary, strerror(errno));
    if (code != AG_OK) {
        ag_writer_abandon(w);
        return code;
    }
    code = sync_folder(w->path);
    release(w);
    return code;
}

void ag_writer_abandon(ag_writer *w)
{
    if (!w)
        return;
    unlink(w->temporary);
    release(w);
}

/* ---- folders ---- */

static int make_folder(const char *path)
{
    struct stat status;
    if (mkdir(path, 0777) == 0)
        return AG_OK;
    if (errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return AG_OK;
    return ag_fail(AG_EIO, "cannot make the folder %s: %s", path, strerror(errno));
}

int ag_make_folders(const char *path)
{
    char *text = ag_strdup(path);
    if (!text)
        return AG_ENOMEM;
    int code = AG_OK;
    for (char *end = text + (text[0] == '/'); code == AG_OK && *end; end++) {
        if (*end != '/')
            continue;
        *end = '\0';
        code = make_folder(text);
        *end = '/';
    }
    if (code == AG_OK)
        code = make_folder(text);
    ag_free(text);
    return code;
}
