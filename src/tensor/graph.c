/* The graph: its life, leaves, names, errors and the appending of nodes. */
#include "tensor/graph.h"

#include <stdio.h>
#include <string.h>

static const char *const op_names[VT_OPS] = {
    [VT_INPUT] = "input",
    [VT_PARAM] = "param",
    [VT_CONSTANT] = "constant",
    [VT_AFFINE] = "affine",
    [VT_NEG] = "neg",
    [VT_SQUARE] = "square",
    [VT_SQRT] = "sqrt",
    [VT_EXP] = "exp",
    [VT_LOG] = "log",
    [VT_ABS] = "abs",
    [VT_SIGN] = "sign",
    [VT_STEP] = "step",
    [VT_TANH] = "tanh",
    [VT_SIGMOID] = "sigmoid",
    [VT_SOFTPLUS] = "softplus",
    [VT_RELU] = "relu",
    [VT_LEAKY_RELU] = "leaky_relu",
    [VT_CLAMP] = "clamp",
    [VT_STOP_GRADIENT] = "stop_gradient",
    [VT_ADD] = "add",
    [VT_SUB] = "sub",
    [VT_MUL] = "mul",
    [VT_DIV] = "div",
    [VT_MAXIMUM] = "maximum",
    [VT_MINIMUM] = "minimum",
    [VT_GREATER] = "greater",
    [VT_GREATER_EQUAL] = "greater_equal",
    [VT_WHERE] = "where",
    [VT_RESHAPE] = "reshape",
    [VT_PERMUTE] = "permute",
    [VT_SLICE] = "slice",
    [VT_PAD] = "pad",
    [VT_CONCAT] = "concat",
    [VT_BROADCAST] = "broadcast",
    [VT_GATHER] = "gather",
    [VT_SCATTER_ADD] = "scatter_add",
    [VT_PICK] = "pick",
    [VT_UNPICK] = "unpick",
    [VT_SUM] = "sum",
    [VT_MAX] = "max",
    [VT_SOFTMAX] = "softmax",
    [VT_LOG_SOFTMAX] = "log_softmax",
    [VT_MATMUL] = "matmul",
    [VT_CONV] = "conv",
    [VT_CONV_DATA] = "conv_transposed",
    [VT_CONV_FILTER] = "conv_filter",
    [VT_MAX_POOL_INDEX] = "max_pool_index",
    [VT_POOL_GATHER] = "pool_gather",
    [VT_POOL_SCATTER] = "pool_scatter",
    [VT_AVG_POOL] = "avg_pool",
    [VT_AVG_POOL_DATA] = "avg_pool_data",
    [VT_GATED] = "gated",
    [VT_GATED_GRAD] = "gated_grad",
    [VT_LSTM] = "lstm_cell",
    [VT_LSTM_GRAD] = "lstm_cell_grad",
    [VT_CROSS_ENTROPY] = "cross_entropy",
    [VT_CROSS_ENTROPY_GRAD] = "cross_entropy_grad",
    [VT_MOL] = "mol_loss",
    [VT_MOL_GRAD] = "mol_loss_grad",
    [VT_MOL_GRAD_TARGET] = "mol_loss_grad_target",
    [VT_GAUSSIAN] = "gaussian_loss",
    [VT_GAUSSIAN_GRAD] = "gaussian_loss_grad",
    [VT_GAUSSIAN_GRAD_TARGET] = "gaussian_loss_grad_target",
};

const char *vt_op_name(vt_op op)
{
    return op_names[op];
}

int64_t ag_shape_count(const ag_shape *shape)
{
    int64_t n = 1;
    for (int i = 0; i < shape->rank; i++) {
        n *= shape->dim[i];
    }
    return n;
}

bool vt_same(const ag_shape *a, const ag_shape *b)
{
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]) == 0;
}

const char *vt_shape_text(const ag_shape *s, char *buffer)
{
    int at = snprintf(buffer, 128, "[");
    for (int i = 0; i < s->rank; i++) {
        at +=
            snprintf(buffer + at, (size_t)(128 - at), i ? ", %lld" : "%lld", (long long)s->dim[i]);
    }
    snprintf(buffer + at, (size_t)(128 - at), "]");
    return buffer;
}

int ag_graph_new(ag_graph **out)
{
    *out = NULL;
    ag_graph *g = ag_calloc(1, sizeof *g);
    if (!g) {
        return AG_ENOMEM;
    }
    int status = ag_arena_new(&g->arena);
    if (status < 0) {
        ag_free(g);
        return status;
    }
    *out = g;
    return 0;
}

void ag_graph_free(ag_graph *g)
{
    if (!g) {
        return;
    }
    ag_arena_free(g->arena);
    ag_free(g->nodes);
    ag_free(g);
}

ag_node vt_error(ag_graph *g, int code, const char *format, ...)
{
    if (!g->error) {
        va_list list;
        va_start(list, format);
        vsnprintf(g->message, sizeof g->message, format, list);
        va_end(list);
        g->error = code;
    }
    return AG_NONE;
}

int ag_graph_error(const ag_graph *g)
{
    return g->error ? ag_fail(g->error, "%s", g->message) : 0;
}

bool vt_valid(ag_graph *g, ag_node a)
{
    if (g->error) {
        return false;
    }
    if (a >= 0 && a < g->count) {
        return true;
    }
    vt_error(g, AG_EINVAL, "node %d is not of this graph", (int)a);
    return false;
}

bool vt_typed(ag_graph *g, vt_op op, ag_node a, ag_dtype dtype)
{
    if (!vt_valid(g, a)) {
        return false;
    }
    if (g->nodes[a].dtype != dtype) {
        vt_error(g, AG_EINVAL, "%s: an input has the wrong type: %s is needed", vt_op_name(op),
                 dtype == AG_I32 ? "int32" : "float32");
        return false;
    }
    return true;
}

