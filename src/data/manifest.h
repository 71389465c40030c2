/* The manifest's inside, for the files that read, write and build manifests. */
#ifndef DATA_MANIFEST_H
#define DATA_MANIFEST_H

#include "agena/data.h"

/* The names of one kind (speakers or languages) in byte order. */
typedef struct {
    const char **names; /* [count], the strings live in the manifest's arena */
    int count;
} name_list;

struct ag_manifest {
    ag_arena *arena; /* all strings */
    ag_recording *recordings;
    int64_t count, room;
    name_list speakers, languages;
};

#endif
