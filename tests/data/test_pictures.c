/* Sets of pictures: sound files of both kinds, spoilt ones, shuffling and variation. */
#include "data_test.h"

#include "data/pictures.h"

#include <unistd.h>
#include <zlib.h>

static void put_word(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

enum { COUNT = 5, HEIGHT = 3, WIDTH = 4, IMAGES = 16 + COUNT * HEIGHT * WIDTH, LABELS = 8 + COUNT };

/* Five pictures of 3 x 4 whose bytes count up, labels 0 2 4 1 3. */
static void make_idx(uint8_t *images, uint8_t *labels)
{
    put_word(images, 0x803);
    put_word(images + 4, COUNT);
    put_word(images + 8, HEIGHT);
    put_word(images + 12, WIDTH);
    for (int i = 16; i < IMAGES; i++) {
        images[i] = (uint8_t)(i - 16);
    }
    put_word(labels, 0x801);
    put_word(labels + 4, COUNT);
    for (int i = 0; i < COUNT; i++) {
        labels[8 + i] = (uint8_t)(2 * i % COUNT);
    }
}

static size_t pack(const void *data, size_t size, uint8_t *to, size_t room)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)data,
                   .avail_in = (uInt)size,
                   .next_out = to,
                   .avail_out = (uInt)room };
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

static void assert_sound(const ag_pictures *p)
{
    assert_int_equal(p->count, COUNT);
    assert_int_equal(p->height, HEIGHT);
    assert_int_equal(p->width, WIDTH);
    assert_int_equal(p->channels, 1);
    assert_int_equal(p->classes, 5);
    for (int i = 0; i < COUNT * HEIGHT * WIDTH; i++) {
        assert_int_equal(p->pixels[i], i);
    }
    assert_memory_equal(p->labels, "\0\2\4\1\3", COUNT);
}

static void idx_plain_and_packed(void **state)
{
    (void)state;
    uint8_t images[IMAGES], labels[LABELS], packed[512];
    make_idx(images, labels);
    write_bytes("idx/train-images-idx3-ubyte", images, IMAGES);
    write_bytes("idx/train-labels-idx1-ubyte.gz", packed, pack(labels, LABELS, packed, 512));
    write_bytes("idx/t10k-images-idx3-ubyte.gz", packed, pack(images, IMAGES, packed, 512));
    write_bytes("idx/t10k-labels-idx1-ubyte", labels, LABELS);
    for (int split = 0; split < 2; split++) {
        ag_pictures *p;
        assert_int_equal(
            ag_pictures_open(temporary("idx"), split ? AG_SPLIT_TEST : AG_SPLIT_TRAIN, &p), AG_OK);
        assert_sound(p);
        ag_pictures_free(p);
    }
    ag_pictures *p;
    assert_int_equal(ag_pictures_open(temporary("idx"), AG_SPLIT_VALID, &p), AG_EINVAL);
    assert_null(p);
}

/* Parse both files from memory; the sentence must hold `part`. */
static void refuse_idx(const uint8_t *images, size_t images_size, const uint8_t *labels,
                       size_t labels_size, const char *part)
{
    ag_pictures p = { 0 };
    int code = data_idx_pictures(images, images_size, "pictures.idx", &p);
    if (code == AG_OK) {
        code = data_idx_labels(labels, labels_size, "labels.idx", &p);
    }
    ag_free(p.pixels);
    ag_free(p.labels);
    assert_int_equal(code, AG_EFORMAT);
    if (!strstr(ag_error(), part)) {
        fail_msg("\"%s\" lacks \"%s\"", ag_error(), part);
    }
}

