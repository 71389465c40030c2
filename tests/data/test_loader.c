/* The crop loader: what is in a crop, every sample once an epoch, order, resuming, threads. */
#include "data_test.h"

#include <unistd.h>

enum { COUNT = 6, HOP = 40, F = 5, T = F * HOP, CONTEXT = 2, ROW = AG_MEL_BANDS };
/* longer and shorter than a crop, whole crops, whole frames, one sample */
static const int64_t lengths[COUNT] = { 4321, 150, 3 * T, 2 * HOP, 1, T + 1 };
static ag_pool *pool;
static ag_speech *speech;

static ag_loader_options defaults(int batch)
{
    return (
        ag_loader_options){ .batch = batch, .samples = T, .local_context = CONTEXT, .seed = 11 };
}

static ag_loader *start(ag_loader_options options)
{
    ag_loader *l;
    assert_int_equal(ag_loader_new(speech, &options, &l), AG_OK);
    return l;
}

static void assert_audio(const ag_batch *b, int i)
{
    const float *audio = b->audio + i * (T + 1);
    int item = (int)b->item[i];
    int64_t at = b->start[i];
    float before = at > 0 ? (float)pattern(item, at - 1) / 32768.0F : 0.0F;
    assert_true(audio[0] == before);
    for (int t = 0; t < T; t++) {
        float x = t < b->valid[i] ? (float)pattern(item, at + t) / 32768.0F : 0.0F;
        assert_true(audio[1 + t] == x);
    }
}

static void assert_mel(const ag_batch *b, int i)
{
    const ag_speech_item *item = ag_speech_at(speech, b->item[i]);
    for (int f = 0; f < F + 2 * CONTEXT; f++) {
        int64_t frame = b->start[i] / HOP - CONTEXT + f;
        const float *row = b->mel + (i * (F + 2 * CONTEXT) + f) * ROW;
        for (int band = 0; band < ROW; band++) {
            bool inside = frame >= 0 && frame < item->frames;
            assert_true(row[band] == (inside ? item->mel[frame * ROW + band] : -1.0F));
        }
    }
}

static void crops_are_what_they_say(void **state)
{
    (void)state;
    ag_loader *l = start(defaults(4));
    for (int64_t step = 0; step < 50; step++) {
        const ag_batch *b = ag_loader_next(l);
        assert_int_equal(b->step, step);
        for (int i = 0; i < 4; i++) {
            const ag_speech_item *item = ag_speech_at(speech, b->item[i]);
            assert_int_equal(b->start[i] % HOP, 0);
            assert_in_range(b->valid[i], 1, T);
            assert_true(b->start[i] + b->valid[i] <= item->samples);
            assert_int_equal(b->speaker[i], item->speaker);
            assert_int_equal(b->language[i], item->language);
            assert_audio(b, i);
            assert_mel(b, i);
        }
    }
    ag_loader_free(l);
}

/* Count how often the crops of one epoch cover each sample. */
static void cover(ag_loader *l, uint8_t *seen[COUNT])
{
    for (int64_t c = 0; c < ag_loader_crops(l); c++) {
        const ag_batch *b = ag_loader_next(l);
        for (int t = 0; t < b->valid[0]; t++) {
            seen[b->item[0]][b->start[0] + t]++;
        }
    }
}

static void every_sample_is_in_one_crop_an_epoch(void **state)
{
    (void)state;
    ag_loader *l = start(defaults(1));
    int64_t crops = 0;
    for (int i = 0; i < COUNT; i++) {
        crops += (lengths[i] + T - 1) / T;
    }
    assert_int_equal(ag_loader_crops(l), crops);
    for (int epoch = 1; epoch <= 4; epoch++) {
        uint8_t *seen[COUNT];
        for (int i = 0; i < COUNT; i++) {
            seen[i] = calloc((size_t)lengths[i], 1);
            assert_non_null(seen[i]);
        }
        cover(l, seen);
        for (int i = 0; i < COUNT; i++) {
            for (int64_t k = 0; k < lengths[i]; k++) {
                assert_int_equal(seen[i][k], 1);
            }
            free(seen[i]);
        }
    }
    ag_loader_free(l);
}

