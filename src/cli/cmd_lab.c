/* agena lab: the levels of the 3-D world: their list, pictures and films, scores, playing them. */
#include "cli/common.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "lab/film.h"
#include "lab/render.h"
#include "lab/score.h"

#include "cli/lab_window.h"

/* Which level was meant: one whose name is near, or has the word in it. */
static int unknown_level(const char *name)
{
    const lab_level *level;
    base_suggestion s = base_suggest_begin(name);
    for (int i = 0; (level = lab_level_at(i)); i++)
        base_suggest_offer(&s, level->name);
    for (int i = 0; !s.best && (level = lab_level_at(i)); i++)
        s.best = *name && strstr(level->name, name) ? level->name : NULL;
    if (s.best)
        return ag_fail(AG_ENOTFOUND,
                       "there is no level %s, did you mean %s? `agena lab list` names all", name,
                       s.best);
    return ag_fail(AG_ENOTFOUND, "there is no level %s: `agena lab list` names them", name);
}

static int find_level(const char *name, const lab_level **level)
{
    name = strncmp(name, "lab/", 4) == 0 ? name + 4 : name;
    *level = lab_level_find(name);
    return *level ? 0 : unknown_level(name);
}

static int count_levels(void)
{
    int count = 0;
    while (lab_level_at(count))
        count++;
    return count;
}

/* ---- list ---- */

typedef struct {
    bool json;
} list_options;

static int run_list(const void *options)
{
    const list_options *o = options;
    const lab_level *level;
    for (int i = 0; (level = lab_level_at(i)); i++) {
        if (o->json)
            printf("{\"name\":\"lab/%s\",\"seconds\":%d,\"instruction\":%s,\"summary\":\"%s\"}\n",
                   level->name, level->seconds, level->language ? "true" : "false", level->summary);
        else
            printf("%-40s %4d s  %s\n", level->name, level->seconds, level->summary);
    }
    return 0;
}

static const cli_option list_table[] = {
    CLI_JSON(list_options, CLI_OBJECT_LINE),
    { 0 },
};

static const cli_command lab_list = {
    .name = "list",
    .summary = "Name the levels",
    .description = "Each level with the seconds of an episode and what there is to do.",
    .options = list_table,
    .size = sizeof(list_options),
    .run = run_list,
};

/* ---- show ---- */

typedef struct {
    const char *level, *output;
    int64_t seed, width, height, frames;
    double seconds;
    bool random;
} show_options;

static bool ends_in(const char *path, const char *ending)
{
    size_t length = strlen(path), n = strlen(ending);
    return length > n && strcmp(path + length - n, ending) == 0;
}

static int show_all(const show_options *o, lab_film *film)
{
    enum { MOST = 64, GLIMPSE = 12 /* seconds in which something happens */ };
    const lab_level *levels[MOST];
    int count = 0;
    if (!ends_in(o->output, ".png"))
        return ag_fail(CLI_USAGE, "%s: the picture of all levels is a .png", o->output);
    while (count < MOST && (levels[count] = lab_level_at(count)))
        count++;
    film->frames = o->frames ? (int)o->frames : 1;
    film->seconds = o->seconds > 0 ? o->seconds : GLIMPSE;
    int columns = film->frames > 1 ? film->frames : 6;
    return lab_film_sheet(film, levels, count, false, columns, o->output);
}

static int show_one(const show_options *o, lab_film *film)
{
    const lab_level *level;
    int status = find_level(o->level, &level);
    if (status < 0)
        return status;
    if (ends_in(o->output, ".gif") || ends_in(o->output, ".mp4"))
        return lab_film_movie(film, level, o->output);
    if (!ends_in(o->output, ".png"))
        return ag_fail(CLI_USAGE, "%s: the output ends in .png, .gif or .mp4", o->output);
    film->frames = o->frames ? (int)o->frames : 12;
    return lab_film_sheet(film, &level, 1, true, 3, o->output);
}

