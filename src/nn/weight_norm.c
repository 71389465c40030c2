/* Weight normalisation: the direction and the length of each output's weights as separate
 * parameters. */
#include "agena/nn.h"

ag_node ag_weight_norm(ag_graph *g, ag_node v, ag_node gain)
{
    int rank = ag_node_shape(g, v).rank;
    ag_node square = ag_square(g, v);
    if (rank > 1)
        square = ag_sum(g, square, (1u << (rank - 1)) - 1u, false);
    ag_node norm = ag_sqrt(g, square);
    return ag_mul(g, v, ag_div(g, gain, norm));
}
