/* data/gunzip.h: the bytes of a file in memory, unpacked on the way if it is gzip. */
#ifndef DATA_GUNZIP_H
#define DATA_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <zlib.h>

typedef struct {
    z_stream z;
    const char *name; /* begins the sentences; not copied */
    bool packed, ended;
} data_gunzip;

/* Keeps pointers to data and name. */
int data_gunzip_open(data_gunzip *g, const void *data, size_t size, const char *name);
void data_gunzip_close(data_gunzip *g);
/* Exactly size bytes, else AG_EFORMAT: damaged, or at its end (what says of what). */
int data_gunzip_read(data_gunzip *g, void *to, size_t size, const char *what);
int data_gunzip_skip(data_gunzip *g, size_t size, const char *what);
/* AG_EFORMAT unless all has been read. */
int data_gunzip_finish(data_gunzip *g);
/* Read what is left, whatever it is, as far as gzip's checksum: AG_EFORMAT when that is wrong. */
int data_gunzip_drain(data_gunzip *g);
/* Can so many bytes more be in it? Asked before memory is taken for them. */
bool data_gunzip_may_hold(const data_gunzip *g, size_t size);

#endif
