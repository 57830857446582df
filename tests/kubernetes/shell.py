"""The commands of a node's shell: those that its packages bring, and a stand-in for systemd's, which is not there."""

import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SOCKET = "systemd.sock"


def commands(work: Path, *programs: Path) -> Path:
    """Return a directory for PATH: *programs*, this tree's kubepki-exporter, and a `systemctl` that asks `served`.

    `python-of-the-node` is the interpreter by the node's clock.
    """
    directory = work / "bin"
    directory.mkdir()
    lines = {
        "kubepki-exporter": f'exec {sys.executable} -m kubepki "$@"',
        "systemctl": f'exec {sys.executable} {Path(__file__).with_name("systemctl.py")} {work / SOCKET} "$@"',
        "python-of-the-node": f'exec {work / "clockshift"} {work / "node.clock"} {sys.executable} "$@"',
    }
    for name, line in lines.items():
        (directory / name).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (directory / name).chmod(0o755)
    for program in programs:
        (directory / program.name).symlink_to(program)
    return directory


@contextmanager
def served(socket: Path, restart_kubelet: Callable[[], None]) -> Iterator[None]:
    """Do what `systemctl` is told, as systemd would; all that it knows is `restart kubelet`."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            if self.rfile.readline().decode().split() == ["restart", "kubelet"]:
                restart_kubelet()
                self.wfile.write(b"ok\n")

    server = socketserver.UnixStreamServer(str(socket), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
