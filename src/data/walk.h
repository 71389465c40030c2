/* Listing the audio files below a folder. */
#ifndef DATA_WALK_H
#define DATA_WALK_H

#include "agena/base.h"

typedef struct {
    char **paths; /* [count], relative to the folder, in byte order */
    int64_t count, room;
    ag_arena *arena; /* the strings */
} file_list;

/* Every regular file below folder (links to files count, links to folders are not followed) whose
 * name ends in one of the NULL-ended endings, whatever its case. On failure the list is empty. */
int walk_files(const char *folder, const char *const *endings, file_list *out);
void file_list_clear(file_list *list);

#endif
