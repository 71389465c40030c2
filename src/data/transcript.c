/* Reading the transcripts of Asterisk's prompts and cleaning their text. */
#include "data/transcript.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { MAX_SIZE = 1 << 20, MAX_LINES = 20000 };

struct line {
    const char *name;
    const char *text; /* NULL: a sound */
};

struct transcript {
    char *data; /* all lines; names and texts point into it */
    struct line *lines;
    int count;
};

/* ---- the text of one prompt, cleaned in place ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Without spaces at both ends and with single ones inside. */
static char *squeeze(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        bool space = is_space(*from);
        if (!space) {
            *to++ = *from;
        } else if (to > text && to[-1] != ' ') {
            *to++ = ' ';
        }
    }
    if (to > text && to[-1] == ' ') {
        to--;
    }
    *to = '\0';
    return text;
}

/* Remove every [..] part. */
static void cut_brackets(char *text)
{
    char *to = text;
    int depth = 0;
    for (const char *from = text; *from; from++) {
        if (*from == '[') {
            depth++;
        } else if (*from == ']' && depth > 0) {
            depth--;
        } else if (depth == 0) {
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* "(beep)" and "<beep ascending>", which some languages write for "[..]". */
static bool is_description(const char *text)
{
    size_t n = strlen(text);
    return n >= 2 && ((text[0] == '(' && text[n - 1] == ')' && !strchr(text + 1, '(')) ||
                      (text[0] == '<' && text[n - 1] == '>'));
}

/* The text without sounds; NULL if sounds are all there was. */
static const char *clean(const char *name, char *text)
{
    squeeze(text);
    size_t n = strlen(name);
    if (strncmp(text, name, n) == 0 && text[n] == ':') {
        text = squeeze(text + n + 1); /* some lines say their name twice */
    }
    bool empty = text[0] == '\0';
    cut_brackets(text);
    squeeze(text);
    return is_description(text) || (!empty && text[0] == '\0') ? NULL : text;
}

/* ---- lines ---- */

static int split_lines(transcript *t)
{
    char *rest = t->data;
    if (strncmp(rest, "\xef\xbb\xbf", 3) == 0) { /* byte order mark */
        rest += 3;
    }
    for (char *line; (line = strsep(&rest, "\n"));) {
        char *colon = strchr(line, ':');
        if (line[0] == ';' || !colon) {
            continue;
        }
        if (t->count == MAX_LINES) {
            return ag_fail(AG_EFORMAT, "a transcript of more than %d lines", MAX_LINES);
        }
        *colon = '\0';
        const char *name = squeeze(line);
        t->lines[t->count++] = (struct line){ name, clean(name, colon + 1) };
    }
    return AG_OK;
}

static int read_gz(gzFile file, const char *path, char *data)
{
    int got = gzread(file, data, MAX_SIZE + 1);
    if (got < 0) {
        int ignored;
        return ag_fail(AG_EFORMAT, "cannot read %s: %s", path, gzerror(file, &ignored));
    }
    if (got > MAX_SIZE) {
        return ag_fail(AG_EFORMAT, "%s is larger than %d bytes", path, MAX_SIZE);
    }
    data[got] = '\0';
    return AG_OK;
}

static int load(const char *path, transcript *t)
{
    t->data = ag_malloc(MAX_SIZE + 2);
    t->lines = ag_calloc(MAX_LINES, sizeof *t->lines);
    if (!t->data || !t->lines) {
        return AG_ENOMEM;
    }
    gzFile file = gzopen(path, "rb");
    if (!file) {
        return ag_fail(errno == ENOENT ? AG_ENOTFOUND : AG_EIO, "cannot open %s: %s", path,
                       strerror(errno));
    }
    int err = read_gz(file, path, t->data);
    gzclose(file);
    return err == AG_OK ? split_lines(t) : err;
}

int transcript_read(const char *path, transcript **out)
{
    *out = NULL;
    transcript *t = ag_calloc(1, sizeof *t);
    if (!t) {
        return AG_ENOMEM;
    }
    int err = load(path, t);
    if (err != AG_OK) {
        transcript_free(t);
        return err;
    }
    *out = t;
    return AG_OK;
}

void transcript_free(transcript *t)
{
    if (t) {
        ag_free(t->data);
        ag_free(t->lines);
        ag_free(t);
    }
}

const char *transcript_text(const transcript *t, const char *name)
{
    const struct line *found = NULL;
    for (int i = 0; i < t->count; i++) {
        if (strcmp(t->lines[i].name, name) == 0) {
            return t->lines[i].text;
        }
        if (!found && strcasecmp(t->lines[i].name, name) == 0) {
            found = t->lines + i;
        }
    }
    return found ? found->text : "";
}
