/* files.h: what tests of several rooms ask of files. */
#ifndef COMMON_FILES_H
#define COMMON_FILES_H

#include "test_list.h"

#include "agena/base.h"

#include <sys/resource.h>

static inline void assert_same_file(const char *a, const char *b)
{
    void *x = NULL, *y = NULL;
    size_t n = 0, m = 0;
    assert_int_equal(ag_file_read(a, 1 << 26, &x, &n), 0);
    assert_int_equal(ag_file_read(b, 1 << 26, &y, &m), 0);
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    ag_free(x);
    ag_free(y);
}

/* No file may grow beyond `bytes`: to who writes it that is a full disk. */
static inline void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

#endif
