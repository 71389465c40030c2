/* The bridge's process: all that can befall it, and hostile ones (hostile_bridge) in its place.
 * After each test no descriptor and no process is left. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "env/gym.h"
#include "env_test.h"

/* ---- nothing is left ---- */

static int descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static int open_before;

static int begin_watch(void **state)
{
    (void)state;
    open_before = descriptors();
    return 0;
}

static int end_watch(void **state)
{
    (void)state;
    assert_int_equal(descriptors(), open_before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    return 0;
}

/* ---- trouble in a step ---- */

/* Two steps, then one that goes wrong in environment 1. */
static void meet_trouble(play *p, const char *name, const char *part)
{
    play_open(p, name, &(ag_env_options){ .batch = 2 });
    assert_int_equal(ag_env_reset(p->env, NULL, &p->out), AG_OK);
    double actions[] = { 0, 0 };
    assert_int_equal(ag_env_step(p->env, actions, &p->out), AG_OK);
    assert_int_equal(ag_env_step(p->env, actions, &p->out), AG_OK);
    actions[1] = 1;
    assert_int_equal(ag_env_step(p->env, actions, &p->out), AG_EIO);
    assert_contains(ag_error(), name);
    assert_contains(ag_error(), part);
    assert_int_equal(ag_env_step(p->env, actions, &p->out), AG_EINVAL);
}

static void exceptions_are_told(void **state)
{
    (void)state;
    play p;
    meet_trouble(&p, "gym:gym_worlds:Troubled-v0?trouble=error",
                 "environment 1 of the batch: ValueError: the wheel came off");
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
    double actions[] = { 0, 1 };
    assert_int_equal(ag_env_step(p.env, actions, &p.out), AG_OK);
    play_close(&p);
    meet_trouble(
        &p, "gym:gym_worlds:Troubled-v0?trouble=shape",
        "environment 1 of the batch: ValueError: its observation is of shape (3,), not (1,)");
    play_close(&p);
    meet_trouble(&p, "gym:gym_worlds:Troubled-v0?trouble=stdin", "ValueError: ''");
    play_close(&p);
    meet_trouble(&p, "gym:gym_worlds:Troubled-v0?trouble=long", "ValueError: é");
    play_close(&p);
}

static void dead_bridges_are_told(void **state)
{
    (void)state;
    play p;
    meet_trouble(&p, "gym:gym_worlds:Troubled-v0?trouble=exit", "ended with status 3");
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_EIO);
    assert_contains(ag_error(), "its Python process has ended; ?restart=1 allows another");
    play_close(&p);
    meet_trouble(&p, "gym:gym_worlds:Troubled-v0?trouble=kill", "died of signal 9");
    play_close(&p);
    meet_trouble(&p, "gym:gym_worlds:Troubled-v0?trouble=leave", "ended with status 4");
    play_close(&p);
}

/* One that has closed its descriptors may still answer in the shared memory, once. */
static void deaf_bridges_are_told(void **state)
{
    (void)state;
    play p;
    play_open(&p, "gym:gym_worlds:Troubled-v0?trouble=close", &(ag_env_options){ .batch = 1 });
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
    int code = AG_OK;
    for (int t = 1; t <= 4 && code == AG_OK; t++)
        code = ag_env_step(p.env, &(double){ t == 3 }, &p.out);
    assert_int_equal(code, AG_EIO);
    assert_contains(ag_error(), "its Python process ");
    play_close(&p);
}

/* One that has left a child behind, with all its descriptors, is still missed at once. */
static void deaths_are_noticed_at_once(void **state)
{
    (void)state;
    play p;
    double begin = ag_seconds();
    meet_trouble(&p, "gym:gym_worlds:Troubled-v0?trouble=fork&timeout=600", "ended with status 3");
    assert_true(ag_seconds() - begin < 60);
    play_close(&p);
}

static void hung_bridges_are_ended(void **state)
{
    (void)state;
    play p;
    meet_trouble(&p, "gym:gym_worlds:Troubled-v0?trouble=hang&timeout=12",
                 "did not answer within 12 s and was ended");
    play_close(&p);
}

/* Of those that hang and hold the interpreter too, and of what they have started. */
static void holding_bridges_are_ended(void **state)
{
    (void)state;
    play p;
    meet_trouble(&p, "gym:gym_worlds:Troubled-v0?trouble=hold&timeout=12",
                 "did not answer within 12 s and was ended");
    play_close(&p);
}

static void quiet_log(void *user, ag_log_level level, const char *line)
{
    (void)level;
    snprintf(user, 256, "%s", line);
}

