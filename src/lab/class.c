/* The world as a class of environments: "lab/LEVEL". */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "env/env.h"
#include "lab/levels/levels.h"
#include "lab/render.h"

enum { USUAL_WIDTH = 96, USUAL_HEIGHT = 72, PREFIX = 4 /* of "lab/" */ };
enum { MOST_LEVELS = 64, NAME_SIZE = 64 };
enum { PICTURE, FRAMES_LEFT, INSTRUCTION };

typedef struct {
    lab_world *world;
    lab_view *view;
    uint8_t *rgb; /* for people */
    int width, height;
    bool depth;
} lab_env;

static const struct {
    const char *name;
    int low, high;
} ACTIONS[LAB_ACTIONS] = {
    { "LOOK_LEFT_RIGHT_PIXELS_PER_FRAME", -512, 512 },
    { "LOOK_DOWN_UP_PIXELS_PER_FRAME", -512, 512 },
    { "STRAFE_LEFT_RIGHT", -1, 1 },
    { "MOVE_BACK_FORWARD", -1, 1 },
    { "FIRE", 0, 1 },
    { "JUMP", 0, 1 },
    { "CROUCH", 0, 1 },
};

/* The levels' names with "lab/" before them, written once. */
static char names[MOST_LEVELS][NAME_SIZE];

static void write_names(void)
{
    const lab_level *level;
    for (int i = 0; i < MOST_LEVELS && (level = lab_level_at(i)); i++)
        snprintf(names[i], NAME_SIZE, "lab/%s", level->name);
}

static const char *list(int index, const char **summary)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const lab_level *level = index < MOST_LEVELS ? lab_level_at(index) : NULL;
    if (!level)
        return NULL;
    pthread_once(&once, write_names);
    *summary = level->summary;
    return names[index];
}

static const lab_level *level_of(const char *name)
{
    return strncmp(name, "lab/", PREFIX) == 0 ? lab_level_find(name + PREFIX) : NULL;
}

static int picture_size(const ag_env_options *options, int *width, int *height)
{
    *width = options->width ? options->width : USUAL_WIDTH;
    *height = options->height ? options->height : USUAL_HEIGHT;
    if (*width < 1 || *height < 1 || *width > LAB_VIEW_MAX || *height > LAB_VIEW_MAX)
        return ag_fail(AG_EINVAL, "a picture of %d x %d pixels; sides go from 1 to %d", *width,
                       *height, LAB_VIEW_MAX);
    return 0;
}

static int specify(const char *name, const ag_env_options *options, ag_env_spec *spec)
{
    const lab_level *level = level_of(name);
    int width, height;
    if (!level)
        return env_unknown(name);
    int rc = picture_size(options, &width, &height);
    if (rc)
        return rc;
    env_observe(spec, options->depth ? "RGBD_INTERLEAVED" : "RGB_INTERLEAVED", AG_OBSERVE_IMAGE, 3,
                (int[]){ height, width, options->depth ? 4 : 3 });
    env_observe(spec, "FRAMES_REMAINING_AT_60", AG_OBSERVE_FLOATS, 1, (int[]){ 1 });
    if (level->language)
        env_observe(spec, "INSTR", AG_OBSERVE_TEXT, 1, (int[]){ LAB_INSTRUCTION });
    for (int i = 0; i < LAB_ACTIONS; i++)
        env_act(spec, ACTIONS[i].name, false, ACTIONS[i].low, ACTIONS[i].high);
    spec->frames_per_second = LAB_TICKS;
    return 0;
}

static void close(void *state)
{
    lab_env *env = state;
    lab_world_free(env->world);
    lab_view_free(env->view);
    ag_free(env->rgb);
    ag_free(env);
}

static int open(const char *name, const ag_env_options *options, void **state)
{
    const lab_level *level = level_of(name);
    if (!level)
        return env_unknown(name);
    lab_env *env = ag_calloc(1, sizeof *env);
    if (!env)
        return AG_ENOMEM;
    env->depth = options->depth;
    int rc = picture_size(options, &env->width, &env->height);
    if (!rc)
        rc = lab_world_new(level, &env->world);
    if (!rc)
        rc = lab_view_new(env->width, env->height, options->depth, &env->view);
    if (!rc && !(env->rgb = ag_malloc((size_t)env->width * (size_t)env->height * 3)))
        rc = AG_ENOMEM;
    if (rc) {
        close(env);
        return rc;
    }
    *state = env;
    return 0;
}

static int episode(void *state, uint64_t seed, uint64_t number)
{
    lab_env *env = state;
    return lab_world_episode(env->world, seed, number);
}

static int step(void *state, const double *action, env_outcome *out)
{
    lab_world *w = ((lab_env *)state)->world;
    int whole[LAB_ACTIONS];
    for (int i = 0; i < LAB_ACTIONS; i++)
        whole[i] = (int)action[i];
    int rc = lab_world_tick(w, whole);
    out->reward = w->reward;
    out->terminated = w->ended;
    out->truncated = !w->ended && w->tick >= w->ticks;
    return rc;
}

static int observe(void *state, int observation, void *out)
{
    lab_env *env = state;
    const lab_world *w = env->world;
    switch (observation) {
    case PICTURE:
        lab_render(w, env->view);
        if (env->depth)
            lab_view_rgbd(env->view, out);
        else
            lab_view_rgb(env->view, out);
        break;
    case FRAMES_LEFT:
        *(float *)out = (float)(w->ticks - w->tick);
        break;
    default:
        memcpy(out, w->instruction, LAB_INSTRUCTION);
    }
    return 0;
}

static int render(void *state, const uint8_t **rgb, int *width, int *height)
{
    lab_env *env = state;
    lab_render(env->world, env->view);
    lab_view_rgb(env->view, env->rgb);
    *rgb = env->rgb;
    *width = env->width;
    *height = env->height;
    return 0;
}

const env_class env_lab = {
    .name = "lab/",
    .summary = "tasks in a 3-D world",
    .list = list,
    .share = 1,
    .specify = specify,
    .open = open,
    .close = close,
    .episode = episode,
    .step = step,
    .observe = observe,
    .render = render,
};
