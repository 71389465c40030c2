/* Manifests in memory: recordings, and the numbers of their speakers and languages. */
#include "data/manifest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const split_names[] = { "train", "valid", "test" };

const char *ag_split_name(ag_split split)
{
    return split_names[split];
}

int ag_split_parse(const char *name, ag_split *out)
{
    for (int i = 0; i < 3; i++) {
        if (strcmp(name, split_names[i]) == 0) {
            *out = (ag_split)i;
            return AG_OK;
        }
    }
    return ag_fail(AG_EINVAL, "split \"%.40s\" is none of train, valid and test", name);
}

static uint64_t fnv1a(uint64_t hash, const char *text)
{
    for (; *text; text++) {
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    }
    return hash;
}

ag_split ag_split_of(const char *language, const char *name)
{
    uint64_t hash = fnv1a(UINT64_C(0xcbf29ce484222325), language);
    hash = fnv1a(fnv1a(hash, "/"), name);
    /* FNV alone leaves names that differ at their end close together: mix its bits (the finaliser
     * of SplitMix64, Steele et al. 2014) */
    hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
    hash ^= hash >> 31;
    unsigned percent = (unsigned)((hash >> 32) * 100 >> 32);
    return percent < 90 ? AG_SPLIT_TRAIN : percent < 95 ? AG_SPLIT_VALID : AG_SPLIT_TEST;
}

int ag_manifest_new(ag_manifest **out)
{
    *out = NULL;
    ag_manifest *m = ag_calloc(1, sizeof *m);
    if (!m) {
        return AG_ENOMEM;
    }
    int err = ag_arena_new(&m->arena);
    if (err != AG_OK) {
        ag_free(m);
        return err;
    }
    *out = m;
    return AG_OK;
}

void ag_manifest_free(ag_manifest *m)
{
    if (!m) {
        return;
    }
    ag_arena_free(m->arena);
    ag_free(m->recordings);
    ag_free(m->speakers.names);
    ag_free(m->languages.names);
    ag_free(m);
}

static int check_text(const char *what, const char *text, size_t least, size_t most)
{
    size_t size = text ? strlen(text) : 0;
    if (size < least || size > most) {
        return ag_fail(AG_EINVAL, "%s has %zu bytes, not %zu to %zu", what, size, least, most);
    }
    for (size_t i = 0; i < size; i++) {
        if ((uint8_t)text[i] < 32 || text[i] == 127) {
            return ag_fail(AG_EINVAL, "%s has a control character at byte %zu", what, i);
        }
    }
    return AG_OK;
}

static int check_numbers(const ag_recording *r)
{
    if (!(r->seconds > 0.0 && r->seconds <= AG_AUDIO_MAX_SECONDS)) {
        return ag_fail(AG_EINVAL, "seconds = %g is not above 0 and at most %d", r->seconds,
                       AG_AUDIO_MAX_SECONDS);
    }
    if (r->sample_rate < AG_AUDIO_MIN_RATE || r->sample_rate > AG_AUDIO_MAX_RATE) {
        return ag_fail(AG_EINVAL, "sample_rate = %d is not in %d to %d Hz", r->sample_rate,
                       AG_AUDIO_MIN_RATE, AG_AUDIO_MAX_RATE);
    }
    if ((unsigned)r->split > AG_SPLIT_TEST) {
        return ag_fail(AG_EINVAL, "split = %d is none of train, valid and test", (int)r->split);
    }
    return AG_OK;
}

static int check(const ag_recording *r)
{
    int err = check_text("path", r->path, 1, AG_MANIFEST_MAX_PATH);
    if (err == AG_OK) {
        err = check_text("speaker", r->speaker, 1, AG_MANIFEST_MAX_NAME);
    }
    if (err == AG_OK) {
        err = check_text("language", r->language, 1, AG_MANIFEST_MAX_NAME);
    }
    if (err == AG_OK) {
        err = check_text("text", r->text, 0, AG_MANIFEST_MAX_TEXT);
    }
    return err == AG_OK ? check_numbers(r) : err;
}

