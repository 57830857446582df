"""Changes the structure of DER in one place: a value put in, left out, doubled, swapped, or of another tag."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kubepki.formats import der
from tests.conformance import asn1

_EMPTY = bytes((1, 2, 3, 4, 5, 6, 0x16, 0x30, 0x31, 0x40, 0x42, 0x80, 0x81, 0xA0, 0xA1, 0xA3, 0xBF, 0xC0, 0))
_AROUND_NULL = bytes((2, 3, 4, 0x30, 0x80, 0x81, 0xA0, 0xA1, 0xA2))
ODD_VALUES = (
    *(bytes([tag, 0]) for tag in _EMPTY),
    *(bytes([tag, 2]) + b"\5\0" for tag in _AROUND_NULL),
    # Tags and lengths in a longer form than they need, or cut off.
    *(
        b"\x1f\x1f\0",
        b"\x1f\x01\0",
        b"\xbf\x20\0",
        b"\5\x81\0",
        b"\2\x82\0\1\5",
        b"\x30\x80\0\0",
        b"\5",
        b"\2\1",
        b"\0",
    ),
    # Good ones that nobody expects, and numbers that are not in their shortest form.
    *(b"\2\1\0", b"\2\1\xff", b"\2\2\0\5", b"\x30\3\2\1\5", b"\x22\3\2\1\5"),
)
_CONTAINERS = bytes((0x30, 0x31, 0xA0, 0xA3, 0x24, 0x04, 0x80, 0x10))
_LEAVES = bytes(
    (1, 2, 3, 4, 5, 6, 0x0C, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1A, 0x1C, 0x1E, 0x80, 0x81, 0x82, 0x86, 0x87, 0xA0)
)
_CONSTRUCTED = 0x20
_WRAPPED = bytes((der.SEQUENCE, der.BIT_STRING, der.OCTET_STRING))


@dataclass(frozen=True, slots=True)
class Node:
    """One value: *parts* of a structure, or the *content* of anything else."""

    tag: int
    content: bytes = b""
    parts: "tuple[Node | bytes, ...] | None" = None

    def encoded(self) -> bytes:
        """Return its DER."""
        parts = () if self.parts is None else self.parts
        return asn1.value(
            self.tag, self.content, *(each if isinstance(each, bytes) else each.encoded() for each in parts)
        )


def read(encoded: bytes) -> Node:
    """Return the tree of one value; an OCTET STRING that holds one value of DER is a structure, too."""
    (found,) = der.elements(encoded)
    if found.tag & _CONSTRUCTED:
        return Node(found.tag, parts=tuple(read(each.encoded) for each in der.elements(found.content)))
    if found.tag == der.OCTET_STRING and found.content[:1] and found.content[0] in _WRAPPED:
        try:
            return Node(found.tag, parts=(read(found.content),))
        except ValueError:
            pass
    return Node(found.tag, content=found.content)


def changed(encoded: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield *encoded* with one change, and what was changed where."""
    root = read(encoded)
    assert root.encoded() == encoded
    for what, new in _changes(root):
        yield what, new.encoded()


def _changes(node: Node) -> Iterator[tuple[str, Node]]:
    if node.parts is None:
        yield from _of_content(node)
        return
    for tag in _CONTAINERS:
        yield f"as {tag:x}", replace(node, tag=tag)
    for what, parts in _of_parts(node.parts):
        yield what, replace(node, parts=parts)
    for number, part in enumerate(node.parts):
        if isinstance(part, Node):
            for what, new in _changes(part):
                yield f"{number}/{what}", replace(node, parts=(*node.parts[:number], new, *node.parts[number + 1 :]))


def _of_parts(parts: tuple[Node | bytes, ...]) -> Iterator[tuple[str, tuple[Node | bytes, ...]]]:
    for number in range(len(parts) + 1):
        before, behind = parts[:number], parts[number:]
        for value in ODD_VALUES:
            yield f"{value.hex()} before {number}", (*before, value, *behind)
            if behind:
                yield f"{value.hex()} for {number}", (*before, value, *behind[1:])
        if behind:
            yield f"without {number}", (*before, *behind[1:])
            yield f"twice {number}", (*before, behind[0], *behind)
        for other in range(number + 1, len(parts)):
            swapped = list(parts)
            swapped[number], swapped[other] = parts[other], parts[number]
            yield f"{number} and {other} swapped", tuple(swapped)


def _of_content(node: Node) -> Iterator[tuple[str, Node]]:
    content = node.content
    for tag in _LEAVES:
        yield f"as {tag:x}", replace(node, tag=tag)
    for what, new in {
        "empty": b"",
        "with a zero behind": content + b"\0",
        "with a zero before": b"\0" + content,
        "with ff before": b"\xff" + content,
        "cut off": content[:-1],
        "without its first octet": content[1:],
        "all ff": b"\xff" * len(content),
        "all zero": bytes(len(content)),
        "first octet above 127": bytes([each | 0x80 for each in content[:1]]) + content[1:],
        "last octet above 127": content[:-1] + bytes([each | 0x80 for each in content[-1:]]),
    }.items():
        yield what, replace(node, content=new)
