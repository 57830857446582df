"""Base64 as Go's encoding/base64 decodes it (RFC 4648, section 4). Pure."""

import binascii

_MOST_PADDING = 2
_QUANTUM = 4


def decoded(text: bytes) -> bytes | None:
    """Return what *text* encodes, None where Go refuses it: with anything but its alphabet and whole padding.

    Blanks and ends of lines are the caller's.
    """
    # Python passes over padding behind whole quanta.
    if len(text) % _QUANTUM or len(text) - len(text.rstrip(b"=")) > _MOST_PADDING:
        return None
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        return None
