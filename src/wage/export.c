/* `agena wage export`: a network as C99 for small devices. The code is the text of device/; this
 * file writes the network's shape, its weights and the memory that they take. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agena/wage.h"
#include "wage/device/device_texts.h"
#include "wage/export.h"

static const int COLUMN_WIDTH = 96; /* where lines of numbers end */

/* The first line of the folder's README, by which an export is known. */
#define TITLE "# A network of integers in C99\n"

/* Its user's to change. */
static const char EXAMPLE[] = "main.c";

/* ---- text ---- */

typedef struct {
    ag_writer *writer;
    int column; /* of the line of numbers being written */
    int failed; /* the first error */
} text;

static void put(text *to, const char *line)
{
    if (!to->failed)
        to->failed = ag_writer_write(to->writer, line, strlen(line));
}

static void AG_PRINTF(2, 3) putf(text *to, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    put(to, line);
}

static void put_number(text *to, int number)
{
    char digits[16];
    int length = snprintf(digits, sizeof digits, "%d,", number);
    if (to->column + length > COLUMN_WIDTH) {
        put(to, "\n");
        to->column = 0;
    }
    put(to, digits);
    to->column += length;
}

static int open_text(const char *folder, const char *name, text *to)
{
    char *path = ag_format("%s/%s", folder, name);
    if (!path)
        return AG_ENOMEM;
    *to = (text){ 0 };
    int failed = ag_writer_open(path, &to->writer);
    ag_free(path);
    return failed;
}

static int close_text(text *to)
{
    if (!to->failed)
        return ag_writer_commit(to->writer);
    ag_writer_abandon(to->writer);
    return to->failed;
}

/* ---- model.h, model.c ---- */

static int write_header(const wg_export *export, const char *folder)
{
    text to;
    int failed = open_text(folder, "model.h", &to);
    if (failed)
        return failed;
    put(&to, "/* Sizes of the network in model.c; written by agena wage export. */\n"
             "#ifndef WAGE_MODEL_H\n#define WAGE_MODEL_H\n\n#include <stdint.h>\n\n");
    putf(&to, "#define WAGE_LAYERS  %d /* poolings belong to their convolutions */\n",
         export->layers);
    putf(&to, "#define WAGE_PICTURE %lld /* bytes: %d x %d x %d */\n",
         (long long)export->layer[0].height * export->layer[0].width * export->layer[0].channels,
         export->picture[0], export->picture[1], export->picture[2]);
    putf(&to, "#define WAGE_CLASSES %d\n", export->layer[export->layers - 1].outputs);
    putf(&to, "#define WAGE_BATCH   %d /* pictures of a step, at most; 0: no training */\n",
         export->batch);
    putf(&to, "#define WAGE_SEED    UINT64_C(%llu)\n", (unsigned long long)export->seed);
    putf(&to, "#define WAGE_PURPOSE %dU /* of the rounding's random numbers */\n",
         AG_PURPOSE_ROUNDING);
    putf(&to, "#define WAGE_NEAREST %d /* updates to the nearest instead of at random */\n\n",
         export->nearest);
    putf(&to, "#define WAGE_WEIGHTS %lld\ntypedef int%d_t wage_weight;\n\n",
         (long long)export->weights, export->wide_weights ? 16 : 8);
    put(&to, "/* Elements of arrays. */\n");
    putf(&to, "#define WAGE_PACKED        %lld\n", (long long)export->packed);
    putf(&to, "#define WAGE_COLUMN        %lld\n", (long long)export->column);
    putf(&to, "#define WAGE_VALUES        %lld\n", (long long)export->values);
    putf(&to, "#define WAGE_RUNNER_VALUES %lld\n", (long long)export->runner_values);
    putf(&to, "#define WAGE_WORK          %lld\n\n", (long long)export->work);
    put(&to, "/* sizeof (wage_runner), sizeof (wage_learner) */\n");
    putf(&to, "#define WAGE_RUNNER_BYTES  %lld\n", (long long)export->footprint.inference_bytes);
    putf(&to, "#define WAGE_LEARNER_BYTES %lld\n\n#endif\n",
         (long long)export->footprint.training_bytes);
    return close_text(&to);
}

