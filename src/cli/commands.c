/* The commands, in the order in which help lists them. */
#include "cli/cli.h"

const cli_command *const cli_commands[] = {
    &cli_help,
    &cli_completion,
    &cli_man,
    NULL,
};
