/* One stream on two threads: the second one, which sleeps when it is not wanted, and when it is. */
#include "wavenet/sampler_pair.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "base/relax.h"
#include "wavenet/sampler_choice.h"

/* The second thread's. Only a READY one is TAKEN by the first, which then may count on it until it
 * makes it READY again; only a READY one goes to sleep. So the first never waits for it to wake. */
enum { ASLEEP, CALLED, READY, TAKEN };

struct wn_pair {
    wn_lane *lane;
    wn_choice choice;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t called;
    _Alignas(64) _Atomic int state;
    _Atomic bool wanted; /* the first steps alone until it can take the second */
    _Atomic bool stop;
};

/* ---- the second thread ---- */

static void sleep_until_called(wn_pair *p)
{
    pthread_mutex_lock(&p->lock);
    int ready = READY;
    if (atomic_compare_exchange_strong(&p->state, &ready, ASLEEP)) {
        while (atomic_load(&p->state) == ASLEEP && !atomic_load(&p->stop))
            pthread_cond_wait(&p->called, &p->lock);
        atomic_store(&p->state, READY);
    }
    pthread_mutex_unlock(&p->lock);
}

/* Stay awake for a moment after the last step: the next call may follow at once. False: stop. */
static bool await_step(wn_pair *p, int64_t step)
{
    enum { SPINS = 1000 };
    const double patience = 2e-4; /* seconds */
    double since = 0;
    for (int spin = 0; !wn_lane_leads(p->lane, step); spin++) {
        if (atomic_load_explicit(&p->stop, memory_order_relaxed))
            return false;
        if (spin < SPINS) {
            base_relax();
            continue;
        }
        sched_yield();
        double now = ag_seconds();
        if (since == 0)
            since = now;
        if (now - since > patience && !atomic_load(&p->wanted)) {
            sleep_until_called(p);
            since = 0;
        }
    }
    return true;
}

static void *follow(void *argument)
{
    wn_pair *p = argument;
    atomic_store(&p->state, READY);
    for (int64_t step = 0; await_step(p, step); step++)
        wn_lane_follow(p->lane, step);
    return NULL;
}

/* Signals are for the program's own threads. */
static int start(wn_pair *p)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&p->thread, NULL, follow, p);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error != 0)
        return ag_fail(AG_ENOMEM, "cannot start a second thread: %s", strerror(error));
    return AG_OK;
}

int wn_pair_new(wn_lane *lane, wn_pair **out)
{
    *out = NULL;
    wn_pair *p = ag_malloc_aligned(sizeof(*p));
    if (!p)
        return AG_ENOMEM;
    p->lane = lane;
    wn_choice_init(&p->choice);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->called, NULL);
    atomic_store(&p->state, CALLED); /* until it runs */
    int code = start(p);
    if (code < 0) {
        pthread_cond_destroy(&p->called);
        pthread_mutex_destroy(&p->lock);
        ag_free(p);
        return code;
    }
    *out = p;
    return AG_OK;
}

void wn_pair_free(wn_pair *pair)
{
    if (!pair)
        return;
    pthread_mutex_lock(&pair->lock);
    atomic_store(&pair->stop, true);
    pthread_cond_signal(&pair->called);
    pthread_mutex_unlock(&pair->lock);
    pthread_join(pair->thread, NULL);
    pthread_cond_destroy(&pair->called);
    pthread_mutex_destroy(&pair->lock);
    ag_free(pair);
}

/* ---- the first ---- */

/* Is the second thread there? If it sleeps it is called, and comes later. */
static bool take(wn_pair *p)
{
    int state = READY;
    if (atomic_compare_exchange_strong(&p->state, &state, TAKEN))
        return true;
    if (state == ASLEEP) {
        pthread_mutex_lock(&p->lock);
        atomic_store(&p->state, CALLED);
        pthread_cond_signal(&p->called);
        pthread_mutex_unlock(&p->lock);
    }
    return false;
}

static void run_window(wn_pair *p, const wn_run *run, bool shared)
{
    if (!shared) {
        wn_lane_run(p->lane, run);
        return;
    }
    wn_lane_lead(p->lane, run);
    atomic_store(&p->state, READY);
}

void wn_pair_run(wn_pair *pair, const wn_run *run)
{
    wn_run window = *run;
    for (; window.begin < run->end; window.begin = window.end) {
        bool wanted = pair->choice.threads == 2, shared = wanted && take(pair);
        int64_t steps = wanted && !shared ? 1 : wn_choice_steps(&pair->choice);
        atomic_store(&pair->wanted, wanted && !shared);
        window.end = run->end - window.begin < steps ? run->end : window.begin + steps;
        double before = ag_seconds();
        run_window(pair, &window, shared);
        if (shared == wanted)
            wn_choice_note(&pair->choice, window.end - window.begin, ag_seconds() - before);
    }
    atomic_store(&pair->wanted, false);
}
