/* agena/tensor.h: the static graph. Describe it once for fixed shapes, compile, run it many times.
 *
 * - Layout is channels last: audio [batch, time, channel], pictures [batch, height, width,
 * channel].
 * - A node is an index into its graph. A builder that fails returns AG_NONE and keeps the first
 * error; every builder given AG_NONE returns AG_NONE, so a model is written without checks and
 *   ag_graph_compile reports the first mistake, by node name and shapes.
 * - ag_grad adds ordinary nodes, so it can be applied to its own results.
 * - ag_plan is immutable and shared by threads; each thread has an ag_exec with its own memory and
 *   bindings. ag_exec_run allocates nothing.
 * - Values are float32 but for indices (int32). Elementwise arithmetic broadcasts as NumPy does. */
#ifndef AGENA_TENSOR_H
#define AGENA_TENSOR_H

#include "agena/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AG_MAX_RANK 6
#define AG_NONE     (-1)

typedef enum { AG_F32, AG_I32 } ag_dtype;
typedef int32_t ag_node;

typedef struct {
    int rank; /* 0 = a scalar */
    int64_t dim[AG_MAX_RANK];
} ag_shape;

/* AG_SHAPE(4, 8000, 64) */
#define AG_SHAPE(...)                                                                              \
    ((ag_shape){ (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), { __VA_ARGS__ } })
#define AG_SCALAR ((ag_shape){ 0, { 0 } })

AG_API int64_t ag_shape_count(const ag_shape *shape); /* number of elements */

typedef struct ag_graph ag_graph;
typedef struct ag_plan ag_plan;
typedef struct ag_exec ag_exec;

/* ---- graph ---- */

AG_API int ag_graph_new(ag_graph **out);
AG_API void ag_graph_free(ag_graph *g);                      /* plans made from it stay valid */
AG_API ag_shape ag_node_shape(const ag_graph *g, ag_node x); /* rank -1 for AG_NONE */
AG_API ag_dtype ag_node_dtype(const ag_graph *g, ag_node x);
/* The graph's first error code (0 if none); its sentence goes to ag_error(). */
AG_API int ag_graph_error(const ag_graph *g);

/* Leaves. Names are unique in the graph. Inputs and parameters are bound by each exec; the only
 * difference is the list of parameters that ag_graph_param walks in order of creation. */
AG_API ag_node ag_input(ag_graph *g, const char *name, ag_dtype dtype, ag_shape shape);
AG_API ag_node ag_param(ag_graph *g, const char *name, ag_shape shape);
AG_API ag_node ag_constant(ag_graph *g, float value, ag_shape shape); /* filled with value */
AG_API ag_node ag_constant_data(ag_graph *g, const float *data, ag_shape shape); /* copied */
AG_API int ag_graph_params(const ag_graph *g);                                   /* how many */
AG_API ag_node ag_graph_param(const ag_graph *g, int index);
AG_API const char *ag_node_name(const ag_graph *g, ag_node x);     /* "" without one */
AG_API ag_node ag_graph_find(const ag_graph *g, const char *name); /* leaf by name, or AG_NONE */

/* ---- elementwise ---- */

AG_API ag_node ag_add(ag_graph *g, ag_node a, ag_node b); /* broadcasting, so all binary ones */
AG_API ag_node ag_sub(ag_graph *g, ag_node a, ag_node b);
AG_API ag_node ag_mul(ag_graph *g, ag_node a, ag_node b);
AG_API ag_node ag_div(ag_graph *g, ag_node a, ag_node b);
/* Gradient to a where a >= b, else to b. */
AG_API ag_node ag_maximum(ag_graph *g, ag_node a, ag_node b);
/* Gradient to a where a <= b, else to b. */
AG_API ag_node ag_minimum(ag_graph *g, ag_node a, ag_node b);
/* 1 where a > b else 0; no gradient. */
AG_API ag_node ag_greater(ag_graph *g, ag_node a, ag_node b);
AG_API ag_node ag_affine(ag_graph *g, ag_node x, float scale, float offset); /* scale x + offset */
AG_API ag_node ag_neg(ag_graph *g, ag_node x);
AG_API ag_node ag_square(ag_graph *g, ag_node x);
AG_API ag_node ag_sqrt(ag_graph *g, ag_node x);
AG_API ag_node ag_exp(ag_graph *g, ag_node x);
AG_API ag_node ag_log(ag_graph *g, ag_node x);
AG_API ag_node ag_abs(ag_graph *g, ag_node x); /* gradient 0 at 0 */
AG_API ag_node ag_tanh(ag_graph *g, ag_node x);
AG_API ag_node ag_sigmoid(ag_graph *g, ag_node x);
AG_API ag_node ag_softplus(ag_graph *g, ag_node x); /* ln(1 + e^x) */
AG_API ag_node ag_relu(ag_graph *g, ag_node x);     /* gradient 0 at 0 */
AG_API ag_node ag_leaky_relu(ag_graph *g, ag_node x, float slope);
AG_API ag_node ag_clamp(ag_graph *g, ag_node x, float low, float high);
AG_API ag_node ag_stop_gradient(ag_graph *g, ag_node x);
/* condition (f32) != 0 ? a : b, all of one shape; no gradient to the condition. */
AG_API ag_node ag_where(ag_graph *g, ag_node condition, ag_node a, ag_node b);

