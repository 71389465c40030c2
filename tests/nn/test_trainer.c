/* The data-parallel trainer: its gradients by hand, equal bytes for all thread counts, failures;
 * weight norm. */
#include "nn_test.h"

#include <math.h>
#include <string.h>

enum { ROWS = 6, IN = 33, OUT = 20, SHARDS = 5 };

/* tanh(x w + b) against targets; also two scalars whose gradients are leaves or one node. */
typedef struct {
    ag_graph *g;
    ag_node x, y, loss;
    float data[SHARDS][ROWS * IN], target[SHARDS][ROWS * OUT];
    int failing; /* shard whose binding fails, or -1 */
} problem;

static void problem_data(problem *p)
{
    ag_rng rng;
    ag_rng_init(&rng, 5, AG_PURPOSE_TEST, 0);
    for (int s = 0; s < SHARDS; s++) {
        for (int i = 0; i < ROWS * IN; i++)
            p->data[s][i] = ag_rng_normal(&rng);
        for (int i = 0; i < ROWS * OUT; i++)
            p->target[s][i] = ag_rng_normal(&rng);
    }
    p->failing = -1;
}

static int problem_graph(problem *p)
{
    int code = ag_graph_new(&p->g);
    if (code != AG_OK)
        return code;
    ag_graph *g = p->g;
    p->x = ag_input(g, "x", AG_F32, AG_SHAPE(ROWS, IN));
    p->y = ag_input(g, "y", AG_F32, AG_SHAPE(ROWS, OUT));
    ag_node w = ag_param(g, "w", AG_SHAPE(IN, OUT)), b = ag_param(g, "b", AG_SHAPE(OUT));
    ag_node out = ag_tanh(g, ag_add(g, ag_matmul(g, p->x, w, false, false), b));
    p->loss = ag_mean_all(g, ag_square(g, ag_sub(g, out, p->y)));
    return ag_graph_error(g);
}

static int bind(void *user, ag_exec *exec, int shard)
{
    problem *p = user;
    if (shard == p->failing)
        return ag_fail(AG_EFORMAT, "shard %d is unreadable", shard);
    int code = ag_exec_bind(exec, p->x, p->data[shard]);
    return code == AG_OK ? ag_exec_bind(exec, p->y, p->target[shard]) : code;
}

/* Loss and gradients in plain double precision. */
static double by_hand(const problem *p, const ag_tensors *weights, double *dw, double *db)
{
    const float *w = ag_tensors_data(weights, 0), *b = ag_tensors_data(weights, 1);
    double loss = 0, scale = 1.0 / (ROWS * OUT * SHARDS);
    memset(dw, 0, IN * OUT * sizeof(*dw));
    memset(db, 0, OUT * sizeof(*db));
    for (int s = 0; s < SHARDS; s++)
        for (int r = 0; r < ROWS; r++)
            for (int o = 0; o < OUT; o++) {
                const float *x = p->data[s] + r * IN;
                double sum = b[o];
                for (int i = 0; i < IN; i++)
                    sum += (double)x[i] * w[i * OUT + o];
                double out = tanh(sum), error = out - p->target[s][r * OUT + o];
                double d = 2 * error * (1 - out * out) * scale;
                loss += error * error * scale;
                db[o] += d;
                for (int i = 0; i < IN; i++)
                    dw[i * OUT + o] += d * x[i];
            }
    return loss;
}

/* Gradients of the problem with this many threads; the graph is gone before they are computed. */
static void train_once(problem *p, int threads, const ag_tensors *w, ag_tensors *gradients,
                       float *loss)
{
    ag_pool *pool;
    ag_trainer *t;
    assert_int_equal(ag_pool_new(threads, &pool), AG_OK);
    assert_int_equal(problem_graph(p), AG_OK);
    assert_int_equal(ag_trainer_new(p->g, p->loss, SHARDS, w, pool, &t), AG_OK);
    ag_graph_free(p->g);
    /* Twice: what was in the gradients does not matter. */
    assert_int_equal(ag_trainer_gradients(t, bind, p, gradients, loss), AG_OK);
    ag_alloc_fail_at(0);
    assert_int_equal(ag_trainer_gradients(t, bind, p, gradients, loss), AG_OK);
    assert_int_equal(ag_alloc_fail_at(0), 0); /* no allocation since */
    ag_trainer_free(t);
    ag_pool_free(pool);
}

