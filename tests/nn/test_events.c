/* Training logs: checksums by published vectors, framing, and every number as it was given. */
#include "nn_test.h"
#include "nn/crc32c.h"
#include "nn/event.pb-c.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static void checksums(void **state)
{
    (void)state;
    uint8_t data[32];
    assert_int_equal(nn_crc32c("123456789", 9), 0xe3069283);
    memset(data, 0, sizeof(data)); /* RFC 3720, appendix B.4 */
    assert_int_equal(nn_crc32c(data, 32), 0x8a9136aa);
    memset(data, 0xff, sizeof(data));
    assert_int_equal(nn_crc32c(data, 32), 0x62a8ab43);
    for (int i = 0; i < 32; i++)
        data[i] = (uint8_t)i;
    assert_int_equal(nn_crc32c(data, 32), 0x46dd794e);
    for (int i = 0; i < 32; i++)
        data[i] = (uint8_t)(31 - i);
    assert_int_equal(nn_crc32c(data, 32), 0x113fdb5c);
    assert_int_equal(nn_crc32c(data, 0), 0);
    /* 0xe3069283 turned right by 15 bits, plus 0xa282ead8 */
    assert_int_equal(nn_crc32c_masked("123456789", 9), 0xc78ab0e5);
}

static uint64_t load_le(const uint8_t *from, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

/* The next record's event; checks the framing. NULL at the end of the file. */
static Nn__Event *next_event(const uint8_t *data, size_t size, size_t *at)
{
    if (*at == size)
        return NULL;
    const uint8_t *record = data + *at;
    assert_true(size - *at >= 16);
    size_t length = (size_t)load_le(record, 8);
    assert_true(length <= size - *at - 16);
    assert_int_equal(load_le(record + 8, 4), nn_crc32c_masked(record, 8));
    assert_int_equal(load_le(record + 12 + length, 4), nn_crc32c_masked(record + 12, length));
    Nn__Event *event = nn__event__unpack(NULL, length, record + 12);
    assert_non_null(event);
    *at += length + 16;
    return event;
}

/* The names of the event files of a folder, sorted; returns how many. */
static int event_files(const char *folder, char names[][256], int most)
{
    struct dirent **list;
    int count = scandir(folder, &list, NULL, alphasort), found = 0;
    for (int i = 0; i < count; i++) {
        if (strstr(list[i]->d_name, "events.out.tfevents.") && found < most)
            snprintf(names[found++], 256, "%s", list[i]->d_name);
        free(list[i]);
    }
    free(list);
    return found;
}

static void *read_log(const char *folder, const char *name, size_t *size)
{
    char path[600];
    void *data;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(ag_file_read(path, 1 << 20, &data, size), AG_OK);
    return data;
}

static void check_scalar(const uint8_t *data, size_t size, size_t *at, const char *tag,
                         int64_t step, float value)
{
    Nn__Event *event = next_event(data, size, at);
    assert_non_null(event);
    assert_int_equal(event->what_case, NN__EVENT__WHAT_SUMMARY);
    assert_int_equal(event->step, step);
    assert_near(event->wall_time, (double)time(NULL), 3600); /* the clock may be set meanwhile */
    assert_int_equal(event->summary->n_value, 1);
    const Nn__Summary__Value *scalar = event->summary->value[0];
    assert_string_equal(scalar->tag, tag);
    assert_int_equal(scalar->kind_case, NN__SUMMARY__VALUE__KIND_SIMPLE_VALUE);
    assert_memory_equal(&scalar->simple_value, &value, sizeof(value));
    nn__event__free_unpacked(event, NULL);
}

static void scalars(void **state)
{
    (void)state;
    const char *folder = temporary("log/of/run");
    ag_events *e;
    assert_int_equal(ag_events_open(folder, &e), AG_OK);
    assert_int_equal(ag_events_scalar(e, "train/loss", 0, 0.0f), AG_OK);
    assert_int_equal(ag_events_scalar(e, "train/loss", INT64_C(5000000000), -2.5f), AG_OK);
    char tag[400];
    memset(tag, 't', sizeof(tag));
    tag[399] = 0;
    assert_int_equal(ag_events_scalar(e, tag, 1, 1e-30f), AG_OK);
    assert_int_equal(ag_events_flush(e), AG_OK);

    /* Read while it is open: a killed run has lost nothing. */
    char names[2][256];
    size_t size, at = 0;
    assert_int_equal(event_files(folder, names, 2), 1);
    assert_non_null(strstr(names[0], ".agena"));
    uint8_t *data = read_log(folder, names[0], &size);
    Nn__Event *first = next_event(data, size, &at);
    assert_int_equal(first->what_case, NN__EVENT__WHAT_FILE_VERSION);
    assert_string_equal(first->file_version, "brain.Event:2");
    nn__event__free_unpacked(first, NULL);
    check_scalar(data, size, &at, "train/loss", 0, 0.0f);
    check_scalar(data, size, &at, "train/loss", INT64_C(5000000000), -2.5f);
    check_scalar(data, size, &at, tag, 1, 1e-30f);
    assert_null(next_event(data, size, &at));
    ag_free(data);
    ag_events_close(e);
}

static void a_file_a_run(void **state)
{
    (void)state;
    const char *folder = temporary("twice");
    ag_events *a, *b;
    char names[3][256];
    assert_int_equal(ag_events_open(folder, &a), AG_OK);
    assert_int_equal(ag_events_open(folder, &b), AG_OK);
    assert_int_equal(event_files(folder, names, 3), 2);
    ag_events_close(a);
    ag_events_close(b);
    ag_events_close(NULL);
}

static void full_disk(void **state)
{
    (void)state;
    const char *folder = temporary("full");
    ag_events *e;
    assert_int_equal(ag_events_open(folder, &e), AG_OK);
    assert_int_equal(ag_events_scalar(e, "loss", 1, 1.0f), AG_OK);
    signal(SIGXFSZ, SIG_IGN);
    limit_files(100); /* in the middle of the third record */
    int code = ag_events_scalar(e, "loss", 2, 2.0f);
    limit_files(RLIM_INFINITY);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(code, AG_EIO);
    assert_non_null(strstr(ag_error(), "events.out.tfevents."));
    assert_int_equal(ag_events_scalar(e, "loss", 3, 3.0f), AG_OK);
    ag_events_close(e);

    char names[1][256];
    size_t size, at = 0;
    assert_int_equal(event_files(folder, names, 1), 1);
    uint8_t *data = read_log(folder, names[0], &size);
    nn__event__free_unpacked(next_event(data, size, &at), NULL);
    check_scalar(data, size, &at, "loss", 1, 1.0f);
    check_scalar(data, size, &at, "loss", 3, 3.0f);
    assert_null(next_event(data, size, &at));
    ag_free(data);
}

static void no_folder(void **state)
{
    (void)state;
    ag_events *e;
    assert_int_equal(ag_events_open("/proc/self/log", &e), AG_EIO);
    assert_null(e);
}

static int open_and_log(void *user)
{
    ag_events *e;
    int code = ag_events_open(user, &e);
    if (code == AG_OK)
        code =
            ag_events_scalar(e, "a tag longer than the file version, for the buffer to grow", 1, 1);
    ag_events_close(e);
    return code;
}

static void failing_allocations(void **state)
{
    (void)state;
    char folder[256];
    snprintf(folder, sizeof(folder), "%s", temporary("memory"));
    assert_true(survive_failing_allocations(open_and_log, folder) >= 4);
}

void test_events(test_list *list)
{
    ADD_TEST(list, "events", checksums);
    ADD_TEST(list, "events", scalars);
    ADD_TEST(list, "events", a_file_a_run);
    ADD_TEST(list, "events", full_disk);
    ADD_TEST(list, "events", no_folder);
    ADD_TEST(list, "events", failing_allocations);
}
