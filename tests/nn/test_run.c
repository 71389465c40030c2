/* Run folders: chosen, refused, saved, resumed by the same recipe alone. */
#include "nn_test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nn/run.h"

static const char recipe[] = "seed: 3\nrates:\n- epoch: 0\n  rate: 1\nbatch: 16\n";

static void assert_error(int status, int code, const char *part)
{
    assert_int_equal(status, code);
    if (!strstr(ag_error(), part))
        fail_msg("\"%s\" lacks \"%s\"", ag_error(), part);
}

static void save(ag_run *run)
{
    ag_tensors *t = sample_set(1);
    ag_safetensors *f;
    assert_int_equal(ag_safetensors_new(&f), 0);
    assert_int_equal(ag_safetensors_add(f, "", t), 0);
    assert_int_equal(ag_run_save(run, recipe, f), 0);
    ag_safetensors_free(f);
    ag_tensors_free(t);
}

static void folders_are_chosen(void **state)
{
    (void)state;
    ag_run run;
    assert_error(ag_run_open("r.yaml", NULL, NULL, false, &run), AG_EINVAL, "in r.yaml");
    ag_run_close(&run);
    assert_int_equal(ag_run_open("r.yaml", NULL, "there", false, &run), 0);
    assert_string_equal(run.folder, "there");
    ag_run_close(&run);
    assert_int_equal(ag_run_open("r.yaml", temporary("run"), "there", false, &run), 0);
    assert_string_equal(run.folder, temporary("run"));
    assert_int_not_equal(access(run.folder, F_OK), 0);
    ag_run_close(&run);
}

static void resuming_takes_a_checkpoint(void **state)
{
    (void)state;
    const char *folder = temporary("saved");
    ag_run run;
    assert_error(ag_run_open("r", folder, NULL, true, &run), AG_ENOTFOUND, "nothing to resume");
    ag_run_close(&run);
    assert_int_equal(ag_run_open("r", folder, NULL, false, &run), 0);
    assert_int_equal(ag_run_begin(&run), 0);
    save(&run);
    ag_run_close(&run);
    assert_error(ag_run_open("r", folder, NULL, false, &run), AG_EINVAL, "go on with it by");
    ag_run_close(&run);
    assert_int_equal(ag_run_open("r", folder, NULL, true, &run), 0);
    ag_safetensors *f;
    assert_int_equal(ag_run_load(&run, recipe, &f), 0);
    assert_int_equal(ag_safetensors_count(f), 3);
    ag_safetensors_free(f);
    ag_run_close(&run);
}

static void another_recipe_is_told(void **state)
{
    (void)state;
    ag_run run;
    assert_int_equal(ag_run_open("r", temporary("saved"), NULL, true, &run), 0);
    static const struct {
        const char *text, *told;
    } others[] = {
        { "seed: 4\nrates:\n- epoch: 0\n  rate: 1\nbatch: 16\n", "(\"seed: 3\", now \"seed: 4\")" },
        { "seed: 3\nrates:\n- epoch: 0\n  rate: 2\nbatch: 16\n", "(\"rate: 1\", now \"rate: 2\")" },
        { "seed: 3\nrates:\n- epoch: 0\n  rate: 1\n- epoch: 5\n  rate: 0\nbatch: 16\n",
          "(\"batch: 16\", now \"epoch: 5\")" },
        { "seed: 3\nrates:\n- epoch: 0\n  rate: 1\nbatch: 16\nmore: 1\n",
          "(\"\", now \"more: 1\")" },
        { "", "(\"seed: 3\", now \"\")" },
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ag_safetensors *f;
        assert_error(ag_run_load(&run, others[i].text, &f), AG_EINVAL, others[i].told);
        assert_null(f);
    }
    ag_run_close(&run);
}

static void other_files_are_no_checkpoints(void **state)
{
    (void)state;
    ag_run run;
    ag_safetensors *f;
    assert_int_equal(ag_run_open("r", temporary("saved"), NULL, true, &run), 0);
    assert_int_equal(ag_safetensors_new(&f), 0);
    assert_int_equal(ag_safetensors_save(f, run.checkpoint, AG_STORE_F32), 0);
    ag_safetensors_free(f);
    assert_error(ag_run_load(&run, recipe, &f), AG_EFORMAT, "is no checkpoint");
    ag_run_close(&run);
}

static void checkpoints_come_due(void **state)
{
    (void)state;
    ag_run run = { .last_saved = ag_seconds() };
    assert_false(ag_run_save_is_due(&run, 7, 1, 0));
    assert_false(ag_run_save_is_due(&run, 7, 1, 5));
    assert_true(ag_run_save_is_due(&run, 10, 1, 5));
    run.last_saved -= 61;
    assert_true(ag_run_save_is_due(&run, 7, 1, 0));
    assert_false(ag_run_save_is_due(&run, 7, 2, 0));
}

void test_run(test_list *list)
{
    ADD_TEST(list, "run", folders_are_chosen);
    ADD_TEST(list, "run", resuming_takes_a_checkpoint);
    ADD_TEST(list, "run", another_recipe_is_told);
    ADD_TEST(list, "run", other_files_are_no_checkpoints);
    ADD_TEST(list, "run", checkpoints_come_due);
}
