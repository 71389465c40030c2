/* Training a picture classifier: the loop, its checkpoints, evaluation and log. */
#include "classify/learner.h"
#include "classify/model.h"
#include "classify/picture.h"
#include "classify/source.h"

#include "base/recipe.h"
#include "nn/run.h"

#include <math.h>
#include <stdio.h>

enum { LOG_STEPS = 50 };

/* One run. */
typedef struct {
    const ag_classify_options *options;
    cl_recipe *recipe;
    ag_pool *pool;
    ag_pictures *train, *test;
    int64_t pictures;        /* of train that are trained on */
    int64_t epoch_steps;     /* whole batches in an epoch */
    int32_t *order;          /* [pictures]: of the epoch */
    int64_t ordered;         /* the epoch that order is of, -1 at first */
    uint8_t *batch, *labels; /* of a step */
    ag_classifier *model;
    cl_learner *learner;
    double loss;     /* summed since the epoch's start */
    int64_t correct; /* the same; below 0 when not counted */
    ag_run files;    /* all 0 when the run is not saved */
    ag_progress *progress;
    int64_t done; /* pictures trained on in this call */
    double spent; /* seconds that took */
} run;

/* ---- opening ---- */

static int open_recipe(run *r)
{
    const ag_classify_options *o = r->options;
    int status = cl_recipe_choose(o, &r->recipe);
    if (status < 0) {
        return status;
    }
    return o->unsaved ? 0
                      : ag_run_open(o->recipe, o->output, r->recipe->output, o->resume, &r->files);
}

/* Which pictures are trained on: all but those held out, or fewer. */
static int divide(run *r)
{
    const cl_recipe *c = r->recipe;
    r->pictures = r->train->count - c->valid;
    if (c->limit && c->limit < r->pictures) {
        r->pictures = c->limit;
    }
    r->epoch_steps = r->pictures / c->batch;
    if (r->epoch_steps < 1) {
        return ag_fail(AG_EINVAL,
                       "a batch of %d is more than the %lld pictures there are to train on",
                       c->batch, (long long)(r->pictures > 0 ? r->pictures : 0));
    }
    return 0;
}

static int open_data(run *r)
{
    const char *data;
    int status = cl_recipe_data(r->options, r->recipe, &data);
    if (status == 0) {
        status = cl_source_open(data, &r->train, &r->test);
    }
    if (status == 0) {
        status = divide(r);
    }
    if (status < 0) {
        return status;
    }
    size_t size = (size_t)r->train->height * (size_t)r->train->width * (size_t)r->train->channels;
    r->order = ag_calloc((size_t)r->pictures, sizeof *r->order);
    r->batch = ag_malloc((size_t)r->recipe->batch * size);
    r->labels = ag_malloc((size_t)r->recipe->batch);
    r->ordered = -1;
    return r->order && r->batch && r->labels ? 0 : AG_ENOMEM;
}

static int open_model(run *r)
{
    r->model = ag_calloc(1, sizeof *r->model);
    if (!r->model) {
        return AG_ENOMEM;
    }
    r->model->real = r->recipe->real;
    r->model->seed = r->recipe->seed;
    const ag_pictures *p = r->train;
    int status =
        cl_recipe_configure(r->recipe, p->height, p->width, p->channels, &r->model->config);
    if (status == 0) {
        status = cl_pictures_fit(&r->model->config, r->train);
    }
    if (status == 0) {
        status = cl_pictures_fit(&r->model->config, r->test);
    }
    if (status < 0) {
        return ag_fail_context(status, "%s", r->options->recipe);
    }
    return r->recipe->real ? cl_twin_new(r->recipe, r->model, r->pool, &r->learner)
                           : cl_integers_new(r->recipe, r->model, r->pool, &r->learner);
}

/* ---- checkpoints ---- */

static const char epoch_key[] = "agena.epoch";

