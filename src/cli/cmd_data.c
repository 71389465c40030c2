/* agena data: manifests of recordings, known data sets. */
#include <stdio.h>

#include "agena/data.h"
#include "cli/common.h"

/* ---- manifests ---- */

/* Recordings and minutes of one language in each split. */
typedef struct {
    int64_t count[3];
    double seconds[3];
} tally;

static void print_row(const char *name, const tally *t)
{
    int64_t count = t->count[0] + t->count[1] + t->count[2];
    double seconds = t->seconds[0] + t->seconds[1] + t->seconds[2];
    printf("%-10s %8lld %9.1f %9.1f %9.1f %9.1f\n", name, (long long)count, seconds / 60.0,
           t->seconds[AG_SPLIT_TRAIN] / 60.0, t->seconds[AG_SPLIT_VALID] / 60.0,
           t->seconds[AG_SPLIT_TEST] / 60.0);
}

static void count_recording(tally *t, const ag_recording *r)
{
    t->count[r->split]++;
    t->seconds[r->split] += r->seconds;
}

static int print_summary(const ag_manifest *m)
{
    int languages = ag_manifest_languages(m);
    tally all = { 0 }, *each = ag_calloc((size_t)languages, sizeof *each);
    if (!each) {
        return AG_ENOMEM;
    }
    for (int64_t i = 0; i < ag_manifest_count(m); i++) {
        const ag_recording *r = ag_manifest_at(m, i);
        count_recording(&all, r);
        count_recording(each + r->language_id, r);
    }
    printf("%-10s %8s %9s %9s %9s %9s\n", "language", "files", "minutes", "train", "valid", "test");
    for (int i = 0; i < languages; i++) {
        print_row(ag_manifest_language(m, i), each + i);
    }
    print_row("all", &all);
    printf("speakers: %d\n", ag_manifest_speakers(m));
    ag_free(each);
    return AG_OK;
}

/* Write m as DIR/manifest.jsonl and tell what is in it. */
static int save(const ag_manifest *m, const char *folder)
{
    int err = ag_make_folders(folder);
    char *path = err == AG_OK ? ag_format("%s/manifest.jsonl", folder) : NULL;
    if (!path) {
        return err == AG_OK ? AG_ENOMEM : err;
    }
    err = ag_manifest_write(m, path);
    if (err == AG_OK) {
        err = print_summary(m);
    }
    if (err == AG_OK) {
        printf("wrote %s\n", path);
    }
    ag_free(path);
    return err;
}

typedef struct {
    const char *output, *languages;
} speech_options;

static int run_speech(const void *options)
{
    const speech_options *o = options;
    ag_manifest *m = NULL;
    int err = ag_asterisk_manifest(o->languages, &m);
    if (err == AG_OK) {
        err = save(m, o->output);
    }
    ag_manifest_free(m);
    return err;
}

static const cli_option speech_table[] = {
    CLI_OUTPUT(speech_options, CLI_FOLDER, "DIR", "folder for manifest.jsonl"),
    { .name = "languages",
      .type = CLI_STRING,
      .value = "LIST",
      .help = "some of en,es,fr,it,ru instead of all",
      .offset = offsetof(speech_options, languages) },
    { 0 },
};

static const cli_example speech_examples[] = {
    { "agena data speech -o build/speech", "All five languages, about two hours of speech." },
    { 0 },
};

static const cli_command data_speech = {
    .name = "speech",
    .summary = "Build the manifest of Debian's recorded prompts in five languages",
    .description =
        "Reads the prompts of the packages asterisk-core-sounds-LANG-g722 and their transcripts in "
        "asterisk-core-sounds-LANG for en, es, fr, it and ru, leaves out tones, silence and other "
        "sounds, and divides the rest into train, valid and test by a hash of language and name.",
    .options = speech_table,
    .examples = speech_examples,
    .size = sizeof(speech_options),
    .run = run_speech,
};

typedef struct {
    const char *folder, *output, *speaker, *language;
    int64_t threads;
} audio_options;

static int run_audio(const void *options)
{
    const audio_options *o = options;
    ag_pool *pool = NULL;
    ag_manifest *m = NULL;
    int err = ag_pool_new((int)o->threads, &pool);
    if (err == AG_OK) {
        err = ag_folder_manifest(o->folder, o->speaker, o->language, pool, &m);
    }
    if (err == AG_OK) {
        err = save(m, o->output);
    }
    ag_manifest_free(m);
    ag_pool_free(pool);
    return err;
}

