/* A static graph with its gradient: fit y = w x + b to four points by gradient descent. */
#include <agena/agena.h>

#include <stdio.h>

enum { POINTS = 4, STEPS = 200 };

/* Nodes are numbers; a failed builder returns AG_NONE and all that is built on it does too, so the
 * first error comes out of ag_graph_compile. */
static int build(ag_plan **plan, ag_node leaves[4], ag_node outputs[3])
{
    ag_graph *g = NULL;
    int status = ag_graph_new(&g);
    if (status < 0)
        return status;
    ag_node x = leaves[0] = ag_input(g, "x", AG_F32, AG_SHAPE(POINTS));
    ag_node y = leaves[1] = ag_input(g, "y", AG_F32, AG_SHAPE(POINTS));
    ag_node w = leaves[2] = ag_param(g, "w", AG_SHAPE(1));
    ag_node b = leaves[3] = ag_param(g, "b", AG_SHAPE(1));
    ag_node guess = ag_add(g, ag_mul(g, w, x), b);
    ag_node loss = outputs[0] = ag_mean_all(g, ag_square(g, ag_sub(g, guess, y)));
    status = ag_grad(g, loss, (ag_node[]){ w, b }, 2, outputs + 1); /* ordinary nodes */
    if (status == AG_OK)
        status = ag_graph_compile(g, outputs, 3, plan); /* plans all memory */
    ag_graph_free(g);
    return status;
}

static int fit(float *w, float *b, float *loss)
{
    float x[POINTS] = { 0, 1, 2, 3 }, y[POINTS] = { 1, 3, 5, 7 };
    float *buffers[4] = { x, y, w, b };
    ag_plan *plan = NULL;
    ag_exec *exec = NULL;
    ag_node leaves[4], outputs[3];
    int status = build(&plan, leaves, outputs);
    if (status == AG_OK)
        status = ag_exec_new(plan, &exec);
    for (int i = 0; i < 4 && status == AG_OK; i++)
        status = ag_exec_bind(exec, leaves[i], buffers[i]);
    for (int step = 0; step < STEPS && status == AG_OK; step++) {
        status = ag_exec_run(exec); /* allocates nothing */
        if (status == AG_OK) {
            *loss = *(const float *)ag_exec_data(exec, outputs[0]);
            *w -= 0.1f * *(const float *)ag_exec_data(exec, outputs[1]);
            *b -= 0.1f * *(const float *)ag_exec_data(exec, outputs[2]);
        }
    }
    ag_exec_free(exec);
    ag_plan_free(plan);
    return status;
}

int main(void)
{
    float w = 0, b = 0, loss = 0;
    if (fit(&w, &b, &loss) < 0) {
        fprintf(stderr, "gradient: %s\n", ag_error());
        return 1;
    }
    printf("y = %.2f x + %.2f\n", (double)w, (double)b);
    return loss < 1e-6f ? 0 : 1;
}
