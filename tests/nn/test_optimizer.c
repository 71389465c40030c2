/* Optimisers against their papers' formulas in double precision; resuming; failures that change
 * nothing. */
#include "nn_test.h"

#include <math.h>
#include <string.h>

static ag_optimizer_options options_of(ag_optimizer_kind kind)
{
    return (ag_optimizer_options){
        .kind = kind,
        .rate = { .kind = AG_LR_LINEAR, .base = 0.02f, .final = 0.001f, .steps = 30, .warmup = 5 },
        .beta1 = 0.9f,
        .beta2 = kind == AG_ADAM ? 0.995f : 0.99f,
        .epsilon = kind == AG_RMSPROP ? 0.1f : 1e-8f,
        .weight_decay = 0.01f,
        .clip_norm = 9.0f,
        .average = 0.98f,
    };
}

/* One weight's state in the plain formulas. */
typedef struct {
    double w, first, second, average;
} plain;

static void plain_step(plain *s, const ag_optimizer_options *o, double g, int step)
{
    double rate = ag_schedule_rate(&o->rate, step), t = step + 1;
    double decayed = s->w - rate * o->weight_decay * s->w;
    if (o->kind == AG_ADAM) {
        s->first = o->beta1 * s->first + (1 - (double)o->beta1) * g;
        s->second = o->beta2 * s->second + (1 - (double)o->beta2) * g * g;
        double m = s->first / (1 - pow(o->beta1, t)), v = s->second / (1 - pow(o->beta2, t));
        s->w = decayed - rate * m / (sqrt(v) + o->epsilon);
    } else if (o->kind == AG_RMSPROP) {
        s->second = o->beta2 * s->second + (1 - (double)o->beta2) * g * g;
        s->first = o->beta1 * s->first + rate * g / sqrt(s->second + o->epsilon);
        s->w = decayed - s->first;
    } else {
        s->first = o->beta1 * s->first + g;
        s->w = decayed - rate * s->first;
    }
    s->average = o->average * s->average + (1 - (double)o->average) * s->w;
}

/* Clip a gradient to a norm of `limit`; returns its norm before. */
static double plain_clip(const ag_tensors *g, double limit, double *scale)
{
    double square = 0;
    for (int i = 0; i < ag_tensors_block_size(g); i++)
        square += (double)ag_tensors_block(g)[i] * ag_tensors_block(g)[i];
    double norm = sqrt(square);
    *scale = norm > limit ? limit / norm : 1;
    return norm;
}

static void follow_the_formula(ag_optimizer_kind kind)
{
    ag_optimizer_options options = options_of(kind);
    ag_tensors *w = sample_set(1), *g = sample_set(2);
    ag_optimizer *o;
    assert_int_equal(ag_optimizer_new(&options, w, &o), AG_OK);
    enum { FLOATS = 96 };
    plain p[FLOATS];
    for (int i = 0; i < FLOATS; i++) {
        float start = ag_tensors_block(w)[i];
        p[i] = (plain){ start, 0, kind == AG_RMSPROP ? 1 : 0, start };
    }
    bool clipped = false, unclipped = false;
    for (int step = 0; step < 40; step++) {
        fill_random(g, 100 + (uint64_t)step); /* norms around sqrt(86) = 9.3 */
        double scale, expected = plain_clip(g, options.clip_norm, &scale);
        clipped |= scale < 1;
        unclipped |= scale == 1;
        for (int i = 0; i < FLOATS; i++)
            plain_step(&p[i], &options, scale * ag_tensors_block(g)[i], step);
        float norm;
        assert_int_equal(ag_optimizer_step(o, w, g, &norm), AG_OK);
        assert_near(norm, expected, 1e-5);
    }
    assert_true(clipped && unclipped);
    assert_int_equal(ag_optimizer_steps(o), 40);
    const float *average = ag_tensors_block(ag_optimizer_average(o));
    for (int i = 0; i < FLOATS; i++) {
        assert_near(ag_tensors_block(w)[i], p[i].w, 2e-6 * (1 + fabs(p[i].w)));
        assert_near(average[i], p[i].average, 2e-6 * (1 + fabs(p[i].average)));
    }
    ag_optimizer_free(o);
    ag_tensors_free(w);
    ag_tensors_free(g);
}

static void adam(void **state)
{
    (void)state;
    follow_the_formula(AG_ADAM);
}

static void rmsprop(void **state)
{
    (void)state;
    follow_the_formula(AG_RMSPROP);
}

static void sgd(void **state)
{
    (void)state;
    follow_the_formula(AG_SGD);
}

