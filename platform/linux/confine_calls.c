/* SPDX-License-Identifier: MIT */
/* seccomp: the system calls of an agent that runs, and no others.
 *
 * The list is what `strace` shows of full runs (tests/e2e/confined.py runs one under the filter), and what
 * the C library may use instead on other kernels and architectures. An unknown call answers EPERM, so that a
 * surprise is an error that is told and not an end; starting programs ends the agent at once, because only an
 * intruder asks for that. Memory is only given back: nothing is mapped and nothing made executable. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "platform/linux/confine.h"
#include "platform/linux/kernel_call.h"

/* linux/filter.h, linux/seccomp.h and linux/audit.h, of which the C library knows nothing. */
struct instruction {
    uint16_t code;
    uint8_t jump_true, jump_false;
    uint32_t value;
};
struct program {
    unsigned short length;
    const struct instruction *instructions;
};
struct call { /* struct seccomp_data */
    int32_t number;
    uint32_t architecture;
    uint64_t instruction_pointer;
    uint64_t arguments[6];
};
#define LOAD_WORD 0x20   /* BPF_LD | BPF_W | BPF_ABS */
#define JUMP_EQUAL 0x15  /* BPF_JMP | BPF_JEQ | BPF_K */
#define AND_VALUE 0x54   /* BPF_ALU | BPF_AND | BPF_K */
#define ANSWER 0x06      /* BPF_RET | BPF_K */
#define ANSWER_ALLOW UINT32_C(0x7fff0000)
#define ANSWER_ERROR UINT32_C(0x00050000)
#define ANSWER_KILL UINT32_C(0x80000000)
#define MODE_FILTER 2
#define SET_MODE_FILTER 1U
#define FLAG_SPECULATION_ALLOWED (1U << 2)

#if defined(__x86_64__)
#define ARCHITECTURE UINT32_C(0xc000003e)
#elif defined(__aarch64__)
#define ARCHITECTURE UINT32_C(0xc00000b7)
#elif defined(__arm__)
#define ARCHITECTURE UINT32_C(0x40000028)
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE UINT32_C(0xc00000f3)
#endif

/* The low word of an argument; every architecture above is little endian. */
#define ARGUMENT(n) (offsetof(struct call, arguments) + (n) * sizeof(uint64_t))
#define LOAD(offset) {LOAD_WORD, 0, 0, (uint32_t)(offset)}
#define RETURN(answer) {ANSWER, 0, 0, (answer)}
#define ALLOW(number) {JUMP_EQUAL, 0, 1, (number)}, RETURN(ANSWER_ALLOW)
#define KILL(number) {JUMP_EQUAL, 0, 1, (number)}, RETURN(ANSWER_KILL)
#define REFUSE RETURN(ANSWER_ERROR | EPERM)
/* Only with this value of an argument; five instructions. */
#define ALLOW_ONLY(number, argument, wanted)                                                          \
    {JUMP_EQUAL, 0, 4, (number)}, LOAD(ARGUMENT(argument)), {JUMP_EQUAL, 0, 1, (uint32_t)(wanted)},   \
        RETURN(ANSWER_ALLOW), REFUSE

