/* classify/source.h: where a run's pictures come from. */
#ifndef CLASSIFY_SOURCE_H
#define CLASSIFY_SOURCE_H

#include "agena/data.h"

/* Both splits of what ag_classify_pictures takes. */
int cl_source_open(const char *data, ag_pictures **train, ag_pictures **test);
/* The shape of its pictures; a known set need not be there. */
int cl_source_shape(const char *data, int *height, int *width, int *channels);

#endif
