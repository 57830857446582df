"""Lets this process make no system call but those that parsing needs; for good (seccomp(2)).

What is refused fails with EPERM. So a library that was taken over by a file cannot reach the network, start a program,
write a file or look into another process. Numbers are those of the kernel's own tables; on another kind of machine than
these two nothing is filtered.
"""

import ctypes
import errno
import platform
import struct

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
# linux/bpf_common.h and linux/seccomp.h
_LOAD, _AND, _EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _FLAGS_OF_OPENAT = 0, 4, 32
# O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
_WRITING = 0o1 | 0o2 | 0o100 | 0o1000

# linux/audit.h; then openat, and what is allowed whatever its arguments.
_X86_64 = (0xC000003E, 257)
_AARCH64 = (0xC00000B7, 56)
# Each with its numbers on x86-64 and on arm64; None where it does not exist.
_ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "access": (21, None),
    "brk": (12, 214),
    "clock_getres": (229, 114),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "close": (3, 57),
    "dup": (32, 23),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "fcntl": (72, 25),
    "fstat": (5, 80),
    "futex": (202, 98),
    "getcwd": (79, 17),
    "getdents64": (217, 61),
    "getegid": (108, 177),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getpid": (39, 172),
    "getrandom": (318, 278),
    "getrlimit": (97, 163),
    "getrusage": (98, 165),
    "getsockname": (51, 204),
    "getsockopt": (55, 209),
    "gettid": (186, 178),
    "gettimeofday": (96, 169),
    "getuid": (102, 174),
    "ioctl": (16, 29),
    "lseek": (8, 62),
    "lstat": (6, None),
    "madvise": (28, 233),
    "membarrier": (324, 283),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "munmap": (11, 215),
    "newfstatat": (262, 79),
    "poll": (7, None),
    "ppoll": (271, 73),
    "pread64": (17, 67),
    "prlimit64": (302, 261),
    "pselect6": (270, 72),
    "read": (0, 63),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "readv": (19, 65),
    "recvfrom": (45, 207),
    "recvmsg": (47, 212),
    "restart_syscall": (219, 128),
    "rseq": (334, 293),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_getaffinity": (204, 123),
    "sched_yield": (24, 124),
    "select": (23, None),
    "sendmsg": (46, 211),
    "sendto": (44, 206),
    "setrlimit": (160, 164),
    "shutdown": (48, 210),
    "sigaltstack": (131, 132),
    "stat": (4, None),
    "statx": (332, 291),
    "sysinfo": (99, 179),
    "tgkill": (234, 131),
    "time": (201, None),
    "uname": (63, 160),
    "write": (1, 64),
    "writev": (20, 66),
}


def allow_only_what_parsing_needs() -> bool:
    """Refuse every other system call from now on; return whether the kernel does.

    The process must have given up to gain privileges (PR_SET_NO_NEW_PRIVS).
    """
    program = filter_for(platform.machine())
    if program is None:
        return False
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    return bool(ctypes.CDLL(None).prctl(_PR_SET_SECCOMP, _MODE_FILTER, header, 0, 0) == 0)


def filter_for(machine: str) -> bytes | None:
    """Return the program of the filter (struct sock_filter) for a *machine* as uname(2) names it; None for others."""
    if machine not in {"x86_64", "aarch64"}:
        return None
    architecture, openat = _X86_64 if machine == "x86_64" else _AARCH64
    numbers = [each for each in (pair[machine != "x86_64"] for pair in _ALLOWED.values()) if each is not None]
    # The ends stand last, and a jump says how many instructions it passes over.
    instructions = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_LOAD, 0, 0, _NUMBER),
        (_EQUAL, len(numbers) + 1, 0, openat),
        *((_EQUAL, len(numbers) - position + 4, 0, number) for position, number in enumerate(numbers)),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_LOAD, 0, 0, _FLAGS_OF_OPENAT),
        (_AND, 0, 0, _WRITING),
        (_EQUAL, 1, 0, 0),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *each) for each in instructions)
