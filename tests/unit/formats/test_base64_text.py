"""Base64 as Go decodes it."""

import pytest

from kubepki.formats.base64_text import decoded
from kubepki.formats.plain_pem import plain_blocks


@pytest.mark.parametrize(
    ("text", "data"), [(b"", b""), (b"YQ==", b"a"), (b"YWI=", b"ab"), (b"YWJj", b"abc"), (b"YW==", b"a")]
)
def test_whole(text: bytes, data: bytes) -> None:
    """Whole quanta; bits behind the last octet do not count."""
    assert decoded(text) == data


@pytest.mark.parametrize(
    "text",
    [
        b"YQ",
        b"YQ=",
        b"Y===",
        b"=",
        b"====",
        b"YWJj=",
        b"YWJj==",
        b"YWJj====",
        b"YWI=YWI=",
        b"YQ==YWJj",
        b"Y-_=",
        b"Y Q=",
        b"Y=Q=",
    ],
)
def test_refused(text: bytes) -> None:
    """Padding that is missing, wrong or too much, and another alphabet."""
    assert decoded(text) is None


def test_padding_behind_whole_quanta_is_no_plain_block() -> None:
    """The short way into a PEM file is no other reader."""
    block = b"-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n"
    assert plain_blocks(block) == [(b"CERTIFICATE", b"abc")]
    assert plain_blocks(block.replace(b"YWJj", b"YWJj====")) is None
