/* One step of training, and inference. */
#include "wage/net.h"

#include <stdlib.h>
#include <string.h>

/* Learning rates beyond these round every step to nothing or to the weights' whole range. */
enum { LARGEST_RATE = 15 };

static int check_step(const ag_wage *net, const uint8_t *labels, int count, int rate)
{
    if (net->batch == 0)
        return ag_fail(AG_EINVAL, "this network was made for inference alone");
    if (count < 1 || count > net->batch)
        return ag_fail(AG_EINVAL, "a step of %d pictures: this network takes 1 to %d", count,
                       net->batch);
    if (rate < -LARGEST_RATE || rate > LARGEST_RATE)
        return ag_fail(AG_EINVAL, "a learning rate of 2^%d: the exponent is -%d to %d", rate,
                       LARGEST_RATE, LARGEST_RATE);
    int classes = net->plan.stage[net->plan.stages - 1].n;
    for (int i = 0; i < count; i++)
        if (labels[i] >= classes)
            return ag_fail(AG_EINVAL, "picture %d has label %d: this network has %d classes", i,
                           labels[i], classes);
    return AG_OK;
}

static int best_of(const int8_t *outputs, int classes)
{
    int best = 0;
    for (int c = 1; c < classes; c++)
        best = outputs[c] > outputs[best] ? c : best;
    return best;
}

/* The sum of squares of section 3.3.1 for one picture, and the errors that it sends back; returns
 * their largest. */
static uint32_t compare_one(const int8_t *outputs, const uint8_t *clipped, const wg_stage *s,
                            int label, int32_t *errors, int64_t *loss)
{
    int one = 1 << (s->bits.activations - 1);
    uint32_t largest = 0;
    for (int c = 0; c < s->n; c++) {
        int error = outputs[c] - (c == label ? one : 0);
        *loss += error * error;
        errors[c] = clipped[c] ? 0 : error;
        uint32_t size = (uint32_t)abs(errors[c]);
        largest = size > largest ? size : largest;
    }
    return largest;
}

static uint32_t compare(ag_wage *net, const uint8_t *labels, int count, ag_wage_result *result)
{
    int stage = net->plan.stages - 1;
    const wg_stage *s = &net->plan.stage[stage];
    uint32_t largest = 0;
    *result = (ag_wage_result){ 0 };
    for (int p = 0; p < count; p++) {
        const int8_t *outputs = net->activation[stage] + (int64_t)p * s->n;
        int32_t errors[UINT8_MAX + 1];
        result->correct += best_of(outputs, s->n) == labels[p];
        uint32_t most = compare_one(outputs, net->clipped + (int64_t)p * s->n, s, labels[p], errors,
                                    &result->loss);
        wg_store_errors(net, stage, p, 0, errors, s->n, most);
        largest = most > largest ? most : largest;
    }
    return largest;
}

int ag_wage_step(ag_wage *net, const uint8_t *pictures, const uint8_t *labels, int count, int rate,
                 uint64_t step, ag_wage_result *result)
{
    int code = check_step(net, labels, count, rate);
    if (code != AG_OK)
        return code;
    wg_forward(net, pictures, count, true);
    uint32_t largest = compare(net, labels, count, result);
    wg_backward(net, pictures, count, largest, rate, step);
    return AG_OK;
}

int ag_wage_predict(ag_wage *net, const uint8_t *pictures, int64_t count, int8_t *outputs)
{
    if (count < 0)
        return ag_fail(AG_EINVAL, "%lld pictures to predict", (long long)count);
    const wg_stage *first = &net->plan.stage[0], *last = &net->plan.stage[net->plan.stages - 1];
    while (count > 0) {
        int some = count < net->chunk ? (int)count : net->chunk;
        wg_forward(net, pictures, some, false);
        size_t size = (size_t)some * (size_t)last->n;
        memcpy(outputs, net->activation[net->plan.stages - 1], size);
        outputs += size;
        pictures += some * first->in_count;
        count -= some;
    }
    return AG_OK;
}
