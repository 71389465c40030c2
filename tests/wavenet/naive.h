/* naive.h: a WaveNet's predictions straight from the equations, in double, for tests. */
#ifndef TESTS_NAIVE_H
#define TESTS_NAIVE_H

#include "agena/wavenet.h"

typedef struct {
    const float *audio; /* [samples], the first one is what params[0] predicts */
    int64_t samples;
    const float *features; /* [frames, local_features] or NULL */
    int64_t frames;
    int speaker, language;
} naive_input;

/* params [samples, outputs], free() it. Every layer is computed over the whole sequence, nothing is
 * cached. */
double *naive_predict(const ag_wavenet_config *config, const ag_tensors *weights,
                      const naive_input *input);

#endif
