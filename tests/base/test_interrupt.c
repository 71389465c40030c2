/* Signals that ask to stop. */
#include <signal.h>
#include <sys/wait.h>

#include "base_test.h"

static int signal_twice(void *user)
{
    int number = *(int *)user;
    ag_interrupt_install();
    if (ag_interrupted())
        return 1;
    raise(number);
    if (!ag_interrupted())
        return 2;
    raise(number); /* this one ends the process */
    return 3;
}

static void the_second_signal_ends(void **state)
{
    (void)state;
    int numbers[] = { SIGINT, SIGTERM };
    for (int i = 0; i < 2; i++) {
        int status = in_child(signal_twice, &numbers[i]);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), numbers[i]);
    }
    assert_false(ag_interrupted());
}

void test_interrupt(test_list *list)
{
    ADD_TEST(list, "interrupt", the_second_signal_ends);
}
