/* Help as man pages in roff. */
#include <ctype.h>
#include <string.h>

#include "cli/options.h"
#include "cli/pages.h"

/* Text in which nothing is taken for a roff request or a typographic hyphen. */
static void put_text(FILE *out, const char *text)
{
    bool line_start = true;
    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        line_start = *text == '\n';
        if (strncmp(text, "\n\n", 2) == 0) {
            fputs("\n.PP\n", out);
            text++;
        } else if (*text == '\\') {
            fputs("\\e", out);
        } else if (*text == '-') {
            fputs("\\-", out);
        } else {
            fputc(*text, out);
        }
    }
}

/* "agena-wavenet-train", in capitals for the title. */
static void put_page_name(FILE *out, const char *path, bool capitals)
{
    char name[CLI_PATH_SIZE + 8];
    snprintf(name, sizeof name, "agena%s%s", path[0] ? "-" : "", path);
    for (char *c = name; *c; c++)
        *c = *c == ' ' ? '-' : capitals ? (char)toupper((unsigned char)*c) : *c;
    put_text(out, name);
}

static void put_option(FILE *out, const cli_option *o)
{
    fputs(".TP\n", out);
    if (o->letter)
        fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
    if (o->name) {
        fputs("\\fB\\-\\-", out);
        put_text(out, o->name);
        fputs("\\fR", out);
    }
    if (o->value)
        fprintf(out, "%s\\fI%s\\fR", o->name ? " " : "", o->value);
    fputc('\n', out);
    put_text(out, o->help);
    for (int i = 0; o->type == CLI_CHOICE && o->choices[i]; i++) {
        fputs(i > 0 ? ", " : ": ", out);
        put_text(out, o->choices[i]);
    }
    fputs(o->help[strlen(o->help) - 1] == '.' ? "\n" : ".\n", out);
    if (o->normal) {
        fputs("The default is ", out);
        put_text(out, o->normal);
        fputs(".\n", out);
    }
}

static void put_options(FILE *out, const cli_command *command)
{
    fputs(".SH OPTIONS\n", out);
    for (const cli_option *o = cli_options_of(command); !cli_option_ends(o); o++)
        put_option(out, o);
    const cli_option help = {
        .name = "help", .letter = 'h', .type = CLI_FLAG, .help = "print help"
    };
    put_option(out, &help);
}

static void put_commands(FILE *out, const cli_place *place)
{
    fputs(".SH COMMANDS\n", out);
    for (const cli_command *const *c = cli_below(place); *c; c++) {
        char path[CLI_PATH_SIZE];
        snprintf(path, sizeof path, "%.60s%s%.30s", place->path, place->path[0] ? " " : "",
                 (*c)->name);
        fputs(".TP\n.BR ", out);
        put_page_name(out, path, false);
        fputs(" (1)\n", out);
        put_text(out, (*c)->summary);
        fputs(".\n", out);
    }
}

static void put_examples(FILE *out, const cli_example *examples)
{
    if (!examples)
        return;
    fputs(".SH EXAMPLES\n", out);
    for (; examples->line; examples++) {
        fputs(".PP\n", out);
        put_text(out, examples->what);
        fputs("\n.PP\n.EX\n", out);
        put_text(out, examples->line);
        fputs("\n.EE\n", out);
    }
}

static void put_end(FILE *out, const cli_place *place)
{
    fputs(".SH EXIT STATUS\n0 when done, 1 when something failed, 2 when the command line is "
          "wrong, 130 "
          "when interrupted.\nAn error is one sentence on standard error.\n",
          out);
    if (!place->command)
        fputs(".SH ENVIRONMENT\n.TP\n.B AGENA_CPU\nUse no more than these instructions: c, avx2, "
              "avx512 "
              "or neon.\n.TP\n.B AGENA_DATA\nThe folder where data sets are looked for.\n",
              out);
    else
        fputs(".SH SEE ALSO\n.BR agena (1)\n", out);
}

void cli_print_man(FILE *out, const cli_place *place)
{
    const cli_command *c = place->command;
    fputs(".TH ", out);
    put_page_name(out, place->path, true);
    fputs(" 1 \"\" \"agena " AGENA_VERSION "\" \"agena\"\n.SH NAME\n", out);
    put_page_name(out, place->path, false);
    fputs(" \\- ", out);
    put_text(out, c ? c->summary : cli_summary);
    fprintf(out, "\n.SH SYNOPSIS\n\\fBagena%s%s\\fR ", place->path[0] ? " " : "", place->path);
    cli_print_synopsis(out, place);
    fputs("\n.SH DESCRIPTION\n", out);
    put_text(out, c && c->description ? c->description : c ? c->summary : cli_description);
    fputc('\n', out);
    if (cli_below(place))
        put_commands(out, place);
    else
        put_options(out, c);
    put_examples(out, c ? c->examples : NULL);
    put_end(out, place);
}
