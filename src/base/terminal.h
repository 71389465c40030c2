/* base/terminal.h: standard error shared by log lines and one progress line kept below them. */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include <stdbool.h>

/* Columns of the terminal on standard error, 0 when it is none. */
int base_terminal_columns(void);
/* Print prefix and text as one whole line, above the progress line if there is one. */
void base_terminal_line(const char *prefix, const char *text);
/* Show text (cut to the terminal's width) in place of the progress line. */
void base_terminal_progress(const char *text);
/* Leave the progress line where it is and go on below it. */
void base_terminal_progress_end(void);

#endif
