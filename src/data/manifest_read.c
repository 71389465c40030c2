/* Reading manifests: JSON Lines through jansson, strictly. */
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "data/manifest.h"

/* A hostile manifest may not take all memory; 4 million honest lines of 250 bytes fit. */
static const size_t max_file = (size_t)1 << 30;

/* Where the reader is, for its sentences. */
struct place {
    const char *name;   /* of the file */
    const char *folder; /* of relative paths */
    int64_t line;
};

static int fail_line(const struct place *at, const char *why)
{
    return ag_fail(AG_EFORMAT, "%s, line %lld: %s", at->name, (long long)at->line, why);
}

/* What ag_manifest_add refused is, in a file, a matter of format. */
static int add(ag_manifest *m, const ag_recording *r, const struct place *at)
{
    int err = ag_manifest_add(m, r);
    if (err == AG_EINVAL) {
        err = AG_EFORMAT;
    }
    return err == AG_OK ? AG_OK
                        : ag_fail_context(err, "%s, line %lld", at->name, (long long)at->line);
}

static int add_resolved(ag_manifest *m, ag_recording *r, const struct place *at)
{
    if (r->path[0] == '/' || r->path[0] == '\0' || at->folder[0] == '\0') {
        return add(m, r, at);
    }
    char *path = ag_format("%s/%s", at->folder, r->path);
    if (!path) {
        return AG_ENOMEM;
    }
    r->path = path;
    int err = add(m, r, at);
    ag_free(path);
    return err;
}

static int add_object(ag_manifest *m, json_t *object, const struct place *at)
{
    ag_recording r = { .text = "" };
    const char *split = NULL;
    json_error_t error;
    /* "!" refuses keys that are not in the list */
    if (json_unpack_ex(object, &error, 0, "{s:s, s:s, s:s, s?s, s:F, s:s, s:i!}", "path", &r.path,
                       "speaker", &r.speaker, "language", &r.language, "text", &r.text, "seconds",
                       &r.seconds, "split", &split, "sample_rate", &r.sample_rate) != 0) {
        return fail_line(at, error.text);
    }
    if (ag_split_parse(split, &r.split) != AG_OK) {
        return ag_fail_context(AG_EFORMAT, "%s, line %lld", at->name, (long long)at->line);
    }
    return add_resolved(m, &r, at);
}

static int add_line(ag_manifest *m, const char *line, size_t size, const struct place *at)
{
    if (size > AG_MANIFEST_MAX_LINE) {
        return fail_line(at, "longer than 65536 bytes");
    }
    json_error_t error;
    json_t *object = json_loadb(line, size, JSON_REJECT_DUPLICATES, &error);
    if (!object) {
        return json_error_code(&error) == json_error_out_of_memory
                   ? ag_fail(AG_ENOMEM, "no memory to read %s", at->name)
                   : fail_line(at, error.text);
    }
    int err =
        json_is_object(object) ? add_object(m, object, at) : fail_line(at, "not a JSON object");
    json_decref(object);
    return err;
}

static int add_lines(ag_manifest *m, const char *data, size_t size, struct place *at)
{
    while (size > 0) {
        const char *end = memchr(data, '\n', size);
        size_t length = end ? (size_t)(end - data) : size;
        at->line++;
        int err = add_line(m, data, length, at);
        if (err != AG_OK) {
            return err;
        }
        size_t used = length + (end ? 1 : 0);
        data += used;
        size -= used;
    }
    return AG_OK;
}

int ag_manifest_parse(const void *data, size_t size, const char *name, const char *folder,
                      ag_manifest **out)
{
    *out = NULL;
    ag_manifest *m = NULL;
    int err = ag_manifest_new(&m);
    if (err != AG_OK) {
        return err;
    }
    struct place at = { name, folder, 0 };
    err = add_lines(m, data, size, &at);
    if (err == AG_OK) {
        err = ag_manifest_number(m);
        if (err == AG_EINVAL) {
            err = ag_fail_context(AG_EFORMAT, "%s", name);
        }
    }
    if (err != AG_OK) {
        ag_manifest_free(m);
        return err;
    }
    *out = m;
    return AG_OK;
}

/* path's folder: "a/b" -> "a", "/b" -> "/", "b" -> "". */
static void cut_name(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == path) {
        slash++;
    }
    *(slash ? slash : path) = '\0';
}

static int read_file(const char *path, ag_manifest **out)
{
    void *data = NULL;
    size_t size = 0;
    int err = ag_file_read(path, max_file, &data, &size);
    if (err != AG_OK) {
        return err;
    }
    char *folder = ag_strdup(path);
    if (folder) {
        cut_name(folder);
        err = ag_manifest_parse(data, size, path, folder, out);
    } else {
        err = AG_ENOMEM;
    }
    ag_free(folder);
    ag_free(data);
    return err;
}

int ag_manifest_read(const char *path, ag_manifest **out)
{
    *out = NULL;
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return read_file(path, out);
    }
    char *file = ag_format("%s/manifest.jsonl", path);
    if (!file) {
        return AG_ENOMEM;
    }
    int err = read_file(file, out);
    ag_free(file);
    return err;
}
