/* agena wavenet: train, evaluate and generate with WaveNets. */
#include "cli/common.h"

#include "agena/wavenet.h"

#include <stdio.h>
#include <string.h>

/* ---- train ---- */

typedef struct {
    const char *recipe, *data, *output, *init;
    cli_list set;
    bool resume;
    int64_t threads;
} train_options;

static int run_train(const void *options)
{
    const train_options *o = options;
    ag_wavenet_train_options t = { .recipe = o->recipe,
                                   .overrides = o->set.items,
                                   .override_count = o->set.count,
                                   .data = o->data,
                                   .output = o->output,
                                   .init = o->init,
                                   .resume = o->resume,
                                   .threads = (int)o->threads };
    return ag_wavenet_train(&t);
}

static const cli_option train_table[] = {
    CLI_RECIPE(train_options),
    { .name = "data",
      .type = CLI_FILE,
      .value = "DIR",
      .help = "folder with manifest.jsonl, or that file; otherwise the recipe's key data",
      .offset = offsetof(train_options, data) },
    CLI_RUN_FOLDER(train_options),
    CLI_RESUME(train_options, "go on from the checkpoint in the run folder"),
    { .name = "init",
      .type = CLI_FILE,
      .value = "MODEL",
      .help = "begin with the weights of this model: longer training, other voices",
      .offset = offsetof(train_options, init) },
    CLI_SET(train_options, "train.steps=100"),
    CLI_THREADS(train_options),
    { 0 },
};

static const cli_example train_examples[] = {
    { "agena wavenet train recipes/speech.yaml --data build/speech -o run", "Train on speech." },
    { "agena wavenet train recipes/speech.yaml --data build/speech -o run --resume",
      "Go on after Ctrl-C, a crash or a power cut." },
    { 0 },
};

static const cli_command wavenet_train = {
    .name = "train",
    .summary = "Train a WaveNet from a recipe",
    .description =
        "Trains to the recipe's last step. The run folder gets checkpoint.safetensors (all that "
        "resuming needs), model.safetensors (the averaged weights, for generation) and TensorBoard "
        "event files.\n\n"
        "Ctrl-C saves and stops. A run that was resumed, on any number of threads, ends with the "
        "same bytes as one that never stopped.",
    .options = train_table,
    .examples = train_examples,
    .size = sizeof(train_options),
    .run = run_train,
};

/* ---- eval ---- */

typedef struct {
    const char *model, *data;
    int split;
    int64_t limit, threads;
    bool baselines, json;
} eval_options;

static const char *const split_names[] = { "train", "valid", "test", NULL };

/* What an evaluation found; baselines are negative when they were not asked for. */
typedef struct {
    double bits, entropy, linear;
    int64_t samples, recordings;
} evaluation;

static int print_evaluation(const eval_options *o, const evaluation *e)
{
    if (!o->json) {
        printf("%.4f bits a sample on %lld samples of %lld recordings of the %s split\n", e->bits,
               (long long)e->samples, (long long)e->recordings, split_names[o->split]);
        if (o->baselines) {
            printf("%.4f bits a sample: entropy of the mu-law classes\n"
                   "%.4f bits a sample: linear prediction of order 32, Gaussian residual\n",
                   e->entropy, e->linear);
        }
        return 0;
    }
    json_t *out = json_pack("{s:s, s:f, s:I, s:I}", "split", split_names[o->split],
                            "bits_per_sample", e->bits, "samples", (json_int_t)e->samples,
                            "recordings", (json_int_t)e->recordings);
    if (out && o->baselines) {
        json_object_set_new(out, "entropy_bits", json_real(e->entropy));
        json_object_set_new(out, "linear_prediction_bits", json_real(e->linear));
    }
    return cli_print_json(out, JSON_COMPACT | JSON_REAL_PRECISION(6));
}

