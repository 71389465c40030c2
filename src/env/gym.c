/* "gym:ID[?key=value&...]": environments of Gymnasium in one Python process a batch. Of the
 * settings, python, restart and timeout (seconds) are ours; the others are arguments of
 * gymnasium.make. */
#include "env/gym.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { USUAL_TIMEOUT = 60, MOST_TIMEOUT = 86400, ALIGNMENT = 64, MOST_PICTURE = 1 << 28 };

/* Where in the shared memory each thing is: bytes from its beginning. */
typedef struct {
    size_t message, seeds, mask, reward, terminated, truncated, actions;
    size_t observation[AG_ENV_MAX_OBSERVATIONS];
    size_t bytes; /* of all */
} gym_layout;

typedef struct {
    env_settings settings;
    const char *python;
    int restart;
    const ag_env_options *options;
    ag_env_spec *spec;
    ag_arena *arena; /* names */
    gym_layout layout;
    gym_process process;
    uint64_t *seeds, *episodes; /* [batch]; the number of the next episode */
    uint8_t *picture;           /* for people */
} gym;

static const env_driver driver;

/* ---- layout ---- */

static int place(gym_layout *l, size_t count, size_t size, size_t *where)
{
    size_t bytes;
    *where = l->bytes;
    if (__builtin_mul_overflow(count, size, &bytes) ||
        __builtin_add_overflow(bytes, ALIGNMENT - 1, &bytes) ||
        __builtin_add_overflow(l->bytes, bytes - bytes % ALIGNMENT, &l->bytes))
        return ag_fail(AG_ENOMEM, "out of memory (%zu observations of %zu bytes)", count, size);
    return AG_OK;
}

static int lay_out(gym *g)
{
    gym_layout *l = &g->layout;
    *l = (gym_layout){ .bytes = ALIGNMENT }; /* the header */
    size_t batch = (size_t)g->options->batch;
    int code = place(l, 1, GYM_MESSAGE_BYTES, &l->message);
    if (code == AG_OK)
        code = place(l, batch, sizeof(uint32_t), &l->seeds);
    if (code == AG_OK)
        code = place(l, batch, 1, &l->mask);
    if (code == AG_OK)
        code = place(l, batch, sizeof(float), &l->reward);
    if (code == AG_OK)
        code = place(l, batch, 1, &l->terminated);
    if (code == AG_OK)
        code = place(l, batch, 1, &l->truncated);
    if (code == AG_OK)
        code = place(l, batch, (size_t)(g->spec->actions + 1) * sizeof(double), &l->actions);
    for (int i = 0; i < g->spec->observations && code == AG_OK; i++)
        code = place(l, batch, g->spec->observation[i].bytes, &l->observation[i]);
    return code;
}

static json_int_t whole(size_t number)
{
    return (json_int_t)number;
}

static json_t *describe_layout(const gym *g)
{
    const gym_layout *l = &g->layout;
    json_t *observations = json_array();
    for (int i = 0; i < g->spec->observations; i++)
        json_array_append_new(observations, json_integer(whole(l->observation[i])));
    return json_pack("{s:I,s:I,s:i,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "size", whole(l->bytes),
                     "message", whole(l->message), "message_bytes", GYM_MESSAGE_BYTES, "seeds",
                     whole(l->seeds), "mask", whole(l->mask), "reward", whole(l->reward),
                     "terminated", whole(l->terminated), "truncated", whole(l->truncated),
                     "actions", whole(l->actions), "observations", observations);
}

/* ---- starting the process ---- */

/* Arguments of gymnasium.make: JSON where it is some, else texts. */
static json_t *make_arguments(const env_settings *settings)
{
    json_t *all = json_object();
    for (int i = 0; i < settings->count; i++) {
        const env_setting *s = &settings->list[i];
        if (s->taken)
            continue;
        json_t *value = json_loads(s->value, JSON_DECODE_ANY, NULL);
        json_object_set_new(all, s->key, value ? value : json_string(s->value));
    }
    return all;
}

static int spawn(gym *g)
{
    json_t *job = json_pack("{s:s,s:i,s:i,s:b,s:o}", "id", g->settings.target, "batch",
                            g->options->batch, "repeat", g->options->action_repeat, "auto_reset",
                            g->options->auto_reset, "settings", make_arguments(&g->settings));
    if (!job)
        return ag_fail(AG_EINVAL, "its name and settings are not all UTF-8");
    int code = gym_spawn(&g->process, g->python, job);
    json_decref(job);
    return code;
}

static int share(gym *g)
{
    json_t *layout = describe_layout(g);
    if (!layout)
        return ag_fail(AG_ENOMEM, "out of memory (layout of shared memory)");
    int code = gym_share(&g->process, g->layout.bytes, layout);
    json_decref(layout);
    return code;
}

