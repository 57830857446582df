"""Values <-> JSON, by the types that a dataclass declares.

Rules of this module: pure. What is decoded is checked against the type that was asked for, so that the other side can
give wrong values but nothing else: no code, no other type, no field that is not there. ValueError for anything else.
"""

import binascii
import dataclasses
import json
import types
from collections.abc import Callable
from enum import StrEnum
from functools import cache, lru_cache, partial
from operator import attrgetter, itemgetter
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

# ruff: noqa: ANN401 - a codec takes values of any declared type

T = TypeVar("T")

_Way = Callable[[Any], Any]
_PLAIN = (str, int, float, bool)


def dump(value: object) -> bytes:
    """Return the JSON of *value*, an instance of a dataclass."""
    kind: Any = type(value)
    return _write(_codec(kind).encode(value)).encode()


def load(kind: type[T], data: bytes) -> T:
    """Return the *kind* that `dump` wrote as *data*; ValueError where it is none."""
    wanted: Any = kind
    try:
        found = _codec(wanted).decode(_read(data.decode("ascii")))
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError from error
    if not isinstance(found, kind):
        raise ValueError  # noqa: TRY004 - the data are wrong, not the call
    return found


_write = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_read = json.JSONDecoder().decode


def _as_it_is(value: Any) -> Any:
    return value


@dataclasses.dataclass(frozen=True, slots=True)
class _Codec:
    """Both ways of one type; `plain` where all that a value needs is that it is of this type."""

    encode: _Way
    decode: _Way
    plain: type | None = None


@cache
def _codec(kind: Any) -> _Codec:  # noqa: PLR0911 - one for each sort of type
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        inner = _codec(_optional(arguments))
        encode = inner.encode if inner.encode is _as_it_is else _unless_none(inner.encode)
        return _Codec(encode, _unless_none(inner.decode))
    if origin is tuple:
        each = _codec(arguments[0])
        return _Codec(
            _as_it_is if each.encode is _as_it_is else lambda value: [each.encode(item) for item in value],
            lambda value: tuple([each.decode(item) for item in _checked(list, value)]),
        )
    if kind is bytes:
        return _Codec(
            lambda value: binascii.b2a_base64(value, newline=False).decode("ascii"),
            lambda value: binascii.a2b_base64(_checked(str, value), strict_mode=True),
        )
    if dataclasses.is_dataclass(kind):
        return _dataclass_codec(kind)
    if kind is str:
        return _Codec(_as_it_is, lambda value: _shared(_checked(str, value)))
    if kind in _PLAIN:
        return _Codec(_as_it_is, partial(_checked, kind), kind)
    # An enumeration; JSON writes that of texts as its value.
    return _Codec(_as_it_is if issubclass(kind, StrEnum) else lambda value: value.value, kind)


# Most files have their names and hashes in common, or several times: one object of each is enough.
@lru_cache(maxsize=256)
def _shared(text: str) -> str:
    return text


def _unless_none(way: _Way) -> _Way:
    return lambda value: None if value is None else way(value)


def _dataclass_codec(kind: Any) -> _Codec:
    hints = get_type_hints(kind)
    names = tuple(field.name for field in dataclasses.fields(kind))
    codecs = [_codec(hints[name]) for name in names]
    # A getter of one gives no tuple.
    everything = attrgetter(*names, names[0])
    encoders = [(position, each.encode) for position, each in enumerate(codecs) if each.encode is not _as_it_is]
    decoders = [(position, each.decode) for position, each in enumerate(codecs) if each.plain is None]
    plain = [position for position, each in enumerate(codecs) if each.plain is not None]
    kinds = tuple(codecs[position].plain for position in plain)
    of_plain = itemgetter(*plain, *plain[:1]) if plain else None

    def encode(value: Any) -> Any:
        values = list(everything(value))
        for position, way in encoders:
            values[position] = way(values[position])
        values.pop()
        return values

    def decode(value: Any) -> Any:
        values = _checked(list, value)
        if len(values) != len(names):
            raise ValueError
        if of_plain is not None and tuple(map(type, of_plain(values)))[:-1] != kinds:
            raise TypeError
        for position, way in decoders:
            values[position] = way(values[position])
        return kind(**dict(zip(names, values, strict=True)))

    return _Codec(encode, decode)


def _optional(arguments: tuple[Any, ...]) -> Any:
    (inner,) = [each for each in arguments if each is not type(None)]
    return inner


def _checked(kind: type[T], value: Any) -> T:
    if type(value) is not kind:
        raise TypeError
    return value
