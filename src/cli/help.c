/* Help as plain text of 80 columns. */
#include <string.h>

#include "cli/options.h"
#include "cli/pages.h"

enum { WIDTH = 80, HELP_COLUMN = 26 };

const char cli_summary[] = "Generative models and worlds for agents, on ordinary processors";
const char cli_description[] =
    "agena trains WaveNets on recordings and generates audio with them, faster than real time on "
    "one core; trains networks in integers alone and exports them to small devices; and has a 3-D "
    "world of thirty tasks. Experiments are recipes in YAML; weights are safetensors files.";

/* Text wrapped at WIDTH, its lines but the first (which starts at `column`) indented. */
static void print_wrapped(FILE *out, const char *text, int indent, int column)
{
    while (*text) {
        int length = (int)strcspn(text, " \n");
        if (column > indent && column + length + 1 > WIDTH) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", length, text);
        column += length;
        text += length;
        if (strncmp(text, "\n\n", 2) == 0) {
            fprintf(out, "\n\n%*s", indent, "");
            column = indent;
        }
        text += strspn(text, " \n");
    }
    fputc('\n', out);
}

void cli_print_synopsis(FILE *out, const cli_place *place)
{
    const cli_command *c = place->command;
    if (!c || c->subcommands) {
        fputs("COMMAND [ARGUMENT]...", out);
        return;
    }
    fputs("[OPTION]...", out);
    for (const cli_option *o = cli_options_of(c); !cli_option_ends(o); o++) {
        if (o->name && o->required)
            fprintf(out, " --%s %s", o->name, o->value);
        else if (!o->name)
            fprintf(out, " %s%s%s%s", o->required ? "" : "[", o->value, o->required ? "" : "]",
                    o->type == CLI_LIST ? "..." : "");
    }
}

/* "text (f32, bf16 or int8; default: f32)" */
static void put_option_help(const cli_option *o, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s", o->help);
    const char *before = " (";
    for (int i = 0; o->type == CLI_CHOICE && o->choices[i] && used < size; i++) {
        used += (size_t)snprintf(out + used, size - used, "%s%s", before, o->choices[i]);
        before = o->choices[i + 1] && !o->choices[i + 2] ? " or " : ", ";
    }
    bool opened = o->type == CLI_CHOICE;
    if (o->normal && used < size)
        used += (size_t)snprintf(out + used, size - used, "%sdefault: %s", opened ? "; " : " (",
                                 o->normal);
    if ((opened || o->normal) && used < size)
        snprintf(out + used, size - used, ")");
}

static void print_entry(FILE *out, const char *left, const char *right)
{
    int column = fprintf(out, "  %s", left);
    if (column > HELP_COLUMN - 2) {
        fputc('\n', out);
        column = 0;
    }
    fprintf(out, "%*s", HELP_COLUMN - column, "");
    print_wrapped(out, right, HELP_COLUMN, HELP_COLUMN);
}

static void print_option(FILE *out, const cli_option *o)
{
    char left[80], right[512], letter[8] = "    ";
    put_option_help(o, right, sizeof right);
    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    if (o->name)
        snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->value ? " " : "",
                 o->value ? o->value : "");
    else
        snprintf(left, sizeof left, "%s", o->value);
    print_entry(out, left, right);
}

static void print_options(FILE *out, const cli_command *command)
{
    bool begun = false;
    for (const cli_option *o = cli_options_of(command); !cli_option_ends(o); o++) {
        if (o->name)
            continue;
        fputs(begun ? "" : "\nArguments:\n", out);
        begun = true;
        print_option(out, o);
    }
    fputs("\nOptions:\n", out);
    for (const cli_option *o = cli_options_of(command); !cli_option_ends(o); o++) {
        if (o->name)
            print_option(out, o);
    }
    print_entry(out, "-h, --help", "print this help");
}

static void print_commands(FILE *out, const cli_place *place)
{
    fputs("\nCommands:\n", out);
    for (const cli_command *const *c = cli_below(place); *c; c++)
        print_entry(out, (*c)->name, (*c)->summary);
    if (!place->command) {
        fputs("\nOptions:\n", out);
        print_entry(out, "-h, --help", "print this help; after a command, help on it");
        print_entry(out, "-V, --version", "print the version");
    }
}

void cli_print_help(FILE *out, const cli_place *place)
{
    const cli_command *c = place->command;
    fprintf(out, "Usage: agena %s%s", place->path, place->path[0] ? " " : "");
    cli_print_synopsis(out, place);
    fputs("\n\n", out);
    print_wrapped(out, c ? c->summary : cli_summary, 0, 0);
    const char *description = c ? c->description : cli_description;
    if (description) {
        fputc('\n', out);
        print_wrapped(out, description, 0, 0);
    }
    if (cli_below(place))
        print_commands(out, place);
    else
        print_options(out, c);
    for (const cli_example *e = c ? c->examples : NULL; e && e->line; e++)
        fprintf(out, "%s  %s\n      %s\n", e == c->examples ? "\nExamples:\n" : "", e->what,
                e->line);
}
