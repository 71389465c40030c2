/* Training survives kill -9 at any moment: what it resumes to equals a run that was left alone. */
#include "agena/wavenet.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../common/files.h"
#include "tiny_run.h"

/* Run the training in a child, kill it after `microseconds` unless it ends before; its status, or
 * -1 if killed. */
static int run_and_kill(unsigned microseconds, bool *resume)
{
    *resume = access(tiny_path("killed/checkpoint.safetensors"), F_OK) == 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(tiny_train("killed", "24", *resume, 2) == 0 ? 0 : 1);
    }
    usleep(microseconds);
    kill(child, SIGKILL);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void kill_and_resume(void **state)
{
    (void)state;
    ag_rng rng;
    ag_rng_init(&rng, 2026, AG_PURPOSE_TEST, 0);
    int kills = 0, resumed = 0, status = -1;
    unsigned longest = 60000;
    while (status != 0) {
        bool resume;
        status = run_and_kill(1000 + (unsigned)ag_rng_below(&rng, longest), &resume);
        assert_int_not_equal(status, 1);
        kills += status < 0;
        resumed += resume;
        longest += longest / 8; /* slow machines get there too */
    }
    printf("# killed %d times, resumed %d times\n", kills, resumed);
    assert_true(kills > 0 && resumed > 0);
    assert_int_equal(tiny_train("calm", "24", false, 1), 0);
    assert_same_file(tiny_path("killed/checkpoint.safetensors"),
                     tiny_path("calm/checkpoint.safetensors"));
    assert_same_file(tiny_path("killed/model.safetensors"), tiny_path("calm/model.safetensors"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(kill_and_resume) };
    return cmocka_run_group_tests_name("wavenet-kill", tests, tiny_make, tiny_remove);
}
