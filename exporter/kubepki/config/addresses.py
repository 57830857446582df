"""Listen addresses as Prometheus' programs write them: `HOST:PORT`, `:PORT`, `[IPv6]:PORT`.

Rules of this module: pure functions of text; no name is looked up.
"""

import re

_ADDRESS = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:%[^\]\s]+)?)\]|(?P<host>[^\[\]:\s/@]*)):(?P<port>[0-9]{1,5})")
LARGEST_PORT = 65535


def split_listen_address(text: str) -> tuple[str, int]:
    """Return the host (without brackets, empty for every address of the host) and the port, 0 for any free one.

    Raises ValueError with what was expected.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None:
        msg = "expected HOST:PORT such as :10509, 127.0.0.1:10509 or [::1]:10509"
        raise ValueError(msg)
    port = int(match["port"])
    if port > LARGEST_PORT:
        msg = f"expected a port of at most {LARGEST_PORT}"
        raise ValueError(msg)
    return match["v6"] or match["host"] or "", port
