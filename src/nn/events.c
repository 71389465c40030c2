/* TensorBoard event files: records of TFRecord framing around protocol buffers, one a scalar. */
#include "agena/nn.h"
#include "nn/crc32c.h"
#include "nn/event.pb-c.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A record: length u64, masked checksum of the length u32, payload, masked checksum of the payload
 * u32. */
enum { LENGTH_BYTES = 8, CHECK_BYTES = 4, FRAME_BYTES = LENGTH_BYTES + 2 * CHECK_BYTES };

struct ag_events {
    int file;
    char *path;
    off_t end; /* of the last whole record */
    uint8_t *record;
    size_t room;
};

static double wall_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void store_le(uint8_t *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static int write_all(const ag_events *e, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t wrote = write(e->file, e->record + done, size - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return ag_fail(AG_EIO, "cannot write the training log %s: %s", e->path,
                           strerror(errno));
        done += (size_t)wrote;
    }
    return AG_OK;
}

/* Every record goes to the operating system at once: a killed run loses none, and a viewer sees
 * them. */
static int append(ag_events *e, const Nn__Event *event)
{
    size_t payload = nn__event__get_packed_size(event), size = payload + FRAME_BYTES;
    if (size > e->room) {
        uint8_t *grown = ag_realloc(e->record, 2 * size);
        if (!grown)
            return AG_ENOMEM;
        e->record = grown;
        e->room = 2 * size;
    }
    uint8_t *body = e->record + LENGTH_BYTES + CHECK_BYTES;
    store_le(e->record, payload, LENGTH_BYTES);
    store_le(e->record + LENGTH_BYTES, nn_crc32c_masked(e->record, LENGTH_BYTES), CHECK_BYTES);
    nn__event__pack(event, body);
    store_le(body + payload, nn_crc32c_masked(body, payload), CHECK_BYTES);

    int code = write_all(e, size);
    if (code == AG_OK)
        e->end += (off_t)size;
    else if (ftruncate(e->file, e->end) == 0) /* half a record would end the log for its readers */
        lseek(e->file, e->end, SEEK_SET);
    return code;
}

/* Create the file under the first name from now on that nobody has taken. */
static int create_file(ag_events *e, const char *folder)
{
    enum { TRIES = 1000 };
    int64_t now = (int64_t)wall_time();
    size_t size = strlen(folder) + sizeof("/events.out.tfevents..agena") + 20; /* 20 digits */
    e->path = ag_malloc(size);
    if (!e->path)
        return AG_ENOMEM;
    for (int i = 0; i < TRIES; i++) {
        snprintf(e->path, size, "%s/events.out.tfevents.%" PRId64 ".agena", folder, now + i);
        e->file = open(e->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (e->file >= 0)
            return AG_OK;
        if (errno != EEXIST)
            break;
    }
    return ag_fail(AG_EIO, "cannot create the training log %s: %s", e->path, strerror(errno));
}

int ag_events_open(const char *folder, ag_events **out)
{
    *out = NULL;
    int code = ag_make_folders(folder);
    if (code != AG_OK)
        return code;
    ag_events *e = ag_calloc(1, sizeof(*e));
    if (!e)
        return AG_ENOMEM;
    e->file = -1;
    code = create_file(e, folder);
    if (code == AG_OK) {
        Nn__Event event = NN__EVENT__INIT;
        event.wall_time = wall_time();
        event.what_case = NN__EVENT__WHAT_FILE_VERSION;
        event.file_version = (char[]){ "brain.Event:2" };
        code = append(e, &event);
    }
    if (code != AG_OK) {
        ag_events_close(e);
        return code;
    }
    *out = e;
    return AG_OK;
}

int ag_events_scalar(ag_events *e, const char *tag, int64_t step, float value)
{
    Nn__Summary__Value scalar = NN__SUMMARY__VALUE__INIT;
    scalar.tag = (char *)(uintptr_t)tag; /* packed only, never changed */
    scalar.kind_case = NN__SUMMARY__VALUE__KIND_SIMPLE_VALUE;
    scalar.simple_value = value;
    Nn__Summary__Value *list[] = { &scalar };
    Nn__Summary summary = NN__SUMMARY__INIT;
    summary.n_value = 1;
    summary.value = list;
    Nn__Event event = NN__EVENT__INIT;
    event.wall_time = wall_time();
    event.step = step;
    event.what_case = NN__EVENT__WHAT_SUMMARY;
    event.summary = &summary;
    return append(e, &event);
}

int ag_events_flush(ag_events *e)
{
    if (fdatasync(e->file) != 0)
        return ag_fail(AG_EIO, "cannot write the training log %s to its disk: %s", e->path,
                       strerror(errno));
    return AG_OK;
}

void ag_events_close(ag_events *e)
{
    if (!e)
        return;
    if (e->file >= 0)
        close(e->file);
    ag_free(e->path);
    ag_free(e->record);
    ag_free(e);
}
