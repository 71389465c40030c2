/* Contact sheets and films of episodes. */
#include "lab/film.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/png.h"
#include "lab/render.h"
#include "lab/words.h"

extern char **environ;

enum { GAP = 4, FILM_RATE = 30, TICKS_A_FRAME = LAB_TICKS / FILM_RATE };

/* One episode being filmed. */
typedef struct {
    const lab_film *film;
    lab_world *world;
    lab_view *view;
    ag_rng rng;
    int action[LAB_ACTIONS];
    int ticks; /* that are filmed */
} shooting;

static void shooting_end(shooting *s)
{
    lab_world_free(s->world);
    lab_view_free(s->view);
}

static int shooting_begin(shooting *s, const lab_film *film, const lab_level *level)
{
    *s = (shooting){ .film = film };
    ag_rng_init(&s->rng, film->seed, AG_PURPOSE_SAMPLE, 0);
    int status = lab_view_new(film->width, film->height, false, &s->view);
    if (status == 0)
        status = lab_world_new(level, &s->world);
    if (status == 0)
        status = lab_world_episode(s->world, film->seed, 0);
    double ticks = film->seconds * LAB_TICKS;
    if (status == 0)
        s->ticks = ticks > 0 && ticks < s->world->ticks ? (int)ticks : s->world->ticks;
    return status;
}

static bool over(const shooting *s)
{
    return s->world->ended || s->world->tick >= s->ticks;
}

static int advance(shooting *s, int ticks)
{
    int status = 0;
    for (int i = 0; i < ticks && status == 0 && !over(s); i++) {
        if (s->world->tick % LAB_REPEAT == 0)
            lab_agent_act(s->film->agent, s->world, &s->rng, s->action);
        status = lab_world_tick(s->world, s->action);
    }
    return status;
}

/* ---- pictures: the view, the map to its right, and a line of words below ---- */

static int word_scale(const lab_film *film)
{
    return film->height < 480 ? 1 : film->height / 240;
}

static int picture_width(const lab_film *film, bool map)
{
    return film->width + (map ? film->height : 0);
}

static int picture_height(const lab_film *film)
{
    return film->height + LAB_LINE * word_scale(film);
}

/* How the episode stands and what is asked of the player; without a map, among other levels, which
 * one it is. */
static void write_words(const shooting *s, bool map, uint8_t *rgb, size_t stride)
{
    const lab_world *w = s->world;
    char text[LAB_INSTRUCTION + 64];
    int scale = word_scale(s->film), width = picture_width(s->film, map);
    lab_canvas strip = { rgb, stride, width, LAB_LINE * scale };
    for (int y = 0; y < strip.height; y++)
        memset(rgb + (size_t)y * stride, 0, 3 * (size_t)width);
    if (map)
        snprintf(text, sizeof text, "%.1f s  score %g  %s", (double)w->tick / LAB_TICKS, w->score,
                 w->instruction);
    else
        snprintf(text, sizeof text, "%s", w->level->name);
    lab_write(&strip, 2 * scale, 2 * scale, scale, LAB_RGB(255, 255, 255), text, (int)strlen(text));
}

/* Into a picture whose rows are `stride` bytes apart; scratch has room for the view. */
static void shoot(shooting *s, bool map, uint8_t *scratch, uint8_t *rgb, size_t stride)
{
    size_t row = 3 * (size_t)s->film->width;
    lab_render(s->world, s->view);
    lab_view_rgb(s->view, scratch);
    for (int y = 0; y < s->film->height; y++)
        memcpy(rgb + (size_t)y * stride, scratch + (size_t)y * row, row);
    if (map)
        lab_overview(s->world, s->film->height, rgb + row, stride);
    write_words(s, map, rgb + (size_t)s->film->height * stride, stride);
}

/* ---- contact sheets ---- */

typedef struct {
    uint8_t *rgb, *scratch;
    int columns, width, height; /* pictures a row; pixels of a picture */
    size_t stride;
    bool maps;
} sheet;

