/* A pool of threads that share out numbered tasks. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "agena/base.h"
#include "base/library_threads.h"

enum { MAX_THREADS = 1024, SENTENCE_SIZE = 1024 };

typedef struct {
    ag_pool *pool;
    int index;
    pthread_t thread;
} worker;

struct ag_pool {
    int threads;     /* with the caller */
    worker *workers; /* [threads]; the first is the caller and has no thread */
    int started;     /* workers with a running thread */
    pthread_mutex_t lock;
    pthread_cond_t begin, end;
    /* Guarded by lock. */
    uint64_t round; /* counts runs: a worker joins each once */
    int busy;       /* workers that have not finished this round */
    bool stop;
    int failed_task; /* the lowest task that failed, INT_MAX for none */
    int failed_code;
    char failed_sentence[SENTENCE_SIZE];
    /* Of this round. */
    ag_task_fn fn;
    void *user;
    int tasks;
    _Atomic int next;
};

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

static void take_tasks(ag_pool *pool, int index)
{
    for (;;) {
        int task = atomic_fetch_add(&pool->next, 1);
        if (task >= pool->tasks)
            return;
        int code = pool->fn(pool->user, task, index);
        if (code != AG_OK)
            note_failure(pool, task, code);
    }
}

static void *work(void *argument)
{
    worker *self = argument;
    ag_pool *pool = self->pool;
    uint64_t seen = 0;
    base_library_threads_set(1);
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->stop && pool->round == seen)
            pthread_cond_wait(&pool->begin, &pool->lock);
        if (pool->stop)
            break;
        seen = pool->round;
        pthread_mutex_unlock(&pool->lock);
        take_tasks(pool, self->index);
        pthread_mutex_lock(&pool->lock);
        if (--pool->busy == 0)
            pthread_cond_signal(&pool->end);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Signals are for the program's own threads: workers run with all of them blocked. */
static int start_workers(ag_pool *pool)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = 0;
    for (int i = 1; i < pool->threads && error == 0; i++) {
        pool->workers[i] = (worker){ .pool = pool, .index = i };
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
    ag_pool *pool = ag_calloc(1, sizeof *pool);
    if (!pool)
        return AG_ENOMEM;
    pool->threads = threads > 0 ? threads : ag_cpu_count();
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->begin, NULL);
    pthread_cond_init(&pool->end, NULL);
    pool->workers = ag_calloc((size_t)pool->threads, sizeof *pool->workers);
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

int ag_pool_run(ag_pool *pool, int tasks, ag_task_fn fn, void *user)
{
    pthread_mutex_lock(&pool->lock);
    pool->fn = fn;
    pool->user = user;
    pool->tasks = tasks;
    pool->failed_task = INT_MAX;
    atomic_store(&pool->next, 0);
    pool->busy = pool->started;
    pool->round++;
    pthread_cond_broadcast(&pool->begin);
    pthread_mutex_unlock(&pool->lock);

    int old = base_library_threads_set(1);
    take_tasks(pool, 0);
    base_library_threads_set(old);

    pthread_mutex_lock(&pool->lock);
    while (pool->busy > 0)
        pthread_cond_wait(&pool->end, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    if (pool->failed_task == INT_MAX)
        return AG_OK;
    return ag_fail(pool->failed_code, "%s", pool->failed_sentence);
}

void ag_pool_free(ag_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->begin);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 1; i <= pool->started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->end);
    pthread_cond_destroy(&pool->begin);
    pthread_mutex_destroy(&pool->lock);
    ag_free(pool->workers);
    ag_free(pool);
}
