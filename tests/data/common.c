/* Temporary files, recordings whose samples tell their place, failing allocations. */
#include "data_test.h"

#include <ftw.h>
#include <unistd.h>

static char folder[64];

const char *temporary(const char *name)
{
    static char paths[8][512];
    static int next;
    if (!*folder) {
        strcpy(folder, "/tmp/agena-data-XXXXXX");
        assert_non_null(mkdtemp(folder));
    }
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s%s%s", folder, name[0] ? "/" : "", name);
    return path;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *place)
{
    (void)st, (void)kind, (void)place;
    return remove(path);
}

void remove_temporary_folder(void)
{
    if (*folder) {
        nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    }
}

static void make_folder_of(const char *path)
{
    char copy[512];
    snprintf(copy, sizeof copy, "%s", path);
    *strrchr(copy, '/') = '\0';
    assert_int_equal(ag_make_folders(copy), AG_OK);
}

const char *write_bytes(const char *name, const void *bytes, size_t size)
{
    const char *path = temporary(name);
    make_folder_of(path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return path;
}

const char *write_text(const char *name, const char *text)
{
    return write_bytes(name, text, strlen(text));
}

int16_t pattern(int seed, int64_t i)
{
    int16_t value = (int16_t)((i * 31 + seed * 7919) % 60000 - 30000);
    return value == 0 ? 1 : value;
}

const char *write_pattern(const char *name, int seed, int64_t count, int rate)
{
    const char *path = temporary(name);
    make_folder_of(path);
    float *x = malloc((size_t)count * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < count; i++) {
        x[i] = (float)pattern(seed, i) / 32768.0F;
    }
    assert_int_equal(ag_audio_write_wav(path, x, count, rate), AG_OK);
    free(x);
    return path;
}

const char *write_pattern_set(const int64_t *lengths, int count)
{
    ag_manifest *m;
    assert_int_equal(ag_manifest_new(&m), AG_OK);
    for (int i = 0; i < count; i++) {
        char name[32], speaker[] = "s0", language[] = "l0";
        snprintf(name, sizeof name, "pattern%d.wav", i);
        speaker[1] = (char)('0' + i % 3);
        language[1] = (char)('0' + i % 2);
        write_pattern(name, i, lengths[i], 8000);
        ag_recording r = { .path = name,
                           .speaker = speaker,
                           .language = language,
                           .text = "pattern",
                           .seconds = (double)lengths[i] / 8000.0,
                           .sample_rate = 8000,
                           .split = AG_SPLIT_TRAIN };
        assert_int_equal(ag_manifest_add(m, &r), AG_OK);
    }
    const char *path = temporary("pattern.jsonl");
    assert_int_equal(ag_manifest_write(m, path), AG_OK);
    ag_manifest_free(m);
    return path;
}
