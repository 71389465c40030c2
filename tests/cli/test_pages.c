/* Tables of all commands, and what is derived from them. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/pages.h"
#include "cli_test.h"

/* ---- the tables ---- */

static int check_defaults(void *user, const cli_place *place)
{
    ++*(int *)user;
    const cli_command *c = place->command;
    if (!c || c->subcommands)
        return 0;
    char *values = calloc(1, c->size);
    int code = cli_options_parse(c, 0, NULL, values);
    /* Without words nothing can be wrong but that something required is missing. */
    if (code != AG_OK && !strstr(ag_error(), "is missing"))
        fail_msg("%s: %s", place->path, ag_error());
    cli_options_free(c, values);
    free(values);
    return 0;
}

static void all_defaults_are_valid(void **state)
{
    (void)state;
    int places = 0;
    assert_int_equal(cli_walk(check_defaults, &places), 0);
    assert_true(places > 8);
}

/* A phrase: no full stop, but an ellipsis may be its end. */
static bool is_phrase(const char *text)
{
    size_t length = text ? strlen(text) : 0;
    return length > 0 && (text[length - 1] != '.' || (length > 3 && text[length - 2] == '.'));
}

static void check_entry(const cli_place *place, const cli_option *o)
{
    const char *name = o->name ? o->name : o->value;
    bool good = is_phrase(o->help) && (o->type == CLI_FLAG) == !o->value &&
                (o->type == CLI_CHOICE) == (o->choices != NULL) &&
                o->offset < place->command->size && !(o->required && o->normal);
    if (!good)
        fail_msg("the entry %s of agena %s does not agree with itself", name, place->path);
    for (const cli_option *other = cli_options_of(place->command); other != o; other++) {
        if (o->name && other->name && strcmp(o->name, other->name) == 0)
            fail_msg("agena %s has --%s twice", place->path, name);
        if (o->letter && o->letter == other->letter)
            fail_msg("agena %s has -%c twice", place->path, o->letter);
    }
}

static int check_table(void *user, const cli_place *place)
{
    (void)user;
    const cli_command *c = place->command;
    if (!c)
        return 0;
    if (!c->name || !c->summary || !isupper((unsigned char)c->summary[0]) ||
        (c->run == NULL) != (c->subcommands != NULL))
        fail_msg("agena %s lacks something", place->path);
    int count = 0;
    for (const cli_option *o = cli_options_of(c); !cli_option_ends(o); o++, count++)
        check_entry(place, o);
    assert_true(count <= 64);
    return 0;
}

static void all_tables_agree_with_themselves(void **state)
{
    (void)state;
    assert_int_equal(cli_walk(check_table, NULL), 0);
}

static void commands_are_found(void **state)
{
    (void)state;
    char *words[] = { "wavenet", "train", "recipe" };
    cli_place place;
    int used;
    assert_int_equal(cli_find(3, words, &place, &used), AG_OK);
    assert_int_equal(used, 2);
    assert_string_equal(place.path, "wavenet train");
    char *wrong[] = { "wavenet", "tarin" };
    assert_int_equal(cli_find(2, wrong, &place, &used), CLI_USAGE);
    assert_string_equal(ag_error(),
                        "unknown command 'wavenet tarin', did you mean 'wavenet train'?");
    char *strange[] = { "qqqqqq" };
    assert_int_equal(cli_find(1, strange, &place, &used), CLI_USAGE);
    assert_string_equal(ag_error(), "unknown command 'qqqqqq'; `agena help` lists them");
}

/* ---- pages ---- */

/* What a printer prints; free it. */
static char *page_of(void (*print)(FILE *, const cli_place *), const cli_place *place)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    print(file, place);
    fclose(file);
    return text;
}

static int check_help(void *user, const cli_place *place)
{
    (void)user;
    char *text = page_of(cli_print_help, place), part[128];
    snprintf(part, sizeof part, "Usage: agena%s%s ", place->path[0] ? " " : "", place->path);
    assert_contains(text, part);
    const cli_option *o = place->command ? cli_options_of(place->command) : NULL;
    for (; o && !cli_option_ends(o); o++) {
        snprintf(part, sizeof part, "%s%s", o->name ? "--" : "", o->name ? o->name : o->value);
        assert_contains(text, part);
    }
    /* Nothing but examples, which are to be copied, is wider than a terminal. */
    char *state = NULL;
    for (char *line = strtok_r(text, "\n", &state); line && strcmp(line, "Examples:") != 0;
         line = strtok_r(NULL, "\n", &state))
        if (strlen(line) > 80)
            fail_msg("too wide: '%s'", line);
    free(text);
    return 0;
}

static void help_lists_every_option(void **state)
{
    (void)state;
    assert_int_equal(cli_walk(check_help, NULL), 0);
}

static int check_man(void *user, const cli_place *place)
{
    (void)user;
    char *text = page_of(cli_print_man, place);
    assert_memory_equal(text, ".TH AGENA", 9);
    const cli_option *o = place->command ? cli_options_of(place->command) : NULL;
    for (; o && !cli_option_ends(o); o++) {
        char part[200] = "", *p = part;
        for (const char *c = o->name ? o->name : o->value; *c; c++) {
            if (*c == '-')
                *p++ = '\\';
            *p++ = *c;
        }
        assert_contains(text, part);
    }
    free(text);
    return 0;
}

static void man_pages_list_every_option(void **state)
{
    (void)state;
    assert_int_equal(cli_walk(check_man, NULL), 0);
}

static int check_completed(void *user, const cli_place *place)
{
    const char *script = user;
    const cli_option *o = place->command ? cli_options_of(place->command) : NULL;
    for (; o && !cli_option_ends(o); o++) {
        if (o->name)
            assert_contains(script, o->name);
    }
    return 0;
}

static void completions_know_every_option(void **state)
{
    (void)state;
    void (*const printers[])(FILE *) = { cli_print_bash, cli_print_zsh, cli_print_fish };
    for (int i = 0; i < 3; i++) {
        char *script = NULL;
        size_t size;
        FILE *file = open_memstream(&script, &size);
        printers[i](file);
        fclose(file);
        assert_int_equal(cli_walk(check_completed, script), 0);
        free(script);
    }
}

void test_pages(test_list *list)
{
    ADD_TEST(list, "pages", all_defaults_are_valid);
    ADD_TEST(list, "pages", all_tables_agree_with_themselves);
    ADD_TEST(list, "pages", commands_are_found);
    ADD_TEST(list, "pages", help_lists_every_option);
    ADD_TEST(list, "pages", man_pages_list_every_option);
    ADD_TEST(list, "pages", completions_know_every_option);
}
