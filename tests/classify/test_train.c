/* Runs in integers and in float32: they learn; the same bytes for any number of threads, after
 * resuming and after kill -9; mistakes are refused. */
#include "classify_test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const real[] = { "float=true", NULL };

static double last_error(const char *run)
{
    ag_classifier *m;
    char path[64];
    snprintf(path, sizeof path, "%s/model.safetensors", run);
    assert_int_equal(ag_classifier_load(at(path), 0, NULL, &m), 0);
    assert_int_equal(m->points, 6);
    assert_int_equal(m->steps, 6 * 12);
    assert_int_equal(m->curve[5].epoch, 6);
    double error = m->curve[5].error;
    assert_true(m->curve[5].loss < m->curve[0].loss);
    ag_classifier_free(m);
    return error;
}

static void integers_learn(void **state)
{
    (void)state;
    assert_int_equal(train("one", NULL, false, 1), 0);
    assert_true(last_error("one") < 0.1); /* 0.75 by chance */
}

static void twins_learn(void **state)
{
    (void)state;
    assert_int_equal(train("real", real, false, 1), 0);
    assert_true(last_error("real") < 0.1);
    static const char *const squares[] = { "float=true", "twin.loss=squares",
                                           "twin.rates=[{epoch: 0, rate: 0.004}]", NULL };
    assert_int_equal(train("squares", squares, false, 2), 0);
    assert_true(last_error("squares") < 0.1);
}

/* The twin may take other batches; what trains in integers does not see them. */
static void twins_have_their_batch(void **state)
{
    (void)state;
    static const char *const twin[] = { "float=true", "twin.batch=24", "epochs=1", NULL };
    assert_int_equal(train("own-batch", twin, false, 1), 0);
    ag_classifier *m;
    assert_int_equal(ag_classifier_load(at("own-batch/model.safetensors"), 0, NULL, &m), 0);
    assert_int_equal(m->steps, 192 / 24);
    ag_classifier_free(m);
    assert_int_equal(train("integers", twin + 1, false, 1), 0);
    assert_int_equal(ag_classifier_load(at("integers/model.safetensors"), 0, NULL, &m), 0);
    assert_int_equal(m->steps, 192 / 16);
    ag_classifier_free(m);
}

/* A model says by which bound its layers are scaled: other scales would be other answers. */
static void models_keep_their_bound(void **state)
{
    (void)state;
    static const char *const he[] = { "he=true", "epochs=1", NULL };
    assert_int_equal(train("he", he, false, 1), 0);
    ag_classifier *m;
    assert_int_equal(ag_classifier_load(at("he/model.safetensors"), 0, NULL, &m), 0);
    assert_true(m->config.he);
    ag_classifier_free(m);
    assert_int_equal(ag_classifier_load(at("integers/model.safetensors"), 0, NULL, &m), 0);
    assert_false(m->config.he);
    ag_classifier_free(m);
}

static void assert_same_run(const char *a, const char *b)
{
    static const char *const files[] = { "checkpoint", "model" };
    for (int i = 0; i < 2; i++) {
        char x[64], y[64];
        snprintf(x, sizeof x, "%s/%s.safetensors", a, files[i]);
        snprintf(y, sizeof y, "%s/%s.safetensors", b, files[i]);
        assert_same_file(at(x), at(y));
    }
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    assert_int_equal(train("three", NULL, false, 3), 0);
    assert_same_run("one", "three");
    assert_int_equal(train("real-three", real, false, 3), 0);
    assert_same_run("real", "real-three");
}

/* A process that trains; killed after so many microseconds unless it ends before. Its status, -1
 * when killed. */
static int run_and_kill(const char *run, const char *const *settings, unsigned microseconds,
                        int number)
{
    char checkpoint[64];
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint.safetensors", run);
    bool resume = access(at(checkpoint), F_OK) == 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        ag_interrupt_install();
        int status = train(run, settings, resume, 2);
        _exit(status == AG_EINTERRUPTED ? 130 : status == 0 ? 0 : 1);
    }
    usleep(microseconds);
    kill(child, number);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Disturb a run until it is through; returns how often that was. */
static int disturb(const char *run, const char *const *settings, int number)
{
    ag_rng rng;
    ag_rng_init(&rng, 2026, AG_PURPOSE_TEST, (uint64_t)number);
    int times = 0, status = -1;
    for (unsigned longest = 20000; status != 0; longest += longest / 6) {
        status = run_and_kill(run, settings, 500 + (unsigned)ag_rng_below(&rng, longest), number);
        assert_int_not_equal(status, 1);
        times += status != 0;
    }
    return times;
}

