/* agena help: the commands, or help on one. */
#include "cli/common.h"
#include "cli/options.h"
#include "cli/pages.h"

typedef struct {
    cli_list words;
} help_options;

static int run(const void *options)
{
    const help_options *o = options;
    cli_place place;
    int code = cli_find_all(&o->words, &place);
    if (code == AG_OK)
        cli_print_help(stdout, &place);
    return code;
}

static const cli_option options[] = {
    CLI_COMMAND_WORDS(help_options),
    { 0 },
};

const cli_command cli_help = {
    .name = "help",
    .summary = "List the commands, or explain one",
    .options = options,
    .size = sizeof(help_options),
    .run = run,
};
