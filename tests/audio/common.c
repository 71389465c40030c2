/* Temporary files and signals for the tests of this room. */
#include "audio_test.h"

#include <dirent.h>
#include <unistd.h>

static char folder[64];

const char *temporary(const char *name)
{
    static char paths[5][512];
    static int next;
    if (!*folder) {
        strcpy(folder, "/tmp/agena-audio-XXXXXX");
        assert_non_null(mkdtemp(folder));
    }
    char *path = paths[next++ % 5];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* Call f on every file of the folder. */
static int each_file(const char *beginning, int (*f)(const char *path))
{
    int count = 0;
    DIR *dir = *folder ? opendir(folder) : NULL;
    if (!dir) {
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] != '.' && strncmp(entry->d_name, beginning, strlen(beginning)) == 0) {
            count += f(temporary(entry->d_name));
        }
    }
    closedir(dir);
    return count;
}

static int one(const char *path)
{
    (void)path;
    return 1;
}

int count_temporary(const char *beginning)
{
    return each_file(beginning, one);
}

void remove_temporary_folder(void)
{
    each_file("", unlink);
    rmdir(folder);
}

float *sine(double hz, double amplitude, int rate, int64_t count)
{
    float *x = malloc((size_t)count * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < count; i++) {
        x[i] = (float)(amplitude * sin(2.0 * acos(-1.0) * hz * (double)i / rate + 0.3));
    }
    return x;
}

float *noise(float amplitude, int64_t count)
{
    ag_rng rng;
    ag_rng_init(&rng, 1, AG_PURPOSE_TEST, 0);
    float *x = malloc((size_t)count * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < count; i++) {
        x[i] = amplitude * (2.0F * ag_rng_uniform(&rng) - 1.0F);
    }
    return x;
}
