/* cli/pages.h: what is derived from the tables of commands: help, man pages, completions. */
#ifndef CLI_PAGES_H
#define CLI_PAGES_H

#include <stdio.h>

#include "cli/commands.h"

void cli_print_help(FILE *out, const cli_place *place);
void cli_print_man(FILE *out, const cli_place *place); /* roff, section 1 */
void cli_print_bash(FILE *out);
void cli_print_zsh(FILE *out);
void cli_print_fish(FILE *out);

/* "RECIPE [OPTION]..." of a command, "COMMAND [ARGUMENT]..." of a group. */
void cli_print_synopsis(FILE *out, const cli_place *place);

/* What agena is, in one phrase and in a paragraph. */
extern const char cli_summary[], cli_description[];

#endif
