"""A relay that makes a loopback client distant: each chunk of bytes arrives a while after it was sent."""

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

SECONDS = 120.0


@contextlib.contextmanager
def distant(port: int, *, seconds: float, source: str = "127.0.0.1") -> Iterator[int]:
    """Yield a port of 127.0.0.1 behind which *port* is *seconds* away, each way, for a client that is *source*."""
    stop = threading.Event()
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        ThreadPoolExecutor(thread_name_prefix="relay") as pool,
        contextlib.ExitStack() as ended,
    ):
        ended.callback(stop.set)
        listener.settimeout(0.05)

        def relay(near: socket.socket) -> None:
            # The way of the first packet (SYN), and back.
            stop.wait(2 * seconds)
            with near, contextlib.suppress(OSError):
                far = socket.create_connection(("127.0.0.1", port), timeout=SECONDS, source_address=(source, 0))
                with far:
                    back = pool.submit(_carry, far, near, seconds, pool)
                    _carry(near, far, seconds, pool)
                    back.result(SECONDS)

        def accept() -> None:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    near = listener.accept()[0]
                    near.settimeout(SECONDS)
                    pool.submit(relay, near)

        pool.submit(accept)
        yield listener.getsockname()[1]


def _carry(source: socket.socket, sink: socket.socket, seconds: float, pool: ThreadPoolExecutor) -> None:
    """Move what *source* says to *sink*, each chunk *seconds* after it came, and then the end."""
    chunks: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()

    def deliver() -> None:
        while True:
            due, chunk = chunks.get()
            threading.Event().wait(max(0.0, due - time.monotonic()))
            if not chunk:
                with contextlib.suppress(OSError):
                    sink.shutdown(socket.SHUT_WR)
                return
            with contextlib.suppress(OSError):
                sink.sendall(chunk)

    delivering = pool.submit(deliver)
    try:
        while chunk := source.recv(65536):
            chunks.put((time.monotonic() + seconds, chunk))
    except OSError:
        pass
    finally:
        chunks.put((time.monotonic() + seconds, b""))
        delivering.result(SECONDS)
