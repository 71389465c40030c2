/* A window in which a person plays a level. */
#ifndef CLI_LAB_WINDOW_H
#define CLI_LAB_WINDOW_H

#include "lab/lab.h"

typedef struct cli_lab_window cli_lab_window;

typedef struct {
    int64_t episode; /* to play: in */
    double score, seconds;
    bool finished; /* played to its end */
    bool quit;     /* the player has left */
} cli_lab_result;

/* AG_EINVAL where the program was built without SDL2, AG_EIO without a screen. */
int cli_lab_open(const lab_level *level, int width, int height, cli_lab_window **out);
/* One episode, 60 ticks a second; `seconds` after the window's opening the player has left (0:
 * never). */
int cli_lab_play(cli_lab_window *window, uint64_t seed, double seconds, cli_lab_result *result);
/* The end of a finished episode stays in sight for some seconds, or until the player asks for the
 * next one; false: the player has left. */
bool cli_lab_linger(cli_lab_window *window, double seconds);
void cli_lab_close(cli_lab_window *window); /* NULL allowed */

#endif
