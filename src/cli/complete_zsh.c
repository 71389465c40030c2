/* Completion for zsh. */
#include "cli/complete.h"

static const char escaped[] = "[]:\\";

static int print_path(void *user, const cli_place *place)
{
    if (place->command)
        fprintf(user, "            '%s') where='%s'; last=$i ;;\n", place->path, place->path);
    return 0;
}

/* ":VALUE:action" */
static void print_value(FILE *out, const cli_option *o)
{
    fprintf(out, ":%s:", o->value);
    if (o->type == CLI_CHOICE) {
        fputc('(', out);
        complete_words(out, o->choices);
        fputc(')', out);
    } else if (o->type == CLI_FOLDER) {
        fputs("_files -/", out);
    } else if (o->type == CLI_FILE) {
        fputs("_files", out);
    } else {
        fputc(' ', out);
    }
}

static void print_option(FILE *out, const cli_option *o)
{
    const char *repeated = o->type == CLI_LIST ? "*" : "";
    fputs(" \\\n                ", out);
    if (!o->name) {
        fprintf(out, "'%s", repeated);
        print_value(out, o);
        fputc('\'', out);
        return;
    }
    if (o->letter)
        fprintf(out, "'%s'{-%c,--%s}'[", repeated, o->letter, o->name);
    else
        fprintf(out, "'%s--%s[", repeated, o->name);
    complete_quoted(out, o->help, escaped);
    fputc(']', out);
    if (o->type != CLI_FLAG)
        print_value(out, o);
    fputc('\'', out);
}

static int print_place(void *user, const cli_place *place)
{
    FILE *out = user;
    fprintf(out, "        '%s')\n", place->path);
    if (cli_below(place)) {
        fputs("            names=(\n", out);
        for (const cli_command *const *c = cli_below(place); *c; c++) {
            fprintf(out, "                '%s:", (*c)->name);
            complete_quoted(out, (*c)->summary, escaped);
            fputs("'\n", out);
        }
        fputs("            )\n            _describe -t commands command names ;;\n", out);
        return 0;
    }
    fputs("            _arguments '(-)'{-h,--help}'[print help]'", out);
    for (const cli_option *o = cli_options_of(place->command); !cli_option_ends(o); o++)
        print_option(out, o);
    fputs(" ;;\n", out);
    return 0;
}

void cli_print_zsh(FILE *out)
{
    fputs("#compdef agena\n"
          "# Completion of agena for zsh, printed by `agena completion zsh`.\n"
          "_agena() {\n"
          "    local where='' i last=1\n"
          "    local -a names\n"
          "    for ((i = 2; i < CURRENT; i++)); do\n"
          "        case \"${where:+$where }${words[i]}\" in\n",
          out);
    cli_walk(print_path, out);
    fputs("        esac\n    done\n"
          "    words=(\"${(@)words[last,-1]}\")\n"
          "    ((CURRENT -= last - 1))\n"
          "    case \"$where\" in\n",
          out);
    cli_walk(print_place, out);
    fputs("    esac\n}\ncompdef _agena agena\n", out);
}
