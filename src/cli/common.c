/* JSON on standard output. */
#include "cli/common.h"

#include <stdio.h>

int cli_print_json(json_t *value, size_t flags)
{
    if (!value) {
        return ag_fail(AG_ENOMEM, "out of memory while writing the result");
    }
    int status = json_dumpf(value, stdout, flags) == 0 && putchar('\n') != EOF
                     ? 0
                     : ag_fail(AG_EIO, "the result could not be written");
    json_decref(value);
    return status;
}