/* Start the process and fill the (zeroed) spec with what it tells; names go to arena. */
static int begin(gym *g, ag_arena *arena, ag_env_spec *spec)
{
    char *line = NULL;
    int code = spawn(g);
    if (code == AG_OK)
        code = gym_hear(&g->process, &line);
    if (code == AG_OK)
        code = gym_read_spec(line, arena, spec);
    ag_free(line);
    return code;
}

static int begin_again(gym *g)
{
    ag_env_spec spec = { .observations = 0 };
    ag_arena *arena = NULL; /* its names are ours already */
    ag_logf(AG_LOG_WARN, "gym:%s: starting its Python process again", g->settings.target);
    int code = ag_arena_new(&arena);
    if (code == AG_OK)
        code = begin(g, arena, &spec);
    if (code == AG_OK)
        code = gym_same_spec(g->spec, &spec);
    if (code == AG_OK)
        code = share(g);
    if (code != AG_OK)
        gym_end(&g->process);
    if (arena)
        ag_arena_free(arena);
    return code;
}

/* ---- commands ---- */

static void *at(gym *g, size_t offset)
{
    return g->process.shared + offset;
}

static uint32_t *header(gym *g)
{
    return at(g, 0);
}

/* The seed of an environment's next episode, as Gymnasium takes it. */
static void offer_seed(gym *g, int index)
{
    ag_rng rng;
    ag_rng_init(&rng, g->seeds[index], AG_PURPOSE_EPISODE, g->episodes[index]);
    ((uint32_t *)at(g, g->layout.seeds))[index] = ag_rng_u32(&rng) & INT32_MAX;
}

/* Is there a process that may be told something? */
static int check_process(const gym *g)
{
    if (g->process.pid == 0)
        return ag_fail(AG_EIO, "its Python process has ended%s",
                       g->restart ? "; a reset of the whole batch starts it again"
                                  : "; ?restart=1 allows another");
    if (g->process.owner != getpid())
        return ag_fail(AG_EINVAL,
                       "this is a fork of process %d, which opened it and alone can use "
                       "it; open another here",
                       (int)g->process.owner);
    return AG_OK;
}

/* What the environment that was being worked on told. The process may still write there: what is
 * read is a copy. */
static int told_failure(gym *g)
{
    char message[GYM_MESSAGE_BYTES];
    memcpy(message, at(g, g->layout.message), sizeof message);
    message[sizeof message - 1] = '\0';
    return ag_fail(AG_EIO, "environment %u of the batch: %s", header(g)[GYM_CURRENT], message);
}

/* Carry out a command: AG_EIO when an environment fails, or its process, which is then gone. */
static int command(gym *g, uint32_t what)
{
    header(g)[GYM_COMMAND] = what;
    header(g)[GYM_CURRENT] = 0;
    int code = gym_call(&g->process);
    if (code != AG_OK)
        return g->restart
                   ? ag_fail(code, "%s; a reset of the whole batch starts it again", ag_error())
                   : code;
    return header(g)[GYM_STATUS] == 0 ? AG_OK : told_failure(g);
}

static void copy_observations(gym *g, const uint8_t *mask, const ag_env_buffers *out)
{
    for (int k = 0; k < g->spec->observations; k++) {
        size_t bytes = g->spec->observation[k].bytes, batch = (size_t)g->options->batch;
        uint8_t *to = out->observation[k], *from = at(g, g->layout.observation[k]);
        if (to && !mask)
            memcpy(to, from, batch * bytes);
        for (size_t i = 0; to && mask && i < batch; i++) {
            if (mask[i])
                memcpy(to + i * bytes, from + i * bytes, bytes);
        }
    }
}

static bool is_whole(const uint8_t *mask, int batch)
{
    return !mask || !memchr(mask, 0, (size_t)batch);
}

/* A new process has no episodes that could go on, so all have to begin. */
static int check_or_begin_again(gym *g, const uint8_t *mask)
{
    bool again = g->process.pid == 0 && g->restart && is_whole(mask, g->options->batch);
    return again ? begin_again(g) : check_process(g);
}

static int reset_gym(void *batch, const uint8_t *mask, const ag_env_buffers *out)
{
    gym *g = batch;
    int code = check_or_begin_again(g, mask);
    if (code != AG_OK)
        return code;
    for (int i = 0; i < g->options->batch; i++) {
        bool wanted = !mask || mask[i];
        ((uint8_t *)at(g, g->layout.mask))[i] = wanted;
        if (wanted) {
            offer_seed(g, i);
            g->episodes[i]++;
        }
    }
    code = command(g, GYM_RESET);
    if (code != AG_OK)
        return code;
    for (int i = 0; i < g->options->batch; i++)
        offer_seed(g, i);
    copy_observations(g, mask, out);
    return AG_OK;
}

/* 1 where a byte is not 0. */
static void copy_flags(uint8_t *to, const uint8_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = from[i] != 0;
}

