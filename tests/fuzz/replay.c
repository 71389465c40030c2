/* Stands in for libFuzzer: gives a target every file of a folder, in the order of their names. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "agena/base.h"

enum { LIMIT = 1 << 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_seed(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay(const char *folder, const char *name, int number)
{
    void *data = NULL;
    size_t size = 0;
    char *path = ag_format("%s/%s", folder, name);
    int code = path ? ag_file_read(path, LIMIT, &data, &size) : AG_ENOMEM;
    ag_free(path);
    if (code == AG_OK)
        LLVMFuzzerTestOneInput(data, size);
    printf("%s %d - %s%s%s\n", code == AG_OK ? "ok" : "not ok", number, name,
           code == AG_OK ? "" : " # ", code == AG_OK ? "" : ag_error());
    fflush(stdout);
    ag_free(data);
    return code;
}

int main(int argc, char **argv)
{
    struct dirent **entries = NULL;
    int count = argc == 2 ? scandir(argv[1], &entries, is_seed, alphasort) : -1;
    if (count <= 0) {
        fprintf(stderr, "usage: %s FOLDER (with at least one file)\n", argv[0]);
        return 1;
    }
    printf("1..%d\n", count);
    int failed = 0;
    for (int i = 0; i < count; i++) {
        failed += replay(argv[1], entries[i]->d_name, i + 1) != AG_OK;
        free(entries[i]);
    }
    free(entries);
    return failed > 0;
}
