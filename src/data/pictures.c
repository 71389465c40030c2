/* Sets of labelled pictures in memory, from the files that a data set's folder holds. */
#include "data/pictures.h"

#include <stdio.h>
#include <unistd.h>

/* Bytes that a file may have. */
#define LARGEST ((size_t)1 << 31)

void ag_pictures_free(ag_pictures *p)
{
    if (p) {
        ag_free(p->pixels);
        ag_free(p->labels);
        ag_free(p);
    }
}

typedef int (*parser_fn)(const void *data, size_t size, const char *name, ag_pictures *p);

static int parse_file(const char *path, parser_fn parser, ag_pictures *p)
{
    void *data = NULL;
    size_t size = 0;
    int code = ag_file_read(path, LARGEST, &data, &size);
    if (code == AG_OK) {
        code = parser(data, size, path, p);
    }
    ag_free(data);
    return code;
}

/* folder/name as a path (ag_free it) when there is such a file, else NULL in *path. */
static int present(const char *folder, const char *name, char **path)
{
    *path = ag_format("%s/%s", folder, name);
    if (!*path) {
        return AG_ENOMEM;
    }
    if (access(*path, F_OK) != 0) {
        ag_free(*path);
        *path = NULL;
    }
    return AG_OK;
}

/* An IDX file, which may be packed. */
static int parse_idx(const char *folder, const char *name, parser_fn parser, ag_pictures *p)
{
    char *path = NULL;
    int code = present(folder, name, &path);
    if (code == AG_OK && !path) {
        path = ag_format("%s/%s.gz", folder, name);
        code = path ? AG_OK : AG_ENOMEM;
    }
    if (code == AG_OK) {
        code = parse_file(path, parser, p);
    }
    ag_free(path);
    return code;
}

static int read_idx(const char *folder, ag_split split, ag_pictures *p)
{
    bool test = split == AG_SPLIT_TEST;
    int code = parse_idx(folder, test ? "t10k-images-idx3-ubyte" : "train-images-idx3-ubyte",
                         data_idx_pictures, p);
    return code == AG_OK
               ? parse_idx(folder, test ? "t10k-labels-idx1-ubyte" : "train-labels-idx1-ubyte",
                           data_idx_labels, p)
               : code;
}

static int read_cifar(const char *folder, ag_split split, ag_pictures *p)
{
    int code = AG_OK, files = split == AG_SPLIT_TEST ? 1 : 5;
    for (int i = 1; code == AG_OK && i <= files; i++) {
        char *path = split == AG_SPLIT_TEST ? ag_format("%s/test_batch.bin", folder)
                                            : ag_format("%s/data_batch_%d.bin", folder, i);
        code = path ? parse_file(path, data_cifar_append, p) : AG_ENOMEM;
        ag_free(path);
    }
    return code;
}

static int read_archive(const char *folder, ag_split split, ag_pictures *p)
{
    void *data = NULL;
    size_t size = 0;
    char *path = ag_format("%s/cifar-10-binary.tar.gz", folder);
    int code = path ? ag_file_read(path, LARGEST, &data, &size) : AG_ENOMEM;
    if (code == AG_OK) {
        code = data_cifar_archive(data, size, path, split, p);
    }
    ag_free(data);
    ag_free(path);
    return code;
}

/* Read by the first kind of set whose mark is in the folder. */
static int read_folder(const char *folder, ag_split split, ag_pictures *p)
{
    static const struct {
        const char *mark;
        int (*read)(const char *folder, ag_split split, ag_pictures *p);
    } kinds[] = {
        { "train-images-idx3-ubyte", read_idx },    { "train-images-idx3-ubyte.gz", read_idx },
        { "t10k-images-idx3-ubyte", read_idx },     { "t10k-images-idx3-ubyte.gz", read_idx },
        { "data_batch_1.bin", read_cifar },         { "test_batch.bin", read_cifar },
        { "cifar-10-binary.tar.gz", read_archive },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char *path = NULL;
        int code = present(folder, kinds[i].mark, &path);
        bool found = path != NULL;
        ag_free(path);
        if (code != AG_OK || found) {
            return code == AG_OK ? kinds[i].read(folder, split, p) : code;
        }
    }
    return ag_fail(AG_ENOTFOUND,
                   "%s: no picture set is here: neither MNIST's IDX files nor CIFAR-10's binary "
                   "files",
                   folder);
}

int ag_pictures_open(const char *folder, ag_split split, ag_pictures **out)
{
    *out = NULL;
    if (split == AG_SPLIT_VALID) {
        return ag_fail(AG_EINVAL, "picture sets have the splits train and test only");
    }
    ag_pictures *p = ag_calloc(1, sizeof *p);
    int code = p ? read_folder(folder, split, p) : AG_ENOMEM;
    if (code != AG_OK) {
        ag_pictures_free(p);
        return code;
    }
    *out = p;
    return AG_OK;
}
