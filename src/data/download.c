/* Downloading a file with libcurl: resumed, limited, checked against its SHA-256. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agena/data.h"
#include "data/sha256.h"

struct transfer {
    const ag_dataset_file *file;
    const char *part; /* path of what has come so far */
    int fd;
    int64_t size; /* of the part */
    ag_progress *progress;
    int error; /* why a callback stopped the transfer, AG_OK = it did not */
};

/* Ends of a transfer that are not in libcurl's codes. */
typedef enum { DONE, RESTART, FAILED } outcome;

static size_t receive(char *data, size_t one, size_t size, void *user)
{
    (void)one; /* always 1 */
    struct transfer *t = user;
    if ((int64_t)size > t->file->limit - t->size) {
        t->error = ag_fail(AG_EFORMAT, "%s is larger than the %lld bytes expected at most",
                           t->file->url, (long long)t->file->limit);
        return CURL_WRITEFUNC_ERROR;
    }
    for (size_t done = 0; done < size;) {
        ssize_t n = write(t->fd, data + done, size - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            t->error = ag_fail(AG_EIO, "cannot write %s: %s", t->part, strerror(errno));
            return CURL_WRITEFUNC_ERROR;
        }
        done += (size_t)n;
        t->size += n;
    }
    ag_progress_update(t->progress, (uint64_t)t->size, NULL);
    return size;
}

/* Called about once a second even when nothing comes: the place to notice Ctrl-C. */
static int tick(void *user, curl_off_t total, curl_off_t now, curl_off_t up, curl_off_t up_now)
{
    (void)total, (void)now, (void)up, (void)up_now;
    struct transfer *t = user;
    if (ag_interrupted()) {
        t->error = ag_fail(AG_EINTERRUPTED,
                           "download of %s interrupted; it goes on from here "
                           "next time",
                           t->file->name);
        return 1;
    }
    return 0;
}

static bool set_options(CURL *curl, struct transfer *t, char *why)
{
    CURLcode c = curl_easy_setopt(curl, CURLOPT_URL, t->file->url);
    c = c ? c : curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    c = c ? c : curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    c = c ? c : curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    c = c ? c : curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
    c = c ? c : curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    c = c ? c : curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    c = c ? c : curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 30L);
    c = c ? c : curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L); /* bytes a second */
    c = c ? c : curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 60L);
    c = c ? c : curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    c = c ? c : curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    c = c ? c : curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    c = c ? c : curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    c = c ? c : curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, tick);
    c = c ? c : curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    c = c ? c : curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->size);
    return c == CURLE_OK;
}

/* A server that cannot resume, or has less than we do, makes us begin again. libcurl takes 416, no
 * such range, for a file that is complete; the checksum has told us that ours is not. */
static outcome judge(CURL *curl, CURLcode code, int64_t resumed_at)
{
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (resumed_at > 0 && (code == CURLE_RANGE_ERROR || status == 416)) {
        return RESTART;
    }
    return code == CURLE_OK ? DONE : FAILED;
}

static outcome transfer_rest(CURL *curl, struct transfer *t)
{
    char why[CURL_ERROR_SIZE] = "";
    int64_t resumed_at = t->size;
    if (!set_options(curl, t, why)) {
        t->error = ag_fail(AG_ENOMEM, "cannot prepare the download of %s", t->file->url);
        return FAILED;
    }
    CURLcode code = curl_easy_perform(curl);
    outcome end = judge(curl, code, resumed_at);
    if (end == FAILED && t->error == AG_OK) {
        t->error = ag_fail(AG_ENET, "cannot download %s: %s", t->file->url,
                           why[0] ? why : curl_easy_strerror(code));
    }
    return end;
}

static outcome perform(CURL *curl, struct transfer *t)
{
    t->error = ag_progress_new(t->file->name, "bytes", 0, (uint64_t)t->size, &t->progress);
    if (t->error != AG_OK) {
        return FAILED;
    }
    outcome end = transfer_rest(curl, t);
    ag_progress_end(t->progress);
    return end;
}

static int run(CURL *curl, struct transfer *t)
{
    outcome end = perform(curl, t);
    if (end == RESTART) {
        if (ftruncate(t->fd, 0) != 0) {
            return ag_fail(AG_EIO, "cannot shorten %s: %s", t->part, strerror(errno));
        }
        t->size = 0;
        curl_easy_reset(curl);
        end = perform(curl, t);
    }
    if (end == DONE && fsync(t->fd) != 0) {
        return ag_fail(AG_EIO, "cannot write %s: %s", t->part, strerror(errno));
    }
    return end == DONE ? AG_OK : t->error;
}

static int transfer_all(struct transfer *t)
{
    CURL *curl = curl_easy_init();
    if (!curl) {
        return ag_fail(AG_ENOMEM, "no memory to download %s", t->file->url);
    }
    int err = run(curl, t);
    curl_easy_cleanup(curl);
    return err;
}

/* ---- the part file ---- */

/* Open PATH.part, locked: two downloads into it at once would mix. */
static int open_part(struct transfer *t)
{
    t->fd = open(t->part, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    struct stat st;
    if (t->fd < 0 || fstat(t->fd, &st) != 0) {
        return ag_fail(AG_EIO, "cannot open %s: %s", t->part, strerror(errno));
    }
    if (flock(t->fd, LOCK_EX | LOCK_NB) != 0) {
        return ag_fail(AG_EIO, "%s is being downloaded by another process", t->part);
    }
    t->size = st.st_size;
    return AG_OK;
}

static int has_checksum(const char *path, const char *sha256, bool *has)
{
    char hex[65];
    int err = sha256_file(path, hex);
    *has = err == AG_OK && strcmp(hex, sha256) == 0;
    return err == AG_ENOTFOUND ? AG_OK : err;
}

static int check_part(const struct transfer *t)
{
    bool right = false;
    int err = has_checksum(t->part, t->file->sha256, &right);
    if (err != AG_OK || right) {
        return err;
    }
    unlink(t->part);
    return ag_fail(AG_EFORMAT, "%s does not have the checksum it should; it was removed, try again",
                   t->file->url);
}

static int fill_part(struct transfer *t)
{
    int err = open_part(t);
    bool complete = false;
    if (err == AG_OK && t->size > 0) {
        err = has_checksum(t->part, t->file->sha256, &complete);
    }
    if (err == AG_OK && !complete) {
        err = transfer_all(t);
    }
    if (err == AG_OK && !complete) {
        err = check_part(t);
    }
    return err;
}

static int download_to(const ag_dataset_file *file, const char *part, const char *path)
{
    struct transfer t = { .file = file, .part = part, .fd = -1 };
    int err = fill_part(&t);
    if (err == AG_OK && rename(part, path) != 0) {
        err = ag_fail(AG_EIO, "cannot rename %s to %s: %s", part, path, strerror(errno));
    }
    if (t.fd >= 0) {
        close(t.fd);
    }
    return err;
}

int ag_download(const ag_dataset_file *file, const char *path)
{
    bool here = false;
    int err = has_checksum(path, file->sha256, &here);
    if (err != AG_OK || here) {
        return err;
    }
    char *part = ag_format("%s.part", path);
    err = part ? download_to(file, part, path) : AG_ENOMEM;
    ag_free(part);
    return err;
}
