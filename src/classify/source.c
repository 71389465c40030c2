/* The pictures of a run: a known data set, a folder, or noise. */
#include "classify/source.h"

#include "agena/classify.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NOISE_PICTURES = 64, NOISE_CLASSES = 10 };

static int make_noise(const char *data, ag_pictures **out)
{
    int height, width, channels, used = 0;
    if (sscanf(data, "random:%4dx%4dx%4d%n", &height, &width, &channels, &used) != 3 ||
        data[used] || height < 1 || width < 1 || channels < 1 || height > AG_PICTURES_MAX_SIDE ||
        width > AG_PICTURES_MAX_SIDE || channels > 64) {
        return ag_fail(AG_EINVAL,
                       "data \"%.60s\": expected random:HEIGHTxWIDTHxCHANNELS, sides up to %d, "
                       "channels up to 64",
                       data, AG_PICTURES_MAX_SIDE);
    }
    size_t size = (size_t)height * (size_t)width * (size_t)channels;
    ag_pictures *p = ag_calloc(1, sizeof *p);
    if (!p) {
        return AG_ENOMEM;
    }
    *p = (ag_pictures){ NOISE_PICTURES,
                        height,
                        width,
                        channels,
                        NOISE_CLASSES,
                        ag_malloc(NOISE_PICTURES * size),
                        ag_malloc(NOISE_PICTURES) };
    if (!p->pixels || !p->labels) {
        ag_pictures_free(p);
        return AG_ENOMEM;
    }
    ag_rng rng;
    ag_rng_init(&rng, 0, AG_PURPOSE_SAMPLE, 0);
    for (size_t i = 0; i < NOISE_PICTURES * size; i++) {
        p->pixels[i] = (uint8_t)ag_rng_u32(&rng);
    }
    for (int i = 0; i < NOISE_PICTURES; i++) {
        p->labels[i] = (uint8_t)(i % NOISE_CLASSES);
    }
    *out = p;
    return 0;
}

/* The folder of a known set (ag_free it), or what was given. */
static int locate(const char *data, char **folder)
{
    for (int i = 0; i < ag_dataset_count(); i++) {
        if (strcmp(data, ag_dataset_at(i)->name) == 0) {
            return ag_dataset_locate(ag_dataset_at(i), folder);
        }
    }
    const ag_dataset *none;
    if (access(data, F_OK) != 0) {
        return ag_fail_context(ag_dataset_find(data, &none), "there is no folder %.200s", data);
    }
    *folder = ag_strdup(data);
    return *folder ? 0 : AG_ENOMEM;
}

int ag_classify_pictures(const char *data, ag_split split, ag_pictures **out)
{
    if (strncmp(data, "random:", 7) == 0) {
        return make_noise(data, out);
    }
    *out = NULL;
    char *folder = NULL;
    int status = locate(data, &folder);
    if (status == 0) {
        status = ag_pictures_open(folder, split, out);
    }
    ag_free(folder);
    return status;
}

int cl_source_shape(const char *data, int *height, int *width, int *channels)
{
    static const struct {
        const char *name;
        int side, channels;
    } sets[] = { { "mnist", 28, 1 }, { "fashion-mnist", 28, 1 }, { "cifar10", 32, 3 } };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        if (strcmp(data, sets[i].name) == 0) {
            *height = *width = sets[i].side;
            *channels = sets[i].channels;
            return 0;
        }
    }
    ag_pictures *p = NULL;
    int status = ag_classify_pictures(data, AG_SPLIT_TEST, &p);
    if (p) {
        *height = p->height;
        *width = p->width;
        *channels = p->channels;
    }
    ag_pictures_free(p);
    return status;
}

int cl_source_open(const char *data, ag_pictures **train, ag_pictures **test)
{
    *test = NULL;
    int status = ag_classify_pictures(data, AG_SPLIT_TRAIN, train);
    return status < 0 ? status : ag_classify_pictures(data, AG_SPLIT_TEST, test);
}