static uint8_t *place_of(const sheet *sh, int index)
{
    size_t x = (size_t)(index % sh->columns) * (size_t)(sh->width + GAP) + GAP;
    size_t y = (size_t)(index / sh->columns) * (size_t)(sh->height + GAP) + GAP;
    return sh->rgb + y * sh->stride + 3 * x;
}

/* When the episode ends: it is played once unseen. */
static int find_end(const lab_film *film, const lab_level *level, int *ticks)
{
    shooting s;
    int status = shooting_begin(&s, film, level);
    if (status == 0)
        status = advance(&s, s.ticks);
    if (status == 0)
        *ticks = s.world->tick;
    shooting_end(&s);
    return status;
}

static int shoot_level(const lab_film *film, const lab_level *level, const sheet *sh, int first)
{
    shooting s;
    int ticks = 0, status = shooting_begin(&s, film, level);
    if (status == 0)
        status = find_end(film, level, &ticks);
    int every = ticks / film->frames;
    if (status == 0)
        status = advance(&s, every / 2);
    for (int f = 0; status == 0 && f < film->frames; f++) {
        shoot(&s, sh->maps, sh->scratch, place_of(sh, first + f), sh->stride);
        status = f + 1 < film->frames ? advance(&s, every) : 0;
        if (status == 0 && ag_interrupted())
            status = ag_fail(AG_EINTERRUPTED, "interrupted");
    }
    shooting_end(&s);
    return status;
}

int lab_film_sheet(const lab_film *film, const lab_level *const *levels, int count, bool maps,
                   int columns, const char *path)
{
    int pictures = count * film->frames;
    sheet sh = { .columns = columns < pictures ? columns : pictures,
                 .width = picture_width(film, maps),
                 .height = picture_height(film),
                 .maps = maps };
    int64_t width = (int64_t)sh.columns * (sh.width + GAP) + GAP;
    int64_t height = (int64_t)((pictures - 1) / sh.columns + 1) * (sh.height + GAP) + GAP;
    if (width * height > 1 << 26)
        return ag_fail(AG_EINVAL,
                       "a sheet of %lld x %lld pixels is too large: fewer or smaller "
                       "frames",
                       (long long)width, (long long)height);
    sh.stride = 3 * (size_t)width;
    sh.rgb = ag_calloc((size_t)height, sh.stride);
    sh.scratch = ag_malloc(3 * (size_t)film->width * (size_t)film->height);
    int status = sh.rgb && sh.scratch ? 0 : AG_ENOMEM;
    for (int i = 0; status == 0 && i < count; i++)
        status = shoot_level(film, levels[i], &sh, i * film->frames);
    if (status == 0)
        status = base_png_write(path, sh.rgb, (int)width, (int)height, NULL, 0);
    ag_free(sh.rgb);
    ag_free(sh.scratch);
    return status;
}

/* ---- films ---- */

typedef struct {
    pid_t pid;
    FILE *frames;
} encoder;

