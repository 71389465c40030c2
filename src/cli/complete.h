/* cli/complete.h: what the scripts for the three shells have in common. */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "cli/pages.h"

/* The first argument (entry without a name) of a command, or the end of its table. */
static inline const cli_option *complete_argument(const cli_command *command)
{
    const cli_option *o = cli_options_of(command);
    while (!cli_option_ends(o) && o->name)
        o++;
    return o;
}

/* Text inside single quotes; `escaped` characters get a backslash (zsh's specifications). */
static inline void complete_quoted(FILE *out, const char *text, const char *escaped)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fprintf(out, "%s%c", strchr(escaped, *text) ? "\\" : "", *text);
    }
}

static inline void complete_words(FILE *out, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        fprintf(out, "%s%s", i > 0 ? " " : "", words[i]);
}

static inline void complete_names(FILE *out, const cli_command *const *commands)
{
    for (int i = 0; commands[i]; i++)
        fprintf(out, "%s%s", i > 0 ? " " : "", commands[i]->name);
}

#endif
