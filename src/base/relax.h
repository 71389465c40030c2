/* base/relax.h: what a thread does between two looks at a word that another one will write. */
#ifndef BASE_RELAX_H
#define BASE_RELAX_H

/* Leave the core's units to whoever shares them, for some tens of cycles. */
static inline void base_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
