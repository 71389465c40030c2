/* The command agena: finds the command, parses its options, runs it and says how it went. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "cli/options.h"
#include "cli/pages.h"

static int usage_error(const cli_place *place)
{
    fprintf(stderr, "agena: %s\n", ag_error());
    if (place->path[0])
        fprintf(stderr, "Try 'agena %s --help'.\n", place->path);
    return CLI_EXIT_USAGE;
}

static int exit_status(const cli_place *place, int code)
{
    if (code == CLI_USAGE)
        return usage_error(place);
    if (code != AG_OK)
        fprintf(stderr, "agena: %s\n", ag_error());
    if (code == AG_EINTERRUPTED)
        return CLI_EXIT_INTERRUPTED;
    return code == AG_OK ? CLI_EXIT_OK : CLI_EXIT_FAILURE;
}

static int run_command(const cli_place *place, int count, char **words)
{
    const cli_command *c = place->command;
    void *options = ag_calloc(1, c->size);
    if (!options)
        return exit_status(place, AG_ENOMEM);
    int code = cli_options_parse(c, count, words, options);
    if (code == CLI_ASKS_HELP) {
        cli_print_help(stdout, place);
        code = AG_OK;
    } else if (code == AG_OK) {
        ag_interrupt_install();
        code = c->run(options);
    }
    cli_options_free(c, options);
    ag_free(options);
    return exit_status(place, code);
}

static void unknown_option(const cli_place *place, const char *word)
{
    size_t dashes = strspn(word, "-");
    base_suggestion s = base_suggest_begin(word + dashes);
    base_suggest_offer(&s, "help");
    if (!place->command)
        base_suggest_offer(&s, "version");
    if (s.best)
        ag_fail(CLI_USAGE, "unknown option %s, did you mean --%s?", word, s.best);
    else
        ag_fail(CLI_USAGE, "unknown option %s", word);
}

/* agena or a group of commands without one: only --help and --version make sense. */
static int run_group(const cli_place *place, int count, char **words)
{
    const char *word = count > 0 ? words[0] : "";
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        cli_print_help(stdout, place);
        return CLI_EXIT_OK;
    }
    if (!place->command && (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)) {
        puts("agena " AGENA_VERSION);
        return CLI_EXIT_OK;
    }
    if (count > 0) {
        unknown_option(place, word);
        return usage_error(place);
    }
    cli_print_help(stderr, place);
    return CLI_EXIT_USAGE;
}

/* The exit status once everything printed has arrived; a command that failed has said why. */
static int check_output(int status)
{
    bool arrived = fflush(stdout) == 0 && !ferror(stdout);
    if (arrived || status != CLI_EXIT_OK)
        return status;
    fprintf(stderr, "agena: cannot write to standard output: %s\n", strerror(errno));
    return CLI_EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    /* A reader that leaves early is an error of writing like a full disk. */
    signal(SIGPIPE, SIG_IGN);
    cli_place place = { 0 };
    int used, status;
    int count = argc > 0 ? argc - 1 : 0;
    if (cli_find(count, argv + 1, &place, &used) != AG_OK)
        return usage_error(&place);
    if (cli_below(&place))
        status = run_group(&place, count - used, argv + 1 + used);
    else
        status = run_command(&place, count - used, argv + 1 + used);
    return check_output(status);
}