static void not_finite(void **state)
{
    (void)state;
    const float bad[] = { NAN, INFINITY, -INFINITY };
    for (int i = 0; i < 3; i++) {
        ag_optimizer_options options = options_of(AG_ADAM);
        ag_tensors *w = sample_set(1), *before = sample_set(1), *g = sample_set(2);
        ag_optimizer *o;
        assert_int_equal(ag_optimizer_new(&options, w, &o), AG_OK);
        ag_tensors_data(g, 1)[63] = bad[i];
        assert_int_equal(ag_optimizer_step(o, w, g, NULL), AG_EINVAL);
        assert_non_null(strstr(ag_error(), "'b'"));
        assert_same_bytes(w, before);
        assert_same_bytes(ag_optimizer_average(o), before);
        assert_int_equal(ag_optimizer_steps(o), 0);
        ag_optimizer_free(o);
        ag_tensors_free(w);
        ag_tensors_free(before);
        ag_tensors_free(g);
    }
}

static void greatest_gradients(void **state)
{
    (void)state;
    /* The squares of these do not fit float32; the norm in double must. */
    ag_optimizer_options options = options_of(AG_SGD);
    ag_tensors *w = sample_set(1), *g = sample_set(2);
    ag_optimizer *o;
    assert_int_equal(ag_optimizer_new(&options, w, &o), AG_OK);
    for (int i = 0; i < 7; i++)
        ag_tensors_data(g, 2)[i] = 1e37f;
    float norm;
    assert_int_equal(ag_optimizer_step(o, w, g, &norm), AG_OK);
    assert_near(norm / 1e37f, sqrt(7), 1e-5);
    assert_near(ag_tensors_data(g, 2)[0], 9 / sqrt(7), 1e-5);
    ag_optimizer_free(o);
    ag_tensors_free(w);
    ag_tensors_free(g);
}

static void steps_from(ag_optimizer *o, ag_tensors *w, int begin, int end)
{
    ag_tensors *g = sample_set(0);
    for (int step = begin; step < end; step++) {
        fill_random(g, 100 + (uint64_t)step);
        assert_int_equal(ag_optimizer_step(o, w, g, NULL), AG_OK);
    }
    ag_tensors_free(g);
}

static void resume(ag_optimizer_kind kind)
{
    ag_optimizer_options options = options_of(kind);
    ag_tensors *straight = sample_set(1), *resumed = sample_set(1), *other = sample_set(9);
    ag_optimizer *o, *again;
    assert_int_equal(ag_optimizer_new(&options, straight, &o), AG_OK);
    steps_from(o, straight, 0, 10);

    ag_safetensors *f;
    assert_int_equal(ag_safetensors_new(&f), AG_OK);
    assert_int_equal(ag_safetensors_add(f, "", straight), AG_OK);
    assert_int_equal(ag_optimizer_save(o, f), AG_OK);
    const char *path = temporary("optimizer.safetensors");
    assert_int_equal(ag_safetensors_save(f, path, AG_STORE_F32), AG_OK);
    ag_safetensors_free(f);
    steps_from(o, straight, 10, 20);

    assert_int_equal(ag_safetensors_load(path, &f), AG_OK);
    assert_int_equal(ag_optimizer_new(&options, other, &again), AG_OK);
    assert_int_equal(ag_safetensors_get(f, "", resumed), AG_OK);
    assert_int_equal(ag_optimizer_load(again, f), AG_OK);
    ag_safetensors_free(f);
    steps_from(again, resumed, 10, 20);
    assert_same_bytes(straight, resumed);
    assert_same_bytes(ag_optimizer_average(o), ag_optimizer_average(again));
    ag_optimizer_free(o);
    ag_optimizer_free(again);
    ag_tensors_free(straight);
    ag_tensors_free(resumed);
    ag_tensors_free(other);
}

static void resuming(void **state)
{
    (void)state;
    resume(AG_ADAM);
    resume(AG_RMSPROP);
    resume(AG_SGD);
}

/* Load a checkpoint of Adam that `spoil` has changed: fails and leaves the optimiser as it was. */
static void refuse_state(void (*spoil)(ag_safetensors *f, ag_optimizer *o, const ag_tensors *w),
                         const char *sentence)
{
    ag_optimizer_options options = options_of(AG_ADAM);
    ag_tensors *w = sample_set(1), *untouched = sample_set(1);
    ag_optimizer *saved, *o, *twin;
    assert_int_equal(ag_optimizer_new(&options, w, &o), AG_OK);
    assert_int_equal(ag_optimizer_new(&options, w, &twin), AG_OK);
    assert_int_equal(ag_optimizer_new(&options, w, &saved), AG_OK);
    steps_from(saved, w, 0, 3);
    ag_safetensors *f;
    assert_int_equal(ag_safetensors_new(&f), AG_OK);
    spoil(f, saved, w);
    assert_int_equal(ag_optimizer_load(o, f), AG_EFORMAT);
    assert_non_null(strstr(ag_error(), sentence));

    ag_tensors_copy(w, untouched);
    steps_from(o, w, 0, 3);
    steps_from(twin, untouched, 0, 3);
    assert_same_bytes(w, untouched);
    ag_safetensors_free(f);
    ag_optimizer_free(o);
    ag_optimizer_free(twin);
    ag_optimizer_free(saved);
    ag_tensors_free(w);
    ag_tensors_free(untouched);
}

