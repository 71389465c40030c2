/* Parses a command line by a command's table of options. */
#include "cli/options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"

/* One parse: the words, and how far it has come. */
typedef struct {
    const cli_command *command;
    char *const *words;
    int count, at;
    char *values;
    const cli_option *argument; /* the next argument to fill, or the table's end */
    uint64_t given;             /* bit i: the i-th entry of the table has got a value */
} parse;

const cli_option *cli_options_of(const cli_command *command)
{
    static const cli_option none = { 0 };
    return command->options ? command->options : &none;
}

void cli_options_free(const cli_command *command, void *values)
{
    for (const cli_option *o = cli_options_of(command); !cli_option_ends(o); o++) {
        if (o->type == CLI_LIST) {
            cli_list *list = (cli_list *)(void *)((char *)values + o->offset);
            ag_free(list->items);
            *list = (cli_list){ 0 };
        }
    }
}

/* ---- values ---- */

static int wrong(const cli_option *o, const char *wanted, const char *text)
{
    return ag_fail(CLI_USAGE, "%s%s should be %s, not '%s'", o->name ? "--" : "",
                   o->name ? o->name : o->value, wanted, text);
}

static int check_range(const cli_option *o, double value)
{
    if (o->least == o->most || (value >= o->least && value <= o->most))
        return AG_OK;
    return ag_fail(CLI_USAGE, "%s%s should be from %.10g to %.10g, not %.10g", o->name ? "--" : "",
                   o->name ? o->name : o->value, o->least, o->most, value);
}

static int set_int(const cli_option *o, const char *text, int64_t *out)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno == ERANGE)
        return wrong(o, "a whole number", text);
    *out = value;
    return check_range(o, (double)value);
}

static int set_double(const cli_option *o, const char *text, double *out)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value))
        return wrong(o, "a number", text);
    *out = value;
    return check_range(o, value);
}

static int set_size(const cli_option *o, const char *text, uint64_t *out)
{
    static const char units[] = "kMG";
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    const char *unit = end > text && *end ? strchr(units, *end) : NULL;
    int shift = unit ? 10 * (int)(unit - units + 1) : 0;
    if (end == text || *text == '-' || end[unit != NULL] != '\0' || errno == ERANGE ||
        value > UINT64_MAX >> shift)
        return wrong(o, "a size such as 4096, 64k, 100M or 2G", text);
    *out = (uint64_t)value << shift;
    return AG_OK;
}

static int set_choice(const cli_option *o, const char *text, int *out)
{
    char wanted[256] = "one of";
    for (int i = 0; o->choices[i]; i++) {
        if (strcmp(o->choices[i], text) == 0) {
            *out = i;
            return AG_OK;
        }
        size_t room = sizeof wanted - strlen(wanted) - 1;
        strncat(wanted, i > 0 ? ", " : " ", room);
        strncat(wanted, o->choices[i], sizeof wanted - strlen(wanted) - 1);
    }
    return wrong(o, wanted, text);
}

/* A list has room for as many items as there are words. */
static int add_item(const parse *p, const char *text, cli_list *list)
{
    if (!list->items)
        list->items = ag_calloc((size_t)p->count, sizeof *list->items);
    if (!list->items)
        return AG_ENOMEM;
    list->items[list->count++] = text;
    return AG_OK;
}

static int set_value(parse *p, const cli_option *o, const char *text)
{
    p->given |= (uint64_t)1 << (o - cli_options_of(p->command));
    void *out = p->values + o->offset;
    switch (o->type) {
    case CLI_FLAG:
        *(bool *)out = true;
        return AG_OK;
    case CLI_INT:
        return set_int(o, text, out);
    case CLI_DOUBLE:
        return set_double(o, text, out);
    case CLI_SIZE:
        return set_size(o, text, out);
    case CLI_CHOICE:
        return set_choice(o, text, out);
    case CLI_LIST:
        return add_item(p, text, out);
    default:
        *(const char **)out = text;
        return AG_OK;
    }
}

/* ---- words ---- */

