/* A manifest of any folder of audio files. */
#include <stdlib.h>
#include <string.h>

#include "agena/data.h"
#include "data/walk.h"

static const char *const endings[] = { ".wav", ".flac", ".ogg", ".oga", ".g722", NULL };

/* What decoding a file tells. */
struct measure {
    double seconds;
    int rate;
};

struct scan {
    const char *root;
    const file_list *files;
    struct measure *measures; /* [files->count] */
};

static int measure_file(void *user, int task, int worker)
{
    (void)worker;
    struct scan *s = user;
    if (ag_interrupted()) {
        return ag_fail(AG_EINTERRUPTED, "interrupted while reading %s", s->root);
    }
    char *path = ag_format("%s/%s", s->root, s->files->paths[task]);
    if (!path) {
        return AG_ENOMEM;
    }
    ag_audio audio;
    int err = ag_audio_read(path, &audio);
    if (err == AG_OK) {
        s->measures[task] = (struct measure){ (double)audio.count / audio.rate, audio.rate };
    }
    ag_audio_clear(&audio);
    ag_free(path);
    return err;
}

/* The first folder level of a relative path, or "default". ag_free it. */
static char *speaker_of(const char *relative)
{
    const char *slash = strchr(relative, '/');
    return slash ? ag_format("%.*s", (int)(slash - relative), relative) : ag_strdup("default");
}

static int add_file(ag_manifest *m, const struct scan *s, int64_t i, const char *speaker,
                    const char *language)
{
    const char *relative = s->files->paths[i];
    char *path = ag_format("%s/%s", s->root, relative);
    char *name = speaker ? ag_strdup(speaker) : speaker_of(relative);
    int err = AG_ENOMEM;
    if (path && name) {
        ag_recording r = { .path = path,
                           .speaker = name,
                           .language = language,
                           .text = "",
                           .seconds = s->measures[i].seconds,
                           .sample_rate = s->measures[i].rate,
                           .split = ag_split_of(language, relative) };
        err = ag_manifest_add(m, &r);
    }
    ag_free(path);
    ag_free(name);
    return err == AG_OK ? AG_OK : ag_fail_context(err, "%s/%s", s->root, relative);
}

static int build(const struct scan *s, const char *speaker, const char *language, ag_manifest **out)
{
    ag_manifest *m = NULL;
    int err = ag_manifest_new(&m);
    for (int64_t i = 0; err == AG_OK && i < s->files->count; i++) {
        err = add_file(m, s, i, speaker, language);
    }
    if (err == AG_OK) {
        err = ag_manifest_number(m);
    }
    if (err != AG_OK) {
        ag_manifest_free(m);
        return err;
    }
    *out = m;
    return AG_OK;
}

static int scan_files(const char *root, const file_list *files, const char *speaker,
                      const char *language, ag_pool *pool, ag_manifest **out)
{
    if (files->count == 0) {
        return ag_fail(AG_ENOTFOUND, "no wav, flac, ogg, oga or g722 files below %s", root);
    }
    struct scan scan = { root, files, ag_calloc((size_t)files->count, sizeof(struct measure)) };
    if (!scan.measures) {
        return AG_ENOMEM;
    }
    int err = ag_pool_run(pool, (int)files->count, measure_file, &scan);
    if (err == AG_OK) {
        err = build(&scan, speaker, language, out);
    }
    ag_free(scan.measures);
    return err;
}

int ag_folder_manifest(const char *folder, const char *speaker, const char *language, ag_pool *pool,
                       ag_manifest **out)
{
    *out = NULL;
    char *root = realpath(folder, NULL);
    if (!root) {
        return ag_fail(AG_ENOTFOUND, "there is no folder %s", folder);
    }
    file_list files;
    int err = walk_files(root, endings, &files);
    if (err == AG_OK) {
        err = scan_files(root, &files, speaker, language, pool, out);
        file_list_clear(&files);
    }
    free(root); /* realpath's own */
    return err;
}
