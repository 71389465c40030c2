/* Builders that move or select elements: views, slices, pads, gathers. */
#include "tensor/graph.h"

#include <string.h>

ag_node ag_reshape(ag_graph *g, ag_node x, ag_shape shape)
{
    if (!vt_valid(g, x)) {
        return AG_NONE;
    }
    ag_shape from = g->nodes[x].shape;
    char ta[128], tb[128];
    if (shape.rank < 0 || shape.rank > AG_MAX_RANK) {
        return vt_error(g, AG_EINVAL, "reshape: rank %d is not in 0..%d", shape.rank, AG_MAX_RANK);
    }
    int64_t known = 1;
    int open = -1;
    for (int i = 0; i < shape.rank; i++) {
        if (shape.dim[i] == -1 && open < 0) {
            open = i;
        } else if (shape.dim[i] >= 1 && known <= ((int64_t)1 << 40) / shape.dim[i]) {
            known *= shape.dim[i];
        } else {
            return vt_error(g, AG_EINVAL, "reshape: bad shape %s", vt_shape_text(&shape, tb));
        }
    }
    int64_t count = ag_shape_count(&from);
    if (open >= 0) {
        shape.dim[open] = count / known;
        known *= shape.dim[open];
    }
    if (known != count) {
        return vt_error(g, AG_EINVAL, "reshape: %s has not as many elements as %s",
                        vt_shape_text(&from, ta), vt_shape_text(&shape, tb));
    }
    if (vt_same(&from, &shape)) {
        return x;
    }
    vt_node n = vt_make(VT_RESHAPE, shape, x, VT_ABSENT, VT_ABSENT);
    n.dtype = g->nodes[x].dtype;
    return vt_add(g, n);
}

ag_node ag_permute(ag_graph *g, ag_node x, const int *axes)
{
    if (!vt_typed(g, VT_PERMUTE, x, AG_F32)) {
        return AG_NONE;
    }
    ag_shape from = g->nodes[x].shape;
    vt_node n = vt_make(VT_PERMUTE, from, x, VT_ABSENT, VT_ABSENT);
    unsigned seen = 0;
    for (int i = 0; i < from.rank; i++) {
        if (axes[i] < 0 || axes[i] >= from.rank || (seen >> axes[i] & 1)) {
            return vt_error(g, AG_EINVAL, "permute: axes must name each of 0..%d once",
                            from.rank - 1);
        }
        seen |= 1u << axes[i];
        n.u.perm[i] = axes[i];
        n.shape.dim[i] = from.dim[axes[i]];
    }
    return vt_add(g, n);
}

static bool check_axis(ag_graph *g, vt_op op, ag_node x, int axis)
{
    if (!vt_typed(g, op, x, AG_F32)) {
        return false;
    }
    if (axis < 0 || axis >= g->nodes[x].shape.rank) {
        vt_error(g, AG_EINVAL, "%s: axis %d is not in 0..%d", vt_op_name(op), axis,
                 g->nodes[x].shape.rank - 1);
        return false;
    }
    return true;
}

ag_node ag_slice(ag_graph *g, ag_node x, int axis, int64_t begin, int64_t length)
{
    if (!check_axis(g, VT_SLICE, x, axis)) {
        return AG_NONE;
    }
    ag_shape s = g->nodes[x].shape;
    int64_t size = s.dim[axis];
    if (begin < 0 || length < 1 || begin > size - length) {
        return vt_error(g, AG_EINVAL, "slice: %lld elements from %lld are not in an axis of %lld",
                        (long long)length, (long long)begin, (long long)size);
    }
    if (length == size) {
        return x;
    }
    s.dim[axis] = length;
    vt_node n = vt_make(VT_SLICE, s, x, VT_ABSENT, VT_ABSENT);
    n.u.span.axis = axis;
    n.u.span.before = begin;
    n.u.span.after = size - begin - length;
    return vt_add(g, n);
}

ag_node ag_pad(ag_graph *g, ag_node x, int axis, int64_t before, int64_t after)
{
    if (!check_axis(g, VT_PAD, x, axis)) {
        return AG_NONE;
    }
    const int64_t most = (int64_t)1 << 32;
    if (before < 0 || after < 0 || before > most || after > most) {
        return vt_error(g, AG_EINVAL, "pad: %lld and %lld must be from 0 to 2^32",
                        (long long)before, (long long)after);
    }
    if (before + after == 0) {
        return x;
    }
    ag_shape s = g->nodes[x].shape;
    s.dim[axis] += before + after;
    vt_node n = vt_make(VT_PAD, s, x, VT_ABSENT, VT_ABSENT);
    n.u.span.axis = axis;
    n.u.span.before = before;
    n.u.span.after = after;
    return vt_add(g, n);
}

