/* Likelihood of recordings under a model: bits per sample, exactly as the sampler would see them.
 */
#include "wavenet/train.h"

#include "agena/audio.h"

#include <math.h>
#include <string.h>

enum { CHUNK = 8000 }; /* samples that count in one task, before rounding */

/* A task: samples [begin, end) of one recording count; the window before them fills the receptive
 * field. */
typedef struct {
    int64_t item, begin, end;
} chunk;

typedef struct {
    const ag_wavenet_config *c;
    const ag_tensors *weights;
    const ag_speech *speech;
    ag_plan *plan;
    ag_wavenet_nodes nodes;
    ag_exec **execs; /* by worker */
    float **rooms;   /* by worker: one block for all inputs, see wn_inputs */
    chunk *chunks;
    double *nats;         /* by task */
    int64_t lead, window; /* samples before a chunk, and in all */
    int64_t chunk_size;
} evaluation;

static int64_t round_up(int64_t n, int64_t step)
{
    return (n + step - 1) / step * step;
}

int64_t wn_granule(const ag_wavenet_config *c)
{
    int64_t a = c->local_features ? c->hop : 1, b = c->context.layers ? c->context_rate : 1, x = a,
            y = b;
    while (y) {
        int64_t r = x % y;
        x = y;
        y = r;
    }
    return a / x * b;
}

/* The receptive field with that of the context stack, which counts in blocks. */
static int64_t whole_field(const ag_wavenet_config *c)
{
    int64_t n = ag_wavenet_receptive_field(&c->main);
    if (c->context.layers) {
        n += ag_wavenet_receptive_field(&c->context) * c->context_rate;
    }
    return n;
}

static int64_t count_chunks(const evaluation *e)
{
    int64_t n = 0;
    for (int64_t i = 0; i < ag_speech_count(e->speech); i++) {
        n += (ag_speech_at(e->speech, i)->samples + e->chunk_size - 1) / e->chunk_size;
    }
    return n;
}

/* All chunks in order, or `limit` of them evenly spread. Returns how many, or an error. */
static int64_t list_chunks(evaluation *e, int64_t limit)
{
    int64_t all = count_chunks(e), n = limit && limit < all ? limit : all, at = 0, kept = 0;
    e->chunks = ag_calloc((size_t)n + 1, sizeof *e->chunks);
    e->nats = ag_calloc((size_t)n + 1, sizeof *e->nats);
    if (!e->chunks || !e->nats) {
        return AG_ENOMEM;
    }
    for (int64_t i = 0; i < ag_speech_count(e->speech); i++) {
        int64_t samples = ag_speech_at(e->speech, i)->samples;
        for (int64_t begin = 0; begin < samples; begin += e->chunk_size, at++) {
            if (at * n / all == (at + 1) * n / all) {
                continue; /* spread: keep those where the count steps on */
            }
            int64_t end = begin + e->chunk_size;
            e->chunks[kept++] = (chunk){ i, begin, end < samples ? end : samples };
        }
    }
    return kept;
}

/* Frames of the recording around the window, silence (-1) outside. */
static void copy_features(const evaluation *e, const ag_speech_item *item, int64_t first,
                          float *out)
{
    const ag_wavenet_config *c = e->c;
    int64_t extra = c->local_context + WN_MARGIN;
    int64_t frames = e->window / c->hop + 2 * extra, at = first / c->hop - extra;
    for (int64_t f = 0; f < frames; f++, at++) {
        float *row = out + f * c->local_features;
        if (at >= 0 && at < item->frames) {
            memcpy(row, item->mel + at * c->local_features,
                   (size_t)c->local_features * sizeof *row);
        } else {
            for (int k = 0; k < c->local_features; k++) {
                row[k] = -1;
            }
        }
    }
}

