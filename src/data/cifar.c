/* CIFAR-10's binary files: records of a label and the planes of red, green and blue; alone or in
 * the archive they are published in. */
#include "data/gunzip.h"
#include "data/pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PLANE = DATA_CIFAR_SIDE * DATA_CIFAR_SIDE,
    PICTURE = PLANE * DATA_CIFAR_CHANNELS,
    TAR_BLOCK = 512,
    TAR_SIZE_AT = 124, /* 12 bytes, octal */
    TAR_NAME = 100,
};

/* Room for `more` pictures behind those that are there. */
static int make_room(ag_pictures *p, int64_t more)
{
    if (p->count + more > DATA_PICTURES_MOST) {
        return ag_fail(AG_EFORMAT, "more than %d pictures", DATA_PICTURES_MOST);
    }
    size_t wanted = (size_t)(p->count + more);
    uint8_t *pixels = ag_realloc(p->pixels, wanted * PICTURE);
    p->pixels = pixels ? pixels : p->pixels;
    uint8_t *labels = pixels ? ag_realloc(p->labels, wanted) : NULL;
    p->labels = labels ? labels : p->labels;
    p->height = p->width = DATA_CIFAR_SIDE;
    p->channels = DATA_CIFAR_CHANNELS;
    p->classes = DATA_CIFAR_CLASSES;
    return labels ? AG_OK : AG_ENOMEM;
}

static void interleave(const uint8_t *planes, uint8_t *to)
{
    for (int i = 0; i < PLANE; i++) {
        for (int c = 0; c < DATA_CIFAR_CHANNELS; c++) {
            to[i * DATA_CIFAR_CHANNELS + c] = planes[c * PLANE + i];
        }
    }
}

int data_cifar_append(const void *data, size_t size, const char *name, ag_pictures *p)
{
    const uint8_t *record = data;
    if (size == 0 || size % DATA_CIFAR_RECORD) {
        return ag_fail(AG_EFORMAT, "%s: %zu bytes are no whole number of CIFAR-10's records of %d",
                       name, size, DATA_CIFAR_RECORD);
    }
    int64_t records = (int64_t)(size / DATA_CIFAR_RECORD);
    int code = make_room(p, records);
    for (int64_t i = 0; code == AG_OK && i < records; i++, record += DATA_CIFAR_RECORD) {
        if (record[0] >= DATA_CIFAR_CLASSES) {
            return ag_fail(AG_EFORMAT, "%s: record %lld has label %d, not 0 to %d", name,
                           (long long)i, record[0], DATA_CIFAR_CLASSES - 1);
        }
        p->labels[p->count] = record[0];
        interleave(record + 1, p->pixels + p->count * PICTURE);
        p->count++;
    }
    return code;
}

/* ---- the archive ---- */

/* What a tar header says: the name without its folder, and the size; *end at the closing block. */
static int read_tar_header(data_gunzip *g, char *name, size_t *size, bool *end)
{
    uint8_t block[TAR_BLOCK];
    int code = data_gunzip_read(g, block, sizeof block, "a header of the archive");
    if (code != AG_OK) {
        return code;
    }
    *end = block[0] == 0;
    char path[TAR_NAME + 1] = "", octal[13] = "", *after = NULL;
    memcpy(path, block, TAR_NAME);
    memcpy(octal, block + TAR_SIZE_AT, 12);
    unsigned long long value = strtoull(octal, &after, 8);
    if (!*end && (after == octal || (*after && *after != ' ') || value > UINT32_MAX)) {
        return ag_fail(AG_EFORMAT, "%s: not a tar archive: a header has no size", g->name);
    }
    const char *slash = strrchr(path, '/');
    snprintf(name, TAR_NAME + 1, "%s", slash ? slash + 1 : path);
    *size = *end ? 0 : (size_t)value;
    return AG_OK;
}

/* The number of a split's file, from 0; -1 for another file. */
static int file_of_split(const char *name, ag_split split)
{
    if (split == AG_SPLIT_TEST) {
        return strcmp(name, "test_batch.bin") == 0 ? 0 : -1;
    }
    char digit = 0, rest = 0;
    return sscanf(name, "data_batch_%c.bi%c", &digit, &rest) == 2 && rest == 'n' &&
                   strlen(name) == strlen("data_batch_1.bin") && digit >= '1' && digit <= '5'
               ? digit - '1'
               : -1;
}

/* A file of the archive that is wanted, whole. */
static int read_file(data_gunzip *g, size_t size, const char *name, uint8_t **out)
{
    if (*out) {
        return ag_fail(AG_EFORMAT, "%s: %s is in it twice", g->name, name);
    }
    if (!data_gunzip_may_hold(g, size) || size == 0) {
        return ag_fail(AG_EFORMAT, "%s: it cannot hold the %zu bytes of %s", g->name, size, name);
    }
    *out = ag_malloc(size);
    return *out ? data_gunzip_read(g, *out, size, name) : AG_ENOMEM;
}

static int read_members(data_gunzip *g, ag_split split, uint8_t **files, size_t *sizes)
{
    bool end = false;
    int code = AG_OK;
    while (code == AG_OK && !end) {
        char name[TAR_NAME + 1];
        size_t size = 0;
        code = read_tar_header(g, name, &size, &end);
        int file = code == AG_OK && !end ? file_of_split(name, split) : -1;
        size_t padding = (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
        if (code == AG_OK && file >= 0) {
            sizes[file] = size;
            code = read_file(g, size, name, files + file);
            size = 0;
        }
        if (code == AG_OK) {
            code = data_gunzip_skip(g, size + padding, "a file of the archive");
        }
    }
    return code;
}

int data_cifar_archive(const void *data, size_t size, const char *name, ag_split split,
                       ag_pictures *p)
{
    enum { MOST = 5 };
    uint8_t *files[MOST] = { NULL };
    size_t sizes[MOST] = { 0 };
    int wanted = split == AG_SPLIT_TEST ? 1 : MOST;
    data_gunzip g;
    int code = data_gunzip_open(&g, data, size, name);
    if (code == AG_OK) {
        code = read_members(&g, split, files, sizes);
    }
    if (code == AG_OK) {
        code = data_gunzip_drain(&g);
    }
    data_gunzip_close(&g);
    for (int i = 0; i < wanted; i++) {
        if (code == AG_OK) {
            code = files[i] ? data_cifar_append(files[i], sizes[i], name, p)
                            : ag_fail(AG_EFORMAT, "%s: it lacks files of CIFAR-10", name);
        }
        ag_free(files[i]);
    }
    return code;
}