/* Start ffmpeg on frames from a pipe. Its own words are not shown, only how it ended. */
static int encoder_start(encoder *e, int width, int height, const char *path, bool gif)
{
    char size[32];
    snprintf(size, sizeof size, "%dx%d", width, height);
    char *const words[] = { "ffmpeg",
                            "-loglevel",
                            "quiet",
                            "-y",
                            "-f",
                            "rawvideo",
                            "-pix_fmt",
                            "rgb24",
                            "-video_size",
                            size,
                            "-framerate",
                            "30",
                            "-i",
                            "-",
                            gif ? "-filter_complex" : "-pix_fmt",
                            gif ? "fps=15,split[a][b];[a]palettegen[p];[b][p]paletteuse"
                                : "yuv420p",
                            "-f",
                            gif ? "gif" : "mp4",
                            (char *)path,
                            NULL };
    int ends[2];
    if (pipe(ends) < 0)
        return ag_fail(AG_EIO, "cannot make a pipe: %s", strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int failed = posix_spawnp(&e->pid, "ffmpeg", &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    if (failed) {
        close(ends[1]);
        return ag_fail(AG_ENOTFOUND,
                       "films are encoded by ffmpeg, which cannot be started (%s): install it "
                       "(apt-get install ffmpeg) or write a .png",
                       strerror(failed));
    }
    e->frames = fdopen(ends[1], "wb");
    if (!e->frames) {
        close(ends[1]); /* or ffmpeg would wait for frames for ever, and we for it */
        return AG_ENOMEM;
    }
    return 0;
}

static int encoder_end(encoder *e, int status)
{
    int code = 0;
    if (e->frames && fclose(e->frames) != 0 && status == 0)
        status = ag_fail(AG_EIO, "ffmpeg took no more frames");
    if (e->pid > 0 && waitpid(e->pid, &code, 0) == e->pid && code != 0 && status == 0)
        status = ag_fail(AG_EIO, "ffmpeg could not encode the film");
    return status;
}

static int shoot_film(shooting *s, encoder *e, uint8_t *scratch, uint8_t *rgb, int width)
{
    ag_progress *progress = NULL;
    size_t stride = 3 * (size_t)width, size = stride * (size_t)picture_height(s->film);
    int status =
        ag_progress_new("filming", "frames", (uint64_t)(s->ticks / TICKS_A_FRAME), 0, &progress);
    while (status == 0 && !over(s)) {
        shoot(s, true, scratch, rgb, stride);
        if (fwrite(rgb, 1, size, e->frames) != size)
            status = ag_fail(AG_EIO, "ffmpeg took no more frames");
        if (status == 0)
            status = advance(s, TICKS_A_FRAME);
        if (status == 0 && ag_interrupted())
            status = ag_fail(AG_EINTERRUPTED, "interrupted");
        ag_progress_update(progress, (uint64_t)(s->world->tick / TICKS_A_FRAME), NULL);
    }
    ag_progress_end(progress);
    return status;
}

static bool ends_in(const char *path, const char *ending)
{
    size_t length = strlen(path), n = strlen(ending);
    return length > n && strcmp(path + length - n, ending) == 0;
}

/* ffmpeg does not say why it cannot write: a file is made before it is asked to. */
static int make_file(const char *path)
{
    FILE *f = fopen(path, "wb");
    return f && fclose(f) == 0 ? 0 : ag_fail(AG_EIO, "cannot write %s: %s", path, strerror(errno));
}

int lab_film_movie(const lab_film *film, const lab_level *level, const char *path)
{
    shooting s;
    encoder e = { 0, NULL };
    int width = picture_width(film, true), height = picture_height(film);
    if ((width | height) & 1)
        return ag_fail(AG_EINVAL,
                       "films have even sides, and with the map and words this one is %d x %d: "
                       "choose an even width and height",
                       width, height);
    char *half = ag_format("%s.part", path);
    uint8_t *rgb = ag_malloc(3 * (size_t)width * (size_t)height);
    uint8_t *scratch = ag_malloc(3 * (size_t)film->width * (size_t)film->height);
    int status = shooting_begin(&s, film, level);
    if (status == 0 && (!half || !rgb || !scratch))
        status = AG_ENOMEM;
    bool made = status == 0 && (status = make_file(half)) == 0;
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    if (status == 0)
        status = encoder_start(&e, width, height, half, ends_in(path, ".gif"));
    if (status == 0)
        status = shoot_film(&s, &e, scratch, rgb, width);
    status = encoder_end(&e, status);
    signal(SIGPIPE, before);
    if (status == 0 && rename(half, path) != 0)
        status = ag_fail(AG_EIO, "cannot write %s: %s", path, strerror(errno));
    if (status < 0 && made)
        unlink(half);
    shooting_end(&s);
    ag_free(rgb);
    ag_free(scratch);
    ag_free(half);
    return status;
}
