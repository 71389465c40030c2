/* Training a WaveNet: the loop, its checkpoints, validation and log. */
#include "wavenet/recipe.h"
#include "wavenet/train.h"

#include "base/recipe.h"
#include "nn/run.h"

#include <stdio.h>
#include <string.h>

/* One run. */
typedef struct {
    const ag_wavenet_train_options *options;
    wn_recipe *recipe;
    ag_pool *pool;
    ag_speech *speech, *valid;
    ag_loader *loader;
    ag_wavenet *model; /* configuration, current weights and names */
    ag_optimizer *optimizer;
    ag_tensors *gradients;
    ag_trainer *trainer;
    ag_wavenet_nodes nodes;
    float **rooms; /* by shard */
    const ag_batch *batch;
    float weight; /* of one valid sample's loss in this batch */
    ag_run files;
    ag_progress *progress;
    int64_t step; /* steps behind us */
} run;

/* ---- opening ---- */

static int open_recipe(run *r)
{
    const ag_wavenet_train_options *o = r->options;
    int status = wn_recipe_load(o->recipe, o->overrides, o->override_count, &r->recipe);
    if (status < 0) {
        return status;
    }
    return ag_run_open(o->recipe, o->output, r->recipe->output, o->resume, &r->files);
}

static int open_speech(run *r)
{
    const ag_wavenet_config *c = &r->recipe->model;
    const char *data = r->options->data ? r->options->data : r->recipe->data;
    if (!data) {
        return ag_fail(AG_EINVAL, "no data: give --data DIR or the key data in the recipe");
    }
    ag_speech_options o = { .sample_rate = c->sample_rate,
                            .hop = c->local_features ? c->hop : (int)wn_granule(c),
                            .mel = c->local_features > 0,
                            .preemphasis = c->preemphasis,
                            .split = AG_SPLIT_TRAIN };
    int status = ag_speech_open(data, &o, r->pool, &r->speech);
    if (status == 0 && r->recipe->train.valid_steps) {
        o.split = AG_SPLIT_VALID;
        status = ag_speech_open(data, &o, r->pool, &r->valid);
    }
    return status;
}

typedef const char *(*name_fn)(const ag_manifest *m, int id);

static int copy_names(const ag_manifest *m, name_fn name, int count, char ***out)
{
    *out = ag_calloc((size_t)count + 1, sizeof(char *));
    for (int i = 0; *out && i < count; i++) {
        (*out)[i] = ag_strdup(name(m, i));
        if (!(*out)[i]) {
            return AG_ENOMEM;
        }
    }
    return *out ? 0 : AG_ENOMEM;
}

/* Weights of another run: those tensors must be there in the same shapes. The optimiser starts
 * anew. */
static int load_initial(run *r)
{
    ag_safetensors *f = NULL;
    int status = ag_safetensors_load(r->options->init, &f);
    if (status == 0) {
        status = ag_safetensors_get(f, "", r->model->weights);
    }
    ag_safetensors_free(f);
    return status;
}

/* The model's configuration is the recipe's, with the speakers and languages that the data has. */
static int open_model(run *r)
{
    r->model = ag_calloc(1, sizeof *r->model);
    if (!r->model) {
        return AG_ENOMEM;
    }
    ag_wavenet *m = r->model;
    const ag_manifest *names = ag_speech_manifest(r->speech);
    m->config = r->recipe->model;
    m->config.speakers = m->config.languages = 0;
    int speakers = r->recipe->speakers ? ag_manifest_speakers(names) : 0;
    int languages = r->recipe->languages ? ag_manifest_languages(names) : 0;
    int status = 0;
    if (speakers) {
        status = copy_names(names, ag_manifest_speaker, speakers, &m->speakers);
        m->config.speakers = m->speakers ? speakers : 0;
    }
    if (status == 0 && languages) {
        status = copy_names(names, ag_manifest_language, languages, &m->languages);
        m->config.languages = m->languages ? languages : 0;
    }
    if (status == 0) {
        status = ag_wavenet_weights(&m->config, &m->weights);
    }
    if (status == 0 && m->config.local_features && m->config.local_features != AG_MEL_BANDS) {
        status = ag_fail(AG_EINVAL,
                         "model.local_features is %d, but training conditions on %d mel bands",
                         m->config.local_features, AG_MEL_BANDS);
    }
    if (status == 0) {
        ag_wavenet_init(&m->config, m->weights, r->recipe->seed);
        status = r->options->init && !r->options->resume ? load_initial(r) : 0;
    }
    if (status == 0) {
        status = ag_optimizer_new(&r->recipe->train.optimizer, m->weights, &r->optimizer);
    }
    return status < 0 ? status : ag_tensors_like(m->weights, &r->gradients);
}

