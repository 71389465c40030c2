/* Progress of long work: share done, rate and time left. */
#include <stdio.h>
#include <string.h>

#include "agena/base.h"
#include "base/terminal.h"

enum { LABEL_SIZE = 64, UNIT_SIZE = 32, TEXT_SIZE = 512 };

static const double TERMINAL_INTERVAL = 0.1, PLAIN_INTERVAL = 10; /* seconds */

struct ag_progress {
    char label[LABEL_SIZE], unit[UNIT_SIZE], note[TEXT_SIZE / 2];
    uint64_t total, first, done; /* units; first were done before this run */
    double started, printed;     /* seconds */
    bool terminal;
};

/* 1234567 as "1.23 M": three digits and a prefix. */
static void put_number(char *out, size_t size, double value)
{
    static const char *const prefixes[] = { "", " k", " M", " G", " T" };
    int step = 0;
    while (value >= 999.5 && step < 4) {
        value /= 1000;
        step++;
    }
    int digits = step == 0 && value == (double)(long)value ? 0 : value < 9.995 ? 2 : value < 99.95;
    snprintf(out, size, "%.*f%s", digits, value, prefixes[step]);
}

/* Seconds as "2:05" or "1:02:05". */
static void put_time(char *out, size_t size, double seconds)
{
    long whole = (long)(seconds + 0.5);
    if (whole >= 3600)
        snprintf(out, size, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(out, size, "%ld:%02ld", whole / 60, whole % 60);
}

static void put_line(const ag_progress *p, double now, char *line, size_t size)
{
    char done[24], total[40] = "", rate[24] = "", left[40] = "";
    double seconds = now - p->started;
    double speed = seconds > 0 ? (double)(p->done - p->first) / seconds : 0;
    put_number(done, sizeof done, (double)p->done);
    if (p->total > 0) {
        char number[24];
        put_number(number, sizeof number, (double)p->total);
        double percent = 100 * (double)p->done / (double)p->total;
        snprintf(total, sizeof total, " of %s (%.0f %%)", number, percent);
    }
    if (p->total > p->done && speed > 0) {
        char time[24];
        put_time(time, sizeof time, (double)(p->total - p->done) / speed);
        snprintf(left, sizeof left, ", %s left", time);
    }
    put_number(rate, sizeof rate, speed);
    snprintf(line, size, "%s: %s%s %s, %s/s%s%s%s", p->label, done, total, p->unit, rate, left,
             p->note[0] ? ", " : "", p->note);
}

static void print(ag_progress *p, double now)
{
    char line[TEXT_SIZE];
    put_line(p, now, line, sizeof line);
    if (p->terminal)
        base_terminal_progress(line);
    else
        base_terminal_line("", line);
    p->printed = now;
}

int ag_progress_new(const char *label, const char *unit, uint64_t total, uint64_t done,
                    ag_progress **out)
{
    ag_progress *p = ag_calloc(1, sizeof *p);
    *out = p;
    if (!p)
        return AG_ENOMEM;
    snprintf(p->label, sizeof p->label, "%s", label);
    snprintf(p->unit, sizeof p->unit, "%s", unit);
    p->total = total;
    p->first = p->done = done;
    p->started = p->printed = ag_seconds();
    p->terminal = base_terminal_columns() > 0;
    return AG_OK;
}

void ag_progress_update(ag_progress *p, uint64_t done, const char *note)
{
    p->done = done;
    snprintf(p->note, sizeof p->note, "%s", note ? note : "");
    double now = ag_seconds();
    if (now - p->printed >= (p->terminal ? TERMINAL_INTERVAL : PLAIN_INTERVAL))
        print(p, now);
}

void ag_progress_end(ag_progress *p)
{
    if (!p)
        return;
    print(p, ag_seconds());
    if (p->terminal)
        base_terminal_progress_end();
    ag_free(p);
}
