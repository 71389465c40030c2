/* data/pictures.h: the parsers of picture files, apart from the files. */
#ifndef DATA_PICTURES_H
#define DATA_PICTURES_H

#include "agena/data.h"

enum {
    DATA_PICTURES_MOST = 1 << 26,
    DATA_CIFAR_SIDE = 32,
    DATA_CIFAR_CHANNELS = 3,
    DATA_CIFAR_CLASSES = 10,
    DATA_CIFAR_RECORD = 1 + DATA_CIFAR_CHANNELS * DATA_CIFAR_SIDE * DATA_CIFAR_SIDE
};

/* IDX files, plain or gzip: fills count, height, width, channels and pixels. */
int data_idx_pictures(const void *data, size_t size, const char *name, ag_pictures *p);
/* The labels of pictures that are there; sets classes to the largest plus one. */
int data_idx_labels(const void *data, size_t size, const char *name, ag_pictures *p);

/* Append the records of one of CIFAR-10's binary files. */
int data_cifar_append(const void *data, size_t size, const char *name, ag_pictures *p);
/* The same for the files of a split in cifar-10-binary.tar.gz, however they are ordered. */
int data_cifar_archive(const void *data, size_t size, const char *name, ag_split split,
                       ag_pictures *p);

#endif
