/* The commands, in the order in which help lists them, and how to find one. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/suggest.h"

const cli_command *const cli_commands[] = {
    &cli_data,  &cli_wavenet, &cli_wage,       &cli_lab, &cli_info,
    &cli_audio, &cli_help,    &cli_completion, &cli_man, NULL,
};

const cli_command *const *cli_below(const cli_place *place)
{
    return place->command ? place->command->subcommands : cli_commands;
}

static cli_place step_down(const cli_place *from, const cli_command *command)
{
    cli_place to = { .command = command };
    snprintf(to.path, sizeof to.path, "%.60s%s%.32s", from->path, from->path[0] ? " " : "",
             command->name);
    return to;
}

static int unknown_command(const cli_place *place, const char *word)
{
    base_suggestion s = base_suggest_begin(word);
    for (const cli_command *const *c = cli_below(place); *c; c++)
        base_suggest_offer(&s, (*c)->name);
    const char *space = place->path[0] ? " " : "";
    if (s.best)
        return ag_fail(CLI_USAGE, "unknown command '%s%s%s', did you mean '%s%s%s'?", place->path,
                       space, word, place->path, space, s.best);
    return ag_fail(CLI_USAGE, "unknown command '%s%s%s'; `agena help` lists them", place->path,
                   space, word);
}

int cli_find(int count, char *const *words, cli_place *out, int *used)
{
    cli_place place = { 0 };
    *used = 0;
    while (*used < count && cli_below(&place) && words[*used][0] != '-') {
        const cli_command *const *c = cli_below(&place);
        while (*c && strcmp((*c)->name, words[*used]) != 0)
            c++;
        if (!*c)
            return unknown_command(&place, words[*used]);
        place = step_down(&place, *c);
        ++*used;
    }
    *out = place;
    return AG_OK;
}

int cli_find_all(const cli_list *words, cli_place *out)
{
    int used;
    int code = cli_find(words->count, (char *const *)words->items, out, &used);
    if (code == AG_OK && used < words->count)
        code = ag_fail(CLI_USAGE, "'agena %s' has no commands of its own", out->path);
    return code;
}

static int walk_below(cli_visit visit, void *user, const cli_place *place)
{
    int code = visit(user, place);
    const cli_command *const *c = cli_below(place);
    for (; code == AG_OK && c && *c; c++) {
        cli_place next = step_down(place, *c);
        code = walk_below(visit, user, &next);
    }
    return code;
}

int cli_walk(cli_visit visit, void *user)
{
    cli_place top = { 0 };
    return walk_below(visit, user, &top);
}