/* The recipe as text, without what a resumed run may change. */
static int recipe_text(const run *r, char **text)
{
    cl_recipe copy = *r->recipe;
    copy.data = NULL;
    copy.epochs = 0;
    if (!copy.real) {
        copy.twin = (cl_twin_recipe){ 0 };
    }
    return cl_recipe_text(&copy, text);
}

/* What the epoch under way has summed; its steps are those of this data. */
static int load_epoch(run *r, const ag_safetensors *f)
{
    const char *text = ag_safetensors_meta(f, epoch_key);
    int correct = 0;
    long long pictures = r->pictures; /* not said by the first checkpoints */
    if (!text || sscanf(text, "%la %9d %18lld", &r->loss, &correct, &pictures) < 2 ||
        !isfinite(r->loss) || correct < -1 || r->model->steps / r->epoch_steps > CL_MAX_EPOCHS) {
        return ag_fail(AG_EFORMAT, "%s: its metadata %s or agena.steps is damaged",
                       r->files.checkpoint, epoch_key);
    }
    if (pictures != r->pictures) {
        return ag_fail(AG_EINVAL,
                       "%s was made with %lld pictures to train on, not %lld: resume with the same "
                       "data",
                       r->files.checkpoint, pictures, (long long)r->pictures);
    }
    r->correct = correct;
    return 0;
}

static int load_from(run *r, const ag_safetensors *f)
{
    int status = cl_model_unpack(r->files.checkpoint, f, r->model);
    if (status == 0) {
        status = r->learner->table->load(r->learner, f);
    }
    return status < 0 ? status : load_epoch(r, f);
}

static int load_checkpoint(run *r)
{
    ag_safetensors *f = NULL;
    char *text = NULL;
    int status = recipe_text(r, &text);
    if (status == 0) {
        status = ag_run_load(&r->files, text, &f);
    }
    if (status == 0) {
        status = load_from(r, f);
    }
    ag_free(text);
    ag_safetensors_free(f);
    return status;
}

static int fill_checkpoint(const run *r, ag_safetensors *f)
{
    char epoch[80];
    snprintf(epoch, sizeof epoch, "%a %lld %lld", r->loss, (long long)r->correct,
             (long long)r->pictures);
    int status = ag_safetensors_set_meta(f, epoch_key, epoch);
    return status < 0 ? status : r->learner->table->save(r->learner, f);
}

/* Checkpoint, then the model alone. */
static int save(run *r)
{
    if (r->options->unsaved) {
        return 0;
    }
    ag_safetensors *f = NULL;
    char *text = NULL;
    int status = cl_model_pack(r->model, false, &f);
    if (status == 0) {
        status = fill_checkpoint(r, f);
    }
    if (status == 0) {
        status = recipe_text(r, &text);
    }
    if (status == 0) {
        status = ag_run_save(&r->files, text, f);
    }
    ag_free(text);
    ag_safetensors_free(f);
    return status < 0 ? status : ag_classifier_save(r->model, false, r->files.model);
}

/* ---- the loop ---- */

static void fill_batch(run *r, int64_t epoch, int64_t step)
{
    const cl_recipe *c = r->recipe;
    size_t size = cl_picture_size(&r->model->config);
    if (r->ordered != epoch) {
        ag_pictures_order(c->seed, epoch, r->pictures, r->order);
        r->ordered = epoch;
    }
    for (int i = 0; i < c->batch; i++) {
        int64_t index = r->order[step % r->epoch_steps * c->batch + i];
        ag_pictures_vary(r->train, index, &c->augment, c->seed, epoch, r->batch + (size_t)i * size);
        r->labels[i] = r->train->labels[index];
    }
}

static int log_scalar(run *r, const char *tag, double value)
{
    return r->files.events ? ag_events_scalar(r->files.events, tag, r->model->steps, (float)value)
                           : 0;
}