static int evaluate(const eval_options *o, const ag_wavenet *m, ag_pool *pool)
{
    const ag_wavenet_config *c = &m->config;
    ag_speech_options so = { .sample_rate = c->sample_rate,
                             .hop = c->local_features ? c->hop : 200,
                             .mel = c->local_features > 0,
                             .preemphasis = c->preemphasis,
                             .split = (ag_split)o->split };
    ag_speech *speech = NULL;
    evaluation e = { 0 };
    int status = ag_speech_open(o->data, &so, pool, &speech);
    if (status == 0) {
        status = ag_wavenet_check_names(m, ag_speech_manifest(speech));
    }
    if (status == 0) {
        status = ag_wavenet_evaluate(c, m->weights, speech, o->limit, pool, &e.bits, &e.samples);
    }
    if (status == 0) {
        e.recordings = ag_speech_count(speech);
        e.entropy = o->baselines ? ag_mulaw_entropy(speech) : 0;
        e.linear = o->baselines ? ag_linear_prediction_bits(speech) : 0;
        status = print_evaluation(o, &e);
    }
    ag_speech_free(speech);
    return status;
}

static int run_eval(const void *options)
{
    const eval_options *o = options;
    ag_wavenet *m = NULL;
    ag_pool *pool = NULL;
    int status = ag_wavenet_load(o->model, &m);
    if (status == 0) {
        status = ag_pool_new((int)o->threads, &pool);
    }
    if (status == 0) {
        status = evaluate(o, m, pool);
    }
    ag_pool_free(pool);
    ag_wavenet_free(m);
    return status;
}

static const cli_option eval_table[] = {
    CLI_MODEL(eval_options),
    { .name = "data",
      .type = CLI_FILE,
      .required = true,
      .value = "DIR",
      .help = "folder with manifest.jsonl, or that file",
      .offset = offsetof(eval_options, data) },
    { .name = "split",
      .type = CLI_CHOICE,
      .value = "SPLIT",
      .normal = "test",
      .help = "recordings to use",
      .choices = split_names,
      .offset = offsetof(eval_options, split) },
    { .name = "limit",
      .type = CLI_INT,
      .value = "N",
      .normal = "0",
      .help = "look at N stretches of 8,000 samples, evenly spread; 0 for all",
      .least = 0,
      .most = 1e9,
      .offset = offsetof(eval_options, limit) },
    { .name = "baselines",
      .type = CLI_FLAG,
      .help = "also the entropy of the classes and linear prediction on the same recordings",
      .offset = offsetof(eval_options, baselines) },
    CLI_THREADS(eval_options),
    CLI_JSON(eval_options, CLI_ONE_OBJECT),
    { 0 },
};

static const cli_command wavenet_eval = {
    .name = "eval",
    .summary = "Measure a model in bits per sample on recordings",
    .description =
        "Every sample is predicted from all samples before it, as far back as the receptive "
        "field reaches. 8 bits is what a uniform guess costs with 256 classes.",
    .options = eval_table,
    .size = sizeof(eval_options),
    .run = run_eval,
};

/* ---- generate ---- */

typedef struct {
    const char *model, *mel, *speaker, *language, *output;
    double seconds, temperature;
    int64_t seed, streams, threads;
    int weights;
    bool json;
} generate_options;

static const char *const weights_names[] = { "f32", "bf16", "int8", NULL };

/* The audio of one stream, growing. */
typedef struct {
    float *samples;
    int64_t count, room;
} recording;

/* Where audio goes: memory for WAV files, written at the end; or PCM as it is made. */
typedef struct {
    FILE *pcm;
    recording *streams;
    int64_t total;
    double started, first; /* seconds: at start, at the first sample */
} destination;

static int keep(recording *r, const float *samples, int64_t count)
{
    if (r->count + count > r->room) {
        int64_t room = 2 * (r->count + count);
        float *more = ag_realloc(r->samples, (size_t)room * sizeof *more);
        if (!more) {
            return AG_ENOMEM;
        }
        r->samples = more;
        r->room = room;
    }
    memcpy(r->samples + r->count, samples, (size_t)count * sizeof *samples);
    r->count += count;
    return 0;
}

