/* Observations in the forms that programs for DeepMind Lab ask for: a picture with or without
 * depth, red or blue first, interleaved or in planes. */
#include "env/export/export.h"

#include <string.h>

static export_observation *add(export_context *c, const char *name, export_way way, int source,
                               eca_observation_type type)
{
    export_observation *o = &c->observation[c->observations++];
    *o = (export_observation){ .name = name, .way = way, .source = source, .type = type };
    return o;
}

/* All forms of a picture with 3 channels, or with depth as the fourth. */
static void add_picture(export_context *c, int source)
{
    static const struct {
        const char *name;
        int channels;
        bool planes, reversed;
    } forms[] = {
        { "RGB_INTERLEAVED", 3, false, false },
        { "RGBD_INTERLEAVED", 4, false, false },
        { "RGB", 3, true, false },
        { "RGBD", 4, true, false },
        { "BGR_INTERLEAVED", 3, false, true },
        { "BGRD_INTERLEAVED", 4, false, true },
        { "BGR", 3, true, true },
        { "BGRD", 4, true, true },
    };
    const int *shape = c->spec.observation[source].shape;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        int channels = forms[i].channels;
        if (channels > shape[2])
            continue;
        export_observation *o = add(c, forms[i].name, EXPORT_PICTURE, source, ECA_BYTES);
        o->channels = channels;
        o->planes = forms[i].planes;
        o->reversed = forms[i].reversed;
        o->dims = 3;
        o->shape[0] = o->planes ? channels : shape[0];
        o->shape[1] = o->planes ? shape[0] : shape[1];
        o->shape[2] = o->planes ? shape[1] : channels;
    }
}

static void add_same(export_context *c, int source)
{
    const ag_observation_spec *ours = &c->spec.observation[source];
    eca_observation_type type = ours->type == AG_OBSERVE_FLOATS ? ECA_DOUBLES
                                : ours->type == AG_OBSERVE_TEXT ? ECA_STRING
                                                                : ECA_BYTES;
    export_observation *o = add(c, ours->name, EXPORT_SAME, source, type);
    o->dims = ours->rank;
    memcpy(o->shape, ours->shape, sizeof o->shape);
    if (type == ECA_STRING)
        o->shape[0] = 0; /* as long as each text is */
}

static bool is_picture(const ag_observation_spec *o)
{
    return (strcmp(o->name, "RGB_INTERLEAVED") == 0 && o->shape[2] == 3) ||
           (strcmp(o->name, "RGBD_INTERLEAVED") == 0 && o->shape[2] == 4);
}

int export_list(export_context *c)
{
    bool picture = false, instruction = false;
    size_t bytes = sizeof(double);
    for (int i = 0; i < c->spec.observations; i++) {
        const ag_observation_spec *o = &c->spec.observation[i];
        bytes = o->bytes > bytes ? o->bytes : bytes;
        instruction = instruction || strcmp(o->name, "INSTR") == 0;
        if (o->type == AG_OBSERVE_IMAGE && is_picture(o) && !picture) {
            picture = true;
            add_picture(c, i);
        } else {
            add_same(c, i);
        }
    }
    if (picture && !instruction)
        add(c, "INSTR", EXPORT_NOTHING, 0, ECA_STRING)->dims = 1;
    c->made_bytes = 2 * bytes; /* floats become doubles */
    c->raw = ag_malloc_aligned(bytes + 1);
    c->made = ag_malloc_aligned(c->made_bytes);
    return c->raw && c->made ? AG_OK : AG_ENOMEM;
}

static const export_observation nothing = { .way = EXPORT_NOTHING, .type = ECA_STRING, .dims = 1 };

static const export_observation *find(const export_context *c, int index)
{
    return index >= 0 && index < c->observations ? &c->observation[index] : &nothing;
}

void export_describe(export_context *c, int index, eca_observation_spec *out)
{
    const export_observation *o = find(c, index);
    *out = (eca_observation_spec){ .type = o->type, .dims = o->dims, .shape = o->shape };
}

/* One picture, however many of its forms are asked for between two moves. */
static void observe_raw(export_context *c, int source)
{
    if (c->held != source)
        c->class->observe(c->state, source, c->raw);
    c->held = source;
}

static void arrange_picture(const export_context *c, const export_observation *o)
{
    const ag_observation_spec *ours = &c->spec.observation[o->source];
    size_t pixels = (size_t)ours->shape[0] * (size_t)ours->shape[1];
    size_t have = (size_t)ours->shape[2], want = (size_t)o->channels;
    for (size_t k = 0; k < want; k++) {
        const uint8_t *from = c->raw + (o->reversed && k < 3 ? 2 - k : k);
        uint8_t *to = c->made + (o->planes ? k * pixels : k);
        size_t stride = o->planes ? 1 : want;
        for (size_t i = 0; i < pixels; i++)
            to[i * stride] = from[i * have];
    }
}

static void observe_same(export_context *c, const export_observation *o, eca_observation *out)
{
    const ag_observation_spec *ours = &c->spec.observation[o->source];
    out->payload.bytes = c->raw;
    if (ours->type == AG_OBSERVE_FLOATS) {
        double *to = (double *)c->made;
        const float *from = (const float *)c->raw;
        for (size_t i = 0; i < ours->bytes / sizeof(float); i++)
            to[i] = (double)from[i];
        out->payload.doubles = to;
    } else if (ours->type == AG_OBSERVE_TEXT) {
        c->raw[ours->bytes] = '\0';
        c->length = (int)strlen((const char *)c->raw);
        out->spec.shape = &c->length;
    }
}

void export_observe(export_context *c, int index, eca_observation *out)
{
    const export_observation *o = find(c, index);
    export_describe(c, index, &out->spec);
    out->payload.string = "";
    if (!c->running && o->way != EXPORT_NOTHING) {
        memset(c->made, 0, c->made_bytes);
        out->payload.bytes = c->made;
        return;
    }
    switch (o->way) {
    case EXPORT_SAME:
        observe_raw(c, o->source);
        observe_same(c, o, out);
        break;
    case EXPORT_PICTURE:
        observe_raw(c, o->source);
        arrange_picture(c, o);
        out->payload.bytes = c->made;
        break;
    case EXPORT_NOTHING:
        break;
    }
}
