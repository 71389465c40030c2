/* cli/options.h: a command line parsed by a command's table, and the table walked for help. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/cli.h"

enum { CLI_ASKS_HELP = 1 };

/* Parse the words after the command's name into *values (command->size bytes, zeroed here). Returns
 * 0, CLI_ASKS_HELP, CLI_USAGE or AG_ENOMEM. cli_options_free in every case. */
int cli_options_parse(const cli_command *command, int count, char *const *words, void *values);
void cli_options_free(const cli_command *command, void *values);

/* The option table of a command: never NULL, an empty entry at the end. */
const cli_option *cli_options_of(const cli_command *command);
static inline bool cli_option_ends(const cli_option *o)
{
    return !o->name && !o->value;
}

#endif
