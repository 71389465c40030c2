/* agena man: manual pages, made from the same tables as the help. */
#include <errno.h>
#include <string.h>

#include "cli/common.h"
#include "cli/options.h"
#include "cli/pages.h"

typedef struct {
    cli_list words;
    const char *folder;
} man_options;

static int write_page(void *user, const cli_place *place)
{
    const char *folder = user;
    char name[CLI_PATH_SIZE];
    snprintf(name, sizeof name, "%s", place->path);
    for (char *c = name; *c; c++)
        *c = *c == ' ' ? '-' : *c;
    char *path = ag_format("%s/agena%s%s.1", folder, name[0] ? "-" : "", name);
    if (!path)
        return AG_ENOMEM;
    FILE *file = fopen(path, "we");
    if (file)
        cli_print_man(file, place);
    bool failed = !file || ferror(file);
    if (file)
        failed |= fclose(file) != 0;
    int code = failed ? ag_fail(AG_EIO, "cannot write %s: %s", path, strerror(errno)) : AG_OK;
    ag_free(path);
    return code;
}

static int run(const void *options)
{
    const man_options *o = options;
    if (o->folder && o->words.count > 0)
        return ag_fail(CLI_USAGE, "--all writes every page: leave out the command");
    if (o->folder) {
        int code = ag_make_folders(o->folder);
        return code == AG_OK ? cli_walk(write_page, (void *)o->folder) : code;
    }
    cli_place place;
    int code = cli_find_all(&o->words, &place);
    if (code == AG_OK)
        cli_print_man(stdout, &place);
    return code;
}

static const cli_option options[] = {
    CLI_COMMAND_WORDS(man_options),
    { .name = "all",
      .type = CLI_FOLDER,
      .value = "DIR",
      .help = "write the pages of all commands into a folder",
      .offset = offsetof(man_options, folder) },
    { 0 },
};

static const cli_example examples[] = {
    { "agena man wavenet train | man -l -", "Read the page of a command." },
    { 0 },
};

const cli_command cli_man = {
    .name = "man",
    .summary = "Print the manual page of a command",
    .options = options,
    .examples = examples,
    .size = sizeof(man_options),
    .run = run,
};
