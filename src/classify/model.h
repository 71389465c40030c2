/* classify/model.h: what files of models share with checkpoints. */
#ifndef CLASSIFY_MODEL_H
#define CLASSIFY_MODEL_H

#include "agena/classify.h"

/* Everything that a model file holds. */
int cl_model_pack(const ag_classifier *m, bool packed, ag_safetensors **out);
/* Weights, steps and curve into a model of this configuration; path begins the sentences. */
int cl_model_unpack(const char *path, const ag_safetensors *f, ag_classifier *m);
/* Append to the curve. */
int cl_model_point(ag_classifier *m, const ag_classify_point *point);

#endif