static int receive(void *user, int stream, const float *samples, int64_t count)
{
    destination *d = user;
    d->first = d->total ? d->first : ag_seconds();
    d->total += count;
    return d->pcm ? ag_audio_write_pcm(d->pcm, samples, count)
                  : keep(&d->streams[stream], samples, count);
}

/* OUT.wav, or OUT-1.wav, OUT-2.wav, ... for several streams; ag_free it. */
static char *path_of_stream(const generate_options *o, int stream)
{
    if (o->streams == 1) {
        return ag_strdup(o->output);
    }
    const char *dot = strrchr(o->output, '.'), *slash = strrchr(o->output, '/');
    if (!dot || (slash && dot < slash)) {
        dot = o->output + strlen(o->output);
    }
    return ag_format("%.*s-%d%s", (int)(dot - o->output), o->output, stream + 1, dot);
}

/* A file that cannot be written is better known before the work than after it. */
static int try_output(const generate_options *o)
{
    char *path = path_of_stream(o, 0);
    ag_writer *writer = NULL;
    int status = path ? ag_writer_open(path, &writer) : AG_ENOMEM;
    ag_writer_abandon(writer);
    ag_free(path);
    return status;
}

static int write_files(const generate_options *o, int rate, const destination *d)
{
    int status = 0;
    for (int s = 0; status == 0 && s < o->streams; s++) {
        char *path = path_of_stream(o, s);
        status = path ? ag_audio_write_wav(path, d->streams[s].samples, d->streams[s].count, rate)
                      : AG_ENOMEM;
        ag_free(path);
    }
    return status;
}

static void report(const generate_options *o, int rate, const destination *d)
{
    double spent = ag_seconds() - d->started, made = (double)d->total / rate;
    double speed = spent > 0 ? (double)d->total / spent : 0;
    if (o->json && !d->pcm) {
        printf("{\"samples\":%lld,\"seconds\":%.3f,\"samples_per_second\":%.0f,"
               "\"times_real_time\":%.2f,\"first_sample_ms\":%.1f}\n",
               (long long)d->total, spent, speed, made / spent, 1000 * (d->first - d->started));
    } else {
        ag_logf(AG_LOG_INFO, "%.2f s of audio in %.2f s: %.0f samples/s, %.2f times real time",
                made, spent, speed, made / spent);
    }
}

static int generate(const generate_options *o, const ag_wavenet *m, destination *d)
{
    ag_wavenet_generate_options g = { .mel = o->mel,
                                      .speaker = o->speaker,
                                      .language = o->language,
                                      .seconds = o->seconds,
                                      .sampler = { .weights = (ag_weights)o->weights,
                                                   .streams = (int)o->streams,
                                                   .threads = (int)o->threads,
                                                   .temperature = (float)o->temperature,
                                                   .seed = (uint64_t)o->seed } };
    d->streams = ag_calloc((size_t)o->streams, sizeof *d->streams);
    if (!d->streams) {
        return AG_ENOMEM;
    }
    int status = ag_wavenet_generate(m, &g, receive, d);
    int stored = 0;
    if (!d->pcm && d->total && (status == 0 || status == AG_EINTERRUPTED)) {
        stored = write_files(o, m->config.sample_rate, d);
    }
    if (status == 0 && stored == 0) {
        report(o, m->config.sample_rate, d);
    }
    return status < 0 ? status : stored;
}

static int run_generate(const void *options)
{
    const generate_options *o = options;
    destination d = { .started = ag_seconds() };
    if (strcmp(o->output, "-") == 0) {
        if (o->streams > 1) {
            return ag_fail(CLI_USAGE, "-o - takes one stream; write files for several");
        }
        d.pcm = stdout;
    }
    ag_wavenet *m = NULL;
    int status = ag_wavenet_load(o->model, &m);
    if (status == 0 && !d.pcm) {
        status = try_output(o);
    }
    if (status == 0) {
        status = generate(o, m, &d);
    }
    for (int s = 0; d.streams && s < o->streams; s++) {
        ag_free(d.streams[s].samples);
    }
    ag_free(d.streams);
    ag_wavenet_free(m);
    return status;
}