static int run_show(const void *options)
{
    const show_options *o = options;
    lab_film film = { .agent = o->random ? LAB_RANDOM : LAB_EXPERT,
                      .seed = (uint64_t)o->seed,
                      .width = (int)o->width,
                      .height = (int)o->height,
                      .seconds = o->seconds };
    return strcmp(o->level, "all") == 0 ? show_all(o, &film) : show_one(o, &film);
}

static const cli_option show_table[] = {
    { .type = CLI_STRING,
      .required = true,
      .value = "LEVEL",
      .help = "a level, or all",
      .offset = offsetof(show_options, level) },
    CLI_OUTPUT(show_options, CLI_FILE, "FILE",
               "what to write: .png is a contact sheet, .gif and .mp4 are films"),
    CLI_SEED(show_options, "of the episode"),
    { .name = "width",
      .type = CLI_INT,
      .value = "N",
      .normal = "320",
      .least = 1,
      .most = LAB_VIEW_MAX,
      .help = "pixels of the player's view",
      .offset = offsetof(show_options, width) },
    { .name = "height",
      .type = CLI_INT,
      .value = "N",
      .normal = "240",
      .least = 1,
      .most = LAB_VIEW_MAX,
      .help = "pixels of the player's view",
      .offset = offsetof(show_options, height) },
    { .name = "seconds",
      .type = CLI_DOUBLE,
      .value = "S",
      .normal = "0",
      .least = 0,
      .most = 3600,
      .help = "how much of the episode; 0: all of it, or 12 s of each level for all",
      .offset = offsetof(show_options, seconds) },
    { .name = "frames",
      .type = CLI_INT,
      .value = "N",
      .normal = "0",
      .least = 0,
      .most = 400,
      .help = "pictures of a contact sheet; 0: 12, or 1 of each level for all",
      .offset = offsetof(show_options, frames) },
    { .name = "random",
      .type = CLI_FLAG,
      .help = "the random agent plays, not the scripted expert",
      .offset = offsetof(show_options, random) },
    { 0 },
};

static const cli_command lab_show = {
    .name = "show",
    .summary = "Draw or film an episode",
    .description = "What the player sees beside the map from above, and time, score and "
                   "instruction below, while the scripted expert of the level plays. Films are "
                   "encoded by the program ffmpeg.",
    .options = show_table,
    .examples =
        (const cli_example[]){
            { "agena lab show rooms_watermaze -o pool.png", "A contact sheet." },
            { "agena lab show lasertag_one_opponent_small --seconds 20 -o tag.mp4",
              "Twenty seconds as a film." },
            { "agena lab show all --width 160 --height 120 -o levels.png",
              "One picture of each level." },
            { 0 },
        },
    .size = sizeof(show_options),
    .run = run_show,
};

/* ---- baseline ---- */

typedef struct {
    const char *level;
    int64_t episodes, seed, threads;
    bool json;
} baseline_options;

typedef struct {
    const baseline_options *o;
    const lab_level **levels;
    double *score; /* [levels, 2 agents, episodes] */
} baseline;

static int play_task(void *user, int task, int worker)
{
    (void)worker;
    baseline *b = user;
    int episodes = (int)b->o->episodes, level = task / (2 * episodes);
    lab_agent agent = task / episodes % 2 ? LAB_EXPERT : LAB_RANDOM;
    if (ag_interrupted())
        return ag_fail(AG_EINTERRUPTED, "interrupted");
    return lab_score(b->levels[level], agent, (uint64_t)b->o->seed, (uint64_t)(task % episodes),
                     &b->score[task]);
}

static double mean(const double *score, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += score[i];
    return sum / count;
}

