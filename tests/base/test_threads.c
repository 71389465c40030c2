/* The thread pool. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base_test.h"

/* Of OpenMP's runtime; its header comes with one compiler alone. */
extern int omp_get_max_threads(void);
extern void omp_set_num_threads(int threads);

enum { TASKS = 1000 };

typedef struct {
    _Atomic int times[TASKS];
    _Atomic int workers[64];
} tally;

static int count_task(void *user, int task, int worker)
{
    tally *t = user;
    atomic_fetch_add(&t->times[task], 1);
    atomic_fetch_add(&t->workers[worker], 1);
    return AG_OK;
}

static void every_task_runs_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 8; threads += 3) {
        ag_pool *pool;
        tally t = { .times = { 0 } };
        assert_int_equal(ag_pool_new(threads, &pool), AG_OK);
        assert_int_equal(ag_pool_threads(pool), threads);
        for (int run = 0; run < 20; run++)
            assert_int_equal(ag_pool_run(pool, TASKS, count_task, &t), AG_OK);
        int total = 0;
        for (int i = 0; i < TASKS; i++)
            assert_int_equal(t.times[i], 20);
        for (int i = 0; i < threads; i++)
            total += t.workers[i];
        assert_int_equal(total, 20 * TASKS); /* so no worker had another index */
        ag_pool_free(pool);
    }
}

static void no_tasks_is_no_work(void **state)
{
    (void)state;
    ag_pool *pool;
    assert_int_equal(ag_pool_new(2, &pool), AG_OK);
    assert_int_equal(ag_pool_run(pool, 0, count_task, NULL), AG_OK);
    ag_pool_free(pool);
    ag_pool_free(NULL);
}

static int fail_some(void *user, int task, int worker)
{
    (void)worker;
    atomic_fetch_add((_Atomic int *)user, 1);
    if (task == 17)
        return ag_fail(AG_EFORMAT, "task %d", task);
    return task > 17 && task % 10 == 3 ? ag_fail(AG_EIO, "task %d", task) : AG_OK;
}

static void the_lowest_failure_is_reported(void **state)
{
    (void)state;
    ag_pool *pool;
    assert_int_equal(ag_pool_new(4, &pool), AG_OK);
    for (int run = 0; run < 50; run++) {
        _Atomic int done = 0;
        ag_fail(AG_EIO, "old");
        assert_int_equal(ag_pool_run(pool, 100, fail_some, &done), AG_EFORMAT);
        assert_string_equal(ag_error(), "task 17");
        assert_int_equal(done, 100);
    }
    _Atomic int done = 0;
    assert_int_equal(ag_pool_run(pool, 17, fail_some, &done), AG_OK);
    ag_pool_free(pool);
}

/* A run of random length in which random tasks fail; done counts each task. */
typedef struct {
    ag_pool *pool;
    ag_rng rng;
    bool fails[64];
    _Atomic int done[64];
} stress;

static int do_or_fail(void *user, int task, int worker)
{
    stress *s = user;
    atomic_fetch_add(&s->done[task], 1);
    bool good = worker >= 0 && worker < ag_pool_threads(s->pool) && !s->fails[task];
    return good ? AG_OK : ag_fail(AG_EIO, "task %d", task);
}

static void run_some(stress *s)
{
    int tasks = (int)ag_rng_below(&s->rng, 64), lowest = tasks;
    bool any = ag_rng_below(&s->rng, 4) == 0;
    for (int i = tasks - 1; i >= 0; i--) {
        s->done[i] = 0;
        s->fails[i] = any && ag_rng_below(&s->rng, 16) == 0;
        lowest = s->fails[i] ? i : lowest;
    }
    char sentence[32];
    snprintf(sentence, sizeof sentence, "task %d", lowest);
    int code = ag_pool_run(s->pool, tasks, do_or_fail, s);
    assert_int_equal(code, lowest < tasks ? AG_EIO : AG_OK);
    if (code != AG_OK)
        assert_string_equal(ag_error(), sentence);
    for (int i = 0; i < tasks; i++)
        assert_int_equal(s->done[i], 1);
}

