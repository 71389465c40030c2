/* bench/peer.c: a peer runs as a process of its own that measures once each time it is told to, so
 * that its repetitions alternate with ours and its start is paid once. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct bench_peer {
    const char *name;
    pid_t process;
    int in;    /* ours to write to */
    FILE *out; /* ours to read from */
};

enum { PEER_PATIENCE = 180 }; /* seconds that one repetition may take */

static const char *setting(const char *variable, const char *otherwise)
{
    const char *value = getenv(variable);
    return value && *value ? value : otherwise;
}

const char *bench_peers_folder(void)
{
    return setting("AGENA_PEERS", BENCH_PEERS);
}

const char *bench_agena_command(void)
{
    return setting("AGENA_COMMAND", BENCH_AGENA);
}

/* Start `arguments` with its standard input and output on the given ends of two pipes. */
static int spawn(char **arguments, int input, int output, pid_t *process)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    int error = posix_spawnp(process, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error ? ag_fail(AG_EIO, "cannot start %s: %s", arguments[0], strerror(error)) : AG_OK;
}

/* A pipe whose ends children do not inherit unless they are given to them by name. */
static int open_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC) ? ag_fail(AG_EIO, "pipe: %s", strerror(errno)) : AG_OK;
}

/* The peer's next line, in time. */
static int read_line(bench_peer *peer, char *line, int size)
{
    struct pollfd wait = { .fd = fileno(peer->out), .events = POLLIN };
    if (poll(&wait, 1, PEER_PATIENCE * 1000) <= 0)
        return ag_fail(AG_EIO, "%s said nothing for %d seconds", peer->name, PEER_PATIENCE);
    if (!fgets(line, size, peer->out))
        return ag_fail(AG_EIO, "%s ended before it had measured anything", peer->name);
    return AG_OK;
}

static int start(bench_peer *peer, const bench_case *bench)
{
    int to[2], from[2];
    if (open_pipe(to))
        return AG_EIO;
    if (open_pipe(from)) {
        close(to[0]);
        close(to[1]);
        return AG_EIO;
    }
    char *script = ag_format("%s/%s", bench_peers_folder(), bench->peer[0]);
    char *arguments[BENCH_PEER_ARGUMENTS + 2] = { (char *)setting("AGENA_PYTHON", BENCH_PYTHON),
                                                  script };
    for (int i = 1; i < BENCH_PEER_ARGUMENTS; i++)
        arguments[i + 1] = (char *)bench->peer[i];
    int error = script ? spawn(arguments, to[0], from[1], &peer->process) : AG_ENOMEM;
    ag_free(script);
    close(to[0]);
    close(from[1]);
    peer->in = to[1];
    peer->out = fdopen(from[0], "r");
    return error;
}

static void stop(bench_peer *peer)
{
    close(peer->in); /* it ends when its input does */
    if (peer->out)
        fclose(peer->out);
    if (peer->process > 0)
        waitpid(peer->process, NULL, 0);
    ag_free(peer);
}

int bench_peer_open(const bench_case *bench, bench_peer **out)
{
    *out = NULL;
    if (!bench->peer_name)
        return AG_OK;
    bench_peer *peer = ag_calloc(1, sizeof(*peer));
    if (!peer)
        return AG_ENOMEM;
    peer->name = bench->peer_name;
    char line[128];
    int error = start(peer, bench);
    if (!error)
        error = read_line(peer, line, sizeof(line));
    if (error) {
        fprintf(stderr, "%s: no peer: %s\n", bench->name, ag_error());
        stop(peer);
        return AG_OK;
    }
    *out = peer;
    return AG_OK;
}

int bench_peer_measure(bench_peer *peer, double *value)
{
    char line[128], *end;
    if (write(peer->in, "go\n", 3) != 3)
        return ag_fail(AG_EIO, "%s no longer listens: %s", peer->name, strerror(errno));
    int error = read_line(peer, line, sizeof(line));
    if (error)
        return error;
    *value = strtod(line, &end);
    if (end == line || *value <= 0)
        return ag_fail(AG_EFORMAT, "%s gave no figure but '%.60s'", peer->name, line);
    return AG_OK;
}

void bench_peer_close(bench_peer *peer)
{
    if (peer)
        stop(peer);
}
