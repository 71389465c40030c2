/* Allocations that fail, and steps that make none. */
#include "wage_test.h"

#include <stdlib.h>

static void test_failing_allocations(void **state)
{
    (void)state;
    for (int i = 0; i < NETS; i++) {
        ag_wage_config config = test_net(i);
        uint64_t made = 0;
        for (uint64_t n = 1;; n++) {
            ag_wage *net;
            ag_alloc_fail_at(n);
            int code = ag_wage_new(&config, 4, 1, NULL, &net);
            made = ag_alloc_fail_at(0);
            if (code == AG_OK) {
                ag_wage_free(net);
                break;
            }
            assert_int_equal(code, AG_ENOMEM);
            assert_null(net);
            assert_int_equal(made, n);
        }
        assert_true(made > 0);
    }
    ag_wage_free(NULL);
}

static void test_steps_allocate_nothing(void **state)
{
    (void)state;
    ag_pool *pool;
    assert_int_equal(ag_pool_new(2, &pool), AG_OK);
    ag_wage_config config = test_net(NET_VGG);
    ag_wage *net;
    assert_int_equal(ag_wage_new(&config, 8, 1, pool, &net), AG_OK);
    ag_alloc_fail_at(0);
    train(net, 8, 3, 2);
    uint8_t *pictures = some_pictures(&config, 20, 1);
    int8_t outputs[20 * 4];
    assert_int_equal(ag_wage_predict(net, pictures, 20, outputs), AG_OK);
    assert_int_equal(ag_alloc_fail_at(0), 0);
    free(pictures);
    ag_wage_free(net);
    ag_pool_free(pool);
}

void test_memory(test_list *list)
{
    ADD_TEST(list, "memory", test_failing_allocations);
    ADD_TEST(list, "memory", test_steps_allocate_nothing);
}
