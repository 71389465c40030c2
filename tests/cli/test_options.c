/* Parsing of command lines. */
#include <string.h>

#include "cli/options.h"
#include "cli_test.h"

typedef struct {
    const char *input, *output;
    cli_list more, set;
    bool resume, quiet;
    int64_t steps;
    double rate;
    uint64_t limit;
    int weights;
} values;

static const char *const weights[] = { "f32", "bf16", NULL };

static const cli_option options[] = {
    { .value = "INPUT",
      .type = CLI_FILE,
      .required = true,
      .help = "input",
      .offset = offsetof(values, input) },
    { .name = "output",
      .letter = 'o',
      .type = CLI_FOLDER,
      .required = true,
      .value = "DIR",
      .help = "output",
      .offset = offsetof(values, output) },
    { .name = "resume",
      .letter = 'r',
      .type = CLI_FLAG,
      .help = "resume",
      .offset = offsetof(values, resume) },
    { .name = "quiet",
      .letter = 'q',
      .type = CLI_FLAG,
      .help = "quiet",
      .offset = offsetof(values, quiet) },
    { .name = "steps",
      .letter = 'n',
      .type = CLI_INT,
      .value = "N",
      .normal = "10",
      .least = 1,
      .most = 1000,
      .help = "steps",
      .offset = offsetof(values, steps) },
    { .name = "rate",
      .type = CLI_DOUBLE,
      .value = "R",
      .normal = "0.5",
      .help = "rate",
      .offset = offsetof(values, rate) },
    { .name = "limit",
      .type = CLI_SIZE,
      .value = "BYTES",
      .normal = "64k",
      .help = "limit",
      .offset = offsetof(values, limit) },
    { .name = "weights",
      .type = CLI_CHOICE,
      .value = "KIND",
      .normal = "f32",
      .choices = weights,
      .help = "weights",
      .offset = offsetof(values, weights) },
    { .name = "set",
      .type = CLI_LIST,
      .value = "KEY=VALUE",
      .help = "set",
      .offset = offsetof(values, set) },
    { .value = "MORE", .type = CLI_LIST, .help = "more", .offset = offsetof(values, more) },
    { 0 },
};
static const cli_command command = { .name = "test", .options = options, .size = sizeof(values) };

enum { MOST_WORDS = 12 };

/* Words are split at spaces; they live until the next call. */
static int parse(const char *line, values *v)
{
    static char text[200];
    char *words[MOST_WORDS], *state = NULL;
    int count = 0;
    strncpy(text, line, sizeof text - 1);
    for (char *w = strtok_r(text, " ", &state); w && count < MOST_WORDS;
         w = strtok_r(NULL, " ", &state))
        words[count++] = w;
    return cli_options_parse(&command, count, words, v);
}

static void defaults_hold(void **state)
{
    (void)state;
    values v;
    assert_int_equal(parse("in -o out", &v), AG_OK);
    assert_string_equal(v.input, "in");
    assert_string_equal(v.output, "out");
    assert_true(!v.resume && v.steps == 10 && v.rate == 0.5 && v.limit == 65536 && v.weights == 0);
    assert_true(v.more.count == 0 && v.set.count == 0);
    cli_options_free(&command, &v);
}

static void every_form_is_understood(void **state)
{
    (void)state;
    values v;
    assert_int_equal(
        parse("--output=out in --set a=1 -rq -n7 --set=b=2 x --rate -2e-3 --limit 3M", &v), AG_OK);
    assert_string_equal(v.output, "out");
    assert_true(v.resume && v.quiet && v.steps == 7 && v.rate == -2e-3 && v.limit == 3 << 20);
    assert_int_equal(v.set.count, 2);
    assert_string_equal(v.set.items[0], "a=1");
    assert_string_equal(v.set.items[1], "b=2");
    assert_int_equal(v.more.count, 1);
    cli_options_free(&command, &v);
    assert_int_equal(v.set.count, 0);
}

static void after_two_dashes_all_is_argument(void **state)
{
    (void)state;
    values v;
    assert_int_equal(parse("-o - - -- --resume -x", &v), AG_OK);
    assert_string_equal(v.output, "-");
    assert_string_equal(v.input, "-");
    assert_int_equal(v.more.count, 2);
    assert_string_equal(v.more.items[0], "--resume");
    assert_false(v.resume);
    cli_options_free(&command, &v);
}

