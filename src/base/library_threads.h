/* base/library_threads.h: the threads that OpenMP and OpenBLAS would start by themselves. */
#ifndef BASE_LIBRARY_THREADS_H
#define BASE_LIBRARY_THREADS_H

/* Once in a process: OpenBLAS computes on the thread that calls it. */
void base_library_threads_hold(void);
/* Threads of OpenMP regions that the calling thread opens; returns the number before (1 without
 * OpenMP). */
int base_library_threads_set(int threads);

#endif