static void kill_and_resume(void **state)
{
    (void)state;
    int kills = disturb("killed", NULL, SIGKILL) + disturb("real-killed", real, SIGKILL);
    printf("# killed %d times\n", kills);
    assert_true(kills > 0);
    assert_same_run("one", "killed");
    assert_same_run("real", "real-killed");
}

static void stop_and_resume(void **state)
{
    (void)state;
    int stops = disturb("stopped", NULL, SIGINT);
    printf("# stopped %d times\n", stops);
    assert_true(stops > 0);
    assert_same_run("one", "stopped");
}

static void longer_runs_go_on(void **state)
{
    (void)state;
    static const char *const two[] = { "epochs=2", NULL };
    assert_int_equal(train("longer", two, false, 1), 0);
    assert_int_equal(train("longer", NULL, true, 1), 0);
    assert_same_run("one", "longer");
    /* Killed after the last checkpoint and before the model file. */
    assert_int_equal(remove(at("longer/model.safetensors")), 0);
    assert_int_equal(train("longer", NULL, true, 1), 0);
    assert_same_run("one", "longer");
}

static void refuse(const char *run, const char *setting, bool resume, int code, const char *part)
{
    const char *const settings[] = { setting, NULL };
    assert_int_equal(train(run, setting ? settings : NULL, resume, 1), code);
    if (!strstr(ag_error(), part)) {
        fail_msg("\"%s\" lacks \"%s\"", ag_error(), part);
    }
}

static void mistakes_are_refused(void **state)
{
    (void)state;
    refuse("one", NULL, false, AG_EINVAL, "--resume");
    refuse("nowhere", NULL, true, AG_ENOTFOUND, "nothing to resume");
    refuse("one", "seed=4", true, AG_EINVAL, "made by another recipe");
    refuse("one", "float=true", true, AG_EINVAL, "made by another recipe");
    refuse("no", "batch=0", false, AG_EINVAL, "batch is 0");
    refuse("no", "batch=200", false, AG_EINVAL, "more than the 192 pictures");
    refuse("no", "valid=192", false, AG_EINVAL, "more than the 0 pictures");
    refuse("no", "valid=1000", false, AG_EINVAL, "more than the 0 pictures");
    refuse("no", "twin.shards=3", false, AG_EINVAL, "does not divide");
    refuse("no", "twin.batch=-1", false, AG_EINVAL, "twin.batch");
    refuse("no", "twin.momentum=1", false, AG_EINVAL, "twin.momentum");
    refuse("no", "rates=[{epoch: 1, rate: 1}]", false, AG_EINVAL, "the first epoch is 0");
    refuse("no", "rates=[{epoch: 0, rate: 1}, {epoch: 0, rate: 0}]", false, AG_EINVAL, "go up");
    refuse("no", "rates=[{epoch: 0, rate: 17}]", false, AG_EINVAL, "rate is 17");
    refuse("no", "augment.fill=256", false, AG_EINVAL, "augment.fill");
    refuse("no", "network=8C3-MP2-3", false, AG_EINVAL, "labels up to 3, the network has 3");
    refuse("no", "network=8C3-4MP", false, AG_EINVAL, "expected C or FC");
    refuse("no", "bits=1-8-8-8", false, AG_EINVAL, "recipe.yaml: ");
    refuse("no", "bits=8-8-4-8", false, AG_EINVAL, "recipe.yaml: ");
    refuse("no", "nothing=1", false, AG_EINVAL, "nothing");
    assert_int_not_equal(access(at("no"), F_OK), 0);
}

/* A checkpoint of the run with one metadata entry changed is not gone on with. */
static void refuse_checkpoint(const char *key, const char *value, const char *part)
{
    const char *path = at("spoilt/checkpoint.safetensors");
    ag_safetensors *f;
    assert_int_equal(ag_safetensors_load(at("one/checkpoint.safetensors"), &f), 0);
    assert_int_equal(ag_safetensors_set_meta(f, key, value), 0);
    assert_int_equal(ag_safetensors_save(f, path, AG_STORE_F32), 0);
    ag_safetensors_free(f);
    refuse("spoilt", NULL, true, AG_EFORMAT, part);
}

