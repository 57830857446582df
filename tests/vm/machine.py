"""A machine that runs: QEMU without KVM, with a hardware clock of our choice, and a way to run commands in it."""

import json
import socket
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.support.waiting import wait_until

BOOT_SECONDS = 1_800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A booted machine; `exporter` is the port of its exporter on this host's loopback."""

    exporter: int
    agent: int

    def attempt(self, script: str, *, timeout: float = 300.0) -> tuple[int, str]:
        """Run *script* as root inside; return its status and output."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.agent}/", data=script.encode(), method="POST")
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 loopback
            said = json.load(answer)
        return int(said["status"]), str(said["output"])

    def run(self, script: str) -> str:
        """Run *script* as root inside, which must succeed; return what it printed."""
        status, output = self.attempt(script)
        assert status == 0, f"{script}: status {status}\n{output}"
        return output

    def check(self, *flags: str) -> tuple[int, str]:
        """Return the status of `check` inside, and its first sentence in one line."""
        status, output = self.attempt(f"python3 -m kubepki check {' '.join(flags)}")
        return status, " ".join(output.partition("\n\n")[0].split())


def free_port() -> int:
    """Return a port that nobody has; the network is the test's own, so nobody takes it meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def booted(image: Path, night: Path, *, hardware: float) -> Iterator[Machine]:
    """Boot *image*, unpacking the tree *night* over it, with the hardware clock at *hardware* (Unix seconds)."""
    tar = night.with_suffix(".tar")
    with tarfile.open(tar, "w") as archive:
        archive.add(night, arcname=".")
    exporter, agent = free_port(), free_port()
    base = datetime.fromtimestamp(hardware, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    forwards = f"hostfwd=tcp:127.0.0.1:{exporter}-:10509,hostfwd=tcp:127.0.0.1:{agent}-:7000"
    console = night.with_suffix(".console")
    command = (
        *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-smp", "2", "-m", "1024", "-nographic"),
        *("-kernel", str(image.with_name("vmlinuz")), "-initrd", str(image.with_name("initrd.img"))),
        *("-append", "root=/dev/vda rw console=ttyS0 quiet panic=-1 net.ifnames=0"),
        *("-drive", f"file={image},format=raw,if=virtio,snapshot=on"),
        *("-drive", f"file={tar},format=raw,if=virtio,readonly=on"),
        *("-netdev", f"user,id=n,{forwards}", "-device", "virtio-net-pci,netdev=n"),
        *("-rtc", f"base={base},clock=host", "-no-reboot"),
    )
    with console.open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    machine = Machine(exporter=exporter, agent=agent)

    def answers() -> bool:
        assert process.poll() is None, console.read_text(errors="replace")[-2000:]
        try:
            machine.attempt("systemctl is-active kubepki-exporter", timeout=20)
            with urllib.request.urlopen(f"http://127.0.0.1:{exporter}/-/ready", timeout=20):
                return True
        except (OSError, urllib.error.URLError):
            time.sleep(1)
            return False

    try:
        try:
            wait_until(answers, timeout=BOOT_SECONDS, describe="the machine to boot")
        except AssertionError as error:
            error.add_note(console.read_text(errors="replace")[-3000:])
            raise
        yield machine
    finally:
        process.terminate()
        process.wait(30)
