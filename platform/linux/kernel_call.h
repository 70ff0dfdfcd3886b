/* SPDX-License-Identifier: MIT */
/* System calls that the C library has no function for: seccomp and Landlock. Its syscall() would make any
 * call whose number somebody hands to it, and tools/check_binary sees to it that the agent does not hold such
 * a door; here the number is part of the text of the program. A result, or a negative errno. */
#ifndef NEPHOS_LINUX_KERNEL_CALL_H
#define NEPHOS_LINUX_KERNEL_CALL_H

#include <stddef.h>
#include <stdint.h>

#define INLINE __attribute__((always_inline)) static inline

/* For pointers and numbers alike. */
#define KERNEL_CALL(number, a, b, c, d)                                                               \
    kernel_call((number), (long)(a), (long)(b), (long)(c), (long)(d))

#if defined(__x86_64__)
INLINE long kernel_call(long number, long a, long b, long c, long d)
{
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
INLINE long kernel_call(long number, long a, long b, long c, long d)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}
#elif defined(__arm__)
/* r7 may be the frame pointer: it is put back. */
INLINE long kernel_call(long number, long a, long b, long c, long d)
{
    register long r0 __asm__("r0") = a;
    register long r1 __asm__("r1") = b;
    register long r2 __asm__("r2") = c;
    register long r3 __asm__("r3") = d;
    register long r12 __asm__("r12");
    __asm__ volatile("mov %[saved], r7\n\tmov r7, %[number]\n\tsvc 0\n\tmov r7, %[saved]"
                     : "+r"(r0), [saved] "=&r"(r12)
                     : [number] "r"(number), "r"(r1), "r"(r2), "r"(r3)
                     : "memory");
    return r0;
}
#elif defined(__riscv)
INLINE long kernel_call(long number, long a, long b, long c, long d)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3) : "memory");
    return a0;
}
#else
INLINE long kernel_call(long number, long a, long b, long c, long d)
{
    (void)number, (void)a, (void)b, (void)c, (void)d;
    return -38; /* ENOSYS */
}
#endif

#endif
