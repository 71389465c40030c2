/* tensor/graph.h: the graph's nodes, as its builders, the differentiation and the planner see them.
 */
#ifndef TENSOR_GRAPH_H
#define TENSOR_GRAPH_H

#include "agena/tensor.h"

typedef enum {
    /* leaves */
    VT_INPUT,
    VT_PARAM,
    VT_CONSTANT, /* data: the values, or NULL: filled with f[0] */
    /* unary elementwise; f[0], f[1] are their constants */
    VT_AFFINE,
    VT_NEG,
    VT_SQUARE,
    VT_SQRT,
    VT_EXP,
    VT_LOG,
    VT_ABS,
    VT_SIGN,
    VT_STEP, /* 1 where x > 0 else 0 */
    VT_TANH,
    VT_SIGMOID,
    VT_SOFTPLUS,
    VT_RELU,
    VT_LEAKY_RELU,
    VT_CLAMP,
    VT_STOP_GRADIENT, /* a view */
    /* binary elementwise, broadcasting */
    VT_ADD,
    VT_SUB,
    VT_MUL,
    VT_DIV,
    VT_MAXIMUM,
    VT_MINIMUM,
    VT_GREATER,
    VT_GREATER_EQUAL,
    /* the rest */
    VT_WHERE,
    VT_RESHAPE, /* a view */
    VT_PERMUTE,
    VT_SLICE,
    VT_PAD,
    VT_CONCAT,
    VT_BROADCAST,
    VT_GATHER,
    VT_SCATTER_ADD,
    VT_PICK,
    VT_UNPICK,
    VT_SUM,
    VT_MAX,
    VT_SOFTMAX,
    VT_LOG_SOFTMAX,
    VT_MATMUL,
    VT_CONV,
    VT_CONV_DATA,
    VT_CONV_FILTER,
    VT_MAX_POOL_INDEX, /* x -> i32, flat index in the picture of each window's maximum */
    VT_POOL_GATHER,    /* x, index -> values */
    VT_POOL_SCATTER,   /* y, index -> sums in the shape of x */
    VT_AVG_POOL,
    VT_AVG_POOL_DATA, /* its adjoint */
    VT_GATED,
    VT_GATED_GRAD, /* x, dy -> dx */
    VT_LSTM,       /* gates, c -> [B, 2H] = new c, h */
    VT_LSTM_GRAD,  /* gates, c, d(c, h) -> [B, 5H] = dgates, dc */
    VT_CROSS_ENTROPY,
    VT_CROSS_ENTROPY_GRAD, /* logits, target, dy -> dlogits */
    VT_MOL,
    VT_MOL_GRAD,        /* params, target, dy -> dparams */
    VT_MOL_GRAD_TARGET, /* params, target, dy -> dtarget */
    VT_GAUSSIAN,
    VT_GAUSSIAN_GRAD,
    VT_GAUSSIAN_GRAD_TARGET,
    VT_OPS
} vt_op;

enum { VT_MAX_INPUTS = 3, VT_ABSENT = -2 /* no such input */ };

typedef struct {
    vt_op op;
    ag_dtype dtype;
    ag_shape shape;
    int inputs;
    ag_node in[VT_MAX_INPUTS];
    ag_node *many; /* VT_CONCAT: `inputs` nodes instead of in[]; in the graph's arena */
    const char *name;
    const float *data;
    float f[2];
    union {
        int perm[AG_MAX_RANK];
        struct {
            int axis;
            int64_t before, after; /* slice: elements left out; pad: zeros; concat: axis alone */
        } span;
        unsigned axes; /* sum, max: bit mask */
        struct {
            bool ta, tb;
        } matmul;
        struct {
            ag_conv_params p;
            int64_t kh, kw;
        } window; /* convolutions and pooling */
        struct {
            int bits;
            float min_log_scale;
        } loss;
    } u;
} vt_node;

struct ag_graph {
    vt_node *nodes;
    int count, capacity;
    ag_arena *arena;
    int error;
    char message[512];
};

/* Inputs of a node as an array. */
static inline const ag_node *vt_inputs(const vt_node *n)
{
    return n->many ? n->many : n->in;
}

const char *vt_op_name(vt_op op);
/* Append a node; AG_NONE (and the graph's error) when memory is out or an input is AG_NONE. */
ag_node vt_add(ag_graph *g, vt_node node);
/* A node with its op, shape (float32) and up to three inputs (VT_ABSENT ends the list). */
vt_node vt_make(vt_op op, ag_shape shape, ag_node a, ag_node b, ag_node c);
/* Keep the graph's first error: "op: sentence"; returns AG_NONE. */
ag_node vt_error(ag_graph *g, int code, const char *format, ...) AG_PRINTF(3, 4);
/* Is there no error yet and is this a node of this graph (of this type)? Sets the error if not. */
bool vt_valid(ag_graph *g, ag_node a);
bool vt_typed(ag_graph *g, vt_op op, ag_node a, ag_dtype dtype);

bool vt_same(const ag_shape *a, const ag_shape *b);
/* Text such as "[4, 8000, 64]" in a buffer of 128 bytes. */
const char *vt_shape_text(const ag_shape *s, char *buffer);

/* Sum x over what broadcasting from `shape` to x's shape repeated. */
ag_node vt_reduce_to(ag_graph *g, ag_node x, ag_shape shape);
ag_node vt_unary(ag_graph *g, vt_op op, ag_node x, float f0, float f1);
ag_node vt_binary_node(ag_graph *g, vt_op op, ag_node a, ag_node b);
ag_node vt_scalar(ag_graph *g, float value);
/* The likelihood losses out of primitive operations, for derivatives of their derivatives. */
ag_node vt_expand_mol(ag_graph *g, ag_node params, ag_node target, int bits, float min_log_scale);
ag_node vt_expand_gaussian(ag_graph *g, ag_node params, ag_node target, float min_log_scale);

/* Reverse mode from y, whose adjoint is dy: adjoints of wrt go to out (AG_NONE where y does not
 * depend on one). Nodes below `first` count as independent: 0 for a total derivative; the first
 * node of an expanded sub-expression for the partial derivatives in its inputs. */
int vt_backward(ag_graph *g, ag_node y, ag_node dy, ag_node first, const ag_node *wrt, int count,
                ag_node *out);
/* The vector-Jacobian product of node n (a copy) at index `at`: for input i, when wanted[i], put
 * into d[i] a node for its adjoint, given dy, the adjoint of n; AG_NONE where there is none. */
int vt_vjp(ag_graph *g, const vt_node *n, ag_node at, ag_node dy, const bool *wanted, ag_node *d);

#endif
