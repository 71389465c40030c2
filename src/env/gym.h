/* A batch of Gymnasium's environments in a Python process (gym_bridge.py). */
#ifndef ENV_GYM_H
#define ENV_GYM_H

#include <jansson.h>
#include <sys/types.h>

#include "env/driver.h"
#include "env/settings.h"

/* The text of gym_bridge.py, ending with a zero. */
extern const char gym_bridge_text[];

/* Commands, and the numbers at the beginning of the shared memory. */
enum { GYM_RESET = 1, GYM_STEP, GYM_RENDER, GYM_QUIT };
enum {
    GYM_COMMAND,
    GYM_INDEX,
    GYM_STATUS,
    GYM_CURRENT,
    GYM_WIDTH,
    GYM_HEIGHT,
    GYM_ASKED,   /* counts commands */
    GYM_ANSWERED /* the last one carried out */
};
enum { GYM_MESSAGE_BYTES = 1024 };

/* ---- gym_process.c ---- */

/* Sockets, pipes, eventfds and memory that both sides have; -1 where there is none. */
typedef struct {
    pid_t pid;           /* 0: none runs */
    int lifeline;        /* written to: the layout; the bridge ends when it closes */
    int report;          /* read from: the specification; ends when the bridge does */
    int memory, picture; /* memfds: what steps share; a picture for people */
    int go, done;        /* eventfds: a command is there; it is carried out */
    double spin_seconds;
    bool brief;      /* the last answer came soon: the next is worth spinning for */
    uint8_t *shared; /* [shared_bytes], NULL before gym_share */
    size_t shared_bytes;
} gym_process;

/* Start python with the bridge's text. job: JSON object of what to serve, to which the numbers of
 * the descriptors are added. gym_end it also after a failure. */
int gym_spawn(gym_process *p, const char *python, json_t *job);
/* Read one line of the report into *line (ag_free it). */
int gym_hear(gym_process *p, double seconds, char **line);
/* Make the shared memory and tell its layout, then wait until the bridge is ready. */
int gym_share(gym_process *p, size_t bytes, json_t *layout, double seconds);
/* Carry out the command in the shared memory. AG_EIO when the bridge has died or does not answer in
 * time; it is then ended. */
int gym_call(gym_process *p, double seconds);
/* End the process, kindly if it answers, and close everything. */
void gym_end(gym_process *p);

/* ---- gym_spec.c ---- */

/* Fill a (zeroed) specification with what the bridge told; names go to arena. */
int gym_read_spec(const char *line, ag_arena *arena, ag_env_spec *spec);

#endif