static void bridges_start_again_when_asked(void **state)
{
    (void)state;
    char logged[256] = "";
    ag_log_sink(quiet_log, logged, AG_LOG_WARN);
    play p;
    meet_trouble(&p, "gym:gym_worlds:Troubled-v0?trouble=kill&restart=1",
                 "a reset of the whole batch starts it again");
    assert_int_equal(ag_env_reset(p.env, (uint8_t[]){ 1, 0 }, &p.out), AG_EIO);
    assert_contains(ag_error(), "has ended; a reset of the whole batch starts it again");
    assert_int_equal(ag_env_reset(p.env, (uint8_t[]){ 1, 1 }, &p.out), AG_OK);
    assert_contains(logged, "starting its Python process again");
    double actions[] = { 0, 1 };
    assert_int_equal(ag_env_step(p.env, actions, &p.out), AG_OK);
    play_close(&p);
    ag_log_sink(NULL, NULL, AG_LOG_INFO);
}

/* ---- killed at any moment ---- */

typedef struct {
    pid_t pid;
    int microseconds;
} murder;

static void *kill_soon(void *user)
{
    const murder *m = user;
    usleep((useconds_t)m->microseconds);
    kill(m->pid, SIGKILL);
    return NULL;
}

static void killed_at_any_moment(void **state)
{
    (void)state;
    char logged[256] = "";
    ag_log_sink(quiet_log, logged, AG_LOG_WARN);
    play p;
    play_open(&p, "gym:gym_worlds:Known-v0?restart=1", &(ag_env_options){ .batch = 3 });
    for (int round = 0; round < 8; round++) {
        assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
        murder m = { (pid_t) * (float *)p.out.observation[0], 37 * round * round * round };
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, kill_soon, &m), 0);
        int code = AG_OK;
        for (int t = 0; code == AG_OK; t++)
            code = t % 5 == 4 ? ag_env_reset(p.env, NULL, &p.out) : play_step(&p);
        pthread_join(thread, NULL);
        assert_int_equal(code, AG_EIO);
        assert_contains(ag_error(), "gym:gym_worlds:Known-v0");
        assert_contains(ag_error(), "died of signal 9");
    }
    play_close(&p);
    ag_log_sink(NULL, NULL, AG_LOG_INFO);
}

/* ---- our own process ---- */

/* In a child that is killed while the bridge hangs: say that it begins, and hang. */
static void hang_with_a_bridge(int told)
{
    ag_env *env;
    double action = 1;
    int code = ag_env_open("gym:gym_worlds:Troubled-v0?trouble=hold&timeout=600",
                           &(ag_env_options){ .batch = 1 }, &env);
    if (code == AG_OK)
        code = ag_env_reset(env, NULL, NULL);
    for (int t = 0; t < 2 && code == AG_OK; t++)
        code = ag_env_step(env, &action, NULL);
    if (code == AG_OK && write(told, "x", 1) == 1)
        ag_env_step(env, &action, NULL);
    _exit(1);
}

/* 0 while it has none. */
static int first_child(int pid)
{
    char name[64];
    int child = 0;
    snprintf(name, sizeof name, "/proc/%d/task/%d/children", pid, pid);
    FILE *file = fopen(name, "r");
    if (!file || fscanf(file, "%d", &child) != 1)
        child = 0;
    if (file)
        fclose(file);
    return child;
}

