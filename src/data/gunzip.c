/* Reading bytes from memory, through zlib when they are gzip. */
#include "data/gunzip.h"

#include "agena/base.h"

#include <limits.h>
#include <string.h>

enum {
    GZIP_WINDOW = 16 + MAX_WBITS, /* gzip's framing and its checksum */
    MOST_TIMES = 1032,            /* deflate makes no byte into more than so many */
};

static void *take(void *unused, unsigned count, unsigned size)
{
    (void)unused;
    return ag_calloc(count, size);
}

static void give(void *unused, void *memory)
{
    (void)unused;
    ag_free(memory);
}

int data_gunzip_open(data_gunzip *g, const void *data, size_t size, const char *name)
{
    const uint8_t *bytes = data;
    memset(g, 0, sizeof *g);
    if (size > UINT_MAX) {
        return ag_fail(AG_EFORMAT, "%s: larger than the 4 GiB allowed here", name);
    }
    g->name = name;
    g->packed = size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
    g->z = (z_stream){
        .next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)size, .zalloc = take, .zfree = give
    };
    if (g->packed && inflateInit2(&g->z, GZIP_WINDOW) != Z_OK) {
        g->packed = false;
        return AG_ENOMEM;
    }
    return AG_OK;
}

void data_gunzip_close(data_gunzip *g)
{
    if (g->packed) {
        inflateEnd(&g->z);
        g->packed = false;
    }
}

static int cut_short(const data_gunzip *g, const char *what)
{
    return ag_fail(AG_EFORMAT, "%s: it ends in the middle of %s", g->name, what);
}

/* Up to UINT_MAX bytes. */
static int inflate_some(data_gunzip *g, void *to, uInt size, const char *what)
{
    g->z.next_out = to;
    g->z.avail_out = size;
    while (g->z.avail_out > 0) {
        if (g->ended || g->z.avail_in == 0) {
            return cut_short(g, what);
        }
        int code = inflate(&g->z, Z_NO_FLUSH);
        if (code == Z_MEM_ERROR) {
            return AG_ENOMEM;
        }
        if (code == Z_BUF_ERROR) {
            return cut_short(g, what);
        }
        if (code != Z_OK && code != Z_STREAM_END) {
            return ag_fail(AG_EFORMAT, "%s: the gzip data is damaged", g->name);
        }
        g->ended = code == Z_STREAM_END;
    }
    return AG_OK;
}

int data_gunzip_read(data_gunzip *g, void *to, size_t size, const char *what)
{
    if (g->packed) {
        return size > UINT_MAX ? cut_short(g, what) : inflate_some(g, to, (uInt)size, what);
    }
    if (size > g->z.avail_in) {
        return cut_short(g, what);
    }
    memcpy(to, g->z.next_in, size);
    g->z.next_in += size;
    g->z.avail_in -= (uInt)size;
    return AG_OK;
}

int data_gunzip_skip(data_gunzip *g, size_t size, const char *what)
{
    uint8_t waste[4096];
    int code = AG_OK;
    while (code == AG_OK && size > 0) {
        size_t some = size < sizeof waste ? size : sizeof waste;
        code = data_gunzip_read(g, waste, some, what);
        size -= some;
    }
    return code;
}

int data_gunzip_drain(data_gunzip *g)
{
    uint8_t waste[4096];
    int code = g->packed && !g->ended ? Z_OK : Z_STREAM_END;
    while (code == Z_OK) {
        g->z.next_out = waste;
        g->z.avail_out = sizeof waste;
        code = inflate(&g->z, Z_NO_FLUSH);
    }
    g->ended = true;
    if (code == Z_MEM_ERROR) {
        return AG_ENOMEM;
    }
    return code == Z_STREAM_END
               ? AG_OK
               : ag_fail(AG_EFORMAT, "%s: the gzip data is cut short or damaged", g->name);
}

int data_gunzip_finish(data_gunzip *g)
{
    uint8_t one;
    if (g->packed && !g->ended) {
        /* Reads the checksum, unless there is more data. */
        g->z.next_out = &one;
        g->z.avail_out = 1;
        int code = inflate(&g->z, Z_FINISH);
        if (code == Z_MEM_ERROR) {
            return AG_ENOMEM;
        }
        if (g->z.avail_out == 1 && code != Z_STREAM_END) {
            return ag_fail(AG_EFORMAT, "%s: the gzip data is cut short or damaged", g->name);
        }
        if (g->z.avail_out == 0) {
            return ag_fail(AG_EFORMAT, "%s: it goes on after its last picture or label", g->name);
        }
    }
    return g->z.avail_in == 0
               ? AG_OK
               : ag_fail(AG_EFORMAT, "%s: it goes on after its last picture or label", g->name);
}

bool data_gunzip_may_hold(const data_gunzip *g, size_t size)
{
    return g->packed ? size / MOST_TIMES <= g->z.avail_in : size <= g->z.avail_in;
}
