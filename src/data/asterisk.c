/* The manifest of Debian's recorded Asterisk prompts. */
#include "data/asterisk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/transcript.h"
#include "data/walk.h"

enum { RATE = 16000, BYTES_A_SECOND = 8000, VOICES = 5 };

static const struct voice {
    const char *language, *folder, *speaker;
} voices[VOICES] = {
    { "en", "en_US_f_Allison", "allison" },     { "es", "es_MX_f_Allison", "allison" },
    { "fr", "fr_CA_f_June", "june" },           { "it", "it_IT_m_Carlo", "carlo" },
    { "ru", "ru_RU_f_IvrvoiceRU", "ivrvoice" },
};

static const char *const endings[] = { ".g722", NULL };

/* Prompts that are no speech in any language, whatever a transcript says (the Italian one has words
 * for its beep, the French one has no line for it). */
static bool is_sound(const char *name)
{
    static const char *const sounds[] = { "ascending-2tone",  "beep",
                                          "beeperr",          "confbridge-join",
                                          "confbridge-leave", "descending-2tone",
                                          "tt-monkeys" };
    for (size_t i = 0; i < sizeof sounds / sizeof *sounds; i++) {
        if (strcmp(name, sounds[i]) == 0) {
            return true;
        }
    }
    return strncmp(name, "silence/", 8) == 0;
}

/* Is `language` one of the comma-separated list? NULL lists all. */
static bool listed(const char *list, const char *language)
{
    size_t n = strlen(language);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, language, n) == 0 && (at[n] == ',' || at[n] == '\0')) {
            return true;
        }
    }
    return !list;
}

static bool is_voice(const char *word, size_t n)
{
    for (int i = 0; i < VOICES; i++) {
        if (n == strlen(voices[i].language) && strncmp(word, voices[i].language, n) == 0) {
            return true;
        }
    }
    return false;
}

static int check_languages(const char *list)
{
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        size_t n = strcspn(at, ",");
        if (!is_voice(at, n)) {
            return ag_fail(AG_EINVAL,
                           "no prompts in the language \"%.*s\"; there are en, es, fr, "
                           "it and ru",
                           (int)n, at);
        }
    }
    return AG_OK;
}

static int add_prompt(ag_manifest *m, const struct voice *v, const char *root, const char *relative,
                      const transcript *t)
{
    char *name = ag_format("%.*s", (int)(strlen(relative) - strlen(".g722")), relative);
    char *path = ag_format("%s/%s", root, relative);
    int err = name && path ? AG_OK : AG_ENOMEM;
    struct stat st;
    const char *text = err == AG_OK && !is_sound(name) ? transcript_text(t, name) : NULL;
    /* the Russian set has an empty file */
    if (text && stat(path, &st) == 0 && st.st_size > 0) {
        ag_recording r = { .path = path,
                           .speaker = v->speaker,
                           .language = v->language,
                           .text = text,
                           .seconds = (double)st.st_size / BYTES_A_SECOND,
                           .sample_rate = RATE,
                           .split = ag_split_of(v->language, name) };
        err = ag_manifest_add(m, &r);
        if (err != AG_OK) {
            err = ag_fail_context(err, "%s", path);
        }
    }
    ag_free(name);
    ag_free(path);
    return err;
}

static int add_prompts(ag_manifest *m, const struct voice *v, const char *root, const transcript *t)
{
    file_list files;
    int err = walk_files(root, endings, &files);
    if (err != AG_OK) {
        return err;
    }
    for (int64_t i = 0; err == AG_OK && i < files.count; i++) {
        err = add_prompt(m, v, root, files.paths[i], t);
    }
    file_list_clear(&files);
    return err;
}

static char *transcript_path(const char *docs, const char *language)
{
    return ag_format("%s/asterisk-core-sounds-%s/core-sounds-%s.txt.gz", docs, language, language);
}

