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

/* One kernel call. A product (matrix or convolution) whose only use is a sum runs inside the step
 * of that sum: the other summand is put into the output first and the product is accumulated on it.
 */
typedef struct {
    ag_node at;      /* the node that is computed */
    ag_node product; /* fused into `at` (a VT_ADD), or AG_NONE */
    ag_node base;    /* the other summand of a fused sum; of a copy (VT_RESHAPE): its source */
    int out;         /* storage of the result */
    vt_conv *conv;   /* for convolutions */
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
/* Give offsets to storages that are no leaf and no constant, so that none overlaps another one
 * alive at the same step; *bytes is the memory needed (memory.c). */
int vt_place(vt_storage *storages, int count, size_t *bytes);

#endif
