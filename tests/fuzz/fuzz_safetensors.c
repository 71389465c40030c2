/* Fuzz target of the safetensors reader: whatever is believed must be consistent, and no failing
 * allocation on the way may do harm. */
#include "agena/nn.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static double use_integers(const ag_safetensors *f, int i, ag_shape shape, int64_t elements)
{
    uint8_t *values = calloc((size_t)elements + 1, 8);
    ag_stored type = ag_safetensors_type(f, i);
    if (!values || type == AG_STORED_F32 ||
        ag_safetensors_get_integers(f, ag_safetensors_name(f, i), type, shape, values) != AG_OK)
        abort();
    double sum = 0;
    for (int64_t j = 0; j < elements; j++)
        sum += values[j];
    free(values);
    return sum;
}

/* Read every element and text of a file that was accepted. */
static void use(const ag_safetensors *f)
{
    double sum = 0;
    for (int i = 0; i < ag_safetensors_count(f); i++) {
        ag_shape shape = ag_safetensors_shape(f, i);
        const float *values = ag_safetensors_data(f, i);
        int64_t elements = 1;
        for (int d = 0; d < shape.rank; d++)
            elements *= shape.dim[d];
        if (values)
            for (int64_t j = 0; j < elements; j++)
                sum += (double)values[j];
        else
            sum += use_integers(f, i, shape, elements);
        if (!*ag_safetensors_name(f, i))
            abort();
    }
    const char *recipe = ag_safetensors_meta(f, "recipe");
    volatile double kept = sum + (recipe ? (double)strlen(recipe) : 0);
    (void)kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ag_safetensors *f;
    int code = ag_safetensors_parse(data, size, "input", &f);
    if ((code == AG_OK) != (f != NULL) || (code != AG_OK && !*ag_error()))
        abort();
    if (f)
        use(f);
    ag_safetensors_free(f);

    ag_alloc_fail_at(1 + size % 23);
    int again = ag_safetensors_parse(data, size, "input", &f);
    ag_alloc_fail_at(0);
    if (again != code && again != AG_ENOMEM)
        abort();
    ag_safetensors_free(f);
    return 0;
}