/* The (item, start) pairs of the next n crops of a loader of batch 1. */
static void places(ag_loader *l, int64_t n, int64_t *out)
{
    for (int64_t i = 0; i < n; i++) {
        const ag_batch *b = ag_loader_next(l);
        out[i] = b->item[0] * 1000000 + b->start[0];
    }
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void epochs_differ_in_order_and_in_cuts(void **state)
{
    (void)state;
    ag_loader *l = start(defaults(1));
    int64_t n = ag_loader_crops(l), first[64], second[64];
    assert_true(n <= 64);
    places(l, n, first);
    places(l, n, second);
    assert_memory_not_equal(first, second, (size_t)n * sizeof *first);
    qsort(first, (size_t)n, sizeof *first, by_value);
    qsort(second, (size_t)n, sizeof *second, by_value);
    assert_memory_not_equal(first, second, (size_t)n * sizeof *first);
    ag_loader_free(l);
}

static void seeds_differ(void **state)
{
    (void)state;
    ag_loader_options o = defaults(1);
    ag_loader *a = start(o);
    o.seed++;
    ag_loader *b = start(o);
    int64_t x[20], y[20];
    places(a, 20, x);
    places(b, 20, y);
    assert_memory_not_equal(x, y, sizeof x);
    ag_loader_free(a);
    ag_loader_free(b);
}

static void assert_same_batches(const ag_batch *a, const ag_batch *b, size_t batch)
{
    assert_int_equal(a->step, b->step);
    assert_memory_equal(a->audio, b->audio, batch * (T + 1) * sizeof(float));
    assert_memory_equal(a->mel, b->mel, batch * (F + 2 * CONTEXT) * ROW * sizeof(float));
    assert_memory_equal(a->speaker, b->speaker, batch * sizeof(int32_t));
    assert_memory_equal(a->language, b->language, batch * sizeof(int32_t));
    assert_memory_equal(a->valid, b->valid, batch * sizeof(int32_t));
    assert_memory_equal(a->item, b->item, batch * sizeof(int64_t));
    assert_memory_equal(a->start, b->start, batch * sizeof(int64_t));
}

static void workers_and_queues_do_not_matter(void **state)
{
    (void)state;
    ag_loader_options o = defaults(3);
    ag_loader *one = start(o);
    o.workers = 4;
    o.queue = 7;
    ag_loader *four = start(o);
    o.workers = 2;
    o.queue = 1;
    ag_loader *two = start(o);
    for (int i = 0; i < 200; i++) {
        const ag_batch *b = ag_loader_next(one);
        assert_same_batches(b, ag_loader_next(four), 3);
        assert_same_batches(b, ag_loader_next(two), 3);
    }
    ag_loader_free(one);
    ag_loader_free(two);
    ag_loader_free(four);
}

static void resuming_goes_on(void **state)
{
    (void)state;
    ag_loader_options o = defaults(3);
    ag_loader *whole = start(o);
    for (int i = 0; i < 77; i++) {
        ag_loader_next(whole);
    }
    o.step = 77;
    ag_loader *resumed = start(o);
    for (int i = 0; i < 50; i++) {
        assert_same_batches(ag_loader_next(whole), ag_loader_next(resumed), 3);
    }
    ag_loader_free(whole);
    ag_loader_free(resumed);
}

static void batches_may_be_larger_than_epochs(void **state)
{
    (void)state;
    ag_loader *large = start(defaults(100)), *single = start(defaults(1));
    assert_true(ag_loader_crops(large) < 50);
    for (int i = 0; i < 3; i++) {
        const ag_batch *b = ag_loader_next(large);
        for (int k = 0; k < 100; k++) {
            const ag_batch *s = ag_loader_next(single);
            assert_int_equal(b->item[k], s->item[0]);
            assert_int_equal(b->start[k], s->start[0]);
        }
    }
    ag_loader_free(large);
    ag_loader_free(single);
}

static void held_batch_stays_as_it_is(void **state)
{
    (void)state;
    ag_loader_options o = defaults(2);
    o.workers = 3;
    o.queue = 2;
    ag_loader *l = start(o), *other = start(defaults(2));
    const ag_batch *held = ag_loader_next(l);
    usleep(20000); /* long enough for the workers to fill all they may */
    assert_same_batches(held, ag_loader_next(other), 2);
    ag_loader_free(l); /* and with batches that nobody took */
    ag_loader_free(other);
}

static void speech_without_features(void **state)
{
    (void)state;
    ag_speech_options so = *ag_speech_config(speech);
    so.mel = false;
    ag_speech *plain;
    assert_int_equal(ag_speech_open(temporary("pattern.jsonl"), &so, pool, &plain), AG_OK);
    ag_loader_options o = defaults(2);
    ag_loader *l;
    assert_int_equal(ag_loader_new(plain, &o, &l), AG_OK);
    const ag_batch *b = ag_loader_next(l);
    assert_null(b->mel);
    assert_audio(b, 0);
    ag_loader_free(l);
    ag_speech_free(plain);
}

static void assert_invalid(ag_loader_options o, const char *part)
{
    ag_loader *l;
    assert_int_equal(ag_loader_new(speech, &o, &l), AG_EINVAL);
    assert_null(l);
    assert_non_null(strstr(ag_error(), part));
}

static void bad_options_are_named(void **state)
{
    (void)state;
    ag_loader_options o = defaults(0);
    assert_invalid(o, "batch = 0");
    o = defaults(1);
    o.samples = T + 1;
    assert_invalid(o, "samples = 201 is not a multiple of hop = 40");
    o.samples = 0;
    assert_invalid(o, "samples = 0");
    o = defaults(1);
    o.local_context = -1;
    assert_invalid(o, "local_context = -1");
    o = defaults(1);
    o.step = -1;
    assert_invalid(o, "step = -1");
    o = defaults(1);
    o.workers = 1000;
    assert_invalid(o, "workers = 1000");
}

static int load_once(void *unused)
{
    (void)unused;
    ag_loader_options o = defaults(2);
    o.workers = 2;
    ag_loader *l;
    int err = ag_loader_new(speech, &o, &l);
    if (err == AG_OK) {
        ag_loader_next(l);
    }
    ag_loader_free(l);
    return err;
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    assert_true(survive_failing_allocations(load_once, NULL) > 0);
}

static void running_allocates_nothing(void **state)
{
    (void)state;
    ag_loader *l = start(defaults(4));
    ag_loader_next(l);
    ag_alloc_fail_at(0);
    for (int i = 0; i < 100; i++) {
        ag_loader_next(l);
    }
    assert_int_equal(ag_alloc_fail_at(0), 0);
    ag_loader_free(l);
}

static int prepare(void **state)
{
    (void)state;
    ag_speech_options o = { .sample_rate = 8000, .hop = HOP, .mel = true };
    const char *set = write_pattern_set(lengths, COUNT);
    int err = ag_pool_new(2, &pool);
    return err == AG_OK ? ag_speech_open(set, &o, pool, &speech) : err;
}

static int finish(void **state)
{
    (void)state;
    ag_speech_free(speech);
    ag_pool_free(pool);
    return 0;
}

void test_loader(test_list *list)
{
    ADD_TEST_IN(list, "loader", crops_are_what_they_say, prepare, finish);
    ADD_TEST_IN(list, "loader", every_sample_is_in_one_crop_an_epoch, prepare, finish);
    ADD_TEST_IN(list, "loader", epochs_differ_in_order_and_in_cuts, prepare, finish);
    ADD_TEST_IN(list, "loader", seeds_differ, prepare, finish);
    ADD_TEST_IN(list, "loader", workers_and_queues_do_not_matter, prepare, finish);
    ADD_TEST_IN(list, "loader", resuming_goes_on, prepare, finish);
    ADD_TEST_IN(list, "loader", batches_may_be_larger_than_epochs, prepare, finish);
    ADD_TEST_IN(list, "loader", held_batch_stays_as_it_is, prepare, finish);
    ADD_TEST_IN(list, "loader", speech_without_features, prepare, finish);
    ADD_TEST_IN(list, "loader", bad_options_are_named, prepare, finish);
    ADD_TEST_IN(list, "loader", failing_allocations_are_survived, prepare, finish);
    ADD_TEST_IN(list, "loader", running_allocates_nothing, prepare, finish);
}
