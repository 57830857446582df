"""A small mail server on loopback that keeps what it gets; Python 3.12 has none any more."""

import email
import email.policy
import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage

from tests.support.loopback import serving

Take = Callable[[EmailMessage], None]


@contextmanager
def receiving_mail(take: Take) -> Iterator[str]:
    """Yield the address of a server that calls *take* with each message."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            # The client ends with its test.
            with suppress(OSError):
                self._converse()

        def _converse(self) -> None:
            self.wfile.write(b"220 here\r\n")
            for line in self.rfile:
                command = line.strip().upper()
                if command == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    data = self._data()
                    if data is None:
                        return
                    take(email.message_from_bytes(data, policy=email.policy.default))
                self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n")
                if command == b"QUIT":
                    return

        def _data(self) -> bytes | None:
            """Return the message, up to the lone dot; None where the client went away before it."""
            lines: list[bytes] = []
            for line in self.rfile:
                if line == b".\r\n":
                    return b"".join(lines)
                lines.append(line.removeprefix(b"."))
            return None

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    with serving(server) as address:
        yield address