/* Fused gated unit (WaveNet, eq. 2): x [.., 2C] -> tanh(x[.., :C]) * sigmoid(x[.., C:]) [.., C]. */
AG_API ag_node ag_gated(ag_graph *g, ag_node x);

/* ---- shape ---- */

AG_API ag_node ag_reshape(ag_graph *g, ag_node x, ag_shape shape); /* a view; one dim may be -1 */
/* The result's dim[i] is x.dim[axes[i]]. */
AG_API ag_node ag_permute(ag_graph *g, ag_node x, const int *axes);
AG_API ag_node ag_slice(ag_graph *g, ag_node x, int axis, int64_t begin, int64_t length);
AG_API ag_node ag_pad(ag_graph *g, ag_node x, int axis, int64_t before, int64_t after); /* zeros */
AG_API ag_node ag_concat(ag_graph *g, const ag_node *x, int count, int axis);
AG_API ag_node ag_broadcast(ag_graph *g, ag_node x, ag_shape shape);
/* Rows of table [rows, C] by index [..] i32 -> [.., C]. Indices outside fail the run with a
 * sentence. */
AG_API ag_node ag_gather(ag_graph *g, ag_node table, ag_node index);
/* The adjoint: sum rows of x [.., C] into a table [rows, C] at index [..]. */
AG_API ag_node ag_scatter_add(ag_graph *g, ag_node x, ag_node index, int64_t rows);
/* x [.., C], index [..] i32 -> x[.., index[..]] [..]; and its adjoint (classes = C). */
AG_API ag_node ag_pick(ag_graph *g, ag_node x, ag_node index);
AG_API ag_node ag_unpick(ag_graph *g, ag_node x, ag_node index, int64_t classes);

/* ---- reductions ---- */

/* Sum over the axes in the bit mask (bit i = axis i); kept as 1 when keep is true. Fixed order. */
AG_API ag_node ag_sum(ag_graph *g, ag_node x, unsigned axes, bool keep);
AG_API ag_node ag_mean(ag_graph *g, ag_node x, unsigned axes, bool keep);
/* Gradient shared among equals. */
AG_API ag_node ag_max(ag_graph *g, ag_node x, int axis, bool keep);
AG_API ag_node ag_sum_all(ag_graph *g, ag_node x);     /* scalar */
AG_API ag_node ag_mean_all(ag_graph *g, ag_node x);    /* scalar */
AG_API ag_node ag_softmax(ag_graph *g, ag_node x);     /* over the last axis */
AG_API ag_node ag_log_softmax(ag_graph *g, ag_node x); /* over the last axis */

/* ---- linear algebra ---- */

/* op(a) [.., M, K] times op(b) [K, N] or, with the same leading dims as a, [.., K, N] -> [.., M,
 * N]. transpose_a reads a as [.., K, M], transpose_b reads b as [.., N, K]. */
AG_API ag_node ag_matmul(ag_graph *g, ag_node a, ag_node b, bool transpose_a, bool transpose_b);

typedef struct {
    int stride[2];   /* height, width; 0 means 1 */
    int dilation[2]; /* 0 means 1 */
    int pad[2][2];   /* zeros before and after, height then width; negative crops */
} ag_conv_params;

/* x [B, H, W, I], w [KH, KW, I, O] -> [B, OH, OW, O] (cross-correlation, no bias). */
AG_API ag_node ag_conv2d(ag_graph *g, ag_node x, ag_node w, ag_conv_params p);
/* Transposed convolution, the adjoint of ag_conv2d in x: y [B, OH, OW, O], w [KH, KW, I, O] ->
 * [B, H, W, I] with the given H and W. */
