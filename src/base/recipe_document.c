/* A recipe's tree: parsed by libyaml within bounds, written back to text. */
#include "base/recipe_document.h"

#include <stdio.h>
#include <string.h>

#include "base/recipe.h"

enum { EMIT_START = 4096, EMIT_LIMIT = 4 * AG_RECIPE_LIMIT };

int recipe_fail(const recipe_document *d, int node, const char *format, ...)
{
    char sentence[900];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    for (int i = 0; node > d->loaded && i < d->count; i++) {
        if (node <= d->last[i])
            return ag_fail(AG_EINVAL, "override %s: %s", d->overrides[i], sentence);
    }
    const yaml_node_t *n = yaml_document_get_node((yaml_document_t *)&d->yaml, node);
    return ag_fail(AG_EFORMAT, "%s:%zu: %s", d->name, n ? n->start_mark.line + 1 : 1, sentence);
}

const char *recipe_scalar(const recipe_document *d, int node)
{
    const yaml_node_t *n = yaml_document_get_node((yaml_document_t *)&d->yaml, node);
    return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

int recipe_find(const recipe_document *d, int mapping, const char *key)
{
    const yaml_node_t *n = yaml_document_get_node((yaml_document_t *)&d->yaml, mapping);
    if (!n || n->type != YAML_MAPPING_NODE)
        return 0;
    for (const yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top;
         p++) {
        const char *found = recipe_scalar(d, p->key);
        if (found && strcmp(found, key) == 0)
            return p->value;
    }
    return 0;
}

/* ---- parsing ---- */

static int parser_failed(const yaml_parser_t *parser, const char *name)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return ag_fail(AG_ENOMEM, "out of memory while reading %s", name);
    const char *problem = parser->problem ? parser->problem : "unreadable";
    if (parser->error == YAML_READER_ERROR)
        return ag_fail(AG_EFORMAT, "%s: byte %zu: %s", name, parser->problem_offset, problem);
    return ag_fail(AG_EFORMAT, "%s:%zu: %s", name, parser->problem_mark.line + 1, problem);
}

/* What the scan has seen so far. */
typedef struct {
    const char *name;
    int depth, nodes, documents;
} scan_state;

static int scan_node(scan_state *s, const yaml_event_t *event, const yaml_char_t *anchor,
                     const yaml_char_t *tag)
{
    size_t line = event->start_mark.line + 1;
    if (anchor)
        return ag_fail(AG_EFORMAT, "%s:%zu: anchors (&%.40s) are not allowed", s->name, line,
                       anchor);
    if (tag)
        return ag_fail(AG_EFORMAT, "%s:%zu: tags (%.40s) are not allowed", s->name, line, tag);
    if (++s->nodes > RECIPE_NODES)
        return ag_fail(AG_EFORMAT, "%s:%zu: more than %d values", s->name, line, RECIPE_NODES);
    if (s->depth > RECIPE_DEPTH)
        return ag_fail(AG_EFORMAT, "%s:%zu: nested more than %d levels deep", s->name, line,
                       RECIPE_DEPTH);
    return AG_OK;
}

static int scan_document(scan_state *s, const yaml_event_t *event)
{
    size_t line = event->start_mark.line + 1;
    if (++s->documents > 1)
        return ag_fail(AG_EFORMAT, "%s:%zu: a second document", s->name, line);
    if (event->data.document_start.version_directive ||
        event->data.document_start.tag_directives.start !=
            event->data.document_start.tag_directives.end)
        return ag_fail(AG_EFORMAT, "%s:%zu: directives (%%) are not allowed", s->name, line);
    return AG_OK;
}

