/* The stream and the lines by ARM semihosting: QEMU, or a debugger, answers BKPT 0xAB. The first
 * word of the command line names the file (or pipe) of the stream. */
#include "port.h"

enum {
    SYS_OPEN = 1,
    SYS_WRITE0 = 4,
    SYS_READ = 6,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20
};
enum { MODE_READ_BINARY = 1 };

static uint32_t stream;

static uint32_t call(uint32_t operation, const void *arguments)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void port_open(void)
{
    static char line[256];
    uint32_t command[2] = { (uint32_t)line, sizeof line }, length = 0;
    call(SYS_GET_CMDLINE, command);
    while (line[length] && line[length] != ' ')
        length++;
    uint32_t open[3] = { (uint32_t)line, MODE_READ_BINARY, length };
    line[length] = 0;
    stream = call(SYS_OPEN, open);
}

uint32_t port_receive(void *data, uint32_t size)
{
    uint32_t done = 0;
    while (done < size) {
        uint32_t read[3] = { stream, (uint32_t)data + done, size - done };
        uint32_t left = call(SYS_READ, read);
        if (left >= size - done)
            break;
        done = size - left;
    }
    return done;
}

void port_send(const char *line)
{
    call(SYS_WRITE0, line);
}

void port_exit(int status)
{
    uint32_t exit[2] = { 0x20026, (uint32_t)status }; /* the application ended */
    call(SYS_EXIT_EXTENDED, exit);
    for (;;)
        ;
}
