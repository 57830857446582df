"""Splitting PEM into blocks."""

import pytest

from kubepki.formats.pem import Block, blocks, looks_like_pem

GOOD = b"-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n"
KEY = b"-----BEGIN EC PRIVATE KEY-----\nAAEC\n-----END EC PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"no marker at all\n", []),
        (GOOD, [("CERTIFICATE", b"\0\1\2", "")]),
        (GOOD.replace(b"\n", b"\r\n"), [("CERTIFICATE", b"\0\1\2", "")]),
        (GOOD.rstrip(b"\n"), [("CERTIFICATE", b"\0\1\2", "")]),
        (
            b"subject=x\n" + GOOD + b"text\n\n" + KEY,
            [("CERTIFICATE", b"\0\1\2", ""), ("EC PRIVATE KEY", b"\0\1\2", "")],
        ),
        (GOOD.replace(b"AAEC", b" AA\n\tEC "), [("CERTIFICATE", b"\0\1\2", "")]),
        (GOOD.replace(b"AAEC", b"A?EC"), [("CERTIFICATE", None, "its base64 is damaged")]),
        (GOOD.replace(b"AAEC", b"AAE"), [("CERTIFICATE", None, "its base64 is damaged")]),
        (GOOD[:40] + b"\n" + KEY, [("CERTIFICATE", None, "cut off"), ("EC PRIVATE KEY", b"\0\1\2", "")]),
        (GOOD + KEY[:-6], [("CERTIFICATE", b"\0\1\2", ""), ("EC PRIVATE KEY", None, "cut off")]),
        (GOOD + KEY[:15], [("CERTIFICATE", b"\0\1\2", ""), ("", None, "cut off in its BEGIN line")]),
        (GOOD[:33] + KEY[-30:], [("CERTIFICATE", None, "another label")]),
        (b"  " + GOOD, []),
    ],
)
def test_blocks(data: bytes, expected: list[tuple[str, bytes | None, str]]) -> None:
    """Each block is found, and each damage is told without hiding the other blocks."""
    found = list(blocks(data))
    assert [(each.label, each.content) for each in found] == [(label, content) for label, content, _ in expected]
    for block, (_, _, problem) in zip(found, expected, strict=True):
        assert problem in block.problem
        assert bool(block.problem) == (block.content is None)
    assert [each.number for each in found] == list(range(1, len(found) + 1))


def test_legacy_encryption_is_seen() -> None:
    """The headers of OpenSSL's legacy encryption mark a block as encrypted and are no part of its base64."""
    headers = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n"
    (block,) = blocks(KEY.replace(b"AAEC", headers + b"AAEC"))
    assert block.encrypted
    assert block.content == b"\0\1\2"


def test_title_quotes_only_usual_labels() -> None:
    """A label that is not one of the usual ones is content, and stays out of the title."""
    assert Block(number=2, label="CERTIFICATE", content=b"").title == "block 2 (CERTIFICATE)"
    assert Block(number=2, label="hunter2", content=b"").title == "block 2"


def test_content_is_not_in_the_repr() -> None:
    """The repr of a block does not show what is in it."""
    assert "s3cret" not in repr(Block(number=1, label="PRIVATE KEY", content=b"s3cret"))


def test_looks_like_pem() -> None:
    """A BEGIN line anywhere makes PEM; in the middle of a line it does not."""
    assert looks_like_pem(b"text\n" + GOOD)
    assert not looks_like_pem(b"text " + GOOD)
