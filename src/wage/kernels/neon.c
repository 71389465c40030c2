/* The integer kernels of plain.c for processors with NEON. */
#include "wage/kernels/lanes_neon.h"

#include "wage/kernels/fast_product.h"
#include "wage/kernels/fast_gradient.h"
#include "wage/kernels/fast_elementwise.h"
#include "wage/kernels/fast_table.h"

const wg_kernels wg_kernels_neon = FAST_TABLE("neon");