static int run_chunk(void *user, int task, int worker)
{
    evaluation *e = user;
    const chunk *k = &e->chunks[task];
    const ag_speech_item *item = ag_speech_at(e->speech, k->item);
    int64_t granule = wn_granule(e->c), first = k->begin - e->lead;
    first = first < 0 ? 0 : first / granule * granule;
    wn_inputs in;
    wn_inputs_place(e->c, 1, e->window, e->rooms[worker], &in);
    for (int64_t t = 0; t <= e->window; t++) { /* audio[0] is the sample before the window */
        int64_t at = first + t - 1;
        in.audio[t] = at >= 0 && at < item->samples ? (float)item->audio[at] / 32768 : 0;
        if (t) {
            in.weight[t - 1] = at >= k->begin && at < k->end;
        }
    }
    if (in.features) {
        copy_features(e, item, first, in.features);
    }
    in.speaker[0] = item->speaker;
    in.language[0] = item->language;
    wn_inputs_encode(e->c, 1, e->window, &in);
    int status = wn_inputs_bind(e->execs[worker], &e->nodes, &in);
    status = status < 0 ? status : ag_exec_run(e->execs[worker]);
    if (status == 0) {
        e->nats[task] = (double)*(const float *)ag_exec_data(e->execs[worker], e->nodes.loss);
    }
    return ag_interrupted() ? ag_fail(AG_EINTERRUPTED, "interrupted") : status;
}

static int prepare(evaluation *e, int threads)
{
    ag_graph *g = NULL;
    int status = ag_graph_new(&g);
    if (status < 0) {
        return status;
    }
    status = ag_wavenet_graph(e->c, 1, e->window, WN_MARGIN, g, &e->nodes);
    if (status == 0) {
        status = ag_graph_compile(g, &e->nodes.loss, 1, &e->plan);
    }
    e->execs = ag_calloc((size_t)threads, sizeof *e->execs);
    e->rooms = ag_calloc((size_t)threads, sizeof *e->rooms);
    if (status == 0 && (!e->execs || !e->rooms)) {
        status = AG_ENOMEM;
    }
    for (int i = 0; status == 0 && i < threads; i++) {
        status = ag_exec_new(e->plan, &e->execs[i]);
        if (status == 0) {
            status = wn_bind_weights(g, e->execs[i], e->weights);
        }
        e->rooms[i] = ag_malloc_aligned(wn_inputs_bytes(e->c, 1, e->window));
        status = status == 0 && !e->rooms[i] ? AG_ENOMEM : status;
    }
    ag_graph_free(g);
    return status;
}

static void release(evaluation *e, int threads)
{
    for (int i = 0; i < threads; i++) {
        if (e->execs) {
            ag_exec_free(e->execs[i]);
        }
        if (e->rooms) {
            ag_free(e->rooms[i]);
        }
    }
    ag_free(e->execs);
    ag_free(e->rooms);
    ag_free(e->chunks);
    ag_free(e->nats);
    ag_plan_free(e->plan);
}

int ag_wavenet_evaluate(const ag_wavenet_config *config, const ag_tensors *weights,
                        const ag_speech *speech, int64_t limit, ag_pool *pool, double *bits,
                        int64_t *samples)
{
    int64_t granule = wn_granule(config);
    evaluation e = { .c = config, .weights = weights, .speech = speech };
    e.chunk_size = round_up(CHUNK, granule);
    e.lead = round_up(whole_field(config), granule);
    e.window = e.lead + e.chunk_size;
    int64_t count = list_chunks(&e, limit);
    int status = count < 0 ? (int)count : prepare(&e, ag_pool_threads(pool));
    if (status == 0) {
        status = ag_pool_run(pool, (int)count, run_chunk, &e);
    }
    if (status == 0) {
        double nats = 0;
        *samples = 0;
        for (int64_t i = 0; i < count; i++) {
            nats += e.nats[i];
            *samples += e.chunks[i].end - e.chunks[i].begin;
        }
        *bits = nats / log(2) / (double)*samples;
    }
    release(&e, ag_pool_threads(pool));
    return status;
}
