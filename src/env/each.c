/* A batch whose environments have a state each: a range of them is a task of the pool, so that what
 * is written depends on no thread. */
#include "env/driver.h"

enum { TASKS_A_THREAD = 16 }; /* at most: the others wait for the last one */

typedef struct {
    const env_class *class;
    const ag_env_spec *spec;
    const ag_env_options *options;
    void **states;                /* [batch] */
    uint64_t *seeds, *episodes;   /* [batch]; the number of the next episode */
    ag_pool *pool;                /* NULL: the caller does all */
    int tasks;                    /* ranges that the batch is divided into */
    const uint8_t *mask;          /* of this call */
    const double *actions;        /* of this call */
    const ag_env_buffers *wanted; /* of this call */
} each;

static const env_driver driver;

uint64_t env_seed_of(uint64_t seed, int index)
{
    return seed + (uint64_t)index * 0x9E3779B97F4A7C15u;
}

static void close_states(const env_class *class, void **states, int count)
{
    for (int i = 0; i < count; i++)
        class->close(states[i]);
    ag_free(states);
}

static void close_each(void *batch)
{
    each *b = batch;
    ag_pool_free(b->pool);
    close_states(b->class, b->states, b->options->batch);
    ag_free(b->seeds);
    ag_free(b->episodes);
    ag_free(b);
}

static int start_pool(each *b)
{
    int threads = b->options->threads, most = b->options->batch / b->class->share;
    if (threads > most)
        threads = most;
    if (threads < 2)
        return AG_OK;
    b->tasks = threads * TASKS_A_THREAD < most ? threads * TASKS_A_THREAD : most;
    return ag_pool_new(threads, &b->pool);
}

int env_each_open(const env_class *class, void **states, const ag_env_spec *spec,
                  const ag_env_options *options, env_opened *out)
{
    int batch = options->batch;
    each *b = ag_calloc(1, sizeof *b);
    if (!b) {
        close_states(class, states, batch);
        return AG_ENOMEM;
    }
    *b = (each){ .class = class, .spec = spec, .options = options, .states = states, .tasks = 1 };
    b->seeds = ag_calloc((size_t)batch, sizeof *b->seeds);
    b->episodes = ag_calloc((size_t)batch, sizeof *b->episodes);
    int code = b->seeds && b->episodes ? start_pool(b) : AG_ENOMEM;
    if (code != AG_OK) {
        close_each(b);
        return code;
    }
    for (int i = 0; i < batch; i++)
        b->seeds[i] = env_seed_of(options->seed, i);
    *out = (env_opened){ &driver, b };
    return AG_OK;
}

int env_built_in_open(const env_class *class, const char *name, ag_env_spec *spec,
                      const ag_env_options *options, env_opened *out)
{
    int code = class->specify(name, options, spec);
    if (code == AG_OK)
        code = env_measure(spec);
    void **states = code == AG_OK ? ag_calloc((size_t)options->batch, sizeof *states) : NULL;
    if (!states)
        return code != AG_OK ? code : AG_ENOMEM;
    for (int i = 0; i < options->batch; i++) {
        code = class->open(name, options, &states[i]);
        if (code != AG_OK) {
            close_states(class, states, i);
            return code;
        }
    }
    return env_each_open(class, states, spec, options, out);
}

static int begin_episode(each *b, int index)
{
    return b->class->episode(b->states[index], b->seeds[index], b->episodes[index]++);
}

static int observe(each *b, int index)
{
    for (int k = 0; k < b->spec->observations; k++) {
        uint8_t *to = b->wanted->observation[k];
        if (!to)
            continue;
        int code = b->class->observe(b->states[index], k,
                                     to + (size_t)index * b->spec->observation[k].bytes);
        if (code != AG_OK)
            return code;
    }
    return AG_OK;
}

static int move(each *b, int index)
{
    const double *action = b->actions + (size_t)index * (size_t)b->spec->actions;
    env_outcome last = { 0 };
    double reward = 0;
    for (int i = 0; i < b->options->action_repeat && !last.terminated && !last.truncated; i++) {
        last = (env_outcome){ 0 };
        int code = b->class->step(b->states[index], action, &last);
        if (code != AG_OK)
            return code;
        reward += last.reward;
    }
    b->wanted->reward[index] = (float)reward;
    b->wanted->terminated[index] = last.terminated;
    b->wanted->truncated[index] = last.truncated;
    if ((last.terminated || last.truncated) && b->options->auto_reset)
        return begin_episode(b, index);
    return AG_OK;
}

static int move_one(each *b, int index)
{
    int code = move(b, index);
    return code == AG_OK ? observe(b, index) : code;
}

static int restart_one(each *b, int index)
{
    if (b->mask && !b->mask[index])
        return AG_OK;
    int code = begin_episode(b, index);
    return code == AG_OK ? observe(b, index) : code;
}

/* One task of the pool: a range of the batch. */
static int do_range(each *b, int task, int (*one)(each *b, int index))
{
    int64_t batch = b->options->batch;
    int begin = (int)(batch * task / b->tasks), end = (int)(batch * (task + 1) / b->tasks);
    for (int i = begin; i < end; i++) {
        int code = one(b, i);
        if (code != AG_OK)
            return ag_fail_context(code, "environment %d of the batch", i);
    }
    return AG_OK;
}

static int move_range(void *user, int task, int worker)
{
    (void)worker;
    return do_range(user, task, move_one);
}

static int restart_range(void *user, int task, int worker)
{
    (void)worker;
    return do_range(user, task, restart_one);
}

static int run(each *b, ag_task_fn fn)
{
    return b->pool ? ag_pool_run(b->pool, b->tasks, fn, b) : fn(b, 0, 0);
}

static int reset_each(void *batch, const uint8_t *mask, const ag_env_buffers *out)
{
    each *b = batch;
    b->mask = mask;
    b->wanted = out;
    return run(b, restart_range);
}

static int step_each(void *batch, const double *actions, const ag_env_buffers *out)
{
    each *b = batch;
    b->actions = actions;
    b->wanted = out;
    return run(b, move_range);
}

static int seed_each(void *batch, int index, uint64_t seed)
{
    each *b = batch;
    b->seeds[index] = seed;
    b->episodes[index] = 0;
    return AG_OK;
}

static int render_each(void *batch, int index, const uint8_t **rgb, int *width, int *height)
{
    each *b = batch;
    if (!b->class->render)
        return ag_fail(AG_EINVAL, "this environment has no picture for people");
    return b->class->render(b->states[index], rgb, width, height);
}

static int say_each(void *batch, int index, int action, const char *text, size_t length)
{
    each *b = batch;
    return b->class->say(b->states[index], action, text, length);
}

static const env_driver driver = { .close = close_each,
                                   .reset = reset_each,
                                   .seed = seed_each,
                                   .step = step_each,
                                   .render = render_each,
                                   .say = say_each };