static const cli_option audio_table[] = {
    { .type = CLI_FOLDER,
      .required = true,
      .value = "FOLDER",
      .help = "where the wav, flac, ogg and g722 files are, however deep",
      .offset = offsetof(audio_options, folder) },
    CLI_OUTPUT(audio_options, CLI_FOLDER, "DIR", "folder for manifest.jsonl"),
    { .name = "speaker",
      .type = CLI_STRING,
      .value = "NAME",
      .help = "speaker of all files; else the name of the first folder level is the speaker",
      .offset = offsetof(audio_options, speaker) },
    { .name = "language",
      .type = CLI_STRING,
      .value = "CODE",
      .normal = "und",
      .help = "language of all files, such as en",
      .offset = offsetof(audio_options, language) },
    CLI_THREADS(audio_options),
    { 0 },
};

static const cli_example audio_examples[] = {
    { "agena data audio ~/recordings -o build/recordings --language en", "One folder a speaker." },
    { 0 },
};

static const cli_command data_audio = {
    .name = "audio",
    .summary = "Build the manifest of any folder of recordings",
    .description = "Finds every wav, flac, ogg, oga and g722 file below FOLDER, decodes each once "
                   "to check it, and divides them into train, valid and test by a hash of language "
                   "and name.",
    .options = audio_table,
    .examples = audio_examples,
    .size = sizeof(audio_options),
    .run = run_audio,
};

/* ---- known data sets ---- */

typedef struct {
    bool json;
} list_options;

static void print_text(const ag_dataset *set, const char *folder)
{
    printf("%s\n  %s\n  licence: %s\n", set->name, set->what, set->licence);
    if (folder) {
        printf("  here: %s\n", folder);
    } else if (set->package) {
        printf("  not here; apt install %s\n", set->package);
    } else {
        printf("  not here; agena data get %s\n", set->name);
    }
}

static int print_json(const ag_dataset *set, const char *folder)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:b}", "name", set->name, "what",
                               set->what, "licence", set->licence, "folder", folder, "package",
                               set->package, "download", set->file_count > 0);
    return cli_print_json(object, JSON_COMPACT);
}

static int print_set(const ag_dataset *set, bool json)
{
    char *folder = NULL;
    int err = ag_dataset_locate(set, &folder);
    if (err != AG_OK && err != AG_ENOTFOUND) {
        return err;
    }
    err = AG_OK;
    if (json) {
        err = print_json(set, folder);
    } else {
        print_text(set, folder);
    }
    ag_free(folder);
    return err;
}

static int run_list(const void *options)
{
    const list_options *o = options;
    int err = AG_OK;
    for (int i = 0; err == AG_OK && i < ag_dataset_count(); i++) {
        err = print_set(ag_dataset_at(i), o->json);
    }
    if (err == AG_OK && !o->json) {
        printf("\nlooked for: NAME in each folder of AGENA_DATA (colon separated), then in "
               "~/.cache/agena, then Debian's packages\n");
    }
    return err;
}

static const cli_option list_table[] = {
    CLI_JSON(list_options, CLI_OBJECT_LINE),
    { 0 },
};

static const cli_command data_list = {
    .name = "list",
    .summary = "List the known data sets and where they are",
    .options = list_table,
    .size = sizeof(list_options),
    .run = run_list,
};

typedef struct {
    const char *name, *output;
} get_options;

static int run_get(const void *options)
{
    const get_options *o = options;
    const ag_dataset *set = NULL;
    char *folder = NULL;
    int err = ag_dataset_find(o->name, &set);
    if (err == AG_OK && o->output) {
        folder = ag_strdup(o->output);
        err = folder ? AG_OK : AG_ENOMEM;
    } else if (err == AG_OK) {
        err = ag_dataset_cache(set, &folder);
    }
    if (err == AG_OK) {
        err = ag_dataset_get(set, folder);
    }
    if (err == AG_OK) {
        printf("%s is in %s\n", set->name, folder);
    }
    ag_free(folder);
    return err;
}

static const cli_option get_table[] = {
    { .type = CLI_STRING,
      .required = true,
      .value = "NAME",
      .help = "a data set that agena data list shows",
      .offset = offsetof(get_options, name) },
    { .name = "output",
      .letter = 'o',
      .type = CLI_FOLDER,
      .value = "DIR",
      .help = "folder for the files; else ~/.cache/agena/NAME",
      .offset = offsetof(get_options, output) },
    { 0 },
};

static const cli_command data_get = {
    .name = "get",
    .summary = "Download a data set and check it",
    .description = "Fetches the files of a data set from its official address, goes on where an "
                   "earlier download stopped, and checks the SHA-256 of each.",
    .options = get_table,
    .size = sizeof(get_options),
    .run = run_get,
};

static const cli_command *const subcommands[] = { &data_speech, &data_audio, &data_list, &data_get,
                                                  NULL };

const cli_command cli_data = {
    .name = "data",
    .summary = "Find, fetch and describe data",
    .subcommands = subcommands,
};