static int log_step(run *r, double loss, int64_t epoch)
{
    int batch = r->recipe->batch;
    char note[96];
    snprintf(note, sizeof note, "epoch %lld of %d, loss %.4f", (long long)epoch + 1,
             r->recipe->epochs, loss / batch);
    if (r->progress) {
        ag_progress_update(r->progress, (uint64_t)(r->model->steps * batch), note);
    }
    return r->model->steps % LOG_STEPS ? 0 : log_scalar(r, "train/loss", loss / batch);
}

/* Share of wrong answers on what an epoch is judged by. */
static int judge(run *r, double *error)
{
    int valid = r->recipe->valid;
    int64_t wrong, count = valid ? valid : r->test->count;
    int status =
        ag_classifier_evaluate(r->model, valid ? r->train : r->test,
                               valid ? r->train->count - valid : 0, count, r->pool, &wrong);
    *error = status < 0 ? 0 : (double)wrong / (double)count;
    return status;
}

static int log_point(run *r, const ag_classify_point *p)
{
    bool valid = r->recipe->valid > 0;
    char train[48] = "";
    if (p->train_error >= 0) {
        snprintf(train, sizeof train, ", %.2f %% wrong in training", 100 * p->train_error);
    }
    ag_logf(AG_LOG_INFO, "epoch %d: loss %.4f%s, %.2f %% wrong on the %s", p->epoch, p->loss, train,
            100 * p->error, valid ? "pictures held out" : "test split");
    int status = log_scalar(r, valid ? "valid/error" : "test/error", p->error);
    if (status == 0 && p->train_error >= 0) {
        status = log_scalar(r, "train/error", p->train_error);
    }
    if (status == 0 && r->files.events) {
        status = ag_events_flush(r->files.events);
    }
    if (r->options->point) {
        r->options->point(r->options->user, p);
    }
    return status;
}

/* At the end of an epoch: judge, note, begin new sums, save. */
static int end_epoch(run *r)
{
    double seen = (double)(r->epoch_steps * r->recipe->batch);
    ag_classify_point p = { .epoch = (int)(r->model->steps / r->epoch_steps),
                            .loss = r->loss / seen,
                            .train_error = r->correct < 0 ? -1 : 1 - (double)r->correct / seen };
    int status = judge(r, &p.error);
    if (status == 0) {
        status = cl_model_point(r->model, &p);
    }
    if (status < 0) {
        return status;
    }
    r->loss = 0;
    r->correct = 0;
    status = log_point(r, &p);
    return status < 0 ? status : save(r);
}

static bool save_is_due(const run *r)
{
    const cl_recipe *c = r->recipe;
    return !r->options->unsaved && ag_run_save_is_due(&r->files, r->model->steps,
                                                      c->checkpoint_minutes, c->checkpoint_steps);
}

static int one_step(run *r)
{
    int64_t step = r->model->steps, epoch = step / r->epoch_steps;
    double loss = 0, before = ag_seconds();
    int correct = 0;
    fill_batch(r, epoch, step);
    int status =
        r->learner->table->step(r->learner, r->batch, r->labels, epoch, step, &loss, &correct);
    if (status < 0) {
        return ag_fail_context(status, "step %lld", (long long)step);
    }
    r->spent += ag_seconds() - before;
    r->done += r->recipe->batch;
    r->model->steps++;
    r->loss += loss;
    r->correct = correct < 0 ? -1 : r->correct + correct;
    status = log_step(r, loss, epoch);
    if (status == 0 && r->model->steps % r->epoch_steps == 0) {
        return end_epoch(r);
    }
    return status == 0 && save_is_due(r) ? save(r) : status;
}

static int stop(run *r)
{
    long long steps = r->model->steps;
    if (r->options->unsaved) {
        return ag_fail(AG_EINTERRUPTED, "stopped at step %lld", steps);
    }
    int status = save(r);
    return status < 0 ? status : ag_run_stopped(steps);
}

