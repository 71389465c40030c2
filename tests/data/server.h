/* A small HTTP server on 127.0.0.1 for the tests of downloads. */
#ifndef DATA_SERVER_H
#define DATA_SERVER_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    SERVE_RANGES,  /* honest: answers ranges */
    SERVE_WHOLE,   /* always the whole file, 200 */
    SERVE_CUT,     /* closes in the middle of the first answer, then honest */
    SERVE_MISSING, /* 404 */
} serve_mode;

typedef struct server server;
/* Serve body [size] at every path until server_stop. */
server *server_start(serve_mode mode, const void *body, size_t size);
int server_port(const server *s);
int server_requests(const server *s);       /* answered so far */
int64_t server_bytes_sent(const server *s); /* of bodies */
void server_stop(server *s);

#endif
