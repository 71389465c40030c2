/* The bridge's process: started, called through eventfds, ended; its death and its silence are
 * errors. */
#include "env/gym.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_LINE = 1 << 20 };
static const size_t MOST_SHARED = (size_t)1 << 36;

static const double FAREWELL_SECONDS = 2;

/* Both sides look at the counts for a moment before they sleep on an eventfd, whose wake-up takes
 * longer than a quick environment's step. Only where stores are seen in their order: the other side
 * is Python, which has no barriers; and where both have a processor. */
#if defined(__x86_64__)
static const double SPIN_SECONDS = 150e-6;
#else
static const double SPIN_SECONDS = 0;
#endif

extern char **environ;

static int failed(const char *what)
{
    return ag_fail(AG_EIO, "%s: %s", what, strerror(errno));
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* ---- starting ---- */

gym_process gym_process_none(double seconds)
{
    return (gym_process){ .over = -1,
                          .lifeline = -1,
                          .talk = -1,
                          .memory = -1,
                          .picture = -1,
                          .go = -1,
                          .done = -1,
                          .patience = seconds };
}

/* What the child holds. */
typedef struct {
    int lifeline, talk; /* its ends */
} child_ends;

/* Descriptors 0 to 2, free in a program that has closed its own, are standard ones in the child. */
static int raise_above_standard(int *fd)
{
    if (*fd > STDERR_FILENO)
        return 0;
    int raised = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(*fd);
    *fd = raised;
    return raised < 0 ? -1 : 0;
}

static int open_channels(gym_process *p, child_ends *child)
{
    int talk[2], lifeline[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk))
        return failed("a pair of sockets cannot be made");
    p->talk = talk[0];
    child->talk = talk[1];
    if (pipe2(lifeline, O_CLOEXEC))
        return failed("a pipe cannot be made");
    p->lifeline = lifeline[1];
    child->lifeline = lifeline[0];
    p->memory = memfd_create("agena-gym", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    p->picture = memfd_create("agena-gym-picture", MFD_CLOEXEC);
    if (p->memory < 0 || p->picture < 0)
        return failed("shared memory cannot be made");
    p->go = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->go < 0 || p->done < 0)
        return failed("an eventfd cannot be made");
    int *all[] = { &p->talk,   &child->talk, &p->lifeline, &child->lifeline,
                   &p->memory, &p->picture,  &p->go,       &p->done };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (raise_above_standard(all[i]))
            return failed("descriptors cannot be copied");
    }
    return AG_OK;
}

/* Descriptors keep their numbers in the child: a copy onto itself stays open over exec. Standard
 * output goes to standard error, so that what environments print does not meet our output. */
static int prepare_files(posix_spawn_file_actions_t *files, const gym_process *p,
                         const child_ends *child)
{
    const int kept[] = { child->lifeline, child->talk, p->memory, p->picture, p->go, p->done };
    int error = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error && fcntl(STDERR_FILENO, F_GETFD) < 0) /* ours is closed */
        error = posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_adddup2(files, STDERR_FILENO, STDOUT_FILENO);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0] && !error; i++)
        error = posix_spawn_file_actions_adddup2(files, kept[i], kept[i]);
    return error;
}

/* In a group of its own: Ctrl-C is for us, and what it starts ends with it. */
static int prepare_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigemptyset(&none);
    int error =
        posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    return error ? error : posix_spawnattr_setsigmask(attributes, &none);
}

static int start_python(gym_process *p, const char *python, const child_ends *child, char *job)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    int error = prepare_files(&files, p, child);
    if (!error)
        error = prepare_attributes(&attributes);
    char *arguments[] = { (char *)python, "-c", (char *)gym_bridge_text, job, NULL };
    pid_t pid;
    if (!error)
        error = posix_spawnp(&pid, python, &files, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (error)
        return ag_fail(AG_EIO, "%.200s cannot be started: %s", python, strerror(error));
    p->pid = pid;
    p->owner = getpid();
    p->over = pidfd_open(pid, 0);
    return AG_OK;
}

static int add_descriptors(json_t *job, const gym_process *p, const child_ends *child)
{
    json_t *all = json_pack("{s:b,s:i,s:i,s:i,s:i,s:i,s:i}", "spin", p->spin_seconds > 0,
                            "lifeline", child->lifeline, "talk", child->talk, "memory", p->memory,
                            "picture", p->picture, "go", p->go, "done", p->done);
    int error = all ? json_object_update(job, all) : -1;
    json_decref(all);
    return error ? ag_fail(AG_ENOMEM, "out of memory (description of an environment)") : AG_OK;
}