/* Fields in the order of wage_layer. */
static void put_layer(text *to, const wg_export_layer *l)
{
    putf(to, "    { %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d,\n", l->height, l->width,
         l->channels, l->kernel, l->stride, l->top, l->left, l->outputs, l->rows, l->pool,
         l->pool_stride, l->out_height, l->out_width);
    putf(to, "      %d, %d, %d, %d, %d, %d, %d, %d, %lld, %lld, %lld, %lld },\n", l->shift,
         l->limit, l->weight_limit, l->weight_shift, l->stored_limit, l->error_bits, l->pack_bits,
         l->number, (long long)l->weights, (long long)l->packed, (long long)l->input,
         (long long)l->output);
}

/* Weights of a layer [row, output] as columns of whole bytes, pack_bits each. */
static void put_packed(text *to, const wg_export_layer *layer, const int8_t *weights)
{
    int each = 8 / layer->pack_bits, mask = (1 << layer->pack_bits) - 1;
    for (int n = 0; n < layer->outputs; n++) {
        for (int row = 0; row < layer->rows; row += each) {
            int byte = 0;
            for (int i = 0; i < each && row + i < layer->rows; i++)
                byte |= (weights[(int64_t)(row + i) * layer->outputs + n] & mask)
                        << i * layer->pack_bits;
            put_number(to, byte);
        }
    }
}

static void put_stored(text *to, const wg_export_layer *layer, const int16_t *weights)
{
    for (int n = 0; n < layer->outputs; n++) {
        for (int row = 0; row < layer->rows; row++)
            put_number(to, weights[(int64_t)row * layer->outputs + n]);
    }
}

static int put_weights(text *to, const wg_export *export, const ag_wage *net)
{
    int16_t *weights = ag_malloc((size_t) export->largest * sizeof *weights);
    if (!weights)
        return AG_ENOMEM;
    put(to, "const uint8_t wage_packed[WAGE_PACKED] = {\n");
    for (int i = 0; i < export->layers; i++) {
        ag_wage_get_quantised(net, export->layer[i].number, (int8_t *)weights);
        put_packed(to, &export->layer[i], (const int8_t *)weights);
    }
    put(to, "\n};\n");
    if (export->batch > 0) {
        put(to, "\nconst wage_weight wage_stored[WAGE_WEIGHTS] = {\n");
        to->column = 0;
        for (int i = 0; i < export->layers; i++) {
            ag_wage_get_weights(net, export->layer[i].number, weights);
            put_stored(to, &export->layer[i], weights);
        }
        put(to, "\n};\n");
    }
    ag_free(weights);
    return AG_OK;
}

static int write_model(const wg_export *export, const ag_wage *net, const char *folder)
{
    text to;
    int failed = open_text(folder, "model.c", &to);
    if (failed)
        return failed;
    put(&to, "/* A network: its layers and weights; written by agena wage export. */\n"
             "#include \"wage_layer.h\"\n\nconst wage_layer wage_layers[WAGE_LAYERS] = {\n");
    for (int i = 0; i < export->layers; i++)
        put_layer(&to, &export->layer[i]);
    put(&to, "};\n\n");
    failed = put_weights(&to, export, net);
    if (failed && !to.failed)
        to.failed = failed;
    return close_text(&to);
}

/* ---- README ---- */

static void put_memory(text *to, const wg_export *e)
{
    const ag_wage_footprint *f = &e->footprint;
    putf(to,
         "| part | bytes |\n| --- | ---: |\n"
         "| flash: weights to classify with (`wage_packed`) | %lld |\n",
         (long long)f->packed_bytes);
    if (e->batch > 0)
        putf(to, "| flash: weights to start learning from (`wage_stored`) | %lld |\n",
             (long long)f->stored_bytes);
    putf(to,
         "| flash: description of %d layers (`wage_layers`) | %d |\n"
         "| RAM to classify (`wage_runner`) | %lld |\n"
         "| - a layer's input and output | %lld |\n"
         "| - forward weights of one output | %lld |\n",
         e->layers, e->layers * WG_EXPORT_LAYER_BYTES, (long long)f->inference_bytes,
         (long long)e->runner_values, (long long)e->column);
    if (e->batch == 0)
        return;
    putf(to,
         "| RAM to learn (`wage_learner`) | %lld |\n"
         "| - weights | %lld |\n"
         "| - %d pictures with the values of every layer, then their errors | %lld |\n"
         "| - traces of clipping, rectifiers and pooling | %lld |\n",
         (long long)f->training_bytes, (long long)f->stored_bytes, e->batch,
         (long long)(e->batch * e->values), (long long)(e->batch * wg_export_traced(e)));
    putf(to,
         "| - gradient of the largest convolution, errors at its input (32 bits) | %lld |\n"
         "| - forward weights of one output | %lld |\n"
         "| - labels, seed, alignment | %lld |\n",
         (long long)(4 * e->work), (long long)e->column,
         (long long)(f->training_bytes - f->stored_bytes - e->batch * e->values -
                     e->batch * wg_export_traced(e) - 4 * e->work - e->column));
}

