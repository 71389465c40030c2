/* What demo/device/main.c does, by the library: reads the same stream, answers with the same lines.
 *   device-twin FOLDER DEVICE_BATCH BATCH SEED BITS PICTURE LAYER... <stream
 * BITS as 2-8-8-8, PICTURE as 28x28x1, a LAYER as 8C5 (convolution), 8C5v (without padding), 8C5/2
 * (stride), MP2, MP3/2, 64 (dense), `nearest` for that rounding and `he` for that bound. The record
 * X, which a device does not know, exports the network into FOLDER as it is then; A tries to while
 * memory runs out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "agena/wage.h"

static ag_wage_config config;
static ag_wage *net, *flash;
static const char *folder;
static int device_batch;
static int64_t loss;
static int correct;

static void fail(const char *what)
{
    fprintf(stderr, "device-twin: %s: %s\n", what, ag_error());
    exit(1);
}

/* ---- the network ---- */

static void add_layer(const char *word)
{
    ag_wage_layer *layer = &config.layer[config.layers++];
    char *end;
    layer->kind = AG_WAGE_DENSE;
    if (word[0] == 'M') {
        layer->kind = AG_WAGE_POOL;
        layer->kernel = (int)strtol(word + 2, &end, 10);
    } else {
        layer->channels = (int)strtol(word, &end, 10);
        if (*end == 'C') {
            layer->kind = AG_WAGE_CONV;
            layer->kernel = (int)strtol(end + 1, &end, 10);
        }
    }
    if (*end == '/')
        layer->stride = (int)strtol(end + 1, &end, 10);
    layer->valid = *end == 'v';
}

static void make_network(int batch, uint64_t seed, char **words)
{
    ag_wage_bits *bits = &config.bits;
    if (sscanf(words[0], "%d-%d-%d-%d", &bits->weights, &bits->activations, &bits->gradients,
               &bits->errors) != 4 ||
        sscanf(words[1], "%dx%dx%d", &config.height, &config.width, &config.channels) != 3)
        fail("BITS or PICTURE");
    for (words += 2; *words; words++) {
        if (strcmp(*words, "nearest") == 0)
            config.nearest = true;
        else if (strcmp(*words, "he") == 0)
            config.he = true;
        else if (config.layers < AG_WAGE_MAX_LAYERS)
            add_layer(*words);
    }
    if (ag_wage_new(&config, batch, seed, NULL, &net) || ag_wage_new(&config, 0, 0, NULL, &flash))
        fail("network");
}

/* ---- records ---- */

static void receive(void *data, size_t size)
{
    if (fread(data, 1, size, stdin) != size)
        fail("the stream ends within a record");
}

static size_t picture_bytes(void)
{
    return (size_t)config.height * (size_t)config.width * (size_t)config.channels;
}

static void receive_pictures(int count, uint8_t **pictures, uint8_t **labels)
{
    *pictures = ag_malloc((size_t)count * picture_bytes() + 1);
    *labels = ag_malloc((size_t)count + 1);
    if (!*pictures || !*labels)
        fail("pictures");
    for (int i = 0; i < count; i++) {
        receive(*labels + i, 1);
        receive(*pictures + (size_t)i * picture_bytes(), picture_bytes());
    }
}

static void learn(void)
{
    uint8_t head[6], *pictures, *labels;
    ag_wage_result result;
    uint32_t step;
    receive(head, sizeof head);
    memcpy(&step, head + 2, sizeof step);
    receive_pictures(head[0], &pictures, &labels);
    if (ag_wage_step(net, pictures, labels, head[0], (int8_t)head[1], step, &result))
        fail("step");
    loss += result.loss;
    correct += result.correct;
    ag_free(pictures);
    ag_free(labels);
}

static int largest(const int8_t *outputs, int classes)
{
    int best = 0;
    for (int i = 1; i < classes; i++)
        best = outputs[i] > outputs[best] ? i : best;
    return best;
}