/* kill -9 of a program leaves no bridge, and nothing that a bridge has started. */
static void nothing_survives_us(void **state)
{
    (void)state;
    int told[2];
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0)
        hang_with_a_bridge(told[1]);
    char c;
    close(told[1]);
    assert_int_equal(read(told[0], &c, 1), 1);
    close(told[0]);
    double end = ag_seconds() + 60;
    while (!first_child(first_child(child)) && ag_seconds() < end)
        usleep(1000); /* until it hangs */
    usleep(100000);
    kill(child, SIGKILL);
    int ended = 0;
    while (ag_seconds() < end) {
        pid_t got = waitpid(-1, NULL, WNOHANG);
        if (got < 0)
            break;
        ended += got > 0;
        usleep(1000);
    }
    assert_int_equal(ended, 3); /* the child, the bridge, the program that that started */
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/* A fork has the memory and the descriptors, but must not disturb the bridge. */
static void forks_leave_it_alone(void **state)
{
    (void)state;
    play p;
    play_open(&p, "gym:gym_worlds:Troubled-v0", &(ag_env_options){ .batch = 2 });
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
    pid_t child = fork();
    if (child == 0) {
        const uint8_t *rgb;
        int width, height;
        bool refused = play_step(&p) == AG_EINVAL && strstr(ag_error(), "this is a fork") &&
                       ag_env_reset(p.env, NULL, &p.out) == AG_EINVAL &&
                       ag_env_render(p.env, 0, &rgb, &width, &height) == AG_EINVAL &&
                       ag_env_seed(p.env, 0, 1) == AG_OK;
        ag_env_close(p.env);
        _exit(refused ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    for (int t = 0; t < 3; t++)
        assert_int_equal(play_step(&p), AG_OK);
    play_close(&p);
}

static int play_a_little(const char *name)
{
    ag_env *env;
    double actions[2 * 6] = { 0 };
    int code = ag_env_open(name, &(ag_env_options){ .batch = 2 }, &env);
    if (code == AG_OK)
        code = ag_env_reset(env, NULL, NULL);
    for (int t = 0; t < 4 && code == AG_OK; t++)
        code = ag_env_step(env, actions, NULL);
    ag_env_close(env);
    return code;
}

/* A program without standard input, output and errors: ours get those numbers. */
static void standard_descriptors_may_be_closed(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        close(STDIN_FILENO);
        close(STDOUT_FILENO);
        close(STDERR_FILENO);
        _exit(play_a_little("gym:gym_worlds:Mixed-v0") == AG_EIO ? 1
              : play_a_little("gym:gym_worlds:Troubled-v0")      ? 2
                                                                 : 0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* What a setting says arrives whatever Python takes for the letters of its arguments. */
static void locales_do_not_matter(void **state)
{
    (void)state;
    setenv("LC_ALL", "C", 1);
    setenv("PYTHONCOERCECLOCALE", "0", 1);
    setenv("PYTHONUTF8", "0", 1);
    play p;
    play_open(&p, "gym:gym_worlds:Mixed-v0?mission=caf%C3%A9%20", &(ag_env_options){ .batch = 1 });
    unsetenv("LC_ALL");
    unsetenv("PYTHONCOERCECLOCALE");
    unsetenv("PYTHONUTF8");
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
    assert_memory_equal(p.out.observation[5], "café café", 11);
    play_close(&p);
}

/* With one processor neither side spins: all waiting is sleep. */
static void one_processor_is_enough(void **state)
{
    (void)state;
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++) {
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &one);
    }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(ag_cpu_count(), 1);
    play p;
    ag_env_options options = { .batch = 3, .seed = 4, .auto_reset = true };
    play_open(&p, "gym:CartPole-v1", &options);
    uint64_t hash = play_run(&p, 200, 1);
    play_close(&p);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    play_open(&p, "gym:CartPole-v1", &options);
    assert_true(play_run(&p, 200, 1) == hash);
    play_close(&p);
}

/* ---- the count of commands ---- */

enum { MESSAGE = 64, REST = MESSAGE + GYM_MESSAGE_BYTES, SHARED = REST + 512 };

static json_t *small_layout(void)
{
    return json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:[i]}", "size", SHARED, "message",
                     MESSAGE, "message_bytes", GYM_MESSAGE_BYTES, "seeds", REST, "mask", REST + 64,
                     "reward", REST + 128, "terminated", REST + 192, "truncated", REST + 256,
                     "actions", REST + 320, "observations", REST + 384);
}

/* It goes around after 2^32 of them: some hours of quick environments. */
static void commands_are_counted_round(void **state)
{
    (void)state;
    gym_process p = gym_process_none(60);
    json_t *job = json_pack("{s:s,s:i,s:i,s:b,s:{}}", "id", "gym_worlds:Troubled-v0", "batch", 1,
                            "repeat", 1, "auto_reset", 1, "settings");
    assert_int_equal(gym_spawn(&p, getenv("AGENA_PYTHON"), job), AG_OK);
    char *line;
    assert_int_equal(gym_hear(&p, &line), AG_OK);
    ag_free(line);
    json_t *layout = small_layout();
    p.asked = UINT32_MAX - 5;
    assert_int_equal(gym_share(&p, SHARED, layout), AG_OK);
    uint32_t *header = (uint32_t *)p.shared;
    p.shared[REST + 64] = 1;
    for (int i = 0; i < 20; i++) {
        header[GYM_COMMAND] = i == 0 ? GYM_RESET : GYM_STEP;
        if (i == 14) /* the other way round, where a signed count would end */
            header[GYM_ASKED] = header[GYM_ANSWERED] = p.asked = INT32_MAX;
        assert_int_equal(gym_call(&p), AG_OK);
        assert_int_equal(header[GYM_STATUS], 0);
    }
    assert_true(p.asked == (uint32_t)INT32_MAX + 6);
    gym_end(&p);
    json_decref(job);
    json_decref(layout);
}

/* ---- hostile bridges ---- */

static const char *hostile(const char *mode)
{
    static char name[1024];
    snprintf(name, sizeof name, "gym:%s?timeout=8&python=%s", mode, getenv("hostile_bridge"));
    return name;
}

