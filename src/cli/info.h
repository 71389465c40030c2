/* cli/info.h: what agena info says of each kind of model. */
#ifndef CLI_INFO_H
#define CLI_INFO_H

#include <stdbool.h>

/* Describe a WAGE model or its float32 twin on standard output. */
int cli_info_classifier(const char *path, bool json);

#endif