static int step_gym(void *batch, const double *actions, const ag_env_buffers *out)
{
    gym *g = batch;
    size_t count = (size_t)g->options->batch, bytes = (size_t)g->spec->actions * sizeof(double);
    int code = check_process(g);
    if (code != AG_OK)
        return code;
    if (bytes)
        memcpy(at(g, g->layout.actions), actions, count * bytes);
    code = command(g, GYM_STEP);
    if (code != AG_OK)
        return code;
    memcpy(out->reward, at(g, g->layout.reward), count * sizeof(float));
    copy_flags(out->terminated, at(g, g->layout.terminated), count);
    copy_flags(out->truncated, at(g, g->layout.truncated), count);
    for (int i = 0; i < g->options->batch && g->options->auto_reset; i++) {
        if (out->terminated[i] || out->truncated[i]) {
            g->episodes[i]++;
            offer_seed(g, i);
        }
    }
    copy_observations(g, NULL, out);
    return AG_OK;
}

static int seed_gym(void *batch, int index, uint64_t seed)
{
    gym *g = batch;
    g->seeds[index] = seed;
    g->episodes[index] = 0;
    if (g->process.pid && g->process.owner == getpid())
        offer_seed(g, index);
    return AG_OK;
}

static int render_gym(void *batch, int index, const uint8_t **rgb, int *width, int *height)
{
    gym *g = batch;
    int code = check_process(g);
    if (code != AG_OK)
        return code;
    header(g)[GYM_INDEX] = (uint32_t)index;
    code = command(g, GYM_RENDER);
    if (code != AG_OK)
        return code;
    uint32_t wide = header(g)[GYM_WIDTH], high = header(g)[GYM_HEIGHT];
    if (wide < 1 || high < 1 || high > MOST_PICTURE / 3 / wide)
        return ag_fail(AG_EFORMAT, "its picture is %u by %u pixels; %d bytes are the most", wide,
                       high, MOST_PICTURE);
    size_t bytes = (size_t)wide * high * 3;
    uint8_t *picture = ag_realloc(g->picture, bytes);
    if (!picture)
        return AG_ENOMEM;
    g->picture = picture;
    *rgb = picture;
    *width = (int)wide;
    *height = (int)high;
    if (pread(g->process.picture, picture, bytes, 0) != (ssize_t)bytes)
        return ag_fail(AG_EIO, "its picture cannot be read");
    return AG_OK;
}

/* ---- opening and closing ---- */

static void close_gym(void *batch)
{
    gym *g = batch;
    gym_end(&g->process);
    if (g->arena)
        ag_arena_free(g->arena);
    env_settings_free(&g->settings);
    ag_free(g->seeds);
    ag_free(g->episodes);
    ag_free(g->picture);
    ag_free(g);
}

static int read_settings(gym *g, const char *rest)
{
    const ag_env_options *o = g->options;
    if (o->width || o->height || o->depth)
        return ag_fail(AG_EINVAL, "sizes of pictures are settings of its own");
    int timeout = USUAL_TIMEOUT, code = env_settings_parse(rest, false, &g->settings);
    if (code == AG_OK)
        code = env_settings_take_int(&g->settings, "timeout", 1, MOST_TIMEOUT, USUAL_TIMEOUT,
                                     &timeout);
    g->process.patience = timeout;
    if (code == AG_OK)
        code = env_settings_take_int(&g->settings, "restart", 0, 1, 0, &g->restart);
    g->python = env_settings_take(&g->settings, "python");
    if (!g->python)
        g->python = getenv("AGENA_PYTHON");
    if (!g->python || !*g->python)
        g->python = "python3";
    return code;
}

static int prepare(gym *g, const char *rest)
{
    int code = read_settings(g, rest);
    if (code == AG_OK)
        code = ag_arena_new(&g->arena);
    if (code != AG_OK)
        return code;
    size_t batch = (size_t)g->options->batch;
    g->seeds = ag_calloc(batch, sizeof *g->seeds);
    g->episodes = ag_calloc(batch, sizeof *g->episodes);
    if (!g->seeds || !g->episodes)
        return AG_ENOMEM;
    for (int i = 0; i < g->options->batch; i++)
        g->seeds[i] = env_seed_of(g->options->seed, i);
    code = begin(g, g->arena, g->spec);
    if (code == AG_OK)
        code = lay_out(g);
    return code == AG_OK ? share(g) : code;
}

int env_gym_open(const char *rest, ag_env_spec *spec, const ag_env_options *options,
                 env_opened *out)
{
    gym *g = ag_calloc(1, sizeof *g);
    if (!g)
        return AG_ENOMEM;
    g->process = gym_process_none(USUAL_TIMEOUT);
    g->options = options;
    g->spec = spec;
    int code = prepare(g, rest);
    if (code != AG_OK) {
        close_gym(g);
        return code;
    }
    *out = (env_opened){ &driver, g };
    return AG_OK;
}

static const env_driver driver = {
    .close = close_gym, .reset = reset_gym, .seed = seed_gym, .step = step_gym, .render = render_gym
};
