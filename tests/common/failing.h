/* failing.h: what a test says of memory that runs out. */
#ifndef COMMON_FAILING_H
#define COMMON_FAILING_H

#include "test_list.h"

#include "agena/base.h"

/* Call work again and again with the first, the second, ... allocation failing, until one call
 * makes too few to fail; every failing call must return AG_ENOMEM with a sentence, the last one
 * AG_OK. Returns how many failed. */
static inline int survive_failing_allocations(int (*work)(void *user), void *user)
{
    for (uint64_t n = 1; n < 100000; n++) {
        ag_alloc_fail_at(n);
        int code = work(user);
        uint64_t made = ag_alloc_fail_at(0);
        if (made < n) {
            assert_int_equal(code, AG_OK);
            return (int)(n - 1);
        }
        if (code != AG_ENOMEM || !*ag_error())
            fail_msg("allocation %d failed, but the result is %d (%s)", (int)n, code, ag_error());
    }
    fail_msg("there is no end of allocations");
    return 0;
}

#endif
