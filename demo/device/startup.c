/* Reset of a Cortex-M4 without any library: memory as C expects it, then main. */
#include <stdint.h>

#include "port.h"

extern uint32_t data_load[], data_start[], data_end[], bss_start[], bss_end[];
extern uint32_t stack_start[], stack_end[];

static const uint32_t UNUSED = 0x5AA5C33C; /* what no program leaves on a stack by chance */

int main(void);

void reset(void)
{
    uint32_t *to, *from = data_load;
    for (to = data_start; to < data_end; to++)
        *to = *from++;
    for (to = bss_start; to < bss_end; to++)
        *to = 0;
    for (to = stack_start; to < (uint32_t *)__builtin_frame_address(0) - 16; to++)
        *to = UNUSED;
    port_exit(main());
}

uint32_t port_stack(void)
{
    const uint32_t *lowest = stack_start;
    while (lowest < stack_end && *lowest == UNUSED)
        lowest++;
    return (uint32_t)(stack_end - lowest) * 4;
}

static void fault(void)
{
    port_exit(3);
}

/* The first word is the stack's top, then reset and the exceptions up to SysTick. */
__attribute__((section(".vectors"), used)) static void *const VECTORS[16] = {
    stack_end,     (void *)reset, (void *)fault, (void *)fault,
    (void *)fault, (void *)fault, (void *)fault,
};