static int scan_event(scan_state *s, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return scan_document(s, event);
    case YAML_ALIAS_EVENT:
        return ag_fail(AG_EFORMAT, "%s:%zu: aliases (*%.40s) are not allowed", s->name,
                       event->start_mark.line + 1, event->data.alias.anchor);
    case YAML_SCALAR_EVENT:
        return scan_node(s, event, event->data.scalar.anchor, event->data.scalar.tag);
    case YAML_SEQUENCE_START_EVENT:
        s->depth++;
        return scan_node(s, event, event->data.sequence_start.anchor,
                         event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        s->depth++;
        return scan_node(s, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        s->depth--;
        return AG_OK;
    default:
        return AG_OK;
    }
}

/* Go through the text once without keeping anything, so that only what is within bounds is built.
 */
static int scan(const void *text, size_t size, const char *name)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return ag_fail(AG_ENOMEM, "out of memory while reading %s", name);
    yaml_parser_set_input_string(&parser, text, size);
    scan_state state = { .name = name };
    int code = AG_OK;
    for (bool end = false; code == AG_OK && !end;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            code = parser_failed(&parser, name);
            break;
        }
        end = event.type == YAML_STREAM_END_EVENT;
        code = scan_event(&state, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (code == AG_OK && state.nodes == 0)
        code = ag_fail(AG_EFORMAT, "%s is empty", name);
    return code;
}

int recipe_document_parse(recipe_document *d, const void *text, size_t size, const char *name)
{
    *d = (recipe_document){ .name = name };
    if (size > AG_RECIPE_LIMIT)
        return ag_fail(AG_EFORMAT, "%s is larger than the %d bytes of a recipe", name,
                       AG_RECIPE_LIMIT);
    int code = scan(text, size, name);
    if (code != AG_OK)
        return code;
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return ag_fail(AG_ENOMEM, "out of memory while reading %s", name);
    yaml_parser_set_input_string(&parser, text, size);
    if (!yaml_parser_load(&parser, &d->yaml))
        code = parser_failed(&parser, name);
    yaml_parser_delete(&parser);
    d->loaded = code == AG_OK ? (int)(d->yaml.nodes.top - d->yaml.nodes.start) : 0;
    return code;
}

void recipe_document_free(recipe_document *d)
{
    yaml_document_delete(&d->yaml);
    ag_free(d->last);
    d->last = NULL;
}

/* ---- writing ---- */

typedef struct {
    char *text;
    size_t size, capacity;
    int code;
} emitted;

static int append(void *user, unsigned char *bytes, size_t size)
{
    emitted *e = user;
    if (size > EMIT_LIMIT - e->size) {
        e->code = ag_fail(AG_EFORMAT, "a recipe is longer than %d bytes", EMIT_LIMIT);
        return 0;
    }
    if (e->size + size >= e->capacity) {
        size_t capacity = 2 * (e->size + size) + EMIT_START;
        char *larger = ag_realloc(e->text, capacity);
        if (!larger) {
            e->code = AG_ENOMEM;
            return 0;
        }
        e->text = larger;
        e->capacity = capacity;
    }
    memcpy(e->text + e->size, bytes, size);
    e->size += size;
    e->text[e->size] = '\0';
    return 1;
}

int recipe_document_emit(recipe_document *d, char **text, size_t *size)
{
    emitted e = { 0 };
    yaml_emitter_t emitter;
    bool done = false;
    if (yaml_emitter_initialize(&emitter)) {
        yaml_emitter_set_output(&emitter, append, &e);
        yaml_emitter_set_encoding(&emitter, YAML_UTF8_ENCODING);
        yaml_emitter_set_unicode(&emitter, 1);
        yaml_emitter_set_width(&emitter, -1);
        d->yaml.start_implicit = d->yaml.end_implicit = 1;
        done = yaml_emitter_dump(&emitter, &d->yaml) && yaml_emitter_close(&emitter);
        memset(&d->yaml, 0, sizeof d->yaml); /* the emitter took it, even when it failed */
        yaml_emitter_delete(&emitter);
    }
    recipe_document_free(d);
    if (!done) {
        ag_free(e.text);
        return e.code != AG_OK ? e.code : ag_fail(AG_ENOMEM, "out of memory while writing YAML");
    }
    *text = e.text;
    *size = e.size;
    return AG_OK;
}
