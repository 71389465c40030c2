/* A small set of pictures, a recipe and runs on them, for the tests of src/classify. */
#include "classify_test.h"

#include <unistd.h>

static char folder[64];

const char *at(const char *name)
{
    static char path[8][256];
    static int turn;
    turn = (turn + 1) % 8;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static void write_bytes(const char *name, const void *data, size_t size)
{
    FILE *f = fopen(at(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

void write_text(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

/* Noise, and a bright quarter that says the class. */
static void draw(uint8_t *picture, int class, ag_rng *rng)
{
    for (int i = 0; i < 64; i++) {
        int quarter = 2 * (i / 8 / 4) + i % 8 / 4;
        picture[i] = (uint8_t)(ag_rng_below(rng, 120) + (quarter == class ? 100 : 0));
    }
}

static void make_split(const char *name, int count, uint64_t stream)
{
    uint8_t *images = calloc((size_t)count, 64 + 1), *labels = calloc((size_t)count + 8, 1);
    char file[64];
    ag_rng rng;
    assert_true(images && labels);
    ag_rng_init(&rng, 11, AG_PURPOSE_TEST, stream);
    memcpy(images, "\0\0\10\3\0\0\0\0\0\0\0\10\0\0\0\10", 16);
    memcpy(labels, "\0\0\10\1\0\0\0\0", 8);
    images[7] = labels[7] = (uint8_t)count;
    for (int i = 0; i < count; i++) {
        labels[8 + i] = (uint8_t)(i % 4);
        draw(images + 16 + 64 * i, i % 4, &rng);
    }
    snprintf(file, sizeof file, "set/%s-images-idx3-ubyte", name);
    write_bytes(file, images, (size_t)(16 + 64 * count));
    snprintf(file, sizeof file, "set/%s-labels-idx1-ubyte", name);
    write_bytes(file, labels, (size_t)(8 + count));
    free(images);
    free(labels);
}

void make_workshop(void)
{
    strcpy(folder, "/tmp/agena-classify-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(ag_make_folders(at("set")), 0);
    make_split("train", 192, 1);
    make_split("t10k", 96, 2);
    write_text("recipe.yaml", "seed: 3\n"
                              "network: 8C3-MP2-16C3-MP2-32FC-4\n"
                              "bits: 2-8-8-8\n"
                              "batch: 16\n"
                              "epochs: 6\n"
                              "rates: [{epoch: 0, rate: 1}, {epoch: 4, rate: -1}]\n"
                              "augment: {pad: 1, fill: 50}\n"
                              "twin:\n"
                              "  momentum: 0.9\n"
                              "  rates: [{epoch: 0, rate: 0.01}]\n"
                              "checkpoint_steps: 5\n");
    ag_log_sink(NULL, NULL, AG_LOG_WARN);
}

void remove_workshop(void)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) {
        fprintf(stderr, "%s stays\n", folder);
    }
}

int train(const char *run, const char *const *settings, bool resume, int threads)
{
    int count = 0;
    while (settings && settings[count]) {
        count++;
    }
    char *data = ag_strdup(at("set")), *output = ag_strdup(at(run));
    ag_classify_options o = { .recipe = at("recipe.yaml"),
                              .overrides = settings,
                              .override_count = count,
                              .data = data,
                              .output = output,
                              .resume = resume,
                              .threads = threads };
    int status = data && output ? ag_classify_train(&o, NULL) : AG_ENOMEM;
    ag_free(data);
    ag_free(output);
    return status;
}

void starve(int (*f)(void), uint64_t stride)
{
    ag_alloc_fail_at(0);
    assert_int_equal(f(), 0);
    uint64_t total = ag_alloc_fail_at(0);
    assert_true(total > 10);
    for (uint64_t n = 1; n <= total; n += stride) {
        ag_alloc_fail_at(n);
        int status = f();
        ag_alloc_fail_at(0);
        if (status != AG_ENOMEM) {
            fail_msg("allocation %llu of %llu failed: status %d, \"%s\"", (unsigned long long)n,
                     (unsigned long long)total, status, ag_error());
        }
    }
    assert_int_equal(f(), 0);
}
