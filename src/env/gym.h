/* A batch of Gymnasium's environments in a Python process (gym_bridge.py). */
#ifndef ENV_GYM_H
#define ENV_GYM_H

#include <jansson.h>
#include <sys/types.h>

#include "env/driver.h"
#include "env/settings.h"

/* The text of gym_bridge.py, ending with a zero. */
extern const char gym_bridge_text[];

/* Commands, and the numbers (uint32) at the beginning of the shared memory. */
enum { GYM_RESET = 1, GYM_STEP, GYM_RENDER, GYM_QUIT };
enum {
    GYM_COMMAND,
    GYM_INDEX,
    GYM_STATUS,
    GYM_CURRENT,
    GYM_WIDTH,
    GYM_HEIGHT,
    GYM_ASKED,   /* counts commands, modulo 2^32 */
    GYM_ANSWERED /* the last one carried out */
};
enum { GYM_MESSAGE_BYTES = 1024 };

/* ---- gym_process.c ---- */

/* A process, and what both sides have; -1 where there is no descriptor. Nothing that the process
 * writes into the shared memory is believed, and its size is sealed. */
typedef struct {
    pid_t pid;           /* 0: none runs */
    pid_t owner;         /* the process that started it; a fork of that must leave it alone */
    int over;            /* pidfd, readable when it has ended; -1 on old kernels */
    int lifeline;        /* a pipe's end; when it closes, the kernel kills the bridge's group */
    int talk;            /* a socket: the specification comes, the layout goes */
    int memory, picture; /* memfds: what steps share; a picture for people */
    int go, done;        /* eventfds: a command is there; it is carried out */
    double patience;     /* seconds that an answer may take */
    double deadline;     /* of the present one, by ag_seconds */
    double spin_seconds; /* looked for before sleeping; 0: both sides sleep at once */
    bool brief;          /* the last answer came soon: the next is worth spinning for */
    uint32_t asked;      /* commands so far */
    uint8_t *shared;     /* [shared_bytes], NULL before gym_share */
    size_t shared_bytes;
} gym_process;

/* One that does not run, whose answers may take `seconds`. */
gym_process gym_process_none(double seconds);
/* Start python with the bridge's text. job: JSON object of what to serve, to which the numbers of
 * the descriptors are added. gym_end it also after a failure. */
int gym_spawn(gym_process *p, const char *python, json_t *job);
/* Read the line that tells the specification into *line (ag_free it). */
int gym_hear(gym_process *p, char **line);
/* Make the shared memory and tell its layout, then wait until the bridge is ready. */
int gym_share(gym_process *p, size_t bytes, json_t *layout);
/* Carry out the command in the shared memory. After a failure (AG_EIO: the bridge has died or does
 * not answer in time) no process runs any more. */
int gym_call(gym_process *p);
/* End the process, kindly if it answers, and close everything. In a fork of the owner: only close.
 */
void gym_end(gym_process *p);

/* ---- gym_spec.c ---- */

/* Fill a (zeroed) specification with what the bridge told; names go to arena. */
int gym_read_spec(const char *line, ag_arena *arena, ag_env_spec *spec);
/* AG_EFORMAT unless both describe the same observations and actions. */
int gym_same_spec(const ag_env_spec *a, const ag_env_spec *b);

#endif