static ag_tensors *problem_weights(void)
{
    const char *names[] = { "w", "b" };
    const ag_shape shapes[] = { AG_SHAPE(IN, OUT), AG_SHAPE(OUT) };
    ag_tensors *w;
    assert_int_equal(ag_tensors_make(2, names, shapes, &w), AG_OK);
    ag_init_normal(w, 0, 1, 0.2f);
    ag_init_normal(w, 1, 1, 0.2f);
    return w;
}

static void gradients_by_hand(void **state)
{
    (void)state;
    static problem p;
    problem_data(&p);
    ag_tensors *w = problem_weights(), *first = problem_weights(), *g = problem_weights();
    float first_loss, loss;
    double dw[IN * OUT], db[OUT];
    double expected = by_hand(&p, w, dw, db);
    train_once(&p, 1, w, first, &first_loss);
    assert_near(first_loss, expected, 1e-6);
    for (int i = 0; i < IN * OUT; i++)
        assert_near(ag_tensors_data(first, 0)[i], dw[i], 1e-6);
    for (int i = 0; i < OUT; i++)
        assert_near(ag_tensors_data(first, 1)[i], db[i], 1e-6);

    for (int threads = 2; threads <= 7; threads++) {
        train_once(&p, threads, w, g, &loss);
        assert_same_bytes(first, g);
        assert_memory_equal(&loss, &first_loss, sizeof(loss));
    }
    ag_tensors_free(w);
    ag_tensors_free(first);
    ag_tensors_free(g);
}

static int bind_nothing(void *user, ag_exec *exec, int shard)
{
    (void)user;
    (void)exec;
    (void)shard;
    return AG_OK;
}

static void gradients_that_share_nodes(void **state)
{
    (void)state;
    /* loss = a b + (c + d) + e e with f unused: da is the leaf b, dc and dd are one node, df is 0
     */
    const char *names[] = { "a", "b", "c", "d", "e", "f" };
    const float values[] = { 2, 3, 5, 7, 11, 13 }, expected[] = { 3, 2, 1, 1, 22, 0 };
    ag_graph *g;
    ag_pool *pool;
    ag_trainer *t;
    ag_tensors *w, *gradients;
    assert_int_equal(ag_graph_new(&g), AG_OK);
    ag_node n[6];
    for (int i = 0; i < 6; i++)
        n[i] = ag_param(g, names[i], AG_SCALAR);
    ag_node loss =
        ag_add(g, ag_mul(g, n[0], n[1]), ag_add(g, ag_add(g, n[2], n[3]), ag_mul(g, n[4], n[4])));
    assert_int_equal(ag_tensors_new(g, &w), AG_OK);
    assert_int_equal(ag_tensors_like(w, &gradients), AG_OK);
    for (int i = 0; i < 6; i++)
        ag_init_constant(w, i, values[i]);
    assert_int_equal(ag_pool_new(2, &pool), AG_OK);
    assert_int_equal(ag_trainer_new(g, loss, 3, w, pool, &t), AG_OK);
    float value;
    assert_int_equal(ag_trainer_gradients(t, bind_nothing, NULL, gradients, &value), AG_OK);
    assert_near(value, 2 * 3 + 5 + 7 + 121, 1e-4);
    for (int i = 0; i < 6; i++) {
        assert_near(ag_tensors_data(gradients, i)[0], expected[i], 1e-5);
        assert_true(ag_tensors_data(w, i)[0] == values[i]);
    }
    ag_trainer_free(t);
    ag_graph_free(g);
    ag_pool_free(pool);
    ag_tensors_free(w);
    ag_tensors_free(gradients);
}