int gym_spawn(gym_process *p, const char *python, json_t *job)
{
    *p = gym_process_none(p->patience);
    p->spin_seconds = ag_cpu_count() > 1 ? SPIN_SECONDS : 0;
    child_ends child = { -1, -1 };
    int code = open_channels(p, &child);
    if (code == AG_OK)
        code = add_descriptors(job, p, &child);
    /* ASCII: an argument is read by the rules of the locale. */
    char *text = code == AG_OK ? json_dumps(job, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    if (code == AG_OK)
        code = text ? start_python(p, python, &child, text)
                    : ag_fail(AG_ENOMEM, "out of memory (description of an environment)");
    free(text);
    shut(&child.lifeline);
    shut(&child.talk);
    return code;
}

/* ---- ending ---- */

static void release(gym_process *p)
{
    if (p->shared)
        munmap(p->shared, p->shared_bytes);
    p->shared = NULL;
    shut(&p->over);
    shut(&p->lifeline);
    shut(&p->talk);
    shut(&p->memory);
    shut(&p->picture);
    shut(&p->go);
    shut(&p->done);
}

/* End the process and what it started. Where posix_spawn does not wait for the new program, as
 * under qemu-user, it may not lead its group yet. */
static void kill_all(gym_process *p)
{
    kill(-p->pid, SIGKILL);
    kill(p->pid, SIGKILL);
    while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    p->pid = 0;
    release(p);
}

/* It has ended, or closed its socket, perhaps a moment before it ends. */
static int died(gym_process *p)
{
    int status = 0;
    double end = ag_seconds() + FAREWELL_SECONDS;
    pid_t got = 0;
    while (got == 0 && ag_seconds() < end) {
        got = waitpid(p->pid, &status, WNOHANG);
        if (got == 0)
            poll(NULL, 0, 1);
    }
    if (got != p->pid) {
        kill_all(p);
        return ag_fail(AG_EIO, "its Python process closed its connection and was ended");
    }
    kill(-p->pid, SIGKILL); /* what it started */
    p->pid = 0;
    release(p);
    if (WIFSIGNALED(status))
        return ag_fail(AG_EIO, "its Python process died of signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    return ag_fail(AG_EIO, "its Python process ended with status %d", WEXITSTATUS(status));
}

/* ---- talking ---- */

static void expect_answer(gym_process *p)
{
    p->deadline = ag_seconds() + p->patience;
}

/* Wait until fd can be read, or the process has ended or closed its socket. */
static int wait_for(gym_process *p, int fd)
{
    struct pollfd polled[] = { { .fd = fd, .events = POLLIN },
                               { .fd = p->talk, .events = 0 },
                               { .fd = p->over, .events = POLLIN } };
    for (;;) {
        double left = p->deadline - ag_seconds();
        int ready = poll(polled, 3, left > 0 ? (int)(left * 1000) + 1 : 0);
        if (ready > 0 && (polled[0].revents & POLLIN))
            return AG_OK;
        if (ready > 0)
            return died(p);
        if (ready < 0 && errno != EINTR)
            return failed("waiting for its Python process fails");
        if (ready == 0 && left <= 0) {
            kill_all(p);
            return ag_fail(AG_EIO, "its Python process did not answer within %g s and was ended",
                           p->patience);
        }
    }
}

/* Read a piece of the line; *used grows. */
static int hear_piece(gym_process *p, char *line, size_t *used)
{
    if (*used == MOST_LINE)
        return ag_fail(AG_EFORMAT, "its specification is longer than %d bytes", MOST_LINE);
    int code = wait_for(p, p->talk);
    if (code != AG_OK)
        return code;
    ssize_t got = recv(p->talk, line + *used, MOST_LINE - *used, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return AG_OK;
    if (got <= 0)
        return died(p);
    *used += (size_t)got;
    return AG_OK;
}

int gym_hear(gym_process *p, char **line)
{
    size_t used = 0;
    expect_answer(p);
    *line = ag_malloc(MOST_LINE + 1);
    int code = *line ? AG_OK : AG_ENOMEM;
    while (code == AG_OK && (used == 0 || (*line)[used - 1] != '\n'))
        code = hear_piece(p, *line, &used);
    if (code == AG_OK) {
        (*line)[used] = '\0';
        return AG_OK;
    }
    ag_free(*line);
    *line = NULL;
    return code;
}

static int tell(gym_process *p, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    if (!text)
        return ag_fail(AG_ENOMEM, "out of memory (layout of shared memory)");
    size_t length = strlen(text); /* a line that a socket holds as a whole */
    text[length] = '\n';
    ssize_t written = send(p->talk, text, length + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    free(text);
    return written == (ssize_t)length + 1 ? AG_OK : failed("the layout cannot be told");
}

static uint32_t *header_of(const gym_process *p)
{
    return (uint32_t *)p->shared;
}

static bool answered(const gym_process *p)
{
    return __atomic_load_n(&header_of(p)[GYM_ANSWERED], __ATOMIC_ACQUIRE) == p->asked;
}

static bool spin(const gym_process *p)
{
    double end = ag_seconds() + p->spin_seconds;
    while (!answered(p)) {
        if (ag_seconds() >= end)
            return false;
    }
    return true;
}

/* Sleep on the eventfd: on machines where we do not spin, its system calls alone order what the
 * other side has stored. A count may be left over from an answer that was spun for. */
static int sleep_until_done(gym_process *p)
{
    int code = AG_OK;
    do {
        uint64_t count;
        code = wait_for(p, p->done);
        if (code == AG_OK && read(p->done, &count, sizeof count) < 0 && errno != EAGAIN)
            code = failed("an eventfd cannot be read");
    } while (code == AG_OK && !answered(p));
    return code;
}

static int wait_done(gym_process *p)
{
    double begin = ag_seconds();
    if (p->brief && spin(p))
        return AG_OK;
    int code = sleep_until_done(p);
    p->brief = ag_seconds() - begin < 2 * p->spin_seconds;
    return code;
}

static int ask(gym_process *p)
{
    __atomic_store_n(&header_of(p)[GYM_ASKED], ++p->asked, __ATOMIC_RELEASE);
    uint64_t one = 1; /* EAGAIN: there are counts enough to wake it */
    return write(p->go, &one, sizeof one) > 0 || errno == EAGAIN
               ? AG_OK
               : failed("an eventfd cannot be written");
}

/* Once its size is sealed, no access to it can be a fault, whatever the other side does. */
static int make_memory(gym_process *p, size_t bytes)
{
    if (bytes > MOST_SHARED)
        return ag_fail(AG_ENOMEM, "the batch needs %zu bytes of shared memory; %zu are the most",
                       bytes, MOST_SHARED);
    if (ftruncate(p->memory, (off_t)bytes) ||
        fcntl(p->memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
        return failed("shared memory cannot be made");
    void *shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, p->memory, 0);
    if (shared == MAP_FAILED)
        return ag_fail(AG_ENOMEM, "out of memory (%zu bytes of shared memory asked for)", bytes);
    p->shared = shared;
    p->shared_bytes = bytes;
    return AG_OK;
}

int gym_share(gym_process *p, size_t bytes, json_t *layout)
{
    int code = make_memory(p, bytes);
    if (code != AG_OK)
        return code;
    p->brief = false;
    expect_answer(p);
    header_of(p)[GYM_ANSWERED] = p->asked++; /* being ready is the first answer */
    header_of(p)[GYM_ASKED] = p->asked;
    code = tell(p, layout);
    return code == AG_OK ? wait_done(p) : code;
}

int gym_call(gym_process *p)
{
    expect_answer(p);
    int code = ask(p);
    if (code == AG_OK)
        code = wait_done(p);
    if (code != AG_OK && p->pid)
        kill_all(p);
    return code;
}

void gym_end(gym_process *p)
{
    if (p->pid == 0 || p->owner != getpid()) {
        p->pid = 0;
        release(p);
        return;
    }
    if (p->shared) {
        header_of(p)[GYM_COMMAND] = GYM_QUIT;
        struct pollfd ending[] = { { .fd = p->talk, .events = 0 },
                                   { .fd = p->over, .events = POLLIN } };
        if (ask(p) == AG_OK)
            poll(ending, 2, (int)(FAREWELL_SECONDS * 1000));
    }
    kill_all(p);
}
