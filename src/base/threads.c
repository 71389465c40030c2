/* A pool of threads that share out numbered tasks.
 *
 * Two threads share a section of the tasks, one from its beginning and one from its end, until they
 * meet: so a thread meets again in the next run of so many tasks the memory that its caches hold.
 * Then they help with the other sections. A run is over when its tasks are, whether or not every
 * thread woke up for it. A thread with nothing to do stays awake for about as long as waking takes,
 * because runs often follow each other closely. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "agena/base.h"
#include "base/library_threads.h"
#include "base/relax.h"

enum { MAX_THREADS = 1024, SENTENCE_SIZE = 1024, LINE = 64 };

/* Seconds for which a thread stays awake: waking takes 40 microseconds on a virtual machine. */
static const double PATIENCE = 50e-6;

/* So many waits in a row that outlasted its patience, and a worker has none until one is short:
 * while runs are far apart the processors are others'. */
enum { LONG_WAITS = 16 };

/* On lines of their own: threads wait for what another one writes. */
typedef struct {
    _Alignas(LINE) _Atomic uint64_t section; /* an even one's: its own and the next one's tasks */
    ag_pool *pool;
    int index;
    int long_waits; /* in a row; the worker's own */
    pthread_t thread;
} worker;

struct ag_pool {
    int threads;     /* with the caller */
    worker *workers; /* [threads]; the first is the caller and has no thread */
    int started;     /* workers with a running thread */
    bool patient;    /* there is a processor for each thread */
    pthread_mutex_t lock;
    pthread_cond_t begin, end;
    double called; /* when sleepers were last woken; guarded by lock */
    /* Of this run; the first failure's guarded by lock. */
    ag_task_fn fn;
    void *user;
    int failed_task; /* the lowest task that failed, INT_MAX for none */
    int failed_code;
    char failed_sentence[SENTENCE_SIZE];
    _Alignas(LINE) _Atomic unsigned run; /* counts them; workers wait for the next one */
    _Atomic int sleepers;                /* workers that must be woken; changed under lock */
    _Atomic bool stop; /* a thread may still come late to the last run when this is set */
    _Alignas(LINE) _Atomic unsigned left; /* tasks not finished */
    _Atomic bool caller_sleeps;
};

/* ---- tasks ---- */

/* The tasks first..end-1 that nobody has taken, in one word that can be exchanged. */
static uint64_t section_of(uint32_t first, uint32_t end)
{
    return (uint64_t)first << 32 | end;
}

/* Take a section's first task or its last one. -1: there is none. Who has taken one may count on
 * the run: it does not end before the task does. */
static int take(_Atomic uint64_t *section, bool last)
{
    uint64_t old = atomic_load(section);
    for (;;) {
        uint32_t first = (uint32_t)(old >> 32), end = (uint32_t)old;
        if (first >= end)
            return -1;
        uint64_t rest = last ? section_of(first, end - 1) : section_of(first + 1, end);
        if (atomic_compare_exchange_weak(section, &old, rest))
            return (int)(last ? end - 1 : first);
    }
}

static void note_failure(ag_pool *pool, int task, int code)
{
    pthread_mutex_lock(&pool->lock);
    if (task < pool->failed_task) {
        pool->failed_task = task;
        pool->failed_code = code;
        snprintf(pool->failed_sentence, sizeof pool->failed_sentence, "%s", ag_error());
    }
    pthread_mutex_unlock(&pool->lock);
}

/* Returns how many of a section's tasks `self` did. */
static unsigned do_section(const worker *self, _Atomic uint64_t *section)
{
    ag_pool *pool = self->pool;
    for (unsigned done = 0;; done++) {
        int task = take(section, self->index % 2);
        if (task < 0)
            return done;
        int code = pool->fn(pool->user, task, self->index);
        if (code != AG_OK)
            note_failure(pool, task, code);
    }
}

static void do_tasks(const worker *self)
{
    ag_pool *pool = self->pool;
    int sections = (pool->threads + 1) / 2, own = self->index / 2;
    unsigned done = 0;
    for (int i = 0; i < sections; i++)
        done += do_section(self, &pool->workers[(own + i) % sections * 2].section);
    if (done == 0 || atomic_fetch_sub(&pool->left, done) > done)
        return;
    if (!atomic_load(&pool->caller_sleeps))
        return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_signal(&pool->end);
    pthread_mutex_unlock(&pool->lock);
}

/* ---- waiting ---- */

/* Whether the word is `value`, or is not, before the patience ends. */
static bool watch(const _Atomic unsigned *word, unsigned value, bool is, double since)
{
    enum { LOOKS = 16 }; /* before the next one at the clock */
    do {
        for (int i = 0; i < LOOKS; i++) {
            if ((atomic_load(word) == value) == is)
                return true;
            base_relax();
        }
    } while (ag_seconds() - since < PATIENCE);
    return false;
}

