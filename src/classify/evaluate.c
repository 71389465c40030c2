/* Counting wrong answers. */
#include "agena/classify.h"

#include "classify/picture.h"

#include <string.h>

enum { CHUNK = 32 }; /* pictures that a graph of the twin takes at a time */

int cl_pictures_fit(const ag_wage_config *config, const ag_pictures *p)
{
    if (p->height != config->height || p->width != config->width ||
        p->channels != config->channels) {
        return ag_fail(AG_EINVAL, "the pictures are %d x %d x %d, the network takes %d x %d x %d",
                       p->height, p->width, p->channels, config->height, config->width,
                       config->channels);
    }
    int classes = config->layer[config->layers - 1].channels;
    return p->classes <= classes ? 0
                                 : ag_fail(AG_EINVAL,
                                           "the pictures have labels up to %d, the network has %d "
                                           "classes",
                                           p->classes - 1, classes);
}

/* ---- in integers ---- */

static int64_t wrong_of_integers(const int8_t *outputs, const uint8_t *labels, int64_t count,
                                 int classes)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < count; i++, outputs += classes) {
        int best = 0;
        for (int c = 1; c < classes; c++) {
            best = outputs[c] > outputs[best] ? c : best;
        }
        wrong += best != labels[i];
    }
    return wrong;
}

static int evaluate_integers(ag_classifier *m, const uint8_t *pictures, const uint8_t *labels,
                             int64_t count, int64_t *wrong)
{
    enum { AT_A_TIME = 1024 };
    int classes = m->config.layer[m->config.layers - 1].channels, status = 0;
    int8_t *outputs = ag_malloc((size_t)classes * AT_A_TIME);
    if (!outputs) {
        return AG_ENOMEM;
    }
    for (int64_t i = 0; status == 0 && i < count; i += AT_A_TIME) {
        int64_t some = count - i < AT_A_TIME ? count - i : AT_A_TIME;
        status = ag_wage_predict(m->net, pictures + (size_t)i * cl_picture_size(&m->config), some,
                                 outputs);
        if (status == 0) {
            *wrong += wrong_of_integers(outputs, labels + i, some, classes);
        }
        if (status == 0 && ag_interrupted()) {
            status = ag_fail(AG_EINTERRUPTED, "stopped while evaluating");
        }
    }
    ag_free(outputs);
    return status;
}

/* ---- in floating point ---- */

typedef struct {
    const ag_classifier *m;
    const uint8_t *pictures, *labels;
    int64_t count;
    ag_classify_nodes nodes;
    ag_plan *plan;
    int workers;
    ag_exec **exec; /* by worker */
    float **room;   /* by worker: a chunk of pictures */
    int64_t *wrong; /* by worker */
} evaluation;

static int evaluate_chunk(void *user, int task, int worker)
{
    evaluation *e = user;
    size_t size = cl_picture_size(&e->m->config);
    int64_t first = (int64_t)task * CHUNK;
    int64_t some = e->count - first < CHUNK ? e->count - first : CHUNK;
    if (ag_interrupted()) {
        return ag_fail(AG_EINTERRUPTED, "stopped while evaluating");
    }
    cl_pictures_to_float(e->pictures + (size_t)first * size, (size_t)some * size, e->room[worker]);
    int status = ag_exec_run(e->exec[worker]);
    if (status < 0) {
        return status;
    }
    int classes = e->m->config.layer[e->m->config.layers - 1].channels;
    const float *outputs = ag_exec_data(e->exec[worker], e->nodes.outputs);
    for (int64_t i = 0; i < some; i++, outputs += classes) {
        int best = 0;
        for (int c = 1; c < classes; c++) {
            best = outputs[c] > outputs[best] ? c : best;
        }
        e->wrong[worker] += best != e->labels[first + i];
    }
    return 0;
}

static int compile(evaluation *e, ag_graph *g)
{
    int status = ag_classify_graph(&e->m->config, CHUNK, AG_CLASSIFY_SOFTMAX, g, &e->nodes);
    if (status == 0) {
        status = ag_graph_compile(g, &e->nodes.outputs, 1, &e->plan);
    }
    for (int w = 0; status == 0 && w < e->workers; w++) {
        e->room[w] = ag_malloc_aligned(CHUNK * cl_picture_size(&e->m->config) * sizeof(float));
        status = e->room[w] ? ag_exec_new(e->plan, &e->exec[w]) : AG_ENOMEM;
        if (status == 0) {
            status = ag_exec_bind(e->exec[w], e->nodes.pictures, e->room[w]);
        }
        for (int i = 0; status == 0 && i < ag_graph_params(g); i++) {
            status =
                ag_exec_bind(e->exec[w], ag_graph_param(g, i), ag_tensors_data(e->m->weights, i));
        }
    }
    return status;
}

static int prepare(evaluation *e)
{
    size_t workers = (size_t)e->workers;
    e->exec = ag_calloc(workers, sizeof *e->exec);
    e->room = ag_calloc(workers, sizeof *e->room);
    e->wrong = ag_calloc(workers, sizeof *e->wrong);
    if (!e->exec || !e->room || !e->wrong) {
        return AG_ENOMEM;
    }
    ag_graph *g = NULL;
    int status = ag_graph_new(&g);
    if (status == 0) {
        status = compile(e, g);
    }
    ag_graph_free(g);
    return status;
}

static void release(evaluation *e)
{
    for (int w = 0; w < e->workers; w++) {
        ag_exec_free(e->exec ? e->exec[w] : NULL);
        ag_free(e->room ? e->room[w] : NULL);
    }
    ag_plan_free(e->plan);
    ag_free(e->exec);
    ag_free(e->room);
    ag_free(e->wrong);
}

static int evaluate_twin(const ag_classifier *m, const uint8_t *pictures, const uint8_t *labels,
                         int64_t count, ag_pool *pool, int64_t *wrong)
{
    evaluation e = { .m = m,
                     .pictures = pictures,
                     .labels = labels,
                     .count = count,
                     .workers = ag_pool_threads(pool) };
    int status = prepare(&e);
    if (status == 0) {
        status = ag_pool_run(pool, (int)((count + CHUNK - 1) / CHUNK), evaluate_chunk, &e);
    }
    for (int w = 0; status == 0 && w < e.workers; w++) {
        *wrong += e.wrong[w];
    }
    release(&e);
    return status;
}

int ag_classifier_evaluate(ag_classifier *m, const ag_pictures *p, int64_t first, int64_t count,
                           ag_pool *pool, int64_t *wrong)
{
    *wrong = 0;
    int status = cl_pictures_fit(&m->config, p);
    if (status < 0) {
        return status;
    }
    if (first < 0 || count < 1 || first > p->count - count) {
        return ag_fail(AG_EINVAL, "pictures %lld to %lld of %lld", (long long)first,
                       (long long)(first + count - 1), (long long)p->count);
    }
    const uint8_t *pictures = p->pixels + (size_t)first * cl_picture_size(&m->config);
    return m->real ? evaluate_twin(m, pictures, p->labels + first, count, pool, wrong)
                   : evaluate_integers(m, pictures, p->labels + first, count, wrong);
}
