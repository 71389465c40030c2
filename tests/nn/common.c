/* Sets of tensors, temporary files and failing allocations for the tests of this room. */
#include "nn_test.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ag_tensors *sample_set(uint64_t seed)
{
    const char *names[] = { "a", "b", "c" };
    const ag_shape shapes[] = { AG_SHAPE(3, 5), AG_SHAPE(2, 4, 8), AG_SHAPE(7) };
    ag_tensors *t;
    assert_int_equal(ag_tensors_make(3, names, shapes, &t), AG_OK);
    fill_random(t, seed);
    return t;
}

void fill_random(ag_tensors *t, uint64_t seed)
{
    for (int i = 0; i < ag_tensors_count(t); i++)
        ag_init_normal(t, i, seed, 1.0f);
}

void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.9g is not within %.3g of %.9g", value, tolerance, expected);
}

void assert_same_bytes(const ag_tensors *a, const ag_tensors *b)
{
    assert_int_equal(ag_tensors_block_size(a), ag_tensors_block_size(b));
    assert_memory_equal(ag_tensors_block(a), ag_tensors_block(b),
                        (size_t)ag_tensors_block_size(a) * sizeof(float));
}

static char folder[64];

const char *temporary(const char *name)
{
    static char paths[4][256];
    static int next;
    if (!*folder) {
        strcpy(folder, "/tmp/agena-nn-XXXXXX");
        assert_non_null(mkdtemp(folder));
    }
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static void remove_files(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        char file[512];
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            unlink(file) != 0)
            remove_files(file);
    }
    closedir(dir);
    rmdir(path);
}

void remove_temporary_folder(void)
{
    if (*folder)
        remove_files(folder);
}