static int open_trainer(run *r)
{
    const wn_train_recipe *t = &r->recipe->train;
    int crops = t->batch / t->shards;
    ag_graph *g = NULL;
    int status = ag_graph_new(&g);
    if (status < 0) {
        return status;
    }
    status = ag_wavenet_graph(&r->model->config, crops, t->samples, WN_MARGIN, g, &r->nodes);
    if (status == 0) {
        status =
            ag_trainer_new(g, r->nodes.loss, t->shards, r->model->weights, r->pool, &r->trainer);
    }
    ag_graph_free(g);
    r->rooms = ag_calloc((size_t)t->shards, sizeof *r->rooms);
    for (int i = 0; status == 0 && i < t->shards; i++) {
        r->rooms[i] = r->rooms
                          ? ag_malloc_aligned(wn_inputs_bytes(&r->model->config, crops, t->samples))
                          : NULL;
        status = r->rooms && r->rooms[i] ? 0 : AG_ENOMEM;
    }
    return status;
}

static int open_loader(run *r)
{
    const ag_wavenet_config *c = &r->model->config;
    ag_loader_options o = { .batch = r->recipe->train.batch,
                            .samples = r->recipe->train.samples,
                            .local_context = c->local_features ? c->local_context + WN_MARGIN : 0,
                            .seed = r->recipe->seed,
                            .step = r->step };
    return ag_loader_new(r->speech, &o, &r->loader);
}

/* ---- checkpoints ---- */

/* The recipe as text, without what a resumed run may change. */
static int recipe_text(const run *r, char **text)
{
    wn_recipe copy = *r->recipe;
    copy.data = copy.output = NULL;
    copy.train.steps = copy.train.checkpoint_steps = 0;
    copy.train.checkpoint_minutes = copy.train.valid_steps = copy.train.valid_crops = 0;
    return ag_recipe_text(&wn_recipe_schema, &copy, text);
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
        status = ag_safetensors_get(f, "", r->model->weights);
    }
    if (status == 0) {
        status = ag_optimizer_load(r->optimizer, f);
    }
    if (status == 0) {
        r->step = ag_optimizer_steps(r->optimizer);
    }
    ag_free(text);
    ag_safetensors_free(f);
    return status;
}

static int save_checkpoint(run *r)
{
    ag_safetensors *f = NULL;
    char *text = NULL;
    r->model->steps = r->step;
    int status = ag_wavenet_pack(r->model, &f);
    if (status == 0) {
        status = ag_optimizer_save(r->optimizer, f);
    }
    if (status == 0) {
        status = recipe_text(r, &text);
    }
    if (status == 0) {
        status = ag_run_save(&r->files, text, f);
    }
    ag_free(text);
    ag_safetensors_free(f);
    return status;
}

/* Checkpoint, then the averaged weights as a model that can be used as it is. */
static int save(run *r)
{
    int status = save_checkpoint(r);
    if (status < 0) {
        return status;
    }
    ag_wavenet averaged = *r->model;
    ag_tensors *copy = NULL;
    const ag_tensors *average = ag_optimizer_average(r->optimizer);
    status = ag_tensors_like(r->model->weights, &copy);
    if (status == 0) {
        status = ag_tensors_copy(copy, average ? average : r->model->weights);
    }
    averaged.weights = copy;
    if (status == 0) {
        status = ag_wavenet_save(&averaged, r->files.model, AG_STORE_F32);
    }
    ag_tensors_free(copy);
    return status;
}

