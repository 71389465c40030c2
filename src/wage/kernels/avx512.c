/* The integer kernels of plain.c for processors with AVX-512 and VNNI. */
#include "wage/kernels/lanes_avx512.h"

#include "wage/kernels/fast_product.h"
#include "wage/kernels/fast_gradient.h"
#include "wage/kernels/fast_elementwise.h"
#include "wage/kernels/fast_table.h"

const wg_kernels wg_kernels_avx512 = FAST_TABLE("avx512");