static void classify(const char *name, ag_wage *with)
{
    uint8_t head[2], *pictures, *labels;
    int classes = config.layer[config.layers - 1].channels, right = 0;
    receive(head, sizeof head);
    int count = head[0] | head[1] << 8;
    receive_pictures(count, &pictures, &labels);
    int8_t *outputs = ag_malloc((size_t)count * (size_t)classes + 1);
    if (!outputs || ag_wage_predict(with, pictures, count, outputs))
        fail("predict");
    for (int i = 0; i < count; i++)
        right += largest(outputs + (size_t)i * (size_t)classes, classes) == labels[i];
    printf("%s: %d of %d right, outputs %08lx\n", name, right, count,
           crc32(0, (const Bytef *)outputs, (unsigned)(count * classes)));
    ag_free(outputs);
    ag_free(pictures);
    ag_free(labels);
}

/* ---- weights ---- */

static bool wide(void)
{
    bool found = false;
    for (int i = 0; i < config.layers; i++) {
        const ag_wage_layer *layer = &config.layer[i];
        if (layer->kind != AG_WAGE_POOL)
            found |= (layer->bits.weights ? layer->bits : config.bits).gradients > 8;
    }
    return found;
}

/* In the device's order, [output, row], and its width. */
static uint32_t sum_layer(uint32_t crc, int i)
{
    int64_t count = ag_wage_weight_count(net, i), outputs = config.layer[i].channels;
    int16_t *weights = ag_malloc((size_t)count * sizeof *weights);
    if (!weights)
        fail("weights");
    ag_wage_get_weights(net, i, weights);
    for (int64_t n = 0; n < outputs; n++) {
        for (int64_t row = 0; row < count / outputs; row++) {
            uint16_t w = (uint16_t)weights[row * outputs + n];
            uint8_t bytes[2] = { (uint8_t)w, (uint8_t)(w >> 8) };
            crc = (uint32_t)crc32(crc, bytes, wide() ? 2 : 1);
        }
    }
    ag_free(weights);
    return crc;
}

static void tell_weights(void)
{
    uint32_t crc = 0;
    for (int i = 0; i < config.layers; i++) {
        if (config.layer[i].kind != AG_WAGE_POOL)
            crc = sum_layer(crc, i);
    }
    printf("loss %016llx, %d right, weights %08x\n", (unsigned long long)loss, correct, crc);
    loss = correct = 0;
}

/* Let every allocation of an export fail in turn: each is an error, until none is left to fail. */
static void export_without_memory(void)
{
    int failed = AG_ENOMEM;
    for (uint64_t n = 1; failed == AG_ENOMEM; n++) {
        ag_alloc_fail_at(n);
        failed = ag_wage_export(net, device_batch, folder, NULL);
    }
    printf("%d, %d allocations\n", failed, (int)ag_alloc_fail_at(0));
    if (failed)
        fail("export");
}

/* From here on the device does the same. */
static void export(void)
{
    ag_wage_footprint footprint;
    loss = correct = 0;
    if (ag_wage_export(net, device_batch, folder, &footprint))
        fail("export");
    for (int i = 0; i < config.layers; i++) {
        if (config.layer[i].kind == AG_WAGE_POOL)
            continue;
        int16_t *weights = ag_malloc((size_t)ag_wage_weight_count(net, i) * sizeof *weights);
        if (!weights)
            fail("weights");
        ag_wage_get_weights(net, i, weights);
        if (ag_wage_set_weights(flash, i, weights))
            fail("weights");
        ag_free(weights);
    }
    fprintf(stderr, "weights %lld packed %lld stored %lld inference %lld training %lld\n",
            (long long)footprint.weights, (long long)footprint.packed_bytes,
            (long long)footprint.stored_bytes, (long long)footprint.inference_bytes,
            (long long)footprint.training_bytes);
}

int main(int count, char **words)
{
    if (count < 7) {
        fprintf(stderr,
                "usage: device-twin FOLDER DEVICE_BATCH BATCH SEED BITS PICTURE LAYER...\n");
        return 2;
    }
    folder = words[1];
    device_batch = atoi(words[2]);
    make_network(atoi(words[3]), strtoull(words[4], NULL, 10), words + 5);
    for (int letter = getchar(); letter != EOF; letter = getchar()) {
        if (letter == 'L')
            learn();
        else if (letter == 'P')
            classify("learner", net);
        else if (letter == 'F')
            classify("flash", flash);
        else if (letter == 'W')
            tell_weights();
        else if (letter == 'A')
            export_without_memory();
        else
            export();
    }
    ag_wage_free(net);
    ag_wage_free(flash);
    return 0;
}
