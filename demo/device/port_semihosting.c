/* The stream and the lines by ARM semihosting: QEMU, or a debugger, answers BKPT 0xAB. The first
 * word of the command line names the file (or pipe) of the stream; lines go to the console. */
#include "port.h"

enum {
    SYS_OPEN = 1,
    SYS_WRITE = 5,
    SYS_READ = 6,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20,
    READ_BINARY = 1, /* modes of SYS_OPEN */
    WRITE_TEXT = 4
};

static uint32_t stream, console;

static uint32_t call(uint32_t operation, const void *arguments)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static uint32_t length_of(const char *text)
{
    uint32_t length = 0;
    while (text[length])
        length++;
    return length;
}

static uint32_t open_file(const char *name, uint32_t mode)
{
    uint32_t open[3] = { (uint32_t)name, mode, length_of(name) };
    return call(SYS_OPEN, open);
}

void port_open(void)
{
    static char line[256];
    uint32_t command[2] = { (uint32_t)line, sizeof line };
    call(SYS_GET_CMDLINE, command);
    for (uint32_t i = 0; line[i]; i++) {
        if (line[i] == ' ')
            line[i] = 0;
    }
    stream = open_file(line, READ_BINARY);
    console = open_file(":tt", WRITE_TEXT);
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
    uint32_t write[3] = { console, (uint32_t)line, length_of(line) };
    call(SYS_WRITE, write);
}

void port_exit(int status)
{
    uint32_t exit[2] = { 0x20026, (uint32_t)status }; /* the application ended */
    call(SYS_EXIT_EXTENDED, exit);
    for (;;)
        ;
}