static void spoilt_idx(void **state)
{
    (void)state;
    uint8_t images[IMAGES + 1] = { 0 }, labels[LABELS + 1] = { 0 }, packed[512];
    make_idx(images, labels);
    refuse_idx(labels, LABELS, labels, LABELS,
               "pictures.idx: not an IDX file of pictures: it begins with 0x00000801");
    refuse_idx(images, IMAGES, images, IMAGES,
               "labels.idx: not an IDX file of labels: it begins with 0x00000803");
    refuse_idx(images, IMAGES - 1, labels, LABELS, "more than it can hold");
    refuse_idx(images, 10, labels, LABELS, "ends in the middle of the header");
    refuse_idx(images, 0, labels, LABELS, "ends in the middle of the header");
    refuse_idx(images, IMAGES + 1, labels, LABELS, "pictures.idx: it goes on after its last");
    refuse_idx(images, IMAGES, labels, LABELS + 1, "labels.idx: it goes on after its last");
    put_word(labels + 4, COUNT - 1);
    refuse_idx(images, IMAGES, labels, LABELS - 1, "4 labels for 5 pictures");
    make_idx(images, labels);
    put_word(images + 8, 0);
    refuse_idx(images, IMAGES, labels, LABELS, "5 pictures of 0 x 4");
    put_word(images + 8, 5000);
    refuse_idx(images, IMAGES, labels, LABELS, "5 pictures of 5000 x 4");
    put_word(images + 8, 3);
    put_word(images + 4, UINT32_MAX);
    refuse_idx(images, IMAGES, labels, LABELS, "4294967295 pictures");
    /* A packed header that promises a gigabyte: refused before memory is taken. */
    put_word(images + 4, 1 << 26);
    put_word(images + 8, 1024);
    refuse_idx(packed, pack(images, IMAGES, packed, 512), labels, LABELS, "more than it can hold");
}

static void spoilt_gzip(void **state)
{
    (void)state;
    uint8_t images[IMAGES + 1] = { 0 }, labels[LABELS], packed[513] = { 0 };
    make_idx(images, labels);
    size_t size = pack(images, IMAGES, packed, 512);
    refuse_idx(packed, size - 1, labels, LABELS, "cut short or damaged");
    refuse_idx(packed, size / 2, labels, LABELS, "ends in the middle of pictures");
    refuse_idx(packed, size + 1, labels, LABELS, "goes on after");
    packed[size - 6] ^= 1; /* of the checksum */
    refuse_idx(packed, size, labels, LABELS, "damaged");
    memset(packed + 14, 0xff, 20);
    refuse_idx(packed, size, labels, LABELS, "pictures.idx: ");
    size = pack(images, IMAGES + 1, packed, 512);
    refuse_idx(packed, size, labels, LABELS, "goes on after");
}

enum { RECORD = DATA_CIFAR_RECORD, PLANE = 1024 };

/* A record whose channel c of place i is (i + 50 c + label) mod 251. */
static void make_record(uint8_t *record, int label)
{
    record[0] = (uint8_t)label;
    for (int i = 0; i < 3 * PLANE; i++) {
        record[1 + i] = (uint8_t)((i % PLANE + 50 * (i / PLANE) + label) % 251);
    }
}

static void assert_record(const ag_pictures *p, int64_t at, int label)
{
    assert_int_equal(p->labels[at], label);
    for (int i = 0; i < 3 * PLANE; i++) {
        assert_int_equal(p->pixels[at * 3 * PLANE + i], (i / 3 + 50 * (i % 3) + label) % 251);
    }
}

static void cifar_files(void **state)
{
    (void)state;
    uint8_t records[2 * RECORD];
    for (int i = 1; i <= 5; i++) {
        char name[64];
        make_record(records, i);
        make_record(records + RECORD, 9 - i);
        snprintf(name, sizeof name, "cifar/data_batch_%d.bin", i);
        write_bytes(name, records, sizeof records);
    }
    ag_pictures *p;
    assert_int_equal(ag_pictures_open(temporary("cifar"), AG_SPLIT_TEST, &p), AG_ENOTFOUND);
    assert_non_null(strstr(ag_error(), "test_batch.bin"));
    write_bytes("cifar/test_batch.bin", records, RECORD);
    assert_int_equal(ag_pictures_open(temporary("cifar"), AG_SPLIT_TEST, &p), AG_OK);
    assert_int_equal(p->count, 1);
    ag_pictures_free(p);
    assert_int_equal(ag_pictures_open(temporary("cifar"), AG_SPLIT_TRAIN, &p), AG_OK);
    assert_int_equal(p->count, 10);
    assert_int_equal(p->classes, 10);
    assert_int_equal(p->channels, 3);
    for (int i = 1; i <= 5; i++) {
        assert_record(p, 2 * (i - 1), i);
        assert_record(p, 2 * (i - 1) + 1, 9 - i);
    }
    ag_pictures_free(p);
    records[RECORD] = 10;
    write_bytes("cifar/data_batch_3.bin", records, sizeof records);
    assert_int_equal(ag_pictures_open(temporary("cifar"), AG_SPLIT_TRAIN, &p), AG_EFORMAT);
    assert_non_null(strstr(ag_error(), "data_batch_3.bin: record 1 has label 10, not 0 to 9"));
    write_bytes("cifar/data_batch_3.bin", records, RECORD + 7);
    assert_int_equal(ag_pictures_open(temporary("cifar"), AG_SPLIT_TRAIN, &p), AG_EFORMAT);
    assert_non_null(strstr(ag_error(), "3080 bytes are no whole number"));
}