ag_node ag_concat(ag_graph *g, const ag_node *x, int count, int axis)
{
    if (count < 1) {
        return vt_error(g, AG_EINVAL, "concat: no inputs");
    }
    if (!check_axis(g, VT_CONCAT, x[0], axis)) {
        return AG_NONE;
    }
    ag_shape s = g->nodes[x[0]].shape;
    for (int i = 1; i < count; i++) {
        if (!check_axis(g, VT_CONCAT, x[i], axis)) {
            return AG_NONE;
        }
        ag_shape other = g->nodes[x[i]].shape;
        int64_t more = other.dim[axis];
        other.dim[axis] = s.dim[axis];
        if (!vt_same(&s, &other)) {
            return vt_error(g, AG_EINVAL, "concat: input %d differs in more than axis %d", i, axis);
        }
        s.dim[axis] += more;
    }
    vt_node n = vt_make(VT_CONCAT, s, VT_ABSENT, VT_ABSENT, VT_ABSENT);
    n.u.span.axis = axis;
    n.inputs = count;
    n.many = ag_arena_alloc(g->arena, (size_t)count * sizeof *n.many);
    if (!n.many) {
        return vt_error(g, AG_ENOMEM, "%s", ag_error());
    }
    memcpy(n.many, x, (size_t)count * sizeof *n.many);
    return vt_add(g, n);
}

ag_node ag_gather(ag_graph *g, ag_node table, ag_node index)
{
    if (!vt_typed(g, VT_GATHER, table, AG_F32) || !vt_typed(g, VT_GATHER, index, AG_I32)) {
        return AG_NONE;
    }
    ag_shape t = g->nodes[table].shape, s = g->nodes[index].shape;
    if (t.rank != 2 || s.rank == AG_MAX_RANK) {
        return vt_error(g, AG_EINVAL, "gather: the table must be [rows, channels]");
    }
    s.dim[s.rank++] = t.dim[1];
    return vt_add(g, vt_make(VT_GATHER, s, table, index, VT_ABSENT));
}

/* x [.., C] and index [..]: do they agree? */
static bool rows_match(ag_graph *g, vt_op op, ag_node x, ag_node index)
{
    if (!vt_typed(g, op, x, AG_F32) || !vt_typed(g, op, index, AG_I32)) {
        return false;
    }
    ag_shape s = g->nodes[x].shape;
    s.rank--;
    if (s.rank < 0 || !vt_same(&s, &g->nodes[index].shape)) {
        char a[128], b[128];
        vt_error(g, AG_EINVAL, "%s: index %s does not have one entry for each row of %s",
                 vt_op_name(op), vt_shape_text(&g->nodes[index].shape, a),
                 vt_shape_text(&g->nodes[x].shape, b));
        return false;
    }
    return true;
}

ag_node ag_scatter_add(ag_graph *g, ag_node x, ag_node index, int64_t rows)
{
    if (!rows_match(g, VT_SCATTER_ADD, x, index)) {
        return AG_NONE;
    }
    ag_shape s = g->nodes[x].shape;
    if (rows < 1 || rows > ((int64_t)1 << 31)) {
        return vt_error(g, AG_EINVAL, "scatter_add: %lld rows", (long long)rows);
    }
    return vt_add(g,
                  vt_make(VT_SCATTER_ADD, AG_SHAPE(rows, s.dim[s.rank - 1]), x, index, VT_ABSENT));
}

ag_node ag_pick(ag_graph *g, ag_node x, ag_node index)
{
    if (!rows_match(g, VT_PICK, x, index)) {
        return AG_NONE;
    }
    return vt_add(g, vt_make(VT_PICK, g->nodes[index].shape, x, index, VT_ABSENT));
}

ag_node ag_unpick(ag_graph *g, ag_node x, ag_node index, int64_t classes)
{
    if (!vt_typed(g, VT_UNPICK, x, AG_F32) || !vt_typed(g, VT_UNPICK, index, AG_I32)) {
        return AG_NONE;
    }
    ag_shape s = g->nodes[index].shape;
    if (!vt_same(&s, &g->nodes[x].shape) || s.rank == AG_MAX_RANK || classes < 1 ||
        classes > ((int64_t)1 << 31)) {
        return vt_error(g, AG_EINVAL, "unpick: values and index must have one shape, classes >= 1");
    }
    s.dim[s.rank++] = classes;
    return vt_add(g, vt_make(VT_UNPICK, s, x, index, VT_ABSENT));
}
