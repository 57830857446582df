"""Values <-> JSON, by the types that a dataclass declares.

Rules of this module: pure. What is decoded is checked against the type that was asked for, so that the other side can
give wrong values but nothing else: no code, no other type, no field that is not there. ValueError for anything else.
"""

import base64
import dataclasses
import json
import types
from collections.abc import Callable
from enum import Enum
from functools import cache, partial
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

# ruff: noqa: ANN401 - a codec takes values of any declared type

T = TypeVar("T")

_Encode = Callable[[Any], Any]
_PLAIN = (str, int, float, bool)


def dump(value: object) -> bytes:
    """Return the JSON of *value*, an instance of a dataclass."""
    kind: Any = type(value)
    return json.dumps(_encoder(kind)(value), ensure_ascii=True, separators=(",", ":")).encode()


def load(kind: type[T], data: bytes) -> T:
    """Return the *kind* that `dump` wrote as *data*; ValueError where it is none."""
    wanted: Any = kind
    try:
        found = _decoder(wanted)(json.loads(data))
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError from error
    if not isinstance(found, kind):
        raise ValueError  # noqa: TRY004 - the data are wrong, not the call
    return found


@cache
def _encoder(kind: Any) -> _Encode:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        inner = _encoder(_optional(arguments))
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        each = _encoder(arguments[0])
        return lambda value: [each(item) for item in value]
    if kind is bytes:
        return lambda value: base64.b64encode(value).decode("ascii")
    if dataclasses.is_dataclass(kind):
        fields = [(field.name, _encoder(hint)) for field, hint in _fields(kind)]
        return lambda value: [encode(getattr(value, name)) for name, encode in fields]
    return lambda value: value.value if isinstance(value, Enum) else value


@cache
def _decoder(kind: Any) -> _Encode:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        inner = _decoder(_optional(arguments))
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        each = _decoder(arguments[0])
        return lambda value: tuple(each(item) for item in _checked(list, value))
    if kind is bytes:
        return lambda value: base64.b64decode(_checked(str, value), validate=True)
    if dataclasses.is_dataclass(kind):
        return _dataclass_decoder(kind)
    if kind in _PLAIN:
        return partial(_checked, kind)
    enumeration: _Encode = kind
    return enumeration


def _dataclass_decoder(kind: Any) -> _Encode:
    fields = [(field.name, _decoder(hint)) for field, hint in _fields(kind)]

    def decode(value: Any) -> Any:
        pairs = zip(fields, _checked(list, value), strict=True)
        return kind(**{name: decoded(item) for (name, decoded), item in pairs})

    return decode


def _fields(kind: Any) -> list[tuple["dataclasses.Field[Any]", Any]]:
    hints = get_type_hints(kind)
    return [(field, hints[field.name]) for field in dataclasses.fields(kind)]


def _optional(arguments: tuple[Any, ...]) -> Any:
    (inner,) = [each for each in arguments if each is not type(None)]
    return inner


def _checked(kind: type[T], value: Any) -> T:
    if type(value) is not kind:
        raise TypeError
    return value