static const cli_option generate_table[] = {
    CLI_MODEL(generate_options),
    { .name = "mel",
      .type = CLI_FILE,
      .value = "FILE",
      .help = "copy synthesis: speak with the log-mel features of this recording",
      .offset = offsetof(generate_options, mel) },
    { .name = "speaker",
      .type = CLI_STRING,
      .value = "NAME",
      .help = "voice, one of those that agena info names; otherwise the first",
      .offset = offsetof(generate_options, speaker) },
    { .name = "language",
      .type = CLI_STRING,
      .value = "NAME",
      .help = "language, one of those that agena info names; otherwise the first",
      .offset = offsetof(generate_options, language) },
    { .name = "seconds",
      .type = CLI_DOUBLE,
      .value = "N",
      .normal = "0",
      .help = "length; 0 for that of the recording, or 3 without one",
      .least = 0,
      .most = AG_AUDIO_MAX_SECONDS,
      .offset = offsetof(generate_options, seconds) },
    CLI_SEED(generate_options, "equal seeds give equal samples"),
    { .name = "temperature",
      .type = CLI_DOUBLE,
      .value = "T",
      .normal = "1",
      .help = "below 1 for calmer, more probable samples; 0 for the most probable",
      .least = 0,
      .most = 10,
      .offset = offsetof(generate_options, temperature) },
    { .name = "weights",
      .type = CLI_CHOICE,
      .value = "TYPE",
      .normal = "f32",
      .help = "storage of the weights while generating: f32, bf16 or int8",
      .choices = weights_names,
      .offset = offsetof(generate_options, weights) },
    { .name = "streams",
      .type = CLI_INT,
      .value = "N",
      .normal = "1",
      .help = "make N different recordings side by side: OUT-1.wav, OUT-2.wav, ...",
      .least = 1,
      .most = 64,
      .offset = offsetof(generate_options, streams) },
    { .name = "threads",
      .letter = 't',
      .type = CLI_INT,
      .value = "N",
      .normal = "1",
      .help = "1 or 2 processors; the samples do not depend on it",
      .least = 1,
      .most = 2,
      .offset = offsetof(generate_options, threads) },
    CLI_OUTPUT(generate_options, CLI_FILE, "OUT.wav",
               "file to write; - streams raw 16-bit little-endian PCM as it is made"),
    CLI_JSON(generate_options, "print the time it took as a JSON object"),
    { 0 },
};

static const cli_example generate_examples[] = {
    { "agena wavenet generate models/speech.safetensors --mel prompt.wav --speaker allison -o "
      "copy.wav",
      "Say the same with the model's voice." },
    { "agena wavenet generate models/speech.safetensors --speaker carlo --language it --seconds 5 "
      "-o free.wav",
      "Let it speak freely." },
    { "agena wavenet generate models/speech.safetensors -o - | aplay -f S16_LE -r 16000",
      "Listen while it is made." },
    { 0 },
};

static const cli_command wavenet_generate = {
    .name = "generate",
    .summary = "Generate audio with a model",
    .options = generate_table,
    .examples = generate_examples,
    .size = sizeof(generate_options),
    .run = run_generate,
};

static const cli_command *const wavenet_commands[] = { &wavenet_train, &wavenet_eval,
                                                       &wavenet_generate, NULL };

const cli_command cli_wavenet = {
    .name = "wavenet",
    .summary = "Train, evaluate and generate with WaveNets",
    .description =
        "WaveNet (van den Oord et al. 2016) models raw audio sample by sample, with dilated "
        "causal convolutions.",
    .subcommands = wavenet_commands,
};
