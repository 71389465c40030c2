/* The float32 twin's graph: its shapes, its loss by a plain computation, its gradient by finite
 * differences. */
#include "classify_test.h"

#include <math.h>

enum { BATCH = 3, CLASSES = 4 };

typedef struct {
    ag_graph *g;
    ag_classify_nodes nodes;
    ag_tensors *weights, *gradients;
    ag_node out[8];
    ag_plan *plan;
    ag_exec *exec;
    float pictures[BATCH * 9 * 9 * 2];
    int32_t labels[BATCH];
} twin;

static void build(twin *t, const char *network, ag_classify_loss loss)
{
    ag_wage_config c = { .height = 9, .width = 9, .channels = 2, .bits = { 2, 8, 8, 8 } };
    assert_int_equal(ag_classify_parse_network(network, &c), 0);
    assert_int_equal(ag_graph_new(&t->g), 0);
    assert_int_equal(ag_classify_graph(&c, BATCH, loss, t->g, &t->nodes), 0);
    assert_int_equal(ag_tensors_new(t->g, &t->weights), 0);
    int count = ag_tensors_count(t->weights);
    ag_node params[8];
    for (int i = 0; i < count; i++) {
        params[i] = ag_graph_param(t->g, i);
        ag_init_he_normal(t->weights, i, 5);
    }
    assert_int_equal(ag_grad(t->g, t->nodes.loss, params, count, t->out), 0);
    t->out[count] = t->nodes.loss;
    t->out[count + 1] = t->nodes.outputs;
    assert_int_equal(ag_graph_compile(t->g, t->out, count + 2, &t->plan), 0);
    assert_int_equal(ag_exec_new(t->plan, &t->exec), 0);
    ag_rng rng;
    ag_rng_init(&rng, 1, AG_PURPOSE_TEST, 0);
    for (size_t i = 0; i < sizeof t->pictures / sizeof *t->pictures; i++) {
        t->pictures[i] = 2 * ag_rng_uniform(&rng) - 1;
    }
    for (int i = 0; i < BATCH; i++) {
        t->labels[i] = (i + 1) % CLASSES;
    }
    assert_int_equal(ag_exec_bind(t->exec, t->nodes.pictures, t->pictures), 0);
    assert_int_equal(ag_exec_bind(t->exec, t->nodes.labels, t->labels), 0);
    for (int i = 0; i < count; i++) {
        assert_int_equal(ag_exec_bind(t->exec, params[i], ag_tensors_data(t->weights, i)), 0);
    }
}

static float run(twin *t)
{
    assert_int_equal(ag_exec_run(t->exec), 0);
    return *(const float *)ag_exec_data(t->exec, t->nodes.loss);
}

static void tear_down(twin *t)
{
    ag_exec_free(t->exec);
    ag_plan_free(t->plan);
    ag_tensors_free(t->weights);
    ag_graph_free(t->g);
}

static const char network[] = "4C3-MP2-5C3s2-6C2v-7FC-4";

static void shapes(void **state)
{
    (void)state;
    twin t;
    build(&t, network, AG_CLASSIFY_SOFTMAX);
    static const ag_shape wanted[] = { { 4, { 3, 3, 2, 4 } },
                                       { 4, { 3, 3, 4, 5 } },
                                       { 4, { 2, 2, 5, 6 } },
                                       { 2, { 6, 7 } },
                                       { 2, { 7, 4 } } };
    static const char *const names[] = { "layers.0.weight", "layers.2.weight", "layers.3.weight",
                                         "layers.4.weight", "layers.5.weight" };
    assert_int_equal(ag_tensors_count(t.weights), 5);
    for (int i = 0; i < 5; i++) {
        ag_shape shape = ag_tensors_shape(t.weights, i);
        assert_string_equal(ag_tensors_name(t.weights, i), names[i]);
        assert_int_equal(shape.rank, wanted[i].rank);
        assert_memory_equal(shape.dim, wanted[i].dim, (size_t)shape.rank * sizeof *shape.dim);
    }
    tear_down(&t);
}

static void losses(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        twin t;
        build(&t, network, kind ? AG_CLASSIFY_SQUARES : AG_CLASSIFY_SOFTMAX);
        double loss = (double)run(&t), sum = 0;
        const float *y = ag_exec_data(t.exec, t.nodes.outputs);
        for (int b = 0; b < BATCH; b++, y += CLASSES) {
            double all = 0;
            for (int c = 0; c < CLASSES; c++) {
                double difference = (double)y[c] - (c == t.labels[b]);
                all += kind ? difference * difference : exp((double)y[c]);
            }
            sum += kind ? all : log(all) - (double)y[t.labels[b]];
        }
        assert_true(fabs(loss - sum / BATCH) < 1e-5 * fabs(loss));
        tear_down(&t);
    }
}

static void gradients(void **state)
{
    (void)state;
    twin t;
    build(&t, network, AG_CLASSIFY_SQUARES);
    for (int i = 0; i < ag_tensors_count(t.weights); i++) {
        float *w = ag_tensors_data(t.weights, i);
        ag_shape shape = ag_tensors_shape(t.weights, i);
        int checked = 0;
        for (int64_t j = 0; j < ag_shape_count(&shape); j += 7, checked++) {
            const float h = 1e-2f, kept = w[j];
            run(&t);
            double exact = (double)((const float *)ag_exec_data(t.exec, t.out[i]))[j];
            w[j] = kept + h;
            double above = (double)run(&t);
            w[j] = kept - h;
            double below = (double)run(&t), slope = (above - below) / (2 * (double)h);
            w[j] = kept;
            /* A maximum or a relu may turn over within the step. */
            if (fabs(slope - exact) > 0.05 * fabs(exact) + 0.02) {
                fail_msg("layer %d, weight %d: %g by differences, %g", i, (int)j, slope, exact);
            }
        }
        assert_true(checked >= 4);
    }
    tear_down(&t);
}

void test_twin(test_list *list)
{
    ADD_TEST(list, "twin", shapes);
    ADD_TEST(list, "twin", losses);
    ADD_TEST(list, "twin", gradients);
}
