"""Values <-> JSON, by the types that a dataclass declares.

Rules of this module: pure. What is decoded is checked against the type that was asked for, so that the other side can
give wrong values but nothing else: no code, no other type, no field that is not there. ValueError for anything else.
"""

import base64
import dataclasses
import json
import types
from collections.abc import Callable
from functools import cache, partial
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

# ruff: noqa: ANN401 - a codec takes values of any declared type

T = TypeVar("T")

_Way = Callable[[Any], Any]
_PLAIN = (str, int, float, bool)


def dump(value: object) -> bytes:
    """Return the JSON of *value*, an instance of a dataclass."""
    kind: Any = type(value)
    return json.dumps(_codec(kind).encode(value), ensure_ascii=True, separators=(",", ":")).encode()


def load(kind: type[T], data: bytes) -> T:
    """Return the *kind* that `dump` wrote as *data*; ValueError where it is none."""
    wanted: Any = kind
    try:
        found = _codec(wanted).decode(json.loads(data))
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError from error
    if not isinstance(found, kind):
        raise ValueError  # noqa: TRY004 - the data are wrong, not the call
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class _Codec:
    """Both ways of one type."""

    encode: _Way
    decode: _Way


@cache
def _codec(kind: Any) -> _Codec:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        inner = _codec(_optional(arguments))
        return _Codec(_unless_none(inner.encode), _unless_none(inner.decode))
    if origin is tuple:
        each = _codec(arguments[0])
        return _Codec(
            lambda value: [each.encode(item) for item in value],
            lambda value: tuple(each.decode(item) for item in _checked(list, value)),
        )
    if kind is bytes:
        return _Codec(
            lambda value: base64.b64encode(value).decode("ascii"),
            lambda value: base64.b64decode(_checked(str, value), validate=True),
        )
    if dataclasses.is_dataclass(kind):
        return _dataclass_codec(kind)
    if kind in _PLAIN:
        return _Codec(lambda value: value, partial(_checked, kind))
    # An enumeration.
    return _Codec(lambda value: value.value, kind)


def _unless_none(way: _Way) -> _Way:
    return lambda value: None if value is None else way(value)


def _dataclass_codec(kind: Any) -> _Codec:
    hints = get_type_hints(kind)
    fields = [(field.name, _codec(hints[field.name])) for field in dataclasses.fields(kind)]
    encoders = [(name, codec.encode) for name, codec in fields]
    decoders = [(name, codec.decode) for name, codec in fields]

    def decode(value: Any) -> Any:
        pairs = zip(decoders, _checked(list, value), strict=True)
        return kind(**{name: decoded(item) for (name, decoded), item in pairs})

    return _Codec(lambda value: [encode(getattr(value, name)) for name, encode in encoders], decode)


def _optional(arguments: tuple[Any, ...]) -> Any:
    (inner,) = [each for each in arguments if each is not type(None)]
    return inner


def _checked(kind: type[T], value: Any) -> T:
    if type(value) is not kind:
        raise TypeError
    return value
