/* Writing manifests, one JSON object a line. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "data/manifest.h"

static int write_line(ag_writer *writer, const ag_recording *r)
{
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:f, s:s, s:i}", "path", r->path, "speaker", r->speaker,
                  "language", r->language, "text", r->text, "seconds", r->seconds, "split",
                  ag_split_name(r->split), "sample_rate", r->sample_rate);
    char *line = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(10)) : NULL;
    json_decref(object);
    if (!line) {
        return ag_fail(AG_EINVAL, "cannot write %s into a manifest: its strings are not UTF-8",
                       r->path);
    }
    int err = ag_writer_write(writer, line, strlen(line));
    free(line); /* jansson's own */
    return err == AG_OK ? ag_writer_write(writer, "\n", 1) : err;
}

int ag_manifest_write(const ag_manifest *m, const char *path)
{
    ag_writer *writer = NULL;
    int err = ag_writer_open(path, &writer);
    for (int64_t i = 0; err == AG_OK && i < m->count; i++) {
        err = write_line(writer, m->recordings + i);
    }
    if (err != AG_OK) {
        ag_writer_abandon(writer);
        return err;
    }
    return ag_writer_commit(writer);
}