static void print_baseline(const baseline *b, int levels)
{
    int n = (int)b->o->episodes;
    if (!b->o->json)
        printf("%-40s %9s %9s   mean score of %d episodes\n", "level", "random", "expert", n);
    for (int i = 0; i < levels; i++) {
        const double *score = b->score + (size_t)(2 * i * n);
        double random = mean(score, n), expert = mean(score + n, n);
        if (b->o->json)
            printf("{\"level\":\"lab/%s\",\"episodes\":%d,\"random\":%.4f,\"expert\":%.4f}\n",
                   b->levels[i]->name, n, random, expert);
        else
            printf("%-40s %9.2f %9.2f\n", b->levels[i]->name, random, expert);
    }
}

/* Level after level, so that progress can be shown. */
static int play_all(baseline *b, int levels, ag_pool *pool)
{
    int each = 2 * (int)b->o->episodes;
    ag_progress *progress = NULL;
    int status = ag_progress_new("playing", "episodes", (uint64_t)(levels * each), 0, &progress);
    for (int i = 0; status == 0 && i < levels; i++) {
        baseline one = *b;
        one.levels = b->levels + i;
        one.score = b->score + (size_t)(i * each);
        status = ag_pool_run(pool, each, play_task, &one);
        ag_progress_update(progress, (uint64_t)((i + 1) * each), b->levels[i]->name);
    }
    ag_progress_end(progress);
    return status;
}

static int run_baseline(const void *options)
{
    const baseline_options *o = options;
    int levels = o->level ? 1 : count_levels();
    baseline b = { .o = o };
    b.levels = ag_calloc((size_t)levels, sizeof *b.levels);
    b.score = ag_calloc((size_t)levels * 2 * (size_t)o->episodes, sizeof *b.score);
    ag_pool *pool = NULL;
    int status = b.levels && b.score ? ag_pool_new((int)o->threads, &pool) : AG_ENOMEM;
    for (int i = 0; status == 0 && i < levels; i++)
        status = o->level                          ? find_level(o->level, &b.levels[i])
                 : (b.levels[i] = lab_level_at(i)) ? 0
                                                   : AG_ENOTFOUND;
    if (status == 0)
        status = play_all(&b, levels, pool);
    if (status == 0)
        print_baseline(&b, levels);
    ag_pool_free(pool);
    ag_free(b.levels);
    ag_free(b.score);
    return status;
}

static const cli_option baseline_table[] = {
    { .type = CLI_STRING,
      .value = "LEVEL",
      .help = "one level; all of them when it is not given",
      .offset = offsetof(baseline_options, level) },
    { .name = "episodes",
      .type = CLI_INT,
      .value = "N",
      .normal = "20",
      .least = 1,
      .most = 100000,
      .help = "of each agent and level",
      .offset = offsetof(baseline_options, episodes) },
    CLI_SEED(baseline_options, "of the episodes"),
    CLI_THREADS(baseline_options),
    CLI_JSON(baseline_options, CLI_OBJECT_LINE),
    { 0 },
};

static const cli_command lab_baseline = {
    .name = "baseline",
    .summary = "Scores of the random agent and the scripted expert",
    .description = "The scale for an agent's score on a level: 0 is the random agent, 100 the "
                   "scripted expert, which reads the map. Both act every fourth tick.",
    .options = baseline_table,
    .size = sizeof(baseline_options),
    .run = run_baseline,
};

/* ---- play ---- */

typedef struct {
    const char *level, *record, *player;
    int64_t seed, width, height;
    double seconds;
} play_options;

/* One line of JSON for each episode played to its end. */
static int record(const play_options *o, const lab_level *level, const cli_lab_result *r)
{
    FILE *f = fopen(o->record, "a");
    json_t *line = json_pack("{s:s, s:s, s:I, s:I, s:f, s:f}", "level", level->name, "player",
                             o->player, "seed", (json_int_t)o->seed, "episode",
                             (json_int_t)r->episode, "score", r->score, "seconds", r->seconds);
    bool good = f && line && json_dumpf(line, f, JSON_COMPACT) == 0 && fputc('\n', f) != EOF;
    good = f && fclose(f) == 0 && good;
    json_decref(line);
    return good ? 0 : ag_fail(AG_EIO, "the score could not be written to %s", o->record);
}

