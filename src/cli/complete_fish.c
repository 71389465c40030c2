/* Completion for fish. */
#include "cli/complete.h"

static void print_option(FILE *out, const cli_place *place, const cli_option *o)
{
    fprintf(out, "complete -c agena -n '__agena_at \"%s\"'", place->path);
    if (o->name)
        fprintf(out, " -l %s", o->name);
    if (o->letter)
        fprintf(out, " -s %c", o->letter);
    if (o->name && o->type != CLI_FLAG)
        fputs(" -r", out);
    if (o->type == CLI_CHOICE) {
        fputs(" -a '", out);
        complete_words(out, o->choices);
        fputc('\'', out);
    } else if (o->type == CLI_FOLDER) {
        fputs(" -a '(__fish_complete_directories)'", out);
    } else if (o->type == CLI_FILE) {
        fputs(" -F", out);
    }
    fputs(" -d '", out);
    /* In fish's single quotes a backslash escapes. */
    for (const char *c = o->help; *c; c++)
        fprintf(out, "%s%c", *c == '\'' || *c == '\\' ? "\\" : "", *c);
    fputs("'\n", out);
}

static int print_path(void *user, const cli_place *place)
{
    if (place->command)
        fprintf(user, "            case '%s'\n                set path '%s'\n", place->path,
                place->path);
    return 0;
}

static int print_place(void *user, const cli_place *place)
{
    FILE *out = user;
    const cli_option help = {
        .name = "help", .letter = 'h', .type = CLI_FLAG, .help = "print help"
    };
    print_option(out, place, &help);
    const cli_command *const *below = cli_below(place);
    for (int i = 0; below && below[i]; i++)
        fprintf(out, "complete -c agena -n '__agena_at \"%s\"' -a %s -d '%s'\n", place->path,
                below[i]->name, below[i]->summary);
    if (below)
        return 0;
    for (const cli_option *o = cli_options_of(place->command); !cli_option_ends(o); o++)
        print_option(out, place, o);
    return 0;
}

void cli_print_fish(FILE *out)
{
    fputs("# Completion of agena for fish, printed by `agena completion fish`.\n"
          "function __agena_at\n"
          "    set -l path ''\n"
          "    for word in (commandline -opc)[2..-1]\n"
          "        switch (string trim \"$path $word\")\n",
          out);
    cli_walk(print_path, out);
    fputs("        end\n    end\n    test \"$path\" = \"$argv[1]\"\nend\n"
          "complete -c agena -f\n",
          out);
    cli_walk(print_place, out);
}