/* Runs so short that threads come to them late, on few threads and on more than processors. */
static void short_runs_follow_each_other(void **state)
{
    (void)state;
    int counts[] = { 1, 2, 3, ag_cpu_count(), 3 * ag_cpu_count() + 1 };
    stress s;
    ag_rng_init(&s.rng, 1, AG_PURPOSE_TEST, 0);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        assert_int_equal(ag_pool_new(counts[i], &s.pool), AG_OK);
        for (int run = 0; run < 5000; run++)
            run_some(&s);
        ag_pool_free(s.pool);
    }
}

typedef struct {
    _Atomic int here;
    int expected;
} meeting;

static int meet(void *user, int task, int worker)
{
    (void)task;
    (void)worker;
    meeting *m = user;
    atomic_fetch_add(&m->here, 1);
    while (atomic_load(&m->here) < m->expected)
        usleep(10);
    return AG_OK;
}

/* Tasks that wait for each other end only if each has a thread: however long the pool was idle, so
 * many sleepers wake up. */
static void sleepers_wake_up(void **state)
{
    (void)state;
    int counts[] = { 2, ag_cpu_count() + 2 };
    for (int i = 0; i < 2; i++) {
        ag_pool *pool;
        assert_int_equal(ag_pool_new(counts[i], &pool), AG_OK);
        for (int run = 0; run < 100; run++) {
            meeting m = { .expected = 1 + run % counts[i] };
            assert_int_equal(ag_pool_run(pool, m.expected, meet, &m), AG_OK);
            usleep(run < 50 ? 0 : 200);
        }
        ag_pool_free(pool);
    }
}

/* Threads come to the only run when it is over, before or after the pool's end. */
static void pools_end_after_a_run(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        ag_pool *pool;
        tally t = { .times = { 0 } };
        assert_int_equal(ag_pool_new(2 + i % 3, &pool), AG_OK);
        usleep(200);
        assert_int_equal(ag_pool_run(pool, 2, count_task, &t), AG_OK);
        usleep((unsigned)i);
        ag_pool_free(pool);
        assert_int_equal(t.times[0] + t.times[1], 2);
    }
}

static int look_at_openmp(void *user, int task, int worker)
{
    (void)task;
    (void)worker;
    atomic_fetch_add((_Atomic int *)user, omp_get_max_threads() != 1);
    return AG_OK;
}

static void openmp_is_held_at_one(void **state)
{
    (void)state;
    ag_pool *pool;
    _Atomic int others = 0;
    omp_set_num_threads(3);
    assert_int_equal(ag_pool_new(2, &pool), AG_OK);
    assert_int_equal(ag_pool_run(pool, 50, look_at_openmp, &others), AG_OK);
    assert_int_equal(others, 0);
    assert_int_equal(omp_get_max_threads(), 3);
    ag_pool_free(pool);
}

static void thread_counts_are_checked(void **state)
{
    (void)state;
    ag_pool *pool;
    assert_int_equal(ag_pool_new(-1, &pool), AG_EINVAL);
    assert_null(pool);
    assert_int_equal(ag_pool_new(100000, &pool), AG_EINVAL);
    assert_int_equal(ag_pool_new(0, &pool), AG_OK);
    assert_int_equal(ag_pool_threads(pool), ag_cpu_count());
    ag_pool_free(pool);
}

static int make_pool(void *user)
{
    (void)user;
    ag_pool *pool;
    int code = ag_pool_new(3, &pool);
    ag_pool_free(pool);
    return code;
}

static void pools_survive_failing_allocations(void **state)
{
    (void)state;
    assert_int_equal(survive_failing_allocations(make_pool, NULL), 2);
}

void test_threads(test_list *list)
{
    ADD_TEST(list, "threads", every_task_runs_once);
    ADD_TEST(list, "threads", no_tasks_is_no_work);
    ADD_TEST(list, "threads", the_lowest_failure_is_reported);
    ADD_TEST(list, "threads", short_runs_follow_each_other);
    ADD_TEST(list, "threads", sleepers_wake_up);
    ADD_TEST(list, "threads", pools_end_after_a_run);
    ADD_TEST(list, "threads", openmp_is_held_at_one);
    ADD_TEST(list, "threads", thread_counts_are_checked);
    ADD_TEST(list, "threads", pools_survive_failing_allocations);
}
