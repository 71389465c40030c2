/* The same on a computer: standard input and output. */
#include <stdio.h>
#include <stdlib.h>

#include "port.h"

void port_open(void)
{
}

uint32_t port_receive(void *data, uint32_t size)
{
    return (uint32_t)fread(data, 1, size, stdin);
}

void port_send(const char *line)
{
    fputs(line, stdout);
    fflush(stdout);
}

void port_exit(int status)
{
    exit(status);
}

uint32_t port_stack(void)
{
    return 0;
}
