/* Reverse-mode differentiation, graph to graph: walk back from y and add up vector-Jacobian
 * products. */
#include "tensor/graph.h"

#include <string.h>

/* Nodes from `first` on that depend on one of wrt, and wrt itself. */
static void mark_dependent(const ag_graph *g, ag_node first, ag_node last, const ag_node *wrt,
                           int count, bool *depends)
{
    for (int i = 0; i < count; i++) {
        depends[wrt[i]] = true;
    }
    for (ag_node i = first; i <= last; i++) {
        const vt_node *n = &g->nodes[i];
        const ag_node *in = vt_inputs(n);
        for (int k = 0; k < n->inputs; k++) {
            depends[i] |= depends[in[k]] && n->op != VT_STOP_GRADIENT;
        }
    }
}

/* One node's contribution to the adjoints of its inputs. */
static int step_back(ag_graph *g, ag_node at, ag_node *adjoint, const bool *depends, bool *wanted,
                     ag_node *d)
{
    vt_node n = g->nodes[at]; /* a copy: adding nodes may move them */
    const ag_node *in = vt_inputs(&n);
    bool any = false;
    for (int k = 0; k < n.inputs; k++) {
        wanted[k] = depends[in[k]];
        any |= wanted[k];
        d[k] = AG_NONE;
    }
    if (!any) {
        return 0;
    }
    int status = vt_vjp(g, &n, at, adjoint[at], wanted, d);
    if (status < 0) {
        return status;
    }
    for (int k = 0; k < n.inputs; k++) {
        if (wanted[k] && d[k] != AG_NONE) {
            adjoint[in[k]] = adjoint[in[k]] == AG_NONE ? d[k] : ag_add(g, adjoint[in[k]], d[k]);
        }
    }
    return ag_graph_error(g);
}

static int most_inputs(const ag_graph *g)
{
    int most = VT_MAX_INPUTS;
    for (int i = 0; i < g->count; i++) {
        most = g->nodes[i].inputs > most ? g->nodes[i].inputs : most;
    }
    return most;
}

int vt_backward(ag_graph *g, ag_node y, ag_node dy, ag_node first, const ag_node *wrt, int count,
                ag_node *out)
{
    for (int i = 0; i < count; i++) {
        if (!vt_valid(g, wrt[i])) {
            return ag_graph_error(g);
        }
    }
    if (!vt_valid(g, y) || !vt_valid(g, dy)) {
        return ag_graph_error(g);
    }
    size_t nodes = (size_t)g->count;
    size_t widest = (size_t)most_inputs(g);
    bool *depends = ag_calloc(nodes + widest, sizeof *depends);
    ag_node *adjoint = ag_malloc((nodes + widest) * sizeof *adjoint);
    int status = depends && adjoint ? 0 : AG_ENOMEM;
    if (status == 0) {
        for (size_t i = 0; i < nodes + widest; i++) {
            adjoint[i] = AG_NONE;
        }
        mark_dependent(g, first, y, wrt, count, depends);
        adjoint[y] = dy;
    }
    for (ag_node at = y; status == 0 && at >= first; at--) {
        if (depends[at] && adjoint[at] != AG_NONE) {
            status = step_back(g, at, adjoint, depends, depends + nodes, adjoint + nodes);
        }
    }
    for (int i = 0; status == 0 && i < count; i++) {
        out[i] = wrt[i] <= y ? adjoint[wrt[i]] : AG_NONE;
    }
    ag_free(depends);
    ag_free(adjoint);
    return status;
}

int ag_grad(ag_graph *g, ag_node y, const ag_node *wrt, int count, ag_node *out)
{
    if (!vt_valid(g, y)) {
        return ag_graph_error(g);
    }
    if (g->nodes[y].dtype != AG_F32 || ag_shape_count(&g->nodes[y].shape) != 1) {
        return ag_fail(AG_EINVAL, "ag_grad: only a float32 scalar can be differentiated");
    }
    ag_node one = ag_constant(g, 1, g->nodes[y].shape);
    int status = vt_backward(g, y, one, 0, wrt, count, out);
    for (int i = 0; status == 0 && i < count; i++) {
        if (out[i] == AG_NONE) {
            out[i] = ag_constant(g, 0, g->nodes[wrt[i]].shape);
        }
    }
    return status < 0 ? status : ag_graph_error(g);
}
