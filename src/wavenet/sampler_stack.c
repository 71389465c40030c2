/* The cached state of a stack of dilated layers: one step costs one column through every layer. */
#include "wavenet/sampler_stack.h"

#include <string.h>

/* Rows that a read of weights should serve: more gain nothing. */
enum { ROWS_AT_ONCE = 8 };

/* Most memory of a state: a small file may describe a network with an enormous past. */
#define MAX_BYTES ((size_t)2 << 30)

static size_t element_size(const wn_stack *net)
{
    return net->kind == AG_WEIGHTS_INT8 ? sizeof(int8_t) : sizeof(float);
}

/* ---- memory ---- */

static void plan_layer(wn_stack_state *s, wn_layer_state *layer, int index, wn_block *block)
{
    const wn_stack *net = s->net;
    size_t rows = (size_t)s->rows;
    layer->z = wn_block_take(block, rows * (size_t)net->z, element_size(net));
    if (index == 0)
        return;
    int dilation = net->layer[index].dilation, ahead = 1;
    while (ahead < dilation && ahead * s->rows < ROWS_AT_ONCE)
        ahead *= 2;
    int reach = (net->kernel - 1) * dilation;
    layer->block = ahead;
    layer->slots = (reach + ahead - 1) / ahead * ahead;
    size_t cells = (size_t)layer->slots * rows;
    layer->ring = wn_block_take(block, cells * (size_t)net->residual, element_size(net));
    if (net->kind == AG_WEIGHTS_INT8)
        layer->scale = wn_block_take(block, cells, sizeof(float));
    layer->old = wn_block_take(block, (size_t)ahead * rows * 2 * (size_t)net->z, sizeof(float));
}

static void plan_room(const wn_stack_state *s, wn_stack_room *room, wn_block *block)
{
    size_t rows = (size_t)s->rows;
    for (int i = 0; i < 2; i++)
        room->x[i] = wn_block_take(block, rows * (size_t)s->net->residual, sizeof(float));
    room->pre = wn_block_take(block, rows * 2 * (size_t)s->net->z, sizeof(float));
    room->sum = wn_block_take(block, rows * (size_t)s->net->skip, sizeof(float));
}

static void plan(wn_stack_state *s, wn_block *block)
{
    const wn_stack *net = s->net;
    size_t rows = (size_t)s->rows;
    for (int l = 0; l < net->layers; l++)
        plan_layer(s, &s->layer[l], l, block);
    s->classes = wn_block_take(block, rows * (size_t)net->kernel, sizeof(int));
    s->samples = wn_block_take(block, rows * (size_t)net->kernel, sizeof(float));
    for (int i = 0; i < 2; i++)
        plan_room(s, &s->room[i], block);
    s->total = wn_block_take(block, rows * (size_t)net->skip, sizeof(float));
    float *unit = wn_block_take(block, rows, sizeof(float));
    for (size_t r = 0; unit && r < rows; r++)
        unit[r] = 1.0f / 127.0f;
    s->unit = unit;
    int zeros = 2 * net->z > net->skip ? 2 * net->z : net->skip;
    s->zero = wn_block_take(block, (size_t)zeros, sizeof(float));
}

int wn_stack_init(wn_stack_state *state, const wn_stack *net, const wn_kernels *kernels, int rows)
{
    memset(state, 0, sizeof(*state));
    state->net = net;
    state->kernels = kernels;
    state->rows = rows;
    wn_block block = { NULL, 0 };
    plan(state, &block);
    if (block.used > MAX_BYTES)
        return ag_fail(
            AG_EINVAL,
            "the past of %d streams through this network takes %zu MB, more than %zu; use "
            "fewer streams",
            rows, block.used >> 20, MAX_BYTES >> 20);
    state->memory = ag_malloc_aligned(block.used);
    if (!state->memory)
        return AG_ENOMEM;
    block = (wn_block){ state->memory, 0 };
    plan(state, &block);
    for (int l = 1; l < net->layers; l++) {
        /* Layers begin their blocks at different steps, so that steps cost about the same. */
        wn_layer_state *layer = &state->layer[l];
        layer->slot = l % layer->block;
        layer->next = (layer->slot + 1) % layer->slots;
    }
    for (int r = 0; r < rows; r++)
        wn_stack_reset(state, r);
    return AG_OK;
}

void wn_stack_clear(wn_stack_state *state)
{
    ag_free(state->memory);
    state->memory = NULL;
}

static void reset_layer(wn_stack_state *s, wn_layer_state *layer, int row)
{
    const wn_stack *net = s->net;
    size_t size = element_size(net) * (size_t)net->residual, gates = 2 * (size_t)net->z;
    for (int i = 0; i < layer->slots; i++) {
        size_t cell = (size_t)i * (size_t)s->rows + (size_t)row;
        memset((char *)layer->ring + cell * size, 0, size);
        if (layer->scale)
            layer->scale[cell] = 0;
    }
    for (int i = 0; i < layer->block; i++) {
        size_t cell = (size_t)i * (size_t)s->rows + (size_t)row;
        memset(layer->old + cell * gates, 0, gates * sizeof(float));
    }
}