AG_API ag_node ag_conv2d_transposed(ag_graph *g, ag_node y, ag_node w, ag_conv_params p, int64_t h,
                                    int64_t w_out);
/* The adjoint in w: x [B, H, W, I], y [B, OH, OW, O] -> [kh, kw, I, O]. */
AG_API ag_node ag_conv2d_filter(ag_graph *g, ag_node x, ag_node y, ag_conv_params p, int64_t kh,
                                int64_t kw);
/* Causal dilated convolution over time: x [B, T, I], w [K, I, O] -> [B, T, O];
 * out[t] = sum_k w[k] x[t - (K-1-k) dilation], zeros before the start. */
AG_API ag_node ag_conv1d_causal(ag_graph *g, ag_node x, ag_node w, int dilation);
/* General 1-d convolution: x [B, T, I], w [K, I, O] -> [B, OT, O]. */
AG_API ag_node ag_conv1d(ag_graph *g, ag_node x, ag_node w, int stride, int dilation, int before,
                         int after);
/* Its transpose over time (learned upsampling): y [B, T, O], w [K, I, O] -> [B, t_out, I]. */
AG_API ag_node ag_conv1d_transposed(ag_graph *g, ag_node y, ag_node w, int stride, int before,
                                    int after, int64_t t_out);

/* Pooling of [B, H, W, C]; windows [kh, kw]; the params' dilation is ignored. Max pooling treats
 * padding as minus infinity; average pooling counts only real cells. */
AG_API ag_node ag_max_pool(ag_graph *g, ag_node x, int kh, int kw, ag_conv_params p);
AG_API ag_node ag_avg_pool(ag_graph *g, ag_node x, int kh, int kw, ag_conv_params p);

/* LSTM cell: gates [B, 4H] before activation in the order input, forget, cell, output (PyTorch's);
 * c [B, H] -> new c and h [B, H] each. */
AG_API void ag_lstm_cell(ag_graph *g, ag_node gates, ag_node c, ag_node *c_out, ag_node *h_out);

/* ---- fused likelihood losses, in nats per element ---- */

/* Softmax cross-entropy: logits [.., C], target [..] i32 in [0, C) -> [..]. */
AG_API ag_node ag_cross_entropy(ag_graph *g, ag_node logits, ag_node target);
/* Discretised mixture of K logistics on 2^bits levels (PixelCNN++, section 2.1; Parallel WaveNet,
 * section 2): params [.., 3K] = K weights' logits, K means, K log scales (clamped from below at
 * min_log_scale); target [..] f32 in [-1, 1] -> [..] negative log likelihood. */
AG_API ag_node ag_mol_loss(ag_graph *g, ag_node params, ag_node target, int bits,
                           float min_log_scale);
/* One Gaussian (ClariNet, section 3): params [.., 2] = mean, log scale (clamped from below), target
 * [..] -> [..]. */
AG_API ag_node ag_gaussian_loss(ag_graph *g, ag_node params, ag_node target, float min_log_scale);

/* ---- differentiation ---- */

/* Nodes of d y / d wrt[i] for a scalar y into out[i] (zeros where y does not depend on it). */
AG_API int ag_grad(ag_graph *g, ag_node y, const ag_node *wrt, int count, ag_node *out);

/* ---- compile and run ---- */

/* Plan the nodes needed for `outputs`: order, fusions, memory. */
AG_API int ag_graph_compile(const ag_graph *g, const ag_node *outputs, int count, ag_plan **out);
AG_API void ag_plan_free(ag_plan *plan);           /* after its execs */
AG_API size_t ag_plan_memory(const ag_plan *plan); /* bytes an exec holds for activations */
/* Multiply-adds of matmul and convolutions, times 2. */
AG_API double ag_plan_flops(const ag_plan *plan);

AG_API int ag_exec_new(const ag_plan *plan, ag_exec **out);
AG_API void ag_exec_free(ag_exec *exec);
/* Point a leaf or an output at the caller's buffer (of the node's shape and dtype, row-major).
 * Leaves must all be bound before a run; unbound outputs live in the exec. The buffer must outlive
 * its use. */
AG_API int ag_exec_bind(ag_exec *exec, ag_node x, void *data);
AG_API int ag_exec_run(ag_exec *exec);
/* An output's values after a run: valid until the next run. NULL if x is no output. */
AG_API const void *ag_exec_data(const ag_exec *exec, ag_node x);

#ifdef __cplusplus
}
#endif
#endif
