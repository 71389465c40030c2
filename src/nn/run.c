/* Run folders: their files, checkpoints and the log. */
#include "nn/run.h"

#include <string.h>
#include <unistd.h>

static const char recipe_key[] = "agena.recipe";

static int name_files(const char *folder, ag_run *run)
{
    run->folder = ag_strdup(folder);
    run->checkpoint = ag_format("%s/checkpoint.safetensors", folder);
    run->model = ag_format("%s/model.safetensors", folder);
    return run->folder && run->checkpoint && run->model ? 0 : AG_ENOMEM;
}

int ag_run_open(const char *recipe, const char *output, const char *otherwise, bool resume,
                ag_run *run)
{
    *run = (ag_run){ 0 };
    const char *folder = output ? output : otherwise;
    if (!folder) {
        return ag_fail(AG_EINVAL, "no run folder: give -o DIR or the key output in %s", recipe);
    }
    int status = name_files(folder, run);
    if (status < 0) {
        return status;
    }
    bool exists = access(run->checkpoint, F_OK) == 0;
    if (exists && !resume) {
        return ag_fail(AG_EINVAL,
                       "%s exists: go on with it by --resume, or give another run folder by -o",
                       run->checkpoint);
    }
    if (!exists && resume) {
        return ag_fail(AG_ENOTFOUND, "nothing to resume: there is no %s", run->checkpoint);
    }
    return 0;
}

int ag_run_begin(ag_run *run)
{
    int status = ag_make_folders(run->folder);
    run->last_saved = ag_seconds();
    return status < 0 ? status : ag_events_open(run->folder, &run->events);
}

void ag_run_close(ag_run *run)
{
    ag_events_close(run->events);
    ag_free(run->folder);
    ag_free(run->checkpoint);
    ag_free(run->model);
}

/* Where two texts first differ: that line of each, and what of it is shown. */
typedef struct {
    const char *a, *b;
    int a_length, b_length;
} difference;

static int line_length(const char *line)
{
    return (int)strcspn(line, "\n");
}

/* As much of a line as a sentence has room for. */
static int some(const char *line)
{
    enum { MOST = 200 };
    return line_length(line) < MOST ? line_length(line) : MOST;
}

static difference first_difference(const char *a, const char *b)
{
    while (*a && line_length(a) == line_length(b) && strncmp(a, b, strcspn(a, "\n")) == 0) {
        a += line_length(a) + (a[line_length(a)] == '\n');
        b += line_length(b) + (b[line_length(b)] == '\n');
    }
    a += strspn(a, " -");
    b += strspn(b, " -");
    return (difference){ a, b, some(a), some(b) };
}

int ag_run_same_recipe(const char *path, const char *then, const char *now)
{
    if (strcmp(then, now) == 0) {
        return 0;
    }
    difference d = first_difference(then, now);
    return ag_fail(AG_EINVAL,
                   "%s was made by another recipe (\"%.*s\", now \"%.*s\"): resume with the same "
                   "one",
                   path, d.a_length, d.a, d.b_length, d.b);
}

static int check_recipe(const ag_run *run, const ag_safetensors *f, const char *now)
{
    const char *then = ag_safetensors_meta(f, recipe_key);
    return then ? ag_run_same_recipe(run->checkpoint, then, now)
                : ag_fail(AG_EFORMAT, "%s is no checkpoint: its metadata has no %s",
                          run->checkpoint, recipe_key);
}

int ag_run_load(const ag_run *run, const char *text, ag_safetensors **out)
{
    int status = ag_safetensors_load(run->checkpoint, out);
    if (status == 0) {
        status = check_recipe(run, *out, text);
    }
    if (status < 0) {
        ag_safetensors_free(*out);
        *out = NULL;
    }
    return status;
}

int ag_run_save(ag_run *run, const char *text, ag_safetensors *f)
{
    int status = ag_safetensors_set_meta(f, recipe_key, text);
    if (status == 0) {
        status = ag_safetensors_save(f, run->checkpoint, AG_STORE_F32);
    }
    run->last_saved = ag_seconds();
    return status;
}

bool ag_run_save_is_due(const ag_run *run, int64_t step, int minutes, int64_t steps)
{
    return (ag_seconds() - run->last_saved) / 60 >= minutes || (steps && step % steps == 0);
}

int ag_run_stopped(int64_t step)
{
    return ag_fail(AG_EINTERRUPTED, "stopped at step %lld; saved: go on with --resume",
                   (long long)step);
}
