/* A network of integers that runs and learns on a small device: C99, no allocation, no floating
 * point, no library. Its shape and weights are in model.h and model.c, written by `agena wage
 * export`. All memory is the caller's, of sizes known to the compiler: a static wage_runner to
 * classify, a static wage_learner to learn as well. The same seed, pictures, labels, rates and step
 * numbers give the bytes that agena's own training gives. */
#ifndef WAGE_DEVICE_H
#define WAGE_DEVICE_H

#include <stdint.h>

#include "model.h"

/* ---- classify with the weights in flash ---- */

typedef struct {
    int8_t values[WAGE_RUNNER_VALUES]; /* a layer's input and output, at either end */
    int8_t column[WAGE_COLUMN];
} wage_runner;

/* picture: WAGE_PICTURE bytes [height, width, channel]. outputs: the last layer. */
void wage_run(wage_runner *runner, const uint8_t *picture, int8_t outputs[WAGE_CLASSES]);
/* The class of the largest output, the first of equals. */
int32_t wage_class(const int8_t outputs[WAGE_CLASSES]);

/* ---- learn: weights in RAM ---- */

#if WAGE_BATCH > 0
typedef struct {
    int32_t work[WAGE_WORK]; /* the gradient of a layer, and the error of a picture at its input */
    uint32_t seed[2];        /* low and high half */
    wage_weight weights[WAGE_WEIGHTS]; /* a layer after the other [output, kernel, kernel, input] */
    int8_t values[WAGE_BATCH][WAGE_VALUES]; /* the picture and every layer; then the errors */
    uint8_t trace[WAGE_BATCH][WAGE_VALUES - WAGE_PICTURE];
    uint8_t labels[WAGE_BATCH];
    int8_t column[WAGE_COLUMN];
} wage_learner;

typedef struct {
    int64_t loss; /* squared differences from the targets before the step, summed */
    int32_t correct;
} wage_result;

/* Start from the weights in flash; seed keys the rounding of the updates (WAGE_SEED: the net's). */
void wage_start(wage_learner *learner, uint64_t seed);
/* Set picture `slot` (below WAGE_BATCH) of the next step, and its class (below WAGE_CLASSES). */
void wage_put(wage_learner *learner, int32_t slot, const uint8_t *picture, uint8_t label);
/* Learn from the first `count` slots (at most WAGE_BATCH) at a rate of 2^rate, -15 to 15. Take
 * another step number every time. */
wage_result wage_step(wage_learner *learner, int32_t count, int32_t rate, uint64_t step);
/* Classify with the learner's weights; uses slot 0. */
void wage_predict(wage_learner *learner, const uint8_t *picture, int8_t outputs[WAGE_CLASSES]);
#endif

#endif