#ifdef ARCHITECTURE
static const struct instruction filter[] = {
    LOAD(offsetof(struct call, architecture)),
    {JUMP_EQUAL, 1, 0, ARCHITECTURE},
    RETURN(ANSWER_KILL), /* another architecture's numbers mean other calls */
    LOAD(offsetof(struct call, number)),

    /* each second */
    ALLOW(SYS_pread64),
#ifdef SYS_epoll_wait
    ALLOW(SYS_epoll_wait),
#endif
    ALLOW(SYS_epoll_pwait),
#ifdef SYS_clock_gettime
    ALLOW(SYS_clock_gettime),
#endif
#ifdef SYS_clock_gettime64
    ALLOW(SYS_clock_gettime64),
#endif
#ifdef SYS_clock_gettime32
    ALLOW(SYS_clock_gettime32),
#endif
    ALLOW(SYS_read),
    ALLOW(SYS_write),
    ALLOW(SYS_sendto),
    ALLOW(SYS_recvfrom),

    /* texts, lists, filesystems; which of them is Landlock's to say */
#ifdef SYS_open
    ALLOW(SYS_open),
#endif
    ALLOW(SYS_openat),
    ALLOW(SYS_close),
    ALLOW(SYS_getdents64),
    ALLOW(SYS_fstat),
#ifdef SYS_fstat64
    ALLOW(SYS_fstat64),
#endif
#ifdef SYS_newfstatat
    ALLOW(SYS_newfstatat),
#endif
#ifdef SYS_statx
    ALLOW(SYS_statx),
#endif
    ALLOW(SYS_statfs),
#ifdef SYS_statfs64
    ALLOW(SYS_statfs64),
#endif
    ALLOW_ONLY(SYS_fcntl, 1, F_SETFD),
#ifdef SYS_fcntl64
    ALLOW_ONLY(SYS_fcntl64, 1, F_SETFD),
#endif

    /* the state directory */
    ALLOW(SYS_pwrite64),
    ALLOW(SYS_fsync),
    ALLOW(SYS_fdatasync),
    ALLOW(SYS_ftruncate),
#ifdef SYS_ftruncate64
    ALLOW(SYS_ftruncate64),
#endif
    ALLOW(SYS_fallocate),
#ifdef SYS_renameat
    ALLOW(SYS_renameat),
#endif
    ALLOW(SYS_renameat2),
    ALLOW(SYS_unlinkat),
    ALLOW(SYS_mkdirat),
    ALLOW(SYS_faccessat),
    ALLOW(SYS_geteuid),
#ifdef SYS_geteuid32
    ALLOW(SYS_geteuid32),
#endif
    ALLOW(SYS_fchown),
#ifdef SYS_fchown32
    ALLOW(SYS_fchown32),
#endif

    /* connections */
    ALLOW(SYS_connect),
    ALLOW(SYS_epoll_ctl),
    ALLOW(SYS_setsockopt),
    ALLOW(SYS_getsockopt),
    ALLOW(SYS_getsockname),
    ALLOW(SYS_shutdown),
    ALLOW(SYS_sendmsg),
    ALLOW(SYS_recvmsg),

    /* clocks, chance, facts */
    ALLOW(SYS_getrandom),
    ALLOW(SYS_getpid), /* the library looks whether it was forked before it draws */
#ifdef SYS_adjtimex
    ALLOW(SYS_adjtimex),
#endif
#ifdef SYS_clock_adjtime
    ALLOW(SYS_clock_adjtime),
#endif
#ifdef SYS_clock_adjtime64
    ALLOW(SYS_clock_adjtime64),
#endif
#ifdef SYS_gettimeofday
    ALLOW(SYS_gettimeofday),
#endif
    ALLOW(SYS_uname),
    ALLOW(SYS_sysinfo),
    ALLOW(SYS_sched_getaffinity),

    /* going on after a stop, and ending, by a false ASSERT too */
    ALLOW(SYS_restart_syscall),
    ALLOW(SYS_rt_sigreturn),
    ALLOW(SYS_rt_sigprocmask),
    ALLOW(SYS_rt_sigaction),
    ALLOW(SYS_exit_group),
    ALLOW(SYS_exit),
    ALLOW_ONLY(SYS_tkill, 1, SIGABRT),
    ALLOW_ONLY(SYS_madvise, 2, MADV_DONTNEED), /* memory given back */

    KILL(SYS_execve),
    KILL(SYS_execveat),
    KILL(SYS_clone),
#ifdef SYS_clone3
    KILL(SYS_clone3),
#endif
#ifdef SYS_fork
    KILL(SYS_fork),
    KILL(SYS_vfork),
#endif
    KILL(SYS_ptrace),

    /* sockets of the Internet and of this machine, streams and datagrams; last: it takes the number away */
    {JUMP_EQUAL, 1, 0, SYS_socket},
    REFUSE,
    LOAD(ARGUMENT(0)),
    {JUMP_EQUAL, 3, 0, AF_INET},
    {JUMP_EQUAL, 2, 0, AF_INET6},
    {JUMP_EQUAL, 1, 0, AF_UNIX},
    REFUSE,
    LOAD(ARGUMENT(1)),
    {AND_VALUE, 0, 0, 0xf},
    {JUMP_EQUAL, 1, 0, SOCK_STREAM},
    {JUMP_EQUAL, 0, 1, SOCK_DGRAM},
    RETURN(ANSWER_ALLOW),
    REFUSE,
};
static_assert(COUNT_OF(filter) <= 4096, "the kernel takes no longer programs");

int confine_calls(void)
{
    const struct program program = {.length = COUNT_OF(filter), .instructions = filter};
    /* The slow protection that older kernels put on filtered programs is for those that run others' code. */
    if (KERNEL_CALL(SYS_seccomp, SET_MODE_FILTER, FLAG_SPECULATION_ALLOWED, &program, 0) == 0 ||
        prctl(PR_SET_SECCOMP, MODE_FILTER, &program, 0, 0) == 0)
        return ERR_OK;
    return errno == EINVAL || errno == ENOSYS ? ERR_MISSING : ERR_SYSTEM;
}
#else
int confine_calls(void)
{
    return ERR_MISSING;
}
#endif
