/* A recursive walk over a folder that collects files by ending. */
#include "data/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "agena/data.h"

enum { MAX_DEPTH = 32 };

struct walk {
    const char *root;
    const char *const *endings;
    file_list *list;
};

static bool wanted(const char *name, const char *const *endings)
{
    size_t n = strlen(name);
    for (; *endings; endings++) {
        size_t m = strlen(*endings);
        if (n > m && strcasecmp(name + n - m, *endings) == 0) {
            return true;
        }
    }
    return false;
}

static int add(file_list *list, const char *relative)
{
    if (list->count == list->room) {
        if (list->count >= AG_MANIFEST_MAX_RECORDINGS) {
            return ag_fail(AG_EINVAL, "more than %d audio files", AG_MANIFEST_MAX_RECORDINGS);
        }
        int64_t room = list->room > 0 ? 2 * list->room : 256;
        char **grown = ag_realloc(list->paths, (size_t)room * sizeof *grown);
        if (!grown) {
            return AG_ENOMEM;
        }
        list->paths = grown;
        list->room = room;
    }
    char *copy = ag_arena_strdup(list->arena, relative);
    if (!copy) {
        return AG_ENOMEM;
    }
    list->paths[list->count++] = copy;
    return AG_OK;
}

static int walk_folder(const struct walk *w, const char *relative, int depth);

/* relative: below the root. A link to a folder could lead back up, so only real folders are
 * entered. */
static int visit(const struct walk *w, const char *relative, int depth)
{
    char *path = ag_format("%s/%s", w->root, relative);
    if (!path) {
        return AG_ENOMEM;
    }
    struct stat link, target;
    int err = AG_OK;
    if (lstat(path, &link) == 0 && S_ISDIR(link.st_mode)) {
        err = walk_folder(w, relative, depth + 1);
    } else if (wanted(relative, w->endings) && stat(path, &target) == 0 &&
               S_ISREG(target.st_mode)) {
        err = add(w->list, relative);
    }
    ag_free(path);
    return err;
}

static int visit_entries(const struct walk *w, DIR *folder, const char *relative, int depth)
{
    struct dirent *entry;
    while ((entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        char *below = ag_format("%s%s%s", relative, relative[0] ? "/" : "", entry->d_name);
        int err = below ? visit(w, below, depth) : AG_ENOMEM;
        ag_free(below);
        if (err != AG_OK) {
            return err;
        }
    }
    return AG_OK;
}

static int walk_folder(const struct walk *w, const char *relative, int depth)
{
    if (depth > MAX_DEPTH) {
        return ag_fail(AG_EINVAL, "%s/%s: folders nested more than %d deep", w->root, relative,
                       MAX_DEPTH);
    }
    char *path = ag_format("%s/%s", w->root, relative);
    if (!path) {
        return AG_ENOMEM;
    }
    DIR *folder = opendir(path);
    int err = AG_OK;
    if (folder) {
        err = visit_entries(w, folder, relative, depth);
        closedir(folder);
    } else {
        err = ag_fail(errno == ENOENT || errno == ENOTDIR ? AG_ENOTFOUND : AG_EIO,
                      "cannot list the folder %s: %s", path, strerror(errno));
    }
    ag_free(path);
    return err;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int walk_files(const char *folder, const char *const *endings, file_list *out)
{
    *out = (file_list){ 0 };
    int err = ag_arena_new(&out->arena);
    if (err != AG_OK) {
        return err;
    }
    struct walk w = { folder, endings, out };
    err = walk_folder(&w, "", 0);
    if (err != AG_OK) {
        file_list_clear(out);
        return err;
    }
    if (out->count > 0) {
        qsort(out->paths, (size_t)out->count, sizeof *out->paths, by_bytes);
    }
    return AG_OK;
}

void file_list_clear(file_list *list)
{
    ag_free(list->paths);
    ag_arena_free(list->arena);
    *list = (file_list){ 0 };
}
