"""What a scalar of YAML is for client-go's library, go.yaml.in/yaml/v2 (resolve.go, decode.go).

Rules of this module: pure; texts stay texts.
"""

import re
from enum import Enum, auto
from typing import Self

from kubepki.formats.base64_text import decoded

_TAGS = "tag:yaml.org,2002:"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
# YAML 1.1's words, numbers as strconv.ParseInt reads them with base 0, no base 60.
_BOOLEANS = {
    form: value
    for value, words in (("true", ("y", "yes", "true", "on")), ("false", ("n", "no", "false", "off")))
    for word in words
    for form in (word, word.capitalize(), word.upper())
}
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<x>[0-9a-fA-F]+)|0[bB](?P<b>[01]+)|0[oO]?(?P<o>[0-7]+)|(?P<d>[0-9]+))", re.ASCII
)
_FLOAT = re.compile(
    r"[-+]?(?:(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)", re.ASCII
)
_ENDLESS = re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?", re.ASCII)
_BASES = {"x": 16, "b": 2, "o": 8, "d": 10}
_LEAST, _MOST = -(1 << 63), (1 << 64) - 1


class Kind(Enum):
    """What a plain scalar is for client-go's YAML library where it is no text."""

    NUMBER = auto()
    BOOLEAN = auto()


class Typed(str):
    """The text of a scalar that client-go's YAML library does not take for one; a boolean's is `true` or `false`."""

    __slots__ = ("kind",)

    def __new__(cls, text: str, kind: Kind) -> Self:
        """Return *text* with its *kind*."""
        typed = super().__new__(cls, text)
        typed.kind = kind
        return typed

    kind: Kind

    @property
    def endless(self) -> bool:
        """Whether it is an infinity or no number, which no JSON can hold."""
        return self.kind is Kind.NUMBER and _ENDLESS.fullmatch(self) is not None


class UnfitError(ValueError):
    """A tag and a value that do not go together."""


def scalar(value: str, tag: str | None, *, plain: bool) -> str | None:
    """Return *value* as a text, a `Typed`, or None for null; *plain* means that it has neither quotes nor a tag.

    Raises UnfitError where it is not what its *tag* says.
    """
    name = (tag or "").removeprefix(_TAGS) if (tag or "").startswith(_TAGS) else ""
    found = _resolved(value) if plain or name in _RESOLVED else ""
    if name in _RESOLVED and found != name and (name, found) != ("float", "int"):
        raise UnfitError
    if name == "binary" and decoded("".join(value.split("\n")).replace("\r", "").encode()) is None:
        raise UnfitError
    # YAML 1.2, section 10.3.2: only a plain scalar can be null.
    if found == "null":
        return None
    if found == "bool":
        return Typed(_BOOLEANS[value], Kind.BOOLEAN)
    if found in {"int", "float"}:
        return Typed(value, Kind.NUMBER)
    # A lone surrogate, which an escape can write, fits neither a label nor a path.
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


_RESOLVED = frozenset({"int", "float", "bool", "null", "timestamp"})


def _resolved(value: str) -> str:
    """Return the tag that go.yaml.in/yaml/v2 gives to a plain *value*, empty for a text."""
    if value in _NULLS:
        return "null"
    if value in _BOOLEANS:
        return "bool"
    number = value.replace("_", "") if value[:1] in "+-0123456789" else value
    integer = _INTEGER.fullmatch(number)
    if integer is not None:
        base = next(name for name in _BASES if integer[name] is not None)
        if _LEAST <= int(integer["sign"] + integer[base], _BASES[base]) <= _MOST:
            return "int"
        return "float" if base == "d" else ""
    if _FLOAT.fullmatch(number):
        return "float"
    return "timestamp" if _MOMENT.fullmatch(value) else ""
