/* Holds OpenMP and OpenBLAS at one thread where the pool already uses the processors.
 *
 * Both are weak symbols, so that a program without them (a small device) links base alone. */
#include "base/library_threads.h"

#include <pthread.h>

extern void omp_set_num_threads(int threads) __attribute__((weak));
extern int omp_get_max_threads(void) __attribute__((weak));
extern void openblas_set_num_threads(int threads) __attribute__((weak));

int base_library_threads_set(int threads)
{
    if (!omp_set_num_threads || !omp_get_max_threads)
        return 1;
    int old = omp_get_max_threads(); /* a variable of the calling thread */
    if (old != threads)
        omp_set_num_threads(threads);
    return old;
}

static void hold(void)
{
    if (!openblas_set_num_threads)
        return;
    /* OpenBLAS's OpenMP build sets the calling thread's OpenMP variable along with its own. */
    int old = base_library_threads_set(1);
    openblas_set_num_threads(1);
    base_library_threads_set(old);
}

void base_library_threads_hold(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, hold);
}