static bool grow(ag_graph *g)
{
    if (g->count < g->capacity) {
        return true;
    }
    int capacity = g->capacity ? 2 * g->capacity : 64;
    vt_node *nodes = ag_realloc(g->nodes, (size_t)capacity * sizeof *nodes);
    if (!nodes) {
        vt_error(g, AG_ENOMEM, "%s", ag_error());
        return false;
    }
    g->nodes = nodes;
    g->capacity = capacity;
    return true;
}

ag_node vt_add(ag_graph *g, vt_node node)
{
    if (g->error || !grow(g)) {
        return AG_NONE;
    }
    const ag_node *in = vt_inputs(&node);
    for (int i = 0; i < node.inputs; i++) {
        if (!vt_valid(g, in[i])) {
            return AG_NONE;
        }
    }
    g->nodes[g->count] = node;
    return g->count++;
}

vt_node vt_make(vt_op op, ag_shape shape, ag_node a, ag_node b, ag_node c)
{
    vt_node n = { .op = op, .dtype = AG_F32, .shape = shape, .in = { a, b, c } };
    while (n.inputs < VT_MAX_INPUTS && n.in[n.inputs] != VT_ABSENT) {
        n.inputs++;
    }
    return n;
}

ag_shape ag_node_shape(const ag_graph *g, ag_node x)
{
    if (x < 0 || x >= g->count) {
        return (ag_shape){ .rank = -1 };
    }
    return g->nodes[x].shape;
}

ag_dtype ag_node_dtype(const ag_graph *g, ag_node x)
{
    return x >= 0 && x < g->count ? g->nodes[x].dtype : AG_F32;
}

const char *ag_node_name(const ag_graph *g, ag_node x)
{
    return x >= 0 && x < g->count && g->nodes[x].name ? g->nodes[x].name : "";
}

ag_node ag_graph_find(const ag_graph *g, const char *name)
{
    for (int i = 0; i < g->count; i++) {
        if (g->nodes[i].name && strcmp(g->nodes[i].name, name) == 0) {
            return i;
        }
    }
    return AG_NONE;
}

int ag_graph_params(const ag_graph *g)
{
    int n = 0;
    for (int i = 0; i < g->count; i++) {
        n += g->nodes[i].op == VT_PARAM;
    }
    return n;
}

ag_node ag_graph_param(const ag_graph *g, int index)
{
    for (int i = 0; i < g->count; i++) {
        if (g->nodes[i].op == VT_PARAM && index-- == 0) {
            return i;
        }
    }
    return AG_NONE;
}

/* Refuse ranks and sizes that could overflow later arithmetic: at most 2^40 elements. */
static bool check_shape(ag_graph *g, const char *what, const ag_shape *s)
{
    if (s->rank < 0 || s->rank > AG_MAX_RANK) {
        vt_error(g, AG_EINVAL, "%s: rank %d is not in 0..%d", what, s->rank, AG_MAX_RANK);
        return false;
    }
    int64_t n = 1;
    for (int i = 0; i < s->rank; i++) {
        if (s->dim[i] < 1 || s->dim[i] > ((int64_t)1 << 40) / n) {
            char text[128];
            vt_error(g, AG_EINVAL, "%s: shape %s has a size below 1 or too large", what,
                     vt_shape_text(s, text));
            return false;
        }
        n *= s->dim[i];
    }
    return true;
}

static ag_node leaf(ag_graph *g, vt_op op, const char *name, ag_dtype dtype, ag_shape shape)
{
    if (g->error || !check_shape(g, name, &shape)) {
        return AG_NONE;
    }
    if (ag_graph_find(g, name) != AG_NONE) {
        return vt_error(g, AG_EINVAL, "the graph has two leaves named %s", name);
    }
    vt_node n = vt_make(op, shape, VT_ABSENT, VT_ABSENT, VT_ABSENT);
    n.dtype = dtype;
    n.name = ag_arena_strdup(g->arena, name);
    if (!n.name) {
        return vt_error(g, AG_ENOMEM, "%s", ag_error());
    }
    return vt_add(g, n);
}

ag_node ag_input(ag_graph *g, const char *name, ag_dtype dtype, ag_shape shape)
{
    return leaf(g, VT_INPUT, name, dtype, shape);
}

ag_node ag_param(ag_graph *g, const char *name, ag_shape shape)
{
    return leaf(g, VT_PARAM, name, AG_F32, shape);
}

ag_node ag_constant(ag_graph *g, float value, ag_shape shape)
{
    if (g->error || !check_shape(g, "constant", &shape)) {
        return AG_NONE;
    }
    vt_node n = vt_make(VT_CONSTANT, shape, VT_ABSENT, VT_ABSENT, VT_ABSENT);
    n.f[0] = value;
    return vt_add(g, n);
}

ag_node vt_scalar(ag_graph *g, float value)
{
    return ag_constant(g, value, AG_SCALAR);
}

ag_node ag_constant_data(ag_graph *g, const float *data, ag_shape shape)
{
    if (g->error || !check_shape(g, "constant", &shape)) {
        return AG_NONE;
    }
    size_t bytes = (size_t)ag_shape_count(&shape) * sizeof *data;
    float *copy = ag_arena_alloc(g->arena, bytes);
    if (!copy) {
        return vt_error(g, AG_ENOMEM, "%s", ag_error());
    }
    memcpy(copy, data, bytes);
    vt_node n = vt_make(VT_CONSTANT, shape, VT_ABSENT, VT_ABSENT, VT_ABSENT);
    n.data = copy;
    return vt_add(g, n);
}
