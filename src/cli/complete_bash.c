/* Completion for bash. */
#include "cli/complete.h"

/* A pattern of case that lists every command path. */
static int print_path(void *user, const cli_place *place)
{
    if (place->command)
        fprintf(user, "            \"%s\") path=\"%s\" ;;\n", place->path, place->path);
    return 0;
}

/* What stands behind an option or in an argument's place. */
static void print_value(FILE *out, const cli_option *o)
{
    if (o->type == CLI_CHOICE) {
        fputs("COMPREPLY=($(compgen -W \"", out);
        complete_words(out, o->choices);
        fputs("\" -- \"$cur\"))", out);
    } else if (o->type == CLI_FOLDER) {
        fputs("compopt -o filenames; COMPREPLY=($(compgen -d -- \"$cur\"))", out);
    } else if (o->type == CLI_FILE) {
        fputs("compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\"))", out);
    } else {
        fputs(":", out);
    }
}

static void print_options(FILE *out, const cli_command *command)
{
    const cli_option *argument = complete_argument(command);
    fputs("            case $prev in\n", out);
    for (const cli_option *o = cli_options_of(command); !cli_option_ends(o); o++) {
        if (!o->name || o->type == CLI_FLAG)
            continue;
        fprintf(out, "                --%s", o->name);
        if (o->letter)
            fprintf(out, " | -%c", o->letter);
        fputs(") ", out);
        print_value(out, o);
        fputs("; return ;;\n", out);
    }
    fputs("            esac\n            if [[ $cur == -* ]]; then\n"
          "                COMPREPLY=($(compgen -W \"",
          out);
    for (const cli_option *o = cli_options_of(command); !cli_option_ends(o); o++) {
        if (o->name)
            fprintf(out, "--%s ", o->name);
    }
    fputs("--help\" -- \"$cur\"))\n            else\n                ", out);
    print_value(out, argument);
    fputs("\n            fi\n", out);
}

static int print_place(void *user, const cli_place *place)
{
    FILE *out = user;
    fprintf(out, "        \"%s\")\n", place->path);
    if (cli_below(place)) {
        fputs("            COMPREPLY=($(compgen -W \"", out);
        complete_names(out, cli_below(place));
        fprintf(out, "%s\" -- \"$cur\"))\n", place->command ? " --help" : " --help --version");
    } else {
        print_options(out, place->command);
    }
    fputs("            ;;\n", out);
    return 0;
}

void cli_print_bash(FILE *out)
{
    fputs("# Completion of agena for bash, printed by `agena completion bash`.\n"
          "_agena() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} path=\"\" i\n"
          "    COMPREPLY=()\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        case \"${path:+$path }${COMP_WORDS[i]}\" in\n",
          out);
    cli_walk(print_path, out);
    fputs("        esac\n    done\n    case \"$path\" in\n", out);
    cli_walk(print_place, out);
    fputs("    esac\n}\ncomplete -F _agena agena\n", out);
}
