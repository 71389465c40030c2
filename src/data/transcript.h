/* Transcripts of Asterisk's prompts: lines of "name: text". */
#ifndef DATA_TRANSCRIPT_H
#define DATA_TRANSCRIPT_H

#include "agena/base.h"

typedef struct transcript transcript;

/* Read a text file, gzip-compressed or not, of at most 1 MiB. */
int transcript_read(const char *path, transcript **out);
void transcript_free(transcript *t);
/* What is said in the prompt `name`: "" if the transcript does not have it, NULL if it says that
 * the prompt is a sound and no speech. A name that differs only in case is taken when there is no
 * other. */
const char *transcript_text(const transcript *t, const char *name);

#endif