void wn_stack_reset(wn_stack_state *state, int row)
{
    for (int l = 0; l < state->net->layers; l++)
        reset_layer(state, &state->layer[l], row);
    for (int k = 0; k < state->net->kernel; k++)
        state->classes[row * state->net->kernel + k] = WN_NO_INPUT;
}

static wn_stack_room *room_of(wn_stack_state *s, int layer)
{
    return &s->room[layer >= s->net->border];
}

/* ---- the first layer ---- */

void wn_stack_input(wn_stack_state *state, int row, int index, float sample)
{
    const wn_stack *net = state->net;
    int *classes = state->classes + row * net->kernel;
    float *samples = state->samples + row * net->kernel;
    memmove(classes + 1, classes, (size_t)(net->kernel - 1) * sizeof(int));
    memmove(samples + 1, samples, (size_t)(net->kernel - 1) * sizeof(float));
    classes[0] = index;
    samples[0] = sample;
    float *x = room_of(state, 0)->x[0] + (size_t)row * (size_t)net->residual;
    if (net->one_hot) {
        memcpy(x, net->input + (size_t)index * (size_t)net->residual,
               (size_t)net->residual * sizeof(float));
        return;
    }
    const float *weight = net->input, *bias = net->input + net->residual;
    for (int j = 0; j < net->residual; j++)
        x[j] = sample * weight[j] + bias[j];
}

/* Add what tap k of the first layer makes of one input. */
static void add_first(const wn_stack *net, int k, int index, float sample, float *pre)
{
    size_t width = 2 * (size_t)net->z, rows = (size_t)wn_first_rows(net);
    const float *table = net->first + (size_t)k * rows * width;
    if (net->one_hot) {
        const float *row = table + (size_t)index * width;
        for (size_t j = 0; j < width; j++)
            pre[j] += row[j];
    } else if (index != WN_NO_INPUT) {
        for (size_t j = 0; j < width; j++)
            pre[j] += sample * table[j] + table[width + j];
    }
}

static void first_layer(wn_stack_state *s, const float *condition, ptrdiff_t stride)
{
    int kernel = s->net->kernel;
    size_t width = 2 * (size_t)s->net->z;
    for (int r = 0; r < s->rows; r++) {
        float *pre = room_of(s, 0)->pre + (size_t)r * width;
        memcpy(pre, condition + r * stride, width * sizeof(float));
        for (int k = 0; k < kernel; k++) { /* tap k looks kernel - 1 - k steps back */
            int back = r * kernel + kernel - 1 - k;
            add_first(s->net, k, s->classes[back], s->samples[back], pre);
        }
    }
}

/* ---- the others ---- */

static wn_rows ring_rows(const wn_stack_state *s, int layer, int slot)
{
    const wn_layer_state *state = &s->layer[layer];
    size_t cell = (size_t)slot * (size_t)s->rows, stride = (size_t)s->net->residual;
    return (wn_rows){ (const char *)state->ring + cell * stride * element_size(s->net),
                      s->net->residual, state->scale ? state->scale + cell : NULL };
}

static wn_rows gated_rows(const wn_stack_state *s, int layer)
{
    return (wn_rows){ s->layer[layer].z, s->net->z, s->unit };
}

/* This step's input of a layer as floats: in the ring itself unless that holds integers. */
static float *floats_of(wn_stack_state *s, int layer)
{
    if (layer == 0 || s->net->kind == AG_WEIGHTS_INT8)
        return room_of(s, layer)->x[layer % 2];
    const wn_layer_state *state = &s->layer[layer];
    return (float *)state->ring + (size_t)state->slot * (size_t)s->rows * (size_t)s->net->residual;
}

static void pre_activations(wn_stack_state *s, int layer, const float *condition, ptrdiff_t stride)
{
    const wn_stack *net = s->net;
    const wn_layer_state *state = &s->layer[layer];
    ptrdiff_t width = 2 * net->z;
    wn_rows x = ring_rows(s, layer, state->slot);
    wn_addend to = { state->old + (state->slot % state->block) * s->rows * width, width,
                     condition + layer * width, stride };
    s->kernels->multiply[net->kind](&net->layer[layer].now, s->rows, &x, &to,
                                    room_of(s, layer)->pre, width);
}

static void gate(wn_stack_state *s, int layer)
{
    const wn_stack *net = s->net;
    const float *pre = room_of(s, layer)->pre;
    if (net->kind == AG_WEIGHTS_INT8)
        s->kernels->gate_int8(s->rows, net->z, pre, 2 * net->z, s->layer[layer].z, net->z);
    else
        s->kernels->gate(s->rows, net->z, pre, 2 * net->z, s->layer[layer].z, net->z);
}

