/* classify/source.h: where a run's pictures come from. */
#ifndef CLASSIFY_SOURCE_H
#define CLASSIFY_SOURCE_H

#include "agena/data.h"

/* data: a known set's name, a folder, or "random:HEIGHTxWIDTHxCHANNELS": a few pictures of noise,
 * to try a network. test may be NULL. */
int cl_source_open(const char *data, ag_pictures **train, ag_pictures **test);
/* The shape of its pictures; a known set need not be there. */
int cl_source_shape(const char *data, int *height, int *width, int *channels);

#endif
