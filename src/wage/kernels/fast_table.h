/* wage/kernels/fast_table.h: the table of the kernels in fast_*.h. */
#ifndef WAGE_FAST_TABLE_H
#define WAGE_FAST_TABLE_H

#define FAST_TABLE(version)                                                                        \
    {                                                                                              \
        .name = version, .pack_bytes = right_bytes, .pack = pack, .product = product,              \
        .errors_bytes = errors_bytes, .pack_errors = pack_errors,                                  \
        .gradient_bytes = gradient_bytes, .gradient = gradient, .largest = largest,                \
        .rectify = rectify, .pool_rectify = pool_rectify, .quantise = quantise,                    \
        .keep_inside = keep_inside, .cut = cut, .quantise_cut = quantise_cut, .unpool = unpool,    \
        .narrow = narrow, .transpose = transpose, .random = random_bits, .update = update          \
    }

#endif
