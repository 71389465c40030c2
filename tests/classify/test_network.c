/* Networks and widths as text. */
#include "classify_test.h"

static void assert_text(const char *text, const char *canonical)
{
    ag_wage_config c = { 0 };
    if (ag_classify_parse_network(text, &c) != 0) {
        fail_msg("%s", ag_error());
    }
    char *back = ag_classify_network_text(&c);
    assert_string_equal(back, canonical);
    ag_free(back);
}

static void texts_of_papers(void **state)
{
    (void)state;
    const char *lenet = "32C5-MP2-64C5-MP2-512FC-10";
    assert_text(lenet, lenet);
    assert_text("2x(128C3)-MP2-2x(256C3)-MP2-1024FC-10",
                "128C3-128C3-MP2-256C3-256C3-MP2-1024FC-10");
    assert_text("2x(8C3-MP2)-10", "8C3-MP2-8C3-MP2-10");
    assert_text("96C11s4v-MP3s2-10[8-8-8-8]", "96C11s4v-MP3s2-10[8-8-8-8]");
    assert_text("4C3s2[3-4-5-6]-5FC[2-2-2-2]-3", "4C3s2[3-4-5-6]-5FC[2-2-2-2]-3");
    assert_text("10", "10");
}

static void fields(void **state)
{
    (void)state;
    ag_wage_config c = { 0 };
    assert_int_equal(ag_classify_parse_network("96C11s4v[8-7-6-5]-MP3s2-7", &c), 0);
    assert_int_equal(c.layers, 3);
    const ag_wage_layer *l = c.layer;
    assert_int_equal(l[0].kind, AG_WAGE_CONV);
    assert_int_equal(l[0].channels, 96);
    assert_int_equal(l[0].kernel, 11);
    assert_int_equal(l[0].stride, 4);
    assert_true(l[0].valid);
    assert_int_equal(l[0].bits.weights, 8);
    assert_int_equal(l[0].bits.errors, 5);
    assert_int_equal(l[1].kind, AG_WAGE_POOL);
    assert_int_equal(l[1].kernel, 3);
    assert_int_equal(l[1].stride, 2);
    assert_int_equal(l[2].kind, AG_WAGE_DENSE);
    assert_int_equal(l[2].channels, 7);
}

static void mistakes_are_placed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } wrong[] = {
        { "", "character 1: expected a layer" },
        { "32C5-", "character 6: expected a layer" },
        { "32C5--10", "character 6: expected a layer" },
        { "C5-10", "character 1: expected a layer" },
        { "0C5-10", "character 1: expected a layer" },
        { "32C-10", "character 4: expected the side" },
        { "32C5s-10", "character 6: expected the stride" },
        { "MP-10", "character 3: expected the side" },
        { "32X5-10", "character 3: expected C or FC" },
        { "512-10", "character 4: expected C or FC" },
        { "10 ", "character 3: expected C or FC" },
        { "32C5[2-8-8]-10", "expected bits in brackets" },
        { "32C5[2-8-8-8-10", "expected bits in brackets" },
        { "2x(32C5-10", "expected" },
        { "2x(32C5", "expected - or )" },
        { "32C5)-10", "expected - or the end" },
        { "9999999C5-10", "character 1: expected a layer" },
        { "40x(8C3)-10", "more than 32 layers" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ag_wage_config c = { 0 };
        assert_int_equal(ag_classify_parse_network(wrong[i].text, &c), AG_EINVAL);
        if (!strstr(ag_error(), wrong[i].part)) {
            fail_msg("\"%s\": \"%s\" lacks \"%s\"", wrong[i].text, ag_error(), wrong[i].part);
        }
    }
}

static void widths(void **state)
{
    (void)state;
    ag_wage_bits b;
    assert_int_equal(ag_classify_parse_bits("2-8-12-16", &b), 0);
    assert_true(b.weights == 2 && b.activations == 8 && b.gradients == 12 && b.errors == 16);
    static const char *const wrong[] = { "",         "2",        "2-8-8",    "2-8-8-8-8",
                                         "2-8-8-8 ", " 2-8-8-8", "2,8,8,8",  "2-8--8",
                                         "2-8-8-0",  "a-b-c-d",  "-2-8-8-8", "2-8-8-99999999" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ag_classify_parse_bits(wrong[i], &b), AG_EINVAL);
        assert_non_null(strstr(ag_error(), "four numbers like 2-8-8-8"));
    }
}

void test_network(test_list *list)
{
    ADD_TEST(list, "network", texts_of_papers);
    ADD_TEST(list, "network", fields);
    ADD_TEST(list, "network", mistakes_are_placed);
    ADD_TEST(list, "network", widths);
}