/* Say how an episode ended; one played to its end is recorded. */
static int report(const play_options *o, const lab_level *level, const cli_lab_result *r)
{
    if (r->finished)
        printf("episode %lld: score %g in %.1f s\n", (long long)r->episode, r->score, r->seconds);
    else
        printf("episode %lld: left after %.1f s with score %g%s\n", (long long)r->episode,
               r->seconds, r->score, o->record ? ", not recorded" : "");
    fflush(stdout);
    return o->record && r->finished ? record(o, level, r) : 0;
}

/* Who plays for minutes learns at once that the score could not be kept. */
static int try_record(const play_options *o)
{
    FILE *f = o->record ? fopen(o->record, "a") : NULL;
    if (o->record && (!f || fclose(f) != 0))
        return ag_fail(AG_EIO, "scores cannot be written to %s: %s", o->record, strerror(errno));
    return 0;
}

static int run_play(const void *options)
{
    const play_options *o = options;
    const lab_level *level;
    int status = find_level(o->level, &level);
    cli_lab_window *window = NULL;
    if (status == 0)
        status = try_record(o);
    if (status == 0)
        status = cli_lab_open(level, (int)o->width, (int)o->height, &window);
    bool stays = true;
    for (int64_t episode = 0; status == 0 && stays; episode++) {
        cli_lab_result result = { .episode = episode };
        status = cli_lab_play(window, (uint64_t)o->seed, o->seconds, &result);
        if (status == 0)
            status = report(o, level, &result);
        stays = !result.quit;
        if (status == 0 && stays && result.finished)
            stays = cli_lab_linger(window, o->seconds);
    }
    cli_lab_close(window);
    return status;
}

static const cli_option play_table[] = {
    { .type = CLI_STRING,
      .required = true,
      .value = "LEVEL",
      .help = "a level",
      .offset = offsetof(play_options, level) },
    CLI_SEED(play_options, "of the episodes"),
    { .name = "record",
      .type = CLI_FILE,
      .value = "FILE",
      .help = "append a line of JSON with the score of each episode played to its end",
      .offset = offsetof(play_options, record) },
    { .name = "player",
      .type = CLI_STRING,
      .value = "NAME",
      .normal = "human",
      .help = "name in the record",
      .offset = offsetof(play_options, player) },
    { .name = "width",
      .type = CLI_INT,
      .value = "N",
      .normal = "640",
      .least = 64,
      .most = 3840,
      .help = "pixels of the view",
      .offset = offsetof(play_options, width) },
    { .name = "height",
      .type = CLI_INT,
      .value = "N",
      .normal = "480",
      .least = 48,
      .most = 2160,
      .help = "pixels of the view",
      .offset = offsetof(play_options, height) },
    { .name = "seconds",
      .type = CLI_DOUBLE,
      .value = "S",
      .normal = "0",
      .least = 0,
      .most = 86400,
      .help = "leave after so long; 0: when you like",
      .offset = offsetof(play_options, seconds) },
    { 0 },
};

static const cli_command lab_play = {
    .name = "play",
    .summary = "Play a level yourself",
    .description = "A window with the player's view, score, time and instruction. The mouse, the "
                   "arrow keys left and right, Page Up and Page Down look, W A S D walk, the left "
                   "button or Ctrl fires, space jumps where a level allows it. P waits, as does a "
                   "window that another one is put before; N begins the next episode, M lets the "
                   "mouse go, H shows and hides what keys do, Esc leaves.",
    .options = play_table,
    .size = sizeof(play_options),
    .run = run_play,
};

const cli_command cli_lab = {
    .name = "lab",
    .summary = "The 3-D world of thirty tasks: list, draw, measure and play its levels",
    .subcommands =
        (const cli_command *const[]){ &lab_list, &lab_show, &lab_play, &lab_baseline, NULL },
};
