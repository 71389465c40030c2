/* bench/bench_command.c: what a user of the command feels: time from the start of `agena wavenet
 * generate` to its first byte of audio, and the memory it holds while generating. */
#include "bench.h"
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The net's model in a file of its own, removed at the end. */
typedef struct {
    char path[64];
} model_file;

/* A running command and our end of its standard output. */
typedef struct {
    pid_t process;
    int output;
} command;

static int save_model(const char *path)
{
    ag_wavenet model = { .config = bench_net() };
    int code = bench_net_weights(&model.weights);
    if (code)
        return code;
    code = ag_wavenet_save(&model, path, AG_STORE_F32);
    ag_tensors_free(model.weights);
    return code;
}

static int open_model(const bench_case *self, void **state)
{
    (void)self;
    model_file *file = ag_calloc(1, sizeof(*file));
    if (!file)
        return AG_ENOMEM;
    snprintf(file->path, sizeof(file->path), "/tmp/agena-bench-%d.safetensors", (int)getpid());
    int code = save_model(file->path);
    if (code) {
        ag_free(file);
        return code;
    }
    *state = file;
    return AG_OK;
}

static void close_model(void *state)
{
    unlink(((model_file *)state)->path);
    ag_free(state);
}

static int start(const char *model, const char *seconds, command *c)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return ag_fail(AG_EIO, "pipe: %s", strerror(errno));
    const char *program = bench_agena_command();
    const char *arguments[] = { program, "wavenet", "generate", model, "--seconds",
                                seconds, "-o",      "-",        NULL };
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int error = posix_spawnp(&c->process, program, &actions, NULL, (char **)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    c->output = ends[0];
    if (!error)
        return AG_OK;
    close(ends[0]);
    return ag_fail(AG_EIO, "cannot start %s: %s", program, strerror(error));
}

/* Closing its output would end it by a signal, so all of it is read first. */
static int finish(const command *c)
{
    char buffer[4096];
    while (read(c->output, buffer, sizeof(buffer)) > 0) {
    }
    close(c->output);
    int status;
    if (waitpid(c->process, &status, 0) < 0 || status)
        return ag_fail(AG_EIO, "%s wavenet generate failed; run it by hand to see why",
                       bench_agena_command());
    return AG_OK;
}

static int measure_first_sample(const bench_case *self, void *state, double *value)
{
    (void)self;
    command c;
    char first;
    double begin = ag_seconds();
    int code = start(((model_file *)state)->path, "0.5", &c);
    if (code)
        return code;
    bool came = read(c.output, &first, 1) == 1;
    *value = (ag_seconds() - begin) * 1e3;
    code = finish(&c);
    return code || came ? code : ag_fail(AG_EIO, "the command gave no audio");
}

/* The largest resident size so far of a running process in MB, 0 when it cannot be read. Its own
 * rusage would not do: that begins with the size of the process that started it. */
static double peak_memory(pid_t process)
{
    char path[64], line[256];
    snprintf(path, sizeof(path), "/proc/%d/status", (int)process);
    FILE *file = fopen(path, "re");
    double kilobytes = 0;
    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "VmHWM: %lf", &kilobytes) == 1)
            break;
    }
    if (file)
        fclose(file);
    return kilobytes * 1024 / 1e6;
}

static int measure_memory(const bench_case *self, void *state, double *value)
{
    (void)self;
    command c;
    char buffer[4096];
    int code = start(((model_file *)state)->path, "4", &c);
    if (code)
        return code;
    *value = 0;
    while (read(c.output, buffer, sizeof(buffer)) > 0) {
        double now = peak_memory(c.process);
        *value = now > *value ? now : *value;
    }
    return finish(&c);
}

static const bench_case cases[] = {
    { .name = "wavenet-first-sample",
      .unit = "ms",
      .lower_is_better = true,
      .repeats = 9,
      .open = open_model,
      .measure = measure_first_sample,
      .close = close_model },
    { .name = "wavenet-generate-rss",
      .unit = "MB",
      .lower_is_better = true,
      .repeats = 3,
      .open = open_model,
      .measure = measure_memory,
      .close = close_model },
};

const bench_list bench_command_cases = { cases, sizeof(cases) / sizeof(cases[0]) };
