"""Changes of a structure that leave the rest of it whole: a search byte by byte seldom gets past a length or a base64.

Each takes one input and a number of chance, and the same two give the same result.
"""

import base64
import binascii
import copy
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from kubepki.formats import der
from tests.support.costly import pem

# Changes some bytes, as the fuzzer does it by itself.
Plain = Callable[[bytes, int], bytes]
Mutator = Callable[[bytes, int, int, Plain], bytes]

_CONSTRUCTED = 0x20
_WRAPPING = (der.OCTET_STRING, der.BIT_STRING)
_TAGS = (*range(1, 7), 0x0A, 0x0C, 0x13, *range(0x16, 0x19), 0x1E, 0x30, 0x31, 0x80, 0x82, 0xA0, 0xA3)
_CONTENTS = (b"", b"\0", b"\xff", b"\0\0", b"\x80", b"\x7f" * 9, b"\xff" * 21, b"\0" * 300, b"\x2a\x03", b"a\0b")
_AFTER = (b"\0\0", b"\xff", b"\x05\0", b"\x30\x7f", b"\x30\x80\0\0", b"\x1f\x81\0")
_DEEPEST, _MOST_NODES = 24, 2_000
_SELDOM = 6
_BLOCK = re.compile(rb"-----BEGIN ([^\r\n-]{1,64})-----\r?\n([A-Za-z0-9+/=\s]*)-----END \1-----\n?")


@dataclass
class _Node:
    """One value: `before` stands before its members (the unused bits of a BIT STRING), `after` behind them."""

    tag: int
    content: bytes = b""
    members: list["_Node"] = field(default_factory=list)
    before: bytes = b""
    after: bytes = b""
    long_length: bool = False

    def encoded(self) -> bytes:
        content = self.before + b"".join(each.encoded() for each in self.members) if self.members else self.content
        content += self.after
        if self.long_length:
            return bytes((self.tag, 0x84)) + len(content).to_bytes(4, "big") + content
        return der.encode(self.tag, content)


def mutate_der(data: bytes, most: int, seed: int, plain: Plain) -> bytes:
    """Change one value somewhere in the tree of DER that *data* is, or some bytes where it is none."""
    chance = random.Random(seed)
    nodes = _tree(data, 0)
    if not nodes or chance.randrange(_SELDOM) == 0:
        return plain(data, most)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        if nodes:
            _change(nodes, chance, plain)
    changed = b"".join(node.encoded() for node in nodes)
    return changed if 0 < len(changed) <= most else plain(data, most)


def mutate_pem(data: bytes, most: int, seed: int, plain: Plain) -> bytes:
    """Change the DER inside of a block of *data*, or some bytes of the text."""
    chance = random.Random(seed)
    found = [match for match in _BLOCK.finditer(data) if len(match[2]) > 1]
    if not found or chance.randrange(_SELDOM) == 0:
        return plain(data, most)
    block = chance.choice(found)
    try:
        content = base64.b64decode(block[2])
    except binascii.Error:
        return plain(data, most)
    inner = mutate_der(content, most, chance.getrandbits(32), plain)
    label = chance.choice(("CERTIFICATE", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "X509 CRL"))
    if chance.randrange(_SELDOM):
        label = block[1].decode("latin-1")
    changed = data[: block.start()] + pem(label, inner) + data[block.end() :]
    return changed if len(changed) <= most else plain(data, most)


def _tree(data: bytes, depth: int) -> list[_Node]:
    try:
        found = der.elements(data)
    except ValueError:
        return []
    if len(found) > _MOST_NODES:
        return []
    return [_node(each, depth) for each in found]


def _node(element: der.Element, depth: int) -> _Node:
    before = element.content[:1] if element.tag == der.BIT_STRING else b""
    members: list[_Node] = []
    if depth < _DEEPEST and (element.tag & _CONSTRUCTED or element.tag in _WRAPPING):
        members = _tree(element.content[len(before) :], depth + 1)
    return _Node(element.tag, element.content, members, before)


def _change(nodes: list[_Node], chance: random.Random, plain: Plain) -> None:
    places: list[tuple[list[_Node], int]] = []
    todo = [nodes]
    while todo:
        siblings = todo.pop()
        places += [(siblings, position) for position in range(len(siblings))]
        todo += [node.members for node in siblings if node.members]
    siblings, position = chance.choice(places)
    if chance.randrange(2):
        _change_value(siblings[position], chance, plain)
    else:
        others, other = chance.choice(places)
        _change_place(siblings, position, others[other], chance)


def _change_value(node: _Node, chance: random.Random, plain: Plain) -> None:
    match chance.randrange(6):
        case 0:
            node.tag = chance.choice(_TAGS) if chance.randrange(2) else node.tag ^ (1 << chance.randrange(8))
        case 1:
            node.members, node.content = [], chance.choice(_CONTENTS)
        case 2:
            node.after = chance.choice(_AFTER)
        case 3:
            node.long_length = True
        case _:
            # The bytes of the value alone, its length made anew.
            content = b"" if node.members else node.content
            node.members, node.content = [], plain(content or b"\0", max(64, 2 * len(content)))


def _change_place(siblings: list[_Node], position: int, other: _Node, chance: random.Random) -> None:
    node = siblings[position]
    match chance.randrange(5):
        case 0:
            del siblings[position]
        case 1:
            siblings.insert(position, copy.deepcopy(node))
        case 2:
            siblings[position] = copy.deepcopy(other)
        case 3:
            siblings[position] = _Node(chance.choice((0x30, 0x31, 0xA0, 0x04)), members=[node])
        case _:
            chance.shuffle(siblings)