/* ---- the loop ---- */

/* Is this crop of the batch trained without its features, so that the model learns free speech too?
 */
static bool dropped(const run *r, int crop)
{
    ag_rng rng;
    uint64_t serial = (uint64_t)r->step * (uint64_t)r->recipe->train.batch + (uint64_t)crop;
    ag_rng_init(&rng, r->recipe->seed, AG_PURPOSE_DROPOUT, serial);
    return ag_rng_uniform(&rng) < r->recipe->train.local_dropout;
}

/* The features of the shard's crops; all zero stands for "no conditioning" (silence is -1 in every
 * band). */
static void copy_features(const run *r, int first, int crops, float *features)
{
    const ag_wavenet_config *c = &r->model->config;
    int64_t frames = r->recipe->train.samples / c->hop + 2 * (c->local_context + WN_MARGIN);
    size_t size = (size_t)(frames * c->local_features);
    for (int k = 0; k < crops; k++) {
        if (dropped(r, first + k)) {
            memset(features + (size_t)k * size, 0, size * sizeof *features);
        } else {
            memcpy(features + (size_t)k * size, r->batch->mel + (size_t)(first + k) * size,
                   size * sizeof *features);
        }
    }
}

/* Copy the shard's crops of the batch into its room and bind them. */
static int bind_shard(void *user, ag_exec *exec, int shard)
{
    run *r = user;
    const ag_wavenet_config *c = &r->model->config;
    const ag_batch *b = r->batch;
    int64_t n = r->recipe->train.samples;
    int crops = r->recipe->train.batch / r->recipe->train.shards, first = shard * crops;
    wn_inputs in;
    wn_inputs_place(c, crops, n, r->rooms[shard], &in);
    memcpy(in.audio, b->audio + first * (n + 1), (size_t)(crops * (n + 1)) * sizeof *in.audio);
    if (in.features) {
        copy_features(r, first, crops, in.features);
    }
    for (int k = 0; k < crops; k++) {
        in.speaker[k] = b->speaker[first + k];
        in.language[k] = b->language[first + k];
        for (int64_t t = 0; t < n; t++) {
            in.weight[k * n + t] = t < b->valid[first + k] ? r->weight : 0;
        }
    }
    wn_inputs_encode(c, crops, n, &in);
    return wn_inputs_bind(exec, &r->nodes, &in);
}

/* Every valid sample of the batch counts the same; the trainer averages over shards. */
static float sample_weight(const run *r)
{
    int64_t valid = 0;
    for (int k = 0; k < r->recipe->train.batch; k++) {
        valid += r->batch->valid[k];
    }
    return (float)r->recipe->train.shards / (float)valid;
}

static int log_step(run *r, float loss, float norm)
{
    const float ln2 = 0.69314718f;
    char note[96];
    snprintf(note, sizeof note, "step %lld of %lld, %.4f bits a sample", (long long)r->step,
             (long long)r->recipe->train.steps, (double)(loss / ln2));
    int64_t each = (int64_t)r->recipe->train.batch * r->recipe->train.samples;
    ag_progress_update(r->progress, (uint64_t)(r->step * each), note);
    if (r->step % 10) {
        return 0;
    }
    int status = ag_events_scalar(r->files.events, "train/bits", r->step, loss / ln2);
    if (status == 0) {
        status = ag_events_scalar(r->files.events, "train/gradient_norm", r->step, norm);
    }
    if (status == 0) {
        float rate = ag_schedule_rate(&r->recipe->train.optimizer.rate, r->step);
        status = ag_events_scalar(r->files.events, "train/learning_rate", r->step, rate);
    }
    return status;
}

