/* The HTTP server of the download tests: one thread, one connection at a time, HTTP/1.1 with close.
 */
#include "server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct server {
    serve_mode mode;
    const char *body;
    size_t size;
    int listener, port;
    atomic_int requests;
    atomic_llong sent;
    pthread_t thread;
};

/* Read a request up to its empty line; returns where its range begins, 0 without one. */
static long read_request(int client)
{
    char request[4096];
    size_t used = 0;
    ssize_t n;
    request[0] = '\0';
    while (!strstr(request, "\r\n\r\n") && used < sizeof request - 1 &&
           (n = read(client, request + used, sizeof request - 1 - used)) > 0) {
        used += (size_t)n;
        request[used] = '\0';
    }
    const char *range = strstr(request, "Range: bytes=");
    return range ? strtol(range + strlen("Range: bytes="), NULL, 10) : 0;
}

static void send_all(server *s, int client, const char *data, size_t size, long long counted)
{
    while (size > 0) {
        ssize_t n = send(client, data, size, MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        data += n;
        size -= (size_t)n;
        s->sent += counted ? n : 0;
    }
}

static void send_head(server *s, int client, const char *status, size_t length, const char *more)
{
    char head[512];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n", status,
                     length, more);
    send_all(s, client, head, (size_t)n, 0);
}

static void answer(server *s, int client)
{
    size_t from = (size_t)read_request(client);
    int number = s->requests++;
    if (s->mode == SERVE_MISSING) {
        send_head(s, client, "404 Not Found", 0, "");
        return;
    }
    if (s->mode == SERVE_WHOLE) {
        from = 0;
    }
    if (from > 0 && from >= s->size) {
        send_head(s, client, "416 Range Not Satisfiable", 0, "");
        return;
    }
    char more[128] = "Accept-Ranges: bytes\r\n";
    if (from > 0) {
        snprintf(more, sizeof more, "Content-Range: bytes %zu-%zu/%zu\r\n", from, s->size - 1,
                 s->size);
    }
    size_t length = s->size - from;
    send_head(s, client, from > 0 ? "206 Partial Content" : "200 OK", length, more);
    size_t given = s->mode == SERVE_CUT && number == 0 ? length / 2 : length;
    send_all(s, client, s->body + from, given, 1);
}

static void *serve(void *user)
{
    server *s = user;
    int client;
    while ((client = accept(s->listener, NULL, NULL)) >= 0) {
        answer(s, client);
        shutdown(client, SHUT_WR);
        char rest[256];
        while (read(client, rest, sizeof rest) > 0) {
        }
        close(client);
    }
    return NULL;
}

server *server_start(serve_mode mode, const void *body, size_t size)
{
    server *s = calloc(1, sizeof *s);
    struct sockaddr_in at = { .sin_family = AF_INET };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    s->mode = mode;
    s->body = body;
    s->size = size;
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(s->listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(s->listener, 4) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&at, &length) != 0 ||
        pthread_create(&s->thread, NULL, serve, s) != 0) {
        perror("the test's HTTP server");
        exit(1);
    }
    s->port = ntohs(at.sin_port);
    return s;
}

int server_port(const server *s)
{
    return s->port;
}

int server_requests(const server *s)
{
    return s->requests;
}

int64_t server_bytes_sent(const server *s)
{
    return s->sent;
}

void server_stop(server *s)
{
    shutdown(s->listener, SHUT_RDWR); /* wakes accept */
    pthread_join(s->thread, NULL);
    close(s->listener);
    free(s);
}
