/* cli/cli.h: what a command is. One file a command, src/cli/cmd_NAME.c, that ends in
 *
 *     const cli_command cli_NAME = { .name = "NAME", ... };
 *
 * To add one: declare it at the end of this header, list it in src/cli/commands.c and add the file
 * to src/cli/meson.build. Parsing, --help, suggestions, completion and man pages all come from its
 * table. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agena/base.h"

typedef enum {
    CLI_STRING, /* const char *; NULL when not given */
    CLI_FILE,   /* const char *, a path: completed as one */
    CLI_FOLDER, /* const char *, a path of a folder */
    CLI_FLAG,   /* bool; takes no value */
    CLI_INT,    /* int64_t */
    CLI_DOUBLE, /* double */
    CLI_SIZE,   /* uint64_t, bytes: 4096, 64k, 100M, 2G (powers of 1024) */
    CLI_CHOICE, /* int, the index in `choices` */
    CLI_LIST,   /* cli_list: an option that may be repeated, or all remaining arguments */
} cli_type;

typedef struct {
    const char **items; /* [count] */
    int count;
} cli_list;

/* An option, or an argument (one without a name) in the order of the table. Its value goes to the
 * command's own struct, at `offset`, as the C type above. Values point into argv. */
typedef struct {
    const char *name; /* "output" for --output; NULL for an argument */
    char letter;      /* 'o' for -o, or 0 */
    cli_type type;
    bool required;      /* arguments that are not required come last */
    const char *value;  /* what to call the value: "DIR"; NULL for a flag */
    const char *normal; /* the value when it is not given, as one would type it; NULL: zero */
    const char *help;   /* a phrase without a full stop */
    size_t offset;
    const char *const *choices; /* of CLI_CHOICE, NULL at the end */
    double least, most;         /* of CLI_INT and CLI_DOUBLE, when they differ */
} cli_option;

typedef struct {
    const char *line; /* "agena wavenet train recipes/speech.yaml -o run" */
    const char *what; /* "Train on speech." */
} cli_example;

typedef struct cli_command cli_command;
struct cli_command {
    const char *name;
    const char *summary;         /* one phrase, capital letter, no full stop */
    const char *description;     /* paragraphs with "\n\n" between, may be NULL */
    const cli_option *options;   /* at most 64, an empty entry ({ 0 }) at the end; may be NULL */
    const cli_example *examples; /* an empty entry at the end; may be NULL */
    size_t size;                 /* of the struct that run gets */
    int (*run)(const void *options);       /* 0, AG_E... with ag_error() set, or CLI_USAGE */
    const cli_command *const *subcommands; /* NULL at the end; a command with these has no run */
};

/* What run returns, after ag_fail(CLI_USAGE, ...), when the options do not fit together. */
enum { CLI_USAGE = -100 };

enum { CLI_EXIT_OK = 0, CLI_EXIT_FAILURE = 1, CLI_EXIT_USAGE = 2, CLI_EXIT_INTERRUPTED = 130 };

/* Conventions: results go to standard output, everything else through ag_logf; `-` is standard
 * input or output; long work looks at ag_interrupted() and returns AG_EINTERRUPTED. */

extern const cli_command *const cli_commands[]; /* commands.c; NULL at the end */

extern const cli_command cli_audio;
extern const cli_command cli_completion;
extern const cli_command cli_data;
extern const cli_command cli_help;
extern const cli_command cli_info;
extern const cli_command cli_lab;
extern const cli_command cli_man;
extern const cli_command cli_wage;
extern const cli_command cli_wavenet;

#endif
