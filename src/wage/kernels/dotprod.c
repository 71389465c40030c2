/* The integer kernels of plain.c for processors with NEON and its dot products of bytes. */
#if !defined(__ARM_FEATURE_DOTPROD)
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif
#include "wage/kernels/lanes_neon.h"

#include "wage/kernels/fast_product.h"
#include "wage/kernels/fast_gradient.h"
#include "wage/kernels/fast_elementwise.h"
#include "wage/kernels/fast_table.h"

const wg_kernels wg_kernels_dotprod = FAST_TABLE("dotprod");
