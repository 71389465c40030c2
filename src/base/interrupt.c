/* Ctrl-C: the first signal asks the work to stop, the second ends the process. */
#include <signal.h>

#include "agena/base.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

void ag_interrupt_install(void)
{
    /* SA_RESETHAND gives the second signal its usual effect. */
    struct sigaction action = { .sa_handler = on_signal,
                                .sa_flags = (int)SA_RESETHAND | SA_RESTART };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool ag_interrupted(void)
{
    return interrupted != 0;
}
