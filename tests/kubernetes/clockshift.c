// clockshift CLOCK PROGRAM [ARGUMENT...]: runs a program, and what it starts, by another wall clock.
//
// CLOCK is a file of two signed 64-bit numbers in the machine's order: by how many nanoseconds the wall clock is ahead
// of the true one, and the kernel's own bound of its error in microseconds (16,000,000 and more is "not synchronized").
// The file is mapped, so that writing to it steps the clock while the program runs.
//
// It works for static programs too, Go's among them: the vDSO is taken out of the auxiliary vector at each exec, so that
// clocks are read by system calls, and a seccomp filter stops only those that read the wall clock. Monotonic time, timers
// and the times of files stay true. Nothing that runs below it can set the clock of the machine: EPERM.
// x86-64 Linux only. Sources: ptrace(2), seccomp(2), vdso(7), clock_adjtime(2).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef __x86_64__
#error "clockshift knows the registers of x86-64 only"
#endif

enum { WORD = sizeof(unsigned long) };
static const int64_t SECOND = 1000000000;
static const int64_t UNSYNCHRONIZED = 16000000;

struct shift {
    volatile int64_t ahead;
    volatile int64_t error;
};

static struct shift *shift;
static pid_t leader;

static void forward(int signal) { kill(leader, signal); }

static struct shift *opened(const char *path) {
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return NULL;
    void *mapped = mmap(NULL, sizeof(struct shift), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    return mapped == MAP_FAILED ? NULL : mapped;
}

static int filter_clocks(void) {
#define ON(call, verdict) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), BPF_STMT(BPF_RET | BPF_K, verdict)
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ON(SYS_gettimeofday, SECCOMP_RET_TRACE),
        ON(SYS_time, SECCOMP_RET_TRACE),
        ON(SYS_adjtimex, SECCOMP_RET_TRACE),
        ON(SYS_clock_adjtime, SECCOMP_RET_TRACE),
        ON(SYS_settimeofday, SECCOMP_RET_ERRNO | EPERM),
        ON(SYS_clock_settime, SECCOMP_RET_ERRNO | EPERM),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        ON(CLOCK_REALTIME, SECCOMP_RET_TRACE),
        ON(CLOCK_REALTIME_COARSE, SECCOMP_RET_TRACE),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

// Return 0, or the negative number of the error with which the system call ends.
static long put(pid_t thread, unsigned long address, const void *bytes, size_t size) {
    struct iovec own = {(void *)bytes, size}, other = {(void *)address, size};
    return process_vm_writev(thread, &own, 1, &other, 1, 0) == (ssize_t)size ? 0 : -EFAULT;
}

static long adjusted(pid_t thread, unsigned long address, int64_t now) {
    struct timex asked = {0}, answer = {0};
    struct iovec own = {&asked, sizeof asked}, other = {(void *)address, sizeof asked};
    if (process_vm_readv(thread, &own, 1, &other, 1, 0) != sizeof asked) return -EFAULT;
    if (asked.modes) return -EPERM;
    int unsynchronized = shift->error >= UNSYNCHRONIZED;
    answer.maxerror = answer.esterror = shift->error;
    answer.status = unsynchronized ? STA_UNSYNC : STA_PLL;
    answer.time.tv_sec = now / SECOND;
    answer.time.tv_usec = now % SECOND / 1000;
    answer.tick = 10000;
    long failed = put(thread, address, &answer, sizeof answer);
    return failed ? failed : unsynchronized ? TIME_ERROR : TIME_OK;
}

// Answer the system call in the kernel's place.
static void answer(pid_t thread) {
    struct user_regs_struct at;
    if (ptrace(PTRACE_GETREGS, thread, 0, &at)) return;
    struct timespec read;
    clock_gettime(CLOCK_REALTIME, &read);
    int64_t now = read.tv_sec * SECOND + read.tv_nsec + shift->ahead;
    struct timespec as_timespec = {now / SECOND, now % SECOND};
    struct timeval as_timeval = {now / SECOND, now % SECOND / 1000};
    time_t seconds = now / SECOND;
    long result = 0;
    switch (at.orig_rax) {
    case SYS_clock_gettime: result = put(thread, at.rsi, &as_timespec, sizeof as_timespec); break;
    case SYS_gettimeofday: result = at.rdi ? put(thread, at.rdi, &as_timeval, sizeof as_timeval) : 0; break;
    case SYS_adjtimex: result = adjusted(thread, at.rdi, now); break;
    case SYS_clock_adjtime: result = at.rdi == CLOCK_REALTIME ? adjusted(thread, at.rsi, now) : -EPERM; break;
    default:
        result = at.rdi ? put(thread, at.rdi, &seconds, sizeof seconds) : 0;
        if (!result) result = seconds;
    }
    at.rax = result;
    at.orig_rax = -1; // the kernel skips the call
    ptrace(PTRACE_SETREGS, thread, 0, &at);
}

static unsigned long word(pid_t thread, unsigned long address) {
    return ptrace(PTRACE_PEEKDATA, thread, address, 0);
}

// On the stack of a new program: argc, argv, NULL, environment, NULL, pairs of the auxiliary vector.
static void hide_vdso(pid_t thread) {
    struct user_regs_struct at;
    if (ptrace(PTRACE_GETREGS, thread, 0, &at)) return;
    unsigned long here = at.rsp + WORD * (word(thread, at.rsp) + 2);
    while (word(thread, here)) here += WORD;
    for (here += WORD; word(thread, here) != AT_NULL; here += 2 * WORD)
        if (word(thread, here) == AT_SYSINFO_EHDR) ptrace(PTRACE_POKEDATA, thread, here, (void *)AT_IGNORE);
}

static void begin(char **command) {
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) == 0 && raise(SIGSTOP) == 0 && filter_clocks() == 0) execvp(*command, command);
    perror(*command);
    _exit(127);
}

static int follow(void) {
    for (;;) {
        int status;
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0 && errno == EINTR) continue;
        if (thread < 0) return 0;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (thread != leader) continue;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        long delivered = 0;
        switch (status >> 16) {
        case PTRACE_EVENT_SECCOMP: answer(thread); break;
        case PTRACE_EVENT_EXEC: hide_vdso(thread); break;
        case 0:
            // SIGSTOP is how a new thread begins, SIGTRAP how ptrace itself speaks.
            delivered = WSTOPSIG(status);
            if (delivered == SIGSTOP || delivered == SIGTRAP) delivered = 0;
        }
        ptrace(PTRACE_CONT, thread, 0, (void *)delivered);
    }
}

int main(int count, char **words) {
    if (count < 3) {
        fprintf(stderr, "clockshift CLOCK PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    shift = opened(words[1]);
    if (!shift) {
        perror(words[1]);
        return 2;
    }
    leader = fork();
    if (leader == 0) begin(words + 2);
    waitpid(leader, NULL, 0);
    if (ptrace(PTRACE_SETOPTIONS, leader, 0,
               PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                   PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)) {
        perror("clockshift: ptrace");
        return 2;
    }
    signal(SIGTERM, forward);
    signal(SIGINT, forward);
    signal(SIGHUP, forward);
    ptrace(PTRACE_CONT, leader, 0, 0);
    return follow();
}