static void the_last_value_counts(void **state)
{
    (void)state;
    values v;
    assert_int_equal(parse("in -o a -o b --weights bf16 --weights f32", &v), AG_OK);
    assert_string_equal(v.output, "b");
    assert_int_equal(v.weights, 0);
    cli_options_free(&command, &v);
}

static void help_is_noticed(void **state)
{
    (void)state;
    values v;
    assert_int_equal(parse("--help", &v), CLI_ASKS_HELP);
    assert_int_equal(parse("in -rh", &v), CLI_ASKS_HELP);
    cli_options_free(&command, &v);
}

static void assert_refused(const char *line, const char *sentence)
{
    values v;
    int code = parse(line, &v);
    cli_options_free(&command, &v);
    assert_string_equal(ag_error(), sentence);
    assert_int_equal(code, CLI_USAGE);
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    assert_refused("-o out", "INPUT is missing");
    assert_refused("in", "the option --output is missing");
    assert_refused("in --output", "the option --output needs a value: DIR");
    assert_refused("in -o", "the option --output needs a value: DIR");
}

static void unknown_options_are_refused(void **state)
{
    (void)state;
    assert_refused("in --ouput x", "unknown option --ouput, did you mean --output?");
    assert_refused("in --hlep", "unknown option --hlep, did you mean --help?");
    assert_refused("in --colour=red", "unknown option --colour");
    assert_refused("in --outputs", "unknown option --outputs, did you mean --output?");
    assert_refused("in -rz", "unknown option -z");
    assert_refused("in --resume=yes", "the option --resume takes no value");
}

static void values_are_checked(void **state)
{
    (void)state;
    assert_refused("in --steps 1.5", "--steps should be a whole number, not '1.5'");
    assert_refused("in --steps 99999999999999999999",
                   "--steps should be a whole number, not '99999999999999999999'");
    assert_refused("in --steps 0", "--steps should be from 1 to 1000, not 0");
    assert_refused("in --rate fast", "--rate should be a number, not 'fast'");
    assert_refused("in --rate inf", "--rate should be a number, not 'inf'");
    assert_refused("in --weights f64", "--weights should be one of f32, bf16, not 'f64'");
    static const char *const sizes[] = { "k", "-1", "1T", "1kk", "99999999999G", "" };
    for (int i = 0; i < 6; i++) {
        char line[64] = "in --limit=", sentence[100] =
                                           "--limit should be a size such as 4096, 64k, "
                                           "100M or 2G, not '";
        strcat(line, sizes[i]);
        strcat(sentence, sizes[i]);
        strcat(sentence, "'");
        assert_refused(line, sentence);
    }
}

static void too_many_arguments_are_refused(void **state)
{
    (void)state;
    static const cli_command bare = { .name = "bare", .size = 1 };
    char *words[] = { "x" }, unused;
    assert_int_equal(cli_options_parse(&bare, 1, words, &unused), CLI_USAGE);
    assert_string_equal(ag_error(), "'x' is one argument too many");
    assert_int_equal(cli_options_parse(&bare, 0, words, &unused), AG_OK);
}

static void lists_survive_failing_allocations(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 2; n++) {
        values v;
        ag_alloc_fail_at(n);
        assert_int_equal(parse("in -o out --set a=1 more", &v), AG_ENOMEM);
        ag_alloc_fail_at(0);
        cli_options_free(&command, &v);
    }
}

void test_options(test_list *list)
{
    ADD_TEST(list, "options", defaults_hold);
    ADD_TEST(list, "options", every_form_is_understood);
    ADD_TEST(list, "options", after_two_dashes_all_is_argument);
    ADD_TEST(list, "options", the_last_value_counts);
    ADD_TEST(list, "options", help_is_noticed);
    ADD_TEST(list, "options", what_is_missing_is_named);
    ADD_TEST(list, "options", unknown_options_are_refused);
    ADD_TEST(list, "options", values_are_checked);
    ADD_TEST(list, "options", too_many_arguments_are_refused);
    ADD_TEST(list, "options", lists_survive_failing_allocations);
}
