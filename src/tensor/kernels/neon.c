/* The kernels of plain_*.c for processors with NEON. */
#include "tensor/kernels/plain.h"

#include <math.h>

#include "tensor/kernels/lanes_neon.h"
#include "tensor/kernels/lanes_math.h"

#include "tensor/kernels/fast_elementwise.h"
#include "tensor/kernels/fast_reduce.h"
#include "tensor/kernels/fast_softmax.h"
#include "tensor/kernels/fast_gates.h"
#include "tensor/kernels/fast_likelihood.h"
#include "tensor/kernels/fast_conv.h"

void vt_neon_fill(vt_kernels *table)
{
    table->name = "neon";
    fast_elementwise(table);
    fast_reduce(table);
    fast_softmax(table);
    fast_gates(table);
    fast_likelihood(table);
    fast_conv(table);
}
