/* cli/wage.h: commands of agena wage that have files of their own. */
#ifndef CLI_WAGE_H
#define CLI_WAGE_H

#include "cli/cli.h"

/* The pictures of a recipe, for tables of options (see cli/common.h). */
#define CLI_PICTURES(of)                                                                           \
    {                                                                                              \
        .name = "data", .type = CLI_FOLDER, .value = "DATA",                                       \
        .help = "name of a data set or its folder; otherwise the recipe's key data",               \
        .offset = offsetof(of, data)                                                               \
    }

extern const cli_command cli_wage_cost, cli_wage_sweep;

#endif
