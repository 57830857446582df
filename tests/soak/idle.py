"""A server that does nothing: what it takes to answer is what this machine takes, whoever serves."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

_SERVE = """
import socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1)
print(listener.getsockname()[1], flush=True)
connection = listener.accept()[0]
while data := connection.recv(64):
    connection.sendall(data)
"""


@contextlib.contextmanager
def idle() -> Iterator[Callable[[], float]]:
    """Yield what asks it once and returns the seconds that the answer took."""
    with subprocess.Popen((sys.executable, "-I", "-S", "-c", _SERVE), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        address = ("127.0.0.1", int(process.stdout.readline()))
        with socket.create_connection(address, timeout=60) as connection:

            def ask() -> float:
                started = time.monotonic()
                connection.sendall(b"x")
                assert connection.recv(1)
                return time.monotonic() - started

            yield ask