/* x' = x + residual'z + residual.bias, the next layer's input. */
static void residual(wn_stack_state *s, int layer)
{
    const wn_stack *net = s->net;
    wn_rows z = gated_rows(s, layer);
    wn_addend to = { floats_of(s, layer), net->residual, net->layer[layer].residual_bias, 0 };
    float *x = floats_of(s, layer + 1);
    s->kernels->multiply[net->kind](&net->layer[layer].residual, s->rows, &z, &to, x,
                                    net->residual);
    if (net->kind != AG_WEIGHTS_INT8)
        return;
    wn_layer_state *next = &s->layer[layer + 1];
    size_t cell = (size_t)next->slot * (size_t)s->rows;
    s->kernels->quantise(s->rows, net->residual, x, net->residual,
                         (int8_t *)next->ring + cell * (size_t)net->residual, net->residual,
                         next->scale + cell);
}

static void advance(int *slot, int slots)
{
    *slot = *slot + 1 == slots ? 0 : *slot + 1;
}

void wn_stack_chain(wn_stack_state *state, int layer, const float *condition, ptrdiff_t stride)
{
    if (layer == 0)
        first_layer(state, condition, stride);
    else
        pre_activations(state, layer, condition, stride);
    gate(state, layer);
    if (layer + 1 < state->net->layers)
        residual(state, layer);
    if (layer > 0)
        advance(&state->layer[layer].slot, state->layer[layer].slots);
}

void wn_stack_skip(wn_stack_state *state, int layer)
{
    const wn_stack *net = state->net;
    bool apart = layer >= net->apart && layer < net->border;
    float *sum = state->room[apart ? 0 : 1].sum;
    wn_rows z = gated_rows(state, layer);
    wn_addend to = { sum, net->skip, NULL, 0 };
    if (layer == 0)
        to = (wn_addend){ net->skip_bias, 0, NULL, 0 };
    else if (apart && layer == net->apart)
        to = (wn_addend){ state->zero, 0, NULL, 0 };
    state->kernels->multiply[net->kind](&net->layer[layer].skip, state->rows, &z, &to, sum,
                                        net->skip);
}

void wn_stack_total(wn_stack_state *state)
{
    size_t count = (size_t)state->rows * (size_t)state->net->skip;
    const float *a = state->room[1].sum, *b = state->room[0].sum; /* zeros where none is apart */
    for (size_t i = 0; i < count; i++) {
        float x = a[i] + b[i];
        state->total[i] = x > 0 ? x : 0.0f;
    }
}

static void fetch(const void *data, size_t size)
{
    for (size_t i = 0; i < size; i += 64)
        __builtin_prefetch((const char *)data + i);
}

/* For writing: takes the lines from other cores' caches. */
static void claim(void *data, size_t size)
{
    for (size_t i = 0; i < size; i += 64) {
#if defined(__x86_64__)
        __asm__ volatile("prefetchw %0" : : "m"(((char *)data)[i]));
#else
        __builtin_prefetch((char *)data + i, 1);
#endif
    }
}

void wn_stack_claim_gated(const wn_stack_state *state)
{
    size_t size = (size_t)state->rows * (size_t)state->net->z * element_size(state->net);
    for (int l = 0; l < state->net->apart; l++)
        claim(state->layer[l].z, size);
    claim(state->room[0].sum, (size_t)state->rows * (size_t)state->net->skip * sizeof(float));
}

void wn_stack_claim_input(wn_stack_state *state, int layer)
{
    size_t width = (size_t)(state->rows * state->net->residual);
    claim(floats_of(state, layer), width * sizeof(float));
    if (state->net->kind == AG_WEIGHTS_INT8) {
        const wn_layer_state *own = &state->layer[layer];
        size_t cell = (size_t)own->slot * (size_t)state->rows;
        claim((char *)own->ring + cell * (size_t)state->net->residual, width);
        claim(own->scale + cell, (size_t)state->rows * sizeof(float));
    }
}

void wn_stack_fetch_gated(const wn_stack_state *state, int layer)
{
    size_t cells = (size_t)state->rows * (size_t)state->net->z;
    fetch(state->layer[layer].z, cells * element_size(state->net));
}

void wn_stack_fetch_sum(const wn_stack_state *state)
{
    fetch(state->room[0].sum, (size_t)state->rows * (size_t)state->net->skip * sizeof(float));
}

/* The inputs of tap k for the block of steps that begins at slot `begin`. */
static wn_rows past_rows(const wn_stack_state *s, int layer, int k, int begin)
{
    int back = (s->net->kernel - 1 - k) * s->net->layer[layer].dilation;
    return ring_rows(s, layer, begin >= back ? begin - back : begin - back + s->layer[layer].slots);
}

void wn_stack_ahead(wn_stack_state *state, int layer)
{
    const wn_stack *net = state->net;
    wn_layer_state *own = &state->layer[layer];
    if (layer == 0)
        return;
    int begin = own->next;
    advance(&own->next, own->slots);
    if (begin % own->block != 0)
        return;
    ptrdiff_t width = 2 * net->z;
    wn_addend to = { state->zero, 0, NULL, 0 };
    for (int k = 0; k + 1 < net->kernel; k++) {
        wn_rows x = past_rows(state, layer, k, begin);
        fetch(x.data, (size_t)(own->block * state->rows * net->residual) * element_size(net));
        state->kernels->multiply[net->kind](&net->layer[layer].old[k], own->block * state->rows, &x,
                                            &to, own->old, width);
        to = (wn_addend){ own->old, width, NULL, 0 };
    }
}