static int unknown_option(const cli_command *command, const char *typed, size_t length)
{
    char name[64];
    size_t kept = length < sizeof name ? length : sizeof name - 1;
    memcpy(name, typed, kept);
    name[kept] = '\0';
    base_suggestion s = base_suggest_begin(name);
    for (const cli_option *o = cli_options_of(command); !cli_option_ends(o); o++) {
        if (o->name)
            base_suggest_offer(&s, o->name);
    }
    base_suggest_offer(&s, "help");
    if (s.best)
        return ag_fail(CLI_USAGE, "unknown option --%s, did you mean --%s?", name, s.best);
    return ag_fail(CLI_USAGE, "unknown option --%s", name);
}

/* The next word as the value of the option just read. */
static int next_value(parse *p, const cli_option *o)
{
    if (p->at >= p->count)
        return ag_fail(CLI_USAGE, "the option --%s needs a value: %s", o->name, o->value);
    return set_value(p, o, p->words[p->at++]);
}

static int long_option(parse *p, const char *word)
{
    size_t length = strcspn(word, "=");
    const char *value = word[length] == '=' ? word + length + 1 : NULL;
    if (length == 4 && strncmp(word, "help", 4) == 0)
        return CLI_ASKS_HELP;
    for (const cli_option *o = cli_options_of(p->command); !cli_option_ends(o); o++) {
        if (!o->name || strlen(o->name) != length || strncmp(o->name, word, length) != 0)
            continue;
        if (o->type == CLI_FLAG && value)
            return ag_fail(CLI_USAGE, "the option --%s takes no value", o->name);
        if (value || o->type == CLI_FLAG)
            return set_value(p, o, value);
        return next_value(p, o);
    }
    return unknown_option(p->command, word, length);
}

/* "-o FILE", "-oFILE" or flags together, "-ab". */
static int short_options(parse *p, const char *word)
{
    for (; *word; word++) {
        const cli_option *o = cli_options_of(p->command);
        while (!cli_option_ends(o) && o->letter != *word)
            o++;
        if (cli_option_ends(o) && *word == 'h')
            return CLI_ASKS_HELP;
        if (cli_option_ends(o))
            return ag_fail(CLI_USAGE, "unknown option -%c", *word);
        if (o->type != CLI_FLAG)
            return word[1] ? set_value(p, o, word + 1) : next_value(p, o);
        set_value(p, o, NULL);
    }
    return AG_OK;
}

static int argument(parse *p, const char *word)
{
    while (!cli_option_ends(p->argument) && p->argument->name)
        p->argument++;
    const cli_option *o = p->argument;
    if (cli_option_ends(o))
        return ag_fail(CLI_USAGE, "'%s' is one argument too many", word);
    int code = set_value(p, o, word);
    if (o->type != CLI_LIST)
        p->argument++;
    return code;
}

static int read_words(parse *p)
{
    bool options_end = false;
    int code = AG_OK;
    while (code == AG_OK && p->at < p->count) {
        const char *word = p->words[p->at++];
        if (options_end || word[0] != '-' || word[1] == '\0')
            code = argument(p, word);
        else if (strcmp(word, "--") == 0)
            options_end = true;
        else if (word[1] == '-')
            code = long_option(p, word + 2);
        else
            code = short_options(p, word + 1);
    }
    return code;
}

static int set_defaults(parse *p)
{
    for (const cli_option *o = cli_options_of(p->command); !cli_option_ends(o); o++) {
        int code = o->normal ? set_value(p, o, o->normal) : AG_OK;
        if (code != AG_OK)
            return code;
    }
    return AG_OK;
}

static int check_required(const parse *p)
{
    uint64_t bit = 1;
    for (const cli_option *o = cli_options_of(p->command); !cli_option_ends(o); o++, bit <<= 1) {
        if (o->required && !(p->given & bit))
            return ag_fail(CLI_USAGE, "%s%s is missing", o->name ? "the option --" : "",
                           o->name ? o->name : o->value);
    }
    return AG_OK;
}

int cli_options_parse(const cli_command *command, int count, char *const *words, void *values)
{
    memset(values, 0, command->size);
    parse p = { .command = command,
                .words = words,
                .count = count,
                .values = values,
                .argument = cli_options_of(command) };
    int code = set_defaults(&p);
    p.given = 0;
    if (code == AG_OK)
        code = read_words(&p);
    return code == AG_OK ? check_required(&p) : code;
}
