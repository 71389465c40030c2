/* agena help: the commands, or help on one. */
#include "cli/options.h"
#include "cli/pages.h"

typedef struct {
    cli_list words;
} help_options;

static int run(const void *options)
{
    const help_options *o = options;
    cli_place place;
    int used;
    int code = cli_find(o->words.count, (char *const *)o->words.items, &place, &used);
    if (code != AG_OK)
        return code;
    if (used < o->words.count)
        return ag_fail(CLI_USAGE, "'agena %s' has no commands of its own", place.path);
    cli_print_help(stdout, &place);
    return AG_OK;
}

static const cli_option options[] = {
    { .value = "COMMAND",
      .type = CLI_LIST,
      .help = "a command, such as wavenet train",
      .offset = offsetof(help_options, words) },
    { 0 },
};

const cli_command cli_help = {
    .name = "help",
    .summary = "List the commands, or explain one",
    .options = options,
    .size = sizeof(help_options),
    .run = run,
};