static void of_other_kind(ag_safetensors *f, ag_optimizer *o, const ag_tensors *w)
{
    (void)w;
    assert_int_equal(ag_optimizer_save(o, f), AG_OK);
    assert_int_equal(ag_safetensors_set_meta(f, "optimizer.kind", "sgd"), AG_OK);
}

static void of_odd_steps(ag_safetensors *f, ag_optimizer *o, const ag_tensors *w)
{
    (void)w;
    assert_int_equal(ag_optimizer_save(o, f), AG_OK);
    assert_int_equal(ag_safetensors_set_meta(f, "optimizer.steps", "12 or so"), AG_OK);
}

static void without_average(ag_safetensors *f, ag_optimizer *o, const ag_tensors *w)
{
    (void)o;
    assert_int_equal(ag_safetensors_set_meta(f, "optimizer.kind", "adam"), AG_OK);
    assert_int_equal(ag_safetensors_set_meta(f, "optimizer.steps", "3"), AG_OK);
    assert_int_equal(ag_safetensors_add(f, "adam.m.", w), AG_OK);
    assert_int_equal(ag_safetensors_add(f, "adam.v.", w), AG_OK);
}

static void spoilt_states(void **state)
{
    (void)state;
    refuse_state(of_other_kind, "'sgd'");
    refuse_state(of_odd_steps, "optimizer.steps");
    refuse_state(without_average, "average.a");
}

static void bad_options(void **state)
{
    (void)state;
    ag_tensors *w = sample_set(1);
    ag_optimizer_options bad[10];
    for (int i = 0; i < 10; i++)
        bad[i] = options_of(AG_ADAM);
    bad[0].epsilon = 0;
    bad[1].beta1 = 1;
    bad[2].beta2 = -0.1f;
    bad[3].average = NAN;
    bad[4].clip_norm = -1;
    bad[5].weight_decay = INFINITY;
    bad[6].rate.base = NAN;
    bad[7].rate.steps = 0;
    bad[8].rate.warmup = -1;
    bad[9].kind = (ag_optimizer_kind)7;
    for (int i = 0; i < 10; i++) {
        ag_optimizer *o;
        assert_int_equal(ag_optimizer_new(&bad[i], w, &o), AG_EINVAL);
        assert_null(o);
    }
    ag_tensors_free(w);
}

static void other_tensors(void **state)
{
    (void)state;
    ag_optimizer_options options = options_of(AG_SGD);
    options.average = 0;
    const char *name = "a";
    ag_shape shape = AG_SHAPE(96);
    ag_tensors *w = sample_set(1), *other;
    ag_optimizer *o;
    assert_int_equal(ag_tensors_make(1, &name, &shape, &other), AG_OK);
    assert_int_equal(ag_optimizer_new(&options, w, &o), AG_OK);
    assert_null(ag_optimizer_average(o));
    assert_int_equal(ag_optimizer_step(o, w, other, NULL), AG_EINVAL);
    assert_int_equal(ag_optimizer_step(o, other, other, NULL), AG_EINVAL);
    ag_optimizer_free(o);
    ag_tensors_free(w);
    ag_tensors_free(other);
}

static int make_and_save(void *user)
{
    ag_optimizer_options options = options_of(AG_ADAM);
    ag_optimizer *o;
    int code = ag_optimizer_new(&options, user, &o);
    if (code != AG_OK)
        return code;
    ag_safetensors *f;
    code = ag_safetensors_new(&f);
    if (code == AG_OK)
        code = ag_optimizer_save(o, f);
    if (code == AG_OK)
        code = ag_optimizer_load(o, f);
    ag_safetensors_free(f);
    ag_optimizer_free(o);
    return code;
}

static void failing_allocations(void **state)
{
    (void)state;
    ag_tensors *w = sample_set(1);
    assert_true(survive_failing_allocations(make_and_save, w) > 30);
    ag_tensors_free(w);
}

void test_optimizer(test_list *list)
{
    ADD_TEST(list, "optimizer", adam);
    ADD_TEST(list, "optimizer", rmsprop);
    ADD_TEST(list, "optimizer", sgd);
    ADD_TEST(list, "optimizer", not_finite);
    ADD_TEST(list, "optimizer", greatest_gradients);
    ADD_TEST(list, "optimizer", resuming);
    ADD_TEST(list, "optimizer", spoilt_states);
    ADD_TEST(list, "optimizer", bad_options);
    ADD_TEST(list, "optimizer", other_tensors);
    ADD_TEST(list, "optimizer", failing_allocations);
}