static int make_room(ag_manifest *m)
{
    if (m->count < m->room) {
        return AG_OK;
    }
    if (m->count >= AG_MANIFEST_MAX_RECORDINGS) {
        return ag_fail(AG_EINVAL, "more than %d recordings in a manifest",
                       AG_MANIFEST_MAX_RECORDINGS);
    }
    int64_t room = m->room > 0 ? 2 * m->room : 64;
    ag_recording *grown = ag_realloc(m->recordings, (size_t)room * sizeof *grown);
    if (!grown) {
        return AG_ENOMEM;
    }
    m->recordings = grown;
    m->room = room;
    return AG_OK;
}

int ag_manifest_add(ag_manifest *m, const ag_recording *recording)
{
    int err = check(recording);
    if (err == AG_OK) {
        err = make_room(m);
    }
    if (err != AG_OK) {
        return err;
    }
    ag_recording r = *recording;
    r.path = ag_arena_strdup(m->arena, recording->path);
    r.speaker = ag_arena_strdup(m->arena, recording->speaker);
    r.language = ag_arena_strdup(m->arena, recording->language);
    r.text = ag_arena_strdup(m->arena, recording->text ? recording->text : "");
    r.speaker_id = r.language_id = -1;
    if (!r.path || !r.speaker || !r.language || !r.text) {
        return AG_ENOMEM;
    }
    m->recordings[m->count++] = r;
    return AG_OK;
}

/* ---- numbers ---- */

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sort all names and keep one of each. */
static int sort_names(const char **names, int64_t count, const char *what, name_list *out)
{
    qsort(names, (size_t)count, sizeof *names, by_bytes);
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0) {
            names[kept++] = names[i];
        }
    }
    if (kept > AG_MANIFEST_MAX_NAMES) {
        ag_free(names);
        return ag_fail(AG_EINVAL, "more than %d %s in a manifest", AG_MANIFEST_MAX_NAMES, what);
    }
    ag_free(out->names);
    *out = (name_list){ names, (int)kept };
    return AG_OK;
}

static int id_of(const name_list *list, const char *name)
{
    const char **at = bsearch(&name, list->names, (size_t)list->count, sizeof *at, by_bytes);
    return (int)(at - list->names);
}

int ag_manifest_number(ag_manifest *m)
{
    size_t room = (size_t)(m->count > 0 ? m->count : 1);
    const char **speakers = ag_calloc(room, sizeof *speakers);
    const char **languages = ag_calloc(room, sizeof *languages);
    if (!speakers || !languages) {
        ag_free(speakers);
        ag_free(languages);
        return AG_ENOMEM;
    }
    for (int64_t i = 0; i < m->count; i++) {
        speakers[i] = m->recordings[i].speaker;
        languages[i] = m->recordings[i].language;
    }
    int err = sort_names(speakers, m->count, "speakers", &m->speakers);
    int err_languages = sort_names(languages, m->count, "languages", &m->languages);
    if (err != AG_OK || err_languages != AG_OK) {
        return err != AG_OK ? err : err_languages;
    }
    for (int64_t i = 0; i < m->count; i++) {
        ag_recording *r = m->recordings + i;
        r->speaker_id = id_of(&m->speakers, r->speaker);
        r->language_id = id_of(&m->languages, r->language);
    }
    return AG_OK;
}

int64_t ag_manifest_count(const ag_manifest *m)
{
    return m->count;
}

const ag_recording *ag_manifest_at(const ag_manifest *m, int64_t index)
{
    return m->recordings + index;
}

int ag_manifest_speakers(const ag_manifest *m)
{
    return m->speakers.count;
}

int ag_manifest_languages(const ag_manifest *m)
{
    return m->languages.count;
}

const char *ag_manifest_speaker(const ag_manifest *m, int id)
{
    return m->speakers.names[id];
}

const char *ag_manifest_language(const ag_manifest *m, int id)
{
    return m->languages.names[id];
}
