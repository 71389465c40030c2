/* SHA-256 of files. */
#ifndef DATA_SHA256_H
#define DATA_SHA256_H

#include "agena/base.h"

/* The checksum of a file as 64 lower-case hexadecimal digits. AG_ENOTFOUND, AG_EIO, AG_ENOMEM. */
int sha256_file(const char *path, char hex[65]);

#endif
