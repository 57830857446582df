"""The filter of system calls, by architecture: its numbers are the kernel's, and it lets through what it names."""

import errno
import os
import re
import struct
from pathlib import Path

import pytest

from kubepki.pki.seccomp import _ALLOWED, filter_for

HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    # arm64 takes the kernel's common table (Documentation/process/adding-syscalls.rst).
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
# linux/audit.h
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
OPENAT = {"x86_64": 257, "aarch64": 56}
# Some of what must never be possible: socket, connect, execve, ptrace, fork's kin, kill, unlinkat, renameat, bpf.
NEVER = {
    "x86_64": (41, 42, 59, 322, 101, 56, 57, 58, 435, 62, 263, 264, 321, 425, 2, 85, 437),
    "aarch64": (198, 203, 221, 281, 117, 220, 435, 129, 35, 38, 280, 425, 437),
}
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
LOAD, AND, EQUAL, RETURN = 0x20, 0x54, 0x15, 0x06


def decided(program: bytes, *, architecture: int, number: int, flags: int = 0) -> int:
    """Return what the kernel's machine (BPF) returns for a system call; *flags* are its third argument."""
    data = struct.pack("<iIQ6Q", number, architecture, 0, 0, 0, flags, 0, 0, 0)
    steps = list(struct.iter_unpack("HBBI", program))
    at, value = 0, 0
    while True:
        code, if_true, if_false, operand = steps[at]
        at += 1
        if code == LOAD:
            (value,) = struct.unpack_from("<I", data, operand)
        elif code == AND:
            value &= operand
        elif code == EQUAL:
            at += if_true if value == operand else if_false
        else:
            assert code == RETURN
            return int(operand)


@pytest.mark.parametrize("machine", HEADERS)
def test_the_numbers_are_the_kernels(machine: str) -> None:
    """Each name has the number of the kernel's own header, and none where the architecture has no such call."""
    header = HEADERS[machine]
    if not header.exists():
        pytest.skip(f"{header} is not installed")
    text = re.sub(r"__NR3264_(fcntl|lseek|fstat|mmap)\b", r"__NR_\1", header.read_text())
    numbers = {
        name: int(number) for name, number in re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", text, re.MULTILINE)
    }
    numbers.setdefault("newfstatat", numbers.get("fstatat", -1))
    for name, pair in _ALLOWED.items():
        assert pair[machine == "aarch64"] == numbers.get(name), name
    assert numbers["openat"] == OPENAT[machine]


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_what_is_let_through(machine: str) -> None:
    """What is named; openat for reading; nothing else, and nothing of another architecture."""
    program = filter_for(machine)
    assert program is not None
    architecture = ARCHITECTURES[machine]
    allowed = {number for pair in _ALLOWED.values() if (number := pair[machine == "aarch64"]) is not None}
    for number in range(600):
        wanted = ALLOW if number in allowed or number == OPENAT[machine] else REFUSE
        assert decided(program, architecture=architecture, number=number) == wanted, number
    assert not allowed & set(NEVER[machine])
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC, os.O_RDONLY | os.O_CREAT):
        assert decided(program, architecture=architecture, number=OPENAT[machine], flags=flags) == REFUSE
    for other in {*ARCHITECTURES.values(), 0x40000003, 0} - {architecture}:
        assert decided(program, architecture=other, number=min(allowed)) == REFUSE
    # The x32 calls of an x86-64 kernel have a bit of their own.
    assert decided(program, architecture=architecture, number=0x40000000) == REFUSE


def test_other_machines_have_no_filter() -> None:
    """Its numbers are not known there."""
    assert filter_for("riscv64") is None