static void absurd_specifications_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *mode, *part;
        int code;
    } cases[] = {
        { "garbage", "the bridge tells what is no JSON", AG_EFORMAT },
        { "array", "the bridge tells of no observations", AG_EFORMAT },
        { "empty", "the bridge tells of no observations", AG_EFORMAT },
        { "nan", "the bridge tells what is no JSON", AG_EFORMAT },
        { "deep", "the bridge tells what is no JSON", AG_EFORMAT },
        { "many_observations", "its specification is longer than 1048576 bytes", AG_EFORMAT },
        { "many_actions", "10000 components; 64 are the most", AG_EINVAL },
        { "no_name", "something without a name", AG_EFORMAT },
        { "no_type", "an observation of no known type", AG_EFORMAT },
        { "minus", "observation x has an axis of 0 elements", AG_EINVAL },
        { "huge", "observation x is over the most of", AG_EINVAL },
        { "larger", "the bridge tells what is no JSON", AG_EFORMAT },
        { "axes", "observation x has 1000 axes", AG_EFORMAT },
        { "text_axes", "observation x has 0 axes", AG_EFORMAT },
        { "backwards", "action act goes from 5 to -5", AG_EFORMAT },
        { "drip", "did not answer within 8 s", AG_EIO },
        { "endless", "its specification is longer than 1048576 bytes", AG_EFORMAT },
        { "shut", "closed its connection and was ended", AG_EIO },
        { "torn", "ended with status 5", AG_EIO },
        { "late", "ended with status 6", AG_EIO },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(hostile(cases[i].mode), NULL, cases[i].code, cases[i].part);
    assert_refused(hostile("memory"), &(ag_env_options){ .batch = 128 }, AG_ENOMEM,
                   "bytes of shared memory; 68719476736 are the most");
}

static void step_with(play *p, const char *mode, int code, const char *part)
{
    play_open(p, hostile(mode), &(ag_env_options){ .batch = 1 });
    if (ag_env_reset(p->env, NULL, &p->out) != AG_OK)
        fail_msg("%s", ag_error());
    int got = play_step(p);
    if (got != code)
        fail_msg("%s: %d instead of %d (%s)", mode, got, code, ag_error());
    if (part)
        assert_contains(ag_error(), part);
}

static void absurd_answers_do_no_harm(void **state)
{
    (void)state;
    play p;
    step_with(&p, "shrink", AG_OK, NULL);
    play_close(&p);
    step_with(&p, "message", AG_EIO, "environment 4294967295 of the batch: mmmm");
    assert_true(strlen(ag_error()) < GYM_MESSAGE_BYTES);
    play_close(&p);
    step_with(&p, "flags", AG_OK, NULL);
    assert_int_equal(p.out.terminated[0], 1);
    assert_int_equal(p.out.truncated[0], 1);
    assert_true(p.out.reward[0] != p.out.reward[0]);
    play_close(&p);
    step_with(&p, "count", AG_EIO, "did not answer within 8 s");
    play_close(&p);
    step_with(&p, "noise", AG_EIO, "did not answer within 8 s");
    play_close(&p);
    step_with(&p, "stale", AG_EIO, "did not answer within 8 s");
    play_close(&p);
    step_with(&p, "stuffed", AG_OK, NULL);
    assert_int_equal(play_step(&p), AG_OK);
    play_close(&p);
}

static void absurd_pictures_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = { { "picture",
                                              "its picture is 2147483648 by 2147483648" },
                                            { "nothing", "its picture is 0 by 5 pixels" },
                                            { "short", "its picture cannot be read" } };
    for (int i = 0; i < 3; i++) {
        play p;
        const uint8_t *rgb;
        int width, height;
        step_with(&p, cases[i][0], AG_OK, NULL);
        int code = ag_env_render(p.env, 0, &rgb, &width, &height);
        assert_true(code == AG_EFORMAT || code == AG_EIO);
        assert_contains(ag_error(), cases[i][1]);
        play_close(&p);
    }
}

#define ADD(list, function) ADD_TEST_IN(list, "bridge", function, begin_watch, end_watch)

void test_bridge(test_list *list)
{
    ADD(list, exceptions_are_told);
    ADD(list, dead_bridges_are_told);
    ADD(list, deaf_bridges_are_told);
    ADD(list, deaths_are_noticed_at_once);
    ADD(list, hung_bridges_are_ended);
    ADD(list, holding_bridges_are_ended);
    ADD(list, bridges_start_again_when_asked);
    ADD(list, killed_at_any_moment);
    if (!emulated()) /* qemu-user knows no subreapers */
        ADD(list, nothing_survives_us);
    ADD(list, forks_leave_it_alone);
    ADD(list, standard_descriptors_may_be_closed);
    ADD(list, locales_do_not_matter);
    ADD(list, one_processor_is_enough);
    ADD(list, commands_are_counted_round);
    ADD(list, absurd_specifications_are_refused);
    ADD(list, absurd_answers_do_no_harm);
    ADD(list, absurd_pictures_are_refused);
}