static int write_readme(const wg_export *export, const char *folder)
{
    text to;
    int failed = open_text(folder, "README.md", &to);
    if (failed)
        return failed;
    put(&to, TITLE
        "\n"
        "Written by `agena wage export`. No allocation, no floating point, no library: compile\n"
        "`model.c`, `wage_device.c` and `wage_train.c` into your program and read\n"
        "`wage_device.h`; `main.c` is an example, which a later export into this folder leaves\n"
        "as it is. A linker that drops unused sections\n"
        "(`-ffunction-sections -fdata-sections -Wl,--gc-sections`) leaves out what you do not\n"
        "call.\n\n");
    put_memory(&to, export);
    putf(&to,
         "\nBesides, with GCC 12 at -O2 for a Cortex-M4: at most %d bytes of code to classify, %d "
         "with "
         "learning, and\n%d bytes of stack below the call. GCC may put in calls of memset and "
         "memcpy;\n`-fno-tree-loop-distribute-patterns` keeps it from that.\n",
         WG_EXPORT_RUN_CODE, WG_EXPORT_LEARN_CODE, WG_EXPORT_STACK);
    return close_text(&to);
}

/* ---- the folder ---- */

/* Is there a file of this name? */
static int present(const char *folder, const char *name, bool *is)
{
    char *path = ag_format("%s/%s", folder, name);
    *is = path && access(path, F_OK) == 0;
    ag_free(path);
    return path ? AG_OK : AG_ENOMEM;
}

static int read_title(const char *folder, bool *ours)
{
    void *data = NULL;
    size_t size = 0;
    char *path = ag_format("%s/README.md", folder);
    int failed = path ? ag_file_read(path, 1 << 20, &data, &size) : AG_ENOMEM;
    *ours = !failed && size >= strlen(TITLE) && memcmp(data, TITLE, strlen(TITLE)) == 0;
    ag_free(data);
    ag_free(path);
    return failed == AG_ENOMEM ? failed : AG_OK;
}

/* Files of an earlier export are replaced, those of other people are not. */
static int check_folder(const char *folder)
{
    bool any = false, ours = false;
    int failed = present(folder, "README.md", &any);
    if (!failed && !any)
        failed = present(folder, "model.c", &any);
    if (!failed && !any)
        failed = present(folder, EXAMPLE, &any);
    if (!failed && any)
        failed = read_title(folder, &ours);
    return failed || !any || ours
               ? failed
               : ag_fail(AG_EINVAL,
                         "%s holds files that are not of an export: give a folder of its own",
                         folder);
}

static int write_texts(const char *folder)
{
    for (size_t i = 0; i < sizeof wg_device_texts / sizeof *wg_device_texts; i++) {
        text to;
        bool there = false;
        if (strcmp(wg_device_texts[i].name, EXAMPLE) == 0 && present(folder, EXAMPLE, &there))
            return AG_ENOMEM;
        if (there)
            continue;
        int failed = open_text(folder, wg_device_texts[i].name, &to);
        if (failed)
            return failed;
        put(&to, wg_device_texts[i].text);
        failed = close_text(&to);
        if (failed)
            return failed;
    }
    return AG_OK;
}

int ag_wage_export(const ag_wage *net, int batch, const char *folder, ag_wage_footprint *footprint)
{
    wg_export export;
    int failed = wg_export_plan(net, batch, &export);
    if (!failed)
        failed = check_folder(folder);
    if (!failed)
        failed = ag_make_folders(folder);
    if (!failed)
        failed = write_readme(&export, folder);
    if (!failed)
        failed = write_header(&export, folder);
    if (!failed)
        failed = write_model(&export, net, folder);
    if (!failed)
        failed = write_texts(folder);
    if (!failed && footprint)
        *footprint = export.footprint;
    return failed;
}
