"""Splits the PEM that everybody writes: blocks and nothing else. `pem` and `go_pem` read it alike, and once is enough.

Rules of this module: pure; total.
"""

import re

from kubepki.formats.base64_text import decoded

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9]+(?: [A-Z0-9]+){0,4})-----\n([A-Za-z0-9+/=\n]+)\n-----END \1-----(?:\n|\Z)")
_LONGEST_LABEL = 64


def plain_blocks(data: bytes) -> list[tuple[bytes, bytes]] | None:
    """Return the label and the content of each block; None where *data* is not such, or its base64 is damaged."""
    found: list[tuple[bytes, bytes]] = []
    position = 0
    while position < len(data):
        block = _BLOCK.match(data, position)
        if block is None or len(block[1]) > _LONGEST_LABEL:
            return None
        content = decoded(block[2].replace(b"\n", b""))
        if content is None:
            return None
        found.append((block[1], content))
        position = block.end()
    return found
