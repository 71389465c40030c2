/* What the demonstration needs of its surroundings: a stream of bytes in, lines of text out. */
#ifndef PORT_H
#define PORT_H

#include <stdint.h>

void port_open(void);
/* Returns the bytes read, fewer than `size` at the end alone. */
uint32_t port_receive(void *data, uint32_t size);
void port_send(const char *line);
void port_exit(int status);
/* Deepest use of the stack so far, bytes; 0 where it is not measured. */
uint32_t port_stack(void);

#endif
