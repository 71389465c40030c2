/* cli/commands.h: finding commands by their names. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cli.h"

enum { CLI_PATH_SIZE = 96 };

/* A command and what it is called: "wavenet train"; "" for agena itself, which has no command. */
typedef struct {
    const cli_command *command; /* NULL: agena itself */
    char path[CLI_PATH_SIZE];
} cli_place;

/* Follow words down the table as far as they name commands. *used: how many did. CLI_USAGE when a
 * word should name a command and does not. */
int cli_find(int count, char *const *words, cli_place *out, int *used);
/* The command that all of the words name, agena itself without words; CLI_USAGE when one is left.
 */
int cli_find_all(const cli_list *words, cli_place *out);
/* The commands under a place, NULL at the end; NULL when it has none. */
const cli_command *const *cli_below(const cli_place *place);
/* Visit agena and every command, parents first, until one visit returns other than 0. */
typedef int (*cli_visit)(void *user, const cli_place *place);
int cli_walk(cli_visit visit, void *user);

#endif