/* Append a file to a tar archive. */
static size_t put_member(uint8_t *tar, const char *name, const void *data, size_t size)
{
    memset(tar, 0, 512);
    snprintf((char *)tar, 100, "cifar-10-batches-bin/%s", name);
    snprintf((char *)tar + 124, 12, "%011zo", size);
    memcpy(tar + 512, data, size);
    size_t padded = (size + 511) / 512 * 512;
    memset(tar + 512 + size, 0, padded - size);
    return 512 + padded;
}

/* All files in an odd order, with one that is no concern of ours. */
static size_t make_archive(uint8_t *tar)
{
    size_t at = put_member(tar, "readme.html", "hello", 5);
    uint8_t record[RECORD];
    for (int i = 5; i >= 0; i--) {
        char name[32];
        make_record(record, i);
        snprintf(name, sizeof name, i ? "data_batch_%d.bin" : "test_batch.bin", i);
        at += put_member(tar + at, name, record, RECORD);
    }
    memset(tar + at, 0, 1024);
    return at + 1024;
}

static void clear(ag_pictures *p)
{
    ag_free(p->pixels);
    ag_free(p->labels);
    *p = (ag_pictures){ 0 };
}

static void cifar_archive(void **state)
{
    (void)state;
    enum { ROOM = 64 << 10 };
    uint8_t *tar = malloc(ROOM), *packed = malloc(ROOM);
    assert_true(tar && packed);
    size_t size = make_archive(tar), packed_size = pack(tar, size, packed, ROOM);
    write_bytes("tar/cifar-10-binary.tar.gz", packed, packed_size);
    ag_pictures *p;
    assert_int_equal(ag_pictures_open(temporary("tar"), AG_SPLIT_TRAIN, &p), AG_OK);
    assert_int_equal(p->count, 5);
    for (int i = 0; i < 5; i++) {
        assert_record(p, i, i + 1);
    }
    ag_pictures_free(p);
    assert_int_equal(ag_pictures_open(temporary("tar"), AG_SPLIT_TEST, &p), AG_OK);
    assert_int_equal(p->count, 1);
    assert_record(p, 0, 0);
    ag_pictures_free(p);

    /* The checksum, the last 8 bytes but 4, and the archive's end are looked at. */
    ag_pictures none = { 0 };
    packed[packed_size - 6] ^= 1;
    for (size_t cut = 0; cut < 9; cut++) {
        assert_int_equal(
            data_cifar_archive(packed, packed_size - cut, "a.gz", AG_SPLIT_TEST, &none),
            AG_EFORMAT);
        assert_string_equal(ag_error(), "a.gz: the gzip data is cut short or damaged");
        clear(&none);
    }

    assert_int_equal(data_cifar_archive(tar, 3000, "a.tar", AG_SPLIT_TRAIN, &none), AG_EFORMAT);
    memset(tar + 1024, 0, 512); /* ends after the first file */
    assert_int_equal(data_cifar_archive(tar, size, "a.tar", AG_SPLIT_TRAIN, &none), AG_EFORMAT);
    assert_string_equal(ag_error(), "a.tar: it lacks files of CIFAR-10");
    memset(tar + 124, 'x', 8);
    assert_int_equal(data_cifar_archive(tar, size, "a.tar", AG_SPLIT_TRAIN, &none), AG_EFORMAT);
    assert_non_null(strstr(ag_error(), "not a tar archive"));
    assert_null(none.pixels);
    free(tar);
    free(packed);
}

