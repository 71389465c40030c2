/* Which version of the library this is. */
#include "agena/base.h"

const char *ag_version(void)
{
    return AGENA_VERSION;
}
