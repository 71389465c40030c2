/* Log lines and where they go: standard error unless the program gives a sink. */
#include <pthread.h>
#include <stdio.h>

#include "agena/base.h"
#include "base/terminal.h"

enum { LINE_SIZE = 2048 };

static void print_line(void *user, ag_log_level level, const char *line)
{
    static const char *const prefix[] = { "error: ", "warning: ", "", "" };
    (void)user;
    base_terminal_line(prefix[level], line);
}

static struct {
    pthread_mutex_t lock;
    ag_log_fn fn;
    void *user;
    ag_log_level most_detailed;
} sink = { PTHREAD_MUTEX_INITIALIZER, print_line, NULL, AG_LOG_INFO };

void ag_log_sink(ag_log_fn fn, void *user, ag_log_level most_detailed)
{
    pthread_mutex_lock(&sink.lock);
    sink.fn = fn ? fn : print_line;
    sink.user = fn ? user : NULL;
    sink.most_detailed = most_detailed;
    pthread_mutex_unlock(&sink.lock);
}

void ag_logf(ag_log_level level, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    pthread_mutex_lock(&sink.lock);
    if (level <= sink.most_detailed)
        sink.fn(sink.user, level, line);
    pthread_mutex_unlock(&sink.lock);
}
