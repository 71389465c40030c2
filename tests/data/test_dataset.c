/* Known data sets: the table, and where they are looked for. */
#include "data_test.h"

static void table_is_sound(void **state)
{
    (void)state;
    assert_int_equal(ag_dataset_count(), 5);
    for (int i = 0; i < ag_dataset_count(); i++) {
        const ag_dataset *set = ag_dataset_at(i), *found;
        assert_int_equal(ag_dataset_find(set->name, &found), AG_OK);
        assert_ptr_equal(found, set);
        assert_true(set->what && set->licence && set->marks && set->marks[0]);
        assert_true(set->package || set->file_count > 0);
        assert_int_equal(!set->package, !set->package_folder);
        for (int f = 0; f < set->file_count; f++) {
            assert_int_equal(strspn(set->files[f].sha256, "0123456789abcdef"), 64);
            assert_int_equal(strlen(set->files[f].sha256), 64);
            assert_int_equal(strncmp(set->files[f].url, "http", 4), 0);
            assert_true(set->files[f].limit > 0);
        }
    }
}

static void unknown_names_list_the_known(void **state)
{
    (void)state;
    const ag_dataset *set;
    assert_int_equal(ag_dataset_find("imagenet", &set), AG_ENOTFOUND);
    assert_null(set);
    assert_non_null(strstr(ag_error(), "asterisk, cifar10, fashion-mnist, mnist, omniglot"));
}

static void assert_found(const char *name, const char *where)
{
    const ag_dataset *set;
    char *folder;
    assert_int_equal(ag_dataset_find(name, &set), AG_OK);
    assert_int_equal(ag_dataset_locate(set, &folder), AG_OK);
    assert_string_equal(folder, where);
    ag_free(folder);
}

static void order_of_places(void **state)
{
    (void)state;
    write_text("one/mnist/other.gz", "");
    write_text("two/mnist/train-images-idx3-ubyte.gz", "");
    write_text("cache/agena/mnist/train-images-idx3-ubyte.gz", "");
    char list[2048];
    snprintf(list, sizeof list, ":%s:%s", temporary("one"), temporary("two"));
    setenv("AGENA_DATA", list, 1);
    setenv("XDG_CACHE_HOME", temporary("cache"), 1);
    /* the folder `one` has a mnist without the file that marks it */
    assert_found("mnist", temporary("two/mnist"));
    unsetenv("AGENA_DATA");
    assert_found("mnist", temporary("cache/agena/mnist"));
    unsetenv("XDG_CACHE_HOME");
    write_text("home/.cache/agena/mnist/train-images-idx3-ubyte.gz", "");
    setenv("HOME", temporary("home"), 1);
    assert_found("mnist", temporary("home/.cache/agena/mnist"));
}

static void absent_sets_say_how_to_get_them(void **state)
{
    (void)state;
    setenv("HOME", temporary("nowhere"), 1);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("AGENA_DATA");
    const ag_dataset *set;
    char *folder;
    assert_int_equal(ag_dataset_find("omniglot", &set), AG_OK);
    assert_int_equal(ag_dataset_locate(set, &folder), AG_ENOTFOUND);
    assert_null(folder);
    assert_non_null(strstr(ag_error(), "agena data get omniglot"));
    assert_int_equal(ag_dataset_find("asterisk", &set), AG_OK);
    assert_int_equal(ag_dataset_get(set, temporary("get")), AG_ENOTFOUND);
    assert_non_null(strstr(ag_error(), "apt install asterisk-core-sounds-en-g722"));
}

static int keep_environment(void **state)
{
    static char *home, *cache, *data;
    if (!*state) {
        home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
        cache = getenv("XDG_CACHE_HOME") ? strdup(getenv("XDG_CACHE_HOME")) : NULL;
        data = getenv("AGENA_DATA") ? strdup(getenv("AGENA_DATA")) : NULL;
        *state = &home;
        return 0;
    }
    char **values[] = { &home, &cache, &data };
    const char *names[] = { "HOME", "XDG_CACHE_HOME", "AGENA_DATA" };
    for (int i = 0; i < 3; i++) {
        if (*values[i]) {
            setenv(names[i], *values[i], 1);
        } else {
            unsetenv(names[i]);
        }
        free(*values[i]);
    }
    return 0;
}

void test_dataset(test_list *list)
{
    ADD_TEST_IN(list, "dataset", table_is_sound, keep_environment, keep_environment);
    ADD_TEST_IN(list, "dataset", unknown_names_list_the_known, keep_environment, keep_environment);
    ADD_TEST_IN(list, "dataset", order_of_places, keep_environment, keep_environment);
    ADD_TEST_IN(list, "dataset", absent_sets_say_how_to_get_them, keep_environment,
                keep_environment);
}