static int validate(run *r)
{
    const ag_tensors *average = ag_optimizer_average(r->optimizer);
    double bits = 0;
    int64_t samples = 0;
    int status =
        ag_wavenet_evaluate(&r->model->config, average ? average : r->model->weights, r->valid,
                            r->recipe->train.valid_crops, r->pool, &bits, &samples);
    if (status < 0) {
        return status;
    }
    ag_logf(AG_LOG_INFO, "step %lld: %.4f bits a sample on %lld samples of the validation split",
            (long long)r->step, bits, (long long)samples);
    status = ag_events_scalar(r->files.events, "valid/bits", r->step, (float)bits);
    return status < 0 ? status : ag_events_flush(r->files.events);
}

static bool save_is_due(const run *r)
{
    const wn_train_recipe *t = &r->recipe->train;
    return ag_run_save_is_due(&r->files, r->step, t->checkpoint_minutes, t->checkpoint_steps);
}

static int one_step(run *r)
{
    float loss = 0, norm = 0;
    r->batch = ag_loader_next(r->loader);
    r->weight = sample_weight(r);
    int status = ag_trainer_gradients(r->trainer, bind_shard, r, r->gradients, &loss);
    if (status == 0) {
        status = ag_optimizer_step(r->optimizer, r->model->weights, r->gradients, &norm);
    }
    if (status < 0) {
        return ag_fail_context(status, "step %lld", (long long)r->step);
    }
    r->step++;
    status = log_step(r, loss, norm);
    int64_t every = r->recipe->train.valid_steps;
    if (status == 0 && every && r->step % every == 0) {
        status = validate(r);
    }
    return status == 0 && save_is_due(r) ? save(r) : status;
}

static int loop(run *r)
{
    int64_t each = (int64_t)r->recipe->train.batch * r->recipe->train.samples;
    int status = ag_progress_new("training", "samples", (uint64_t)(r->recipe->train.steps * each),
                                 (uint64_t)(r->step * each), &r->progress);
    while (status == 0 && r->step < r->recipe->train.steps && !ag_interrupted()) {
        status = one_step(r);
    }
    ag_progress_end(r->progress);
    r->progress = NULL;
    if (status < 0 && status != AG_EINTERRUPTED) {
        return status;
    }
    bool done = r->step >= r->recipe->train.steps;
    status = save(r);
    return status == 0 && !done ? ag_run_stopped(r->step) : status;
}

static int start(run *r)
{
    int status = open_recipe(r);
    if (status == 0) {
        status = ag_pool_new(r->options->threads, &r->pool);
    }
    if (status == 0) {
        status = open_speech(r);
    }
    if (status == 0) {
        status = open_model(r);
    }
    if (status == 0) {
        status = open_trainer(r);
    }
    if (status == 0 && r->options->resume) {
        status = load_checkpoint(r);
    }
    if (status == 0) {
        status = open_loader(r);
    }
    return status < 0 ? status : ag_run_begin(&r->files);
}

static void close_run(run *r)
{
    ag_loader_free(r->loader);
    ag_trainer_free(r->trainer);
    for (int i = 0; r->rooms && i < r->recipe->train.shards; i++) {
        ag_free(r->rooms[i]);
    }
    ag_free(r->rooms);
    ag_optimizer_free(r->optimizer);
    ag_tensors_free(r->gradients);
    ag_wavenet_free(r->model);
    ag_speech_free(r->speech);
    ag_speech_free(r->valid);
    ag_run_close(&r->files);
    ag_pool_free(r->pool);
    wn_recipe_free(r->recipe);
}

int ag_wavenet_train(const ag_wavenet_train_options *options)
{
    run r = { .options = options };
    int status = start(&r);
    if (status == 0) {
        ag_logf(AG_LOG_INFO, "%lld weights, %.1f minutes of recordings, %d threads",
                (long long)ag_tensors_elements(r.model->weights),
                (double)ag_speech_samples(r.speech) / r.recipe->model.sample_rate / 60,
                ag_pool_threads(r.pool));
        status = loop(&r);
    }
    close_run(&r);
    return status;
}