static void spoilt_checkpoints(void **state)
{
    (void)state;
    assert_int_equal(ag_make_folders(at("spoilt")), 0);
    refuse_checkpoint("agena.steps", "-5", "agena.steps is no whole number");
    refuse_checkpoint("agena.steps", "12000000000000", "agena.steps is damaged");
    static const char *const epochs[] = { "", "0x1p+0", "nan 0 192", "inf 0 192", "0x0p+0 -2 192" };
    for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++) {
        refuse_checkpoint("agena.epoch", epochs[i], "agena.epoch or agena.steps is damaged");
    }
}

/* The steps of an epoch are counted on the data that the run began with. */
static void resuming_takes_the_same_data(void **state)
{
    (void)state;
    ag_safetensors *f;
    assert_int_equal(ag_safetensors_load(at("one/checkpoint.safetensors"), &f), 0);
    assert_int_equal(ag_safetensors_set_meta(f, "agena.epoch", "0x0p+0 0 191"), 0);
    assert_int_equal(ag_safetensors_save(f, at("spoilt/checkpoint.safetensors"), AG_STORE_F32), 0);
    ag_safetensors_free(f);
    refuse("spoilt", NULL, true, AG_EINVAL, "was made with 191 pictures to train on, not 192");
}

static void held_out_pictures(void **state)
{
    (void)state;
    static const char *const settings[] = { "valid=48", "epochs=1", "limit=100", NULL };
    assert_int_equal(train("valid", settings, false, 1), 0);
    ag_classifier *m;
    ag_pictures *p;
    assert_int_equal(ag_classifier_load(at("valid/model.safetensors"), 0, NULL, &m), 0);
    assert_int_equal(m->steps, 6);
    assert_int_equal(ag_pictures_open(at("set"), AG_SPLIT_TRAIN, &p), 0);
    int64_t wrong;
    assert_int_equal(ag_classifier_evaluate(m, p, 144, 48, NULL, &wrong), 0);
    assert_true(m->curve[0].error == (double)wrong / 48);
    ag_pictures_free(p);
    ag_classifier_free(m);
}

static void count_points(void *user, const ag_classify_point *p)
{
    int *count = user;
    assert_int_equal(p->epoch, ++*count);
}

static void unsaved_runs(void **state)
{
    (void)state;
    int points = 0;
    ag_classify_result result;
    const char *settings[] = { "epochs=2" };
    ag_classify_options o = { .recipe = at("recipe.yaml"),
                              .overrides = settings,
                              .override_count = 1,
                              .data = at("set"),
                              .unsaved = true,
                              .threads = 1,
                              .point = count_points,
                              .user = &points };
    assert_int_equal(ag_classify_train(&o, &result), 0);
    assert_int_equal(points, 2);
    assert_int_equal(result.pictures, 2 * 12 * 16);
    assert_int_equal(result.weights, 9 * 8 + 9 * 8 * 16 + 64 * 32 + 32 * 4);
    assert_true(result.bytes > 2 * (size_t)result.weights);
}

static int starved(void)
{
    static const char *const settings[] = { "epochs=1", "limit=32", NULL };
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", at("starved"));
    return system(command) == 0 ? train("starved", settings, false, 1) : AG_EIO;
}

static int starved_twin(void)
{
    static const char *const settings[] = { "epochs=1", "limit=32", "float=true", NULL };
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", at("starved"));
    return system(command) == 0 ? train("starved", settings, false, 1) : AG_EIO;
}

static void allocation_failures(void **state)
{
    (void)state;
    ag_log_sink(NULL, NULL, AG_LOG_ERROR);
    starve(starved, 23);
    starve(starved_twin, 37);
    ag_log_sink(NULL, NULL, AG_LOG_WARN);
}

void test_train(test_list *list)
{
    ADD_TEST(list, "train", integers_learn);
    ADD_TEST(list, "train", twins_learn);
    ADD_TEST(list, "train", twins_have_their_batch);
    ADD_TEST(list, "train", models_keep_their_bound);
    ADD_TEST(list, "train", threads_do_not_matter);
    ADD_TEST(list, "train", kill_and_resume);
    ADD_TEST(list, "train", stop_and_resume);
    ADD_TEST(list, "train", longer_runs_go_on);
    ADD_TEST(list, "train", mistakes_are_refused);
    ADD_TEST(list, "train", spoilt_checkpoints);
    ADD_TEST(list, "train", resuming_takes_the_same_data);
    ADD_TEST(list, "train", held_out_pictures);
    ADD_TEST(list, "train", unsaved_runs);
    ADD_TEST(list, "train", allocation_failures);
}
