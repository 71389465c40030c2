/* cli/common.h: what several commands share: entries of their tables of options, and JSON. */
#ifndef CLI_COMMON_H
#define CLI_COMMON_H

#include "cli/cli.h"

#include <jansson.h>

/* Entries for tables of options. `of` is the struct that the command's run gets; its member is
 * called like the option, or like the argument. */

#define CLI_COMMAND_WORDS(of)                                                                      \
    {                                                                                              \
        .value = "COMMAND", .type = CLI_LIST, .help = "a command, such as wavenet train",          \
        .offset = offsetof(of, words)                                                              \
    }
#define CLI_RECIPE(of)                                                                             \
    {                                                                                              \
        .type = CLI_FILE, .required = true, .value = "RECIPE",                                     \
        .help = "YAML file that describes the network and its training",                           \
        .offset = offsetof(of, recipe)                                                             \
    }
#define CLI_MODEL(of)                                                                              \
    {                                                                                              \
        .type = CLI_FILE, .required = true, .value = "MODEL",                                      \
        .help = "model or checkpoint (safetensors)", .offset = offsetof(of, model)                 \
    }
#define CLI_OUTPUT(of, kind, what, text)                                                           \
    {                                                                                              \
        .name = "output", .letter = 'o', .type = kind, .required = true, .value = what,            \
        .help = text, .offset = offsetof(of, output)                                               \
    }
#define CLI_RUN_FOLDER(of)                                                                         \
    {                                                                                              \
        .name = "output", .letter = 'o', .type = CLI_FOLDER, .value = "DIR",                       \
        .help = "run folder: checkpoint, model and log; otherwise the recipe's key output",        \
        .offset = offsetof(of, output)                                                             \
    }
#define CLI_RESUME(of, text)                                                                       \
    {                                                                                              \
        .name = "resume", .type = CLI_FLAG, .help = text, .offset = offsetof(of, resume)           \
    }
#define CLI_SET(of, example)                                                                       \
    {                                                                                              \
        .name = "set", .type = CLI_LIST, .value = "KEY=VALUE",                                     \
        .help = "change a value of the recipe, for example " example, .offset = offsetof(of, set)  \
    }
#define CLI_SEED(of, text)                                                                         \
    {                                                                                              \
        .name = "seed", .type = CLI_INT, .value = "N", .normal = "1", .help = text, .least = 0,    \
        .most = 9007199254740992.0, .offset = offsetof(of, seed)                                   \
    }
#define CLI_THREADS(of)                                                                            \
    {                                                                                              \
        .name = "threads", .letter = 't', .type = CLI_INT, .value = "N", .normal = "0",            \
        .help = "threads to use, 0 for all processors; the result does not depend on it",          \
        .least = 0, .most = 1024, .offset = offsetof(of, threads)                                  \
    }
#define CLI_JSON(of, text)                                                                         \
    {                                                                                              \
        .name = "json", .type = CLI_FLAG, .help = text, .offset = offsetof(of, json)               \
    }

/* What CLI_JSON's text usually is. */
#define CLI_ONE_OBJECT  "print one JSON object"
#define CLI_OBJECT_LINE "print one JSON object a line"

/* Write a value, which is used up (NULL: it could not be made), by jansson's flags, and end the
 * line. */
int cli_print_json(json_t *value, size_t flags);

#endif
