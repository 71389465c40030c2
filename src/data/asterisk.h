/* Asterisk's prompts, with the folders as arguments so that tests can bring their own. */
#ifndef DATA_ASTERISK_H
#define DATA_ASTERISK_H

#include "agena/data.h"

/* sounds holds en_US_f_Allison and its like; docs holds asterisk-core-sounds-LANG/. */
int asterisk_manifest(const char *sounds, const char *docs, const char *languages,
                      ag_manifest **out);

#endif
