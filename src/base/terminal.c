/* Standard error as a terminal: whole lines above, one progress line that is rewritten below. */
#include "base/terminal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_DEFAULT = 80, PROGRESS_SIZE = 512 };

static struct {
    pthread_mutex_t lock;
    char progress[PROGRESS_SIZE]; /* what the progress line shows, "" when there is none */
} terminal = { PTHREAD_MUTEX_INITIALIZER, "" };

int base_terminal_columns(void)
{
    if (!isatty(STDERR_FILENO))
        return 0;
    const char *term = getenv("TERM");
    if (term && strcmp(term, "dumb") == 0)
        return 0;
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
        return COLUMNS_DEFAULT;
    return size.ws_col;
}

/* Cursor to the first column, the old text erased, the new one written. */
static void rewrite(const char *text)
{
    int columns = base_terminal_columns();
    fprintf(stderr, "\r\033[K%.*s", columns > 1 ? columns - 1 : 0, text);
}

void base_terminal_line(const char *prefix, const char *text)
{
    pthread_mutex_lock(&terminal.lock);
    if (terminal.progress[0] != '\0')
        fputs("\r\033[K", stderr);
    fprintf(stderr, "%s%s\n", prefix, text);
    if (terminal.progress[0] != '\0')
        rewrite(terminal.progress);
    fflush(stderr);
    pthread_mutex_unlock(&terminal.lock);
}

void base_terminal_progress(const char *text)
{
    pthread_mutex_lock(&terminal.lock);
    snprintf(terminal.progress, sizeof terminal.progress, "%s", text);
    rewrite(terminal.progress);
    fflush(stderr);
    pthread_mutex_unlock(&terminal.lock);
}

void base_terminal_progress_end(void)
{
    pthread_mutex_lock(&terminal.lock);
    if (terminal.progress[0] != '\0')
        fputc('\n', stderr);
    terminal.progress[0] = '\0';
    fflush(stderr);
    pthread_mutex_unlock(&terminal.lock);
}
