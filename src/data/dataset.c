/* The table of known data sets, and where they are looked for. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agena/data.h"

/* MNIST's own site no longer serves the files; this is the copy of the Common Visual Data
 * Foundation. The checksums are those of the original files. */
#define MNIST    "https://storage.googleapis.com/cvdf-datasets/mnist/"
#define FASHION  "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
#define OMNIGLOT "https://github.com/brendenlake/omniglot/raw/master/python/"

static const ag_dataset_file mnist_files[] = {
    { "train-images-idx3-ubyte.gz", MNIST "train-images-idx3-ubyte.gz",
      "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 16 << 20 },
    { "train-labels-idx1-ubyte.gz", MNIST "train-labels-idx1-ubyte.gz",
      "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", 1 << 20 },
    { "t10k-images-idx3-ubyte.gz", MNIST "t10k-images-idx3-ubyte.gz",
      "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 16 << 20 },
    { "t10k-labels-idx1-ubyte.gz", MNIST "t10k-labels-idx1-ubyte.gz",
      "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", 1 << 20 },
};

static const ag_dataset_file fashion_files[] = {
    { "train-images-idx3-ubyte.gz", FASHION "train-images-idx3-ubyte.gz",
      "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", 64 << 20 },
    { "train-labels-idx1-ubyte.gz", FASHION "train-labels-idx1-ubyte.gz",
      "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845", 1 << 20 },
    { "t10k-images-idx3-ubyte.gz", FASHION "t10k-images-idx3-ubyte.gz",
      "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", 16 << 20 },
    { "t10k-labels-idx1-ubyte.gz", FASHION "t10k-labels-idx1-ubyte.gz",
      "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5", 1 << 20 },
};

static const ag_dataset_file omniglot_files[] = {
    { "images_background_small1.zip", OMNIGLOT "images_background_small1.zip",
      "f38eb80f801274ac2b4dff5b24289016bfaba4a7d5bb50deebf27104ad6cb8a4", 16 << 20 },
    { "strokes_background_small1.zip", OMNIGLOT "strokes_background_small1.zip",
      "8cb3960fb6cf4ccf5f064ad83169f828c36c36782a0f6e7faacb7ecfae4468a2", 16 << 20 },
};

static const ag_dataset_file cifar_files[] = {
    { "cifar-10-binary.tar.gz", "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
      "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd", 256 << 20 },
};

static const char *const idx_marks[] = { "train-images-idx3-ubyte.gz", "train-images-idx3-ubyte",
                                         NULL };
static const char *const omniglot_marks[] = { "images_background_small1.zip", NULL };
static const char *const cifar_marks[] = { "data_batch_1.bin", "cifar-10-binary.tar.gz", NULL };
static const char *const asterisk_marks[] = { "en_US_f_Allison",    "es_MX_f_Allison",
                                              "fr_CA_f_June",       "it_IT_m_Carlo",
                                              "ru_RU_f_IvrvoiceRU", NULL };

static const ag_dataset datasets[] = {
    { .name = "asterisk",
      .what = "recorded prompts, 4 professional voices in 5 languages, about 2 h of speech, 16 kHz",
      .licence = "CC-BY-SA-3.0 (en, es, fr), CC-BY-3.0 (it, ru)",
      .package = "asterisk-core-sounds-en-g722 asterisk-core-sounds-es-g722 "
                 "asterisk-core-sounds-fr-g722 asterisk-core-sounds-it-g722 "
                 "asterisk-core-sounds-ru-g722 asterisk-core-sounds-en asterisk-core-sounds-es "
                 "asterisk-core-sounds-fr asterisk-core-sounds-it asterisk-core-sounds-ru",
      .package_folder = "/usr/share/asterisk/sounds",
      .marks = asterisk_marks },
    { .name = "cifar10",
      .what = "60,000 colour pictures of 10 kinds of things, 32x32",
      .licence = "none stated; cite Krizhevsky 2009",
      .marks = cifar_marks,
      .files = cifar_files,
      .file_count = 1 },
    { .name = "fashion-mnist",
      .what = "70,000 grey pictures of 10 kinds of clothes, 28x28",
      .licence = "MIT",
      .package = "dataset-fashion-mnist",
      .package_folder = "/usr/share/datasets/fashion-mnist",
      .marks = idx_marks,
      .files = fashion_files,
      .file_count = 4 },
    { .name = "mnist",
      .what = "70,000 grey pictures of handwritten digits, 28x28",
      .licence = "CC-BY-SA-3.0",
      .marks = idx_marks,
      .files = mnist_files,
      .file_count = 4 },
    { .name = "omniglot",
      .what = "2,720 drawings of 136 characters (the first small set), pictures and pen strokes",
      .licence = "MIT",
      .marks = omniglot_marks,
      .files = omniglot_files,
      .file_count = 2 },
};

int ag_dataset_count(void)
{
    return (int)(sizeof datasets / sizeof *datasets);
}

const ag_dataset *ag_dataset_at(int index)
{
    return datasets + index;
}

int ag_dataset_find(const char *name, const ag_dataset **out)
{
    *out = NULL;
    char known[256] = "";
    for (int i = 0; i < ag_dataset_count(); i++) {
        if (strcmp(name, datasets[i].name) == 0) {
            *out = datasets + i;
            return AG_OK;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "", datasets[i].name);
    }
    return ag_fail(AG_ENOTFOUND, "no data set is called \"%.60s\"; known are %s", name, known);
}

/* ---- where a set is ---- */

static int has_mark(const ag_dataset *set, const char *folder, bool *has)
{
    *has = false;
    for (const char *const *mark = set->marks; *mark && !*has; mark++) {
        char *path = ag_format("%s/%s", folder, *mark);
        if (!path) {
            return AG_ENOMEM;
        }
        *has = access(path, R_OK) == 0;
        ag_free(path);
    }
    return AG_OK;
}

/* Takes `candidate` over: it becomes *folder if the set is there, else it is freed. */
static int try_folder(const ag_dataset *set, char *candidate, char **folder)
{
    bool found = false;
    int err = candidate ? has_mark(set, candidate, &found) : AG_ENOMEM;
    if (found) {
        *folder = candidate;
    } else {
        ag_free(candidate);
    }
    return err;
}

static int try_listed(const ag_dataset *set, const char *list, char **folder)
{
    int err = AG_OK;
    while (list && *list && err == AG_OK && !*folder) {
        int n = (int)strcspn(list, ":");
        if (n > 0) {
            err = try_folder(set, ag_format("%.*s/%s", n, list, set->name), folder);
        }
        list += n + (list[n] == ':');
    }
    return err;
}

int ag_dataset_cache(const ag_dataset *set, char **folder)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    *folder = NULL;
    if (cache && cache[0] == '/') {
        *folder = ag_format("%s/agena/%s", cache, set->name);
    } else if (home && home[0] == '/') {
        *folder = ag_format("%s/.cache/agena/%s", home, set->name);
    } else {
        return ag_fail(AG_ENOTFOUND, "no cache folder: neither XDG_CACHE_HOME nor HOME is set");
    }
    return *folder ? AG_OK : AG_ENOMEM;
}

static int try_cache(const ag_dataset *set, char **folder)
{
    char *cache = NULL;
    int err = ag_dataset_cache(set, &cache);
    if (err == AG_ENOTFOUND) {
        return AG_OK;
    }
    return err == AG_OK ? try_folder(set, cache, folder) : err;
}

int ag_dataset_locate(const ag_dataset *set, char **folder)
{
    *folder = NULL;
    int err = try_listed(set, getenv("AGENA_DATA"), folder);
    if (err == AG_OK && !*folder) {
        err = try_cache(set, folder);
    }
    if (err == AG_OK && !*folder && set->package_folder) {
        err = try_folder(set, ag_strdup(set->package_folder), folder);
    }
    if (err != AG_OK || *folder) {
        return err;
    }
    return set->package
               ? ag_fail(AG_ENOTFOUND,
                         "data set %s is not here; install it with: apt "
                         "install %s",
                         set->name, set->package)
               : ag_fail(AG_ENOTFOUND, "data set %s is not here; fetch it with: agena data get %s",
                         set->name, set->name);
}

/* ---- fetching a set ---- */

int ag_dataset_get(const ag_dataset *set, const char *folder)
{
    if (set->file_count == 0) {
        return ag_fail(AG_ENOTFOUND,
                       "data set %s comes from Debian; install it with: apt install "
                       "%s",
                       set->name, set->package);
    }
    int err = ag_make_folders(folder);
    for (int i = 0; err == AG_OK && i < set->file_count; i++) {
        char *path = ag_format("%s/%s", folder, set->files[i].name);
        err = path ? ag_download(set->files + i, path) : AG_ENOMEM;
        ag_free(path);
    }
    return err;
}
