"""Our splitting of PEM is Go's, block by block, whatever stands in the text."""

import hashlib
import random

from hypothesis import given
from hypothesis import strategies as st

from kubepki.formats import pem
from kubepki.formats.go_pem import go_blocks
from kubepki.formats.plain_pem import plain_blocks
from tests.conformance.test_files import EXAMPLES
from tests.support.oracle import Block, Oracle

# Of each example of the other tests this one makes so many texts: they are cheap.
TEXTS = 100
LABELS = (b"CERTIFICATE", b"PRIVATE KEY", b"A", b"", b" ", b"A-", b"A-----", b"-----", b"A:B", b"A\t", b"X" * 70)
BODIES: tuple[bytes, ...] = (
    b"",
    b"QUJD\n",
    b"QUI=\n",
    b"QQ==\n",
    b"QUJDQUJD\nQUJD\n",
    b"QUI=QUJD\n",
    b"Q\n",
    b"QR==\n",
    b"QU JD\t\n",
)
BODIES += (b"QUI\n=\n", b"Q\r\nUJD\r\n", b"Q=\n", b"====\n", b"QUJD", b"QU\xc2\xa0JD\n", b"\n\n", b"\r\n", b"Q_-D\n")
HEADERS = (
    b"a: b\n\n",
    b"a: b\n",
    b":\n",
    b" : \r\n\r\n",
    b"Proc-Type: 4,ENCRYPTED\nDEK-Info: A,00\n\n",
    b"a\n",
    b"\t:\n",
)
PIECES = (
    *(b"\n", b"\r\n", b"\r", b" ", b"\t", b":", b"-", b"=", b"\0", b"A", b"\x0b", b"\x85", b"\xc2\xa0", b"\n\n"),
    *(b"-----", b"-----BEGIN ", b"-----END ", b"\n-----BEGIN ", b"\n-----END ", b"-----\n", b"BEGIN ", b"END "),
    *(b"-----END -----BEGIN CERTIFICATE-----\n", b"-----BEGIN -----END A-----\n", b"-----BEGIN A-----B-----\n"),
    *(b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----", b"-----begin A-----\n", b"words\n", b"a: b\n"),
)


def block(chance: random.Random) -> bytes:
    """Return a block, mostly one that Go takes."""
    label, body = chance.choice(LABELS), chance.choice(BODIES)
    end = label if chance.random() < 0.9 else chance.choice(LABELS)
    header = chance.choice(HEADERS) if chance.random() < 0.3 else b""
    return b"-----BEGIN " + label + b"-----\n" + header + body + b"-----END " + end + b"-----\n"


def text(chance: random.Random) -> bytes:
    """Return a few blocks of which some bytes are changed."""
    made = b"".join(block(chance) for _ in range(chance.randint(1, 3)))
    for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 5))):
        at = chance.randint(0, len(made))
        to = min(len(made), at + chance.choice((0, 0, 0, 1, 1, 2, 6, 30)))
        line = made.rfind(b"\n", 0, at) + 1
        made = chance.choice(
            (
                lambda at=at, to=to, made=made: made[:at] + chance.choice(PIECES) + made[to:],
                lambda line=line, made=made: made[:line] + chance.choice(PIECES) + made[line:],
                lambda at=at, to=to, made=made: made[:at] + made[to:],
                lambda at=at, line=line, made=made: made[:at] + made[line:],
                lambda at=at, made=made: made[:at],
                lambda made=made: made.replace(b"\n", chance.choice((b"\r\n", b"\r", b" \n", b"\n\n"))),
            )
        )()
    return made


def found(data: bytes) -> list[Block]:
    """Return what `go_blocks` finds in *data*."""
    return [Block(each.label, each.headers, hashlib.sha256(each.content).hexdigest()) for each in go_blocks(data)]


@EXAMPLES
@given(seed=st.integers(0, 1 << 64))
def test_splitting(oracle: Oracle, seed: int) -> None:
    """Each block with its label, its headers and its content; and `plain_pem` takes only what is so."""
    chance = random.Random(seed)
    texts = [text(chance) for _ in range(TEXTS)]
    for data, said in zip(texts, oracle.blocks(texts), strict=True):
        assert found(data) == said, data
        plain = plain_blocks(data)
        if plain is not None:
            assert [(each.label, each.sha256) for each in said] == [
                (label, hashlib.sha256(content).hexdigest()) for label, content in plain
            ], data
            assert not any(each.headers for each in said), data
        # Our own reading names what Go passes over, and never raises.
        assert len(list(pem.blocks(data))) <= data.count(b"-----BEGIN") + 1, data