/* Was the run stopped between an epoch's last step and its evaluation? */
static bool epoch_is_open(const run *r)
{
    int64_t epochs = r->model->steps / r->epoch_steps;
    int points = r->model->points;
    return epochs > 0 && r->model->steps % r->epoch_steps == 0 &&
           (points == 0 || r->model->curve[points - 1].epoch != epochs);
}

static int loop(run *r)
{
    int64_t steps = r->epoch_steps * r->recipe->epochs, batch = r->recipe->batch;
    int status = ag_progress_new("training", "pictures", (uint64_t)(steps * batch),
                                 (uint64_t)(r->model->steps * batch), &r->progress);
    if (status == 0 && epoch_is_open(r)) {
        status = end_epoch(r);
    }
    while (status == 0 && r->model->steps < steps && !ag_interrupted()) {
        status = one_step(r);
    }
    ag_progress_end(r->progress);
    r->progress = NULL;
    if (status == AG_EINTERRUPTED || (status == 0 && r->model->steps < steps)) {
        return stop(r);
    }
    /* With nothing left to do, the last checkpoint may have outrun the model file. */
    return status == 0 && r->done == 0 ? save(r) : status;
}

/* Network, training step and the batch that it is given. */
static size_t training_bytes(const run *r)
{
    size_t batch = (size_t)r->recipe->batch * (cl_picture_size(&r->model->config) + 1);
    return r->learner->table->bytes(r->learner) + batch;
}

/* The share of the test split that the finished network gets wrong. */
static int finish(run *r, ag_classify_result *result)
{
    int64_t wrong = 0;
    int status = ag_classifier_evaluate(r->model, r->test, 0, r->test->count, r->pool, &wrong);
    if (status < 0) {
        return status;
    }
    ag_logf(AG_LOG_INFO, "%lld of %lld pictures of the test split wrong: %.2f %%", (long long)wrong,
            (long long)r->test->count, 100 * (double)wrong / (double)r->test->count);
    if (result) {
        result->error = (double)wrong / (double)r->test->count;
        result->pictures = r->done;
        result->seconds = r->spent;
        result->bytes = training_bytes(r);
    }
    return 0;
}

static int64_t count_weights(const ag_classifier *m)
{
    int64_t count = m->real ? ag_tensors_elements(m->weights) : 0;
    for (int i = 0; !m->real && i < m->config.layers; i++) {
        count += ag_wage_weight_count(m->net, i);
    }
    return count;
}

static int start(run *r)
{
    int status = open_recipe(r);
    if (status == 0) {
        status = ag_pool_new(r->options->threads, &r->pool);
    }
    if (status == 0) {
        status = open_data(r);
    }
    if (status == 0) {
        status = open_model(r);
    }
    if (status == 0 && r->options->resume) {
        status = load_checkpoint(r);
    }
    return status < 0 || r->options->unsaved ? status : ag_run_begin(&r->files);
}

static void close_run(run *r)
{
    if (r->learner) {
        r->learner->table->free(r->learner);
    }
    ag_classifier_free(r->model);
    ag_pictures_free(r->train);
    ag_pictures_free(r->test);
    ag_free(r->order);
    ag_free(r->batch);
    ag_free(r->labels);
    ag_run_close(&r->files);
    ag_pool_free(r->pool);
    cl_recipe_free(r->recipe);
}

int ag_classify_train(const ag_classify_options *options, ag_classify_result *result)
{
    run r = { .options = options };
    int status = start(&r);
    if (status == 0) {
        int64_t weights = count_weights(r.model);
        ag_logf(AG_LOG_INFO, "%lld weights, %lld pictures, %.1f MB for training, %d threads",
                (long long)weights, (long long)r.pictures, (double)training_bytes(&r) / 1e6,
                ag_pool_threads(r.pool));
        if (result) {
            result->weights = weights;
        }
        status = loop(&r);
    }
    if (status == 0) {
        status = finish(&r, result);
    }
    close_run(&r);
    return status;
}