static void the_loss_is_a_parameter(void **state)
{
    (void)state;
    ag_graph *g;
    ag_pool *pool;
    ag_trainer *t;
    ag_tensors *w, *gradients;
    assert_int_equal(ag_graph_new(&g), AG_OK);
    ag_node a = ag_param(g, "a", AG_SCALAR);
    assert_int_equal(ag_tensors_new(g, &w), AG_OK);
    assert_int_equal(ag_tensors_like(w, &gradients), AG_OK);
    ag_init_constant(w, 0, 4.0f);
    assert_int_equal(ag_pool_new(1, &pool), AG_OK);
    assert_int_equal(ag_trainer_new(g, a, 1, w, pool, &t), AG_OK);
    float loss;
    assert_int_equal(ag_trainer_gradients(t, bind_nothing, NULL, gradients, &loss), AG_OK);
    assert_true(loss == 4.0f && ag_tensors_data(gradients, 0)[0] == 1.0f);
    ag_trainer_free(t);
    ag_graph_free(g);
    ag_pool_free(pool);
    ag_tensors_free(w);
    ag_tensors_free(gradients);
}

static void a_shard_fails(void **state)
{
    (void)state;
    static problem p;
    problem_data(&p);
    ag_pool *pool;
    ag_trainer *t;
    ag_tensors *w = problem_weights(), *g = problem_weights(), *other = sample_set(1);
    assert_int_equal(ag_pool_new(2, &pool), AG_OK);
    assert_int_equal(problem_graph(&p), AG_OK);
    assert_int_equal(ag_trainer_new(p.g, p.loss, SHARDS, w, pool, &t), AG_OK);
    p.failing = 3;
    assert_int_equal(ag_trainer_gradients(t, bind, &p, g, NULL), AG_EFORMAT);
    assert_non_null(strstr(ag_error(), "shard 3 is unreadable"));
    p.failing = -1;
    assert_int_equal(ag_trainer_gradients(t, bind, &p, g, NULL), AG_OK);
    assert_int_equal(ag_trainer_gradients(t, bind, &p, other, NULL), AG_EINVAL);
    ag_trainer_free(t);

    assert_int_equal(ag_trainer_new(p.g, p.loss, SHARDS, other, pool, &t), AG_EINVAL);
    assert_int_equal(ag_trainer_new(p.g, p.loss, 0, w, pool, &t), AG_EINVAL);
    assert_int_equal(ag_trainer_new(p.g, p.x, 1, w, pool, &t), AG_EINVAL); /* no scalar */
    assert_null(t);
    ag_graph_free(p.g);
    ag_pool_free(pool);
    ag_tensors_free(w);
    ag_tensors_free(g);
    ag_tensors_free(other);
}

typedef struct {
    problem *problem;
    const ag_tensors *weights;
    ag_pool *pool;
} setting;

static int make_trainer(void *user)
{
    setting *s = user;
    ag_trainer *t = NULL;
    int code = problem_graph(s->problem);
    if (code == AG_OK)
        code = ag_trainer_new(s->problem->g, s->problem->loss, SHARDS, s->weights, s->pool, &t);
    ag_trainer_free(t);
    ag_graph_free(s->problem->g);
    return code;
}

static void failing_allocations(void **state)
{
    (void)state;
    static problem p;
    ag_pool *pool;
    ag_tensors *w = problem_weights();
    assert_int_equal(ag_pool_new(2, &pool), AG_OK);
    setting s = { &p, w, pool };
    assert_true(survive_failing_allocations(make_trainer, &s) > 30);
    ag_pool_free(pool);
    ag_tensors_free(w);
}

/* Training converges: a few hundred steps of Adam on the problem above. */
static void training(void **state)
{
    (void)state;
    static problem p;
    problem_data(&p);
    for (int s = 0; s < SHARDS; s++)
        for (int i = 0; i < ROWS * OUT; i++)
            p.target[s][i] = 0.9f * tanhf(p.target[s][i]);
    ag_optimizer_options options = {
        .kind = AG_ADAM, .rate = { .base = 0.02f }, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f
    };
    ag_pool *pool;
    ag_trainer *t;
    ag_optimizer *o;
    ag_tensors *w = problem_weights(), *g = problem_weights();
    assert_int_equal(ag_pool_new(2, &pool), AG_OK);
    assert_int_equal(problem_graph(&p), AG_OK);
    assert_int_equal(ag_trainer_new(p.g, p.loss, SHARDS, w, pool, &t), AG_OK);
    assert_int_equal(ag_optimizer_new(&options, w, &o), AG_OK);
    float first = 0, loss = 0;
    for (int step = 0; step < 500; step++) {
        assert_int_equal(ag_trainer_gradients(t, bind, &p, g, &loss), AG_OK);
        assert_int_equal(ag_optimizer_step(o, w, g, NULL), AG_OK);
        first = step ? first : loss;
    }
    assert_true(first > 0.5f &&
                loss < 0.02f); /* 33 weights an output for 30 rows: it can fit them */
    ag_optimizer_free(o);
    ag_trainer_free(t);
    ag_graph_free(p.g);
    ag_pool_free(pool);
    ag_tensors_free(w);
    ag_tensors_free(g);
}