static int add_voice(ag_manifest *m, const struct voice *v, const char *sounds, const char *docs)
{
    char *root = ag_format("%s/%s", sounds, v->folder);
    char *path = transcript_path(docs, v->language);
    transcript *t = NULL;
    int err = root && path ? transcript_read(path, &t) : AG_ENOMEM;
    if (err == AG_OK) {
        err = add_prompts(m, v, root, t);
    }
    transcript_free(t);
    ag_free(root);
    ag_free(path);
    return err;
}

/* Append the packages of a voice that are missing to names [size]. */
static int note_missing(const struct voice *v, const char *sounds, const char *docs, char *names,
                        size_t size)
{
    char *root = ag_format("%s/%s", sounds, v->folder);
    char *path = transcript_path(docs, v->language);
    int err = root && path ? AG_OK : AG_ENOMEM;
    size_t used = strlen(names);
    if (err == AG_OK && access(root, R_OK) != 0) {
        snprintf(names + used, size - used, " asterisk-core-sounds-%s-g722", v->language);
    }
    used = strlen(names);
    if (err == AG_OK && access(path, R_OK) != 0) {
        snprintf(names + used, size - used, " asterisk-core-sounds-%s", v->language);
    }
    ag_free(root);
    ag_free(path);
    return err;
}

static int check_installed(const char *sounds, const char *docs, const char *languages)
{
    char names[512] = "";
    for (int i = 0; i < VOICES; i++) {
        if (listed(languages, voices[i].language)) {
            int err = note_missing(voices + i, sounds, docs, names, sizeof names);
            if (err != AG_OK) {
                return err;
            }
        }
    }
    return names[0] ? ag_fail(AG_ENOTFOUND,
                              "recorded prompts are missing; install them with: apt install%s (an "
                              "image that leaves out %s must allow it in /etc/dpkg/dpkg.cfg.d)",
                              names, docs)
                    : AG_OK;
}

static int build(const char *sounds, const char *docs, const char *languages, ag_manifest *m)
{
    int err = AG_OK;
    for (int i = 0; err == AG_OK && i < VOICES; i++) {
        if (listed(languages, voices[i].language)) {
            err = add_voice(m, voices + i, sounds, docs);
        }
    }
    return err == AG_OK ? ag_manifest_number(m) : err;
}

int asterisk_manifest(const char *sounds, const char *docs, const char *languages,
                      ag_manifest **out)
{
    *out = NULL;
    int err = check_languages(languages);
    if (err == AG_OK) {
        err = check_installed(sounds, docs, languages);
    }
    ag_manifest *m = NULL;
    if (err == AG_OK) {
        err = ag_manifest_new(&m);
    }
    if (err == AG_OK) {
        err = build(sounds, docs, languages, m);
    }
    if (err != AG_OK) {
        ag_manifest_free(m);
        return err;
    }
    *out = m;
    return AG_OK;
}

/* A manifest's paths are absolute, wherever the set was found. */
static int build_from(const char *folder, const char *languages, ag_manifest **out)
{
    char *sounds = realpath(folder, NULL);
    if (!sounds) {
        return ag_fail(AG_ENOTFOUND, "there is no folder %s", folder);
    }
    int err = asterisk_manifest(sounds, "/usr/share/doc", languages, out);
    free(sounds); /* realpath's own */
    return err;
}

int ag_asterisk_manifest(const char *languages, ag_manifest **out)
{
    *out = NULL;
    const ag_dataset *set = NULL;
    int err = ag_dataset_find("asterisk", &set);
    if (err != AG_OK) {
        return err;
    }
    char *found = NULL;
    err = ag_dataset_locate(set, &found);
    if (err != AG_OK && err != AG_ENOTFOUND) {
        return err;
    }
    /* not found: look at Debian's folder all the same, for the list of missing packages */
    err = found ? build_from(found, languages, out)
                : asterisk_manifest(set->package_folder, "/usr/share/doc", languages, out);
    ag_free(found);
    return err;
}