/* Returns the number of the run that follows `last`, or of a later one. */
static unsigned await_run(worker *self, unsigned last)
{
    ag_pool *pool = self->pool;
    double since = ag_seconds();
    if (pool->patient && self->long_waits < LONG_WAITS && watch(&pool->run, last, false, since)) {
        self->long_waits = 0;
        return atomic_load(&pool->run);
    }
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->sleepers, 1);
    while (atomic_load(&pool->run) == last)
        pthread_cond_wait(&pool->begin, &pool->lock);
    atomic_fetch_sub(&pool->sleepers, 1);
    if (pool->called - since < PATIENCE)
        self->long_waits = 0;
    else if (self->long_waits < LONG_WAITS)
        self->long_waits++;
    pthread_mutex_unlock(&pool->lock);
    return atomic_load(&pool->run);
}

static void await_end(ag_pool *pool)
{
    if (pool->patient && watch(&pool->left, 0, true, ag_seconds()))
        return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->caller_sleeps, true);
    while (atomic_load(&pool->left) > 0)
        pthread_cond_wait(&pool->end, &pool->lock);
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->lock);
}

/* Begin a run: workers that are awake see it, and so many sleepers are woken. Who is about to sleep
 * looks once more after it has counted itself. */
static void call(ag_pool *pool, int workers)
{
    atomic_fetch_add(&pool->run, 1);
    if (atomic_load(&pool->sleepers) == 0)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->called = ag_seconds();
    if (workers >= atomic_load(&pool->sleepers)) {
        pthread_cond_broadcast(&pool->begin);
    } else {
        for (int i = 0; i < workers; i++)
            pthread_cond_signal(&pool->begin);
    }
    pthread_mutex_unlock(&pool->lock);
}

static void *work(void *argument)
{
    worker *self = argument;
    ag_pool *pool = self->pool;
    unsigned run = 0;
    base_library_threads_set(1);
    for (;;) {
        run = await_run(self, run);
        if (atomic_load(&pool->stop))
            return NULL;
        do_tasks(self);
    }
}

/* ---- the pool ---- */

/* Signals are for the program's own threads: workers run with all of them blocked. */
static int start_workers(ag_pool *pool)
{
    for (int i = 0; i < pool->threads; i++) {
        pool->workers[i].pool = pool;
        pool->workers[i].index = i;
    }
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = 0;
    for (int i = 1; i < pool->threads && error == 0; i++) {
        error = pthread_create(&pool->workers[i].thread, NULL, work, &pool->workers[i]);
        if (error == 0)
            pool->started = i;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error != 0)
        return ag_fail(AG_ENOMEM, "cannot start thread %d of %d: %s", pool->started + 2,
                       pool->threads, strerror(error));
    return AG_OK;
}

int ag_pool_new(int threads, ag_pool **out)
{
    *out = NULL;
    if (threads < 0 || threads > MAX_THREADS)
        return ag_fail(AG_EINVAL, "a pool has 1 to %d threads (0 for one a processor), not %d",
                       MAX_THREADS, threads);
    base_library_threads_hold();
    ag_pool *pool = ag_malloc_aligned(sizeof *pool);
    if (!pool)
        return AG_ENOMEM;
    int processors = ag_cpu_count();
    pool->threads = threads > 0 ? threads : processors;
    pool->patient = pool->threads <= processors;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->begin, NULL);
    pthread_cond_init(&pool->end, NULL);
    pool->workers = ag_malloc_aligned((size_t)pool->threads * sizeof *pool->workers);
    int code = pool->workers ? start_workers(pool) : AG_ENOMEM;
    if (code != AG_OK) {
        ag_pool_free(pool);
        return code;
    }
    *out = pool;
    return AG_OK;
}

int ag_pool_threads(const ag_pool *pool)
{
    return pool->threads;
}

/* Each section is in proportion to its threads; the caller's is not the shortest. */
static void share_out(ag_pool *pool, int tasks)
{
    int64_t threads = pool->threads, first = 0;
    for (int i = 0; i < threads; i += 2) {
        int64_t with = i + 2 < threads ? i + 2 : threads;
        int64_t end = (tasks * with + threads - 1) / threads;
        atomic_store(&pool->workers[i].section, section_of((uint32_t)first, (uint32_t)end));
        first = end;
    }
}

int ag_pool_run(ag_pool *pool, int tasks, ag_task_fn fn, void *user)
{
    if (tasks < 1)
        return AG_OK;
    pool->fn = fn;
    pool->user = user;
    pool->failed_task = INT_MAX;
    atomic_store(&pool->left, (unsigned)tasks);
    share_out(pool, tasks);
    if (tasks > 1 && pool->started > 0)
        call(pool, tasks - 1);
    int old = base_library_threads_set(1);
    do_tasks(&pool->workers[0]);
    base_library_threads_set(old);
    await_end(pool);
    if (pool->failed_task == INT_MAX)
        return AG_OK;
    return ag_fail(pool->failed_code, "%s", pool->failed_sentence);
}

void ag_pool_free(ag_pool *pool)
{
    if (!pool)
        return;
    atomic_store(&pool->stop, true);
    call(pool, pool->started);
    for (int i = 1; i <= pool->started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->end);
    pthread_cond_destroy(&pool->begin);
    pthread_mutex_destroy(&pool->lock);
    ag_free(pool->workers);
    ag_free(pool);
}
