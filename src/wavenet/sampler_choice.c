/* Choosing between one thread and two by measuring both.
 *
 * Two threads that share a stream wait for each other every few microseconds. Where the second has
 * no processor of its own they stall for milliseconds now and then, and where the processors are
 * far apart every step is slow. One thread is judged by its best windows and two by their mean,
 * stalls and all. A trial that fails is repeated after pauses that double, and that are many times
 * as long as it stalled, so that trials cost next to nothing. */
#include "wavenet/sampler_choice.h"

#include <string.h>

#define WINDOW         1e-3 /* seconds */
#define SHORTEST_PAUSE 1e-2
#define LONGEST_PAUSE  1.0
#define RECHECK        0.5 /* seconds of two threads between looks at one */

enum {
    FIRST_STEPS = 32,
    MOST_STEPS = 4096,
    TRIAL_WINDOWS = 4,
    STALL = 3, /* times as long as alone: the trial has failed */
};

void wn_choice_init(wn_choice *choice)
{
    memset(choice, 0, sizeof(*choice));
    choice->threads = 1;
}

static int64_t window_steps(const wn_choice *c)
{
    if (c->alone <= 0)
        return FIRST_STEPS;
    double steps = WINDOW / c->alone;
    return steps < 1 ? 1 : steps > MOST_STEPS ? MOST_STEPS : (int64_t)steps;
}

int64_t wn_choice_steps(const wn_choice *choice)
{
    return window_steps(choice) - choice->steps;
}

static void begin_trial(wn_choice *c, int threads)
{
    c->threads = threads;
    c->trial = true;
    c->window = 0;
    c->spent = 0;
}

/* stall: seconds that the last window took, if that was too long. */
static void end_trial(wn_choice *c, double stall)
{
    enum { PATIENCE = 25 };
    c->threads = c->shared < c->alone ? 2 : 1;
    if (c->threads == 1) {
        double pause = 2 * c->pause;
        pause = pause < PATIENCE * stall ? PATIENCE * stall : pause;
        pause = pause < SHORTEST_PAUSE ? SHORTEST_PAUSE : pause;
        c->pause = pause > LONGEST_PAUSE ? LONGEST_PAUSE : pause;
    }
    c->trial = false;
    c->spent = 0;
    c->kept = 0;
}

static void keep_alone(wn_choice *c, double step)
{
    c->lately[c->kept++ % WN_ALONE_KEPT] = step;
    int count = c->kept < WN_ALONE_KEPT ? c->kept : WN_ALONE_KEPT;
    c->alone = step;
    for (int i = 0; i < count; i++)
        if (c->lately[i] < c->alone)
            c->alone = c->lately[i];
}

/* A window of a trial. */
static void try_on(wn_choice *c, double step)
{
    int window = c->window++;
    bool stalled = c->threads == 2 && step > STALL * c->alone;
    if (c->threads == 1 && window > 0)
        keep_alone(c, step);
    else if (stalled || window == 1)
        c->shared = step;
    else if (window > 1)
        c->shared += (step - c->shared) / window;
    if (stalled || c->window == TRIAL_WINDOWS)
        end_trial(c, stalled ? c->seconds : 0);
}

/* A window of what is in use. */
static void go_on(wn_choice *c, double step)
{
    enum { MEMORY = 8 };
    if (c->threads == 1) {
        keep_alone(c, step);
        if (c->kept >= WN_ALONE_KEPT && c->spent >= c->pause)
            begin_trial(c, 2);
        return;
    }
    c->shared += (step - c->shared) / MEMORY;
    if (c->shared >= c->alone) {
        if (c->spent > c->pause) /* it was worth it */
            c->pause = 0;
        end_trial(c, 0);
    } else if (c->spent >= RECHECK) {
        c->pause = 0;
        c->kept = 0;
        begin_trial(c, 1);
    }
}

void wn_choice_note(wn_choice *choice, int64_t steps, double seconds)
{
    wn_choice *c = choice;
    c->steps += steps;
    c->seconds += seconds;
    c->spent += seconds;
    bool stalls = c->trial && c->threads == 2 && c->seconds > STALL * WINDOW;
    if (c->steps < window_steps(c) && !stalls)
        return;
    double step = c->seconds / (double)c->steps;
    if (c->trial)
        try_on(c, step);
    else
        go_on(c, step);
    c->steps = 0;
    c->seconds = 0;
}