static void empty_folders(void **state)
{
    (void)state;
    write_text("nothing/other", "");
    ag_pictures *p;
    assert_int_equal(ag_pictures_open(temporary("nothing"), AG_SPLIT_TRAIN, &p), AG_ENOTFOUND);
    assert_non_null(strstr(ag_error(), "neither MNIST's IDX files nor CIFAR-10's"));
}

static void order_is_a_permutation(void **state)
{
    (void)state;
    enum { N = 1000 };
    int32_t a[N], b[N], c[N], in_place = 0;
    bool seen[N] = { false };
    ag_pictures_order(7, 0, N, a);
    ag_pictures_order(7, 0, N, b);
    ag_pictures_order(7, 1, N, c);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
    for (int i = 0; i < N; i++) {
        assert_in_range(a[i], 0, N - 1);
        assert_false(seen[a[i]]);
        seen[a[i]] = true;
        in_place += a[i] == i;
    }
    assert_true(in_place < 10); /* 1 on average */
}

/* Every variation is the picture at an offset, mirrored or not; all of them occur equally often. */
static void variation(void **state)
{
    (void)state;
    uint8_t pixels[2 * 3 * 4 * 2], labels[2] = { 0 };
    for (int i = 0; i < 48; i++) {
        pixels[i] = (uint8_t)(i + 1);
    }
    ag_pictures p = { 2, 3, 4, 2, 1, pixels, labels };
    ag_variation v = { .pad = 1, .flip = true, .fill = 200 };
    int seen[3][3][2] = { 0 };
    for (int epoch = 0; epoch < 1800; epoch++) {
        uint8_t out[24], again[24];
        ag_pictures_vary(&p, 1, &v, 3, epoch, out);
        ag_pictures_vary(&p, 1, &v, 3, epoch, again);
        assert_memory_equal(out, again, 24);
        int matches = 0;
        for (int way = 0; way < 18; way++) {
            int down = way / 6 - 1, right = way / 2 % 3 - 1, mirror = way % 2;
            bool same = true;
            for (int i = 0; i < 24; i++) {
                int y = i / 8 + down, x = i / 2 % 4, c = i % 2;
                x = (mirror ? 3 - x : x) + right;
                bool inside = y >= 0 && y < 3 && x >= 0 && x < 4;
                same = same && out[i] == (inside ? pixels[24 + (y * 4 + x) * 2 + c] : 200);
            }
            matches += same;
            seen[down + 1][right + 1][mirror] += same;
        }
        assert_int_equal(matches, 1);
    }
    for (int way = 0; way < 18; way++) {
        assert_in_range(seen[way / 6][way / 2 % 3][way % 2], 60, 145); /* 100 on average */
    }
    uint8_t out[24];
    ag_pictures_vary(&p, 1, &(ag_variation){ 0 }, 3, 0, out);
    assert_memory_equal(out, pixels + 24, 24);
}

static int open_idx(void *unused)
{
    (void)unused;
    ag_pictures *p;
    int code = ag_pictures_open(temporary("idx"), AG_SPLIT_TRAIN, &p);
    ag_pictures_free(p);
    return code;
}

static int open_archive(void *unused)
{
    (void)unused;
    ag_pictures *p;
    int code = ag_pictures_open(temporary("tar"), AG_SPLIT_TRAIN, &p);
    ag_pictures_free(p);
    return code;
}

static void allocation_failures(void **state)
{
    (void)state;
    assert_true(survive_failing_allocations(open_idx, NULL) > 0);
    assert_true(survive_failing_allocations(open_archive, NULL) > 0);
}

void test_pictures(test_list *list)
{
    ADD_TEST(list, "pictures", idx_plain_and_packed);
    ADD_TEST(list, "pictures", spoilt_idx);
    ADD_TEST(list, "pictures", spoilt_gzip);
    ADD_TEST(list, "pictures", cifar_files);
    ADD_TEST(list, "pictures", cifar_archive);
    ADD_TEST(list, "pictures", empty_folders);
    ADD_TEST(list, "pictures", order_is_a_permutation);
    ADD_TEST(list, "pictures", variation);
    ADD_TEST(list, "pictures", allocation_failures);
}
