/* tensor/plan.h: a compiled graph: steps in order, and where every value lives. */
#ifndef TENSOR_PLAN_H
#define TENSOR_PLAN_H

#include "tensor/graph.h"
#include "tensor/kernels/kernels.h"

/* A buffer that one or more nodes (views, in-place results) share. */
typedef struct {
    size_t bytes;
    size_t offset;     /* in an exec's memory */
    int first, last;   /* steps between which it must be kept; INT_MAX: to the end */
    const void *fixed; /* a constant's values, in the plan */
    ag_node leaf;      /* the input or parameter it stands for, or AG_NONE */
} vt_storage;

/* How an operand of a step is cut into rows when the step is one of a strip. */
typedef struct {
    int64_t repeat; /* so many of the strip's rows share a row of it; 0: it is read as a whole */
    int64_t width;  /* elements of a row */
    ag_shape shape; /* of a row, behind an axis for how many there are */
} vt_cut;

typedef struct {
    vt_cut out, in[VT_MAX_INPUTS], base;
} vt_cuts;

/* Steps [first, end) that run together, `height` of their `rows` rows at a time. */
typedef struct {
    int first, end;
    int64_t rows, height;
} vt_strip;

/* One kernel call. A product (matrix or convolution) whose only use is a sum runs inside the step
 * of that sum: the other summand is put into the output first and the product is accumulated on it.
 */
typedef struct {
    ag_node at;      /* the node that is computed */
    ag_node product; /* fused into `at` (a VT_ADD), or AG_NONE */
    ag_node base;    /* the other summand of a fused sum; of a copy (VT_RESHAPE): its source */
    int out;         /* storage of the result */
    vt_conv *conv;   /* for convolutions and the products that run as one */
    size_t scratch;  /* where the convolution's scratch begins */
    int strip;       /* the strip it is in, or -1 */
    vt_cuts *cuts;   /* if it is in one */
} vt_step;

typedef struct {
    ag_node node;
    int storage;
} vt_output;

struct ag_plan {
    vt_node *nodes; /* a copy of the graph's, without what no output needs */
    int count;
    int *storage; /* by node; -1 where the node is not needed */
    vt_storage *storages;
    int storages_count;
    vt_step *steps;
    int steps_count;
    vt_strip *strips;
    int strips_count;
    vt_output *outputs;
    int outputs_count;
    size_t memory, scratch; /* bytes of an exec */
    double flops;
    ag_arena *arena; /* names, constants, concat lists */
};

/* Follow views to the node that holds the values. */
ag_node vt_root(const vt_node *nodes, ag_node x);
static inline bool vt_is_product(vt_op op)
{
    return op == VT_MATMUL || (op >= VT_CONV && op <= VT_CONV_FILTER);
}
/* The node whose operation a step runs: the product of a fused sum. */
static inline const vt_node *vt_step_node(const ag_plan *p, const vt_step *step)
{
    return &p->nodes[step->product != AG_NONE ? step->product : step->at];
}
/* Find the strips among the steps (strips.c). */
int vt_find_strips(ag_plan *p);
/* Does the step read x beyond the rows it computes? */
bool vt_reads_whole(const ag_plan *p, const vt_step *step, ag_node x);
/* Give offsets to storages that are no leaf and no constant, so that none overlaps another one
 * alive at the same step; *bytes is the memory needed (memory.c). */
int vt_place(vt_storage *storages, int count, size_t *bytes);

#endif