/* sum(c * weight_norm(v, gain)) by hand. */
static double normed(const float *v, const float *gain, const float *c, int rows, int columns)
{
    double sum = 0;
    for (int o = 0; o < columns; o++) {
        double square = 0, dot = 0;
        for (int i = 0; i < rows; i++) {
            square += (double)v[i * columns + o] * v[i * columns + o];
            dot += (double)v[i * columns + o] * c[i * columns + o];
        }
        sum += gain[o] * dot / sqrt(square);
    }
    return sum;
}

static double difference(float *x, const float *v, const float *gain, const float *c)
{
    float kept = *x;
    *x = kept + 1e-3f;
    double step = *x, above = normed(v, gain, c, 8, 5);
    *x = kept - 1e-3f;
    step -= *x;
    double below = normed(v, gain, c, 8, 5);
    *x = kept;
    return (above - below) / step;
}

static void weight_norm(void **state)
{
    (void)state;
    const char *names[] = { "v", "gain", "c" };
    const ag_shape shapes[] = { AG_SHAPE(2, 4, 5), AG_SHAPE(5), AG_SHAPE(2, 4, 5) };
    ag_tensors *t;
    assert_int_equal(ag_tensors_make(3, names, shapes, &t), AG_OK);
    fill_random(t, 3);
    float *v = ag_tensors_data(t, 0), *gain = ag_tensors_data(t, 1), *c = ag_tensors_data(t, 2);

    ag_graph *g;
    assert_int_equal(ag_graph_new(&g), AG_OK);
    ag_node in[3], out[3];
    for (int i = 0; i < 3; i++)
        in[i] = ag_param(g, names[i], shapes[i]);
    out[0] = ag_sum_all(g, ag_mul(g, ag_weight_norm(g, in[0], in[1]), in[2]));
    assert_int_equal(ag_grad(g, out[0], in, 2, out + 1), AG_OK);
    ag_plan *plan;
    ag_exec *exec;
    assert_int_equal(ag_graph_compile(g, out, 3, &plan), AG_OK);
    assert_int_equal(ag_exec_new(plan, &exec), AG_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ag_exec_bind(exec, in[i], ag_tensors_data(t, i)), AG_OK);
    assert_int_equal(ag_exec_run(exec), AG_OK);

    assert_near(*(const float *)ag_exec_data(exec, out[0]), normed(v, gain, c, 8, 5), 1e-5);
    const float *dv = ag_exec_data(exec, out[1]), *dgain = ag_exec_data(exec, out[2]);
    for (int i = 0; i < 40; i++)
        assert_near(dv[i], difference(&v[i], v, gain, c), 1e-4);
    for (int i = 0; i < 5; i++)
        assert_near(dgain[i], difference(&gain[i], v, gain, c), 1e-4);
    ag_exec_free(exec);
    ag_plan_free(plan);
    ag_graph_free(g);
    ag_tensors_free(t);
}

void test_trainer(test_list *list)
{
    ADD_TEST(list, "trainer", gradients_by_hand);
    ADD_TEST(list, "trainer", gradients_that_share_nodes);
    ADD_TEST(list, "trainer", the_loss_is_a_parameter);
    ADD_TEST(list, "trainer", a_shard_fails);
    ADD_TEST(list, "trainer", failing_allocations);
    ADD_TEST(list, "trainer", training);
    ADD_TEST(list, "trainer", weight_norm);
}
